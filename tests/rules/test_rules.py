"""Each rule does what its own examples say, and nothing twice."""

from __future__ import annotations

from importlib.resources import files

import pytest

from codemods.engine import analyse
from codemods.model.findings import AnalysisResult, Verdict
from codemods.rules import RULES
from tml_ast import parse

PRELUDE = files("codemods.rules").joinpath("prelude.tml").read_bytes()

INVALID = [
    pytest.param(name, before, after, id=f"{name}-{number}")
    for name, rule in RULES.items()
    for number, (before, after) in enumerate(rule.invalid)
]
VALID = [
    pytest.param(name, code, id=f"{name}-{number}")
    for name, rule in RULES.items()
    for number, code in enumerate(rule.valid)
]

REPORTED = [
    pytest.param(name, code, id=f"{name}-{number}")
    for name, rule in RULES.items()
    for number, code in enumerate(rule.reported)
]


def run(code: str) -> tuple[AnalysisResult, str]:
    """Analyse an example with the prelude beside it; the result and what the example becomes."""
    path = "tests/http/example.test.tml" if "@test" in code else "lib/demo/src/http/example.tml"
    result = analyse({"lib/demo/src/prelude.tml": PRELUDE, path: code.encode()}, [1])
    change = result.phases[0].changes.get(path)
    return result, change.after.decode() if change else code


@pytest.mark.parametrize(("rule", "before", "after"), INVALID)
def test_invalid_example_is_fixed(rule: str, before: str, after: str) -> None:
    result, became = run(before)
    assert became == after
    assert rule in {finding.rule for finding in result.findings if finding.verdict is Verdict.FIXED}
    assert not result.errors


@pytest.mark.parametrize(("rule", "before", "after"), INVALID)
def test_a_second_run_finds_nothing(rule: str, before: str, after: str) -> None:
    result, became = run(after)
    assert became == after
    assert rule not in {finding.rule for finding in result.findings}


@pytest.mark.parametrize(("rule", "code"), VALID)
def test_valid_example_is_left_alone(rule: str, code: str) -> None:
    result, became = run(code)
    assert became == code
    found = [each for each in result.findings if each.verdict is Verdict.FIXED or not RULES[rule].invalid]
    assert rule not in {finding.rule for finding in found}
    assert not result.errors


@pytest.mark.parametrize(("rule", "code"), REPORTED)
def test_reported_example_is_reported_and_left_alone(rule: str, code: str) -> None:
    result, became = run(code)
    assert became == code
    assert (rule, Verdict.REPORTED) in {(finding.rule, finding.verdict) for finding in result.findings}
    assert not result.errors


@pytest.mark.parametrize("name", RULES)
def test_rule_explains_itself(name: str) -> None:
    rule = RULES[name]
    assert rule.name == name
    assert rule.summary.endswith(".") and rule.reason.endswith(".")
    assert (rule.invalid or rule.reported) and rule.valid
    for code in (*rule.valid, *rule.reported, *(part for pair in rule.invalid for part in pair)):
        parse(code.encode())


def test_prelude_itself_has_no_findings() -> None:
    result = analyse({"lib/demo/src/http/prelude.tml": PRELUDE}, [1])
    assert not list(result.findings)
