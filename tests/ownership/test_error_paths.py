"""On which paths something leaks: where something fails only, or also where all goes well."""

from __future__ import annotations

import pytest

from codemods.model.findings import Paths
from tests.support.rule_examples import run

USED = "use demo::prelude::{Reel, open_reel, measure}\n"

LIBRARY = """
pub func measured(count: I64) -> Outcome[I64, I32] {{
    let reel = Reel::new(count)
{body}
}}
"""

TEST = """
@test
func test_reel() -> I32 {{
    let reel = Reel::new(4)
{body}
}}
"""

RELEASED = "    reel.destroy()\n    return {value}"


def paths_of(code: str) -> set[Paths]:
    """The paths of what is found in some code."""
    result, _ = run(USED + code)
    return {finding.paths for finding in result.findings}


@pytest.mark.parametrize(
    "exit_",
    [
        "if count < 1 { return Err(1) }",
        "let other: Reel = open_reel(count)!\n    other.destroy()",
        "when open_reel(count) { Ok(other) => { other.destroy() }, Err(why) => { return Err(why) } }",
        "when open_reel(count) { Ok(other) => { other.destroy() }, _ => { return Ok(0) } }",
        "let opened = find(count)\n    if opened.is_none() { return Ok(0) }",
        "let opened = find(count)\n    if not opened.is_just() or count < 0 { return Err(2) }",
        "let is_there: Bool = find(count).is_just()\n    if not is_there { return Ok(0) }",
        "let Just(size) = find(count) else { return Ok(0) }",
        "if let Nothing = find(count) { return Ok(0) }",
    ],
)
def test_a_leak_where_something_fails_is_on_error_paths(exit_: str) -> None:
    helper = "func find(size: I64) -> Maybe[I64] { return Just(size) }\n"
    code = helper + LIBRARY.format(body=f"    {exit_}\n{RELEASED.format(value='Ok(count)')}")
    assert paths_of(code) == {Paths.ERROR}


@pytest.mark.parametrize(
    "body",
    [
        "    if count < 1 { return Err(1) }\n    return Ok(count)",
        "    if count < 1 { return Ok(0) }\n    reel.destroy()\n    return Ok(count)",
        "    if find(count).is_just() { return Ok(0) }\n    reel.destroy()\n    return Ok(count)",
        "    when find(count) { Just(_) => { return Ok(0) }, _ => {} }\n    reel.destroy()\n    return Ok(1)",
    ],
)
def test_a_leak_where_all_goes_well_is_on_normal_paths(body: str) -> None:
    helper = "func find(size: I64) -> Maybe[I64] { return Just(size) }\n"
    assert paths_of(helper + LIBRARY.format(body=body)) == {Paths.NORMAL}


@pytest.mark.parametrize(
    ("exit_", "paths"),
    [
        ("if reel.size() != 4 { return 1 }", Paths.ERROR),
        ("if reel.size() != 4 { return -1 }", Paths.ERROR),
        ("if reel.size() != 4 { return 0 }", Paths.NORMAL),
        (
            'when open_reel(3) { Ok(o) => o.destroy(), Err(_) => { assert(false, "no"); return 0 } }',
            Paths.ERROR,
        ),
        # It is the error that this test is about.
        (
            "when open_reel(0) { Ok(o) => { o.destroy(); return 1 }, Err(_) => { return 0 } }",
            Paths.NORMAL,
        ),
    ],
)
def test_a_test_fails_by_its_status(exit_: str, paths: Paths) -> None:
    assert paths_of(TEST.format(body=f"    {exit_}\n{RELEASED.format(value=0)}")) == {paths}


def test_a_loop_may_end_where_nothing_is_left() -> None:
    code = """
func next(count: I64) -> Maybe[I64] { return Nothing }

pub func total(count: I64) -> I64 {
    let reel = Reel::new(count)
    var sum: I64 = 0
    loop (true) {
        when next(sum) {
            Just(size) => { sum = sum + size },
            Nothing => { break },
        }
    }
    return sum
}
"""
    assert paths_of(code) == {Paths.NORMAL}


def test_a_value_may_leak_at_the_end_on_error_paths_only() -> None:
    code = """
pub func size_of(count: I64) -> I64 {
    let reel = Reel::new(count)
    when open_reel(count) {
        Ok(other) => {
            other.destroy()
            reel.destroy()
        },
        Err(_) => {},
    }
    return count
}
"""
    assert paths_of(code) == {Paths.ERROR}


def test_a_payload_that_is_ignored_where_a_test_fails_leaks_there() -> None:
    code = """
@test
func test_no_reel() -> I32 {
    when open_reel(0) {
        Ok(_) => assert(false, "no reel is so small"),
        Err(_) => {},
    }
    return 0
}
"""
    assert paths_of(code) == {Paths.ERROR}
    assert paths_of(code.replace("assert(false", "assert(true")) == {Paths.NORMAL}


def test_what_is_made_on_an_error_path_leaks_there() -> None:
    code = """
pub func checked(count: I64) -> Outcome[I64, I64] {
    if count < 1 {
        let reel = Reel::new(count)
        let size: I64 = reel.size()
        return Err(size)
    }
    let other = Reel::new(count)
    return Ok(count)
}
"""
    result, _ = run(USED + code)
    assert [finding.paths for finding in result.findings] == [Paths.ERROR, Paths.NORMAL]


def test_an_error_path_in_one_variant_is_normal_in_another() -> None:
    code = """
pub func measured(count: I64) -> Outcome[I64, I32] {
    let reel = Reel::new(count)
    if count < 1 {
#if WINDOWS
        return Err(1)
#else
        return Ok(0)
#endif
    }
    reel.destroy()
    return Ok(count)
}
"""
    assert paths_of(code) == {Paths.NORMAL}
    assert paths_of(code.replace("Ok(0)", "Err(2)")) == {Paths.ERROR}
