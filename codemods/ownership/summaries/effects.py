"""What functions do with their arguments, as a lattice, and what is assumed of unknown functions."""

from __future__ import annotations

from dataclasses import dataclass

from codemods.ownership.cfg.graph import Role, Site
from codemods.ownership.compiler.builtins import Effect, builtin_effect
from codemods.ownership.summaries.origins import HANDING_OUT
from tml_ast import nodes
from tml_ast.nodes import Expression

_READING_METHODS = frozenset(("len", "get", "has", "contains", "duplicate", "hash", "to_string"))


@dataclass(frozen=True, slots=True)
class Passing:
    """What a function does with an argument, and whether it may return a part of it."""

    effects: frozenset[Effect]
    lends: bool = False

    def join(self, other: Passing) -> Passing:
        """What covers both: a function that does anything else with an argument borrows it besides."""
        effects = (self.effects | other.effects) - {Effect.BORROWS}
        return Passing(effects or self.effects, self.lends or other.lends)


BORROWED = Passing(frozenset((Effect.BORROWS,)))


def unresolved_effect(site: Site) -> Effect:
    """What a call does with the value at a site when it is not known which function is called."""
    call = site.parent
    if isinstance(call, nodes.MethodCall):
        if call.name in HANDING_OUT:
            return Effect.RETURNS
        reads = call.name.startswith("is_") or call.name in _READING_METHODS
        return Effect.BORROWS if reads else Effect.UNKNOWN
    if isinstance(call, nodes.Call) and isinstance(call.function, nodes.Path):
        return builtin_effect(call.function.segments[-1], site.position)
    return Effect.UNKNOWN


def fills_container(site: Site) -> bool:
    """Whether a method may put its argument into a generic container; a number goes in as it is.

    The body does not say so: it copies a value with ``duplicate()``, which for a string makes a new one.
    """
    method = site.callee
    if site.role is not Role.ARGUMENT or method is None or method.owner is None or not method.has_receiver:
        return False
    if method.name in _READING_METHODS or method.name.startswith(("is_", "contains", "remove")):
        return False
    type_ = method.values[site.position].type if site.position < len(method.values) else None
    return type_ is not None and type_ in method.owner.arguments


def literals_given(site: Site) -> dict[str, Expression]:
    """The arguments of a call that are string literals, by the name of the parameter."""
    assert site.callee is not None
    call = site.parent
    if not isinstance(call, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return {}
    return {
        parameter.name: argument
        for parameter, argument in zip(site.callee.values, call.arguments, strict=False)
        if parameter.name is not None and isinstance(argument, nodes.Literal) and argument.kind == "STRING"
    }
