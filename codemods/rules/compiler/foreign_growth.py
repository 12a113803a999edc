"""foreign-growth: C reallocates a block that TML allocated, and the old one counts as leaked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.imports import path_to
from codemods.fixes.naming import short_code
from codemods.fixes.string_code import string_length
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph
from codemods.ownership.compiler.builtins import GROWN_BY_C, extern_symbol
from codemods.ownership.compiler.drops import called_name
from codemods.rules.rule import Offered, Rule, Untouched
from codemods.semantics.symbols import STR, FunctionInfo, Type
from tml_ast import nodes
from tml_ast.edit import insert_statement_before
from tml_ast.nodes import Expression

_MARGIN = 64
"""Bytes that suffice for what the functions write beyond their input, now and when they finish."""

_ASSUMPTION = f"C appends at most {_MARGIN} bytes more than it is given"
_NO_ROOM = Refusal("nothing here makes room for it first")


@dataclass(frozen=True, slots=True)
class _Growth:
    """A call that lets C grow a buffer: the buffer's block, and what is appended to it."""

    call: CallSite
    statement: nodes.ExpressionStatement
    block: nodes.FieldAccess
    appended: Expression


def check(context: Context) -> Iterator[Diagnostic]:
    """The calls in the file that let C grow a buffer of TML."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        for call in graph.calls:
            growth = _growth(context, call)
            if growth is None:
                continue
            owner = graph.type_of(growth.block.object)
            maker = _room_maker(context, owner) if owner is not None else None
            if maker is not None and _is_made_before(context, growth.statement, maker):
                continue
            message = (
                f"C grows the block of `{short_code(growth.block.object.text)}`, and the memory tracker, "
                "which does not see that, reports the old block as leaked, although C frees it"
            )
            yield context.fix(graph, call.node, message, _room(context, graph, growth, maker))


def _growth(context: Context, call: CallSite) -> _Growth | None:
    """What a call grows, if it calls a C function that grows a buffer."""
    if call.callee is None or not call.callee.is_extern:
        return None
    positions = GROWN_BY_C.get(extern_symbol(call.callee))
    if positions is None:
        return None
    appended, block = (call.arguments[position] for position in positions)
    statement = context.parent(call.node)
    if not isinstance(block, nodes.FieldAccess) or not isinstance(statement, nodes.ExpressionStatement):
        return None
    return _Growth(call, statement, block, appended)


def _room(
    context: Context, graph: ControlFlowGraph, growth: _Growth, maker: FunctionInfo | None
) -> Repair | Refusal:
    """Make room in TML first, with an import where the file needs one."""
    path = path_to(context, maker) if maker is not None else None
    size = _size(context, graph, growth.appended)
    if path is None or size is None:
        return _NO_ROOM
    # the number comes first: the compiler treats ``text.len() + 64`` as a concatenation of strings
    line = f"{path.text}({growth.block.text} as I64, {_MARGIN} + {size})"
    insertion = insert_statement_before(context.file.source, context.file.tree, growth.statement, line)
    return Repair((*path.edits, insertion), assumption=_ASSUMPTION)


def _room_maker(context: Context, owner: Type) -> FunctionInfo | None:
    """The public function beside a buffer type that reallocates its block for a number of bytes."""
    info = context.analysis.index.type_info(owner.target())
    if info is None:
        return None
    for function in context.analysis.index.functions_in(info.file):
        if function.owner is not None or not function.is_public:
            continue
        types = [value.type.name if value.type is not None else "" for value in function.values]
        if types == ["I64", "I64"] and function.returns_nothing and _reallocates(context, function):
            return function
    return None


def _reallocates(context: Context, function: FunctionInfo) -> bool:
    """Whether a function reallocates a block itself, or by a function that does nothing else."""
    graph = context.analysis.summaries.graph(function)
    if graph is None:
        return False
    for call in graph.calls:
        inner = context.analysis.summaries.graph(call.callee) if call.callee is not None else None
        calls = [call] if inner is None else inner.calls
        if [called_name(inner_call.node) for inner_call in calls] == ["mem_realloc"]:
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


def _size(context: Context, graph: ControlFlowGraph, appended: Expression) -> str | None:
    """The expression for the number of bytes that are appended."""
    type_ = graph.type_of(appended)
    if type_ == STR:
        return string_length(context, appended.text)
    owner = graph.type_of(appended.object) if isinstance(appended, nodes.FieldAccess) else None
    if owner is None or not isinstance(appended, nodes.FieldAccess):
        return None
    length = context.analysis.index.method(owner.target(), "len")
    return f"{appended.object.text}.len()" if length is not None and not length.values else None


RULE = Rule(
    name="foreign-growth",
    summary="C reallocates a block that TML allocated, and the old one counts as leaked.",
    reason=(
        "TML's memory tracker notes what its own functions allocate, reallocate and free. A C function "
        "that grows a buffer with the C library's realloc bypasses it: the block that TML allocated stays "
        "in its list for good, although C has freed it. When TML makes room first, C finds enough and "
        "leaves the block alone. That frees nothing more: it only keeps the tracker quiet, and how much C "
        "appends is not known. So the change is offered for review."
    ),
    check=check,
    examples=(
        Offered(
            "A buffer that a C function appends to",
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
            "A C function that appends to nothing",
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
