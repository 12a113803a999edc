"""foreign-growth: C reallocates a block that TML allocated, and the old one counts as leaked."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.imports import path_to
from codemods.fixes.naming import short_code
from codemods.fixes.string_code import string_length
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph
from codemods.ownership.compiler.builtins import GROWN_BY_C, extern_symbol
from codemods.ownership.compiler.drops import called_name
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.edit import insert_statement_before
from tml_ast.nodes import Expression

NAME = "foreign-growth"

_MARGIN = 64
"""Bytes that suffice for what the functions write beyond their input, now and when they finish."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The calls in the file that let C grow a buffer of TML."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        for call in graph.calls():
            if call.callee is None or not call.callee.is_extern:
                continue
            grown = GROWN_BY_C.get(extern_symbol(call.callee))
            if grown is not None:
                proposal, imports = _proposal(context, graph, call, *grown)
                if proposal is not None:
                    yield proposal
                if imports:
                    return


def _proposal(
    context: Context, graph: ControlFlowGraph, call: CallSite, given: int, grown: int
) -> tuple[Diagnostic | None, bool]:
    """Make room in TML first, and whether that takes an import, which others can use next.

    None where it has been done, or where the argument is no buffer's block.
    """
    statement = context.parent(call.node)
    block = call.arguments[grown]
    if not isinstance(block, nodes.FieldAccess) or not isinstance(statement, nodes.ExpressionStatement):
        return None, False
    owner = graph.type_of(block.object)
    maker = _room_maker(context, owner) if owner is not None else None
    if maker is not None and _is_made_before(context, statement, maker):
        return None, False
    message = (
        f"C grows the block of `{short_code(block.object.text)}` behind the back of the memory tracker, "
        "which takes the old block for leaked"
    )
    function = graph.function.qualified_name
    path = path_to(context, maker) if maker is not None else None
    size = _size(context, graph, call.arguments[given])
    if path is None or size is None:
        message += "; nothing here makes room for it first"
        return Diagnostic(NAME, call.node.start, function, message, Verdict.REPORTED), False
    # the number comes first: the compiler takes ``text.len() + 64`` for a sum of strings
    line = f"{path.text}({block.text} as I64, {_MARGIN} + {size})"
    insertion = insert_statement_before(context.file.source, context.file.tree, statement, line)
    edits = (*path.edits, insertion)
    return Diagnostic(NAME, call.node.start, function, message, Verdict.FIXED, edits), bool(path.edits)


def _room_maker(context: Context, owner: Type) -> FunctionInfo | None:
    """The public function beside a buffer type that reallocates its block for a number of bytes."""
    info = context.analysis.index.type_info(owner.target())
    if info is None:
        return None
    for function in context.analysis.index.functions_in(info.file):
        if function.owner is not None or not function.is_public:
            continue
        numbers = [each.type.name if each.type is not None else "" for each in function.values]
        if numbers == ["I64", "I64"] and function.returns_nothing and _reallocates(context, function):
            return function
    return None


def _reallocates(context: Context, function: FunctionInfo) -> bool:
    """Whether a function reallocates a block itself, or by one that does nothing else."""
    graph = context.analysis.summaries.graph(function)
    if graph is None:
        return False
    for call in graph.calls():
        inner = context.analysis.summaries.graph(call.callee) if call.callee is not None else None
        names = [called_name(call.node)] if inner is None else [called_name(e.node) for e in inner.calls()]
        if names == ["mem_realloc"]:
            return True
    return False


def _is_made_before(context: Context, statement: nodes.Statement, maker: FunctionInfo) -> bool:
    """Whether the statement in front makes room already."""
    block = context.parent(statement)
    if not isinstance(block, nodes.Block):
        return False
    before = block.statements[: block.statements.index(statement)]
    call = before[-1].expression if before and isinstance(before[-1], nodes.ExpressionStatement) else None
    return call is not None and called_name(call) == maker.name


def _size(context: Context, graph: ControlFlowGraph, given: Expression) -> str | None:
    """How many bytes the function is given."""
    type_ = graph.type_of(given)
    if type_ is not None and type_.name == "Str":
        return string_length(context, given.text)
    owner = graph.type_of(given.object) if isinstance(given, nodes.FieldAccess) else None
    if owner is None or not isinstance(given, nodes.FieldAccess):
        return None
    length = context.analysis.index.method(owner.target(), "len")
    return f"{given.object.text}.len()" if length is not None and not length.values else None


RULE = Rule(
    name=NAME,
    summary="C reallocates a block that TML allocated, and the old one counts as leaked.",
    reason=(
        "TML's memory tracker notes what its own functions allocate, reallocate and free. A C function that "
        "grows a buffer with the C library's realloc passes it by: the block that TML allocated stays in its "
        "list for good. When TML makes room first, C finds enough and leaves the block alone."
    ),
    check=check,
    examples=(
        Fixed(
            "",
            """\
use core::str
use core::intrinsics::{ptr_read, ptr_write, mem_alloc, mem_realloc, mem_free}

@extern("crypto_cipher_update_str")
func cipher_text(engine: *Unit, text: Str, room: *Unit)

/// Bytes: their address, how many there are, and how many there may be.
pub type Roll {
    block: *Unit
}

/// Makes room for more bytes.
pub func make_room(roll: I64, more: I64) {
    let used: I64 = lowlevel { ptr_read[I64]((roll + 8) as *I64) }
    let bytes: I64 = lowlevel { ptr_read[I64](roll as *I64) }
    let grown: *Unit = lowlevel { mem_realloc(bytes as *Unit, used + more) }
    lowlevel { ptr_write[I64](roll as *I64, grown as I64) }
    lowlevel { ptr_write[I64]((roll + 16) as *I64, used + more) }
}

pub type Machine {
    engine: *Unit,
    roll: Roll,
}

impl Machine {
    pub func feed(this, text: Str) {
        cipher_text(this.engine, text, this.roll.block)
    }
}
""",
            """\
use core::str
use core::intrinsics::{ptr_read, ptr_write, mem_alloc, mem_realloc, mem_free}

@extern("crypto_cipher_update_str")
func cipher_text(engine: *Unit, text: Str, room: *Unit)

/// Bytes: their address, how many there are, and how many there may be.
pub type Roll {
    block: *Unit
}

/// Makes room for more bytes.
pub func make_room(roll: I64, more: I64) {
    let used: I64 = lowlevel { ptr_read[I64]((roll + 8) as *I64) }
    let bytes: I64 = lowlevel { ptr_read[I64](roll as *I64) }
    let grown: *Unit = lowlevel { mem_realloc(bytes as *Unit, used + more) }
    lowlevel { ptr_write[I64](roll as *I64, grown as I64) }
    lowlevel { ptr_write[I64]((roll + 16) as *I64, used + more) }
}

pub type Machine {
    engine: *Unit,
    roll: Roll,
}

impl Machine {
    pub func feed(this, text: Str) {
        make_room(this.roll.block as I64, 64 + str::len(text))
        cipher_text(this.engine, text, this.roll.block)
    }
}
""",
        ),
        Untouched(
            "",
            """\
use core::str

@extern("other_update_text")
func other_text(engine: *Unit, text: Str, room: *Unit)

pub type Roll {
    block: *Unit
}

pub func feed(engine: *Unit, text: Str, roll: Roll) {
    other_text(engine, text, roll.block)
}
""",
        ),
    ),
)
