"""foreign-string: a variable gets a new string, and the compiler does not know that it is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import indent

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.naming import describe_exits, short_code
from codemods.fixes.owners import owns_new_strings
from codemods.fixes.release_at_exits import Cleanup, after_last_use, before_exits, exits_of
from codemods.fixes.string_code import free_by_hand, free_owned
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Role, Use, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect, extern_symbol, makes_string
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.error_paths import paths_of_leaks
from codemods.ownership.string_dataflow import states_at_exits
from codemods.ownership.variable_states import State
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS, STR
from tml_ast import nodes
from tml_ast.edit import insert_statement_after
from tml_ast.nodes import Expression

_OPPOSITE = {"==": "!=", "!=": "=="}
_CONDITION = -1
"""The part of a ternary that is no branch; its branches are counted from 0."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings of foreign functions, and those out of a Maybe or Outcome, that are never freed."""
    for _, graph in context.graphs():
        for variable in graph.variables:
            if not _is_unknown_to_compiler(context, graph, variable):
                continue
            assert variable.value is not None
            message = (
                f"`{variable.name}` is never freed: the compiler does not know that "
                f"`{short_code(variable.value.text)}` makes a string"
            )
            fate = context.analysis.summaries.fate(graph, variable)
            if _is_only_read(context, graph, variable):
                yield context.fix(graph, variable, message, _freed(context, graph, variable))
            elif Effect.RELEASES not in fate.effects:
                yield from _given_away(context, graph, variable, message)


def _given_away(
    context: Context, graph: ControlFlowGraph, variable: Variable, message: str
) -> Iterator[Diagnostic]:
    """The finding about a string that something takes on some paths only."""
    choice = _kept_on_condition(context, graph, variable)
    if choice is not None:
        let, is_left = choice
        message += f", and line {context.line(let.start)} takes it only on a condition"
        yield context.fix(graph, variable, message, _freed_if(context, graph, variable, let, is_left))
        return
    lost = _losing_exits(context, graph, variable)
    if lost:
        message += f", and it is lost at {describe_exits(lost, context.line)}"
        repair = before_exits(context, graph, _cleanup(context, graph, variable), lost)
        yield context.fix(graph, variable, message, repair, paths=paths_of_leaks(graph, variable, lost))


# -- the strings ----------------------------------------------------------------------------------


