"""An attempt maps files as they are now back to the lines and bytes that users know."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codemods.engine.attempt import Attempt, Fault, _Offsets, _Places
from codemods.engine.fix_loop import _Spans
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Edit, Verdict
from codemods.semantics.symbols import SourceFile
from tml_ast import position
from tml_ast.edit import SourceEdit, collide, in_order

PATH = "lib/demo/src/http/room.tml"
SOURCE = b"""\
func room() {
    open_door()
    cook()
}
"""


def found(source: bytes, at: bytes, insert: bytes, message: str = "something leaks") -> Diagnostic:
    """A diagnostic that inserts code in front of other code."""
    offset = source.index(at)
    return Diagnostic(
        "a-rule", offset, "room", message, Verdict.FIXABLE, (SourceEdit(offset, offset, insert),)
    )


@pytest.fixture
def attempt() -> Attempt:
    """An attempt in which a line was put above the call of cook()."""
    attempt = Attempt({PATH: SourceFile.read(PATH, SOURCE)})
    attempt.apply(PATH, [found(SOURCE, b"cook", b"wash()\n    ")])
    return attempt


def test_code_after_an_insertion_is_where_it_was(attempt: Attempt) -> None:
    now = attempt.files[PATH].source
    assert now == SOURCE.replace(b"cook", b"wash()\n    cook")
    assert attempt.position(PATH, now.index(b"open")) == (2, 5)
    assert attempt.position(PATH, now.index(b"cook()\n}")) == (3, 5)
    assert attempt.line(PATH, len(now)) == 5


def test_inserted_code_is_where_it_was_inserted(attempt: Attempt) -> None:
    now = attempt.files[PATH].source
    assert {attempt.position(PATH, offset) for offset in range(now.index(b"wash"), now.index(b"cook"))} == {
        (3, 5)
    }


def test_edits_of_a_later_round_are_those_of_the_original(attempt: Attempt) -> None:
    later = found(attempt.files[PATH].source, b"}", b"    leave()\n", "something else leaks")
    attempt.apply(PATH, [later], round=2)
    first, second = attempt.fixes
    assert attempt.edits_of(first) == (Edit(SOURCE.index(b"cook"), SOURCE.index(b"cook"), "wash()\n    "),)
    assert attempt.edits_of(second) == (Edit(len(SOURCE) - 2, len(SOURCE) - 2, "    leave()\n"),)
    assert attempt.changes[PATH].after == attempt.files[PATH].source


def test_a_fix_that_is_offered_is_made_only_on_request(attempt: Attempt) -> None:
    now = attempt.files[PATH].source
    (offered,) = attempt.offer(PATH, [found(now, b"}", b"    leave()\n", "something else leaks")])

    assert offered == (Edit(len(SOURCE) - 2, len(SOURCE) - 2, "    leave()\n"),)
    history = attempt.histories[PATH]
    assert history.text() == now
    assert history.text(history.owners) == now.replace(b"}", b"    leave()\n}")


def test_an_offer_that_does_not_parse_is_a_fault(attempt: Attempt) -> None:
    now = attempt.files[PATH].source
    with pytest.raises(Fault, match="with a fix that is offered it would not parse"):
        attempt.offer(PATH, [found(now, b"}", b"{", "something else leaks")])


def test_what_was_fixed_is_not_found_again(attempt: Attempt) -> None:
    again = found(attempt.files[PATH].source, b"cook", b"wash()\n    ")
    with pytest.raises(Fault, match="a-rule finds room again after its fix"):
        attempt.apply(PATH, [again])


def test_a_fix_that_does_not_parse_is_a_fault(attempt: Attempt) -> None:
    with pytest.raises(Fault, match="with its fixes it would not parse"):
        attempt.apply(PATH, [found(attempt.files[PATH].source, b"cook", b"wash((\n    ", "and more")])


def test_files_without_edits_have_not_changed() -> None:
    attempt = Attempt({PATH: SourceFile.read(PATH, SOURCE)})
    assert not attempt.changed
    assert not attempt.changes


EDITS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3), st.binary(max_size=3)), max_size=6)


@given(EDITS, st.integers(0, 40))
def test_offsets_are_mapped_as_one_edit_after_the_other_maps_them(
    spans: list[tuple[int, int, bytes]], offset: int
) -> None:
    edits: list[SourceEdit] = []
    for start, length, text in spans:
        edit = SourceEdit(start, start + length, text)
        if not collide([*edits, edit]):
            edits.append(edit)

    grown, expected = 0, None
    for edit in in_order(edits):
        start = edit.start + grown
        if offset < start:
            break
        if offset < start + len(edit.text):
            expected = edit.start
            break
        grown += len(edit.text) - (edit.end - edit.start)

    assert _Offsets(edits).before(offset) == (offset - grown if expected is None else expected)


@given(st.binary(max_size=30))
def test_places_are_those_of_the_lexer(source: bytes) -> None:
    places = _Places(source)

    for offset in range(len(source) + 1):
        assert places.of(offset) == position(source, offset)


@example([[(12, 1, b"")], [(9, 3, b""), (12, 0, b"")]])
@given(st.lists(EDITS, max_size=5))
def test_edits_are_taken_as_long_as_none_collide(groups: list[list[tuple[int, int, bytes]]]) -> None:
    spans = _Spans()
    taken: list[SourceEdit] = []
    for group in groups:
        edits = [SourceEdit(start, start + length, text) for start, length, text in group]
        fits = not collide([*taken, *edits])

        assert spans.take(edits) is fits
        taken += edits if fits else []
