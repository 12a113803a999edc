"""foreign-string: a string was made for a variable, and the compiler does not know."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal
from codemods.fixes.naming import short_code
from codemods.fixes.release_at_exits import Cleanup, after_last_use, before_exits, exits_of
from codemods.fixes.string_code import free_string
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable, VariableKind
from codemods.ownership.compiler.builtins import Effect, extern_symbol, makes_string
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.fields import Holds
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_after
from tml_ast.nodes import Expression

NAME = "foreign-string"

_OPPOSITE = {"==": "!=", "!=": "=="}


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings of foreign functions, and those out of a Maybe or Outcome, that are never freed."""
    for _, graph in context.graphs():
        for variable in graph.variables:
            if not _is_unnoticed(context, graph, variable):
                continue
            fate = context.analysis.fate(graph, variable)
            drops = context.analysis.drops
            held = all(
                each.type is not None and each.type.name == "Str" and not drops.is_registered(each)
                for each in fate.views
            )
            if held and not fate.view_escapes and fate.effects <= {Effect.BORROWS}:
                yield _freed(context, graph, variable, frozenset(fate.views))
            elif Effect.RELEASES not in fate.effects:
                kept = _kept_on_condition(context, graph, variable)
                if kept is not None:
                    yield _freed_otherwise(context, graph, variable, *kept)


def _is_unnoticed(context: Context, graph: ControlFlowGraph, variable: Variable) -> bool:
    """Whether a variable always gets a string that was made for it, which the compiler never frees."""
    if variable.type is None or variable.type.name != "Str" or variable.value is None:
        return False
    if context.analysis.drops.is_registered(variable):
        return False
    match variable.kind:
        case VariableKind.LET | VariableKind.VAR:
            unseen = _hides_maker(graph, variable.value)
        case VariableKind.DESTRUCTURED:
            unseen = _is_part_of_tuple(context, variable)
        case _:
            unseen = False
    if not unseen:
        return False
    if graph.is_assigned(variable):
        return False
    if context.analysis.may_be_taken_elsewhere(graph, variable):
        return False
    return context.contents.strings(graph, variable.value).holds == {Holds.OWNED}


def _is_part_of_tuple(context: Context, variable: Variable) -> bool:
    """Whether a let takes a tuple apart into this variable and others; none of them is dropped."""
    pattern = context.parent(variable.node)
    return isinstance(pattern, nodes.TuplePattern) and isinstance(context.parent(pattern), nodes.Let)


def _hides_maker(graph: ControlFlowGraph, value: Expression) -> bool:
    """Whether ``@allocates`` cannot tell the compiler about a string: by whom or how it is handed over."""
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


def _free(context: Context, name: str) -> str:
    """The statement that frees a string: by the file's own name for it, if it has one."""
    for function in context.functions:
        if function.is_extern and extern_symbol(function) == "tml_str_free" and len(function.values) == 1:
            return f"{function.name}({name})"
    return free_string(name)


def _message(variable: Variable) -> str:
    assert variable.value is not None
    return (
        f"`{variable.name}` is never freed: the compiler does not know that "
        f"`{short_code(variable.value.text)}` makes a string"
    )


def _freed(
    context: Context, graph: ControlFlowGraph, variable: Variable, views: frozenset[Variable]
) -> Diagnostic:
    release = Cleanup(_free(context, variable.name), variable, views | {variable})
    message = _message(variable)
    behind = after_last_use(context, graph, release)
    if isinstance(behind, Refusal):
        behind = before_exits(context, graph, release)
    return context.fix(graph, variable, message, behind)


def _kept_on_condition(
    context: Context, graph: ControlFlowGraph, variable: Variable
) -> tuple[nodes.Let, str] | None:
    """The let whose value takes the string on a condition only, and when the string is left over."""
    uses = graph.uses(variable)
    declaration = context.parent(variable.node)
    block = context.parent(declaration) if declaration is not None else None
    for let in block.statements if isinstance(block, nodes.Block) else ():
        if not isinstance(let, nodes.Let) or not isinstance(let.value, nodes.Ternary):
            continue
        choice = let.value
        condition = choice.condition
        if not isinstance(condition, nodes.Binary) or condition.operator not in _OPPOSITE:
            continue
        if condition.left.text != variable.name or not isinstance(condition.right, nodes.Literal):
            continue
        inside = [_branch_of(choice, use) for use in uses]
        if None in inside or len(set(inside) - {-1}) != 1 or inside.count(-1) != 1:
            continue
        if not all(
            use.site.role in (Role.CONSTRUCTED, Role.ELEMENT) for use in uses if _branch_of(choice, use) != -1
        ):
            continue
        if any(variable.offset < exit_.node.start < let.end for exit_ in exits_of(graph, variable)):
            continue
        taken_first = 0 in inside
        operator = _OPPOSITE[condition.operator] if taken_first else condition.operator
        return let, f"{variable.name} {operator} {condition.right.text}"
    return None


