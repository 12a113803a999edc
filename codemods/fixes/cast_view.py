"""Cast a view: the compiler drops what a call of a marked name returns, and nothing that a cast returns."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.workarounds import CAST_IS_KEPT, explained
from codemods.semantics.symbols import FunctionInfo
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Expression


def cast_view(context: Context, function: FunctionInfo, call: Expression) -> Repair:
    """Cast a call that reads a string, so that the compiler does not treat it as new; a comment says why."""
    cast = Repair((SourceEdit(call.end, call.end, b" as Str"),))
    return explained(context, function, call, CAST_IS_KEPT, cast)
