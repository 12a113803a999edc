"""One attempt to fix some files: their current content, the edits so far, and whose edits those are.

Diagnostics have offsets in a file as it is by now; findings have lines, columns and edits of the file as
it was. The attempt maps the ones to the others.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from codemods.engine.kept_arms import arms_of, misplaced
from codemods.engine.original_code import OriginalCode
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Change, Edit
from codemods.semantics.symbols import SourceFile
from tml_ast import TmlSyntaxError
from tml_ast.edit import SourceEdit, apply, collide, compose, in_order
from tml_ast.replay import History

_OFFERED = -1
"""The owner of edits that are only offered."""


class Fault(Exception):
    """A fix that did not hold: the file and what is wrong with it."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class Fix:
    """A diagnostic whose edits were made, or are offered, and where it was in the original file."""

    number: int
    """The owner of its edits."""
    round: int
    path: str
    diagnostic: Diagnostic
    line: int
    column: int


class Attempt:
    """Files with the fixes that were made in them so far, in each of the variants that are looked at."""

    def __init__(self, originals: Mapping[str, SourceFile], *variants: Mapping[str, SourceFile]) -> None:
        self.views = [dict(view) for view in (originals, *variants)]
        """The files of each variant by path; a file without directives is the same in all of them."""
        self.fixes: list[Fix] = []
        self._originals = {path: file for view in reversed(self.views) for path, file in view.items()}
        self.histories: dict[str, History[int]] = {}
        """Of each file with an edit: who made which."""
        self._edits: dict[str, list[SourceEdit]] = {}
        self._offsets: dict[str, _Offsets] = {}
        self._places: dict[str, _Places] = {}
        self._original_code: dict[str, OriginalCode] = {}
        self._owned: dict[str, dict[Hashable, list[Edit]]] = {}
        self._seen: set[tuple[str, str, str, int]] = set()
        """What was fixed: by file, rule, message and offset in the original file."""

    @property
    def files(self) -> dict[str, SourceFile]:
        """The files of the first variant."""
        return self.views[0]

    @property
    def changed(self) -> list[str]:
        """The files with an edit."""
        return [path for path, edits in self._edits.items() if edits]

    @property
    def changes(self) -> dict[str, Change]:
        """The content of the changed files before and after, by path."""
        return {
            path: Change(self._originals[path].source, self._now(path).source)
            for path in sorted(self.changed)
        }

    def _now(self, path: str) -> SourceFile:
        return next(view[path] for view in self.views if path in view)

    def position(self, path: str, offset: int) -> tuple[int, int]:
        """Line and column in the original file of an offset in the file by now."""
        return self._place(path, self._original_offset(path, offset))

    def _place(self, path: str, offset: int) -> tuple[int, int]:
        if path not in self._places:
            self._places[path] = _Places(self._originals[path].source)
        return self._places[path].of(offset)

    def line(self, path: str, offset: int) -> int:
        """The line alone."""
        return self.position(path, offset)[0]

    def _original_offset(self, path: str, offset: int) -> int:
        return self._offsets[path].before(offset) if path in self._offsets else offset

    def misplaced(self, path: str, file: SourceFile) -> int | None:
        """The offset in a changed file of code that its fixes have moved to other variants, if there is some.

        ``file`` is the file by now, in one of its variants.
        """
        before = arms_of(self._originals[path].tree)
        return next(misplaced(before, file.tree, self._offsets[path].kept), None)

    def message(self, path: str, diagnostic: Diagnostic) -> str:
        """The message of a diagnostic of the file by now, with the code of the original file."""
        if path not in self._offsets:
            return diagnostic.message
        if path not in self._original_code:
            offsets, original = self._offsets[path], self._originals[path].source
            self._original_code[path] = OriginalCode(
                {id(view[path].tree): view[path].tree for view in self.views if path in view}.values(),
                original,
                offsets.before,
                lambda offset: original[slice(*offsets.replaced(offset))],
            )
        return self._original_code[path].in_message(diagnostic.message, diagnostic.offset)

    def apply(self, path: str, diagnostics: Sequence[Diagnostic], round: int = 1) -> None:
        """Make the edits of one file in a round, and parse the result.

        Raises `Fault` if it does not parse, or if a rule finds again what was fixed.
        """
        edits: list[SourceEdit] = []
        for diagnostic in diagnostics:
            offset = self._original_offset(path, diagnostic.offset)
            key = (path, diagnostic.rule, diagnostic.message, offset)
            if key in self._seen:
                raise Fault(path, f"{diagnostic.rule} finds {diagnostic.function} again after its fix")
            self._seen.add(key)
            edits += _owned(diagnostic.edits, self._add_fix(path, diagnostic, round))
        self._history(path).make(edits)
        source = apply(self._now(path).source, edits)
        try:
            self._replace(path, source)
        except TmlSyntaxError as error:
            raise Fault(path, f"with its fixes it would not parse ({error})") from None
        self._edits[path] = compose(self._edits.get(path, []), edits)
        self._offsets[path] = _Offsets(self._edits[path])
        self._owned.pop(path, None)
        self._original_code.pop(path, None)

    def _add_fix(self, path: str, diagnostic: Diagnostic, round: int) -> int:
        """The number of a new fix."""
        number = len(self.fixes)
        place = self.position(path, diagnostic.offset)
        said = replace(diagnostic, message=self.message(path, diagnostic))
        self.fixes.append(Fix(number, round, path, said, *place))
        return number

    def _history(self, path: str) -> History[int]:
        return self.histories.setdefault(path, History(self._originals[path].source))

    def offer(self, path: str, diagnostics: Sequence[Diagnostic], round: int = 1) -> list[tuple[Edit, ...]]:
        """Add fixes of one file that are made only on request; the edits of the original file of each.

        Fixes with the same edit share it, as an import that several need. Raises `Fault` if one does not
        parse.
        """
        batches: list[dict[SourceEdit, set[int]]] = []
        found: list[tuple[Edit, ...]] = []
        for diagnostic in diagnostics:
            try:
                self._now(path).with_source(apply(self._now(path).source, diagnostic.edits))
            except TmlSyntaxError as error:
                raise Fault(path, f"with a fix that is offered it would not parse ({error})") from None
            number = self._add_fix(path, diagnostic, round)
            batch = next((each for each in batches if _fits(diagnostic, each)), None)
            if batch is None:
                batches.append(batch := {})
            for edit in diagnostic.edits:
                batch.setdefault(edit, set()).add(number)
            composed = compose(self._edits.get(path, []), _owned(diagnostic.edits, _OFFERED))
            found.append(tuple(_by_owner(composed).get(_OFFERED, ())))
        for batch in batches:
            self._history(path).offer(
                SourceEdit(edit.start, edit.end, edit.text, frozenset(numbers))
                for edit, numbers in batch.items()
            )
        return found

    def _replace(self, path: str, source: bytes) -> None:
        same: SourceFile | None = None
        for view in self.views:
            if path in view:
                file = same or view[path].with_source(source)
                same = file if file.variant is None else None
                view[path] = file

    def edits_of(self, fix: Fix) -> tuple[Edit, ...]:
        """The edits of the original file that belong to a fix."""
        if fix.path not in self._owned:
            self._owned[fix.path] = _by_owner(self._edits[fix.path])
        return tuple(self._owned[fix.path].get(fix.number, ()))


