"""Comments that suppress findings: ``// tmlfix: ignore[rule] reason`` on the line or above it.

A comment on a line of its own is about the next line with code, any other about its own line. Several
rules are separated by commas. A comment that suppresses nothing, names no rule or an unknown one, or
gives no reason is a finding itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from codemods.semantics.symbols import SourceFile
from tml_ast import position

RULE = "suppression-comment"
"""The rule that findings about the comments themselves have."""


@dataclass(frozen=True, slots=True)
class CommentRule:
    """The summary, reason and example of those findings, as a rule has them."""

    name: str = RULE
    summary: str = "A comment that suppresses findings suppresses none, or is not written as it should be."
    reason: str = (
        "// tmlfix: ignore[rule] reason suppresses the findings of that rule on its line; on a line of its "
        "own, those on the next line with code. Several rules are separated by commas. A comment that "
        "suppresses nothing would hide the next leak in its place, so it is a finding, and so is one that "
        "names no rule, an unknown rule, or no reason. Correct the comment, or remove it."
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


_COMMENT = re.compile(rb"//[^\n]*")
_MARK = re.compile(r"//\s*tmlfix(?::\s*(.*?)|[\s-]*ignore\b.*)\s*$")
"""Matches also without the colon, so that such a comment is reported as malformed."""

_IGNORE = re.compile(r"ignore\s*\[([^\]]*)\]\s*(.*)")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment: where it stands, which line it is about, which rules it suppresses and why."""

    line: int
    column: int
    target: int
    rules: tuple[str, ...]
    reason: str

    def covers(self, line: int, rule: str) -> bool:
        """Whether it is about a finding of this rule on this line."""
        return line == self.target and rule in self.rules

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
                yield f"nothing to ignore: there is no finding of {rule} on line {self.target}"
        if not self.reason:
            yield f"say why: // tmlfix: ignore[{', '.join(self.rules)}] reason"


def suppressions(file: SourceFile) -> Iterator[Suppression]:
    """The suppressions of a file in order, malformed ones too."""
    if b"tmlfix" not in file.source:
        return
    for token in file.tree.tokens():
        if b"tmlfix" not in token.trivia:
            continue
        first = token.start - len(token.trivia)
        for comment in _COMMENT.finditer(token.trivia):
            mark = _MARK.match(comment[0].decode("utf-8", "replace"))
            if mark is None:
                continue
            line, column = position(file.source, first + comment.start())
            alone = not file.source[: first + comment.start()].rpartition(b"\n")[2].strip()
            target = position(file.source, token.start)[0] if alone else line
            parts = _IGNORE.fullmatch(mark[1] or "")
            names = (name.strip() for name in parts[1].split(",")) if parts else ()
            yield Suppression(line, column, target, tuple(filter(None, names)), parts[2] if parts else "")
