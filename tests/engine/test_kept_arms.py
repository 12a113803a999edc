"""Code that fixes keep runs for the variants for which it ran."""

from __future__ import annotations

import pytest

from codemods.engine.kept_arms import arms_of, misplaced
from tml_ast import parse


def offsets_of_moved(before: str, after: str) -> list[str]:
    """The calls of ``after`` that run for other variants than the calls of the same name in ``before``."""
    sources = [f"func f() {{\n{body}\n}}\n".encode() for body in (before, after)]
    old, new = sources

    def kept_from(offset: int) -> int | None:
        word = new[offset:].partition(b"(")[0]
        at = old.find(word + b"(") if word.startswith(b"call") else -1
        return at if at >= 0 else None

    return [
        new[offset:].partition(b"(")[0].decode()
        for offset in dict.fromkeys(misplaced(arms_of(parse(old)), parse(new), kept_from))
    ]


IF_LET = "if let Ok(a) = open() {\ncall_1()\n} else {\ncall_2()\n}"


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        (IF_LET, "when open() {\nOk(a) => { call_1() },\nErr(b) => { call_2() },\n}", []),
        (IF_LET, "when open() {\nErr(b) => { call_2() },\nOk(a) => { call_1() },\n}", []),
        (IF_LET, "when open() {\nOk(a) => { call_1() },\n_ => { call_2() },\n}", []),
        (IF_LET, "when open() {\nErr(a) => { call_1() },\nOk(b) => { call_2() },\n}", ["call_1", "call_2"]),
        (IF_LET, "when open() {\nOk(a) => { call_1() },\nOk(b) => { call_2() },\n}", ["call_2"]),
        (IF_LET, "if let Err(a) = open() {\ncall_1()\n}", ["call_1"]),
        (IF_LET, "call_2()\nif let Ok(a) = open() {\ncall_1()\n}", []),
        (
            "when find() {\nJust(3) => { call_1() },\nJust(a) => { call_2() },\nNothing => { call_3() },\n}",
            "when find() {\nJust(3) => { call_1() },\nJust(a) => { call_2() },\nNothing => { call_3() },\n}",
            [],
        ),
        (
            "when find() {\nJust(a) if a > 3 => { call_1() },\nJust(_) | Nothing => { call_2() },\n}",
            "when find() {\nJust(a) if a > 3 => { call_1() },\nJust(b) => { call_2() },\n}",
            ["call_2"],
        ),
        (
            "when find() {\nShape::Round(a) => { call_1() },\nShape::Flat => { call_2() },\n}",
            "when find() {\nShape::Flat => { call_1() },\nShape::Round(a) => { call_2() },\n}",
            ["call_1", "call_2"],
        ),
    ],
)
def test_moved_code_is_found(before: str, after: str, moved: list[str]) -> None:
    assert offsets_of_moved(before, after) == moved
