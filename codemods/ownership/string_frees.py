"""What frees a string, and what a use of a variable reaches.

The program frees a string by hand. The compiler frees it with a variable that it registered, alone or as a
field of a struct, and an interpolation frees every string that it joins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from codemods.model.compiler_profile import Trait
from codemods.ownership.cfg.graph import (
    ControlFlowGraph,
    Role,
    Site,
    Use,
    Variable,
    VariableKind,
)
from codemods.ownership.string_values import (
    Path,
    success_path,
)
from codemods.ownership.summaries.origins import HANDING_OUT
from codemods.semantics.symbols import BUILTIN_VARIANTS, FunctionInfo
from tml_ast import nodes
from tml_ast.nodes import Node


class Way(Enum):
    """How a string is freed."""

    BY_HAND = auto()
    INTERPOLATED = auto()
    DROPPED = auto()
    """By the compiler, with the variable that holds it."""
    DISCARDED = auto()
    """By the compiler, with the result of a statement."""


class Freed(NamedTuple):
    """Where a string is freed in a function, and by what in the end."""

    node: Node
    """The use or call, or what the exit leaves."""
    way: Way
    name: str
    """The variable that it is freed through."""
    is_certain: bool = True
    """Whether it is freed on every path through the function that is called."""
    callee: FunctionInfo | None = None
    """The function that is called and frees it."""
    last: Node | None = None
    """The place in the functions that are called, where it is freed in the end."""
    last_in: FunctionInfo | None = None

    @property
    def by_program(self) -> bool:
        """Whether the program says so, and not the compiler."""
        return self.way is Way.BY_HAND


@dataclass(frozen=True, slots=True)
class Freeing:
    """How a function frees a part of an argument."""

    way: Way
    is_certain: bool
    node: Node
    function: FunctionInfo


@dataclass(frozen=True, slots=True)
class StringMisuse:
    """A string that is freed twice, or used after it was freed."""

    node: Node
    """Where: the second place, or where the first frees it if the second is the end of a block."""
    variable: Variable
    """What it is reached through in the second place."""
    path: Path
    first: Freed
    second: Freed | None
    """What frees it once more; None for another use, and for an owner that frees it later."""
    is_release: bool
    is_certain: bool
    owner: str = ""
    """What frees it later, where the function leaves it held and freed."""
    is_made: bool = False
    """Whether it is made in the function, and so is no constant."""
    interpolations: tuple[Node, ...] = ()
    """The holes of interpolations that free it."""
    others: tuple[str, ...] = ()
    """Further strings of the same owner that end like it."""

    @property
    def text(self) -> str:
        """The string as the source names it."""
        return ".".join((self.variable.name, *self.path))


def frees_holes(graph: ControlFlowGraph, node: Node) -> bool:
    """Whether an interpolation frees the strings that it shows: one that shows nothing else hands it on."""
    return (
        Trait.INTERPOLATION in graph.traits
        and isinstance(node, nodes.InterpolatedString)
        and node.first_token.type == "STRING_START"
        and node.only_hole is None
    )


def access(graph: ControlFlowGraph, use: Use) -> tuple[Path, Node, Site | None]:
    """What a use reaches: the fields from the variable on, the expression of them, and where that goes."""
    path: list[str] = []
    node: Node = use.node
    site: Site | None = use.site
    while site is not None:
        match site.role:
            case Role.FIELD:
                assert isinstance(site.parent, nodes.FieldAccess)
                path.append(site.parent.name)
            case Role.CAST | Role.REFERENCED:
                pass
            case Role.PROPAGATED:
                path += success_path(graph.type_of(node))
            case Role.INTERPOLATED if _is_only_hole(site.parent):
                pass
            case Role.RECEIVER if site.callee is None and _hands_out(graph, site, node):
                assert isinstance(site.parent, nodes.MethodCall)
                is_failure = site.parent.name.endswith("_err")
                path += ("Err.0",) if is_failure else success_path(graph.type_of(node))
            case _:
                break
        node = site.parent
        site = graph.site_of(node)
    return tuple(path), node, site


def _is_only_hole(node: Node) -> bool:
    return (
        isinstance(node, nodes.InterpolatedString)
        and node.first_token.type == "STRING_START"
        and node.only_hole is not None
    )


def _hands_out(graph: ControlFlowGraph, site: Site, node: Node) -> bool:
    type_ = graph.type_of(node)
    return (
        isinstance(site.parent, nodes.MethodCall)
        and site.parent.name in HANDING_OUT
        and type_ is not None
        and type_.target().name in BUILTIN_VARIANTS
    )


def written_fields(graph: ControlFlowGraph) -> Mapping[str, frozenset[str] | None]:
    """The fields of each parameter that a function may give a new value; None for all."""
    found: dict[str, frozenset[str] | None] = {}
    for variable in graph.variables:
        if variable.kind not in (VariableKind.PARAMETER, VariableKind.RECEIVER):
            continue
        fields: set[str] | None = set()
        for use in graph.uses(variable):
            path, node, site = access(graph, use)
            if site is None or fields is None:
                continue
            if isinstance(site.parent, nodes.Assignment) and site.parent.target is node:
                if path:
                    fields.add(path[0])
                else:
                    fields = None
            elif site.role in (Role.RECEIVER, Role.ARGUMENT) and site.callee is not None:
                parameters = site.callee.parameters if site.role is Role.RECEIVER else site.callee.values
                position = 0 if site.role is Role.RECEIVER else site.position
                if position < len(parameters) and parameters[position].is_mutable:
                    if path:
                        fields.add(path[0])
                    else:
                        fields = None
        found[variable.name] = frozenset(fields) if fields is not None else None
    return found
