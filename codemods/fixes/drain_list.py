"""Drain a list: the function that destroys a list with its strings, and its calls where the list ends.

A list frees its own storage and never its elements. The file that makes the list gets a function that frees
both, and takes the strings out: in a test the compiler may free a string that is only read from a list.
A test gets one of its own only if that file has none when its turn comes, as where it must stay as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from textwrap import indent

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.imports import path_to
from codemods.fixes.naming import result_name
from codemods.fixes.release_at_exits import Cleanup, before_exit, mentions
from codemods.fixes.string_code import free_address, free_unless_empty
from codemods.ownership.cfg.graph import (
    Action,
    ControlFlowGraph,
    Declare,
    Exit,
    Role,
    Use,
    Variable,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.elements import OwnedList
from codemods.semantics.release_methods import RELEASE_NAMES
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.edit import SourceEdit, collide, documentation_start, insert_statement_before, lay_out

_LEVEL = "\t"
_NAMES = ("destroy_parts", "destroy_pieces", "destroy_texts")
_IN_EXPRESSION = Refusal("its release is part of a larger expression")
_NESTED = Refusal("one exit that it reaches lies inside of another")
_SOME_PATHS = Refusal("it is released on some paths only, or its name means another variable at an exit")


@dataclass(frozen=True, slots=True)
class Helper:
    """A function that frees the strings of a list: how this file calls it."""

    call: str
    destroys: bool
    """Whether it releases the list as well."""
    edits: tuple[SourceEdit, ...] = ()
    """What the file needs before it can call it: an import, or the function itself."""


ANY_HELPER = Helper("", destroys=True)
"""Stands in for one that is still to be written."""


def loop_until_empty(list_: str, body: str) -> str:
    """A loop that takes all elements out of a list; ``body`` takes one."""
    return f"loop ({list_}.len() > 0) {{\n{indent(body, _LEVEL)}\n}}"


def loop_over(list_: str, index: str, body: str) -> str:
    """A loop over the elements of a list, with ``body`` for each; ``index`` names the counter."""
    return (
        f"var {index}: I64 = 0\n"
        f"loop ({index} < {list_}.len()) {{\n"
        f"{indent(body, _LEVEL)}\n"
        f"\t{index} = {index} + 1\n"
        "}"
    )


# -- where the list ends --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Release:
    """A call that releases a list."""

    use: Use

    @property
    def call(self) -> nodes.Node:
        """The call of the release."""
        return self.use.site.parent


def final_releases(
    graph: ControlFlowGraph, variable: Variable, views: Collection[Variable]
) -> list[Release] | Refusal:
    """The releases of a list; refused if it is released again after one, or one of its ``views`` is read."""
    releases: list[Release] = []
    for action in graph.reachable_actions:
        if not isinstance(action, Use) or not is_release(action, variable):
            continue
        for use in graph.uses_after(action, variable):
            if is_release(use, variable):
                return Refusal("it is released twice")
            if use.variable in views and use.variable is not variable:
                return Refusal(f"`{use.variable.name}` is still used after its release")
        releases.append(Release(action))
    return releases


def is_release(action: Action, variable: Variable) -> bool:
    """Whether an action is the call of a release of a variable."""
    return (
        isinstance(action, Use)
        and action.variable is variable
        and action.site.role is Role.RECEIVER
        and action.site.callee is not None
        and action.site.callee.name in RELEASE_NAMES
    )


def drain(context: Context, owned: OwnedList, helper: Helper) -> Repair | Refusal:
    """Call the helper in place of each release of a list, and at each exit that it reaches unreleased."""
    return drain_variable(context, owned.graph, owned.variable, owned.views, helper)


def drain_variable(
    context: Context, graph: ControlFlowGraph, variable: Variable, views: frozenset[Variable], helper: Helper
) -> Repair | Refusal:
    """The same for any container in a variable; ``views`` hold it, or a part of it."""
    call = f"{helper.call}(ref {variable.name})"
    releases = final_releases(graph, variable, views)
    if isinstance(releases, Refusal):
        return releases
    repairs: list[Repair] = []
    released_at: set[int] = set()
    for release in releases:
        statement = context.parent(release.call)
        released_at |= {id(exit_) for exit_ in _unreleased_exits(graph, release.use, variable)}
        if helper.destroys:
            edit = SourceEdit(release.call.start, release.call.end, call.encode())
        elif isinstance(statement, nodes.ExpressionStatement):
            edit = insert_statement_before(context.file.source, context.file.tree, statement, call)
        else:
            return _IN_EXPRESSION
        repairs.append(Repair((edit,)))
    cleanup = Cleanup(call, variable, views)
    for exit_ in unreleased_exits(graph, variable):
        if id(exit_) in released_at or _is_shadowed(exit_, variable):
            return _SOME_PATHS
        result = ""
        if exit_.value is not None and mentions(graph, exit_.value, cleanup.needed_by):
            result = result_name(context, graph.function, exit_.value)
        repair = before_exit(context, graph, exit_, cleanup, result)
        if isinstance(repair, Refusal):
            return repair
        repairs.append(repair)
    whole = Repair.of(repairs)
    return whole if not collide(whole.edits) else _NESTED


def unreleased_exits(graph: ControlFlowGraph, variable: Variable) -> list[Exit]:
    """The exits that a container reaches unreleased on some path."""
    for action in graph.reachable_actions:
        if isinstance(action, Declare) and action.variable is variable:
            return list(_unreleased_exits(graph, action, variable))
    return []


def _unreleased_exits(graph: ControlFlowGraph, start: Action, variable: Variable) -> Iterator[Exit]:
    """The exits from the variable's scope after an action, on paths without a release."""

    def ends(action: Action) -> bool:
        return _is_exit(action, variable) or is_release(action, variable)

    for action in graph.actions_after(start, ends):
        if isinstance(action, Exit) and _is_exit(action, variable):
            yield action


