"""Whether the code that fixes keep still runs for the same variants of what is matched around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tml_ast import nodes
from tml_ast.nodes import Node


@dataclass(frozen=True, slots=True)
class Arm:
    """The variants for which the code of an arm or branch runs, or with ``is_other`` does not run."""

    variants: frozenset[str]
    is_other: bool = False

    def may_be(self, same: Arm) -> bool:
        """Whether both can be for the same variants: what is not for ``Ok`` may well be for ``Err``."""
        if self.is_other == same.is_other:
            return self.variants == same.variants
        return bool(self.variants) and bool(same.variants) and not self.variants & same.variants


Arms = tuple[Arm, ...]
"""The arms around a piece of code, the outermost first."""


def arms_of(tree: Node) -> dict[int, Arms]:
    """The arms around each statement and expression that is no block, by its byte offset."""
    return dict(_arms_in(tree, ()))


def misplaced(before: dict[int, Arms], after: Node, kept_from: Callable[[int], int | None]) -> Iterator[int]:
    """The byte offsets in ``after`` of code that runs for other variants than ``before``.

    ``kept_from`` is the offset before of what was kept, and None for what was written anew. Code with
    another number of arms around it is not compared: its value may have been matched in another form.
    """
    for offset, arms in _arms_in(after, ()):
        origin = kept_from(offset)
        known = before.get(origin) if origin is not None else None
        if known is None or len(known) != len(arms):
            continue
        if not all(now.may_be(then) for now, then in zip(arms, known, strict=True)):
            yield offset


def _arms_in(node: Node, around: Arms) -> Iterator[tuple[int, Arms]]:
    if isinstance(node, nodes.Statement | nodes.Expression) and not isinstance(node, nodes.Block):
        yield node.start, around
    inside = _bodies(node)
    for child in node.nodes():
        arm = inside.get(id(child))
        yield from _arms_in(child, around if arm is None else (*around, arm))


def _bodies(node: Node) -> dict[int, Arm]:
    """The bodies that run for some variants only, by identity."""
    match node:
        case nodes.If() if node.let_condition is not None:
            variants = _variants([node.let_condition.pattern])
            bodies = {id(node.branch): Arm(variants)}
            if node.alternative is not None:
                bodies[id(node.alternative)] = Arm(variants, is_other=True)
            return bodies
        case nodes.When():
            taken: frozenset[str] = frozenset()
            bodies = {}
            for arm in node.arms:
                variants = _variants(arm.patterns)
                bodies[id(arm)] = Arm(variants - taken) if variants else Arm(taken, is_other=True)
                if arm.guard is None and all(map(_takes_all, arm.patterns)):
                    taken |= variants
            return bodies
    return {}


def _variants(patterns: list[nodes.Pattern]) -> frozenset[str]:
    """The variants that patterns name, not those inside of a payload."""
    named: set[str] = set()
    for pattern in patterns:
        match pattern:
            case nodes.OrPattern():
                named |= _variants(pattern.all(nodes.Pattern))
            case nodes.VariantPattern() | nodes.PathPattern():
                named.add(pattern.segments[-1])
            case nodes.BindingPattern() if pattern.name[0].isupper():
                named.add(pattern.name)
    return frozenset(named)


def _takes_all(pattern: nodes.Pattern) -> bool:
    """Whether a pattern leaves nothing of the variant that it names to later arms."""
    if isinstance(pattern, nodes.OrPattern):
        return all(map(_takes_all, pattern.all(nodes.Pattern)))
    payload = pattern.payload if isinstance(pattern, nodes.VariantPattern) else []
    return all(isinstance(part, nodes.BindingPattern | nodes.WildcardPattern) for part in payload)
