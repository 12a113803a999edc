"""unresolved-path: a call by a long path has no type for the compiler, so its string is not freed."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, Role
from codemods.ownership.compiler.string_drops import bound_variable, drop_hazard, held_at
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit, line_ending_of

NAME = "unresolved-path"


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings in tests that a let without a type gets from a function called by its whole path."""
    if not context.file.is_test:
        return
    importing: set[str] = set()
    for _, graph in context.graphs():
        for call in graph.calls:
            if isinstance(call.node, nodes.Call) and _is_untyped(context, graph, call):
                yield from _proposals(context, graph, call, call.node, importing)


def _is_untyped(context: Context, graph: ControlFlowGraph, call: CallSite) -> bool:
    assert isinstance(call.node, nodes.Call)
    path, statement = call.node.function, call.site.parent
    if call.site.role is not Role.BOUND or call.site.through is not None or call.type != STR:
        return False
    if not isinstance(path, nodes.Path) or len(path.segments) < 3:
        return False
    if not isinstance(statement, nodes.Let | nodes.Var) or statement.annotation is not None:
        return False
    variable = bound_variable(graph, statement)
    if variable is None or not context.analysis.drops.is_registered(variable):
        return False
    return any(held_at(context.analysis, graph, variable))


def _proposals(
    context: Context, graph: ControlFlowGraph, call: CallSite, node: nodes.Call, importing: set[str]
) -> Iterator[Diagnostic]:
    """Shorten the path; ``importing`` are the modules that other proposals import, to be waited for."""
    path, statement = node.function, call.site.parent
    assert isinstance(path, nodes.Path)
    *module, name = path.segments
    variable = bound_variable(graph, statement)
    assert variable is not None
    message = (
        f"`{variable.name}` is never freed: the compiler finds no type for `{path.text}` by its whole path"
    )
    function = graph.function.qualified_name
    refusal = drop_hazard(context.analysis, graph, variable)
    taken = {each.name for each in graph.variables} | {each.name for each in context.functions}
    known = _imports(context)
    if module[-1] in taken or known.get(module[-1], module) != module:
        refusal = refusal or f"`{module[-1]}` means something else here; import {name}() by hand"
    if refusal is not None:
        yield Diagnostic(NAME, node.start, function, f"{message}; {refusal}", Verdict.REPORTED)
        return
    edits = [SourceEdit(path.start, path.end, f"{module[-1]}::{name}".encode())]
    if module[-1] not in known:
        if module[-1] in importing:
            return
        importing.add(module[-1])
        edits.append(_import(context, module))
    yield Diagnostic(NAME, node.start, function, message, Verdict.FIXED, tuple(edits))


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
    uses = [each for each in items if isinstance(each, nodes.Use)]
    line = f"use {'::'.join(module)}".encode()
    if uses:
        end = source.find(b"\n", uses[-1].end)
        end = len(source) if end < 0 else end - (source[end - 1] == 0x0D)
        return SourceEdit(end, end, line_ending_of(source, end) + line)
    start = items[0].start
    return SourceEdit(start, start, line + line_ending_of(source, start) * 2)


RULE = Rule(
    name=NAME,
    summary="A string from a function that is called by its whole path is never freed.",
    reason=(
        "For a call by a path of three or more names the compiler finds no type, so it does not know that "
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
