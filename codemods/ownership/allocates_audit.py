"""Names that ``@allocates`` would reserve: whether a function's bare name is free for it.

The compiler puts the bare name into one set for the whole program, without type or module. It then frees
every string that a let binds to a call of such a name at the end of the block, and in tests also every
temporary of such a call at the end of its statement. So all functions of the name must make what they
return, and nothing else may keep it.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass
from functools import cached_property

from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.dependent_tests import DependentTests
from codemods.ownership.string_drops import bound_variable, drop_hazard, held_at
from codemods.ownership.sums import makes_only_sums
from codemods.semantics.symbols import FunctionInfo, SourceFile
from tml_ast import nodes

_LOSING = frozenset((Role.BOUND, Role.ARGUMENT, Role.RECEIVER, Role.OPERAND, Role.DISCARDED))


def unannotated_makers(analysis: Analysis) -> dict[str, list[FunctionInfo]]:
    """The functions that make the string they return and do not say so, by their name.

    They are those of the library, or those of a test beside it. There a mark of a method has no effect, and
    what makes sums only needs none.
    """
    found: dict[str, list[FunctionInfo]] = {}
    index = analysis.index
    for function in index.functions_outside_tests if index.base is None else index.own_functions:
        if not function.returns.is_str or function.node.body is None:
            continue
        if function.is_extern or function.generics or function.name in analysis.drops.allocating_names:
            continue
        if _may_be_replaced(analysis, function):
            continue
        if function.file.is_test and (function.owner is not None or makes_only_sums(analysis, function)):
            continue
        if function.node.decorator("catalogued") is None and analysis.summaries.result(function).is_fresh:
            found.setdefault(function.name, []).append(function)
    return found


def _may_be_replaced(analysis: Analysis, function: FunctionInfo) -> bool:
    """Whether a function is a method of a type of the compiler's own, for which it may have another."""
    return function.owner is not None and analysis.index.type_info(function.owner) is None


@dataclass(frozen=True, slots=True)
class _CallInContext:
    """A call, and what is known where it stands."""

    analysis: Analysis
    graph: ControlFlowGraph
    call: CallSite


