"""What tmlfix says of functions that leak nothing on any path: it must not say anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from codemods.model.findings import Finding
from tests.campaigns.variations import Files
from tests.second_opinion.heap import Place
from tests.second_opinion.machine import Machine
from tests.second_opinion.paths import names_given_away_in_methods, paths
from tests.second_opinion.program import Declaration, Program
from tml_ast import nodes

ABOUT_STYLE = frozenset({"named-release"})
"""Rules that speak of what does not leak, but is to be written out."""


class _Recorded(list[Place]):
    """The calls that are open, and every place that was the innermost of them."""

    def __init__(self) -> None:
        super().__init__()
        self.reached: set[tuple[str, int]] = set()

    def __setitem__(self, index: Any, place: Any) -> None:
        self.reached.add((place.path, place.line))
        super().__setitem__(index, place)


def said_without_reason(
    files: Files, findings: Iterable[Finding], entry: str, limit: int = 64
) -> Iterator[str]:
    """The findings in functions that run through all of their lines, and never leave anything behind.

    What is made by a function that such a one calls counts for both.
    """
    program = Program(files)
    reached: set[tuple[str, int]] = set()
    leaking: set[str] = set()
    for names in (frozenset[str](), names_given_away_in_methods(program)):
        machine = Machine(program, frozenset(), names)
        machine.heap.places = recorded = _Recorded()
        count = 0
        for run in paths(machine, entry, limit):
            count += 1
            if run.faults:
                return
            leaking.update(place.function for block in run.leaks for place in block.made_at)
        if count >= limit:
            return
        reached |= recorded.reached
    declarations = {declaration.name: declaration for declaration in program.declarations()}
    for finding in findings:
        declaration = declarations.get(finding.function)
        if (
            finding.rule in ABOUT_STYLE
            or declaration is None
            or finding.function in leaking
            or finding.path != declaration.path
        ):
            continue
        if all((declaration.path, line) in reached for line in _lines(declaration)):
            yield (
                f"{finding.path}:{finding.line}: {finding.rule} {finding.verdict} in {finding.function}, "
                f"which leaks nothing: {finding.message}"
            )


def _lines(declaration: Declaration) -> Iterator[int]:
    """The lines of a function's statements."""
    for node in declaration.node.walk():
        if isinstance(node, nodes.Statement):
            yield declaration.line(node.start)
