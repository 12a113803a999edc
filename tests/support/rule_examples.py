"""The examples of the rules: those in a rule's own file, and the files of ``tests/rules/cases``.

A case is a file ``RULE/TITLE.fixed.tml``, ``.offered.tml``, ``.untouched.tml`` or ``.reported.tml``, its
title in words with hyphens. In the first two a line ``// -- after --`` separates the source from what it
becomes.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from codemods.engine import analyse, plan_fixes
from codemods.model.findings import AnalysisResult
from codemods.model.fix_plan import FixPlan
from codemods.model.settings import Settings
from codemods.rules import RULES
from codemods.rules.rule import Example, Fixed, Offered, Reported, Untouched
from tests.support.project import PROJECT

PRELUDE = files("codemods.rules").joinpath("prelude.tml").read_bytes()
"""What examples may use."""

CASES = PROJECT / "tests" / "rules" / "cases"
AFTER = "// -- after --\n"
_PRELUDE = "lib/demo/src/prelude.tml"
_SETTINGS = Settings(exclude=(_PRELUDE,))


def all_examples() -> Iterator[tuple[str, Example]]:
    """Every example, with the name of its rule."""
    for name, rule in RULES.items():
        yield from ((name, example) for example in rule.examples)
    for file in sorted(CASES.glob("*/*.tml")):
        yield file.parent.name, _read(file.name, file.read_text(encoding="utf-8"))


def _read(name: str, text: str) -> Example:
    title, kind, _ = name.rsplit(".", 2)
    title = title.replace("-", " ")
    match kind:
        case "fixed":
            before, after = text.split(AFTER)
            return Fixed(title, before, after)
        case "offered":
            before, after = text.split(AFTER)
            return Offered(title, before, after)
        case "untouched":
            return Untouched(title, text)
        case "reported":
            return Reported(title, text)
    raise ValueError(f"{name}: {kind} is none of fixed, offered, untouched, reported")


def run(code: str) -> tuple[AnalysisResult, str]:
    """Analyse an example with the prelude beside it; the result and what the example becomes."""
    path = _path(code)
    result = analyse({_PRELUDE: PRELUDE, path: code.encode()}, [1], settings=_SETTINGS)
    change = result.phases[0].changes.get(path)
    return result, change.after.decode() if change else code


def approve(code: str) -> tuple[FixPlan, str]:
    """The plan of an example, and what that becomes when all that is offered for review is made as well."""
    path = _path(code)
    plan = plan_fixes({_PRELUDE: PRELUDE, path: code.encode()}, settings=_SETTINGS)
    chosen = frozenset(finding.key for finding in plan.findings if finding.edits)
    return plan, plan.histories[path].text(chosen).decode() if path in plan.histories else code


def _path(code: str) -> str:
    return "tests/http/example.test.tml" if "@test" in code else "lib/demo/src/http/example.tml"
