"""How a file calls a function of another module."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.edit import SourceEdit, line_ending_of


@dataclass(frozen=True, slots=True)
class CallPath:
    """What to write in a call, and the import that it needs."""

    text: str
    edits: tuple[SourceEdit, ...] = ()


def path_to(context: Context, function: FunctionInfo) -> CallPath | None:
    """The path by which a file calls a free function; None where its module's name means something else."""
    if function.file is context.file:
        return CallPath(function.name)
    module = list(function.file.module)
    uses = [item for item in context.file.tree.items if isinstance(item, nodes.Use)]
    for use in uses:
        if use.path == module and not use.is_glob and use.group is None:
            return CallPath(f"{use.alias or module[-1]}::{function.name}")
    name = module[-1]
    if not uses:
        return None
    if _is_free(context, uses, name):
        end = uses[-1].end
        line = line_ending_of(context.file.source, end) + f"use {'::'.join(module)}".encode()
        return CallPath(f"{name}::{function.name}", (SourceEdit(end, end, line),))
    group = next((use for use in uses if use.path == module and use.group), None)
    if group is None or not _is_free(context, uses, function.name):
        return None
    return CallPath(function.name, (_added_to(context.file.source, group, function.name),))


def imported(context: Context, module: str, name: str) -> tuple[SourceEdit, ...] | None:
    """What a file needs to name what a module declares; None where the name means something else."""
    uses = [item for item in context.file.tree.items if isinstance(item, nodes.Use)]
    for use in uses:
        if use.is_glob and "::".join(use.path) == module:
            return ()
        if name in _introduced(use):
            return () if "::".join(use.path).startswith(module) else None
    if not uses or _is_declared(context, name):
        return None
    end = uses[-1].end
    return (
        SourceEdit(end, end, line_ending_of(context.file.source, end) + f"use {module}::{name}".encode()),
    )


def _is_free(context: Context, uses: Sequence[nodes.Use], name: str) -> bool:
    """Whether a name means nothing in the file so far."""
    return not any(name in _introduced(use) for use in uses) and not _is_declared(context, name)


def _added_to(source: bytes, use: nodes.Use, name: str) -> SourceEdit:
    """A name more in the braces of an import, laid out like the last one."""
    start = source.index(b"{", use.start) + 1
    names = source[start : source.rindex(b"}", start, use.end)]
    written = names.rstrip()
    line = re.search(rb"\r?\n[ \t]*(?=\S[^\n]*\Z)", written)
    gap = line.group() if line else b" "
    added = gap + name.encode() + b"," if written.endswith(b",") else b"," + gap + name.encode()
    end = start + len(written)
    return SourceEdit(end, end, added)


def _introduced(use: nodes.Use) -> list[str]:
    """The names that an import introduces, as far as they are written in it."""
    if use.is_glob:
        return []
    return use.group if use.group is not None else [use.alias or use.path[-1]]


def _is_declared(context: Context, name: str) -> bool:
    """Whether the file itself gives the name to something."""
    return any(function.name == name for function in context.functions) or any(
        variable.name == name for _, graph in context.graphs() for variable in graph.variables
    )
