"""missing-release: an owner leaves its scope unreleased."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Repair
from codemods.fixes.leaks import leak_message, release_leaks
from codemods.fixes.naming import describe_exits
from codemods.ownership.cfg.graph import ControlFlowGraph
from codemods.ownership.obligations import Obligation
from codemods.rules.rule import Fixed, Reported, Rule, Untouched


def check(context: Context) -> Iterator[Diagnostic]:
    """The leaks that a release in an existing block fixes, and those that nothing here can fix."""
    for _, graph in context.graphs():
        for obligation in context.obligations(graph):
            if obligation.leaks or obligation.unclear:
                repair = release_leaks(context, graph, obligation)
                if not isinstance(repair, Repair) or not repair.opens_block:
                    message = leak_message(context, obligation, repair)
                    yield context.fix(graph, obligation.variable, message, repair)
            elif obligation.unfollowed:
                yield _unfollowed(context, graph, obligation)


def _unfollowed(context: Context, graph: ControlFlowGraph, obligation: Obligation) -> Diagnostic:
    """A value that nothing releases and that cannot be followed."""
    variable = obligation.variable
    line = min(context.line(node.node.start) for node in obligation.lost)
    message = (
        f"`{variable.name}` ({variable.type}), created on line {context.line(variable.offset)}, may leak at "
        f"{describe_exits(obligation.unfollowed, context.line)}: what becomes of it on line {line} cannot be "
        f"followed; if nothing else releases it, {variable.name}.{obligation.release.name}() is missing"
    )
    return context.report(graph, variable, message)


RULE = Rule(
    name="missing-release",
    summary="An owned value leaves its scope unreleased.",
    reason=(
        "The compiler drops a variable only if its type has Drop, and not even then when its name was given "
        "away, when control leaves by break or continue, or at the end of a void function. A value with a "
        "release of its own that nothing calls on some path leaks there. The release goes in front of that "
        "exit; a returned value that still needs it is bound first."
    ),
    check=check,
    examples=(
        Fixed(
            "",
            """\
use demo::prelude::Reel

@test
func test_size() -> I32 {
    let reel = Reel::new(4)
    assert(reel.size() == 4, "size")
    return 0
}
""",
            """\
use demo::prelude::Reel

@test
func test_size() -> I32 {
    let reel = Reel::new(4)
    assert(reel.size() == 4, "size")
    reel.destroy()
    return 0
}
""",
        ),
        Fixed(
            "",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    when open_reel(3) {
        Err(e) => return 1,
        Ok(reel) => {
            if reel.size() == 0 {
                return 1
            }
            assert(reel.size() == 3, "size")
        },
    }
    return 0
}
""",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    when open_reel(3) {
        Err(e) => return 1,
        Ok(reel) => {
            if reel.size() == 0 {
                reel.destroy()
                return 1
            }
            assert(reel.size() == 3, "size")
            reel.destroy()
        },
    }
    return 0
}
""",
        ),
        Fixed(
            "",
            """\
use demo::prelude::{Reel, measure}

pub func fresh_size(count: I64) -> I64 {
    let reel = Reel::new(count)
    return measure(reel)
}
""",
            """\
use demo::prelude::{Reel, measure}

pub func fresh_size(count: I64) -> I64 {
    let reel = Reel::new(count)
    let measure_result: I64 = measure(reel)
    reel.destroy()
    return measure_result
}
""",
        ),
        Fixed(
            "",
            """\
use demo::prelude::Reel

@test
func test_rounds() -> I32 {
    var i: I64 = 1
    loop (i < 9) {
        let reel = Reel::new(i)
        if reel.size() == 5 {
            break
        }
        i = i + 1
    }
    return 0
}
""",
            """\
use demo::prelude::Reel

@test
func test_rounds() -> I32 {
    var i: I64 = 1
    loop (i < 9) {
        let reel = Reel::new(i)
        if reel.size() == 5 {
            reel.destroy()
            break
        }
        i = i + 1
        reel.destroy()
    }
    return 0
}
""",
        ),
        Fixed(
            "",
            """\
use demo::prelude::Reel

pub func measure_twice() -> I64 {
    let measure_one = do(size: I64) -> I64 {
        let reel = Reel::new(size)
        return reel.size()
    }
    return measure_one(1)
}
""",
            """\
use demo::prelude::Reel

pub func measure_twice() -> I64 {
    let measure_one = do(size: I64) -> I64 {
        let reel = Reel::new(size)
        let size_result = reel.size()
        reel.destroy()
        return size_result
    }
    return measure_one(1)
}
""",
        ),
        Fixed(
            "",
            """\
use std::collections::List

@test
func test_falls_off_its_end() {
    let numbers = List[I64]::new(4)
    numbers.push(1)
}
""",
            """\
use std::collections::List

@test
func test_falls_off_its_end() {
    let numbers = List[I64]::new(4)
    numbers.push(1)
    numbers.destroy()
}
""",
        ),
        Fixed(
            "",
            """\
use core::intrinsics::{mem_alloc, mem_free}

pub type Strip {
    handle: *Unit
}

impl Strip {
    pub func of(size: I64) -> Strip {
        Strip { handle: mem_alloc(size) }
    }

    pub func unrolled(this) -> Maybe[Roll] {
        return Just(Roll::at(this.handle))
    }

    pub func destroy(this) {
        mem_free(this.handle)
    }
}

