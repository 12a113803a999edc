"""Findings and explanations as the language server protocol has them: diagnostics, edits, hovers."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from lsprotocol import types

from codemods.model.findings import Edit, Finding, FindingKey, InputError, Verdict
from codemods.model.fix_plan import FixPlan
from codemods.review.explanations import Explanation
from codemods.rules import RULES
from tml_ast import TmlSyntaxError
from tml_ast.edit import indentation_of, line_ending_of, line_start
from tml_ast.lexer import tokenize

SOURCE = "tmlfix"
SYNTAX = "syntax"
FIX_ALL = "source.fixAll.tmlfix"
REASON = "say why this is no leak"
"""A placeholder for the reason in a comment that suppresses a finding."""

SEVERITIES = {
    Verdict.FIXABLE: types.DiagnosticSeverity.Warning,
    Verdict.REVIEW: types.DiagnosticSeverity.Information,
    Verdict.REPORTED: types.DiagnosticSeverity.Warning,
}

_LINE_END = re.compile(rb"\r\n|\n|\r")
_IDENTIFIER = re.compile(rb"\w+|[^\r\n]")


def encoded(text: str) -> bytes:
    """The bytes of an editor's text; half of a surrogate pair becomes what the parser refuses."""
    return text.encode("utf-8", "surrogatepass")


class Positions:
    """Byte offsets of a text as positions of an editor; ``units`` measures a string in its columns."""

    def __init__(self, source: bytes, units: Callable[[str], int]) -> None:
        self.source = source
        self.units = units
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(source))]

    def position(self, offset: int) -> types.Position:
        """The position of an offset."""
        line = bisect_right(self._starts, offset) - 1
        before = self.source[self._starts[line] : offset].decode("utf-8", "replace")
        return types.Position(line, self.units(before))

    def range(self, start: int, end: int) -> types.Range:
        """The range between two offsets."""
        return types.Range(self.position(start), self.position(end))

    def offset(self, line: int, column: int) -> int:
        """The offset of a 1-based line and column as findings have them: only a line feed ends a line."""
        start = 0
        for _ in range(line - 1):
            start = self.source.find(b"\n", start) + 1
        rest = self.source[start:].split(b"\n", 1)[0].decode("utf-8", "replace")
        return start + len(rest[: max(column - 1, 0)].encode())

    def line_of(self, position: types.Position) -> int:
        """The 1-based line, as findings have it, of a position."""
        start = self._starts[min(position.line, len(self._starts) - 1)]
        return self.source.count(b"\n", 0, start) + 1


def diagnostic(finding: Finding, positions: Positions) -> types.Diagnostic:
    """A finding, at the identifier that it starts with."""
    start = positions.offset(finding.line, finding.column)
    return types.Diagnostic(
        range=_identifier_range(positions, start),
        message=finding.message,
        severity=types.DiagnosticSeverity.Error if finding.is_misuse else SEVERITIES[finding.verdict],
        code=finding.rule,
        source=SOURCE,
        data=asdict(finding.key),
    )


def syntax_diagnostic(error: InputError, positions: Positions) -> types.Diagnostic:
    """A file that does not parse, at the place of the error."""
    start = positions.offset(max(error.line, 1), max(error.column, 1))
    return types.Diagnostic(
        range=_identifier_range(positions, start),
        message=error.message,
        severity=types.DiagnosticSeverity.Error,
        code=SYNTAX,
        source=SOURCE,
    )


def _identifier_range(positions: Positions, start: int) -> types.Range:
    match = _IDENTIFIER.match(positions.source, start)
    return positions.range(start, match.end() if match is not None else start)


# -- edits ----------------------------------------------------------------------------------------


def text_edits(edits: Iterable[Edit], positions: Positions) -> list[types.TextEdit]:
    """Edits as an editor makes them."""
    return [types.TextEdit(positions.range(edit.start, edit.end), edit.text) for edit in edits]


def suppression(finding: Finding, source: bytes) -> Edit | None:
    """The edit that suppresses a finding with a comment above its line, or above its literal."""
    if finding.rule not in RULES:
        return None
    start = 0
    for _ in range(finding.line - 1):
        start = source.find(b"\n", start) + 1
    try:
        tokens = list(tokenize(source))
    except TmlSyntaxError:
        return None
    for token in reversed(tokens):
        if token.start < start < token.end:
            start = line_start(source, token.start)
    indentation = indentation_of(source, start).decode()
    ending = line_ending_of(source, start).decode()
    return Edit(start, start, f"{indentation}// tmlfix: ignore[{finding.rule}] {REASON}{ending}")


