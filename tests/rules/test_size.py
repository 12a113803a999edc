"""A rule is small enough to be read in one go: its reason, its decision, and two or three examples."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from statistics import median

import pytest

from tests.support.project import PROJECT

RULES = PROJECT / "codemods" / "rules"
RULE_MODULES = [
    path
    for path in sorted(RULES.rglob("*.py"))
    if path.parent != RULES and path.read_text("utf-8").count("\n") > 1
]
LONGEST = 220
LONGEST_MEDIAN = 100

NO_CODE = frozenset(
    (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    )
)


def lines_of_code(source: str) -> int:
    """The lines that hold code, without examples, docstrings, comments and blank lines."""
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    code = {
        line
        for token in tokens
        if token.type not in NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(code - set(_lines_of_documentation(source)))


def _lines_of_documentation(source: str) -> Iterator[int]:
    """The lines of docstrings and examples."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant()) | ast.keyword(arg="examples"):
                yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def test_examples_and_documentation_are_no_lines_of_code() -> None:
    source = '''\
"""What it is."""

NAMES = (
    "a",  # and why
    "b" "c"
    "d",
)


def check() -> None:
    """What it does."""
    # why
    return None


RULE = Rule(
    check=check,
    examples=(
        Fixed("a", "b", "c"),
    ),
)
'''
    assert lines_of_code(source) == 10


@pytest.mark.parametrize("path", RULE_MODULES, ids=lambda path: path.relative_to(RULES).as_posix())
def test_no_module_of_a_rule_is_long(path: Path) -> None:
    assert lines_of_code(path.read_text("utf-8")) <= LONGEST


def test_half_of_the_modules_are_short() -> None:
    assert median(lines_of_code(path.read_text("utf-8")) for path in RULE_MODULES) <= LONGEST_MEDIAN
