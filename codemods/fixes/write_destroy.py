"""Write a destroy: the statements that free fields and leave them blank, and the method to hold them.

A blank field is what makes a second call, and the compiler's own drop, find nothing to free.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.drain_list import loop_over, loop_until_empty
from codemods.fixes.list_elements import element_of, release_taken_out
from codemods.fixes.naming import singular, snake_case
from codemods.fixes.one_line_block import is_one_line, spread_out
from codemods.fixes.string_code import free_address, free_by_hand, free_string, free_unless_empty
from codemods.ownership.cfg.graph import ExitKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.fields import FieldOrigin
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.edit import (
    SourceEdit,
    documentation_start,
    insert_before_block_end,
    insert_statement_before,
    lay_out,
    line_start,
)

OPTIONAL_STRING = Type("Maybe", (Type("Str"),))
_HELPER_NAMES = ("free_optional", "free_if_any", "free_if_there")


# -- statements -----------------------------------------------------------------------------------


def free_field(context: Context, field: str) -> str:
    """Free the string in a field; an empty one may be a constant."""
    return free_unless_empty(context, field, f'{free_string(field)}\n{field} = ""')


def free_number_field(context: Context, field: str, type_: Type, origin: FieldOrigin) -> str:
    """Free the string whose address a field holds as a number or pointer."""
    blank = "null" if type_.name == "*" else "0"
    free = f"{free_address(field)}\n{field} = {blank}"
    if _may_be_constant(origin):
        return free_unless_empty(context, f"{field} as Str", free)
    indented = free.replace("\n", "\n\t")
    return f"if {field} != {blank} {{\n\t{indented}\n}}"


def free_elements(
    context: Context,
    release: FunctionInfo,
    name: str,
    type_: Type,
    origin: FieldOrigin,
    *,
    returns: bool,
) -> str:
    """Free the strings or owners in the list field ``name``; a destroyed list has none.

    The code is for the method ``release``. ``returns``: there is nothing else to release when the list is
    destroyed.
    """
    item = context.names.for_dropped(release, singular(name), f"one_of_{name}")
    list_, element = f"this.{name}", element_of(type_)
    if element is None or element.is_str:
        body = _free_word(context, item, f"{list_}.pop()", origin)
    else:
        body = release_taken_out(context, element, list_, item)
    return _unless_destroyed(context, name, type_, loop_until_empty(list_, body), returns=returns)


def free_strings_of_elements(
    context: Context, name: str, type_: Type, strings: Sequence[str], index: str, *, returns: bool
) -> str:
    """Free these strings of each struct in the list field ``name``; a destroyed list has none."""
    element = f"this.{name}.get({index})"
    body = "\n".join(free_string_of_element(context, element, type_.arguments[0], field) for field in strings)
    loop = loop_over(f"this.{name}", index, body)
    return _unless_destroyed(context, name, type_, loop, returns=returns)


def free_string_of_element(context: Context, element: str, type_: Type, field: str) -> str:
    """Free the string in a field of a struct in a list; no variable may hold the struct itself."""
    word = f"{snake_case(type_.bare)}_{field}"
    return _free_word(context, word, f"{element}.{field}", context.fields.origin(type_, field))


def _free_word(context: Context, word: str, string: str, origin: FieldOrigin) -> str:
    """Free a string that is read as a number; ``word`` names that."""
    free = free_address(word)
    if _may_be_constant(origin):
        free = free_unless_empty(context, f"{word} as Str", free)
    return f"let {word}: I64 = {string} as I64\n{free}"


def _unless_destroyed(context: Context, name: str, type_: Type, loop: str, *, returns: bool) -> str:
    """A loop over the list field ``name``, which does not run where that has no storage any more."""
    handle = _handle_of(context, type_)
    if handle is None:
        return loop
    if returns:
        return f"if this.{name}.{handle} == null {{\n\treturn\n}}\n{loop}"
    indented = loop.replace("\n", "\n\t")
    return f"if this.{name}.{handle} != null {{\n\t{indented}\n}}"


def _may_be_constant(origin: FieldOrigin) -> bool:
    """Whether a string may be the literal "", which must not be freed; a copy of it must."""
    return '""' in origin.literals


def _handle_of(context: Context, list_type: Type) -> str | None:
    """The pointer inside a list, null once it is destroyed."""
    fields = context.analysis.index.fields(list_type)
    pointers = [name for name, type_ in fields.items() if type_.name == "*"]
    return pointers[0] if len(pointers) == 1 else None


def optional_string_helper(context: Context, implementation: nodes.Impl) -> tuple[str, Repair]:
    """The function of the file that frees an optional string and leaves none, and the edit that writes it."""
    for function in context.functions:
        if _frees_optional_string(context, function):
            return function.name, Repair(())
    taken = context.analysis.index.free_functions
    name = next((name for name in _HELPER_NAMES if name not in taken), None)
    if name is None:
        name = context.names.for_consumed(context.functions[0], *_HELPER_NAMES, taken=taken)
    text = f"""\
