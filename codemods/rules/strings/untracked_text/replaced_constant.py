"""A variable starts with a constant and may get a string of its own: freed on the same condition."""

from __future__ import annotations

from codemods.fixes.choices import choosing_if
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.free_as_number import can_be_freed, free_after_last_use, free_variable
from codemods.fixes.grow_string import grow_string, grows_by_itself
from codemods.fixes.replace_string import free_replaced, grows_from_empty, replaces_another
from codemods.fixes.string_code import free_string, string_length
from codemods.fixes.string_misuses import COPY
from codemods.ownership.cfg.graph import ControlFlowGraph, Use, Variable, VariableKind
from codemods.ownership.string_frees import frees_holes
from codemods.ownership.summaries.origins import Result
from codemods.semantics.symbols import SCALARS, STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression

_LASTING = nodes.Binary | nodes.Unary | nodes.Group | nodes.Path | nodes.Literal


def diagnose(context: Context, graph: ControlFlowGraph, variable: Variable) -> Diagnostic | None:
    """The finding about a var whose new string nothing keeps or frees."""
    if variable.kind is not VariableKind.VAR or variable.type != STR:
        return None
    assignments = [assign.node for assign in graph.assignments_to(variable)]
    if not assignments or not isinstance(variable.value, nodes.Literal):
        return None
    if not context.analysis.aliases.is_only_read(graph, variable):
        return None
    if not all(_is_made(context, graph, assignment.value) for assignment in assignments):
        return None
    message = (
        f"nothing frees the string that `{variable.name}` gets on line "
        f"{context.line(assignments[0].start)}: its initialiser is a constant"
    )
    repair = _repair(context, graph, variable, assignments[0]) if len(assignments) == 1 else None
    repair = repair or _shown_last(context, graph, variable) or _free_each(context, graph, variable)
    return context.fix(
        graph, variable, message, repair or Refusal("free it by hand where it is a new string")
    )


def _is_made(context: Context, graph: ControlFlowGraph, value: Expression) -> bool:
    """Whether a value is a call or a sum that makes a string."""
    if isinstance(value, nodes.Binary):
        return value.operator == "+" and context.analysis.drops.makes_string(value)
    return (
        isinstance(value, nodes.Call | nodes.MethodCall | nodes.StaticCall)
        and context.analysis.summaries.origin(graph, value).is_fresh
    )


def _repair(
    context: Context, graph: ControlFlowGraph, variable: Variable, assignment: nodes.Assignment
) -> Repair | Refusal | None:
    """Free the string under the condition under which it was made, if that still holds at the end."""
    made = context.analysis.summaries.origin(graph, assignment.value)
    choice = choosing_if(context, variable, assignment)
    if choice is None or choice.condition is None or not can_be_freed(made):
        return None
    if any(use.node.start < choice.end for use in graph.uses(variable)):
        return None
    if any(
        variable in exit_.variables and variable.node.start < exit_.node.start < choice.end
        for exit_ in graph.exits
    ):
        return None
    if not _is_lasting(graph, choice.condition, choice.start, _end_of_use(context, graph, variable, choice)):
        return None
    free = (
        f"if {_condition(context, choice.condition, variable, made)} {{\n\t{free_string(variable.name)}\n}}"
    )
    return free_after_last_use(context, graph, variable, free)


def _free_each(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | Refusal | None:
    """Free each string where another replaces it, and the last one after its last use."""
    if not grows_from_empty(context, graph, variable):
        return None
    origin = context.analysis.summaries.variable_origin(graph, variable)
    taken: set[str] = set()
    repairs = [
        free_replaced(context, graph, assign, origin, taken)
        for assign in graph.assignments_to(variable)
        if replaces_another(context, graph, variable, assign.node) and not grows_by_itself(graph, assign)
    ]
    last = free_after_last_use(context, graph, variable, free_variable(context, variable.name, origin))
    made = [repair for repair in repairs if isinstance(repair, Repair)]
    if isinstance(last, Refusal) or len(made) < len(repairs):
        return None
    return Repair.of((*made, last))


def _shown_last(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | None:
    """Let the string grow by interpolations, and the one that shows a copy of it last show and free it."""
    assigns = graph.assignments_to(variable)
    values = [assign.node.value for assign in assigns]
    others = [
        use
        for use in graph.uses(variable)
        if not any(value.start <= use.node.start < value.end for value in values)
    ]
    if len(others) != 1:
        return None
    (last,) = others
    copy, statement = _copy_shown_by(context, graph, last), context.statement_of(last.node)
    block = context.parent(context.statement_of(variable.node))
    if copy is None or context.parent(statement) is not block or statement.start < values[-1].end:
        return None
    if any(
        variable in exit_.variables and variable.node.start < exit_.node.start < statement.start
        for exit_ in graph.exits
    ):
        return None
    grown = [grow_string(context, graph, assign) for assign in assigns]
    repairs = [repair for repair in grown if repair is not None]
    if len(repairs) < len(grown):
        return None
    return Repair.of((*repairs, Repair((SourceEdit(last.node.end, copy.end, b""),))))


def _copy_shown_by(context: Context, graph: ControlFlowGraph, use: Use) -> Expression | None:
    """The ``duplicate()`` of a string in an interpolation that becomes the value of another variable."""
    copy = use.site.parent
    if not isinstance(copy, nodes.MethodCall) or f"{use.node.text}{COPY.decode()}" != copy.text:
        return None
    shown = context.parent(copy)
    if not isinstance(shown, nodes.InterpolatedString) or not frees_holes(graph, shown):
        return None
    return copy if isinstance(context.parent(shown), nodes.Assignment | nodes.Let) else None


def _end_of_use(context: Context, graph: ControlFlowGraph, variable: Variable, choice: nodes.If) -> int:
    """The byte offset after the last statement beside the ``if`` that uses a variable."""
    block = next(parent for parent in context.ancestors(choice) if isinstance(parent, nodes.Block))
    places = [use.node.start for use in graph.uses(variable)]
    return max(
        (
            statement.end
            for statement in block.statements
            if any(statement.start <= place < statement.end for place in places)
        ),
        default=choice.end,
    )


def _is_lasting(graph: ControlFlowGraph, condition: Expression, since: int, until: int) -> bool:
    """Whether a condition reads only numbers, and none that changes between two places of its block."""
    read = {use.variable for use in graph.uses_in(condition)}
    if not all(isinstance(part, _LASTING) for part in condition.walk() if isinstance(part, Expression)):
        return False
    if not all(variable.type is not None and variable.type.name in SCALARS for variable in read):
        return False
    return not any(
        assign.variable in read and since < assign.node.start < until for assign in graph.assignments
    )


def _condition(context: Context, condition: Expression, variable: Variable, made: Result) -> str:
    """The condition as the start of a longer one; what was made may also be the empty constant."""
    if isinstance(condition, nodes.Binary) and condition.operator in ("or", "||"):
        text = f"({condition.text})"
    else:
        text = condition.text
    return f"{text} and {string_length(context, variable.name)} > 0" if made.literals else text
