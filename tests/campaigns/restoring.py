"""Whether tmlfix puts back the releases that were taken out of the tests of a tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from codemods.engine import analyse
from codemods.model.findings import AnalysisResult, Finding, Verdict
from codemods.model.phases import phase_of
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import (
    Assign,
    ControlFlowGraph,
    Declare,
    Exit,
    Role,
    Use,
    Variable,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.dataflow.flow_graph import BasicBlock
from codemods.semantics.catalogue import catalogue_files
from codemods.semantics.symbols import RELEASE_NAMES, Index, SourceFile, is_test_path
from tests.campaigns.stripping import Kind, Release, find_releases, strip
from tml_ast import TmlSyntaxError, nodes

Tree = Mapping[str, bytes]
"""The TML files of a tree, by their paths."""


class Need(StrEnum):
    """What happens where a release is missing, as the analysis of the stripped tree has it."""

    LEAKS = "leaks"
    """The value leaks on a path that the release was on, or nothing shows that it does not."""
    ELSEWHERE = "released elsewhere"
    """Another release of the value is on each of these paths."""
    COMPILER = "the compiler drops it"
    NOTHING = "owns nothing"
    """The release of the type frees nothing."""


class Fate(StrEnum):
    """What tmlfix makes of a missing release."""

    RESTORED = "restored"
    REPORTED = "reported"
    """A finding names the value and says why nothing is written."""
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one release that was taken out."""

    path: str
    phase: int
    function: str
    release: Release
    need: Need
    fate: Fate
    reason: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether something leaks that a maintainer had released."""
        return self.need is Need.LEAKS and self.fate is not Fate.RESTORED

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.path}:{self.release.line}: `{self.release.owner}` {self.fate} ({self.need}){reason}"


@dataclass(frozen=True, slots=True)
class Extra:
    """A release that is there only because others were taken out."""

    path: str
    phase: int
    function: str
    owner: str

    def __str__(self) -> str:
        return f"{self.path}: `{self.owner}` in {self.function}"


@dataclass(frozen=True, slots=True)
class Report:
    """How well the releases of a tree were put back."""

    outcomes: tuple[Outcome, ...]
    extras: tuple[Extra, ...]
    same_files: tuple[str, ...]
    """Stripped files that came back byte for byte as tmlfix leaves the file with its releases."""
    other_files: tuple[str, ...]
    """Those that did not."""
    changed_elsewhere: tuple[str, ...]
    """Files with nothing to strip that tmlfix fixes otherwise, because releases elsewhere are missing."""
    errors: tuple[str, ...]
    """Faults of tmlfix in the stripped tree only."""

    def of_phase(self, phase: int) -> Report:
        """The part of one phase."""

        def mine(paths: Iterable[str]) -> tuple[str, ...]:
            return tuple(path for path in paths if phase_number(path) == phase)

        return replace(
            self,
            outcomes=tuple(outcome for outcome in self.outcomes if outcome.phase == phase),
            extras=tuple(extra for extra in self.extras if extra.phase == phase),
            same_files=mine(self.same_files),
            other_files=mine(self.other_files),
            changed_elsewhere=mine(self.changed_elsewhere),
        )

    @property
    def needed(self) -> list[Outcome]:
        """Those without which something leaks."""
        return [outcome for outcome in self.outcomes if outcome.need is Need.LEAKS]

    @property
    def missed(self) -> list[Outcome]:
        """Needed ones that were not put back."""
        return [outcome for outcome in self.outcomes if outcome.is_missed]

    @property
    def share(self) -> float:
        """The share of the needed ones that were put back; 1 when none was needed."""
        return 1 - len(self.missed) / len(self.needed) if self.needed else 1.0

    def count(self, need: Need, fate: Fate | None = None) -> int:
        """How many had this need and fate."""
        return sum(outcome.need is need and fate in (None, outcome.fate) for outcome in self.outcomes)


def phase_number(path: str) -> int:
    """The phase that owns a file; 0 for none."""
    phase = phase_of(path)
    return phase.number if phase else 0


def strip_tests(
    files: Tree, kinds: Collection[Kind], *, part: float = 1.0, seed: int = 0
) -> tuple[dict[str, bytes], dict[str, tuple[Release, ...]]]:
    """The tree without (a part of) the releases in its tests, and what was taken out of which file."""
    result = dict(files)
    taken: dict[str, tuple[Release, ...]] = {}
    for path, source in sorted(files.items()):
        if not is_test_path(path) or phase_of(path) is None:
            continue
        try:
            stripped = strip(source, kinds, part=part, seed=f"{seed}:{path}")
        except TmlSyntaxError:
            continue
        if stripped.releases:
            result[path] = stripped.source
            taken[path] = stripped.releases
    return result, taken


def fixed(files: Tree, result: AnalysisResult) -> dict[str, bytes]:
    """The tree with all that an analysis of it changes."""
    changes = {path: change.after for phase in result.phases for path, change in phase.changes.items()}
    return {**files, **changes}


def fix(files: Tree, phases: Sequence[int] = (1, 2, 3, 4, 5)) -> AnalysisResult:
    """What tmlfix does to a tree."""
    return analyse(files, phases)


# -- one state of the tree ------------------------------------------------------------------------

_Exits = list[tuple[Exit | Assign, frozenset[bool]]]


class State:
    """The tests that were stripped, and the library, as they are in one state of the tree."""

    def __init__(self, files: Tree, paths: Collection[str]) -> None:
        parsed = []
        for path, source in files.items():
            if phase_of(path) is None or (is_test_path(path) and path not in paths):
                continue
            try:
                parsed.append(SourceFile.read(path, source))
            except TmlSyntaxError:
                continue
        known = {file.module for file in parsed}
        bundled = (file for file in catalogue_files() if file.module not in known)
        self.analysis = Analysis(Index([*parsed, *bundled]))
        self.functions: dict[tuple[str, str, int], ControlFlowGraph] = {}
        seen: Counter[tuple[str, str]] = Counter()
        for function in self.analysis.index.functions:
            path, name = function.file.path, function.qualified_name
            if path not in paths:
                continue
            graph = self.analysis.summaries.graph(function)
            if graph is not None:
                self.functions[path, name, seen[path, name]] = graph
            seen[path, name] += 1

    @cached_property
    def by_path(self) -> dict[str, list[tuple[str, str, int]]]:
        """The functions of each file."""
        found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for key in self.functions:
            found[key[0]].append(key)
        return found

    def enclosing(self, path: str, offset: int) -> tuple[str, str, int] | None:
        """The function around a place."""
        for key in self.by_path.get(path, []):
            node = self.functions[key].function.node
            if node.start <= offset < node.end:
                return key
        return None

    def variables(
        self, key: tuple[str, str, int]
    ) -> dict[tuple[str, int], tuple[ControlFlowGraph, Variable]]:
        """The variables of a function and its closures, by name and number among those of the name."""
        found: dict[tuple[str, int], tuple[ControlFlowGraph, Variable]] = {}
        seen: Counter[str] = Counter()
        if key in self.functions:
            each_flow = self.functions[key].with_closures()
            declared = [(graph, variable) for graph in each_flow for variable in graph.variables]
            for graph, variable in sorted(declared, key=lambda entry: entry[1].offset):
                found[variable.name, seen[variable.name]] = (graph, variable)
                seen[variable.name] += 1
        return found

    def releases(self, key: tuple[str, str, int]) -> Counter[str]:
        """What is released in a function, as it is written, and how often."""
        if key not in self.functions:
            return Counter()
        node = self.functions[key].function.node
        source = self.functions[key].function.file.source
        return Counter(
            release.owner
            for release in find_releases(source, tuple(Kind))
            if node.start <= release.offset < node.end
        )

    def exits(self, graph: ControlFlowGraph, variable: Variable) -> _Exits:
        """Where a value ends, by scope or by another value in its place, and whether it is released then.

        In source order; both where paths meet.
        """
        reaching: dict[int, frozenset[bool]] = {id(graph.entry): frozenset()}
        pending = [graph.entry]
        while pending:
            block = pending.pop()
            states = reaching[id(block)]
            for action in block.actions:
                states = self._after(graph, variable, action, states)
            for successor in block.successors:
                merged = reaching.get(id(successor), frozenset()) | states
                if merged != reaching.get(id(successor)):
                    reaching[id(successor)] = merged
                    pending.append(successor)
        found: _Exits = []
        for block in graph.blocks:
            states = reaching.get(id(block), frozenset())
            for action in block.actions:
                if isinstance(action, Exit | Assign) and _ends(action, variable) and states:
                    found.append((action, states))
                states = self._after(graph, variable, action, states)
        return sorted(found, key=lambda entry: entry[0].node.start)

    def _after(
        self, graph: ControlFlowGraph, variable: Variable, action: object, states: frozenset[bool]
    ) -> frozenset[bool]:
        if isinstance(action, Declare | Assign) and action.variable is variable:
            return frozenset((False,))
        if isinstance(action, Exit) and _ends(action, variable):
            return frozenset()
        if isinstance(action, Use) and action.variable is variable and states:
            return frozenset((True,)) if self._is_release(graph, action) else states
        return states

    def _is_release(self, graph: ControlFlowGraph, use: Use) -> bool:
        """Whether a use gives the value back: by its own release, or to a function that releases it."""
        site = use.site
        while site.role in (Role.CAST, Role.REFERENCED):
            further = graph.site_of(site.parent)
            if further is None:
                return False
            site = further
        if site.role is Role.RECEIVER and isinstance(site.parent, nodes.MethodCall):
            return site.parent.name in RELEASE_NAMES and not site.parent.arguments
        return site.role is Role.ARGUMENT and Effect.RELEASES in self.analysis.summaries.call_effects(site)

    def use_at(
        self, key: tuple[str, str, int], offset: int
    ) -> tuple[ControlFlowGraph, BasicBlock, int, Use] | None:
        """The use of a variable that stands at a place."""
        for graph in self.functions[key].with_closures():
            for block in graph.blocks:
                for position, action in enumerate(block.actions):
                    if isinstance(action, Use) and action.node.start == offset:
                        return graph, block, position, action
        return None

    def drops_whole(self, key: tuple[str, str, int], release: Release) -> bool:
        """Whether the compiler drops the variable that a field is released of, by its own Drop."""
        name = release.owner.partition(".")[0]
        return any(
            known.name == name
            and self.analysis.drops.kind(known.type) is DropKind.CALL
            and all(
                isinstance(end, Exit) and self.analysis.drops.covers(graph, known, end)
                for end, _ in self.exits(graph, known)
            )
            for graph, known in self.variables(key).values()
        )

    def need(self, graph: ControlFlowGraph, variable: Variable, at: Collection[int]) -> Need:
        """What happens where a variable is not released at its exits with these numbers."""
        exits = self.exits(graph, variable)
        concerned = [pair for number, pair in enumerate(exits) if number in at]
        if concerned and all(states == {True} for _, states in concerned):
            return Need.ELSEWHERE
        releases, drops = self.analysis.releases, self.analysis.drops
        covered = all(
            isinstance(exit_, Exit) and drops.covers(graph, variable, exit_)
            for exit_, states in concerned
            if states != {True}
        )
        kind = drops.kind(variable.type)
        if kind is not DropKind.NOTHING and covered and not releases.needs_release(variable.type):
            return Need.COMPILER
        frees_nothing = releases.release_of(variable.type) is not None and not releases.needs_release(
            variable.type
        )
        if frees_nothing and kind is DropKind.NOTHING:
            return Need.NOTHING
        return Need.LEAKS


def _ends(action: Exit | Assign, variable: Variable) -> bool:
    return variable in action.variables if isinstance(action, Exit) else action.variable is variable


def _covered(start: BasicBlock, position: int, variable: Variable) -> set[int]:
    """The identities of the ends of a variable's value that some path reaches after an action."""
    found: set[int] = set()
    pending, seen = [(start, position + 1)], {id(start)}
    while pending:
        block, first = pending.pop()
        for action in block.actions[first:]:
            if isinstance(action, Exit | Assign) and _ends(action, variable):
                found.add(id(action))
                break
        else:
            for successor in block.successors:
                if id(successor) not in seen:
                    seen.add(id(successor))
                    pending.append((successor, 0))
    return found


