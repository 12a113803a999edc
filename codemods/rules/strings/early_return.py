"""early-return: a string is returned by its name, and from there on no other path frees it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Use, Variable
from codemods.ownership.compiler.consumption import consumptions
from codemods.ownership.compiler.string_drops import drop_hazard, lost_at
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import STR
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_before, line_start

NAME = "early-return"

_COPY = "duplicate"
"""The method of the language's own behavior for copying."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings that are lost where they are not returned."""
    if context.file.is_test:
        return
    for _, graph in context.graphs():
        for variable in graph.variables:
            if variable.type == STR and context.analysis.drops.is_registered(variable):
                yield from _proposals(context, graph, variable)


def _proposals(context: Context, graph: ControlFlowGraph, variable: Variable) -> Iterator[Diagnostic]:
    lost = lost_at(context.analysis, graph, variable)
    if not lost:
        return
    end = max(exit_.node.end for exit_ in lost)
    early = [use for use in graph.uses(variable) if _is_returned(use) and use.node.start <= end]
    if not early:
        return
    line = context.line(early[0].node.start)
    message = (
        f"`{variable.name}` is never freed where it is not returned: the return on line {line} gives its "
        "name away for the rest of the function"
    )
    function = graph.function.qualified_name
    given = {use.node.start for use in early}
    others = any(
        name == variable.name and offset <= end and offset not in given
        for name, offset in consumptions(graph)
    )
    hazard = drop_hazard(context.analysis, graph, variable)
    if hazard is None and others:
        hazard = "its name is given away at another place as well"
    edits: list[SourceEdit] | None = None
    if hazard is None:
        edits = _made_where_needed(context, graph, variable) or _copied(context, early)
        if edits is None:
            hazard = "there is no way known to copy a string"
    if edits is None:
        yield Diagnostic(NAME, variable.offset, function, f"{message}; {hazard}", Verdict.REPORTED)
    else:
        yield Diagnostic(NAME, variable.offset, function, message, Verdict.FIXED, tuple(edits))


def _is_returned(use: Use) -> bool:
    return (
        use.site.role is Role.RETURNED
        and use.site.through is None
        and isinstance(use.site.parent, nodes.Return)
    )


def _copied(context: Context, early: list[Use]) -> list[SourceEdit] | None:
    """Return copies, so that the name stays with its string."""
    method = context.analysis.index.method(STR, _COPY)
    if method is None or not context.analysis.summaries.result(method).is_fresh:
        return None
    return [SourceEdit(use.node.end, use.node.end, f".{_COPY}()".encode()) for use in early]


def _made_where_needed(
    context: Context, graph: ControlFlowGraph, variable: Variable
) -> list[SourceEdit] | None:
    """Move the declaration into the one branch that uses it, when it stands right before the ``if``."""
    pattern = variable.node
    statement = context.parent(pattern)
    if not isinstance(statement, nodes.Let) or statement.value is None:
        return None
    block = context.parent(statement)
    if not isinstance(block, nodes.Block):
        return None
    behind = block.statements[block.statements.index(statement) + 1 :]
    following = behind[0].expression if behind and isinstance(behind[0], nodes.ExpressionStatement) else None
    if not isinstance(following, nodes.If) or following.condition is None:
        return None
    made = (following.condition, statement.value)
    if not all(context.purity.is_pure(graph, expression) for expression in made):
        return None
    if graph.is_assigned(variable):
        return None
    places = [use.node.start for use in graph.uses(variable)]
    for branch in (following.branch, following.alternative):
        if isinstance(branch, nodes.Block) and all(branch.start <= place < branch.end for place in places):
            return _moved(context, statement, branch)
    return None


def _moved(context: Context, statement: nodes.Let, branch: nodes.Block) -> list[SourceEdit] | None:
    """The edits that take a statement with a line of its own to the start of a block."""
    source = context.file.source
    start = line_start(source, statement.start)
    end = source.find(b"\n", statement.end) + 1
    around = source[start : statement.start] + source[statement.end : end]
    if not end or around.strip() or b"//" in source[line_start(source, max(start - 1, 0)) : start]:
        return None
    inserted = insert_statement_before(source, context.file.tree, branch.statements[0], statement.text)
    return [SourceEdit(start, end, b""), inserted]


RULE = Rule(
    name=NAME,
    summary="A string returned by its name is never freed on the paths that do not return it.",
    reason=(
        "Returning a variable by its name cancels its drops in all of the text that follows, on every path, "
        "in the next turn of a loop too. A string that only the branch with the return needs is made there; "
        "elsewhere the early return hands out a copy, and the string itself is freed like any other."
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
