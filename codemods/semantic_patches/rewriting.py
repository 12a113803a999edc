"""What a patch makes of a file: every place, and nothing that does not parse or would never end.

Where places lie in each other, the inner ones are changed first and the file is read again, until
nothing is left to change.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from codemods.semantic_patches.conditions import Condition
from codemods.semantic_patches.facts import NOTHING_KNOWN, Facts
from codemods.semantic_patches.patch import Application, Example, SemanticPatch
from tml_ast.lexer import TmlSyntaxError, tokenize
from tml_ast.nodes import Module
from tml_ast.parser import parse
from tml_ast.source_edit import EditConflict, SourceEdit, apply, compose, in_order

MOST_ROUNDS = 40
"""How often a file is read again; places in each other are rarely as deep."""

MOST_PLACES = 10_000
"""The places of one file; a pattern that fits more is more general than anybody means."""

MOST_GROWTH = 1_000_000
"""The bytes by which a file that is more than doubled may grow."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A place in the file as it was, and what is said about it."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Part:
    """Places that are changed together, and the edits that do it; they touch no others."""

    spots: tuple[Spot, ...]
    edits: tuple[SourceEdit, ...]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A file before and after, the edits from one to the other, and the places."""

    before: bytes
    after: bytes
    edits: tuple[SourceEdit, ...] = ()
    """Their owners are the places."""
    changed: tuple[Spot, ...] = ()
    left: tuple[Spot, ...] = ()
    """The places of the shape that are left alone, with the reason."""

    @property
    def parts(self) -> list[Part]:
        """What can be changed by itself, by place."""
        leaders: dict[Hashable, Hashable] = {}

        def leader(spot: Hashable) -> Hashable:
            while leaders.setdefault(spot, spot) != spot:
                spot = leaders[spot]
            return spot

        for edit in self.edits:
            first, *others = edit.owners
            for other in others:
                leaders[leader(other)] = leader(first)
        edits: dict[Hashable, list[SourceEdit]] = {}
        for edit in self.edits:
            edits.setdefault(leader(next(iter(edit.owners))), []).append(edit)
        spots: dict[Hashable, list[Spot]] = {}
        for spot in self.changed:
            spots.setdefault(leader(spot), []).append(spot)
        found = [Part(tuple(spots[each]), tuple(edits[each])) for each in edits]
        return sorted(found, key=lambda part: part.spots)

    def only(self, parts: Sequence[Part]) -> Rewrite:
        """The rewrite with some of its parts. Raises TmlSyntaxError if that is no TML."""
        edits = sorted((edit for part in parts for edit in part.edits), key=lambda edit: edit.start)
        after = apply(self.before, edits)
        parse(after)
        changed = sorted(spot for part in parts for spot in part.spots)
        return replace(self, after=after, edits=tuple(edits), changed=tuple(changed))


class RewriteError(Exception):
    """A file that a patch must not be applied to: why, and where."""

    def __init__(self, spot: Spot) -> None:
        super().__init__(str(spot))
        self.spot = spot


FactsOf = Callable[[bytes], Facts]
"""What is known of a file when it has this text."""


def nothing_known(_text: bytes) -> Facts:
    """The facts of a file about which nothing is known but its text."""
    return NOTHING_KNOWN


def rewrite(source: bytes, patch: SemanticPatch, facts_of: FactsOf = nothing_known) -> Rewrite:
    """What a patch makes of a file. Raises `RewriteError`, and TmlSyntaxError for a file that is no TML."""
    text, tree = source, parse(source)
    edits: list[SourceEdit] = []
    changed: list[Spot] = []
    seen = {source}
    for _ in range(MOST_ROUNDS):
        spots = _Spots(source, edits)
        chosen, left = _choose(spots, text, tree, patch, facts_of(text))
        if len(chosen) + len(changed) >= MOST_PLACES:
            message = f"this is the first of {MOST_PLACES:,} places or more in this file; narrow the pattern"
            raise RewriteError(spots.at(chosen[0].start, message))
        made, tree, faulty = _made(spots, text, chosen)
        chosen = [place for place in chosen if place.start not in faulty]
        if not chosen:
            places = (spots.at(start, why) for start, why in (*left, *faulty.items()))
            return Rewrite(source, text, tuple(edits), tuple(sorted(changed)), tuple(sorted(places)))
        first = spots.at(chosen[0].start, "")
        found = [spots.at(place.start, place.application.message) for place in chosen]
        owned = [
            replace(edit, owners=frozenset((spot,)))
            for spot, place in zip(found, chosen, strict=True)
            for edit in place.edits
        ]
        changed += found
        edits = compose(edits, owned)
        text = made
        if text in seen or (len(text) > 2 * len(source) and len(text) > len(source) + MOST_GROWTH):
            break
        seen.add(text)
    raise RewriteError(
        replace(
            first,
            message="what the patch makes here has the shape that it looks for, so it would never end;"
            " say with 'Where:' what must not be there yet",
        )
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A place to change: where it starts, what fits there, and the edits."""

    start: int
    application: Application
    edits: list[SourceEdit]


def _edits(places: Sequence[_Place]) -> list[SourceEdit]:
    return [edit for place in places for edit in place.edits]


def _made(spots: _Spots, text: bytes, chosen: Sequence[_Place]) -> tuple[bytes, Module, dict[int, str]]:
    """What the places make of a text, its tree, and the places that are left out as they make no TML."""
    made = apply(text, _edits(chosen))
    try:
        return made, parse(made), {}
    except TmlSyntaxError:
        faulty = {place.start: fault for place in chosen if (fault := _fault(text, place)) is not None}
    made = apply(text, _edits([place for place in chosen if place.start not in faulty]))
    try:
        return made, parse(made), faulty
    except TmlSyntaxError as error:
        message = f"what the patch makes of this file is no TML: {error.message}"
        raise RewriteError(spots.at(chosen[0].start, message)) from None


