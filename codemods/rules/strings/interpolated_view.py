"""interpolated-view: an interpolation frees a string that a table still holds."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Repair
from codemods.fixes.string_misuses import COPY
from codemods.fixes.workarounds import SHOWS_COPIES, explained
from codemods.model.compiler_profile import Trait
from codemods.ownership.cfg.graph import Role, Variable
from codemods.ownership.releases import is_read_from_memory
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings of a table's own memory that its methods interpolate."""
    frees = Trait.INTERPOLATION in context.analysis.drops.traits
    if not frees or context.file.is_test or b"ptr_read" not in context.file.source:
        return
    for function, graph in context.graphs():
        stored = [
            use for use in graph.all_uses if use.site.role is Role.INTERPOLATED and _is_stored(use.variable)
        ]
        if stored and context.analysis.releases.frees_stored_addresses(function.owner):
            for use in stored:
                message = (
                    f"the interpolation frees `{use.variable.name}`, "
                    "which the table still holds and frees again"
                )
                copy = Repair((SourceEdit(use.node.end, use.node.end, COPY),))
                repair = explained(context, function, use.node, SHOWS_COPIES, copy)
                yield context.fix(graph, use.node, message, repair)


def _is_stored(variable: Variable) -> bool:
    """Whether a string is a machine word read from memory, and so no copy of its own."""
    value = variable.value
    return variable.type == STR and isinstance(value, nodes.Cast) and is_read_from_memory(value.operand)


RULE = Rule(
    name="interpolated-view",
    summary="An interpolation in library code frees a string that a table still holds.",
    reason=(
        "In library code the compiler frees every string that an interpolation joins, even that of a "
        "variable. If the string is read from memory that the type's own release frees, it is freed twice, "
        "and whoever reads it in between reads freed memory. The interpolation gets a copy instead, and "
        "frees that."
    ),
    check=check,
    examples=(
        Fixed(
            "A copy is joined",
            """\
pub type Slip {
    block: *Unit
}

impl Slip {
    /// The text with its length.
    pub func label(this) -> Str {
        let text: Str = lowlevel { ptr_read[I64](this.block as *I64) } as Str
        let size: I64 = text.len()
        return "{text} ({size})"
    }

    pub func destroy(mut this) {
        if this.block == null {
            return
        }
        lowlevel { mem_free(lowlevel { ptr_read[I64](this.block as *I64) } as *Unit) }
        lowlevel { mem_free(this.block) }
        this.block = null
    }
}
""",
            """\
pub type Slip {
    block: *Unit
}

impl Slip {
    /// The text with its length.
    pub func label(this) -> Str {
        let text: Str = lowlevel { ptr_read[I64](this.block as *I64) } as Str
        let size: I64 = text.len()
        // compiler defect interpolation-frees-operands: so it shows copies
        return "{text.duplicate()} ({size})"
    }

    pub func destroy(mut this) {
        if this.block == null {
            return
        }
        lowlevel { mem_free(lowlevel { ptr_read[I64](this.block as *I64) } as *Unit) }
        lowlevel { mem_free(this.block) }
        this.block = null
    }
}
""",
        ),
        Untouched(
            "The type does not free the string",
            """\
pub type Slip {
    block: *Unit
}

impl Slip {
    /// The text with its length. The slip does not own the text.
    pub func label(this) -> Str {
        let text: Str = lowlevel { ptr_read[I64](this.block as *I64) } as Str
        return "{text}!"
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.block) }
    }
}
""",
        ),
    ),
)
