"""Cast a view: the compiler drops what a call of a marked name returns, and nothing that a cast returns."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.workarounds import comment_above, workaround
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression


def cast_view(context: Context, call: Expression, why: str) -> Repair:
    """Cast a call that reads a string, so that the compiler does not treat it as new; a comment says why."""
    comment = comment_above(context, call.start, workaround("allocates-goes-by-bare-name", why))
    return Repair((comment, SourceEdit(call.end, call.end, b" as Str")))
