"""Change who owns what in real code, and see whether tmlfix follows.

    python -m tests.campaigns.mutate_ownership TREE

Only files without a finding are changed, one place in each, and each change says what must come of it: a
release that is taken out and needed comes back; one that is written twice is found where it may be made only
once; another name, another function or an `#if` with the same code in both branches change nothing.
With ``--write`` each changed file is also written as a folder with the file as it was, changed, and fixed.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from codemods.engine import analyse, facts
from codemods.files.workspace import read_tree
from codemods.model.findings import MISUSES, AnalysisResult, Finding, Verdict
from codemods.model.phases import PHASES, phase_of
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable, VariableKind
from codemods.ownership.compiler.drops import DropKind
from codemods.semantics.module_paths import is_test_path
from tml_ast import TmlSyntaxError, nodes, parse
from tml_ast.edit import line_start

Files = Mapping[str, bytes]
NUMBERS = [phase.number for phase in PHASES]


class Expected(StrEnum):
    """What must come of a mutant."""

    RESTORED = "a fix"
    """A leak is found and fixed."""
    RESTORED_OR_DROPPED = "a fix, or the compiler drops it"
    MISUSE = "a misuse"
    """Found, and nothing else is written than the code as it was."""
    SAME = "nothing"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file with one change."""

    kind: str
    path: str
    function: str
    source: bytes
    expected: Expected


@dataclass(frozen=True, slots=True)
class Judged:
    """What tmlfix made of a mutant, and whether that was expected."""

    mutant: Mutant
    what: str
    is_expected: bool


# -- mutations ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A release that is a statement on lines of its own, of a local variable."""

    analysis: Analysis
    graph: ControlFlowGraph
    variable: Variable
    statement: nodes.ExpressionStatement
    source: bytes

    @property
    def lines(self) -> tuple[int, int]:
        """The span of its lines."""
        start = line_start(self.source, self.statement.start)
        return start, self.source.index(b"\n", self.statement.end) + 1

    @property
    def text(self) -> bytes:
        """Its lines."""
        start, end = self.lines
        return self.source[start:end]

    @property
    def is_once(self) -> bool:
        """Whether a second release would free something twice."""
        assert self.variable.type is not None
        return not self.analysis.releases.is_idempotent(self.variable.type)

    @property
    def is_dropped(self) -> bool:
        """Whether the compiler releases such values by itself."""
        assert self.variable.type is not None
        return self.analysis.drops.kind(self.variable.type) is not DropKind.NOTHING


def places(analysis: Analysis, path: str, source: bytes) -> Iterator[Place]:
    """The releases in the functions of a file."""
    file = analysis.index.files[path]
    parents = {
        id(node.expression): node for node in file.tree.walk() if isinstance(node, nodes.ExpressionStatement)
    }
    for function in analysis.index.functions_in(file):
        graph = analysis.summaries.graph(function)
        for use in graph.all_uses if graph is not None else ():
            assert graph is not None
            statement = parents.get(id(use.site.parent))
            if statement is None or not _is_release(analysis, use):
                continue
            start, end = line_start(source, statement.start), source.find(b"\n", statement.end)
            if (
                end >= 0
                and not source[start : statement.start].strip()
                and not source[statement.end : end].strip()
            ):
                yield Place(analysis, graph, use.variable, statement, source)


def _is_release(analysis: Analysis, use: Use) -> bool:
    is_local = use.variable.kind in (VariableKind.LET, VariableKind.VAR) and use.variable.type is not None
    release = analysis.releases.release_of(use.variable.type) if is_local else None
    return release is not None and use.site.role is Role.RECEIVER and use.site.callee is release


def delete(place: Place) -> tuple[bytes, Expected]:
    """Without the release."""
    start, end = place.lines
    expected = Expected.RESTORED_OR_DROPPED if place.is_dropped else Expected.RESTORED
    return place.source[:start] + place.source[end:], expected


def duplicate(place: Place) -> tuple[bytes, Expected]:
    """The release twice."""
    _, end = place.lines
    changed = place.source[:end] + place.text + place.source[end:]
    return changed, Expected.MISUSE if place.is_once else Expected.SAME


