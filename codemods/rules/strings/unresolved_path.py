"""unresolved-path: a call by a long path has no type for the compiler, so its string is not freed."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Variable
from codemods.ownership.string_drops import bound_variable, drop_hazard, held_at
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit, line_ending_of


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings in tests that a let without a type gets from a function called by its whole path."""
    if not context.file.is_test:
        return
    importing: set[str] = set()
    for _, graph in context.graphs():
        for call in graph.calls:
            path = call.node.function if isinstance(call.node, nodes.Call) else None
            if not isinstance(path, nodes.Path) or len(path.segments) < 3 or call.type != STR:
                continue
            if call.site.role is not Role.BOUND or call.site.through is not None:
                continue
            variable = _untyped_variable(context, graph, call.site.parent)
            repair = _repair(context, graph, path, variable, importing) if variable is not None else None
            if variable is not None and repair is not None:
                message = (
                    f"`{variable.name}` is never freed: the compiler finds no type for `{path.text}` "
                    "by its whole path"
                )
                yield context.fix(graph, call.node, message, repair)


def _untyped_variable(context: Context, graph: ControlFlowGraph, statement: nodes.Node) -> Variable | None:
    """The variable that a let without a type declares, if some path leaves a string in it."""
    if not isinstance(statement, nodes.Let | nodes.Var) or statement.annotation is not None:
        return None
    variable = bound_variable(graph, statement)
    if variable is None or not context.analysis.drops.is_registered(variable):
        return None
    return variable if any(held_at(context.analysis, graph, variable)) else None


def _repair(
    context: Context, graph: ControlFlowGraph, path: nodes.Path, variable: Variable, importing: set[str]
) -> Repair | Refusal | None:
    """Shorten the path; None until the import that another finding adds is there.

    ``importing`` are the modules that such findings import.
    """
    *module, name = path.segments
    hazard = drop_hazard(context.analysis, graph, variable)
    if hazard is not None:
        return Refusal(hazard)
    known = _imports(context)
    declared = {variable.name for variable in graph.variables}
    declared |= {function.name for function in context.functions}
    if module[-1] in declared or known.get(module[-1], module) != module:
        return Refusal(f"`{module[-1]}` means something else here; import {name}() by hand")
    shortened = SourceEdit(path.start, path.end, f"{module[-1]}::{name}".encode())
    if module[-1] in known:
        return Repair((shortened,))
    if module[-1] in importing:
        return None
    importing.add(module[-1])
    return Repair((shortened, _import(context, module)))


def _imports(context: Context) -> dict[str, list[str]]:
    """The names that the file imports, with the whole paths."""
    found: dict[str, list[str]] = {}
    for item in context.file.tree.items:
        if isinstance(item, nodes.Use) and item.path:
            for name in item.group or ():
                found[name] = [*item.path, name]
            if item.group is None and not item.is_glob:
                found[item.alias or item.path[-1]] = item.path
    return found


def _import(context: Context, module: list[str]) -> SourceEdit:
    """Import a module beside the other imports, in front of everything else where there are none."""
    source, items = context.file.source, context.file.tree.items
    uses = [item for item in items if isinstance(item, nodes.Use)]
    line = f"use {'::'.join(module)}".encode()
    if uses:
        end = source.find(b"\n", uses[-1].end)
        end = len(source) if end < 0 else end - (source[end - 1] == 0x0D)
        return SourceEdit(end, end, line_ending_of(source, end) + line)
    start = items[0].start
    return SourceEdit(start, start, line + line_ending_of(source, start) * 2)


RULE = Rule(
    name="unresolved-path",
    summary="A string from a function that is called by its whole path is never freed.",
    reason=(
        "The compiler finds no type for a call by a path of three or more names, so it does not know that "
        "the let holds a string and does not drop it. With the module imported, the call has a short path "
        "and a type."
    ),
    check=check,
    examples=(
        Fixed(
            "The module is imported",
            """\
use test::assert_eq

@test
func test_trim() -> I32 {
    let trimmed = core::str::trim(" a ")
    assert_eq(trimmed, "a", "trimmed")
    return 0
}
""",
            """\
use test::assert_eq
use core::str

@test
func test_trim() -> I32 {
    let trimmed = str::trim(" a ")
    assert_eq(trimmed, "a", "trimmed")
    return 0
}
""",
        ),
        Untouched(
            "A short path",
            """\
use core::str
use test::assert_eq

@test
func test_trim() -> I32 {
    let trimmed = str::trim(" a ")
    assert_eq(trimmed, "a", "trimmed")
    return 0
}
""",
        ),
    ),
)
