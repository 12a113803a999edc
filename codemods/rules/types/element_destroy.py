"""element-destroy: a function hands out a list of structs whose strings nothing can free."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import quoted_names
from codemods.fixes.write_destroy import free_field, in_new_impl
from codemods.ownership.cfg.graph import ExitKind
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import Type
from tml_ast import nodes


def check(context: Context) -> Iterator[Diagnostic]:
    """The structs of the file that fill lists, own strings and have no release."""
    if context.file.is_test:
        return
    for info in context.analysis.index.types_in(context.file):
        if info.generics or not isinstance(info.node, nodes.Struct):
            continue
        type_ = Type(info.name)
        if context.analysis.releases.release_of(type_) is not None or not _fills_lists(context, type_):
            continue
        owned = context.fields.owned_strings(type_)
        if not owned or "destroy" in context.analysis.index.methods.get(info.name, {}):
            continue
        message = (
            f"a list of {type_.bare} never frees {quoted_names(owned)} of its elements, "
            f"and {type_.bare} has no destroy() that would"
        )
        statements = (free_field(context, f"this.{name}") for name in owned)
        comment = "Frees the strings, and leaves the fields blank."
        yield context.fix(
            type_.bare, info.node, message, in_new_impl(context, info.node, comment, statements)
        )


def _fills_lists(context: Context, type_: Type) -> bool:
    """Whether some function of the library makes a list of such structs for its caller."""
    summaries = context.analysis.summaries
    for function in context.analysis.makers_of_lists.get(type_, ()):
        graph = summaries.graph(function)
        if graph is not None and summaries.result(function).is_fresh:
            return any(exit_.kind is not ExitKind.END for exit_ in graph.exits)
    return False


RULE = Rule(
    name="element-destroy",
    summary="A function hands out a list of structs whose strings nothing can free.",
    reason=(
        "A list never frees its elements, and what they own is lost with it. A struct whose strings are all "
        "its own gets a destroy() that frees and blanks them, so that neither a second call nor the "
        "compiler's drop finds them again; whoever has the list calls it on every element."
    ),
    check=check,
    examples=(
        Fixed(
            "A list of structs that own their strings",
            """\
use core::str
use std::collections::List

pub type Part {
    text: Str,
    size: I64,
}

pub func parts_of(line: Str) -> List[Part] {
    let found: List[Part] = List[Part]::new(4)
    found.push(Part { text: str::substring(line, 0, 2), size: 2 })
    return found
}
""",
            """\
use core::str
use std::collections::List

pub type Part {
    text: Str,
    size: I64,
}

impl Part {
    /// Frees the strings, and leaves the fields blank.
    pub func destroy(mut this) {
        if str::len(this.text) > 0 {
            lowlevel { mem_free(this.text as I64 as *Unit) }
            this.text = ""
        }
    }
}

pub func parts_of(line: Str) -> List[Part] {
    let found: List[Part] = List[Part]::new(4)
    found.push(Part { text: str::substring(line, 0, 2), size: 2 })
    return found
}
""",
        ),
        Untouched(
            "Strings of the caller",
            """\
use core::str
use std::collections::List

pub type Part {
    text: Str,
}

pub func parts_of(line: Str) -> List[Part] {
    let found: List[Part] = List[Part]::new(4)
    found.push(Part { text: line })
    return found
}
""",
        ),
        Untouched(
            "No function lists them",
            """\
use core::str

pub type Part {
    text: Str,
}

pub func part_of(line: Str) -> Part {
    return Part { text: str::substring(line, 0, 2) }
}
""",
        ),
    ),
)
