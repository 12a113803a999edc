"""A fix that names what is not there is not written, whatever the rule says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from codemods.engine import analyse
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import AnalysisResult, Verdict
from codemods.rules import RULES
from tests.support.demo_code import REEL, USES_A_REEL

MODULE, TEST = "lib/demo/src/reel.tml", "tests/demo/reel.test.tml"


def run_with(
    rule: str, spoil: Callable[[bytes], bytes], test: str, monkeypatch: pytest.MonkeyPatch
) -> AnalysisResult:
    """Fix a test with a rule that writes something else than it should."""
    right = RULES[rule]

    def wrong(context: Context) -> Iterator[Diagnostic]:
        for diagnostic in right.check(context):
            edits = tuple(replace(edit, text=spoil(edit.text)) for edit in diagnostic.edits)
            yield replace(diagnostic, edits=edits)

    monkeypatch.setitem(RULES, rule, replace(right, check=wrong))
    return analyse({MODULE: REEL.encode(), TEST: test.encode()}, [5])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"    spool.destroy()\n", "`spool`"),
        (b"    let size: I64 = 4\n    size.destroy()\n", "destroy() of I64"),
        (b"    let size: I64 = 4\n    size.shut_down()\n", "shut_down() of I64"),
        (b"    reel.shut_down()\n", "shut_down() of Reel"),
        (b"    let size: I64 = reel\n", "Reel as I64"),
        (b"    print(reel.texts(spool))\n", "`spool`"),
    ],
)
def test_a_fix_names_nothing_that_is_not_there(
    text: bytes, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run_with("missing-release", lambda release: text + release, USES_A_REEL, monkeypatch)

    (error,) = result.errors
    assert f"its fixes would use {fault} in test_reel, which is not there" in error.message
    assert not result.phases[0].changes


def test_a_name_that_was_not_there_before_does_not_prevent_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    test = USES_A_REEL.replace('print("odd")', "print(spool)")
    result = run_with("missing-release", lambda text: text, test, monkeypatch)

    assert not result.errors
    assert [finding.verdict for finding in result.findings] == [Verdict.FIXABLE]


def test_an_edit_in_a_branch_that_is_left_out_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    right = RULES["missing-release"]

    def wrong(context: Context) -> Iterator[Diagnostic]:
        for diagnostic in right.check(context):
            offset = context.file.source.find(b'    print("a")')
            variant = context.file.variant
            edits = diagnostic.edits
            if variant is not None and not variant.is_active(offset, offset + 1):
                edits = tuple(replace(edit, start=offset, end=offset) for edit in edits)
            yield replace(diagnostic, edits=edits)

    monkeypatch.setitem(RULES, "missing-release", replace(right, check=wrong))
    twins = '#if ALPHA\n    print("a")\n#else\n    print("b")\n#endif\n    return 0\n'
    test = USES_A_REEL.replace("    return 0\n", twins)
    result = analyse({MODULE: REEL.encode(), TEST: test.encode()}, [5])

    assert not result.phases[0].changes
    assert {finding.verdict for finding in result.findings} == {Verdict.REPORTED}
