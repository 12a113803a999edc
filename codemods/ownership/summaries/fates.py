"""What becomes of a value in a function: followed through the variables, casts and calls it flows through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from codemods.model.compiler_profile import Trait
from codemods.ownership.cfg.conditions import is_impossible, is_null
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, Site, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.summaries.effects import fills_container
from codemods.ownership.summaries.handles import (
    Handles,
    carries_ownership,
    is_list,
    is_scalar,
    may_be_address,
)
from codemods.ownership.summaries.origins import Origin, Origins, Result
from codemods.ownership.summaries.takeovers import (
    assigned_after,
    is_grown_in_place,
    is_moved_out,
    is_taken_out,
)
from codemods.semantics.symbols import SCALARS, FunctionInfo, Type, refers_to_str
from tml_ast import nodes
from tml_ast.nodes import Expression, Node

_ARITHMETIC = frozenset(("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "shl", "shr"))


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to a value that a variable holds, in the whole of a function."""

    effects: frozenset[Effect]
    views: frozenset[Variable]
    """Variables that hold the value or a part of it."""
    view_escapes: bool = False
    """A part of it is returned or stored where it outlives the function."""
    lends: bool = False
    """A part of it is returned, alone or in something else."""

    @property
    def is_only_read(self) -> bool:
        """Whether nothing that gets the value keeps, returns or releases it, or a part of it."""
        return not self.view_escapes and self.effects <= {Effect.BORROWS}


class Callees(Protocol):
    """What must be known about the functions that a value is passed to."""

    def result(self, function: FunctionInfo) -> Result:
        """What a function returns."""

    def lends(self, function: FunctionInfo, position: int) -> bool:
        """Whether the result of a function may be, or hold, a part of its argument."""

    def call_effects(self, site: Site) -> frozenset[Effect]:
        """The effect of the call at a site on the argument or receiver that goes there."""


