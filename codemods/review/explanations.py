"""Why a line has a finding, or has none: the values on it, and the findings that concern it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from codemods.files.diffs import diff_lines
from codemods.fixes.naming import exit_offset, listed
from codemods.model.findings import Change, Finding
from codemods.model.fix_plan import FixPlan
from codemods.model.settings import Settings
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import Assign, ControlFlowGraph, Exit, Variable
from codemods.ownership.compiler.drops import DropKind
from codemods.review.explained_values import ExplainedValue, ValueExplainer
from codemods.review.value_facts import Ownership
from codemods.review.value_statements import NOTHING_IS_INSERTED
from codemods.rules import RULES
from codemods.semantics.symbols import FunctionInfo, SourceFile
from tml_ast import nodes, position
from tml_ast.edit import SourceEdit, apply

NEAREST = 3
"""How many findings of other lines are named where a line has none."""


@dataclass(frozen=True, slots=True)
class ExplainedFinding:
    """A finding with the reason for its rule, and the change that its fix makes alone."""

    finding: Finding
    reason: str
    diff: tuple[str, ...]
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known about one line of a file."""

    path: str
    line: int
    column: int | None
    source: str
    """The line itself, without its end."""
    line_start: int
    function: str | None
    values: tuple[ExplainedValue, ...]
    findings: tuple[ExplainedFinding, ...]
    notes: tuple[str, ...]


def explain_line(
    analysis: Analysis,
    file: SourceFile,
    plan: FixPlan | None,
    line: int,
    column: int | None = None,
    settings: Settings | None = None,
) -> Explanation:
    """Explain an existing line of the file; with ``column`` only the value at that column, if there is one.

    ``analysis`` and ``plan`` are of the tree as it is; without ``plan`` nothing is said about findings.
    """
    return _LineExplainer(analysis, file, plan, line, column, settings or Settings()).explain()