def _is_unknown_to_compiler(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a variable always gets a string that was made for it, which the compiler never frees."""
    if variable.type != STR or variable.value is None:
        return False
    if context.analysis.drops.is_registered(variable):
        return False
    match variable.kind:
        case VariableKind.LET | VariableKind.VAR:
            is_unseen = _hides_maker(graph, variable.value)
        case VariableKind.DESTRUCTURED:
            is_unseen = _is_part_of_tuple(context, variable)
        case _:
            is_unseen = False
    if not is_unseen or graph.is_assigned(variable):
        return False
    if context.analysis.aliases.may_be_taken_elsewhere(graph, variable):
        return False
    return owns_new_strings(context.contents.strings(graph, variable.value))


def _is_part_of_tuple(context: Context, variable: Variable) -> bool:
    """Whether a let takes a tuple apart into this variable and others; none of them is dropped."""
    pattern = context.parent(variable.node)
    return isinstance(pattern, nodes.TuplePattern) and isinstance(context.parent(pattern), nodes.Let)


def _hides_maker(graph: ControlFlowGraph, value: Expression) -> bool:
    """Whether the compiler cannot see that a string is new: it comes from C, or in a Maybe or Outcome."""
    match value:
        case nodes.Group():
            return _hides_maker(graph, value.inner)
        case nodes.LowlevelBlock():
            return value.block.value is not None and _hides_maker(graph, value.block.value)
        case nodes.Propagate():
            return True
        case nodes.When():
            return all(
                isinstance(arm.body, nodes.Path | nodes.Return | nodes.Break | nodes.Continue)
                or _never_returns(graph, arm.body)
                for arm in value.arms
            )
        case nodes.MethodCall():
            receiver = graph.type_of(value.receiver)
            return receiver is not None and receiver.target().name in BUILTIN_VARIANTS
        case nodes.Call():
            call = graph.call_at(value)
            callee = call.callee if call is not None else None
            symbol = extern_symbol(callee) if callee is not None and callee.is_extern else None
            name = symbol or (called_name(value) if callee is None else None)
            return name is not None and makes_string(name)
        case _:
            return False


def _never_returns(graph: ControlFlowGraph, body: Expression) -> bool:
    type_ = graph.type_of(body)
    return type_ is not None and type_.name == "Never"


def _is_only_read(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether nothing keeps a string but variables that the compiler does not drop."""
    fate = context.analysis.summaries.fate(graph, variable)
    return fate.is_only_read and all(
        view.type == STR and not context.analysis.drops.is_registered(view) for view in fate.views
    )


# -- the repairs ----------------------------------------------------------------------------------


def _free(context: Context, graph: ControlFlowGraph, variable: Variable) -> str:
    """The statement that frees a string: a call of the C function for it, if the file declares that."""
    assert variable.value is not None
    by_hand = free_by_hand(context, variable.name)
    return free_owned(context, variable.name, context.contents.strings(graph, variable.value), by_hand)


def _cleanup(context: Context, graph: ControlFlowGraph, variable: Variable) -> Cleanup:
    views = frozenset(context.analysis.summaries.fate(graph, variable).views)
    return Cleanup(_free(context, graph, variable), variable, views | {variable})


def _freed(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | Refusal:
    """Free the string after its last use, or at every exit."""
    cleanup = _cleanup(context, graph, variable)
    repair = after_last_use(context, graph, cleanup)
    return before_exits(context, graph, cleanup) if isinstance(repair, Refusal) else repair


def _losing_exits(context: Context, graph: ControlFlowGraph, variable: Variable) -> list[Exit]:
    """The exits of a string that is given away which it reaches only where nothing has taken it yet."""
    fate = context.analysis.summaries.fate(graph, variable)
    if fate.view_escapes or Effect.UNKNOWN in fate.effects or not fate.views <= {variable}:
        return []
    exits = states_at_exits(context.analysis.summaries, graph, variable)
    return [exit_ for exit_, states in exits if states == {State.OWNED}]


def _freed_if(
    context: Context, graph: ControlFlowGraph, variable: Variable, let: nodes.Let, condition: str
) -> Repair:
    """Free the string where the let did not take it."""
    inner = indent(_free(context, graph, variable), "\t")
    free = f"if {condition} {{\n{inner}\n}}"
    return Repair((insert_statement_after(context.file.source, context.file.tree, let, free),))


def _kept_on_condition(
    context: Context, graph: ControlFlowGraph, variable: Variable
) -> tuple[nodes.Let, str] | None:
    """The let whose value takes the string on a condition only, and the condition that it does not."""
    declaration = context.parent(variable.node)
    block = context.parent(declaration) if declaration is not None else None
    for let in block.statements if isinstance(block, nodes.Block) else ():
        if not isinstance(let, nodes.Let) or not isinstance(let.value, nodes.Ternary):
            continue
        condition = let.value.condition
        if not isinstance(condition, nodes.Binary) or condition.operator not in _OPPOSITE:
            continue
        if condition.left.text != variable.name or not isinstance(condition.right, nodes.Literal):
            continue
        branch = _taking_branch(let.value, graph.uses(variable))
        if branch is None:
            continue
        if any(variable.offset < exit_.node.start < let.end for exit_ in exits_of(graph, variable)):
            continue
        operator = _OPPOSITE[condition.operator] if branch == 0 else condition.operator
        return let, f"{variable.name} {operator} {condition.right.text}"
    return None


def _taking_branch(choice: nodes.Ternary, uses: Sequence[Use]) -> int | None:
    """The branch that takes the string, if the condition reads it once and no other code uses it."""
    parts = [_part_of(choice, use) for use in uses]
    branches = {part for part in parts if part != _CONDITION}
    if len(branches) != 1 or parts.count(_CONDITION) != 1:
        return None
    takes = (Role.CONSTRUCTED, Role.ELEMENT)
    if any(use.site.role not in takes for use, part in zip(uses, parts, strict=True) if part != _CONDITION):
        return None
    return branches.pop()


def _part_of(choice: nodes.Ternary, use: Use) -> int | None:
    """The part of a ternary that a use is in."""
    for number, part in enumerate((choice.condition, *choice.branches), _CONDITION):
        if part.start <= use.node.start < part.end:
            return number
    return None


RULE = Rule(
    name="foreign-string",
    summary="A string that the compiler does not know to be new is never freed.",
    reason=(
        "The compiler frees a string variable only if its first value visibly makes a string: a call of a "
        "function marked @allocates, an interpolation or a concatenation. A foreign function cannot be "
        "marked, nor can a function whose string comes inside a Maybe, an Outcome or a tuple. Where such a "
        "string is new on every path and nothing keeps it, it is freed by hand after its last use."
    ),
    check=check,
    examples=(
        Fixed(
            "The string of a C function",
            """\
@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

pub func is_blank(block: *Unit) -> Bool {
    let digits: Str = hex_of(block)
    let blank: Bool = digits == ""
    return blank
}
""",
            """\
@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

pub func is_blank(block: *Unit) -> Bool {
    let digits: Str = hex_of(block)
    let blank: Bool = digits == ""
    lowlevel { mem_free(digits as I64 as *Unit) }
    return blank
}
""",
        ),
        Fixed(
            "A string out of an Outcome",
            """\
use demo::prelude::read_mark

@test
func test_mark() -> I32 {
    let mark: Str = when read_mark(3) {
        Err(e) => return 1,
        Ok(found) => found,
    }
    assert(mark == "3", "mark")
    return 0
}
""",
            """\
use demo::prelude::read_mark

@test
func test_mark() -> I32 {
    let mark: Str = when read_mark(3) {
        Err(e) => return 1,
        Ok(found) => found,
    }
    assert(mark == "3", "mark")
    lowlevel { mem_free(mark as I64 as *Unit) }
    return 0
}
""",
        ),
        Untouched(
            "A string that C keeps",
            """\
@extern("tml_os_platform")
func platform_name() -> Str

pub func is_known() -> Bool {
    let name: Str = platform_name()
    return name != ""
}
""",
        ),
    ),
)