class AllocatesAudit:
    """Which functions lack ``@allocates``, and why a name must not get it."""

    def __init__(self, analysis: Analysis, tests: DependentTests, fixed_paths: Container[str]) -> None:
        """``fixed_paths`` are the files that get fixes for what a mark changes in them."""
        self.analysis = analysis
        self._fixed_paths = fixed_paths
        self._tests = tests
        self._refusals: dict[str, str | None] = {}

    @cached_property
    def _makers(self) -> dict[str, list[FunctionInfo]]:
        return unannotated_makers(self.analysis)

    def loses_strings(self, function: FunctionInfo) -> bool:
        """Whether a function makes strings, does not say so, and callers lose them for it."""
        if function not in self._makers.get(function.name, ()):
            return False
        return any(
            place.call.callee is function and self._is_lost(place)
            for place in self._calls.get(function.name, ())
        )

    def refusal(self, name: str) -> str | None:
        """Why a name must not be reserved, if there is a reason."""
        if name not in self._refusals:
            self._refusals[name] = next(self._objections(name), None)
        return self._refusals[name]

    def relies_on(self, name: str) -> set[str]:
        """The files in which fixes must follow if a name is reserved: without these it would do harm."""
        return {
            place.graph.function.file.path
            for place in self._calls.get(name, ())
            if place.graph.function.file.is_test and _ends_loop_body(place.graph, place.call.node)
        }

    def _objections(self, name: str) -> Iterator[str]:
        for analysis, function in self._functions_mentioning([name]):
            if function.name != name:
                continue
            if function.returns.name in function.generics:
                yield f"{function.qualified_name}() of the same name may return a string it does not make"
            elif function.returns.is_str and _may_be_replaced(analysis, function):
                yield f"{function.qualified_name}() of the same name may be one that the compiler implements"
            elif function.returns.is_str and not analysis.summaries.result(function).is_fresh:
                yield f"{function.qualified_name}() of the same name returns a string that it does not make"
        if name in self._in_behaviors:
            yield "a default method of a behavior has the name as well, or binds such a string"
        if self._tests.is_in_broken(name):
            yield "a file that cannot be parsed mentions the name"
        for place in self._calls.get(name, ()):
            reason = self._call_hazard(place)
            if reason is not None:
                yield f"in {place.graph.function.qualified_name}() {reason}"

    def _call_hazard(self, place: _CallInContext) -> str | None:
        """What would be wrong if the compiler freed the result of a call."""
        graph, call = place.graph, place.call
        site = call.site
        if call.type is not None and not call.type.is_str:
            return None
        if site.role is Role.BOUND and site.through is None:
            variable = bound_variable(graph, site.parent)
            if variable is None:
                return "its result is taken apart"
            return drop_hazard(place.analysis, graph, variable)
        in_test = graph.function.file.is_test
        if call.callee is None and (in_test or site.role is Role.OPERAND):
            return f"`{call.node.text}` may be another function of the name"
        if in_test and self._outlives_statement(place):
            return f"`{call.node.text}` is kept beyond the statement, at whose end it would be freed"
        if (
            in_test
            and graph.function.file.path not in self._fixed_paths
            and _ends_loop_body(graph, call.node)
        ):
            return f"`{call.node.text}` ends a loop's body, and would be freed where no iteration made it"
        return None

    def _outlives_statement(self, place: _CallInContext) -> bool:
        """Whether a temporary string may be needed when its statement has ended."""
        site = place.call.site
        if site.through is not None:
            return True
        if site.role is Role.RETURNED:
            return False
        if site.role not in (Role.ARGUMENT, Role.RECEIVER, Role.OPERAND, Role.DISCARDED):
            return True
        fate = place.analysis.summaries.temporary_fate(place.graph, place.call.node)
        return bool(fate.views) or not fate.is_only_read

    def _is_lost(self, place: _CallInContext) -> bool:
        site = place.call.site
        if site.role is Role.BOUND and site.through is None:
            variable = bound_variable(place.graph, site.parent)
            return variable is not None and any(held_at(place.analysis, place.graph, variable))
        return site.role in _LOSING

    # -- where the names occur ----------------------------------------------------------------

    @cached_property
    def _calls(self) -> dict[str, list[_CallInContext]]:
        """The calls of each name, in libraries and tests."""
        names = self._makers.keys()
        found: dict[str, list[_CallInContext]] = {}
        for analysis, function in self._functions_mentioning(names):
            if not _mentions(function.node, names):
                continue
            graph = analysis.summaries.graph(function)
            for inner in graph.with_closures() if graph is not None else ():
                for call in inner.calls:
                    name = called_name(call.node)
                    if name in names:
                        found.setdefault(name, []).append(_CallInContext(analysis, inner, call))
        return found

    @cached_property
    def _in_behaviors(self) -> frozenset[str]:
        """The names of default methods of behaviors, and of the calls whose results such methods bind."""
        names = self._makers.keys()
        found: set[str] = set()
        for _, file in self._files_mentioning(names):
            for item in file.tree.walk():
                if not isinstance(item, nodes.Behavior):
                    continue
                for function in item.functions:
                    if function.body is None:
                        continue
                    found.add(function.name)
                    found |= {
                        called_name(node.value) or ""
                        for node in function.walk()
                        if isinstance(node, nodes.Let | nodes.Var) and node.value is not None
                    }
        return frozenset(found & names)

    def _functions_mentioning(self, names: Collection[str]) -> Iterator[tuple[Analysis, FunctionInfo]]:
        """The functions of the files with one of the names in them, with what is known about their file."""
        for analysis, file in self._files_mentioning(names):
            for function in analysis.index.functions_in(file):
                yield analysis, function

    def _files_mentioning(self, names: Collection[str]) -> Iterator[tuple[Analysis, SourceFile]]:
        wanted = {name.encode() for name in names}
        for file in self.analysis.index.files.values():
            if not file.identifiers.isdisjoint(wanted):
                yield self.analysis, file
        yield from self._tests.mentioning(names)


def _mentions(node: nodes.Node, names: Collection[str]) -> bool:
    return any(token.type == "IDENT" and token.text in names for token in node.tokens())


def _ends_loop_body(graph: ControlFlowGraph, node: nodes.Expression) -> bool:
    """Whether an expression is a part of a loop body's value, which is no statement."""
    blocks = [outer for outer in graph.nodes if isinstance(outer, nodes.Block) and _holds(outer, node)]
    innermost = max(blocks, key=lambda outer: outer.start, default=None)
    if innermost is None or innermost.value is None or not _holds(innermost.value, node):
        return False
    return any(
        isinstance(outer, nodes.Loop | nodes.While | nodes.For) and outer.body is innermost
        for outer in graph.nodes
    )


def _holds(outer: nodes.Node, inner: nodes.Node) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
