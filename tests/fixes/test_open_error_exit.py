"""A release where `!` leaves a function: what it opens is bound, asked and returned as a failure."""

from __future__ import annotations

from importlib.resources import files

import pytest

from codemods.engine import analyse

PRELUDE = files("codemods.rules").joinpath("prelude.tml").read_bytes()
PATH = "lib/demo/src/http/example.tml"
MORE = """\
use demo::prelude::{Reel, open_reel}

func count_of(value: I64) -> Outcome[I64, Str] {
    if value < 0 { return Err("negative") }
    return Ok(value)
}

func found(value: I64) -> Maybe[I64] {
    if value < 0 { return Nothing }
    return Just(value)
}

func name_of(label: ref Tag) -> Outcome[I64, Str] {
    if label.size == 0 { return Err(label.name) }
    return Ok(label.size)
}

pub type Tag { name: Str, size: I64, reel: Reel }

impl Tag {
    pub func new(size: I64) -> Tag {
        return Tag { name: "tag", size: size, reel: Reel::new(1) }
    }

    pub func destroy(this) {
        this.reel.destroy()
    }
}

"""


def body_after_fixes(signature: str, body: str) -> str:
    """What the body of a function becomes; lines are indented by one level."""
    code = f"{MORE}pub func example({signature} {{\n{body}}}\n"
    result = analyse({"lib/demo/src/prelude.tml": PRELUDE, PATH: code.encode()}, [1])
    changed = result.phases[0].changes.get(PATH)
    after = changed.after.decode() if changed is not None else code
    return after.partition("pub func example(")[2].partition("{\n")[2].removesuffix("}\n")


def test_a_call_for_its_effect_is_asked_after_it() -> None:
    became = body_after_fixes(
        "values: I64) -> Outcome[I64, Str]",
        """\
    let reel = Reel::new(4)
    for i in 0 to values {
        count_of(i)!  // each of them
    }
    reel.destroy()
    return Ok(1)
""",
    )
    assert (
        became
        == """\
    let reel = Reel::new(4)
    for i in 0 to values {
        let result = count_of(i)  // each of them
        if result.is_err() {
            reel.destroy()
            return Err(result.unwrap_err())
        }
    }
    reel.destroy()
    return Ok(1)
"""
    )


def test_owners_share_the_opening_and_the_latest_is_released_first() -> None:
    became = body_after_fixes(
        "count: I64) -> Maybe[Bool]",
        """\
    let first = Reel::new(4)
    let second = Reel::new(5)
    let n: I64 = found(count)! + first.size()
    second.destroy()
    first.destroy()
    return Just(n > 2)
""",
    )
    assert (
        became
        == """\
    let first = Reel::new(4)
    let second = Reel::new(5)
    let result = found(count)
    if result.is_nothing() {
        second.destroy()
        first.destroy()
        return Nothing
    }
    let n: I64 = result.unwrap() + first.size()
    second.destroy()
    first.destroy()
    return Just(n > 2)
"""
    )


def test_each_exit_gets_a_name_of_its_own() -> None:
    became = body_after_fixes(
        "count: I64) -> Outcome[I64, Str]",
        """\
    let reel = Reel::new(4)
    let a: I64 = count_of(count)!
    let b: I64 = count_of(a)!
    reel.destroy()
    return Ok(a + b)
""",
    )
    assert (
        became
        == """\
    let reel = Reel::new(4)
    let result = count_of(count)
    if result.is_err() {
        reel.destroy()
        return Err(result.unwrap_err())
    }
    let a: I64 = result.unwrap()
    let outcome = count_of(a)
    if outcome.is_err() {
        reel.destroy()
        return Err(outcome.unwrap_err())
    }
    let b: I64 = outcome.unwrap()
    reel.destroy()
    return Ok(a + b)
"""
    )


def test_a_variable_that_is_opened_is_asked_itself() -> None:
    became = body_after_fixes(
        "count: I64) -> Outcome[I64, Str]",
        """\
    let reel = Reel::new(4)
    let counted: Outcome[I64, Str] = count_of(count)
    let n: I64 = counted!
    reel.destroy()
    return Ok(n)
""",
    )
    assert (
        """\
    if counted.is_err() {
        reel.destroy()
        return Err(counted.unwrap_err())
    }
    let n: I64 = counted.unwrap()
"""
        in became
    )


def test_an_argument_of_several_lines_keeps_its_layout() -> None:
    became = body_after_fixes(
        "count: I64) -> Outcome[I64, Str]",
        """\
    let reel = Reel::new(4)
    if count > 0 {
        let n: I64 = 2 * count_of(
            count,
        )!
    }
    reel.destroy()
    return Ok(1)
""",
    )
    assert (
        """\
        let result = count_of(
            count,
        )
        if result.is_err() {
            reel.destroy()
            return Err(result.unwrap_err())
        }
        let n: I64 = 2 * result.unwrap()
"""
        in became
    )


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("let n: I64 = if count > 1 { count_of(count)! } else { 1 }", id="only in a branch"),
        pytest.param("let n: Bool = count > 1 and count_of(count)! > 2", id="only on a condition"),
        pytest.param("while count_of(count)! > 2 { found(1) }", id="again and again"),
        pytest.param("let n: I64 = reel.size() + count_of(mut ref reel)!", id="something is done before"),
    ],
)
def test_what_is_not_done_first_and_once_is_left_alone(statement: str) -> None:
    body = f"    let reel = Reel::new(4)\n    {statement}\n    reel.destroy()\n    return Ok(1)\n"
    became = body_after_fixes("count: I64) -> Outcome[I64, Str]", body)
    assert "is_err" not in became


def test_an_error_that_holds_a_string_of_the_owner_keeps_it_alive() -> None:
    body = """\
    let tag = Tag::new(4)
    let n: I64 = name_of(ref tag)!
    tag.destroy()
    return Ok(n)
"""
    assert body_after_fixes("count: I64) -> Outcome[I64, Str]", body) == body


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param("I64", id="a number"),
        pytest.param("Maybe[I64]", id="the other of the two"),
    ],
)
def test_where_a_failure_panics_nothing_leaks(returned: str) -> None:
    body = """\
    let reel = Reel::new(4)
    let n: I64 = count_of(count)!
    reel.destroy()
    return n
"""
    assert body_after_fixes(f"count: I64) -> {returned}", body) == body
