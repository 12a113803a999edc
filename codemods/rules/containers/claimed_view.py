"""claimed-view: the compiler takes a string that a container still holds for a new one, and frees it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import short_code
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph, ExitKind, Variable
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.releases import is_read_from_memory
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.edit import SourceEdit, indentation_of, line_ending_of, line_start
from tml_ast.nodes import Expression

NAME = "claimed-view"


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings of containers in the file that are freed because a name says that they are new."""
    for _, graph in context.graphs():
        for variable in graph.variables:
            call = _claimed(context, graph, variable)
            if call is not None and _hands_out(context, call):
                yield _proposal(context, graph, variable, call)


def _claimed(context: Context, graph: ControlFlowGraph, variable: Variable) -> CallSite | None:
    """The method call that a string comes from which the compiler drops for the method's name."""
    if (
        variable.type is None
        or variable.type.name != "Str"
        or not isinstance(variable.value, nodes.MethodCall)
    ):
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
    owner = callee.owner
    if context.analysis.releases.frees_stored_addresses(owner):
        return True
    return isinstance(receiver, nodes.FieldAccess) and isinstance(receiver.object, nodes.This)


def _reads_memory(context: Context, function: FunctionInfo) -> bool:
    """Whether a function returns what it reads from memory."""
    graph = context.analysis.summaries.graph(function)
    return graph is not None and any(
        exit_.kind in (ExitKind.RETURN, ExitKind.TAIL)
        and exit_.value is not None
        and is_read_from_memory(_initialiser(graph, exit_.value))
        for exit_ in graph.exits()
    )


def _initialiser(graph: ControlFlowGraph, value: Expression) -> Expression:
    """What a variable was made with; any other expression itself."""
    if not isinstance(value, nodes.Path):
        return value
    return next((each.value for each in graph.named(value.text) if each.value), value)


def _proposal(context: Context, graph: ControlFlowGraph, variable: Variable, call: CallSite) -> Diagnostic:
    name = called_name(call.node)
    message = (
        f"the compiler frees `{variable.name}`, which `{short_code(call.node.text)}` only looks up: "
        f"another function called {name}() makes what it returns"
    )
    if context.file.is_test:
        message += ", in a test also at the end of a statement; read it in the library instead"
        return Diagnostic(NAME, variable.offset, graph.function.qualified_name, message, Verdict.REPORTED)
    source = context.file.source
    start = line_start(source, call.node.start)
    comment = b"// still held where it was read: the cast keeps the compiler from freeing it"
    edits = (
        SourceEdit(start, start, indentation_of(source, start) + comment + line_ending_of(source, start)),
        SourceEdit(call.node.end, call.node.end, b" as Str"),
    )
    return Diagnostic(NAME, variable.offset, graph.function.qualified_name, message, Verdict.FIXED, edits)


RULE = Rule(
    name=NAME,
    summary="The compiler frees a string that a container still holds.",
    reason=(
        "`@allocates` goes by the bare name. Where one type's method of a name makes strings, every let of a "
        "string that any method of that name returns is dropped, also when it is only looked up in a "
        "container. With a container that frees what it holds that is a double free. A cast of the call is "
        "no call, so the compiler leaves such a variable alone."
    ),
    check=check,
    examples=(
        Fixed(
            "",
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
        // still held where it was read: the cast keeps the compiler from freeing it
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
            "",
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
