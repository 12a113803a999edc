"""claimed-view: the compiler treats a string that a container still holds as new, and frees it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.cast_view import cast_view
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal
from codemods.fixes.naming import short_code
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, ExitKind, Variable
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.releases import is_read_from_memory
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR, FunctionInfo
from tml_ast import nodes
from tml_ast.nodes import Expression

_IN_TEST = Refusal(
    "in a test the statement frees it as well, so a cast is not enough: read it in the library"
)


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings of containers that the compiler frees because of the name they are read by."""
    for _, graph in context.graphs():
        for variable in graph.variables:
            call = _claimed(context, graph, variable)
            if call is None or not _hands_out(context, call):
                continue
            message = (
                f"the compiler frees `{variable.name}`, which `{short_code(call.node.text)}` only looks up: "
                f"another function called {called_name(call.node)}() makes what it returns"
            )
            repair = _IN_TEST if context.file.is_test else cast_view(context, graph.function, call.node)
            yield context.fix(graph, variable, message, repair)


def _claimed(context: Context, graph: ControlFlowGraph, variable: Variable) -> CallSite | None:
    """The method call whose name makes the compiler drop the string in a variable."""
    if variable.type != STR:
        return None
    if not isinstance(variable.value, nodes.MethodCall):
        return None
    if not context.analysis.drops.is_registered(variable):
        return None
    if context.file.is_test and not context.analysis.is_reserved_in(context.file, variable.value.name):
        return None
    return graph.call_at(variable.value)


def _hands_out(context: Context, call: CallSite) -> bool:
    """Whether a call returns a string that stays where it was, in what outlives the function."""
    callee, receiver = call.callee, call.receiver
    if callee is None or callee.allocates or not _reads_memory(context, callee):
        return False
    if not context.purity.function_is_pure(callee):
        return False
    if context.analysis.releases.frees_stored_addresses(callee.owner):
        return True
    return isinstance(receiver, nodes.FieldAccess) and isinstance(receiver.object, nodes.This)


def _reads_memory(context: Context, function: FunctionInfo) -> bool:
    """Whether a function returns what it reads from memory."""
    graph = context.analysis.summaries.graph(function)
    return graph is not None and any(
        exit_.kind in (ExitKind.RETURN, ExitKind.TAIL)
        and exit_.value is not None
        and is_read_from_memory(_initialiser(graph, exit_.value))
        for exit_ in graph.exits
    )


def _initialiser(graph: ControlFlowGraph, value: Expression) -> Expression:
    """What a variable was made with; any other expression itself."""
    if not isinstance(value, nodes.Path):
        return value
    return next((variable.value for variable in graph.named(value.text) if variable.value), value)


RULE = Rule(
    name="claimed-view",
    summary="The compiler frees a string that a container still holds.",
    reason=(
        "`@allocates` goes by the bare name. Where one type's method of a name makes strings, the "
        "compiler drops every let of a string that any method of that name returns, even one that only "
        "looks it up in a container. With a container that frees what it holds, that is a double free. A "
        "cast of the call is no call, so the compiler leaves such a variable alone."
    ),
    check=check,
    examples=(
        Fixed(
            "Another type's render() makes its string",
            """\
use core::str

pub type Drawer {
    block: *Unit
}

impl Drawer {
    pub func render(this) -> Str {
        return lowlevel { ptr_read[I64](this.block as *I64) } as Str
    }

    pub func size(this) -> I64 {
        let text: Str = this.render()
        let length: I64 = str::len(text)
        return length
    }

    pub func destroy(mut this) {
        lowlevel { mem_free(lowlevel { ptr_read[I64](this.block as *I64) } as *Unit) }
        lowlevel { mem_free(this.block) }
    }
}
""",
            """\
use core::str

pub type Drawer {
    block: *Unit
}

impl Drawer {
    pub func render(this) -> Str {
        return lowlevel { ptr_read[I64](this.block as *I64) } as Str
    }

    pub func size(this) -> I64 {
        // compiler defect allocates-goes-by-bare-name: the cast keeps it from being freed
        let text: Str = this.render() as Str
        let length: I64 = str::len(text)
        return length
    }

    pub func destroy(mut this) {
        lowlevel { mem_free(lowlevel { ptr_read[I64](this.block as *I64) } as *Unit) }
        lowlevel { mem_free(this.block) }
    }
}
""",
        ),
        Untouched(
            "No function of that name makes strings",
            """\
use core::str

pub type Drawer {
    block: *Unit
}

impl Drawer {
    pub func content(this) -> Str {
        return lowlevel { ptr_read[I64](this.block as *I64) } as Str
    }

    pub func size(this) -> I64 {
        let text: Str = this.content()
        let length: I64 = str::len(text)
        return length
    }

    pub func destroy(mut this) {
        lowlevel { mem_free(lowlevel { ptr_read[I64](this.block as *I64) } as *Unit) }
        lowlevel { mem_free(this.block) }
    }
}
""",
        ),
    ),
)
