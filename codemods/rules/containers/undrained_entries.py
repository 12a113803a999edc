"""undrained-entries: a hash map is destroyed without the strings that it copied."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.drain_list import Helper, drain_variable, is_release
from codemods.fixes.drain_map import map_helper
from codemods.fixes.owners import may_hold_variable
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.map_entries import frees_entries, map_of
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import Type
from tml_ast import nodes
from tml_ast.edit import SourceEdit


def check(context: Context) -> Iterator[Diagnostic]:
    """The maps that are destroyed in a variable or in a field, and their copies of strings are lost."""
    needed: tuple[SourceEdit, ...] = ()
    for function, graph in context.graphs():
        if frees_entries(function):
            continue
        for diagnostic, helper in _found_in(context, graph):
            if needed and helper.edits not in ((), needed):
                continue  # it can use the helper of the others, once that is there
            yield diagnostic
            needed = needed or helper.edits


def _found_in(context: Context, graph: ControlFlowGraph) -> Iterator[tuple[Diagnostic, Helper]]:
    for variable in graph.variables:
        map_ = map_of(variable.type)
        if map_ is not None and _is_owner(context, graph, variable):
            yield from _lost_by(context, graph, variable, map_)
    for call in graph.calls:
        map_ = _destroyed_field(context, graph, call)
        if map_ is not None and call.receiver is not None:
            yield from _lost_in(context, graph, call.receiver, call.node, map_)


def _is_owner(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a variable is the only one to hold a map, and keeps it to the end."""
    if variable.kind not in (VariableKind.LET, VariableKind.VAR) or graph.is_assigned(variable):
        return False
    summaries = context.analysis.summaries
    fate = summaries.fate(graph, variable)
    if fate.view_escapes or not fate.effects <= {Effect.BORROWS, Effect.RELEASES}:
        return False
    if any(view is not variable and _may_drop_map(context, view) for view in fate.views):
        return False
    if not summaries.variable_origin(graph, variable).is_fresh:
        return False
    if variable.value is not None and may_hold_variable(context, graph, variable.value):
        return False
    return not any(
        Effect.RELEASES in summaries.call_effects(use.site) and not is_release(use, variable)
        for use in graph.uses(variable)
        if use.site.callee is not None
    )


def _may_drop_map(context: Context, view: Variable) -> bool:
    """Whether a variable is another name of a map, or the compiler drops a map with it."""
    kind = context.analysis.drops.kind(view.type)
    return map_of(view.type) is not None or kind not in (DropKind.NOTHING, DropKind.STRING)


def _lost_by(
    context: Context, graph: ControlFlowGraph, variable: Variable, map_: Type
) -> Iterator[tuple[Diagnostic, Helper]]:
    if any(call.callee is not None and frees_entries(call.callee) for call in _given(graph, variable)):
        return
    if not context.map_entries.may_be_freed(map_):
        return
    helper = map_helper(context, graph.function, map_)
    if helper is None:
        return
    views = context.analysis.summaries.fate(graph, variable).views
    repair = drain_variable(context, graph, variable, views, helper)
    if isinstance(repair, Refusal) or not repair.edits:
        return
    message = f"`{variable.name}` copied strings that nothing frees when it is destroyed"
    yield context.fix(graph, variable, message, Repair.of([repair, Repair(helper.edits)])), helper


def _given(graph: ControlFlowGraph, variable: Variable) -> Iterator[CallSite]:
    """The calls that are given a map, or a reference to it."""
    for call in graph.calls:
        if any(use.variable is variable for argument in call.arguments for use in graph.uses_in(argument)):
            yield call


def _destroyed_field(context: Context, graph: ControlFlowGraph, call: CallSite) -> Type | None:
    """The type of the map in a field of a variable that a statement destroys."""
    node, receiver = call.node, call.receiver
    if not isinstance(node, nodes.MethodCall) or not isinstance(receiver, nodes.FieldAccess):
        return None
    if node.name != "destroy" or not isinstance(context.parent(node), nodes.ExpressionStatement):
        return None
    if not isinstance(receiver.object, nodes.This):
        use = graph.use_at(receiver.object)
        if use is None or use.variable.kind not in (VariableKind.LET, VariableKind.VAR):
            return None
    return map_of(graph.type_of(receiver))


def _lost_in(
    context: Context, graph: ControlFlowGraph, field: nodes.Expression, call: nodes.Node, map_: Type
) -> Iterator[tuple[Diagnostic, Helper]]:
    helper = map_helper(context, graph.function, map_) if context.map_entries.may_be_freed(map_) else None
    if helper is None:
        return
    edit = SourceEdit(call.start, call.end, f"{helper.call}(ref {field.text})".encode())
    message = f"`{field.text}` copied strings that nothing frees when it is destroyed"
    yield context.fix(graph, field, message, Repair((*helper.edits, edit))), helper


RULE = Rule(
    name="undrained-entries",
    summary="A hash map is destroyed without the strings that it copied.",
    reason=(
        "A hash map copies each string that is put into it, as a key or as a value, and its destroy() gives "
        "back its own storage and none of the copies. So a function goes through the entries, frees the "
        "strings, and then destroys the map. A map is left alone where a string that was read from one like "
        "it may be kept, or read after a map is gone, and where the source of the library's map is at hand: "
        "that can be fixed there."
    ),
    check=check,
    examples=(
        Fixed(
            "A map in a variable",
            """\
use std::collections::HashMap

pub func count_of(word: Str) -> I64 {
    let counts: HashMap[Str, I64] = HashMap[Str, I64].new(8)
    counts.set(word, 1)
    let count: I64 = counts.get(word)
    counts.destroy()
    return count
}
""",
            """\
use std::collections::HashMap

/// Destroys a map with the strings that it copied, the strings first.
func destroy_entries(map: ref HashMap[Str, I64]) {
    if map.handle != null {
        let entry = map.iter()
        loop (entry.has_next()) {
            let key: I64 = entry.key() as I64
            lowlevel { mem_free(key as *Unit) }
            entry.next()
        }
        entry.destroy()
    }
    map.destroy()
}

pub func count_of(word: Str) -> I64 {
    let counts: HashMap[Str, I64] = HashMap[Str, I64].new(8)
    counts.set(word, 1)
    let count: I64 = counts.get(word)
    destroy_entries(ref counts)
    return count
}
""",
        ),
        Untouched(
            "A value that is returned",
            """\
use std::collections::HashMap

pub func name_of(word: Str) -> Str {
    let names: HashMap[Str, Str] = HashMap[Str, Str].new(8)
    names.set(word, "none")
    let name: Str = names.get(word)
    names.destroy()
    return name
}
""",
        ),
    ),
)