# -- the comparison -------------------------------------------------------------------------------


class Restoration:
    """A tree, the tree without its releases, and what tmlfix makes of either."""

    def __init__(
        self,
        original: Tree,
        stripped: Tree,
        taken: Mapping[str, Sequence[Release]],
        fixed_original: AnalysisResult,
        fixed_stripped: AnalysisResult,
    ) -> None:
        self.taken = taken
        self.unstripped_tree = fixed(original, fixed_original)
        self.restored_tree = fixed(stripped, fixed_stripped)
        self.findings: dict[str, list[Finding]] = defaultdict(list)
        for finding in fixed_stripped.findings:
            self.findings[finding.path].append(finding)
        known = {(error.path, error.message) for error in fixed_original.errors}
        self.errors = tuple(
            str(error) for error in fixed_stripped.errors if (error.path, error.message) not in known
        )
        self.original = State(original, taken)
        self.stripped = State(stripped, taken)
        self.unstripped = State(self.unstripped_tree, taken)
        self.restored = State(self.restored_tree, taken)

    def report(self) -> Report:
        """What was put back, what was not, and what is there besides."""
        same = [path for path in self.taken if self.restored_tree[path] == self.unstripped_tree[path]]
        return Report(
            tuple(self._outcomes()),
            tuple(self._extras()),
            tuple(same),
            tuple(path for path in self.taken if path not in same),
            tuple(
                path
                for path, source in self.restored_tree.items()
                if path not in self.taken and source != self.unstripped_tree[path]
            ),
            self.errors,
        )

    def _outcomes(self) -> Iterator[Outcome]:
        for path, releases in self.taken.items():
            for release in releases:
                yield self._outcome(path, release)

    def _outcome(self, path: str, release: Release) -> Outcome:
        key = self.original.enclosing(path, release.offset)
        name = key[1] if key else ""
        need, restored = self._by_variable(key, release) or self._by_text(key, release)
        if restored:
            return Outcome(path, phase_number(path), name, release, need, Fate.RESTORED)
        reports = [
            finding.message
            for finding in self.findings[path]
            if finding.function == name and finding.verdict is not Verdict.FIXABLE
            and f"`{release.owner.partition('.')[0]}`" in finding.message
        ]  # fmt: skip
        fate = Fate.REPORTED if reports else Fate.SILENT
        return Outcome(path, phase_number(path), name, release, need, fate, "; ".join(reports))

    def _by_variable(self, key: tuple[str, str, int] | None, release: Release) -> tuple[Need, bool] | None:
        """Judged by the paths that the variable is released on; None for what is no variable."""
        found = self.original.use_at(key, release.offset) if key else None
        if key is None or found is None or found[3].variable.name != release.owner:
            return None
        graph, block, position, use = found
        names = {id(variable): name for name, (_, variable) in self.original.variables(key).items()}
        name = names.get(id(use.variable))
        if name is None:
            return None
        exits = self.original.exits(graph, use.variable)
        covered = _covered(block, position, use.variable)
        at = [number for number, (action, _) in enumerate(exits) if id(action) in covered]
        bare = self.stripped.variables(key).get(name)
        now = self.restored.variables(key).get(name)
        if not at or bare is None or now is None:
            return None
        need = self.stripped.need(*bare, at)
        after = self.restored.exits(*now)
        if len(after) != len(exits):
            return need, bool(after) and all(states == {True} for _, states in after)
        return need, all(after[number][1] >= exits[number][1] - {False} for number in at) and all(
            after[number][1] == {True} for number in at if exits[number][1] == {True}
        )

    def _by_text(self, key: tuple[str, str, int] | None, release: Release) -> tuple[Need, bool]:
        """Judged by how often the same thing is released in the function."""
        if key is None:
            return Need.LEAKS, False
        before, after = (state.releases(key)[release.owner] for state in (self.original, self.restored))
        need = Need.COMPILER if self.stripped.drops_whole(key, release) else Need.LEAKS
        return need, after >= before

    def _extras(self) -> Iterator[Extra]:
        """What is released in the restored tree, and neither in the original nor where that is fixed."""
        for key in self.restored.functions:
            before = self.unstripped.variables(key)
            named = set()
            for name, (graph, variable) in self.restored.variables(key).items():
                named.add(variable.name)
                released = self._released(self.restored, graph, variable)
                known = self._released(self.unstripped, *before[name]) if name in before else []
                if len(released) == len(known):
                    extra = any(now and not then for now, then in zip(released, known, strict=True))
                else:
                    extra = any(released) and not any(known)
                if extra:
                    yield Extra(key[0], phase_number(key[0]), key[1], variable.name)
            more = self.restored.releases(key) - self.unstripped.releases(key)
            for owner in more:
                if owner not in named:
                    yield Extra(key[0], phase_number(key[0]), key[1], owner)

    def _released(self, state: State, graph: ControlFlowGraph, variable: Variable) -> list[bool]:
        return [True in states for _, states in state.exits(graph, variable)]
