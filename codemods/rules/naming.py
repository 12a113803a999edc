"""Names for what a fix binds."""

from __future__ import annotations

import re

from codemods.ownership.drops import called_name
from codemods.rules.base import Context
from codemods.symbols import FunctionInfo
from tml_ast.nodes import Expression


def snake_case(name: str) -> str:
    """``RouteMatch`` as ``route_match``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def result_name(context: Context, function: FunctionInfo, value: Expression) -> str:
    """A name for a value that is bound before it is returned."""
    called = called_name(value)
    if called is None:
        return context.fresh_name(function, "result_value", "return_value")
    stem = snake_case(called)
    return context.fresh_name(function, f"{stem}_result", f"{stem}_value", f"{stem}_outcome")


def text_name(
    context: Context, function: FunctionInfo, value: Expression, taken: frozenset[str] = frozenset()
) -> str:
    """A name for a string that is bound before it is used."""
    called = snake_case(called_name(value) or "text")
    return context.fresh_name(function, f"{called}_text", f"{called}_copy", f"{called}_owned", taken=taken)
