"""A history has the text of every choice among the edits that were made."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tml_ast.edit import SourceEdit, apply, collide
from tml_ast.replay import History, Piece

SOURCE = b"let a = open()\nuse(a)\n"


def edit(start: int, end: int, text: bytes, *owners: str) -> SourceEdit:
    return SourceEdit(start, end, text, frozenset(owners))


@pytest.fixture
def history() -> History:
    """A release is inserted, and then renamed by another."""
    history = History(SOURCE)
    history.make([edit(len(SOURCE), len(SOURCE), b"close(a)\n", "close")])
    start = history.text().index(b"close")
    history.make([edit(0, 3, b"var", "var"), edit(start, start + 8, b"a.close()", "rename")])
    return history


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ((), SOURCE),
        (("close",), SOURCE + b"close(a)\n"),
        (("close", "rename"), SOURCE + b"a.close()\n"),
        (("var",), SOURCE.replace(b"let", b"var")),
        (("var", "close"), SOURCE.replace(b"let", b"var") + b"close(a)\n"),
    ],
)
def test_any_choice_has_a_text(history: History, chosen: tuple[str, ...], text: bytes) -> None:
    assert history.text(chosen) == text


def test_an_edit_of_inserted_text_needs_who_inserted_it(history: History) -> None:
    assert history.needs("rename") == {"close"}
    assert not history.needs("close")
    assert not history.needs("var")


def test_an_insertion_inside_of_inserted_text_needs_who_inserted_that() -> None:
    history = History(b"")
    history.make([edit(0, 0, b"if a { }\n", "if")])
    history.make([edit(7, 7, b"b() ", "call")])

    assert history.text() == b"if a { b() }\n"
    assert history.needs("call") == {"if"}
    assert not history.needs("if")


def test_a_removal_of_two_is_made_for_either() -> None:
    history = History(b"a b")
    history.make([edit(1, 3, b"", "one", "two")])

    assert history.text({"one"}) == history.text({"two"}) == b"a"


def test_an_offer_is_made_only_where_it_is_chosen(history: History) -> None:
    before = history.text()
    history.offer([edit(0, 3, b"const", "offer")])

    assert history.text() == before
    assert history.needs("offer") == {"var"}
    assert history.text({"var", "offer"}) == SOURCE.replace(b"let", b"const")
    history.make([edit(4, 5, b"b", "later")])
    assert history.text() == before.replace(b"var a", b"var b")


def test_a_history_can_be_kept_and_taken_up_again(history: History) -> None:
    again = History(SOURCE, [Piece(piece.text, piece.makers, piece.removers) for piece in history.pieces])

    assert again.text() == history.text()
    assert again.text(()) == SOURCE


ROUNDS = st.lists(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), st.binary(max_size=3)), max_size=4), max_size=4
)


@given(st.binary(max_size=20), ROUNDS)
def test_all_edits_make_what_they_make_one_after_the_other(
    source: bytes, rounds: list[list[tuple[int, int, bytes]]]
) -> None:
    history, now = History(source), source
    owners: list[str] = []
    for spans in rounds:
        made: list[SourceEdit] = []
        for start, length, text in spans:
            owner = f"owner {len(owners) + len(made)}"
            new = edit(min(start, len(now)), min(start + length, len(now)), text, owner)
            if not collide([*made, new]):
                made.append(new)
        history.make(made)
        now = apply(now, made)
        owners += [owner for each in made for owner in map(str, each.owners)]

        assert history.text() == now
    assert history.text(()) == source
    for chosen in chain.from_iterable(combinations(owners, size) for size in range(3)):
        closed = set(chosen)
        while more := set().union(*(history.needs(owner) for owner in closed)) - closed:
            closed |= set(map(str, more))
        assert apply(source, history.edits(closed)) == history.text(closed)


@given(st.binary(max_size=20), ROUNDS)
def test_edits_of_one_round_can_be_made_in_part(
    source: bytes, rounds: list[list[tuple[int, int, bytes]]]
) -> None:
    made: list[SourceEdit] = []
    for number, (start, length, text) in enumerate(rounds[0] if rounds else []):
        new = edit(min(start, len(source)), min(start + length, len(source)), text, str(number))
        if not collide([*made, new]):
            made.append(new)
    history = History(source)
    history.make(made)

    for size in range(len(made) + 1):
        for some in combinations(made, size):
            chosen = {owner for each in some for owner in each.owners}
            assert history.text(chosen) == apply(source, some)
