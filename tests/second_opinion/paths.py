"""Runs a program on its paths, and says for each what was done to the values on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.second_opinion.compiler import FunctionCompiler
from tests.second_opinion.heap import Block, Fault
from tests.second_opinion.machine import Machine
from tests.second_opinion.mended import SHARED_NAMES
from tests.second_opinion.program import Program


@dataclass(frozen=True, slots=True)
class Run:
    """What happened on one path: the answers that led there, the calls, the faults and the leaks."""

    answers: tuple[int, ...]
    trace: tuple[tuple[Any, ...], ...]
    faults: tuple[Fault, ...]
    leaks: tuple[Block, ...]
    result: Any


def names_given_away_in_methods(program: Program) -> frozenset[str]:
    """Every name that some method gives away; methods may inherit them from each other."""
    given: set[str] = set()
    if SHARED_NAMES in program.mended:
        return frozenset()
    for declaration in program.methods.values():
        if declaration.node.body is not None:
            compiler = FunctionCompiler(Machine(program, frozenset()), declaration)
            compiler.compile()
            given |= compiler.notes.given_away
    return frozenset(given)


def run(machine: Machine, entry: str, choose: Callable[[int], int]) -> Run:
    """Run a function without parameters, asking ``choose`` for every answer."""
    answers: list[int] = []

    def asked(count: int) -> int:
        answers.append(choose(count))
        return answers[-1]

    machine.start(asked)
    result = machine.call(machine.program.functions[entry], [])
    heap = machine.heap
    return Run(tuple(answers), tuple(machine.trace), tuple(heap.faults), tuple(heap.leaks()), result)


def paths(machine: Machine, entry: str, limit: int = 64) -> Iterator[Run]:
    """Run a function on each of its paths, at most ``limit``, depth first."""
    pending: list[tuple[int, ...]] = [()]
    while pending and limit:
        limit -= 1
        prefix = pending.pop()
        counts: list[int] = []

        def choose(count: int, prefix: tuple[int, ...] = prefix, counts: list[int] = counts) -> int:
            counts.append(count)
            return prefix[len(counts) - 1] if len(counts) <= len(prefix) else 0

        this_run = run(machine, entry, choose)
        yield this_run
        for position in range(len(counts) - 1, len(prefix) - 1, -1):
            for answer in range(1, counts[position]):
                pending.append((*this_run.answers[:position], answer))
