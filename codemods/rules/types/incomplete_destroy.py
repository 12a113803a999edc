"""incomplete-destroy: a release forgets something that only its type can free."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import quoted_names
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import Role, Use, uses_behind
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.fields import FieldOrigin, Fields, only_empty_constants
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.edit import (
    SourceEdit,
    indentation_of,
    insert_before_block_end,
    insert_statement_before,
    line_ending_of,
    line_start,
)

NAME = "incomplete-destroy"


def check(context: Context) -> Iterator[Diagnostic]:
    """The types of the file whose release leaves owned fields behind."""
    for info in context.analysis.index.types_in(context.file):
        if not info.fields:
            continue
        type_ = Type(info.name, tuple(Type(each) for each in info.generics))
        release = context.analysis.releases.release_of(type_)
        if release is not None and release.file is context.file and release.node.body is not None:
            proposal = _complete(context, type_, release)
            if proposal is not None:
                yield proposal


def _complete(context: Context, type_: Type, release: FunctionInfo) -> Diagnostic | None:
    analysis = context.analysis
    fields = analysis.index.fields(type_)
    done = analysis.releases.fields_released(type_, release)
    forgotten_text: list[str] = []
    drained: list[str] = []
    delegated: list[str] = []
    for name, field_type in fields.items():
        if done[name].freed and field_type.bare != "List":
            continue
        if _holds_escaped_text(context.fields, type_, name, field_type):
            forgotten_text.append(name)
        elif _owns_elements(context, type_, name, field_type, release):
            drained.append(name)
        elif not done[name].freed and _forgets_field(context, type_, name, field_type):
            delegated.append(name)
    if not forgotten_text and not drained and not delegated:
        return None
    lists = [
        name
        for name, each in fields.items()
        if drained
        and analysis.drops.kind(each) is DropKind.CALL
        and not done[name].freed
        and name not in delegated
    ]
    blanked = [name for name in context.fields.borrowed_text(type_) if not done[name].blanked]
    body = release.node.body
    drains = _drains(context, type_, fields, drained, returns=body is not None and not body.statements)
    statements = _statements(context, type_, fields, forgotten_text, [*delegated, *lists], blanked)
    edits = _edits(context, release, drains, statements)
    forgotten = [*forgotten_text, *drained, *delegated]
    place, function = release.node.name_token.start, release.qualified_name
    message = f"{type_.bare}.{release.name}() forgets {quoted_names(forgotten)}"
    reader = _reader_behind_release(context, type_, release)
    if reader is not None:
        message += f", but {reader} still uses a part of such a value behind its release"
        return Diagnostic(NAME, place, function, message, Verdict.REPORTED)
    if edits is None:
        message += "; its receiver has no room for `mut`"
        return Diagnostic(NAME, place, function, message, Verdict.REPORTED)
    message += ", which nothing else can free"
    return Diagnostic(NAME, place, function, message, Verdict.FIXED, tuple(edits))


def _reader_behind_release(context: Context, type_: Type, release: FunctionInfo) -> str | None:
    """A function that releases a value of the type and then still reads what it took out of it."""
    users = context.tests.functions_mentioning([release.name])
    for analysis, function in chain(context.functions_of_library(), users):
        summaries = analysis.summaries
        if function is release:
            continue
        graph = summaries.graph(function)
        if graph is None:
            continue
        for variable in graph.variables:
            if variable.type is None or variable.type.target().name != type_.name:
                continue
            releases = [
                (block, position)
                for block in graph.blocks
                for position, action in enumerate(block.actions)
                if isinstance(action, Use) and action.variable is variable and action.site.callee is release
            ]
            if not releases:
                continue
            fate = summaries.fate(graph, variable)
            views = fate.views - {variable}
            behind = (use for block, at in releases for use in uses_behind(block, at, variable))
            if fate.view_escapes or any(use.variable in views for use in behind):
                return function.qualified_name
    return None


def _holds_escaped_text(fields: Fields, type_: Type, name: str, field_type: Type) -> bool:
    """A number that is a string in disguise, owned by the struct."""
    if field_type.name not in ("I64", "U64", "*"):
        return False
    origin = fields.origin(type_, name)
    return origin.is_owned and origin.is_text and only_empty_constants(origin)


def _owns_elements(context: Context, type_: Type, name: str, field_type: Type, release: FunctionInfo) -> bool:
    """A list of strings that were all made for it, which the release does not go through."""
    if field_type.bare != "List" or [each.name for each in field_type.arguments] != ["Str"]:
        return False
    origin = context.fields.elements(type_, name)
    if not origin.is_owned or not only_empty_constants(origin):
        return False
    return not any(
        isinstance(each, nodes.MethodCall)
        and each.name in ("get", "pop")
        and isinstance(each.receiver, nodes.FieldAccess)
        and each.receiver.name == name
        for each in release.node.walk()
    )


def _forgets_field(context: Context, type_: Type, name: str, field_type: Type) -> bool:
    """A field that has a release of its own, which the compiler does not drop with the struct."""
    analysis = context.analysis
    if analysis.drops.kind(type_) is DropKind.FIELDS and not analysis.releases.needs_release(field_type):
        return False
    if analysis.releases.release_of(field_type) is None or not analysis.releases.is_idempotent(field_type):
        return False
    if analysis.drops.kind(type_) is DropKind.NOTHING and not analysis.releases.needs_release(field_type):
        return False
    if not context.fields.origin(type_, name).is_owned:
        return False
    return not _is_moved_out(context, type_, name)


def _is_moved_out(context: Context, type_: Type, name: str) -> bool:
    """Whether some method hands the field out and leaves the old value in its place."""
    analysis = context.analysis
    for methods in analysis.index.methods.get(type_.name, {}).values():
        for method in methods:
            graph = analysis.summaries.graph(method)
            if graph is None:
                continue
            blanks = any(
                isinstance(each, nodes.Assignment) and f"this.{name}" in each.target.text
                for each in method.node.walk()
            )
            for node in method.node.walk():
                if isinstance(node, nodes.FieldAccess) and node.name == name and not blanks:
                    site = graph.site_of(node)
                    if site is not None and site.role in (
                        Role.RETURNED,
                        Role.ELEMENT,
                        Role.CONSTRUCTED,
                        Role.BOUND,
                        Role.STORED,
                        Role.ASSIGNED,
                    ):
                        return True
    return False


def _may_be_empty_literal(origin: FieldOrigin) -> bool:
    """Whether the text may be the literal "", which must not be freed; a copy of it must."""
    return '""' in origin.literals


def _drains(
    context: Context, type_: Type, fields: dict[str, Type], drained: list[str], *, returns: bool
) -> list[str]:
    """The statements that free the elements of lists; a destroyed list has none.

    ``returns``: there is nothing else to release when the first list is destroyed already.
    """
    statements: list[str] = []
    for name in drained:
        handle = _handle_field(context, fields[name])
        index = "i" if len(drained) == 1 else f"{name}_index"
        item = f"{name}_item"
        free = f"lowlevel {{ mem_free({item} as *Unit) }}"
        if _may_be_empty_literal(context.fields.elements(type_, name)):
            free = f"if {context.text_length(f'{item} as Str')} > 0 {{\n        {free}\n    }}"
        loop = (
            f"var {index}: I64 = 0\n"
            f"loop ({index} < this.{name}.len()) {{\n"
            f"    let {item}: I64 = this.{name}.get({index}) as I64\n"
            f"    {free}\n"
            f"    {index} = {index} + 1\n"
            "}"
        )
        if handle is not None and returns and name == drained[0]:
            statements.append(f"if this.{name}.{handle} == null {{\n    return\n}}")
        elif handle is not None:
            indented = loop.replace("\n", "\n    ")
            loop = f"if this.{name}.{handle} != null {{\n    {indented}\n}}"
        statements.append(loop)
    return statements


def _statements(
    context: Context,
    type_: Type,
    fields: dict[str, Type],
    forgotten_text: list[str],
    delegated: list[str],
    blanked: list[str],
) -> list[str]:
    """The statements that complete the release; each leaves its field blank."""
    statements: list[str] = []
    for name in forgotten_text:
        word = f"this.{name}"
        blank = "null" if fields[name].name == "*" else "0"
        test = f"{word} != {blank}"
        if _may_be_empty_literal(context.fields.origin(type_, name)):
            test = f"{context.text_length(f'{word} as Str')} > 0"
        statements.append(
            f"if {test} {{\n    lowlevel {{ mem_free({word} as *Unit) }}\n    {word} = {blank}\n}}"
        )
    for name in delegated:
        release = context.analysis.releases.release_of(fields[name])
        statements.append(f"this.{name}.{release.name if release else 'destroy'}()")
    if blanked:
        statements.append(
            "// Text of the caller: without this the compiler would free it with the value.\n"
            + "\n".join(f"this.{name} = 0 as Str" for name in blanked)
        )
    return statements


def _handle_field(context: Context, list_type: Type) -> str | None:
    """The pointer inside a list, null once it is destroyed."""
    fields = context.analysis.index.fields(list_type)
    pointers = [name for name, each in fields.items() if each.name == "*"]
    return pointers[0] if len(pointers) == 1 else None


def _edits(
    context: Context, release: FunctionInfo, first: list[str], last: list[str]
) -> list[SourceEdit] | None:
    """Put ``first`` in front of what the release does already, and ``last`` behind it."""
    node = release.node
    body = node.body
    assert body is not None
    receiver = node.parameters[0]
    edits: list[SourceEdit] = []
    if not receiver.is_mutable:
        if receiver.token("this") is None:
            return None
        edits.append(SourceEdit(receiver.start, receiver.start, b"mut "))
    source, tree = context.file.source, context.file.tree
    if body.statements:
        if first:
            edits.append(insert_statement_before(source, tree, body.statements[0], "\n".join(first)))
        if last:
            edits.append(insert_before_block_end(source, tree, body, "\n".join(last)))
        return edits
    outer = indentation_of(source, node.start)
    text = "\n".join([*first, *last])
    ending = line_ending_of(source, node.start)
    lines = [outer + b"    " + line.encode() + ending for line in text.split("\n")]
    interior = ending + b"".join(lines) + outer
    edits.append(SourceEdit(body.start + 1, body.end - 1, interior))
    return [*_stale_documentation(source, node), *edits]


def _stale_documentation(source: bytes, node: nodes.Function) -> list[SourceEdit]:
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


RULE = Rule(
    name=NAME,
    summary="A release forgets something that only its type can free.",
    reason=(
        "A string that is cast to a number escapes the compiler's bookkeeping, a list never frees its "
        "elements, and a type with its own Drop gets nothing but that call. What a constructor made for the "
        "struct must be freed by its release, which then blanks the field so that neither a second call nor "
        "the compiler's own drop finds it again. Text that belongs to the caller is blanked, not freed."
    ),
    check=check,
    examples=(
        Fixed(
            "a string kept as a number",
            """\