pub type Roll {
    handle: *Unit
}

impl Roll {
    pub func at(handle: *Unit) -> Roll {
        Roll { handle: handle }
    }

    pub func drop(this) {}
}

@test
func test_unrolled() -> I32 {
    let strip = Strip::of(4)
    let roll = strip.unrolled()
    assert(roll.is_just(), "there is one")
    return 0
}
""",
            """\
use core::intrinsics::{mem_alloc, mem_free}

pub type Strip {
    handle: *Unit
}

impl Strip {
    pub func of(size: I64) -> Strip {
        Strip { handle: mem_alloc(size) }
    }

    pub func unrolled(this) -> Maybe[Roll] {
        return Just(Roll::at(this.handle))
    }

    pub func destroy(this) {
        mem_free(this.handle)
    }
}

pub type Roll {
    handle: *Unit
}

impl Roll {
    pub func at(handle: *Unit) -> Roll {
        Roll { handle: handle }
    }

    pub func drop(this) {}
}

@test
func test_unrolled() -> I32 {
    let strip = Strip::of(4)
    let roll = strip.unrolled()
    assert(roll.is_just(), "there is one")
    strip.destroy()
    return 0
}
""",
        ),
        Fixed(
            "",
            """\
use core::intrinsics::{mem_alloc, mem_free}

pub type Stack {
    words: I64,
    room: I64,
}

impl Stack {
    pub func new() -> Stack {
        Stack { words: mem_alloc(64) as I64, room: 8 }
    }

    pub func double(this) {
        let wider: I64 = mem_alloc(this.room * 16) as I64
        mem_free(this.words as *Unit)
        this.words = wider
        this.room = this.room * 2
    }

    pub func destroy(this) {
        mem_free(this.words as *Unit)
    }
}

@test
func test_room() -> I32 {
    let stack = Stack::new()
    stack.double()
    assert(stack.room == 16, "room")
    return 0
}
""",
            """\
use core::intrinsics::{mem_alloc, mem_free}

pub type Stack {
    words: I64,
    room: I64,
}

impl Stack {
    pub func new() -> Stack {
        Stack { words: mem_alloc(64) as I64, room: 8 }
    }

    pub func double(this) {
        let wider: I64 = mem_alloc(this.room * 16) as I64
        mem_free(this.words as *Unit)
        this.words = wider
        this.room = this.room * 2
    }

    pub func destroy(this) {
        mem_free(this.words as *Unit)
    }
}

@test
func test_room() -> I32 {
    let stack = Stack::new()
    stack.double()
    assert(stack.room == 16, "room")
    stack.destroy()
    return 0
}
""",
        ),
        Fixed(
            "",
            """\
use std::text::Text

@test
func test_greeting() -> I32 {
    let greeting: Text = `hello`
    assert(greeting.len() == 5, "hello")
    return 0
}
""",
            """\
use std::text::Text

@test
func test_greeting() -> I32 {
    let greeting: Text = `hello`
    assert(greeting.len() == 5, "hello")
    greeting.drop()
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::Reel

func same_reel(reel: Reel) -> Maybe[Reel] {
    return Just(reel)
}

@test
func test_same_reel() -> I32 {
    let reel = Reel::new(4)
    let same = same_reel(reel)
    when same {
        Just(other) => other.destroy(),
        Nothing => {},
    }
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
use core::intrinsics::{mem_alloc, mem_free}

pub type Stack {
    words: I64,
}

impl Stack {
    pub func new() -> Stack {
        Stack { words: mem_alloc(64) as I64 }
    }

    pub func clear(this) {
        mem_free(this.words as *Unit)
    }

    pub func destroy(this) {
        mem_free(this.words as *Unit)
    }
}

@test
func test_clear() -> I32 {
    let stack = Stack::new()
    stack.clear()
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::Reel

@test
func test_released_on_every_path() -> I32 {
    let reel = Reel::new(4)
    if reel.size() == 0 {
        reel.destroy()
        return 1
    }
    reel.destroy()
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::{Reel, Shelf}

pub func move_it(shelf: Shelf) -> Reel {
    let kept = Reel::new(1)
    shelf.keep(kept)
    let handed_out = Reel::new(2)
    return handed_out
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::Reel

pub func wrap(size: I64) -> Maybe[Reel] {
    let reel = Reel::new(size)
    return Just(reel)
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::Reel

@test
func test_released_in_one_branch() -> I32 {
    let reel = Reel::new(4)
    if reel.size() == 4 {
        reel.destroy()
    }
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::Reel

func size_of_another(reel: Reel) -> I64 {
    let same = reel
    return same.size()
}
""",
        ),
        Untouched(
            "",
            """\
use std::collections::List

@test
func test_dropped_by_the_compiler() -> I32 {
    let numbers = List[I64]::new(4)
    numbers.push(1)
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::Reel

pub func later(size: I64) -> I64 {
    let reel = Reel::new(size)
    let measured = do() reel.size()
    return measured()
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::Label

@test
func test_strings_are_freed_by_the_compiler() -> I32 {
    let label = Label { text: "a" }
    let text: Str = label.render()
    assert(text == "a", "text")
    return 0
}
""",
        ),
        Reported(
            "",
            """\
use demo::prelude::Reel

@test
func test_elsewhere(later: func(Reel)) -> I32 {
    let reel = Reel::new(4)
    later(reel)
    return 0
}
""",
        ),
    ),
)