def _is_exit(action: Action, variable: Variable) -> bool:
    return isinstance(action, Exit) and variable in action.variables


def _is_shadowed(exit_: Exit, variable: Variable) -> bool:
    return any(other is not variable and other.name == variable.name for other in exit_.variables)


# -- the helper -----------------------------------------------------------------------------------


def helper_for(context: Context, owned: OwnedList) -> Helper | None:
    """What frees the strings of a list, or a new function; in a test only for what the library makes.

    None where the module that makes the list gets the function first.
    """
    known = known_helper(context, owned)
    if known is not None or (context.file.is_test and not _may_write_helper(context, owned.maker)):
        return known
    if not context.file.is_test and _gets_helper(context, owned.maker):
        return None
    return new_helper(context, [owned])


def _gets_helper(context: Context, maker: FunctionInfo | None) -> bool:
    """Whether the helper for a list belongs into another module, which is fixed as well."""
    if maker is None or maker.file is context.file or maker.file.is_test or not maker.is_public:
        return False
    return maker.file.path in context.lists.paths and path_to(context, maker) is not None


def known_helper(context: Context, owned: OwnedList) -> Helper | None:
    """What there is already that frees the strings of a list."""
    maker, is_test = owned.maker, context.file.is_test
    for function in context.analysis.index.functions:
        if not _frees_elements(context, function) or not (_is_guarded(function) or not _may_be_empty(owned)):
            continue
        destroys = Effect.RELEASES in context.analysis.summaries.effects(function, 0)
        if function.file is context.file and not (is_test and context.lists.claims_on_parameter(function, 0)):
            return Helper(function.name, destroys)
        if maker is not None and function.file is maker.file and function.is_public:
            path = path_to(context, function)
            if path is not None:
                return Helper(path.text, destroys, path.edits)
    return None


def _may_write_helper(context: Context, maker: FunctionInfo | None) -> bool:
    """Whether a test may get a function of its own for a list: the library is fixed before its tests are."""
    if maker is None or maker.file.is_test:
        return False
    return "pop" not in context.analysis.drops.allocating_names


def _frees_elements(context: Context, function: FunctionInfo) -> bool:
    if function.owner is not None or len(function.values) != 1 or function.node.body is None:
        return False
    type_ = function.values[0].type
    if type_ is None or type_.name != "ref" or str(type_.target()) != "List[Str]":
        return False
    return Effect.DRAINS in context.analysis.summaries.effects(function, 0)


def _may_be_empty(owned: OwnedList) -> bool:
    """Whether a string of the list may be the empty constant, which nobody may free."""
    return '""' in owned.origin.literals


def _is_guarded(function: FunctionInfo) -> bool:
    """Whether a helper asks for the length of a string before it frees it."""
    return any(
        isinstance(node, nodes.If)
        and node.condition is not None
        and "len" in node.condition.text
        and "free" in node.branch.text
        for node in function.node.walk()
    )


def written_before(context: Context, user: FunctionInfo, text: str) -> SourceEdit:
    """The edit that writes a function before the one that uses it, or before the type of that one.

    It goes right after what stands before, so that a comment over the next part of the file stays there.
    """
    source, items = context.file.source, context.file.tree.items
    number = next(number for number, item in enumerate(items) if item.end > user.node.start)
    if (
        number
        and isinstance(items[number], nodes.Impl)
        and isinstance(items[number - 1], nodes.TypeDeclaration)
    ):
        number -= 1
    start = items[number - 1].end if number else 0
    rest, _, between = source[start : items[number].start].partition(b"\n")
    if number == 0 or rest.strip() or b"#" in between:
        offset, text = documentation_start(source, items[number]), f"{text}\n\n"
    else:
        offset, text = start, f"\n\n{text}"
    return SourceEdit(offset, offset, lay_out(source, offset, text))


def _is_free(context: Context, name: str) -> bool:
    """Whether a helper of this file may have a name.

    In the library others may have it, so that it does not matter which of them is written first.
    """
    if context.file.is_test:
        return name not in context.analysis.index.free_functions
    named = (function for function in context.analysis.index.functions if function.name == name)
    return all(
        function.file is not context.file and _frees_elements(context, function)
        for function in named
        if function.owner is None
    )


def new_helper(context: Context, lists: Sequence[OwnedList]) -> Helper:
    """A helper for lists, written into this file; public if other files make them by its functions."""
    makers = [
        owned.maker.node for owned in lists if owned.maker is not None and owned.file is not context.file
    ]
    taken = context.analysis.index.free_functions
    name = next((name for name in _NAMES if _is_free(context, name)), None)
    if name is None:
        name = context.names.for_consumed(context.functions[0], *_NAMES, taken=taken)
    free = free_address("part")
    if any(map(_may_be_empty, lists)):
        free = f"// an empty part is a constant\n{free_unless_empty(context, 'part as Str', free)}"
    loop = loop_until_empty("parts", f"let part: I64 = parts.pop() as I64\n{free}")
    text = (
        "/// Destroys a list of strings that were made for it, the strings first.\n"
        f"{'pub ' if makers else ''}func {name}(parts: ref List[Str]) {{\n"
        f"{indent(loop, _LEVEL)}\n"
        "\tparts.destroy()\n"
        "}"
    )
    source, items = context.file.source, context.file.tree.items
    offset = max((item.end for item in items if item in makers), default=None)
    if offset is None:
        edit = written_before(context, lists[0].graph.function, text)
    else:
        edit = SourceEdit(offset, offset, lay_out(source, offset, f"\n\n{text}"))
    return Helper(name, destroys=True, edits=(edit,))
