"""missing-release and its sibling scoped-cleanup: an owner leaves its scope unreleased."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import exits_told, result_name
from codemods.fixes.placement import Cleanup, before_exit, mentions
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Variable
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.obligations import Obligation
from codemods.rules.rule import Fixed, Reported, Rule, Untouched
from tml_ast.edit import SourceEdit

MISSING_RELEASE = "missing-release"
SCOPED_CLEANUP = "scoped-cleanup"


def missing_releases(context: Context) -> Iterator[Diagnostic]:
    """The leaks that a release in an existing block mends, and those that nothing here can mend."""
    return (each for each in _proposals(context) if each.rule == MISSING_RELEASE)


def scoped_cleanups(context: Context) -> Iterator[Diagnostic]:
    """The leaks that need a block to release in."""
    return (each for each in _proposals(context) if each.rule == SCOPED_CLEANUP)


def _proposals(context: Context) -> Iterator[Diagnostic]:
    for _, graph in context.graphs():
        for obligation in context.obligations(graph):
            if obligation.leaks or obligation.unclear:
                yield _proposal(context, graph, obligation)
            elif obligation.unfollowed:
                yield _unfollowed(context, graph, obligation)


def _proposal(context: Context, graph: ControlFlowGraph, obligation: Obligation) -> Diagnostic:
    variable = obligation.variable
    release = Cleanup(f"{variable.name}.{obligation.release.name}()", variable, frozenset(obligation.views))
    refusal = _refusal(context, obligation)
    edits: list[SourceEdit] = []
    opens_block = False
    unplaced: list[Exit] = []
    if refusal is None:
        result = _result_name(context, graph, obligation)
        for exit_ in obligation.leaks:
            placement = before_exit(context, graph, exit_, release, result)
            if placement is None:
                unplaced.append(exit_)
            else:
                edits += placement.edits
                opens_block = opens_block or placement.opens_block
    left = [*unplaced, *obligation.unclear]
    fixed = bool(edits) and refusal is None
    message = _describe(
        context, obligation, obligation.leaks if fixed else [*obligation.leaks, *obligation.unclear]
    )
    if refusal is not None:
        message += f"; {refusal}"
    elif left:
        message += f"; not mended at {exits_told(left, context.line)}: release it there by hand"
    return Diagnostic(
        SCOPED_CLEANUP if opens_block else MISSING_RELEASE,
        variable.offset,
        graph.function.qualified_name,
        message,
        Verdict.FIXED if fixed else Verdict.REPORTED,
        tuple(edits) if fixed else (),
        opens_block,
    )


def _unfollowed(context: Context, graph: ControlFlowGraph, obligation: Obligation) -> Diagnostic:
    """A value that nothing releases and that cannot be followed: its leak is told, and no more."""
    variable = obligation.variable
    lines = sorted({context.line(each.node.start) for each in obligation.lost})
    message = (
        f"`{variable.name}` ({variable.type}), created on line {context.line(variable.offset)}, may leak at "
        f"{exits_told(obligation.unfollowed, context.line)}: what becomes of it on line {lines[0]} cannot be "
        f"followed; if nothing else releases it, {variable.name}.{obligation.release.name}() is missing"
    )
    function = graph.function.qualified_name
    return Diagnostic(MISSING_RELEASE, variable.offset, function, message, Verdict.REPORTED)


def _refusal(context: Context, obligation: Obligation) -> str | None:
    """Why no release is written for this variable, if none is."""
    if obligation.overwritten or obligation.maybe_overwritten:
        return "it is overwritten while it owns a value; release the old value first"
    if obligation.unclear and not obligation.leaks:
        return "no release is proven safe: some path gives it away or keeps a part of it"
    variable = obligation.variable
    drops = context.analysis.drops
    if variable.type is not None and drops.kind(variable.type) is DropKind.FIELDS:
        shared = _borrowed_text_fields(context, obligation)
        if shared:
            return (
                f"its {obligation.release.name}() leaves {', '.join(shared)} to the compiler, "
                "but that text belongs to the caller"
            )
    return None


def _borrowed_text_fields(context: Context, obligation: Obligation) -> list[str]:
    """Borrowed text that the compiler frees as soon as the variable is no longer consumed."""
    variable, graph = obligation.variable, obligation.graph
    assert variable.type is not None
    covered = [
        exit_ for exit_ in obligation.leaks if not context.analysis.drops.covers(graph, variable, exit_)
    ]
    if not covered:
        return []
    done = context.analysis.releases.fields_released(variable.type, obligation.release)
    return [
        name
        for name in context.fields.borrowed_text(variable.type)
        if name in done and not done[name].blanked
    ]


def _result_name(context: Context, graph: ControlFlowGraph, obligation: Obligation) -> str:
    """A name for the value that leaves after the release."""
    for exit_ in obligation.leaks:
        if exit_.value is not None and mentions(graph, exit_.value, obligation.views):
            return result_name(context, graph.function, exit_.value)
    return ""


def _describe(context: Context, obligation: Obligation, exits: list[Exit]) -> str:
    variable: Variable = obligation.variable
    line = context.line(variable.offset)
    places = exits_told(exits, context.line)
    return (
        f"`{variable.name}` ({variable.type}), created on line {line}, leaks at {places}: "
        f"{variable.name}.{obligation.release.name}() is missing"
    )


MISSING_RELEASE_RULE = Rule(
    name=MISSING_RELEASE,
    summary="An owned value leaves its scope unreleased.",
    reason=(
        "The compiler drops a variable only if its type has Drop, and not even then when its name was given "
        "away, when control leaves by break or continue, or at the end of a void function. A value with a "
        "release of its own that nothing calls on some path leaks there. The release goes in front of that "
        "exit; a returned value that still needs it is bound first."
    ),
    check=missing_releases,
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
SCOPED_CLEANUP_RULE = Rule(
    name=SCOPED_CLEANUP,
    summary="An owned value lives in an arm that has no block to release it in.",
    reason=(
        "The payload of an arm lives until the arm ends. Where the arm is a single expression there is no "
        "place for a release, so the expression moves into a block that uses the value and then releases it. "
        "A value that the arm hands on is bound first, and never the payload itself: the compiler drops a "
        "payload at the end of a block before the block's value is used."
    ),
    check=scoped_cleanups,
    examples=(
        Fixed(
            "",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    when open_reel(3) {
        Err(e) => assert(false, "open"),
        Ok(reel) => assert(reel.size() == 3, "size"),
    }
    return 0
}
""",
            """\
use demo::prelude::open_reel

@test
func test_open() -> I32 {
    when open_reel(3) {
        Err(e) => assert(false, "open"),
        Ok(reel) => {
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
use demo::prelude::open_reel

pub func size_or_zero(count: I64) -> I64 {
    when open_reel(count) {
        Err(e) => return 0,
        Ok(reel) => return reel.size(),
    }
}
""",
            """\
use demo::prelude::open_reel

pub func size_or_zero(count: I64) -> I64 {
    when open_reel(count) {
        Err(e) => return 0,
        Ok(reel) => {
            let size_result: I64 = reel.size()
            reel.destroy()
            return size_result
        },
    }
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::{Reel, open_reel}

pub func unwrap_reel(count: I64) -> Reel {
    return when open_reel(count) {
        Err(e) => Reel::new(1),
        Ok(reel) => reel,
    }
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::open_reel

@test
func test_released_in_the_arm() -> I32 {
    when open_reel(3) {
        Err(e) => return 1,
        Ok(reel) => reel.destroy(),
    }
    return 0
}
""",
        ),
    ),
)
