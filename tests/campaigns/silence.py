"""What tmlfix says of functions that leak nothing on any path: it must not say anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from codemods.model.findings import Finding
from tests.campaigns.variations import Files
from tests.second_opinion.heap import Place
from tests.second_opinion.machine import Machine
from tests.second_opinion.paths import names_given_away_in_methods, paths
from tests.second_opinion.preprocessing import variants_of
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

    That must be so in each variant of a program with `#if`. What is made by a function that such a one calls
    counts for both.
    """
    known: set[tuple[str, str]] = set()
    spared: set[tuple[str, str]] = set()
    """Functions that leak or do not run through all of their lines, by file and name."""
    for variant in variants_of(files):
        program = Program(variant)
        judged = _judged(program, entry, limit)
        if judged is None:
            return
        reached, leaking = judged
        lines: defaultdict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
        for declaration in program.declarations():
            lines[declaration.path, declaration.name].update(_lines(declaration))
        known |= lines.keys()
        spared |= {
            (path, name) for (path, name), its in lines.items() if name in leaking or not its <= reached
        }
    for finding in findings:
        function = (finding.path, finding.function)
        if finding.rule not in ABOUT_STYLE and function in known - spared:
            yield (
                f"{finding.path}:{finding.line}: {finding.rule} {finding.verdict} in {finding.function}, "
                f"which leaks nothing: {finding.message}"
            )


def _judged(program: Program, entry: str, limit: int) -> tuple[set[tuple[str, int]], set[str]] | None:
    """The lines that run and the functions that leak; None for too many paths, or a fault on one."""
    reached: set[tuple[str, int]] = set()
    leaking: set[str] = set()
    for names in (frozenset[str](), names_given_away_in_methods(program)):
        machine = Machine(program, frozenset(), names)
        machine.heap.places = recorded = _Recorded()
        count = 0
        for run in paths(machine, entry, limit):
            count += 1
            if run.faults:
                return None
            leaking.update(place.function for block in run.leaks for place in block.made_at)
        if count >= limit:
            return None
        reached |= recorded.reached
    return reached, leaking


def _lines(declaration: Declaration) -> Iterator[tuple[str, int]]:
    """The lines of a function's statements."""
    for node in declaration.node.walk():
        if isinstance(node, nodes.Statement):
            yield declaration.path, declaration.line(node.start)
