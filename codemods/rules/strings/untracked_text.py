"""untracked-text: a string is made for a variable that the compiler does not watch."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.choices import choosing_if, only_assignment
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import (
    can_be_freed,
    free_after_last_use,
    free_as_number,
    free_number,
    free_variable,
)
from codemods.fixes.naming import short_code
from codemods.fixes.release_at_exits import Cleanup, before_exit, mentions
from codemods.fixes.rename import rename
from codemods.fixes.string_code import free_string, string_length
from codemods.ownership.cfg.conditions import is_only_reached_empty
from codemods.ownership.cfg.graph import ControlFlowGraph, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.obligations import State
from codemods.ownership.string_dataflow import states_at_exits
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS, SCALARS, STR, FunctionInfo
from tml_ast import nodes
from tml_ast.nodes import Expression

NAME = "untracked-text"

_LASTING = nodes.Binary | nodes.Unary | nodes.Group | nodes.Path | nodes.Literal


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings of library code that were made for a variable and that nothing frees."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        for variable in graph.variables:
            if _is_lost(context, graph, variable):
                yield _diagnostic(context, graph, variable)
            elif _shares_its_name(context, graph, variable):
                yield _renamed(context, graph, variable)
            elif _replaces_constant(context, graph, variable):
                yield _replacement(context, graph, variable)
            elif _is_lost_number(context, graph, variable):
                yield _number(context, graph, variable)
            else:
                yield from _lost_on_failure(context, graph, variable)


def _is_lost(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a call made the string, nothing keeps it, and the compiler does not know that it was made."""
    if variable.kind is not VariableKind.LET or variable.type is None or variable.type.name != "Str":
        return False
    if not isinstance(variable.value, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return False
    if context.analysis.drops.is_registered(variable):
        return False
    if graph.is_assigned(variable):
        return False
    made = graph.call_at(variable.value)
    maker = made.callee if made is not None else None
    if maker is None or _is_payload(maker) or _will_be_marked(context, maker):
        return False
    origin = context.analysis.variable_origin(graph, variable)
    return origin.is_fresh and context.analysis.is_only_read(graph, variable)


def _shares_its_name(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a drop that the mark of the maker will bring is cancelled by another function's names.

    Between methods the compiler does not forget the names that were given away.
    """
    if variable.kind is not VariableKind.LET or variable.type != STR or graph.function.owner is None:
        return False
    if context.analysis.drops.is_registered(variable):
        return False
    made = graph.call_at(variable.value) if variable.value is not None else None
    maker = made.callee if made is not None else None
    if maker is None or not _will_be_marked(context, maker):
        return False
    return context.names.is_consumed(variable.name, graph.function)


def _renamed(context: Context, graph: ControlFlowGraph, variable: Variable) -> Diagnostic:
    name = context.names.for_dropped(graph.function, f"{variable.name}_text", f"own_{variable.name}")
    message = (
        f"`{variable.name}` gets a name of its own, `{name}`: another function gives that name away, and "
        "the compiler does not forget that between methods"
    )
    return context.fix(graph, variable, message, rename(graph, variable, name))


def _is_payload(maker: FunctionInfo) -> bool:
    """Whether a method hands out what a Maybe or Outcome holds: it makes nothing itself."""
    return maker.owner is not None and maker.owner.name in BUILTIN_VARIANTS


def _is_lost_number(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a number holds a new string, out of the compiler's sight, and nothing keeps or frees it."""
    value = variable.value
    if variable.kind is not VariableKind.LET or variable.type is None or variable.type.name != "I64":
        return False
    if not isinstance(value, nodes.Cast) or graph.type_of(value.operand) != STR:
        return False
    if not isinstance(value.operand, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return False
    origin = context.analysis.summaries.origin(graph, value.operand)
    return origin.is_fresh and context.analysis.is_only_read(graph, variable)


def _number(context: Context, graph: ControlFlowGraph, variable: Variable) -> Diagnostic:
    """Free a string that is held as a number already."""
    message = f"nothing frees `{variable.name}`: as a number its string is nothing to the compiler"
    origin = context.analysis.variable_origin(graph, variable)
    repair: Repair | Refusal = Refusal("free it by hand after its last use")
    if can_be_freed(origin):
        freed = free_after_last_use(context, graph, variable, free_number(context, variable.name, origin))
        repair = freed if isinstance(freed, Repair) else repair
    return context.fix(graph, variable, message, repair)


def _will_be_marked(context: Context, maker: FunctionInfo) -> bool:
    """Whether the function gets its ``@allocates`` in this phase, and so needs nothing else."""
    reservations = context.reservations
    return (
        maker.file.path in context.lists.paths
        and reservations.loses_strings(maker)
        and reservations.refusal(maker.name) is None
    )


def _replaces_constant(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a variable starts with a constant and may get a string of its own, which nothing keeps."""
    if variable.kind is not VariableKind.VAR or variable.type is None or variable.type.name != "Str":
        return False
    if not isinstance(variable.value, nodes.Literal):
        return False
    assigned = [assignment.node for assignment in graph.assignments_to(variable)]
    if not assigned or not context.analysis.is_only_read(graph, variable):
        return False
    return all(
        isinstance(each.value, nodes.Call | nodes.MethodCall | nodes.StaticCall)
        and context.analysis.summaries.origin(graph, each.value).is_fresh
        for each in assigned
    )


def _replacement(context: Context, graph: ControlFlowGraph, variable: Variable) -> Diagnostic:
    """Free the string under the condition under which it was made."""
    message = (
        f"nothing frees the string that `{variable.name}` gets on line "
        f"{context.line(graph.assignments_to(variable)[0].node.start)}: its initialiser is a constant"
    )
    freed = _free_on_condition(context, graph, variable)
    return context.fix(graph, variable, message, freed or Refusal("free it by hand where it is one"))


def _free_on_condition(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | None:
    assignment = only_assignment(graph, variable)
    if assignment is None:
        return None
    made = context.analysis.summaries.origin(graph, assignment.value)
    if not can_be_freed(made):
        return None
    choice = choosing_if(context, variable, assignment)
    if choice is None or choice.condition is None:
        return None
    block = next(each for each in context.ancestors(choice) if isinstance(each, nodes.Block))
    uses = [use.node for use in graph.uses(variable)]
    used = [each.end for each in block.statements if any(each.start <= use.start < each.end for use in uses)]
    if not _is_lasting(graph, choice.condition, choice.start, max(used, default=choice.end)):
        return None
    if any(
        variable in each.variables
        and each.node.start < choice.end
        and not each.node.start <= variable.node.start
        for each in graph.exits
    ):
        return None
    if any(each.node.start < choice.end for each in graph.uses(variable)):
        return None
    condition = choice.condition.text
    if isinstance(choice.condition, nodes.Binary) and choice.condition.operator in ("or", "||"):
        condition = f"({condition})"
    if made.literals:
        condition += f" and {string_length(context, variable.name)} > 0"
    free = free_string(variable.name)
    freed = free_after_last_use(context, graph, variable, f"if {condition} {{\n    {free}\n}}")
    return freed if isinstance(freed, Repair) else None


def _lost_on_failure(context: Context, graph: ControlFlowGraph, variable: Variable) -> Iterator[Diagnostic]:
    """A variable that starts empty and is given away in the end loses its string at exits before."""
    summaries = context.analysis.summaries
    if variable.kind is not VariableKind.VAR or variable.type is None or variable.type.name != "Str":
        return
    assignment = only_assignment(graph, variable)
    if variable.value is None or variable.value.text != '""' or assignment is None:
        return
    made = summaries.origin(graph, assignment.value)
    calls = isinstance(assignment.value, nodes.Call | nodes.MethodCall | nodes.StaticCall)
    if not calls or not made.is_fresh or not can_be_freed(made):
        return
    fate = context.analysis.fate(graph, variable)
    if fate.view_escapes or fate.effects != {Effect.RETURNS} or fate.views != {variable}:
        return
    choice = choosing_if(context, variable, assignment)
    exits = states_at_exits(summaries, graph, variable)
    if choice is None or any(len(states) > 1 for _, states in exits):
        return
    origin = context.analysis.variable_origin(graph, variable)
    statement = free_variable(context, variable.name, origin)
    repairs: list[Repair] = []
    lines: list[int] = []
    for exit_, states in exits:
        if states != {State.OWNED} or exit_.node.start < assignment.start:
            continue
        if is_only_reached_empty(graph, exit_.node, variable.name):
            continue
        reads = exit_.value is not None and mentions(graph, exit_.value, {variable})
        release = Cleanup(statement, variable, frozenset((variable,)))
        placement = before_exit(context, graph, exit_, release, "")
        if reads or isinstance(placement, Refusal) or placement.opens_block:
            return
        repairs.append(placement)
        lines.append(context.line(exit_.node.start))
    if repairs:
        message = (
            f"the string that `{variable.name}` gets on line {context.line(assignment.start)} is given away "
            f"in the end, and lost at the exit on line {', '.join(map(str, sorted(lines)))}"
        )
        yield context.fix(graph, variable, message, Repair.of(repairs))


def _is_lasting(graph: ControlFlowGraph, condition: Expression, since: int, until: int) -> bool:
    """Whether a condition reads only numbers, and none that changes between two places of its block."""
    read = {use.variable for use in graph.uses_in(condition)}
    if not all(isinstance(each, _LASTING) for each in condition.walk() if isinstance(each, Expression)):
        return False
    if not all(each.type is not None and each.type.name in SCALARS for each in read):
        return False
    return not any(each.variable in read and since < each.node.start < until for each in graph.assignments)


def _diagnostic(context: Context, graph: ControlFlowGraph, variable: Variable) -> Diagnostic:
    assert variable.value is not None
    message = (
        f"nothing frees `{variable.name}`: `{short_code(variable.value.text)}` makes its string, "
        "which the compiler does not know"
    )
    return context.fix(graph, variable, message, free_as_number(context, graph, variable))


RULE = Rule(
    name=NAME,
    summary="A string is made for a variable that the compiler does not watch.",
    reason=(
        "The compiler drops a string variable only if its initialiser is an interpolation, a concatenation "
        "or a call of an @allocates function. The string of any other call is never freed. In library code "
        "it is held as a number, which the compiler leaves alone for good, and freed behind its last use."
    ),
    check=check,
    examples=(
        Fixed(
            "A number holds the string already",
            """\
use core::str

pub func is_done(line: Str) -> Bool {
    let word: I64 = str::trim(line) as I64
    let done: Bool = (word as Str) == "done"
    return done
}
""",
            """\
use core::str

pub func is_done(line: Str) -> Bool {
    let word: I64 = str::trim(line) as I64
    let done: Bool = (word as Str) == "done"
    if str::len(word as Str) > 0 { lowlevel { mem_free(word as *Unit) } }
    return done
}
""",
        ),
        Fixed(
            "A call that is not marked with @allocates",
            """\
use core::str

pub type Line {
    text: Str,
}

impl Line {
    /// The last word, which stays the line's.
    pub func last_word(this) -> Str {
        return this.text
    }
}

pub func last_word(line: Str) -> Str {
    return str::trim(line)
}

pub func is_done(line: Str) -> Bool {
    let word: Str = last_word(line)
    let done: Bool = word == "done"
    return done
}
""",
            """\
use core::str

pub type Line {
    text: Str,
}

impl Line {
    /// The last word, which stays the line's.
    pub func last_word(this) -> Str {
        return this.text
    }
}

pub func last_word(line: Str) -> Str {
    return str::trim(line)
}

pub func is_done(line: Str) -> Bool {
    let word_i64: I64 = last_word(line) as I64
    let done: Bool = (word_i64 as Str) == "done"
    if str::len(word_i64 as Str) > 0 { lowlevel { mem_free(word_i64 as *Unit) } }
    return done
}
""",
        ),
        Fixed(
            "A constant is replaced",
            """\
use core::str

pub func padded(line: Str, width: I64) -> I64 {
    var start: Str = "> "
    if width > 8 {
        start = str::substring(line, 0, 8)
    }
    let full: Str = start + line
    return str::len(full as Str)
}
""",
            """\
use core::str

pub func padded(line: Str, width: I64) -> I64 {
    var start: Str = "> "
    if width > 8 {
        start = str::substring(line, 0, 8)
    }
    let full: Str = start + line
    if width > 8 and str::len(start) > 0 {
        lowlevel { mem_free(start as I64 as *Unit) }
    }
    return str::len(full as Str)
}
""",
        ),
        Untouched(
            "A string that the label keeps",
            """\
use demo::prelude::Label

pub func width(label: Label) -> I64 {
    let text: Str = label.peek()
    return text.len()
}
""",
        ),
    ),
)
