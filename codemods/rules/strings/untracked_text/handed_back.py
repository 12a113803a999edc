"""A call returns a new string or the one that it was given, which is lost where it is not returned."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.bind_before import NOT_EVALUATED_ONCE, statement_to_bind_before
from codemods.fixes.bind_returned import bind_before_leaving
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import hold_as_number, number_name
from codemods.fixes.naming import raw_names, result_name, short_code, string_name
from codemods.fixes.release_at_exits import exits_of
from codemods.fixes.string_code import free_address, string_length
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role, Site, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.string_drops import bound_variable
from codemods.ownership.summaries.origins import Origin, Result
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_after, insert_statement_before
from tml_ast.nodes import Expression

_HANDING_BACK = frozenset((Origin.FRESH, Origin.PASSED))


def diagnose(context: Context, graph: ControlFlowGraph) -> Iterator[Diagnostic]:
    """The findings about the strings that a library gives to such a call and holds nowhere else."""
    if context.file.is_test:
        return
    taken: set[str] = set()
    for call in graph.calls:
        given = [node for node in call.arguments if _may_be_handed_back(context, graph.site_of(node))]
        if len(given) != 1 or call.site.through is not None:
            continue
        repair = _repair(context, graph, call, given[0], taken)
        if repair is not None:
            message = (
                f"nothing frees `{short_code(given[0].text)}` where `{short_code(call.node.text)}` returns "
                "another string; where it returns that one, it must not be freed"
            )
            yield context.fix(graph, given[0], message, repair)


def _may_be_handed_back(context: Context, site: Site | None) -> bool:
    """Whether a call returns what goes to a site, or else a string of its own."""
    if site is None or site.role is not Role.ARGUMENT or site.through is not None or site.callee is None:
        return False
    if site.callee.returns != STR or context.analysis.summaries.call_effects(site) != {Effect.RETURNS}:
        return False
    origins = context.analysis.summaries.result(site.callee).origins
    return _HANDING_BACK <= origins <= _HANDING_BACK | {Origin.LITERAL}


def _repair(
    context: Context, graph: ControlFlowGraph, call: CallSite, given: Expression, taken: set[str]
) -> Repair | Refusal | None:
    """Hold what is given as a number, and free it if the result is another string."""
    summaries = context.analysis.summaries
    use = graph.use_at(given) if isinstance(given, nodes.Path) else None
    jump = call.site.parent
    if use is not None:
        if not isinstance(jump, nodes.Return) or not _is_lost(context, graph, use.variable, jump):
            return None
        name = number_name(context, graph, use.variable)
        held = hold_as_number(context, graph, use.variable, name)
        origin = summaries.variable_origin(graph, use.variable)
    else:
        made = graph.call_at(given)
        if made is None or made.callee is None or not context.analysis.drops.makes_string(given):
            return None
        if not summaries.makes_string(made.callee):
            return None
        text = string_name(context, graph.function, given, taken)
        taken.add(text)
        name = context.names.for_consumed(graph.function, *raw_names(text), taken=taken)
        held = _hold_before(context, graph, given, name)
        origin = summaries.origin(graph, given)
    if isinstance(held, Refusal):
        return held
    freed = _free_after(context, graph, call, name, origin)
    return Repair.of((held, freed)) if freed is not None else None


def _is_lost(context: Context, graph: ControlFlowGraph, variable: Variable, jump: nodes.Return) -> bool:
    """Whether a let's string is only read before the one return that may hand it on."""
    if not context.analysis.drops.is_registered(variable) or graph.is_assigned(variable):
        return False
    if not context.analysis.summaries.variable_origin(graph, variable).is_fresh:
        return False
    fate = context.analysis.summaries.fate(graph, variable)
    if fate.view_escapes or fate.views - {variable} or not fate.effects <= {Effect.BORROWS, Effect.RETURNS}:
        return False
    return all(exit_.node is jump for exit_ in exits_of(graph, variable))


def _hold_before(context: Context, graph: ControlFlowGraph, given: Expression, name: str) -> Repair | Refusal:
    place = statement_to_bind_before(context, graph, given)
    if place is None:
        return NOT_EVALUATED_ONCE
    binding = f"let {name}: I64 = {given.text} as I64"
    return Repair(
        (
            insert_statement_before(context.file.source, context.file.tree, place, binding),
            SourceEdit(given.start, given.end, f"{name} as Str".encode()),
        )
    )


def _free_after(
    context: Context, graph: ControlFlowGraph, call: CallSite, name: str, origin: Result
) -> Repair | None:
    """Free the string in a number once the result of the call has a name; None where it gets none."""
    parent = call.site.parent
    if isinstance(parent, nodes.Return) and parent.value is call.node:
        result = result_name(context, graph.function, call.node)
        free = _free_unless(context, name, origin, result)
        return bind_before_leaving(context, parent, call.node, f"{result}: Str", (free,), f"return {result}")
    variable = bound_variable(graph, parent)
    if call.site.role is not Role.BOUND or variable is None or variable.type != STR:
        return None
    free = _free_unless(context, name, origin, variable.name)
    return Repair((insert_statement_after(context.file.source, context.file.tree, parent, free),))


def _free_unless(context: Context, name: str, origin: Result, result: str) -> str:
    """The statement that frees the string in a number unless a result is that string, or it is a constant."""
    tests = [f"({result} as I64) != {name}"]
    for literal in sorted(origin.literals):
        is_empty = literal == '""'
        tests.append(
            f"{string_length(context, f'{name} as Str')} > 0" if is_empty else f"({name} as Str) != {literal}"
        )
    return f"if {' and '.join(tests)} {{ {free_address(name)} }}"
