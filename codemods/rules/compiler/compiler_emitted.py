"""compiler-emitted: code that the compiler itself writes loses strings; no source edit reaches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.naming import short_code
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import CallSite, ControlFlowGraph
from codemods.rules.rule import Reported, Rule, Untouched
from codemods.semantics.symbols import BUILTIN_VARIANTS, Type
from tml_ast import nodes
from tml_ast.nodes import Expression

NAME = "compiler-emitted"

_TEXT_METHODS = frozenset(("to_string", "debug_string"))
_SINGLE_FLAGS = frozenset(("none",))
"""What the compiler adds to a @flags enum and has fewer than two bits."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The calls whose implementation is the compiler's own and leaks."""
    if not any(each.encode() in context.file.source for each in _TEXT_METHODS):
        return
    for _, graph in context.graphs():
        for call in graph.calls():
            what = _what_leaks(context, graph, call)
            if what is not None:
                message = (
                    f"`{short_code(call.node.text)}` leaks {what}, in code that the compiler itself emits: "
                    "no edit of the source reaches it"
                )
                yield Diagnostic(
                    NAME, call.node.start, graph.function.qualified_name, message, Verdict.REPORTED
                )


def _what_leaks(context: Context, graph: ControlFlowGraph, call: CallSite) -> str | None:
    node = call.node
    if not isinstance(node, nodes.MethodCall) or node.name not in _TEXT_METHODS or node.arguments:
        return None
    type_ = graph.type_of(node.receiver)
    if type_ is None:
        return None
    type_ = type_.target()
    if type_.name in BUILTIN_VARIANTS:
        return (
            None if _is_only(graph, node.receiver, _is_nothing) else f"the parts of the {type_.bare}'s text"
        )
    if _is_flags(context, type_) and call.callee is None:
        return None if _is_only(graph, node.receiver, _has_one_bit) else "the text of all bits but the last"
    return None


def _is_flags(context: Context, type_: Type) -> bool:
    info = context.analysis.index.type_info(type_)
    return info is not None and info.node.decorator("flags") is not None


def _is_nothing(value: Expression) -> bool:
    return value.text == "Nothing"


def _has_one_bit(value: Expression) -> bool:
    """Whether a value of a @flags enum is written as a single variant, or as none."""
    if isinstance(value, nodes.Call) and isinstance(value.function, nodes.Path):
        return value.function.segments[-1] in _SINGLE_FLAGS
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
    name=NAME,
    summary="The text of a Maybe, Outcome or @flags value leaks in code that the compiler emits.",
    reason=(
        "The compiler writes the to_string() and debug_string() of a Maybe, an Outcome and a @flags enum "
        "itself, and that code never frees the strings it puts together. The library's own implementations "
        "are not called, and no way of writing the call avoids it, so the leak stays until the compiler is "
        "mended."
    ),
    check=check,
    examples=(
        Untouched(
            "",
            """\
@test
func test_nothing() -> I32 {
    let found: Maybe[I32] = Nothing
    assert(found.to_string() == "Nothing", "text")
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
@flags
type Mode {
    Fast,
    Quiet,
}

@test
func test_one_mode() -> I32 {
    let mode = Mode::Fast
    assert(mode.to_string() == "Fast", "text")
    assert(Mode::none().to_string() == "(empty)", "text")
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
use demo::prelude::Label

@test
func test_label() -> I32 {
    let count: I64 = 4
    assert(count.to_string() == "4", "text")
    return 0
}
""",
        ),
        Reported(
            "",
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
            "",
            """\
@test
func test_failed() -> I32 {
    let result: Outcome[I32, Str] = Err("late")
    let text: Str = result.debug_string()
    assert(text.len() > 0, "text")
    return 0
}
""",
        ),
        Reported(
            "",
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
        Reported(
            "",
            """\
@flags
type Mode {
    Fast,
    Quiet,
}

@test
func test_all_modes() -> I32 {
    let mode = Mode::all()
    assert(mode.debug_string() == "Mode(Fast | Quiet)", "text")
    return 0
}
""",
        ),
    ),
)
