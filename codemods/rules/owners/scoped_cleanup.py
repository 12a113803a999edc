"""scoped-cleanup: an owner leaks where a block is needed to release it in."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Repair
from codemods.fixes.leaks import leak_of
from codemods.rules.rule import Fixed, Rule, Untouched


def check(context: Context) -> Iterator[Diagnostic]:
    """The leaks that need a block to release in."""
    for _, graph in context.graphs():
        for obligation in context.obligations(graph):
            if obligation.leaks or obligation.unclear:
                leak = leak_of(context, graph, obligation)
                if isinstance(leak.repair, Repair) and leak.repair.opens_block:
                    yield context.fix(graph, obligation.variable, leak.message, leak.repair, paths=leak.paths)


RULE = Rule(
    name="scoped-cleanup",
    summary="An owned value leaks where there is no block to release it in.",
    reason=(
        "Where `!` leaves a function there is no place for a release. What `!` opens is bound, and asked "
        "whether it failed; if so, what is owned is released and the failure returned. "
        "The payload of an arm lives until the arm ends. Where the arm is a single expression there is no "
        "place for a release, so the expression moves into a block that uses the value and then releases it. "
        "A value that the arm hands on is bound first, and never the payload itself: the compiler drops a "
        "payload at the end of a block before the block's value is used."
    ),
    check=check,
    examples=(
        Fixed(
            "An arm without a block",
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
            "An arm that returns what it reads",
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
            let result: I64 = reel.size()
            reel.destroy()
            return result
        },
    }
}
""",
        ),
        Fixed(
            "An error exit",
            """\
use demo::prelude::{Reel, open_reel}

pub func sizes(count: I64) -> Outcome[I64, I32] {
    let reel = Reel::new(count)
    let other = open_reel(count)!
    let size: I64 = other.size() + reel.size()
    other.destroy()
    reel.destroy()
    return Ok(size)
}
""",
            """\
use demo::prelude::{Reel, open_reel}

pub func sizes(count: I64) -> Outcome[I64, I32] {
    let reel = Reel::new(count)
    let result = open_reel(count)
    if result.is_err() {
        reel.destroy()
        return Err(result.unwrap_err())
    }
    let other = result.unwrap()
    let size: I64 = other.size() + reel.size()
    other.destroy()
    reel.destroy()
    return Ok(size)
}
""",
        ),
        Untouched(
            "Released in the arm",
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
