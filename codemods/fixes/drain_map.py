"""Drain a hash map: the function that destroys a map with the strings that it copied."""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.fixes.drain_list import Helper, written_before
from codemods.fixes.imports import imported
from codemods.ownership.map_entries import frees_entries
from codemods.semantics.symbols import FunctionInfo, Type

_NAMES = ("destroy_entries", "destroy_table", "destroy_pairs", "destroy_mapping")


def map_helper(context: Context, user: FunctionInfo, map_: Type) -> Helper | None:
    """The function of the file that destroys maps of a type with their strings, and its text if it is new.

    It stands before the function that uses it first.
    """
    for function in context.functions:
        if frees_entries(function) and function.values[0].type == Type("ref", (map_,)):
            return Helper(function.name, destroys=True)
    taken = {function.name for function in context.analysis.index.functions if function.owner is None}
    name = next((name for name in _NAMES if name not in taken), None)
    needed = imported(context, "std::collections", "HashMap")
    if name is None or needed is None:
        return None
    is_string = [argument.is_str for argument in map_.arguments]
    words = [word for word, is_freed in zip(("key", "value"), is_string, strict=True) if is_freed]
    reads = "".join(f"\t\t\tlet {word}: I64 = entry.{word}() as I64\n" for word in words)
    frees = "".join(f"\t\t\tlowlevel {{ mem_free({word} as *Unit) }}\n" for word in words)
    text = (
        "/// Destroys a map with the strings that it copied, the strings first.\n"
        f"func {name}(map: ref HashMap[{', '.join(map(str, map_.arguments))}]) {{\n"
        "\tif map.handle != null {\n"
        "\t\tlet entry = map.iter()\n"
        "\t\tloop (entry.has_next()) {\n"
        f"{reads}{frees}"
        "\t\t\tentry.next()\n"
        "\t\t}\n"
        "\t\tentry.destroy()\n"
        "\t}\n"
        "\tmap.destroy()\n"
        "}"
    )
    return Helper(name, destroys=True, edits=(*needed, written_before(context, user, text)))
