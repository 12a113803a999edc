"""Cast a view: the compiler drops what a call of a marked name returns, and nothing that a cast returns."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from tml_ast.edit import SourceEdit, indentation_of, line_ending_of, line_start
from tml_ast.nodes import Expression


def cast_view(context: Context, call: Expression, why: str) -> Repair:
    """Cast a call that reads a string, so that the compiler does not treat it as new; a comment says why."""
    source = context.file.source
    start = line_start(source, call.start)
    comment = f"// {why}: the cast keeps the compiler from freeing it".encode()
    return Repair(
        (
            SourceEdit(start, start, indentation_of(source, start) + comment + line_ending_of(source, start)),
            SourceEdit(call.end, call.end, b" as Str"),
        )
    )
