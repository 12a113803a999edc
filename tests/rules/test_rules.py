"""Each rule does what its own examples say, and nothing twice."""

from __future__ import annotations

import re
from typing import Any

import pytest

from codemods.engine import analyse
from codemods.model.findings import AnalysisResult, Verdict
from codemods.rules import RULES
from codemods.rules.rule import Example, Fixed, Offered, Reported, Untouched
from tests.support.rule_examples import PRELUDE, all_examples, approve, run
from tml_ast import parse

EXAMPLES = list(all_examples())
_WORD = re.compile(r"[A-Za-z_]\w*")


def _of_kind(kind: type[Example]) -> list[Any]:
    found = [(name, example) for name, example in EXAMPLES if isinstance(example, kind)]
    return [
        pytest.param(name, example, id=f"{name}: {example.title or number}")
        for number, (name, example) in enumerate(found)
    ]


def _check_words(result: AnalysisResult, code: str) -> None:
    """Messages quote only words of the file and of the library; those that fixes bring mean nothing yet."""
    known = set(_WORD.findall(f"{code} {PRELUDE.decode()}"))
    for finding in result.findings:
        quoted = "".join(re.findall(r"`[^`]*`", finding.message))
        called = " ".join(re.findall(r"(\w+)\.\w+\(\)", finding.message))
        assert set(_WORD.findall(f"{quoted} {called}")) <= known, finding.message


@pytest.mark.parametrize(("rule", "example"), _of_kind(Fixed))
def test_it_is_fixed(rule: str, example: Fixed) -> None:
    result, became = run(example.before)
    _check_words(result, example.before)
    assert became == example.after
    assert rule in {finding.rule for finding in result.findings if finding.verdict is Verdict.FIXABLE}
    assert not result.errors


@pytest.mark.parametrize(("rule", "example"), _of_kind(Fixed))
def test_a_second_run_finds_nothing(rule: str, example: Fixed) -> None:
    result, became = run(example.after)
    assert became == example.after
    assert rule not in {finding.rule for finding in result.findings}


@pytest.mark.parametrize(("rule", "example"), _of_kind(Untouched))
def test_it_is_left_alone(rule: str, example: Untouched) -> None:
    result, became = run(example.code)
    _check_words(result, example.code)
    assert became == example.code
    found = [each for each in result.findings if each.verdict is Verdict.FIXABLE or not RULES[rule].fixed]
    assert rule not in {finding.rule for finding in found}
    assert not result.errors


@pytest.mark.parametrize(("rule", "example"), _of_kind(Offered))
def test_it_is_offered_for_review(rule: str, example: Offered) -> None:
    result, became = run(example.before)
    _check_words(result, example.before)
    (finding,) = (each for each in result.findings if each.rule == rule)
    assert finding.verdict is Verdict.REVIEW
    assert "; the fix assumes that " in finding.message
    assert became == example.before
    assert approve(example.before)[1] == example.after
    assert rule not in {each.rule for each in run(example.after)[0].findings}


@pytest.mark.parametrize(("rule", "example"), _of_kind(Reported))
def test_it_is_reported_and_left_alone(rule: str, example: Reported) -> None:
    result, became = run(example.code)
    _check_words(result, example.code)
    assert became == example.code
    assert (rule, Verdict.REPORTED) in {(finding.rule, finding.verdict) for finding in result.findings}
    assert not result.errors


@pytest.mark.parametrize("name", RULES)
def test_rule_explains_itself(name: str) -> None:
    rule = RULES[name]
    assert rule.name == name
    assert rule.summary.endswith(".") and rule.reason.endswith(".")
    assert (rule.fixed or rule.offered or rule.reported) and rule.untouched
    for example in rule.examples:
        codes = [example.before, example.after] if isinstance(example, Fixed | Offered) else [example.code]
        for code in codes:
            parse(code.encode())


def test_prelude_itself_has_no_findings() -> None:
    result = analyse({"lib/demo/src/http/prelude.tml": PRELUDE}, [1])
    assert not list(result.findings)