@dataclass(frozen=True, slots=True)
class Document:
    """A file as the editor has it: where it is, which version of it (None: it is not open), and its text."""

    uri: str
    version: int | None
    positions: Positions


@dataclass(frozen=True, slots=True)
class Editor:
    """How a client takes edits: the documents of files by name, and whether their versions are checked."""

    document: Callable[[str], Document]
    versioned: bool

    def change(self, edits: Mapping[str, Iterable[Edit]]) -> types.WorkspaceEdit:
        """The edits of some files as one change."""
        made = {name: (self.document(name), [*each]) for name, each in edits.items()}
        if not self.versioned:
            return types.WorkspaceEdit(
                changes={
                    document.uri: text_edits(each, document.positions) for document, each in made.values()
                }
            )
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(
                    types.OptionalVersionedTextDocumentIdentifier(document.uri, document.version),
                    [*text_edits(each, document.positions)],
                )
                for document, each in made.values()
            ]
        )

    def fixes(self, plan: FixPlan, keys: Iterable[FindingKey]) -> types.WorkspaceEdit:
        """The change that makes some fixes with all that they need, in whatever file."""
        closed = plan.closed(keys)
        return self.change(
            {
                name: [Edit(edit.start, edit.end, edit.text.decode()) for edit in edits]
                for name in sorted({key.path for key in closed})
                if (edits := plan.histories[name].edits(closed))
            }
        )


def actions(
    editor: Editor, plan: FixPlan, name: str, lines: range, wanted: Collection[str] | None
) -> Iterator[types.CodeAction]:
    """The actions for the findings on some lines of a file, and for all of it."""
    findings = [finding for finding in plan.findings if finding.path == name]
    positions = editor.document(name).positions
    for finding in findings:
        if finding.line in lines and _is_wanted(types.CodeActionKind.QuickFix, wanted):
            yield from _finding_actions(editor, plan, finding, positions)
    fixable = [finding.key for finding in findings if finding.verdict is Verdict.FIXABLE]
    if fixable and _is_wanted(FIX_ALL, wanted):
        yield types.CodeAction(
            title=f"Fix all of tmlfix in this file{_others(plan, fixable)}",
            kind=FIX_ALL,
            edit=editor.fixes(plan, fixable),
        )


def _others(plan: FixPlan, keys: Sequence[FindingKey]) -> str:
    """What comes with some fixes, as the end of a title."""
    others = plan.closed(keys) - {*keys}
    files = {key.path for key in others} - {key.path for key in keys}
    if not others:
        return ""
    where = f", {len(files)} other file{'s' if len(files) > 1 else ''}" if files else ""
    return f" (with {len(others)} more that {'it needs' if len(keys) == 1 else 'they need'}{where})"


def _finding_actions(
    editor: Editor, plan: FixPlan, finding: Finding, positions: Positions
) -> Iterator[types.CodeAction]:
    shown = diagnostic(finding, positions)
    if finding.edits:
        review = " (if what it assumes holds)" if finding.verdict is Verdict.REVIEW else ""
        yield types.CodeAction(
            title=f"Fix {finding.rule}{_others(plan, [finding.key])}{review}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[shown],
            is_preferred=finding.verdict is Verdict.FIXABLE,
            edit=editor.fixes(plan, [finding.key]),
        )
    comment = suppression(finding, positions.source)
    if comment is not None:
        yield types.CodeAction(
            title=f"Ignore {finding.rule} here, with a comment",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[shown],
            edit=editor.change({finding.path: [comment]}),
        )


def _is_wanted(kind: str, wanted: Collection[str] | None) -> bool:
    """Whether a client that asks for some kinds asks for this one, or for what it belongs to."""
    return not wanted or any(kind == other or kind.startswith(f"{other}.") for other in wanted)


# -- hovers ---------------------------------------------------------------------------------------


def hover_text(explanation: Explanation) -> str:
    """An explanation in Markdown."""
    parts = []
    for value in explanation.values:
        lines = [f"- {statement.text}" for statement in value.statements]
        parts.append("\n".join([f"`{value.name}` ({value.type}): **{value.headline}**\n", *lines]))
    for explained in explanation.findings:
        state = "suppressed" if explained.suppressed else explained.finding.verdict.value
        parts.append(f"**{explained.finding.rule}** ({state}): {explained.finding.message}")
    return "\n\n".join(parts)