def wrap(place: Place) -> tuple[bytes, Expected]:
    """The release in both branches of an `#if`."""
    start, end = place.lines
    text = b"#if QUIET\n" + place.text + b"#else\n" + place.text + b"#endif\n"
    return place.source[:start] + text + place.source[end:], Expected.SAME


def wrap_in_one(place: Place) -> tuple[bytes, Expected]:
    """The release in one variant only."""
    start, end = place.lines
    text = b"#if QUIET\n" + place.text + b"#endif\n"
    expected = Expected.RESTORED_OR_DROPPED if place.is_dropped else Expected.RESTORED
    return place.source[:start] + text + place.source[end:], expected


def alias(place: Place) -> tuple[bytes, Expected] | None:
    """The release by another name of the value; what the compiler drops would be dropped by both."""
    if place.is_dropped:
        return None
    start, _ = place.lines
    name = place.variable.name
    indentation = place.source[start : place.statement.start]
    other = f"other_{name}".encode()
    text = indentation + b"let " + other + b" = " + name.encode() + b"\n" + indentation + other
    rest = place.statement.start + len(name)
    return place.source[:start] + text + place.source[rest:], Expected.SAME


def outline(place: Place) -> tuple[bytes, Expected] | None:
    """The release in a function of its own, which is given the value."""
    type_ = place.variable.type
    assert type_ is not None
    if type_.arguments or b"func end_it(" in place.source or type_.bare.encode() not in place.source:
        return None
    release = place.analysis.releases.release_of(type_)
    assert release is not None
    start, end = place.lines
    indentation = place.source[start : place.statement.start]
    call = indentation + b"end_it(" + place.variable.name.encode() + b")\n"
    function = f"\nfunc end_it(ended: {type_.bare}) {{\n    {release.statement_on('ended')}\n}}\n".encode()
    return place.source[:start] + call + place.source[end:] + function, Expected.SAME


def move_over_branch(place: Place) -> tuple[bytes, Expected] | None:
    """The release in front of the `if` before it."""
    start, end = place.lines
    for node in place.graph.nodes_of(nodes.Block):
        statements = node.statements
        if place.statement not in statements or statements.index(place.statement) == 0:
            continue
        before = statements[statements.index(place.statement) - 1]
        if not isinstance(before, nodes.ExpressionStatement) or not isinstance(before.expression, nodes.If):
            return None
        uses = [use for use in place.graph.uses_in(before) if use.variable is place.variable]
        if any(isinstance(inner, nodes.Return | nodes.Break | nodes.Continue) for inner in before.walk()):
            return None
        first = line_start(place.source, before.start)
        changed = place.source[:first] + place.text + place.source[first:start] + place.source[end:]
        return changed, Expected.MISUSE if uses else Expected.SAME
    return None


MUTATIONS = (delete, duplicate, wrap, wrap_in_one, alias, outline, move_over_branch)


def mutants(files: Files, paths: Sequence[str], chance: random.Random) -> Iterator[Mutant]:
    """One mutant of each file that has a release."""
    for path in paths:
        try:
            analysis = facts(files, path)
        except TmlSyntaxError:
            continue
        found = list(places(analysis, path, files[path]))
        if b"#if" in files[path] or not found:
            continue
        for mutation in chance.sample(MUTATIONS, len(MUTATIONS)):
            place = chance.choice(found)
            changed = mutation(place)
            if changed is not None and _parses(changed[0]):
                function = place.graph.function.qualified_name
                yield Mutant(mutation.__name__, path, function, *changed)
                break


def _parses(source: bytes) -> bool:
    try:
        parse(source)
    except TmlSyntaxError:
        return False
    return True


# -- verdicts -------------------------------------------------------------------------------------


