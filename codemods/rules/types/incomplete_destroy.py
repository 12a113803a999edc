"""incomplete-destroy: a release forgets something that only its type can free."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.drain_structs import forgotten_strings, free_beside, freed_reads
from codemods.fixes.list_elements import (
    element_of,
    owns_elements,
    release_of_element,
)
from codemods.fixes.naming import quoted_names
from codemods.fixes.write_destroy import (
    complete,
    free_elements,
    free_number_field,
    free_strings_of_elements,
)
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.fields import only_empty_constants
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes

_MOVING = (Role.RETURNED, Role.ELEMENT, Role.CONSTRUCTED, Role.BOUND, Role.STORED, Role.ASSIGNED)


def check(context: Context) -> Iterator[Diagnostic]:
    """The types of the file whose release forgets owned fields."""
    for info in context.analysis.index.types_in(context.file):
        if not info.fields:
            continue
        type_ = Type(info.name, tuple(Type(parameter) for parameter in info.generics))
        release = context.analysis.releases.release_of(type_)
        if release is None or release.file is not context.file or release.node.body is None:
            continue
        strings, lists, owners = _forgotten(context, type_, release)
        structs = forgotten_strings(context, type_, release)
        if not strings and not lists and not owners and not structs:
            continue
        parts = [f"{name}.{field}" for name, fields in structs.items() for field in fields]
        message = f"{type_.bare}.{release.name}() forgets {quoted_names([*strings, *lists, *owners, *parts])}"
        reader = _reader_after_release(context, type_, release)
        if reader is not None:
            message += f", but {reader} still uses a part of such a value after its release"
            yield context.report(release, release.node.name_token, message)
            continue
        repair = _completed(context, type_, release, strings, lists, owners, structs)
        if isinstance(repair, Repair):
            message += ", which nothing else can free"
        yield context.fix(release, release.node.name_token, message, repair)


def _forgotten(
    context: Context, type_: Type, release: FunctionInfo
) -> tuple[list[str], list[str], list[str]]:
    """The fields that a release forgets: strings kept as numbers, lists of strings, and other owners."""
    strings: list[str] = []
    lists: list[str] = []
    owners: list[str] = []
    done = context.analysis.releases.fields_released(type_, release)
    # A stop() may be followed by a start(), which finds there what stop() leaves alone.
    is_last = context.analysis.index.is_named_as_release(release)
    for name, field_type in context.analysis.index.fields(type_).items():
        freed = done[name].freed
        if (freed and field_type.bare != "List") or not (freed or is_last):
            continue
        if _holds_string_as_number(context, type_, name, field_type):
            strings.append(name)
        elif _owns_elements(context, type_, name, field_type, release):
            lists.append(name)
        elif not freed and _forgets_field(context, type_, name, field_type):
            owners.append(name)
    return strings, lists, owners


def _completed(
    context: Context,
    type_: Type,
    release: FunctionInfo,
    strings: list[str],
    lists: list[str],
    owners: list[str],
    structs: dict[str, list[str]],
) -> Repair | Refusal:
    """Free what is forgotten; each statement leaves its field blank."""
    analysis = context.analysis
    fields = analysis.index.fields(type_)
    beside: list[Repair] = []
    for name in [*structs]:
        reads = freed_reads(context, release, name, fields[name].arguments[0])
        if reads:
            forgotten = structs.pop(name)
            beside.append(free_beside(context, release, fields[name].arguments[0], reads[-1], forgotten))
    if beside and not (strings or lists or owners or structs):
        return Repair.of(beside)
    done = analysis.releases.fields_released(type_, release)
    body = release.node.body
    is_empty = body is not None and not body.statements
    first = [
        free_elements(
            context,
            release,
            name,
            fields[name],
            context.fields.elements(type_, name),
            returns=is_empty and name == lists[0],
        )
        for name in lists
    ]
    first += (
        free_strings_of_elements(
            context,
            name,
            fields[name],
            forgotten,
            "i" if len(structs) == 1 else f"{name}_index",
            returns=is_empty and not lists and name == next(iter(structs)),
        )
        for name, forgotten in structs.items()
    )
    dropped = [
        name
        for name, field_type in fields.items()
        if (lists or structs)
        and analysis.drops.kind(field_type) is DropKind.CALL
        and not done[name].freed
        and name not in owners
    ]
    last = [
        free_number_field(context, f"this.{name}", fields[name], context.fields.origin(type_, name))
        for name in strings
    ]
    for name in (*owners, *dropped):
        called = analysis.releases.release_of(fields[name])
        last.append(called.statement_on(f"this.{name}") if called else f"this.{name}.destroy()")
    blanked = [name for name in context.fields.borrowed_strings(type_) if not done[name].blanked]
    if blanked:
        last.append("// Text of the caller: without this the compiler would free it with the value.")
        last += (f"this.{name} = 0 as Str" for name in blanked)
    completed = complete(context, release, first, last)
    return completed if isinstance(completed, Refusal) else Repair.of([*beside, completed])


def _reader_after_release(context: Context, type_: Type, release: FunctionInfo) -> str | None:
    """A function that releases a value of the type and then still reads what it took out of it."""
    users = context.tests.functions_mentioning([release.name])
    for analysis, function in chain(context.functions_of_library(), users):
        graph = analysis.summaries.graph(function) if function is not release else None
        if graph is None:
            continue
        for variable in graph.variables:
            if variable.type is None or variable.type.target().name != type_.name:
                continue
            after = _uses_after(graph, variable, release)
            if after is None:
                continue
            fate = analysis.summaries.fate(graph, variable)
            if fate.view_escapes or any(use.variable in fate.views - {variable} for use in after):
                return function.qualified_name
    return None


def _uses_after(graph: ControlFlowGraph, variable: Variable, release: FunctionInfo) -> list[Use] | None:
    """The uses that may follow a release of a variable; None if it is not released."""
    after: list[Use] = []
    released = False
    for use in graph.uses(variable):
        if use.site.callee is release:
            released = True
            after += graph.uses_after(use, variable)
    return after if released else None


def _holds_string_as_number(context: Context, type_: Type, name: str, field_type: Type) -> bool:
    """Whether a number is the address of a string that the struct owns."""
    if field_type.name not in ("I64", "U64", "*"):
        return False
    origin = context.fields.origin(type_, name)
    return origin.is_owned and origin.is_string and only_empty_constants(origin)


def _owns_elements(context: Context, type_: Type, name: str, field_type: Type, release: FunctionInfo) -> bool:
    """Whether only the release can free the elements of a list, and does not."""
    element = element_of(field_type)
    if element is None or (not element.is_str and not release_of_element(context, element, "item")):
        return False
    if element.is_str and context.file.is_test:
        return False
    return owns_elements(context, type_, name, release)


def _forgets_field(context: Context, type_: Type, name: str, field_type: Type) -> bool:
    """Whether a field has a release of its own, and the compiler does not drop it with the struct."""
    drops, releases = context.analysis.drops, context.analysis.releases
    if drops.kind(type_) in (DropKind.FIELDS, DropKind.NOTHING) and not releases.needs_release(field_type):
        return False
    release = releases.release_of(field_type)
    if release is None or not releases.is_idempotent(field_type):
        return False
    if context.refusal_to_call(release) is not None:
        return False
    return context.fields.origin(type_, name).is_owned and not _is_moved_out(context, type_, name)


def _is_moved_out(context: Context, type_: Type, name: str) -> bool:
    """Whether some method hands the field out and leaves the old value in its place."""
    for methods in context.analysis.index.methods.get(type_.name, {}).values():
        for method in methods:
            graph = context.analysis.summaries.graph(method)
            if graph is None or _blanks(method, name):
                continue
            for node in method.node.walk():
                if isinstance(node, nodes.FieldAccess) and node.name == name:
                    site = graph.site_of(node)
                    if site is not None and site.role in _MOVING:
                        return True
    return False


def _blanks(method: FunctionInfo, name: str) -> bool:
    """Whether a method sets a field."""
    return any(
        isinstance(node, nodes.Assignment) and f"this.{name}" in node.target.text
        for node in method.node.walk()
    )


RULE = Rule(
    name="incomplete-destroy",
    summary="A release forgets something that only its type can free.",
    reason=(
        "A string that is cast to a number escapes the compiler's bookkeeping, a list never frees its "
        "elements, and a type with its own Drop gets nothing but that call. What a constructor made for the "
        "struct must be freed by its release, which then blanks the field so that neither a second call nor "
        "the compiler's own drop finds it again. A string that belongs to the caller is blanked, not freed."
    ),
    check=check,
    examples=(
        Fixed(
            "A string kept as a number",
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
            "A list of strings",
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
        loop (this.texts.len() > 0) {
            let one_of_texts: I64 = this.texts.pop() as I64
            if str::len(one_of_texts as Str) > 0 {
                lowlevel { mem_free(one_of_texts as *Unit) }
            }
        }
        this.texts.destroy()
    }
}
""",
        ),
        Untouched(
            "A string of the caller",
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