def _branch_of(choice: nodes.Ternary, use: Use) -> int | None:
    """Where in a ternary a use is: -1 for the condition, else the branch."""
    for number, part in enumerate((choice.condition, *choice.branches), -1):
        if part.start <= use.node.start < part.end:
            return number
    return None


def _freed_otherwise(
    context: Context, graph: ControlFlowGraph, variable: Variable, let: nodes.Let, left_over: str
) -> Diagnostic:
    """Free the string where the let did not take it."""
    free = f"if {left_over} {{\n    {_free(context, variable.name)}\n}}"
    edit: SourceEdit = insert_statement_after(context.file.source, context.file.tree, let, free)
    message = f"{_message(variable)}, and line {context.line(let.start)} takes it only on a condition"
    return Diagnostic(NAME, variable.offset, graph.function.qualified_name, message, Verdict.FIXED, (edit,))


RULE = Rule(
    name=NAME,
    summary="A string that the compiler does not know to be made is never freed.",
    reason=(
        "The compiler frees a string variable only if its first value is written as one that makes a string: "
        "by a name marked @allocates, an interpolation or a sum. A foreign function cannot be marked, nor "
        "can a function whose string comes inside of a Maybe, an Outcome or a tuple. Where such a string is "
        "new on every path, and nothing keeps it, it is freed by hand behind its last use."
    ),
    check=check,
    examples=(
        Fixed(
            "",
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
            "",
            """\
use demo::prelude::measure_text

@extern("tml_str_free")
func release_text(text: Str)

@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

pub func width(block: *Unit) -> I64 {
    let digits: Str = hex_of(block)
    if digits == "" {
        return 0
    }
    return measure_text(digits)
}
""",
            """\
use demo::prelude::measure_text

@extern("tml_str_free")
func release_text(text: Str)

@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

pub func width(block: *Unit) -> I64 {
    let digits: Str = hex_of(block)
    if digits == "" {
        release_text(digits)
        return 0
    }
    let measure_text_result: I64 = measure_text(digits)
    release_text(digits)
    return measure_text_result
}
""",
        ),
        Fixed(
            "",
            """\
pub type Plate {
    digits: Maybe[Str],
}

@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

pub func plate_of(block: *Unit) -> Plate {
    let digits: Str = hex_of(block)
    let shown: Maybe[Str] = digits != "" ? Just(digits) : Nothing
    return Plate { digits: shown }
}
""",
            """\
pub type Plate {
    digits: Maybe[Str],
}

@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

pub func plate_of(block: *Unit) -> Plate {
    let digits: Str = hex_of(block)
    let shown: Maybe[Str] = digits != "" ? Just(digits) : Nothing
    if digits == "" {
        lowlevel { mem_free(digits as I64 as *Unit) }
    }
    return Plate { digits: shown }
}
""",
        ),
        Fixed(
            "",
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
        Fixed(
            "",
            """\
use demo::prelude::number_pair

@test
func test_pair() -> I32 {
    let (first, second) = number_pair(1, 2)
    assert(first == "1", "first")
    assert(second == "2", "second")
    return 0
}
""",
            """\
use demo::prelude::number_pair

@test
func test_pair() -> I32 {
    let (first, second) = number_pair(1, 2)
    assert(first == "1", "first")
    lowlevel { mem_free(first as I64 as *Unit) }
    assert(second == "2", "second")
    lowlevel { mem_free(second as I64 as *Unit) }
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
@extern("tml_os_platform")
func platform_name() -> Str

pub func is_known() -> Bool {
    let name: Str = platform_name()
    return name != ""
}
""",
        ),
        Untouched(
            "",
            """\
@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

@allocates
pub func digits_of(block: *Unit) -> Str {
    let digits: Str = hex_of(block)
    return digits
}
""",
        ),
        Untouched(
            "",
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
        Untouched(
            "",
            """\
use demo::prelude::Label

@test
func test_text_of_another() -> I32 {
    let label = Label { text: "a" }
    let found: Maybe[Str] = Just(label.peek())
    let text: Str = found.unwrap()
    assert(text == "a", "text")
    return 0
}
""",
        ),
    ),
)
