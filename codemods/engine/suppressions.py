"""Comments that suppress findings: ``// tmlfix: ignore[rule] reason`` on the line or above it.

A comment on a line of its own is about what starts below it, any other about its own line and the
statement that ends there: about all of its lines, but not about the statements in its blocks. Several
rules are separated by commas. A comment that suppresses nothing, names no rule or an unknown one, or
gives no reason is a finding itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

from codemods.model.findings import SUPPRESSION_COMMENT, Verdict
from codemods.semantics.symbols import SourceFile
from tml_ast import nodes, position
from tml_ast.lexer import Token
from tml_ast.nodes import Node


@dataclass(frozen=True, slots=True)
class CommentRule:
    """The summary, reason and example of those findings, as a rule has them."""

    name: str = SUPPRESSION_COMMENT
    verdict: Verdict = Verdict.REPORTED
    summary: str = "A comment that suppresses findings suppresses none, or is not written as it should be."
    reason: str = (
        "// tmlfix: ignore[rule] reason suppresses the findings of that rule on its line, or in the "
        "statement that ends there; on a line of its own, those in the statement below. Several rules are "
        "separated by commas. A comment that suppresses nothing would hide the next leak in its place, so "
        "it is a finding, and so is one that names no rule, an unknown rule, or no reason. Correct the "
        "comment, or remove it."
    )
    before: str = """\
pub func width(label: Label) -> I64 {
    // tmlfix: ignore[consumed-by-return]
    let text: Str = label.render()
    return measure_text(text)
}
"""
    after: str = """\
pub func width(label: Label) -> I64 {
    let text: Str = label.render()
    // tmlfix: ignore[consumed-by-return] the process ends with this call
    return measure_text(text)
}
"""


_COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/", re.DOTALL)
_MARK = re.compile(r"(?:^|(?<=\s))(?://|/\*)\s*tmlfix(?::\s*(.*?)|[\s-]*ignore\b.*)\s*$", re.DOTALL)
"""After another comment too. Also without the colon, and between ``/*`` and ``*/``: who means to suppress a
finding should learn that this does not."""
_DOCUMENTATION = (b"///", b"//!")

_IGNORE = re.compile(r"ignore\s*\[([^\]]*)\]\s*(.*)")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment: where it stands, which lines it is about, which rules it suppresses and why."""

    line: int
    column: int
    lines: frozenset[int]
    rules: tuple[str, ...]
    reason: str

    def covers(self, line: int, rule: str) -> bool:
        """Whether it is about a finding of this rule on this line."""
        return line in self.lines and rule in self.rules

    def problems(self, used: Collection[str], known: Collection[str]) -> Iterator[str]:
        """What is wrong with it, given the rules that it suppressed findings of, and all rules."""
        if not self.rules:
            yield "say which findings to ignore, and why: // tmlfix: ignore[rule] reason"
            return
        for rule in self.rules:
            close = get_close_matches(rule, known, n=1)
            advice = f"; did you mean {close[0]}?" if close else ""
            if rule not in known:
                yield f"there is no rule {rule!r} to ignore{advice}"
            elif rule not in used:
                first, last = min(self.lines), max(self.lines)
                where = f"line {first}" if first == last else f"lines {first} to {last}"
                yield f"nothing to ignore: there is no finding of {rule} on {where}"
        if not self.reason:
            yield f"say why: // tmlfix: ignore[{', '.join(self.rules)}] reason"


def suppressions(*variants: SourceFile) -> Iterator[Suppression]:
    """The suppressions of a file in order, malformed ones too; each may be about other lines per variant."""
    found: dict[tuple[int, int], Suppression] = {}
    for file in variants:
        for comment in _suppressions(file) if b"tmlfix" in file.source else ():
            known = found.get((comment.line, comment.column), comment)
            found[comment.line, comment.column] = replace(known, lines=known.lines | comment.lines)
    yield from (comment for _, comment in sorted(found.items()))


def _suppressions(file: SourceFile) -> Iterator[Suppression]:
    previous: Token | None = None
    before_previous: Token | None = None
    for token in file.tree.tokens():
        if b"tmlfix" in token.trivia:
            ended = before_previous if previous is not None and previous.type in (";", ",") else previous
            yield from _in_trivia(file, token, ended)
        before_previous, previous = previous, token


def _in_trivia(file: SourceFile, token: Token, ended: Token | None) -> Iterator[Suppression]:
    """The suppressions in front of a token; ``ended`` is the last token of the code before them."""
    first = token.start - len(token.trivia)
    for comment in _COMMENT.finditer(token.trivia):
        text = comment[0].decode("utf-8", "replace")
        mark = _MARK.search(text)
        if mark is None or comment[0].startswith(_DOCUMENTATION):
            continue
        offset = first + comment.start() + len(text[: mark.start()].encode())
        if file.variant is not None and not file.variant.is_active(offset, offset + 1):
            continue
        line, column = position(file.source, offset)
        lines = {position(file.source, token.start)[0]}
        node = _starting_at(file.tree, token)
        if file.source[: first + comment.start()].rpartition(b"\n")[2].strip():
            lines = {line}
            node = _ending_at(file.tree, ended)
        parts = _IGNORE.fullmatch(mark[1] or "") if comment[0].startswith(b"//") else None
        names = (name.strip() for name in parts[1].split(",")) if parts else ()
        lines |= _lines(file.source, node)
        reason = parts[2] if parts else ""
        yield Suppression(line, column, frozenset(lines), tuple(filter(None, names)), reason)


def _starting_at(tree: nodes.Module, token: Token) -> Node | None:
    """The largest part of a file that starts with a token."""
    return next((node for node in _around(tree, token) if node.first_token is token), None)


def _ending_at(tree: nodes.Module, token: Token | None) -> Node | None:
    """The smallest statement or arm that ends with a token."""
    around = list(_around(tree, token)) if token is not None else []
    ending = (node for node in reversed(around) if node.last_token is token)
    return next((node for node in ending if isinstance(node, nodes.Statement | nodes.Arm)), None)


def _around(tree: nodes.Module, token: Token) -> Iterator[Node]:
    """The nodes below the module that hold a token, the largest first."""
    node: Node | None = tree
    while node is not None:
        inside = (child for child in node.nodes() if child.start <= token.start < child.end)
        node = next(inside, None)
        if node is not None:
            yield node


def _lines(source: bytes, node: Node | None) -> set[int]:
    """The lines of a node, but for those of statements, arms and declarations in it."""
    if node is None:
        return set()
    start, first = node.start, position(source, node.start)[0]
    found: set[int] = set()
    stack: list[Node | Token] = [*node.children]
    while stack:
        part = stack.pop()
        if isinstance(part, Token):
            line = first + source.count(b"\n", start, part.start)
            found.update(range(line, line + part.lexeme.count(b"\n") + 1))
        elif not isinstance(part, nodes.Block | nodes.Statement | nodes.Arm | nodes.Item):
            stack += part.children
    return found