def _fault(text: bytes, place: _Place) -> str | None:
    """Why a place alone makes a text one that does not parse."""
    try:
        parse(apply(text, place.edits))
    except TmlSyntaxError as error:
        return f"what the patch makes here is no TML: {error.message}"
    return None


def _choose(
    spots: _Spots, source: bytes, tree: Module, patch: SemanticPatch, facts: Facts
) -> tuple[list[_Place], list[tuple[int, str]]]:
    """The places to change now, and the starts of those to leave alone, with the reason.

    Raises `RewriteError` for changes that would have to be made to the same code.
    """
    found: list[_Place] = []
    left: list[tuple[int, str]] = []
    for application in patch.applications(tree, facts):
        own = [edit for edit in application.edits(source) if source[edit.start : edit.end] != edit.text]
        if not own:
            continue
        start = application.first.start
        try:
            in_order(own)
        except EditConflict:
            message = "changes of the patch overlap here; write them as one change, or as two patches"
            raise RewriteError(spots.at(start, message)) from None
        name = application.taken_name(tree)
        if name is not None:
            left.append((start, f"the name `{name}` that it brings is taken"))
        elif any(_loses_comment(source, edit) for edit in own):
            left.append((start, "a comment stands inside the code that would be replaced"))
        else:
            found.append(_Place(start, application, own))
    found.sort(key=lambda place: sum(edit.end - edit.start for edit in place.edits))
    taken = _Spans()
    chosen = [place for place in found if taken.take(place.edits)]
    return sorted(chosen, key=lambda place: place.start), left


class _Spans:
    """Spans that do not touch each other."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def take(self, edits: Sequence[SourceEdit]) -> bool:
        """Add the spans of edits, unless one of them would touch another."""
        if any(map(self._touches, edits)):
            return False
        for edit in edits:
            index = bisect_left(self._starts, edit.start)
            self._starts.insert(index, edit.start)
            self._ends.insert(index, edit.end)
        return True

    def _touches(self, edit: SourceEdit) -> bool:
        index = bisect_left(self._starts, edit.start)
        if index < len(self._starts) and (
            self._starts[index] < edit.end or self._starts[index] == edit.start
        ):
            return True
        return index > 0 and self._ends[index - 1] > edit.start


def _loses_comment(source: bytes, edit: SourceEdit) -> bool:
    removed = source[edit.start : edit.end]
    if b"//" not in removed and b"/*" not in removed:
        return False
    return bool(_comments(removed) - _comments(edit.text))


def _comments(code: bytes) -> Counter[bytes]:
    return Counter(
        line.strip() for token in tokenize(code) for line in token.trivia.splitlines() if line.strip()
    )


class _Spots:
    """The places in a file as it was of offsets in what some edits made of it."""

    def __init__(self, source: bytes, edits: Sequence[SourceEdit]) -> None:
        self._source = source
        self._edits = edits
        growth = (len(edit.text) - (edit.end - edit.start) for edit in edits)
        self._grown = [0, *accumulate(growth)]
        """By how much the edits before each one made the text longer."""
        self._ends = [
            edit.start + grown + len(edit.text) for edit, grown in zip(edits, self._grown, strict=False)
        ]
        self._lines = [0, *accumulate(len(line) + 1 for line in source.split(b"\n"))]

    def at(self, offset: int, message: str) -> Spot:
        """The place of an offset."""
        number = bisect_right(self._ends, offset)
        if number < len(self._edits):
            offset = min(offset, self._edits[number].start + self._grown[number])
        offset = max(0, min(offset - self._grown[number], len(self._source)))
        line = bisect_right(self._lines, offset) - 1
        column = len(self._source[self._lines[line] : offset].decode("utf-8", "surrogateescape"))
        return Spot(line + 1, column + 1, message)


def failures(patch: SemanticPatch, facts_of: FactsOf = nothing_known) -> Iterator[tuple[Example, str]]:
    """The examples that become something else than they say, each with what; or with what is wrong."""
    for example in patch.examples:
        try:
            made = rewrite(example.before.encode(), patch, facts_of).after.decode()
        except TmlSyntaxError as error:
            spot = Spot(example.line + error.line, error.column, error.message)
            yield example, f"the example is no TML: {spot}\n"
        except RewriteError as error:
            spot = error.spot
            yield (
                example,
                f"the example is refused: {example.line + spot.line}:{spot.column}: {spot.message}\n",
            )
        else:
            if made != example.after:
                yield example, made


def reason_untouched(patch: SemanticPatch, example: Example, facts_of: FactsOf = nothing_known) -> str:
    """Why a patch leaves an example alone."""

    def is_touched(conditions: tuple[Condition, ...]) -> bool:
        try:
            limited = rewrite(example.before.encode(), replace(patch, conditions=conditions), facts_of)
        except RewriteError:
            return True
        return bool(limited.edits or limited.left)

    if not is_touched(()):
        return "the code has not the shape of the lines without +"
    unmet = [condition for condition in patch.conditions if not is_touched((condition,))]
    if not unmet:
        return "a note of tmlfix codemod apply says why"
    told = f"this does not hold: {'; '.join(condition.text for condition in unmet)}"
    is_factual = any(condition.asks_for_facts for condition in unmet)
    return (
        f"{told} (an example is a tree of its own: declare in it what that asks about)"
        if is_factual
        else told
    )
