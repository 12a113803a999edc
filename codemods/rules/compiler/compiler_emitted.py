"""compiler-emitted: code that the compiler generates loses strings, and no source edit can free them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import short_code
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph
from codemods.rules.rule import Reported, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS, Type
from tml_ast import nodes
from tml_ast.nodes import Expression

_STRING_METHODS = frozenset(("to_string", "debug_string"))
_FEWER_THAN_TWO_FLAGS = frozenset(("none",))
"""The functions that the compiler adds to a @flags enum and that make a value of one bit at most."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The calls whose implementation is the compiler's own and leaks."""
    if not any(method.encode() in context.file.source for method in _STRING_METHODS):
        return
    for _, graph in context.graphs():
        for call in graph.calls:
            lost = _lost_strings(context, graph, call)
            if lost is not None:
                message = (
                    f"`{short_code(call.node.text)}` leaks {lost}, in code that the compiler itself emits"
                )
                yield context.report(graph, call.node, message, because="no edit of the source reaches it")


def _lost_strings(context: Context, graph: ControlFlowGraph, call: CallSite) -> str | None:
    """What a call leaks, in words."""
    node = call.node
    if not isinstance(node, nodes.MethodCall) or node.name not in _STRING_METHODS or node.arguments:
        return None
    type_ = graph.type_of(node.receiver)
    if type_ is None:
        return None
    type_ = type_.target()
    if type_.name in BUILTIN_VARIANTS:
        is_constant = _is_only(graph, node.receiver, _is_nothing)
        return None if is_constant else f"the parts of the {type_.bare}'s string"
    if _is_flags(context, type_) and call.callee is None:
        is_constant = _is_only(graph, node.receiver, _has_one_bit)
        return None if is_constant else "the strings of all its flags but the last"
    return None


def _is_flags(context: Context, type_: Type) -> bool:
    info = context.analysis.index.type_info(type_)
    return info is not None and info.node.decorator("flags") is not None


def _is_nothing(value: Expression) -> bool:
    return value.text == "Nothing"


def _has_one_bit(value: Expression) -> bool:
    """Whether a value of a @flags enum is written as a single variant, or as none."""
    if isinstance(value, nodes.Call) and isinstance(value.function, nodes.Path):
        return value.function.segments[-1] in _FEWER_THAN_TWO_FLAGS
    return isinstance(value, nodes.Path) and len(value.segments) > 1


def _is_only(graph: ControlFlowGraph, receiver: Expression, test: Callable[[Expression], bool]) -> bool:
    """Whether the receiver is a value that passes the test, or a variable that holds nothing else."""
    use = graph.use_at(receiver)
    if use is None:
        return test(receiver)
    if graph.is_assigned(use.variable):
        return False
    return use.variable.value is not None and test(use.variable.value)


RULE = Rule(
    name="compiler-emitted",
    summary="The string of a Maybe, Outcome or @flags value leaks in code that the compiler emits.",
    reason=(
        "The compiler writes the to_string() and debug_string() of a Maybe, an Outcome and a @flags enum "
        "itself, and that code never frees the strings it puts together. The library's own "
        "implementations are not called, and no way of writing the call avoids it, so the leak stays "
        "until the compiler is fixed."
    ),
    check=check,
    examples=(
        Untouched(
            "The string of Nothing, a constant",
            """\
@test
func test_nothing() -> I32 {
    let found: Maybe[I32] = Nothing
    assert(found.to_string() == "Nothing", "text")
    return 0
}
""",
        ),
        Reported(
            "The string of a Maybe",
            """\
@test
func test_found() -> I32 {
    let found: Maybe[I32] = Just(7)
    assert(found.to_string() == "Just(7)", "text")
    return 0
}
""",
        ),
        Reported(
            "Several flags at once",
            """\
@flags
type Mode {
    Fast,
    Quiet,
}

@test
func test_both_modes() -> I32 {
    let mode = Mode::Fast | Mode::Quiet
    assert(mode.to_string() == "Fast | Quiet", "text")
    return 0
}
""",
        ),
    ),
)