def _fits(diagnostic: Diagnostic, others: Collection[SourceEdit]) -> bool:
    """Whether the edits of an offer can be made beside others, which it may share."""
    is_apart = not diagnostic.opens_block or not any(edit in others for edit in diagnostic.edits)
    return is_apart and not collide({*others, *diagnostic.edits})


def _owned(edits: Iterable[SourceEdit], owner: int) -> list[SourceEdit]:
    return [SourceEdit(edit.start, edit.end, edit.text, frozenset((owner,))) for edit in edits]


def _by_owner(edits: Iterable[SourceEdit]) -> dict[Hashable, list[Edit]]:
    owned: dict[Hashable, list[Edit]] = {}
    for edit in edits:
        made = Edit(edit.start, edit.end, edit.text.decode("utf-8", "surrogateescape"))
        for owner in edit.owners:
            owned.setdefault(owner, []).append(made)
    return owned


class _Offsets:
    """Where the offsets of a file with edits were before these."""

    def __init__(self, edits: Iterable[SourceEdit]) -> None:
        self._edits = in_order(edits)
        self._starts: list[int] = []
        """Where the text of each edit starts in the file with all of them."""
        self._grown: list[int] = []
        """By how much the file has grown up to the end of each edit."""
        grown = 0
        for edit in self._edits:
            self._starts.append(edit.start + grown)
            grown += len(edit.text) - (edit.end - edit.start)
            self._grown.append(grown)

    def before(self, offset: int) -> int:
        """The offset before the edits of an offset after them; inside an edit, where that starts."""
        last = bisect_right(self._starts, offset) - 1
        if last < 0:
            return offset
        if self._is_inside(last, offset):
            return self._edits[last].start
        return offset - self._grown[last]

    def kept(self, offset: int) -> int | None:
        """The offset before the edits; None inside an edit."""
        last = bisect_right(self._starts, offset) - 1
        return None if last >= 0 and self._is_inside(last, offset) else self.before(offset)

    def replaced(self, offset: int) -> tuple[int, int]:
        """The span that was there before the edit with an offset inside; empty where there is none."""
        last = bisect_right(self._starts, offset) - 1
        if last < 0 or not self._is_inside(last, offset):
            return 0, 0
        return self._edits[last].start, self._edits[last].end

    def _is_inside(self, number: int, offset: int) -> bool:
        return offset < self._starts[number] + len(self._edits[number].text)


class _Places:
    """The lines and columns of a file, as `tml_ast.position` has them, for many offsets."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0, *(found.end() for found in re.finditer(rb"\n", source))]

    def of(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        return line, len(self._source[start:offset].decode("utf-8", "replace")) + 1