class _LineExplainer:
    def __init__(
        self,
        analysis: Analysis,
        file: SourceFile,
        plan: FixPlan | None,
        line: int,
        column: int | None,
        settings: Settings,
    ) -> None:
        self.analysis = analysis
        self.file = file
        self.line = line
        self.column = column
        self.settings = settings
        self.plan = plan
        lines = file.source.split(b"\n")
        self.start = sum(len(before) + 1 for before in lines[: line - 1])
        self.end = self.start + len(lines[line - 1])
        self.text = lines[line - 1].decode("utf-8", "surrogateescape").removesuffix("\r")
        self.suppressed = frozenset(plan.suppressed if plan is not None else ())
        self.findings = [*plan.findings, *plan.suppressed] if plan is not None else []
        """All findings of the tree."""
        self.found = [finding for finding in self.findings if finding.path == file.path]

    def explain(self) -> Explanation:
        functions = [
            function for function in self.analysis.index.functions_in(self.file) if self._meets(function.node)
        ]
        values = [value for function in functions for value in self._values(function)]
        values = self._at_column(_once(values))
        places = {self._position(offset) for value in values for offset in value.places}
        concerned = [finding for finding in self.found if self._concerns(finding, places)]
        concerned += [finding for finding in self._causes(values) if finding not in concerned]
        values = [self._judged(value, concerned) for value in values]
        return Explanation(
            path=self.file.path,
            line=self.line,
            column=self.column,
            source=self.text,
            line_start=self.start,
            function=functions[-1].qualified_name if functions else None,
            values=tuple(values),
            findings=tuple(map(self._explained, concerned)),
            notes=tuple(self._notes(functions, values, bool(concerned))),
        )

    # -- values -------------------------------------------------------------------------------

    def _values(self, function: FunctionInfo) -> Iterator[ExplainedValue]:
        graph = self.analysis.summaries.graph(function)
        if graph is None:
            return
        for closure in graph.with_closures():
            explainer = ValueExplainer(self.analysis, closure)
            for variable in closure.variables:
                explained = self._variable(explainer, closure, variable)
                if explained is not None:
                    yield explained
            for value in explainer.temporaries():
                start = value.offset if self._is_here(value.offset) else min(value.places)
                if self._is_here(start):
                    length = value.offset + value.length - start
                    yield self._cut(replace(value, offset=start, length=length))

    def _variable(
        self, explainer: ValueExplainer, graph: ControlFlowGraph, variable: Variable
    ) -> ExplainedValue | None:
        here = [use for use in graph.uses(variable) if self._is_here(use.node.start)]
        length = len(variable.name.encode("utf-8", "surrogateescape"))
        replaced = [
            action.node.start
            for action in graph.actions()
            if isinstance(action, Assign) and action.variable is variable and self._is_here(action.node.start)
        ]
        if self._is_here(variable.offset):
            return explainer.variable(variable, variable.offset, length, here)
        if replaced or here:
            first = min([*replaced, *(use.node.start for use in here)])
            return explainer.variable(variable, first, length, here)
        ending = next(self._exits_here(graph, variable), None)
        if ending is None or not self._may_end_owned(variable):
            return None
        offset = exit_offset(ending)
        start = ending.node.start if self._is_here(ending.node.start) else offset
        value = explainer.variable(variable, start, max(self.end - start, 1), ())
        return None if value.ownership is Ownership.NOTHING else self._cut(value)

    def _exits_here(self, graph: ControlFlowGraph, variable: Variable) -> Iterator[Exit]:
        """The exits on the line that end the scope of a variable."""
        actions = (action for block in graph.reachable for action in block.actions)
        for exit_ in actions:
            if not isinstance(exit_, Exit) or variable not in exit_.variables:
                continue
            starts = not isinstance(exit_.node, nodes.Block | nodes.Arm)
            if self._is_here(exit_offset(exit_)) or (starts and self._is_here(exit_.node.start)):
                yield exit_

    def _may_end_owned(self, variable: Variable) -> bool:
        drops, releases = self.analysis.drops, self.analysis.releases
        return drops.kind(variable.type) is not DropKind.NOTHING or releases.needs_release(variable.type)

    def _cut(self, value: ExplainedValue) -> ExplainedValue:
        """The value with no more than its code on this line."""
        shown = self.file.source[value.offset : min(value.offset + value.length, self.end)].rstrip()
        return replace(value, length=max(len(shown), 1))

    def _at_column(self, values: Sequence[ExplainedValue]) -> list[ExplainedValue]:
        if self.column is None:
            return list(values)
        before = self.text[: self.column - 1].encode("utf-8", "surrogateescape")
        offset = self.start + len(before)
        there = [value for value in values if value.offset <= offset < value.offset + value.length]
        return [min(there, key=lambda value: value.length)] if there else list(values)

    def _judged(self, value: ExplainedValue, findings: Iterable[Finding]) -> ExplainedValue:
        """The value with the rules of its findings. What the findings contradict is left out."""
        places = {self._position(offset) for offset in value.places}
        found = [finding for finding in findings if (finding.line, finding.column) in places]
        if not found or value.ownership is Ownership.LEAKS:
            return value
        statements = tuple(
            statement for statement in value.statements if not statement.text.startswith(NOTHING_IS_INSERTED)
        )
        return replace(
            value, statements=statements, rules=tuple(dict.fromkeys(finding.rule for finding in found))
        )

    # -- findings -----------------------------------------------------------------------------

    def _concerns(self, finding: Finding, places: set[tuple[int, int]]) -> bool:
        """Whether a finding is on the line, changes it, or is about a value on it."""
        if finding.line == self.line or (finding.line, finding.column) in places:
            return True
        return any(self._is_here(edit.start) for edit in finding.edits)

    def _causes(self, values: Iterable[ExplainedValue]) -> Iterator[Finding]:
        """The findings of functions by whose declaration a value is lost, in whatever file."""
        for function in dict.fromkeys(cause for value in values for cause in value.causes):
            source = function.file.source
            place = (function.file.path, *position(source, function.node.name_token.start))
            for finding in self.findings:
                if (finding.path, finding.line, finding.column) == place:
                    yield finding

    def _explained(self, finding: Finding) -> ExplainedFinding:
        edits = [
            SourceEdit(edit.start, edit.end, edit.text.encode("utf-8", "surrogateescape"))
            for edit in finding.edits
        ]
        source = self.analysis.index.files[finding.path].source
        change = Change(source, apply(source, edits))
        rule = RULES.get(finding.rule)
        diff = tuple(diff_lines(finding.path, change))[2:]
        reason = rule.reason if rule is not None else ""
        return ExplainedFinding(finding, reason, diff, suppressed=finding in self.suppressed)

    # -- notes --------------------------------------------------------------------------------

    def _notes(
        self, functions: Sequence[FunctionInfo], values: Sequence[ExplainedValue], found: bool
    ) -> Iterator[str]:
        if self.plan is None:
            yield "the search for findings is not done yet"
        if not functions:
            yield "this line is in no function"
        elif not values:
            yield "no value on this line could own anything"
        if not self.settings.covers(self.file.path):
            yield "the configuration leaves this file out, so it gets no findings"
        off = sorted(rule for rule in RULES if not self.settings.applies(rule, self.file.path))
        if off:
            yield f"the configuration turns off {listed(off)} here"
        if self.plan is not None and not found:
            yield from self._nearest(functions)

    def _nearest(self, functions: Sequence[FunctionInfo]) -> Iterator[str]:
        """The findings of the function, or else of the file, that are nearest to the line."""
        names = {function.qualified_name for function in functions}
        inside = [finding for finding in self.found if finding.function in names]
        where = f"`{functions[-1].qualified_name}`" if inside else "this file"
        chosen = inside or self.found
        nearest = sorted(chosen, key=lambda finding: abs(finding.line - self.line))[:NEAREST]
        if not chosen:
            yield "there is no finding in this file"
            return
        shown = dict.fromkeys(f"line {finding.line} ({finding.rule})" for finding in nearest)
        yield f"the nearest findings of {where}: {', '.join(shown)}"

    # -- places -------------------------------------------------------------------------------

    def _is_here(self, offset: int) -> bool:
        return self.start <= offset <= self.end

    def _meets(self, node: nodes.Node) -> bool:
        return node.start <= self.end and self.start <= node.end

    def _position(self, offset: int) -> tuple[int, int]:
        return position(self.file.source, offset)


def _once(values: Iterable[ExplainedValue]) -> list[ExplainedValue]:
    """The values in the order of the line, leaks first, without duplicates."""
    known = {(value.offset, value.length, value.name, value.ownership): value for value in values}
    order = list(Ownership)
    return sorted(
        known.values(), key=lambda value: (value.offset, value.length, order.index(value.ownership))
    )
