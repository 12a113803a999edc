"""Which places of a function give a name away, as the compiler sees it.

The compiler goes by names and by the order of the source, not by paths: no variable of such a name is dropped
later in the function. Of that, the traits of the graph say what the compiler in use still does.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from codemods.model.compiler_profile import Trait
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Role, Use, Variable
from codemods.semantics.symbols import FunctionInfo, SourceFile
from tml_ast import nodes
from tml_ast.nodes import Node


def consumptions(
    graph: ControlFlowGraph, made_public: Container[FunctionInfo] = ()
) -> Iterator[tuple[str, int]]:
    """The names that the function consumes, each with the byte offset of the place."""
    for use in graph.ask(_consuming_uses):
        if use.site.role is not Role.ARGUMENT or use.site.callee not in made_public:
            yield use.variable.name, use.node.start


def consumptions_of(
    graph: ControlFlowGraph, name: str, made_public: Container[FunctionInfo] = ()
) -> Iterator[int]:
    """The byte offsets of the places that consume a name."""
    for use in graph.ask(_consuming_uses_by_name).get(name, ()):
        if use.site.role is not Role.ARGUMENT or use.site.callee not in made_public:
            yield use.node.start


def moved_by(graph: ControlFlowGraph, variable: Variable, exit_: Exit) -> int | None:
    """Where a return gives a variable away for itself alone, with a compiler that cancels no later drops."""
    if Trait.EARLY_RETURN in graph.traits or exit_.value is None:
        return None
    use = graph.use_at(exit_.value)
    is_moved = use is not None and use.variable is variable and _is_returned_by_name(use)
    return exit_.value.start if is_moved else None


def _is_returned_by_name(use: Use) -> bool:
    site = use.site
    return site.role is Role.RETURNED and site.through is None and isinstance(site.parent, nodes.Return)


def consumes(graph: ControlFlowGraph, use: Use) -> bool:
    """Whether a bare identifier in this place gives its variable away."""
    return _is_returned_by_name(use) or _cancels_drops(graph, use)


def _cancels_drops(graph: ControlFlowGraph, use: Use) -> bool:
    """Whether a bare identifier in this place cancels the drops that come later in the source."""
    if _is_returned_by_name(use):
        return Trait.EARLY_RETURN in graph.traits
    site = use.site
    match site.role:
        case Role.RETURNED:
            return site.through is None or isinstance(site.through, nodes.Arm | nodes.Block)
        case Role.CONSTRUCTED | Role.STORED:
            return site.through is None
        case Role.ELEMENT:
            return not isinstance(site.parent, nodes.Array)
        case Role.ARGUMENT:
            return _argument_consumes(graph, use)
        case Role.FIELD:
            return _field_argument_consumes(graph, site.parent)
        case _:
            return isinstance(site.through, nodes.Arm) and site.role is not Role.DISCARDED


def _argument_consumes(graph: ControlFlowGraph, use: Use) -> bool:
    """A bare argument is consumed by any call in a ``return``, and by most free calls elsewhere."""
    site = use.site
    call = site.parent
    outer = graph.site_of(call)
    is_returned = outer is not None and outer.role is Role.RETURNED and isinstance(outer.parent, nodes.Return)
    if is_returned and Trait.RETURNED_CALL in graph.traits:
        return True
    if isinstance(call, nodes.MethodCall):
        return False
    if site.callee is None:
        return False
    if not is_visible(graph, site.callee):
        return True
    parameter = site.callee.values[site.position] if site.position < len(site.callee.values) else None
    if parameter is None or parameter.type is None:
        return False
    return parameter.type.name not in ("Str", "ref")


def _field_argument_consumes(graph: ControlFlowGraph, access: Node) -> bool:
    """``f(x.field)`` consumes the whole of ``x`` when the parameter is by value and no string."""
    site = graph.site_of(access)
    if site is None or site.role is not Role.ARGUMENT or site.callee is None:
        return False
    if isinstance(site.parent, nodes.MethodCall) or site.position >= len(site.callee.values):
        return False
    parameter = site.callee.values[site.position]
    return parameter.type is not None and parameter.type.name not in ("Str", "ref")


def _consuming_uses(graph: ControlFlowGraph) -> list[Use]:
    return [use for use in graph.all_uses if _cancels_drops(graph, use)]


def _consuming_uses_by_name(graph: ControlFlowGraph) -> dict[str, list[Use]]:
    by_name: dict[str, list[Use]] = {}
    for use in graph.ask(_consuming_uses):
        by_name.setdefault(use.variable.name, []).append(use)
    return by_name


def is_visible(graph: ControlFlowGraph, callee: FunctionInfo) -> bool:
    """Whether the code generator finds the signature: then strings and references are not consumed."""
    return Trait.PRIVATE_CALLEE not in graph.traits or is_visible_in(callee, graph.function.file)


def is_visible_in(callee: FunctionInfo, file: SourceFile) -> bool:
    """Whether a file sees the signature; a method whose signature is not found cannot be called at all."""
    if callee.file is file and callee.file.is_test:
        return True
    if callee.is_public or callee.is_extern or callee.behavior is not None:
        return True
    return callee.is_in_generic_impl
