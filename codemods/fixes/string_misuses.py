"""Strings that are freed twice, or used after they were freed: what is said of them, and their repairs."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.misuses import without
from codemods.fixes.workarounds import SHOWS_COPIES, explained
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit
from codemods.ownership.string_frees import Freed, StringMisuse, Way
from tml_ast import nodes, position
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Node

COPY = b".duplicate()"


def described(context: Context, misuse: StringMisuse) -> str:
    """The misuse with both places and the way to them."""
    first, second = misuse.first, misuse.second
    may = "is" if misuse.is_certain else "may be"
    others = "".join(f", `{other}`" for other in misuse.others)
    name = f"`{misuse.text}`{others} (Str)"
    unless = "" if misuse.is_made else ", unless it is a constant"
    freed = _by(context, first)
    if misuse.owner:
        return (
            f"{name} is freed by {freed} and still held; {misuse.owner} frees it again with its owner{unless}"
        )
    if second is None:
        return f"{name} {may} used after it was freed by {freed}{unless}"
    return f"{name} {may} freed twice: by {freed}, and again by {_by(context, second)}{unless}"


def _by(context: Context, freed: Freed) -> str:
    """What frees a string, and where."""
    if freed.way is Way.DROPPED and freed.callee is None:
        last = context.line(max(freed.node.end - 1, freed.node.start))
        if isinstance(freed.node, nodes.Return):
            last = context.line(freed.node.start)
        return f"the compiler, which drops `{freed.name}` on line {last}"
    line = context.line(freed.node.start)
    if freed.callee is not None and freed.last is not None and freed.last_in is not None:
        place = position(freed.last_in.file.source, freed.last.start)[0]
        how = {Way.INTERPOLATED: "interpolates it", Way.DROPPED: "drops what holds it"}.get(
            freed.way, "frees it"
        )
        through = "which" if freed.last_in is freed.callee else f"by which {freed.last_in.qualified_name}()"
        return (
            f"{freed.callee.qualified_name}() on line {line}, {through} {how} on line {place} of "
            f"{freed.last_in.file.path}"
        )
    match freed.way:
        case Way.INTERPOLATED:
            return f"the interpolation on line {line}"
        case Way.DISCARDED:
            return f"the compiler, which drops the result of line {line}"
        case _:
            return f"hand on line {line}"


def without_release(
    context: Context, graph: ControlFlowGraph, misuse: StringMisuse, taken: set[int]
) -> Repair | Refusal:
    """Leave one release away: an interpolation gets a copy, and a statement that only frees goes."""
    first, second = misuse.first, misuse.second
    if misuse.interpolations and first.way is Way.INTERPOLATED and first.callee is None:
        return _copies(context, graph, misuse, taken)
    if second is None:
        return Refusal("give the owner a copy: which of the two may go on holding it is for you to say")
    if not misuse.is_certain:
        return Refusal(
            "only one of them may free it, and no edit is right on the paths with one and with two"
        )
    callee = first.callee or second.callee
    if callee is not None:
        return Refusal(f"only one of them may free it, and {callee.qualified_name}() has other callers too")
    if second.way is Way.BY_HAND and first.way is Way.BY_HAND:
        return _gone(context, second.node)
    if first.way is Way.BY_HAND and second.way is Way.DROPPED and _always_dropped(context, graph, misuse):
        return _gone(context, first.node)
    return Refusal("only one of them may free it, and no statement can take a drop back: give one a copy")


def unmovable(misuse: StringMisuse) -> str:
    """Why no edit is written for a string that is used after it was freed."""
    match misuse.first.way:
        case Way.DROPPED | Way.DISCARDED:
            return "what lives longer must be a copy, and it is not known who would free that"
        case Way.INTERPOLATED:
            return "show a copy, and free the string after its last use"
        case _:
            return "free it after its last use: no place for that is right on every path"


def _copies(
    context: Context, graph: ControlFlowGraph, misuse: StringMisuse, taken: set[int]
) -> Repair | Refusal:
    if context.file.is_test:
        return Refusal("join it with `+`, which frees nothing, or show a copy that a variable holds")
    if not all(isinstance(hole, nodes.Path | nodes.FieldAccess) for hole in misuse.interpolations):
        return Refusal("show a copy: what is shown is made for it, so that a copy would be lost as well")
    fresh = [hole for hole in misuse.interpolations if id(hole) not in taken]
    taken.update(id(hole) for hole in fresh)
    if not fresh:
        return Refusal("the copy that another fix shows is enough")
    repair = Repair(tuple(SourceEdit(hole.end, hole.end, COPY) for hole in fresh))
    return explained(context, graph.function, fresh[0], SHOWS_COPIES, repair)


def _always_dropped(context: Context, graph: ControlFlowGraph, misuse: StringMisuse) -> bool:
    """Whether the compiler frees the string wherever the variable's scope is left."""
    return all(
        context.analysis.drops.covers(graph, misuse.variable, action)
        for action in graph.reachable_actions
        if isinstance(action, Exit) and misuse.variable in action.variables
    )


def _gone(context: Context, node: Node) -> Repair | Refusal:
    """Remove the statement that does nothing but free a string."""
    call = next((outer for outer in context.ancestors(node) if isinstance(outer, nodes.Call)), None)
    statement = context.parent(call) if call is not None else None
    if isinstance(statement, nodes.ExpressionStatement):
        block = context.parent(statement)
        outer = context.parent(block) if block is not None else None
        if (
            isinstance(block, nodes.Block)
            and isinstance(outer, nodes.LowlevelBlock)
            and len(block.statements) == 1
        ):
            statement = context.parent(outer)
    if not isinstance(statement, nodes.ExpressionStatement) or not isinstance(
        context.parent(statement), nodes.Block
    ):
        return Refusal("the one by hand is too much, but is no statement of its own that could go")
    edit = without(context, statement)
    return Repair((edit,)) if edit is not None else Refusal("its line holds more than the release")