/// Frees a string, if there is one, and leaves none.
func {name}(text: Maybe[Str]) -> Maybe[Str] {{
\tif text.is_just() {{
\t\t{free_by_hand(context, "text.unwrap()") or free_string("text.unwrap()")}
\t}}
\treturn Nothing
}}

"""
    source = context.file.source
    offset = documentation_start(source, implementation)
    return name, Repair((SourceEdit(offset, offset, lay_out(source, offset, text)),))


def _frees_optional_string(context: Context, function: FunctionInfo) -> bool:
    if function.owner is not None or function.node.body is None or len(function.values) != 1:
        return False
    if function.values[0].type != OPTIONAL_STRING or not _returns_nothing_there(context, function):
        return False
    return bool(context.analysis.summaries.effects(function, 0) & {Effect.RELEASES, Effect.DRAINS})


def _returns_nothing_there(context: Context, function: FunctionInfo) -> bool:
    """Whether all that a function returns is a Maybe without a value."""
    graph = context.analysis.summaries.graph(function)
    values = [exit_.value for exit_ in graph.exits if exit_.kind is ExitKind.RETURN] if graph else []
    return function.returns == OPTIONAL_STRING and {value and value.text for value in values} == {"Nothing"}


# -- the method -----------------------------------------------------------------------------------


def in_new_impl(context: Context, struct: nodes.Struct, comment: str, statements: Iterable[str]) -> Repair:
    """A destroy() in an impl of its own, after the struct."""
    lines = ["", "", f"impl {struct.name} {{", *_method(comment, statements), "}"]
    text = lay_out(context.file.source, struct.end, "\n".join(lines))
    return Repair((SourceEdit(struct.end, struct.end, text),))


def in_impl(context: Context, implementation: nodes.Impl, comment: str, statements: Iterable[str]) -> Repair:
    """A destroy() at the end of an impl."""
    source = context.file.source
    end = line_start(source, implementation.end - 1)
    text = lay_out(source, end, "\n".join(("", *_method(comment, statements), "")))
    return Repair((SourceEdit(end, end, text),))


def _method(comment: str, statements: Iterable[str]) -> list[str]:
    lines = "\n".join(statements).split("\n")
    return [
        f"\t/// {comment}",
        "\tpub func destroy(mut this) {",
        *(f"\t\t{line}" for line in lines),
        "\t}",
    ]


def complete(
    context: Context, release: FunctionInfo, first: Sequence[str], last: Sequence[str]
) -> Repair | Refusal:
    """Put statements before and after what a release does already."""
    node, body, receiver = release.node, release.node.body, release.node.parameters[0]
    assert body is not None
    edits: list[SourceEdit] = []
    if not receiver.is_mutable:
        if receiver.token("this") is None:
            return Refusal("its receiver has no room for `mut`")
        edits.append(SourceEdit(receiver.start, receiver.start, b"mut "))
    source, tree = context.file.source, context.file.tree
    if body.statements and not is_one_line(source, body):
        if first:
            edits.append(insert_statement_before(source, tree, body.statements[0], "\n".join(first)))
        if last:
            edits.append(insert_before_block_end(source, tree, body, "\n".join(last)))
        return Repair(tuple(edits))
    kept = [statement.text for statement in body.statements]
    edits.append(spread_out(source, body, (*first, *kept, *last)))
    outdated = [] if kept else _outdated_comment(source, node)
    return Repair((*outdated, *edits))


def _outdated_comment(source: bytes, node: nodes.Function) -> list[SourceEdit]:
    """A release that did nothing said so: of its documentation only the first line stays true."""
    start = line_start(source, node.start)
    first = start
    while first > 0:
        previous = line_start(source, first - 1)
        if not source[previous:first].lstrip().startswith(b"///"):
            break
        first = previous
    if first == start:
        return []
    second = source.index(b"\n", first) + 1
    return [SourceEdit(second, start, b"")] if second < start else []
