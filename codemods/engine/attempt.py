"""One attempt to fix some files: their current content, the edits so far, and whose edits those are.

Diagnostics have offsets in a file as it is by now; findings have lines, columns and edits of the file as
it was. The attempt maps the ones to the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Change, Edit
from codemods.semantics.symbols import SourceFile
from tml_ast import TmlSyntaxError, position
from tml_ast.edit import SourceEdit, apply, compose, in_order

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
    """A diagnostic whose edits were made, and where it was in the original file."""

    number: int
    """The owner of its edits."""
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
        self._edits: dict[str, list[SourceEdit]] = {}
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
        return position(self._originals[path].source, self._original_offset(path, offset))

    def line(self, path: str, offset: int) -> int:
        """The line alone."""
        return self.position(path, offset)[0]

    def _original_offset(self, path: str, offset: int) -> int:
        return _offset_before(self._edits.get(path, []), offset)

    def apply(self, path: str, diagnostics: Sequence[Diagnostic]) -> None:
        """Make the edits of one file, and parse the result.

        Raises `Fault` if it does not parse, or if a rule finds again what was fixed.
        """
        edits: list[SourceEdit] = []
        for diagnostic in diagnostics:
            offset = self._original_offset(path, diagnostic.offset)
            key = (path, diagnostic.rule, diagnostic.message, offset)
            if key in self._seen:
                raise Fault(path, f"{diagnostic.rule} finds {diagnostic.function} again after its fix")
            self._seen.add(key)
            number = len(self.fixes)
            line, column = position(self._originals[path].source, offset)
            self.fixes.append(Fix(number, path, diagnostic, line, column))
            edits += _owned(diagnostic.edits, number)
        source = apply(self._now(path).source, edits)
        try:
            self._replace(path, source)
        except TmlSyntaxError as error:
            raise Fault(path, f"with its fixes it would not parse ({error})") from None
        self._edits[path] = compose(self._edits.get(path, []), edits)

    def _replace(self, path: str, source: bytes) -> None:
        same: SourceFile | None = None
        for view in self.views:
            if path in view:
                file = same or view[path].with_source(source)
                same = file if file.variant is None else None
                view[path] = file

    def edits_of(self, fix: Fix) -> tuple[Edit, ...]:
        """The edits of the original file that belong to a fix."""
        return _of_owner(self._edits[fix.path], fix.number)

    def offered_edits(self, path: str, diagnostic: Diagnostic) -> tuple[Edit, ...]:
        """The edits of a diagnostic that is not applied, in the original file."""
        offered = _owned(diagnostic.edits, _OFFERED)
        return _of_owner(compose(self._edits.get(path, []), offered), _OFFERED)


def _owned(edits: Iterable[SourceEdit], owner: int) -> list[SourceEdit]:
    return [SourceEdit(edit.start, edit.end, edit.text, frozenset((owner,))) for edit in edits]


def _of_owner(edits: Iterable[SourceEdit], owner: int) -> tuple[Edit, ...]:
    return tuple(
        Edit(edit.start, edit.end, edit.text.decode("utf-8", "surrogateescape"))
        for edit in edits
        if owner in edit.owners
    )


def _offset_before(edits: Sequence[SourceEdit], offset: int) -> int:
    """The offset before the edits of an offset after them; inside an edit, where that starts."""
    grown = 0
    for edit in in_order(edits):
        start = edit.start + grown
        if offset < start:
            break
        if offset < start + len(edit.text):
            return edit.start
        grown += len(edit.text) - (edit.end - edit.start)
    return offset - grown
