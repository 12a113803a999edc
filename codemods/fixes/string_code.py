"""The TML that frees, copies or measures a string, as a file can write it."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.ownership.compiler.builtins import extern_symbol
from codemods.ownership.fields import FieldOrigin, Holds
from codemods.semantics.symbols import STR
from tml_ast import nodes


def free_string(string: str) -> str:
    """The statement that frees a string."""
    return free_address(f"{string} as I64")


def free_address(number: str) -> str:
    """The statement that frees the string at an address."""
    return f"lowlevel {{ mem_free({number} as *Unit) }}"


def free_by_hand(context: Context, string: str) -> str | None:
    """The statement that frees a string by the C function for it, if the file declares that."""
    for function in context.functions:
        if function.is_extern and extern_symbol(function) == "tml_str_free" and len(function.values) == 1:
            return f"{function.name}({string})"
    return None


def free_unless_empty(context: Context, string: str, free: str) -> str:
    """A statement that frees a string, unless it is empty, and so may be a constant."""
    indented = free.replace("\n", "\n\t")
    return f"if {string_length(context, string)} > 0 {{\n\t{indented}\n}}"


def free_owned(context: Context, string: str, origin: FieldOrigin, free: str | None = None) -> str:
    """The statement that frees a string, by ``free`` if given; an empty one may be a constant."""
    free = free or free_string(string)
    return free_unless_empty(context, string, free) if Holds.CONSTANT in origin.holds else free


def string_length(context: Context, string: str) -> str:
    """The length of a string expression, by what the file imports or declares."""
    if _imports_str(context):
        return f"str::len({string})"
    measures = context.analysis.index.functions_named(["len"], context.file)
    if any([value.type for value in function.values] == [STR] for function in measures):
        return f"len({string})"
    return f"{string}.len()" if string.isidentifier() else f"({string}).len()"


def copy_of(context: Context, name: str) -> str:
    """A copy of the string in a variable."""
    if _imports_str(context):
        return f"str::substring({name}, 0, str::len({name}))"
    return f"{name}.duplicate()"


def _imports_str(context: Context) -> bool:
    return any(
        isinstance(item, nodes.Use) and item.path[-1:] == ["str"] and item.group is None
        for item in context.file.tree.items
    )
