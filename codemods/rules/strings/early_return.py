"""early-return: a string is returned by its name, and after that no path frees it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.workarounds import RETURNS_COPY, explained
from codemods.ownership.cfg.conditions import is_only_reached_empty
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.consumption import consumptions_of
from codemods.ownership.error_paths import paths_of_leaks
from codemods.ownership.string_drops import drop_hazard, lost_at
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_before, line_start

_COPY = "duplicate"
"""The method of the language's behavior for copying."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings that are lost where they are not returned."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        for variable in graph.variables:
            if variable.type != STR or not context.analysis.drops.is_registered(variable):
                continue
            lost = [
                exit_
                for exit_ in lost_at(context.analysis, graph, variable)
                if not is_only_reached_empty(graph, exit_.value or exit_.node, variable.name)
            ]
            end = max((exit_.node.end for exit_ in lost), default=-1)
            early = [use for use in graph.uses(variable) if _is_returned(use) and use.node.start <= end]
            if early:
                message = (
                    f"`{variable.name}` is never freed where it is not returned: "
                    f"the return on line {context.line(early[0].node.start)} gives its name away "
                    "for the rest of the function"
                )
                repair = _repair(context, graph, variable, early, end)
                paths = paths_of_leaks(graph, variable, lost)
                yield context.fix(graph, variable, message, repair, paths=paths)


def _is_returned(use: Use) -> bool:
    return (
        use.site.role is Role.RETURNED
        and use.site.through is None
        and isinstance(use.site.parent, nodes.Return)
    )


def _repair(
    context: Context, graph: ControlFlowGraph, variable: Variable, early: list[Use], end: int
) -> Repair | Refusal:
    """``early`` are the returns of a variable before the last exit that loses it, at ``end``."""
    hazard = drop_hazard(context.analysis, graph, variable)
    if hazard is not None:
        return Refusal(hazard)
    returned = {use.node.start for use in early}
    others = {offset for offset in consumptions_of(graph, variable.name) if offset <= end} - returned
    read = [use for use in graph.uses(variable) if use.node.start in others and _is_only_read(context, use)]
    if len(read) < len(others):
        return Refusal("its name is given away at another place as well, which keeps what it gets")
    moved = _made_where_needed(context, graph, variable) if not others else None
    return moved or _copied(context, graph, early, read)


def _is_only_read(context: Context, use: Use) -> bool:
    """Whether a call gives a string away by its name, and only reads it."""
    site = use.site
    if site.role is not Role.ARGUMENT or site.callee is None or isinstance(site.parent, nodes.MethodCall):
        return False
    return context.analysis.summaries.call_effects(site) == {Effect.BORROWS}


def _copied(context: Context, graph: ControlFlowGraph, early: list[Use], read: list[Use]) -> Repair | Refusal:
    """Return copies, so that the name stays with its string; a cast keeps it where it is only read."""
    method = context.analysis.index.method(STR, _COPY)
    if method is None or not context.analysis.summaries.result(method).is_fresh:
        return Refusal("no way to copy a string is known")
    copied = [SourceEdit(use.node.end, use.node.end, f".{_COPY}()".encode()) for use in early]
    kept = [SourceEdit(use.node.end, use.node.end, b" as Str") for use in read]
    return explained(context, graph.function, early[0].node, RETURNS_COPY, Repair((*copied, *kept)))


def _made_where_needed(context: Context, graph: ControlFlowGraph, variable: Variable) -> Repair | None:
    """Move the declaration into the one branch that uses it, when it stands right before the ``if``."""
    statement = context.parent(variable.node)
    block = context.parent(statement) if isinstance(statement, nodes.Let) else None
    if not isinstance(statement, nodes.Let) or not isinstance(block, nodes.Block):
        return None
    following = block.statements[block.statements.index(statement) + 1 :]
    choice = following[0] if following else None
    if not isinstance(choice, nodes.ExpressionStatement) or not isinstance(choice.expression, nodes.If):
        return None
    evaluated = (choice.expression.condition, statement.value)
    if any(part is None or not context.purity.is_pure(graph, part) for part in evaluated):
        return None
    if graph.is_assigned(variable):
        return None
    uses = graph.uses(variable)
    for branch in (choice.expression.branch, choice.expression.alternative):
        if isinstance(branch, nodes.Block) and all(
            branch.start <= use.node.start < branch.end for use in uses
        ):
            return _moved(context, statement, branch)
    return None


def _moved(context: Context, statement: nodes.Let, branch: nodes.Block) -> Repair | None:
    """Take a statement with a line of its own to the start of a block."""
    source = context.file.source
    start = line_start(source, statement.start)
    end = source.find(b"\n", statement.end) + 1
    around = source[start : statement.start] + source[statement.end : end]
    if not end or around.strip() or b"//" in source[line_start(source, max(start - 1, 0)) : start]:
        return None
    inserted = insert_statement_before(source, context.file.tree, branch.statements[0], statement.text)
    return Repair((SourceEdit(start, end, b""), inserted))


RULE = Rule(
    name="early-return",
    summary="A string returned by its name is never freed on the paths that do not return it.",
    reason=(
        "Returning a variable by its name cancels its drops in all of the code that follows, on every path, "
        "and in later iterations of a loop too. A string that only the returning branch needs is made there. "
        "Elsewhere the early return returns a copy, and the string itself is freed like any other."
    ),
    check=check,
    examples=(
        Fixed(
            "Made in the branch that returns it",
            """\
use core::str

pub func word_at(line: Str, wanted: I64) -> Str {
    var start: I64 = 0
    var count: I64 = 0
    loop (start < str::len(line)) {
        var end: I64 = start
        loop (end < str::len(line) and str::char_at(line, end) != 32) {
            end = end + 1
        }
        let word: Str = str::substring(line, start, end)
        if count == wanted {
            return word
        }
        count = count + 1
        start = end + 1
    }
    return ""
}
""",
            """\
use core::str

pub func word_at(line: Str, wanted: I64) -> Str {
    var start: I64 = 0
    var count: I64 = 0
    loop (start < str::len(line)) {
        var end: I64 = start
        loop (end < str::len(line) and str::char_at(line, end) != 32) {
            end = end + 1
        }
        if count == wanted {
            let word: Str = str::substring(line, start, end)
            return word
        }
        count = count + 1
        start = end + 1
    }
    return ""
}
""",
        ),
        Fixed(
            "The early return gets a copy",
            """\
use core::str

pub func signed(amount: Str, is_negative: Bool) -> Str {
    let digits: Str = str::trim(amount)
    if not is_negative {
        return digits
    }
    return "-" + digits
}
""",
            """\
use core::str

pub func signed(amount: Str, is_negative: Bool) -> Str {
    let digits: Str = str::trim(amount)
    if not is_negative {
        // compiler defect early-return-cancels-later-drops: so a copy is returned
        return digits.duplicate()
    }
    return "-" + digits
}
""",
        ),
        Untouched(
            "Returned at the end",
            """\
use core::str

pub func signed(amount: Str, is_negative: Bool) -> Str {
    let digits: Str = str::trim(amount)
    if is_negative {
        return "-" + digits
    }
    return digits
}
""",
        ),
    ),
)
