"""The page for reviewing findings: one file that loads nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import Any

from codemods import __version__
from codemods.app.rule_texts import RuleSummary
from codemods.files.diffs import split_lines
from codemods.model.findings import Finding, FindingKey
from codemods.model.phases import phase_numbered
from codemods.reports.console import visible
from codemods.reports.documents import origin_document
from codemods.review.hunks import CONTEXT, FileReview, Hunk, Review
from codemods.review.selection import digest
from codemods.review.selection_file import APPROVE, REJECT, VERSION
from tml_ast.lexer import KEYWORDS, Token, tokenize

Line = list[str]
"""The pieces of a line of code; the first letter of a piece is its colour."""

COLOURS = {"INT": "n", "FLOAT": "n", "CHAR": "s"}
"""The colour of a token type. Strings have ``s``, comments ``c``, types ``t``, calls ``f``, others ``p``."""

_LONG_TOKEN = re.compile(r'//[^\n]*|"(?:[^"\\\n]|\\.)*"|(/\*|`)')
"""What may go over several lines, in the group; a line comment or string hides it."""


def review_page(
    review: Review, source: str, rules: Mapping[str, RuleSummary], command: str = "tmlfix apply"
) -> str:
    """The page for a review of ``source``, with the summaries and reasons of its findings' ``rules``.

    ``command`` makes the changes that are selected.
    """
    parts = {name: files(__name__).joinpath(name).read_text("utf-8") for name in ("style.css", "script.js")}
    style, script = parts["style.css"], parts["script.js"]
    template = Template(files(__name__).joinpath("page.html").read_text("utf-8"))
    return template.substitute(
        style=style,
        script=script,
        style_hash=_content_hash(style),
        script_hash=_content_hash(script),
        command=html.escape(visible(command)),
        data=_embedded(_document(review, source, rules)),
    )


def _content_hash(text: str) -> str:
    """The hash by which a content security policy allows an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embedded(document: Any) -> str:
    """JSON for a script element: nothing in it can end the element, or start a comment."""
    text = json.dumps(document, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _document(review: Review, source: str, rules: Mapping[str, RuleSummary]) -> dict[str, Any]:
    numbers: dict[FindingKey, int] = {}
    for file in review.files:
        for finding in file.findings:
            numbers[finding.key] = len(numbers)
    findings = [
        _finding_document(finding, number, review, numbers)
        for number, file in enumerate(review.files)
        for finding in file.findings
    ]
    used = {finding["rule"] for finding in findings}
    document = {
        "tool": f"tmlfix {__version__}",
        "version": VERSION,
        "approve": APPROVE,
        "reject": REJECT,
        "source": visible(source),
        "phases": {
            number: f"{number} {phase_numbered(number).slug}"
            for number in sorted({file.phase for file in review.files})
        },
        "rules": {name: _rule_document(rule) for name, rule in rules.items() if name in used},
        "files": [
            {
                "phase": file.phase,
                "path": file.path,
                "label": visible(file.path),
                "digest": digest(file.content),
            }
            for file in review.files
        ],
        "findings": findings,
        "hunks": [
            hunk
            for number, file in enumerate(review.files)
            for hunk in _hunk_documents(number, file, numbers)
        ],
    }
    return document | {"id": digest(json.dumps(document).encode())}


def _rule_document(rule: RuleSummary) -> dict[str, str]:
    return {"summary": rule.summary.strip(), "reason": rule.reason.strip()}


def _finding_document(
    finding: Finding, file: int, review: Review, numbers: Mapping[FindingKey, int]
) -> dict[str, Any]:
    return {
        "file": file,
        "phase": finding.phase,
        "rule": finding.rule,
        "line": finding.line,
        "column": finding.column,
        "function": finding.function,
        "message": finding.message,
        "shown": visible(finding.message),
        "where": visible(finding.function),
        "verdict": finding.verdict.value,
        **origin_document(finding),
        "edits": [[edit.start, edit.end, edit.text] for edit in finding.edits],
        "needs": sorted(numbers[key] for key in review.requires.get(finding.key, ())),
    }


# Hunks


def _hunk_documents(
    number: int, file: FileReview, numbers: Mapping[FindingKey, int]
) -> Iterator[dict[str, Any]]:
    """The hunks of a file by place, with excerpts around findings that have no hunk."""
    lines = split_lines(file.content)
    placed = set[FindingKey]()
    found: list[tuple[int, dict[str, Any]]] = []
    for hunk in file.hunks:
        placed |= hunk.keys
        found.append((hunk.start, _hunk_document(hunk, numbers)))
    for finding in file.findings:
        if finding.key not in placed:
            start = max(0, finding.line - 1 - CONTEXT)
            excerpt = {
                "kind": "excerpt",
                "at": [start + 1, start + 1],
                "line": finding.line,
                "rows": [[_shown(line)] for line in _coloured(lines, start, finding.line + CONTEXT)],
                "blocks": [],
                "findings": [numbers[finding.key]],
            }
            found.append((start, excerpt))
    found.sort(key=lambda hunk: hunk[0])
    return ({"file": number, **hunk} for _, hunk in found)


def _hunk_document(hunk: Hunk, numbers: Mapping[FindingKey, int]) -> dict[str, Any]:
    """A hunk. An unchanged row has one line; a changed row has the lines before and after, and the block."""
    rows: list[list[Any]] = []
    blocks: list[list[int]] = []
    before = _coloured(hunk.before, hunk.start, hunk.end)
    after = _coloured(hunk.after, hunk.new_start, hunk.blocks[-1].new_end)
    shown = hunk.start
    for block in hunk.blocks:
        rows += ([_shown(line)] for line in before[shown - hunk.start : block.start - hunk.start])
        old = before[block.start - hunk.start : block.end - hunk.start]
        new = after[block.new_start - hunk.new_start : block.new_end - hunk.new_start]
        for row in range(max(len(old), len(new))):
            rows.append([_at(old, row), _at(new, row), len(blocks)])
        blocks.append(sorted(numbers[key] for key in block.keys))
        shown = block.end
    rows += ([_shown(line)] for line in before[shown - hunk.start :])
    return {
        "kind": "offered" if hunk.is_offered else "made",
        "heading": hunk.heading,
        "at": [hunk.start + 1, hunk.new_start + 1],
        "rows": rows,
        "blocks": blocks,
        "findings": sorted(numbers[key] for key in hunk.keys),
    }


def _at(lines: Sequence[Line], number: int) -> Line | int:
    return _shown(lines[number]) if number < len(lines) else 0


def _shown(line: Line) -> Line:
    """The line without a carriage return at its end, and with escapes for what does not print."""
    *pieces, last = line or [""]
    return [piece[0] + visible(piece[1:]) for piece in (*pieces, last.removesuffix("\r")) if piece]


# Colours


def _coloured(lines: Sequence[str], start: int, end: int) -> Sequence[Line]:
    """Some lines of a source file in pieces of one colour each.

    Only templates and block comments go over several lines: a file without them is read line by line.
    """
    text = "".join(lines)
    if _has_long_tokens(text):
        return _coloured_file(text)[start:end]
    return [_coloured_line(line) for line in lines[start:end]]


@lru_cache(maxsize=64)
def _coloured_file(text: str) -> Sequence[Line]:
    return _coloured_text(text)


@lru_cache(maxsize=4096)
def _coloured_line(line: str) -> Line:
    return _coloured_text(line)[0]


@lru_cache(maxsize=64)
def _has_long_tokens(text: str) -> bool:
    """Whether a template or a block comment starts anywhere in a text."""
    return any(found.group(1) for found in _LONG_TOKEN.finditer(text))


def _coloured_text(text: str) -> Sequence[Line]:
    lines: list[Line] = [[]]
    for colour, piece in _pieces(text.encode("utf-8", "surrogateescape")):
        first, *others = piece.split("\n")
        _extend(lines[-1], colour, first)
        for other in others:
            lines.append([])
            _extend(lines[-1], colour, other)
    return lines


def _extend(line: Line, colour: str, text: str) -> None:
    if not text:
        return
    if line and line[-1][0] == colour:
        line[-1] += text
    else:
        line.append(colour + text)


def _pieces(content: bytes) -> Iterator[tuple[str, str]]:
    tokens = tokenize(content)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        trivia = token.trivia.decode("utf-8", "surrogateescape")
        yield ("c" if trivia.strip() else "p"), trivia
        yield _colour(token, following), token.text


def _colour(token: Token, following: Token | None) -> str:
    if token.type in KEYWORDS:
        return "k"
    if token.type.startswith(("STRING", "TEMPLATE")):
        return "s"
    if token.type == "IDENT":
        if token.lexeme[:1].isupper():
            return "t"
        return "f" if following is not None and following.type == "(" else "p"
    return COLOURS.get(token.type, "p")
