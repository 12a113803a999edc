"""stored-duplicate: a string is made for a container that never frees it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.rules.rule import Reported, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings that methods make and store in memory whose content their type's release does not free."""
    if context.file.is_test:
        return
    releases = context.analysis.releases
    for function, graph in context.graphs():
        release = releases.release_of(function.owner)
        if release is None or function is release:
            continue
        for variable in graph.variables:
            if _is_stored_string(context, graph, variable) and not releases.frees_stored_addresses(
                function.owner
            ):
                message = (
                    f"`{variable.name}` is a string that {function.name}() makes and stores, and "
                    f"{release.qualified_name}() never frees it"
                )
                yield context.report(
                    graph, variable, message, because="the layout of the memory is not known"
                )


def _is_stored_string(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a variable holds a new string as a number, and is only stored."""
    value = variable.value
    if variable.kind is not VariableKind.LET or variable.type is None or variable.type.name != "I64":
        return False
    if not isinstance(value, nodes.Cast):
        return False
    if graph.type_of(value.operand) != STR:
        return False
    if not context.analysis.summaries.origin(graph, value).is_fresh:
        return False
    effects = context.analysis.summaries.fate(graph, variable).effects
    return Effect.RETAINS in effects and effects <= {Effect.RETAINS, Effect.BORROWS}


RULE = Rule(
    name="stored-duplicate",
    summary="A string is made for a container that never frees it.",
    reason=(
        "A method that copies what it is given and writes the copy into memory of its own makes its type "
        "the owner. A release that gives the memory back without freeing the strings in it loses them "
        "all. The code does not show which words of the memory are strings, unless it has a shape that "
        "another rule knows, so this is only reported."
    ),
    check=check,
    examples=(
        Untouched(
            "The release frees what is stored",
            """\
use core::str

pub type Note {
    block: *Unit
}

impl Note {
    pub func write(this, text: Str) {
        let word: I64 = str::trim(text) as I64
        lowlevel { ptr_write[I64](this.block as *I64, word) }
    }

    pub func destroy(mut this) {
        lowlevel { mem_free(lowlevel { ptr_read[I64](this.block as *I64) } as *Unit) }
        lowlevel { mem_free(this.block) }
    }
}
""",
        ),
        Reported(
            "The release frees the block only",
            """\
use core::str

pub type Note {
    block: *Unit
}

impl Note {
    pub func write(this, text: Str) {
        let word: I64 = str::trim(text) as I64
        lowlevel { ptr_write[I64](this.block as *I64, word) }
    }

    pub func destroy(mut this) {
        lowlevel { mem_free(this.block) }
    }
}
""",
        ),
    ),
)
