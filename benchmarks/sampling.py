"""Run tmlfix and sample where its time goes: ``python -m benchmarks.sampling FILE ARGUMENT...``.

tmlfix has no hooks for this. A timer interrupts it, and the time since the last interruption is added to the
stage of the innermost function that belongs to one. The sums are written to FILE.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

INTERVAL = 0.005
IMPORTING = "importing modules"
STAGES = {
    "tml_ast.grammar": "reading the grammar",
    "tml_ast.lexer": "parsing",
    "tml_ast.parser": "parsing",
    "tml_ast.engine": "parsing",
    "tml_ast.lookahead": "parsing",
    "tml_ast.precedence": "parsing",
    "tml_ast.edit": "applying and checking fixes",
    "codemods.semantics.catalogue": "facts: catalogue",
    "codemods.semantics.symbols": "facts: declarations",
    "codemods.ownership.dependent_tests": "facts: the tests that use a library",
    "codemods.rules": "rules, without facts",
    "codemods.fixes": "rules, without facts",
    "codemods.semantic_patches": "rules, without facts",
    "codemods.engine.schedule": "applying and checking fixes",
    "codemods.engine.suppressions": "applying and checking fixes",
    "codemods.files.workspace": "reading files",
    "codemods.app.sources": "reading files",
    "codemods.files.safe_open": "reading files",
    "codemods.app.configuration": "reading files",
    "codemods.files.diffs": "output",
    "codemods.reports": "output",
    "codemods.checks": "output",
    "codemods.cli": "output",
    "codemods.app": "output",
}
"""The stages by the modules that they are made of, or by packages of modules.

The modules of ownership and all others of codemods are stages of their own. What is left, nodes and visitors
say, serves whoever calls it.
"""
OWNERSHIP = "codemods.ownership."
RULES = "codemods.rules."


class Sampler:
    """Sums of seconds, by stage and by rule."""

    def __init__(self) -> None:
        self.stages: defaultdict[str, float] = defaultdict(float)
        self.rules: defaultdict[str, float] = defaultdict(float)
        self._last = time.perf_counter()

    def start(self) -> None:
        """Start sampling."""
        signal.signal(signal.SIGPROF, lambda _signal, frame: self.look(frame))
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)

    def stop(self) -> None:
        """Stop sampling."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def look(self, frame: FrameType | None) -> None:
        """Add the time since the last sample to the stage and the rule that run now."""
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        modules = []
        while frame is not None:
            modules.append(str(frame.f_globals.get("__name__")))
            frame = frame.f_back
        self.stages[stage_of(modules)] += seconds
        rule = rule_of(modules)
        if rule is not None:
            self.rules[rule] += seconds


def stage_of(modules: list[str]) -> str:
    """The stage that the modules on the stack, the innermost first, are at."""
    if any(module.startswith("importlib._bootstrap") for module in modules):
        return IMPORTING
    for module in modules:
        package = ".".join(module.split(".")[:2])
        stage = STAGES.get(module) or STAGES.get(package)
        if stage is not None:
            return stage
        if module.startswith(OWNERSHIP):
            return f"facts: {module.removeprefix(OWNERSHIP)}"
        if package.startswith("codemods."):
            return package
    return "the rest"


def rule_of(modules: list[str]) -> str | None:
    """The rule that is at work: the outermost module of rules that is one."""
    known = getattr(sys.modules.get("codemods.rules"), "RULES", {})
    for module in reversed(modules):
        if module.startswith(RULES):
            name = module.rpartition(".")[2].replace("_", "-")
            if name in known:
                return name
    return None


def main() -> int:
    """Run the command line, and write where its time went."""
    target, *arguments = sys.argv[1:]
    sampler = Sampler()
    sampler.start()
    try:
        from codemods.cli import main as tmlfix

        return tmlfix(arguments)
    finally:
        sampler.stop()
        Path(target).write_text(json.dumps({"stages": sampler.stages, "rules": sampler.rules}))


if __name__ == "__main__":
    sys.exit(main())