def judge(files: Files, mutant: Mutant, result: AnalysisResult) -> Judged:
    """Whether tmlfix follows."""
    found = [finding for finding in result.findings if finding.path == mutant.path]
    after = _after(result, mutant)
    errors = [error.message for error in result.errors if error.path == mutant.path]
    if errors:
        return Judged(mutant, f"fault: {errors[0]}", is_expected=False)
    misuses = [finding for finding in found if finding.rule in MISUSES]
    fixes = [
        finding for finding in found if finding.verdict is Verdict.FIXABLE and finding.rule not in MISUSES
    ]
    others = [finding for finding in found if finding not in misuses and finding not in fixes]
    match mutant.expected:
        case Expected.RESTORED | Expected.RESTORED_OR_DROPPED:
            if after == files[mutant.path]:
                return Judged(mutant, "restored to the byte", is_expected=True)
            if fixes and not misuses:
                return Judged(mutant, "fixed otherwise", is_expected=True)
            is_expected = not found and mutant.expected is Expected.RESTORED_OR_DROPPED
            return Judged(mutant, _said(found) or "nothing", is_expected=is_expected)
        case Expected.MISUSE:
            is_right = bool(misuses) and after in (mutant.source, files[mutant.path])
            return Judged(mutant, _said(found) or "nothing", is_expected=is_right)
        case Expected.SAME:
            return Judged(mutant, _said(found) or "nothing", is_expected=not (misuses or fixes or others))


def _after(result: AnalysisResult, mutant: Mutant) -> bytes:
    changes = [phase.changes[mutant.path].after for phase in result.phases if mutant.path in phase.changes]
    return changes[-1] if changes else mutant.source


def _said(findings: Sequence[Finding]) -> str:
    counts = Counter(f"{finding.rule} {finding.verdict.value}" for finding in findings)
    return ", ".join(f"{count} x {what}" if count > 1 else what for what, count in sorted(counts.items()))


def run(files: Files, *, count: int, seed: int, write: Path | None = None) -> list[Judged]:
    """Change ``count`` of the tests of a tree that have no finding, all in one tree, and judge each."""
    chance = random.Random(seed)
    clean = analyse(files, NUMBERS, includes=is_test_path)
    spoken_of = {finding.path for finding in clean.findings} | {error.path for error in clean.errors}
    paths = [
        path for path in sorted(files) if is_test_path(path) and phase_of(path) and path not in spoken_of
    ]
    chance.shuffle(paths)
    chosen: list[Mutant] = []
    for mutant in mutants(files, paths, chance):
        chosen.append(mutant)
        if len(chosen) == count:
            break
    changed = {mutant.path: mutant.source for mutant in chosen}
    result = analyse({**files, **changed}, NUMBERS, includes=changed.__contains__)
    if write is not None:
        for number, mutant in enumerate(chosen, 1):
            _write(write / f"{number:03}-{mutant.kind}", files, mutant, _after(result, mutant))
    return [judge(files, mutant, result) for mutant in chosen]


def _write(folder: Path, files: Files, mutant: Mutant, after: bytes) -> None:
    for state, source in (("original", files[mutant.path]), ("mutant", mutant.source), ("fixed", after)):
        path = folder / state / mutant.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source)


def table(verdicts: Sequence[Judged]) -> str:
    """For each kind of mutation how many were tried, and what came of them."""
    lines = []
    for mutation in MUTATIONS:
        of_kind = [verdict for verdict in verdicts if verdict.mutant.kind == mutation.__name__]
        right = sum(verdict.is_expected for verdict in of_kind)
        lines.append(f"{mutation.__name__:18} {len(of_kind):>5} tried {right:>5} as expected")
        for what, count in sorted(
            Counter(verdict.what for verdict in of_kind if verdict.is_expected).items()
        ):
            lines.append(f"    {count:>4} {what}")
    return "\n".join(lines)


def main() -> int:
    """Run the command; 1 if something else came of a mutant than was expected."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, help="a checkout of the library with its tests")
    parser.add_argument("--count", type=int, default=300, help="how many files are changed (300)")
    parser.add_argument("--seed", type=int, default=1, help="which (1)")
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="write each file as it was, changed and fixed"
    )
    options = parser.parse_args()
    verdicts = run(read_tree(options.tree).files, count=options.count, seed=options.seed, write=options.write)
    print(table(verdicts))
    others = [verdict for verdict in verdicts if not verdict.is_expected]
    for verdict in others:
        mutant = verdict.mutant
        print(
            f"{mutant.path}: {mutant.kind} in {mutant.function}: {verdict.what} instead of {mutant.expected}"
        )
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main())
