"""Open an error exit: what ``!`` does at once is done in steps, so that something can be released in between.

The value is bound, asked whether it failed, and returned as a failure; where it was used, it is opened.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from codemods.fixes.bind_before import statement_to_bind_before
from codemods.fixes.bind_returned import starts_line
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Refusal, Repair
from codemods.fixes.naming import result_name
from codemods.fixes.temporaries import string_temporaries
from codemods.ownership.cfg.graph import ControlFlowGraph, ExitKind, Role, Variable
from codemods.ownership.fields import Holds
from codemods.semantics.symbols import SCALARS
from tml_ast import nodes
from tml_ast.edit import (
    INDENT,
    SourceEdit,
    indentation_of,
    insert_statement_after,
    insert_statement_before,
    reindent,
)
from tml_ast.nodes import Expression, Node

_LEVEL = INDENT.decode()
_FAILURES = {"Outcome": ("is_err", "Err({}.unwrap_err())"), "Maybe": ("is_nothing", "Nothing")}
"""How a value is asked whether it failed, and what is returned then."""
_ELSEWHERE = frozenset((Holds.BORROWED, Holds.SHARED, Holds.UNKNOWN))

_UNKNOWN_TYPE = Refusal("it is not known whether `!` opens a Maybe or an Outcome there")
_NOT_FIRST = Refusal("its statement does something else before the `!` there, or does not always get to it")
_BORROWING_ERROR = Refusal("the error that leaves may hold a part of it")
_FREED_EARLY = Refusal("the compiler would free a string of the statement too early")


@dataclass(frozen=True, slots=True)
class Release:
    """What is done where a value failed, and the variables that must be read before."""

    lines: Sequence[str]
    owner: Variable
    needed_by: Container[Variable]


def open_error_exit(
    context: Context, graph: ControlFlowGraph, node: nodes.Propagate, release: Release
) -> Repair | Refusal:
    """Release something where ``!`` leaves the function."""
    type_ = graph.type_of(node.operand)
    failure = _FAILURES.get(type_.name) if type_ is not None else None
    if failure is None:
        return _UNKNOWN_TYPE
    statement = statement_to_bind_before(context, graph, node)
    source = context.file.source
    if statement is None or not starts_line(source, statement):
        return _NOT_FIRST
    refusal = _unsafe(context, graph, node, statement, release)
    if refusal is not None:
        return refusal
    asked = graph.variable_at(node.operand)
    name = asked.name if asked is not None else _result_name(context, graph, node, release.owner)
    question, answer = failure
    inside = "\n".join((*release.lines, f"return {answer.format(name)}")).replace("\n", f"\n{_LEVEL}")
    leaving = f"if {name}.{question}() {{\n{_LEVEL}{inside}\n}}"
    tree = context.file.tree
    operand = reindent(node.operand.text, indentation_of(source, statement.start), b"")
    binding = "" if asked is not None else f"let {name} = {operand}\n"
    if binding and _is_only_done(graph, node, statement):
        edits: tuple[SourceEdit, ...] = (
            SourceEdit(node.start, node.start, f"let {name} = ".encode()),
            SourceEdit(node.operand.end, node.end, b""),
            insert_statement_after(source, tree, statement, leaving),
        )
    else:
        edits = (
            insert_statement_before(source, tree, statement, binding + leaving),
            SourceEdit(node.start, node.end, f"{name}.unwrap()".encode()),
        )
    return Repair(edits, opens_block=True)


def _unsafe(
    context: Context, graph: ControlFlowGraph, node: nodes.Propagate, statement: Node, release: Release
) -> Refusal | None:
    """Why the error might not survive the release, or a temporary not until it is used."""
    operand = node.operand
    temporaries = string_temporaries(context, graph, operand)
    if temporaries and not (_is_only_done(graph, node, statement) or _initialises(node, statement)):
        return _FREED_EARLY
    read = any(use.variable in release.needed_by for use in graph.uses_in(operand))
    if not read and not temporaries:
        return None
    type_ = graph.type_of(operand)
    error = type_.arguments[1] if type_ is not None and len(type_.arguments) > 1 else None
    if error is None or error.name in SCALARS:
        return None
    held = context.contents.strings(graph, operand, "Err").holds
    if held & _ELSEWHERE or context.analysis.obligations.may_own(error):
        return _BORROWING_ERROR
    return None


def _is_only_done(graph: ControlFlowGraph, node: Expression, statement: Node) -> bool:
    """Whether a statement opens a value and uses nothing of it, not even as the end of a block."""
    site = graph.site_of(node)
    return (
        isinstance(statement, nodes.ExpressionStatement)
        and statement.expression is node
        and site is not None
        and site.role is Role.DISCARDED
        and site.through is None
    )


def _initialises(node: Expression, statement: Node) -> bool:
    return isinstance(statement, nodes.Let | nodes.Var) and statement.value is node


def _result_name(context: Context, graph: ControlFlowGraph, node: nodes.Propagate, owner: Variable) -> str:
    """A name for what ``!`` opens, different for each of the exits that the owner may be released at."""
    names: list[str] = []
    for exit_ in graph.exits:
        if exit_.kind is ExitKind.PROPAGATE and owner in exit_.variables and exit_.node.start <= node.start:
            assert isinstance(exit_.node, nodes.Propagate)
            name = result_name(context, graph.function, exit_.node.operand, taken=names)
            if exit_.node is node:
                return name
            names.append(name)
    return result_name(context, graph.function, node.operand, taken=names)