class FateSearch:
    """Follows a value through the variables, casts and calls it flows through."""

    def __init__(
        self,
        callees: Callees,
        origins: Origins,
        handles: Handles,
        graph: ControlFlowGraph,
        given: Mapping[str, Expression],
    ) -> None:
        """``given`` are arguments of the call by the names of the parameters, as far as they are known."""
        self._callees = callees
        self._origins = origins
        self._handles = handles
        self.graph = graph
        self.given = given
        self.effects: set[Effect] = set()
        self.views: set[Variable] = set()
        self.view_escapes = False
        self.lends = False
        self.root: Variable | None = None
        """The variable that is followed, or the first that holds a temporary."""
        self.is_temporary = False
        self.followed: set[tuple[Variable, bool]] = set()

    def follow(self, variable: Variable, *, partial: bool) -> None:
        """``partial``: the variable holds a part of the value, or a view into it."""
        if self.root is None:
            self.root = variable
        if (variable, partial) in self.followed:
            return
        self.followed.add((variable, partial))
        self.views.add(variable)
        for use in self.graph.uses(variable):
            if self.given and is_impossible(self.graph, use.node, self.given):
                continue
            if not is_null(self.graph, use.node):
                self._value(use.site, variable.type, partial)

    def temporary(self, node: Expression) -> None:
        """Follow the value of an expression."""
        self.is_temporary = True
        self._onwards(node, self.graph.type_of(node), partial=False)

    def found(self) -> Fate:
        """What was found by following."""
        return Fate(frozenset(self.effects), frozenset(self.views), self.view_escapes, self.lends)

    def _effect(self, effect: Effect, partial: bool) -> None:
        if partial and effect in (Effect.RETURNS, Effect.RETAINS, Effect.SHARES):
            self.view_escapes = True
            if effect is Effect.RETURNS:
                self.lends = True
            else:
                self.effects.add(Effect.SHARES)
        elif partial and effect is Effect.RELEASES:
            self.effects.add(Effect.DRAINS)
        else:
            self.effects.add(effect)

    def _value(self, site: Site, type_: Type | None, partial: bool) -> None:
        """The value, or a part of it, goes to ``site``."""
        if partial and site.through is not None and (self.is_temporary or self._is_declared_in(site.through)):
            self.view_escapes = True
        match site.role:
            case Role.BOUND | Role.SCRUTINEE:
                for variable in self._bound_by(site):
                    if carries_ownership(variable.type):
                        self.follow(variable, partial=partial)
            case Role.ASSIGNED:
                for action in self.graph.assignments:
                    if action.node is site.parent:
                        outlives = self.root is not None and action.variable.depth < self.root.depth
                        if outlives or self.is_temporary:
                            self._effect(Effect.RETAINS, partial)
                        self.follow(action.variable, partial=partial)
            case Role.RETURNED:
                if carries_ownership(self.graph.function.returns):
                    self._effect(Effect.RETURNS, partial)
            case Role.STORED | Role.CAPTURED:
                self._effect(Effect.RETAINS, partial)
            case Role.ELEMENT | Role.CONSTRUCTED:
                self._placed(site, type_, partial)
            case Role.BASE:
                self._copied_by_update(site, partial)
            case Role.ARGUMENT | Role.RECEIVER:
                self._passed(site, type_, partial)
            case Role.FIELD:
                field_type = self.graph.type_of(site.parent)
                access = site.parent
                assert isinstance(access, nodes.FieldAccess)
                if is_moved_out(self.graph, access) or self._is_replaced(access):
                    return
                if carries_ownership(field_type) and self._handles.hands_out(self.graph, access):
                    self._onwards(site.parent, field_type, partial=True)
            case Role.CAST | Role.REFERENCED | Role.PROPAGATED:
                self._onwards(site.parent, self.graph.type_of(site.parent), partial)
            case Role.OPERAND:
                self._operand(site, type_, partial)
            case Role.INTERPOLATED:
                if refers_to_str(type_) and not partial and self._frees_holes(site.parent):
                    self._effect(Effect.RELEASES, partial)
            case Role.CONDITION | Role.DISCARDED:
                pass

    def _frees_holes(self, node: Node) -> bool:
        """A string that is interpolated frees the strings it shows; a template copies them."""
        return Trait.INTERPOLATION in self.graph.traits and node.first_token.type == "STRING_START"

    def _is_replaced(self, access: nodes.FieldAccess) -> bool:
        """Whether what a field holds is freed, and something new is put in its place at once.

        That is how storage grows: the owner has as much to release as before.
        """
        site = self.graph.site_of(access)
        while site is not None and site.role is Role.CAST:
            site = self.graph.site_of(site.parent)
        if site is None or site.role not in (Role.ARGUMENT, Role.RECEIVER):
            return False
        if self._callees.call_effects(site) != {Effect.RELEASES}:
            return False
        if is_grown_in_place(self.graph, site.parent, access.text):
            return True
        replacement = assigned_after(self.graph, site.parent, access.text)
        return (
            replacement is not None
            and access.text not in replacement.text
            and self._origins.of(self.graph, replacement).is_fresh
        )

    def _is_declared_in(self, block: Node) -> bool:
        """Whether the variable that is followed ends with a block."""
        return self.root is not None and block.start <= self.root.node.start < block.end

    def _onwards(self, node: Node, type_: Type | None, partial: bool) -> None:
        site = self.graph.site_of(node)
        if site is not None:
            self._value(site, type_, partial)

    def _bound_by(self, site: Site) -> Sequence[Variable]:
        """The variables that a let, var or arm binds to the value."""
        parent = site.parent
        if isinstance(parent, nodes.When):
            patterns = {
                id(node) for arm in parent.arms for pattern in arm.patterns for node in pattern.walk()
            }
        elif isinstance(parent, nodes.LetCondition | nodes.Let):
            patterns = {id(node) for node in parent.pattern.walk()}
        else:
            return self.graph.declared_at(parent)
        return [variable for variable in self.graph.variables if id(variable.node) in patterns]

    def _placed(self, site: Site, type_: Type | None, partial: bool) -> None:
        """The value becomes part of a struct, tuple, array or enum."""
        literal: Node = site.parent
        entry: str | None = None
        if isinstance(literal, nodes.FieldInit):
            entry = literal.name
            literal = next(
                struct for struct in self.graph.nodes_of(nodes.StructLiteral) if site.parent in struct.fields
            )
        target = self.graph.site_of(literal)
        built = self.graph.type_of(literal)
        if entry is not None and built is not None and self._is_plain_number(built, entry, type_):
            return
        partial = partial and not self._takes_ownership(built, entry, type_)
        if target is None:
            self._effect(Effect.RETAINS, partial)
        elif target.role is Role.RETURNED:
            self._effect(Effect.RETURNS, partial)
        else:
            self._value(target, built, partial)

    def _copied_by_update(self, site: Site, partial: bool) -> None:
        """``Name { field: value, ..base }`` shares with the base what it does not give."""
        literal = site.parent
        assert isinstance(literal, nodes.StructLiteral)
        built = self.graph.type_of(literal)
        given = {entry.name for entry in literal.fields}
        if self._handles.keeps_handles(built, given):
            self._onwards(literal, built, partial)
        elif built is None or not given.issuperset(self._handles.index.fields(built)):
            self._onwards(literal, built, partial=True)

    def _is_plain_number(self, built: Type, entry: str, type_: Type | None) -> bool:
        """Whether a number goes into a field that holds a number and no handle."""
        if type_ is None or type_.name not in ("I64", "U64") or not self._handles.is_released(built):
            return False
        return entry not in self._handles.fields(built)

    def _takes_ownership(self, built: Type | None, entry: str | None, type_: Type | None) -> bool:
        """Whether a part put into a struct takes the right to release with it."""
        if built is None or not self._handles.is_released(built):
            return False
        return self._handles.is_released(type_) or entry in self._handles.fields(built)

    def _passed(self, site: Site, type_: Type | None, partial: bool) -> None:
        result = self.graph.type_of(site.parent)
        effects = self._callees.call_effects(site)
        if may_be_address(type_) and fills_container(site):
            effects |= {Effect.RETAINS}
        for effect in effects:
            if effect is Effect.RETURNS:
                owns = may_be_address(type_) or self._handles.is_released(type_)
                self._onwards(
                    site.parent, result, partial and not (owns and self._handles.is_released(result))
                )
            elif effect is Effect.RETAINS and partial:
                self._kept(site)
            elif effect is Effect.RELEASES and partial and self._is_list_of_parts(site):
                pass
            elif effect is not Effect.BORROWS:
                self._effect(effect, partial)
        position = -1 if site.role is Role.RECEIVER else site.position
        if site.callee is not None and self._callees.lends(site.callee, position):
            self._onwards(site.parent, result, partial=True)
        elif site.role is Role.RECEIVER and (
            _is_number_of(site, type_, partial) or self._is_out(site, partial)
        ):
            pass
        elif site.role is Role.RECEIVER or _is_unknown_call(site) or self._hands_out_handle(site, type_):
            self._view_result(site)

    def _kept(self, site: Site) -> None:
        """A method stores a part of the value in its receiver.

        That may be the value itself, or a variable that then holds the part for as long as it lives.
        """
        call = site.parent
        receiver = call.receiver if isinstance(call, nodes.MethodCall) else None
        while isinstance(receiver, nodes.FieldAccess):
            receiver = receiver.object
        use = self.graph.use_at(receiver) if isinstance(receiver, nodes.Path | nodes.This) else None
        if use is None or site.role is not Role.ARGUMENT:
            self._effect(Effect.RETAINS, partial=True)
        elif use.variable is self.root and not self.is_temporary:
            return
        elif self._made_here(use.variable):
            self.follow(use.variable, partial=True)
        else:
            self._effect(Effect.RETAINS, partial=True)

    def _made_here(self, variable: Variable) -> bool:
        return not self.is_temporary and self._origins.is_made_by_call(self.graph, variable)

    def _is_list_of_parts(self, site: Site) -> bool:
        """Whether a list that holds parts of the value is released: it frees none of its elements."""
        call = site.parent
        use = self.graph.use_at(call.receiver) if isinstance(call, nodes.MethodCall) else None
        if use is None or site.role is not Role.RECEIVER:
            return False
        return is_list(use.variable.type) and self._made_here(use.variable)

    def _is_out(self, site: Site, partial: bool) -> bool:
        """Whether a method takes an element out of a container that is a part of the value."""
        return partial and isinstance(site.parent, nodes.MethodCall) and is_taken_out(self.graph, site.parent)

    def _view_result(self, site: Site) -> None:
        """A method may hand out a part of its receiver."""
        callee = site.callee
        result_type = self.graph.type_of(site.parent)
        if result_type is None or not carries_ownership(result_type):
            return
        if result_type.name in SCALARS and (callee is None or not self._callees.result(callee).is_view):
            return
        if callee is not None and not self._callees.result(callee).origins & {Origin.VIEW, Origin.UNKNOWN}:
            return
        self._onwards(site.parent, result_type, partial=True)

    def _hands_out_handle(self, site: Site, type_: Type | None) -> bool:
        """Whether a function that is given an owner returns an address or a part of it."""
        if site.callee is None or not self._handles.is_released(type_):
            return False
        return bool(self._callees.result(site.callee).origins & {Origin.VIEW, Origin.UNKNOWN})

    def _operand(self, site: Site, type_: Type | None, partial: bool) -> None:
        parent = site.parent
        if isinstance(parent, nodes.Binary) and parent.operator in _ARITHMETIC and not refers_to_str(type_):
            if parent.operator == "-" and self._both_followed(parent):
                return
            self._onwards(parent, self.graph.type_of(parent), partial)
        elif isinstance(parent, nodes.Index | nodes.Unary):
            self._onwards(parent, self.graph.type_of(parent), partial=True)

    def _both_followed(self, node: nodes.Binary) -> bool:
        """A difference of two addresses is a number again."""
        followed = {variable for variable, _ in self.followed}
        used = {
            variable
            for variable, uses in self.graph.uses_by_variable.items()
            if any(node.right.start <= use.node.start < node.right.end for use in uses)
        }
        return bool(used & followed)


def _is_number_of(site: Site, type_: Type | None, partial: bool) -> bool:
    """Whether a number is read from a list or map of numbers, which never releases what they stand for."""
    if partial or type_ is None or not isinstance(site.parent, nodes.MethodCall):
        return False
    container = type_.target()
    return (
        container.bare in ("List", "HashMap")
        and container.arguments[-1:] != ()
        and is_scalar(container.arguments[-1])
    )


def _is_unknown_call(site: Site) -> bool:
    """Whether nothing is known about the function that the value is given to."""
    return site.role is Role.ARGUMENT and site.callee is None