use core::str

pub type Badge {
    block: *Unit,
    name_word: I64,
}

impl Badge {
    pub func new(name: Str) -> Badge {
        Badge {
            block: lowlevel { mem_alloc(8) },
            name_word: str::trim(name) as I64,
        }
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.block) }
    }
}
""",
            """\
use core::str

pub type Badge {
    block: *Unit,
    name_word: I64,
}

impl Badge {
    pub func new(name: Str) -> Badge {
        Badge {
            block: lowlevel { mem_alloc(8) },
            name_word: str::trim(name) as I64,
        }
    }

    pub func destroy(mut this) {
        lowlevel { mem_free(this.block) }
        if str::len(this.name_word as Str) > 0 {
            lowlevel { mem_free(this.name_word as *Unit) }
            this.name_word = 0
        }
    }
}
""",
        ),
        Fixed(
            "a list of strings",
            """\
use core::str
use std::collections::List

pub type Parts {
    texts: List[Str],
}

impl Parts {
    pub func of(line: Str) -> Parts {
        let found = List[Str]::new(4)
        found.push(str::substring(line, 0, 2))
        found.push(str::substring(line, 2, 4))
        return Parts { texts: found }
    }

    /// Gives the parts back.
    /// There is nothing to do: the list drops itself.
    pub func destroy(this) {
    }
}
""",
            """\
use core::str
use std::collections::List

pub type Parts {
    texts: List[Str],
}

impl Parts {
    pub func of(line: Str) -> Parts {
        let found = List[Str]::new(4)
        found.push(str::substring(line, 0, 2))
        found.push(str::substring(line, 2, 4))
        return Parts { texts: found }
    }

    /// Gives the parts back.
    pub func destroy(mut this) {
        if this.texts.handle == null {
            return
        }
        var i: I64 = 0
        loop (i < this.texts.len()) {
            let texts_item: I64 = this.texts.get(i) as I64
            if str::len(texts_item as Str) > 0 {
                lowlevel { mem_free(texts_item as *Unit) }
            }
            i = i + 1
        }
        this.texts.destroy()
    }
}
""",
        ),
        Untouched(
            "a string of the caller",
            """\
use core::str

pub type Badge {
    block: *Unit,
    name_word: I64,
    number: I64,
}

impl Badge {
    pub func view(name: Str, number: I64) -> Badge {
        Badge {
            block: lowlevel { mem_alloc(8) },
            name_word: name as I64,
            number: number,
        }
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.block) }
    }
}
""",
        ),
    ),
)
