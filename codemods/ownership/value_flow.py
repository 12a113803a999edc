"""Where the value of an owner goes when a place that holds it is used: into other places, or out of sight.

A struct value is a bit copy, so that several places may hold one object: variables, and parts of tuples,
structs, arrays and enums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Role, Site, Use, Variable
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind, Drops
from codemods.ownership.summaries.origins import HANDING_OUT, Origin
from codemods.ownership.summaries.summaries import Summaries
from codemods.ownership.variable_states import State
from codemods.semantics.symbols import BUILTIN_VARIANTS, STR, FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node, Pattern

Path = tuple[str, ...]
"""What leads to a value: a field, ``0`` of a tuple, ``[]``, ``Ok.0`` of an enum, ``do`` of a closure."""


@dataclass(frozen=True, slots=True)
class Place:
    """What may hold a value: a variable, or a part of what the variable holds."""

    variable: Variable
    path: Path = ()
    is_due: bool = False
    """The variable gets it when its declaration or assignment is reached."""


Outcome = State | Place | None
"""What a use does to the value: a new state, a copy in a place, or nothing."""

_NOTHING: tuple[Outcome, ...] = (None,)
_UNKNOWN: tuple[Outcome, ...] = (State.UNKNOWN,)
_MOVED: tuple[Outcome, ...] = (State.MOVED,)
_RELEASED: tuple[Outcome, ...] = (State.RELEASED,)
_SUCCESS = ("Ok.0", "Just.0")
_CAPTURED = "do"
_BORROWS = frozenset((Effect.BORROWS,))


class ValueFlow:
    """Where the uses of one owner, in a function or a closure in it, send its value."""

    def __init__(
        self,
        graph: ControlFlowGraph,
        owner: Variable,
        release: FunctionInfo,
        summaries: Summaries,
        drops: Drops,
        may_own: Callable[[Type], bool],
    ) -> None:
        self._graph = graph
        self._owner = owner
        self._release = release
        self._summaries = summaries
        self._drops = drops
        self._may_own = may_own
        self._is_list = owner.type is not None and owner.type.bare == "List"
        self._known: dict[tuple[int, Path], tuple[Outcome, ...]] = {}

    def after_use(self, use: Use, path: Path) -> tuple[Outcome, ...]:
        """What a use of a place with this path does to the value; several are alternatives."""
        key = id(use), path
        if key not in self._known:
            self._known[key] = (
                self._captured(use, path) if use.site.role is Role.CAPTURED else self._flow(use.site, path)
            )
        return self._known[key]

    def is_release(self, site: Site) -> bool:
        """Whether a site is the receiver of the owner's release."""
        return site.role is Role.RECEIVER and site.callee is self._release

    def makes(self, value: Expression) -> bool:
        """Whether an expression may make a new object, not only name or open an existing one."""
        match value:
            case nodes.Path() | nodes.This() | nodes.FieldAccess() | nodes.Index():
                return False
            case nodes.Group():
                return self.makes(value.inner)
            case nodes.Cast() | nodes.Propagate():
                return self.makes(value.operand)
            case nodes.Block():
                return value.value is None or self.makes(value.value)
            case nodes.LowlevelBlock():
                return self.makes(value.block)
            case nodes.Ternary():
                return any(self.makes(branch) for branch in value.branches)
            case nodes.If():
                branches = (value.branch, value.alternative)
                return any(self.makes(branch) for branch in branches if branch is not None)
            case nodes.When():
                return any(self.makes(arm.body) for arm in value.arms)
            case nodes.Tuple() | nodes.Array():
                return any(self.makes(element) for element in value.elements)
            case nodes.Call() | nodes.StaticCall() | nodes.MethodCall():
                return self._call_makes(value)
            case _:
                return True

    def _call_makes(self, value: nodes.Call | nodes.StaticCall | nodes.MethodCall) -> bool:
        call = self._graph.call_at(value)
        if call is not None and call.constructor:
            return any(self.makes(argument) for argument in call.arguments)
        if call is None or call.callee is None:
            opens = isinstance(value, nodes.MethodCall) and value.name in HANDING_OUT
            return not opens or self.makes(value.receiver) if isinstance(value, nodes.MethodCall) else True
        return bool(self._summaries.result(call.callee).origins - {Origin.PASSED, Origin.LITERAL})

    def _follow(self, node: Node, path: Path) -> tuple[Outcome, ...]:
        site = self._graph.site_of(node)
        return _UNKNOWN if site is None else self._flow(site, path)

    def _flow(self, site: Site, path: Path) -> tuple[Outcome, ...]:
        match site.role:
            case Role.INTERPOLATED | Role.CONDITION | Role.DISCARDED:
                return _NOTHING
            case Role.RETURNED | Role.STORED:
                return _MOVED
            case Role.BOUND:
                return tuple(self._bound(site.parent, path))
            case Role.ASSIGNED:
                return self._assigned(site, path)
            case Role.ELEMENT | Role.CONSTRUCTED:
                return self._placed(site, path)
            case Role.BASE:
                return self._copied_by_update(site, path)
            case Role.REFERENCED:
                return self._referenced(site, path)
            case Role.RECEIVER | Role.ARGUMENT:
                return self._passed_inside(site, path) if path else self._passed(site)
            case Role.FIELD:
                return self._part(site, path) if path else (self._field(site),)
            case Role.OPERAND:
                return self._operand(site, path)
            case Role.PROPAGATED if path and path[0] in _SUCCESS:
                return self._follow(site.parent, path[1:])
            case Role.SCRUTINEE if path:
                return self._opened_by(site.parent, path)
            case _:
                return _UNKNOWN if not path else _MOVED

    # -- copies -------------------------------------------------------------------------------

    def _bound(self, declaration: Node, path: Path) -> Iterator[Outcome]:
        if isinstance(declaration, nodes.Let):
            yield from self.matched(declaration.pattern, path)
        else:
            yield from (Place(variable, path, True) for variable in self._graph.declared_at(declaration))

    def is_dropped_at(self, variable: Variable, exit_: Exit) -> bool:
        """Whether the compiler drops a variable where its scope ends."""
        return self._drops.covers(self._graph, variable, exit_)

    def matched(self, pattern: Pattern, path: Path) -> Iterator[Outcome]:
        """Where a pattern puts a part of the value that it fits."""
        match pattern:
            case nodes.BindingPattern():
                declared = self._graph.declared_at(pattern)
                yield from (Place(variable, path, True) for variable in declared) if declared else _NOTHING
            case nodes.WildcardPattern():
                yield None
            case nodes.OrPattern():
                for alternative in pattern.all(Pattern):
                    yield from self.matched(alternative, path)
            case nodes.TuplePattern() if path and path[0].isdigit():
                elements = pattern.elements
                position = int(path[0])
                inner = elements[position] if position < len(elements) else None
                yield from self.matched(inner, path[1:]) if inner is not None else _NOTHING
            case nodes.VariantPattern() if path:
                for position, payload in enumerate(pattern.payload):
                    if path[0] == f"{pattern.segments[-1]}.{position}":
                        yield from self.matched(payload, path[1:])
            case nodes.StructPattern() if path:
                for entry in pattern.all(nodes.FieldPattern):
                    name = entry.token("IDENT")
                    nested = entry.child(Pattern)
                    if name is None or name.text != path[0]:
                        continue
                    if nested is not None:
                        yield from self.matched(nested, path[1:])
                    else:
                        yield from (
                            Place(variable, path[1:], True) for variable in self._graph.declared_at(entry)
                        )
            case _:
                yield State.MOVED if path else State.UNKNOWN

    def _opened_by(self, when: Node, path: Path) -> tuple[Outcome, ...]:
        """What a ``when`` binds of a value that no place holds: one of its arms is taken."""
        if not isinstance(when, nodes.When):
            return _MOVED
        if place_of(self._graph, when.subject) is not None:
            return _NOTHING
        patterns = [pattern for arm in when.arms for pattern in arm.patterns]
        return tuple(outcome for pattern in patterns for outcome in self.matched(pattern, path)) or _NOTHING

    def _assigned(self, site: Site, path: Path) -> tuple[Outcome, ...]:
        return tuple(
            Place(assignment.variable, path, True)
            for assignment in self._graph.assignments
            if assignment.node is site.parent
        )

    def _placed(self, site: Site, path: Path) -> tuple[Outcome, ...]:
        """The value becomes a part of a struct, tuple, array or enum, which may take it over."""
        literal: Node = site.parent
        part = str(site.position)
        if isinstance(literal, nodes.FieldInit):
            part = literal.name
            literal = self._graph.ask(_literals_by_field)[id(literal)]
        elif isinstance(literal, nodes.Array):
            part = "[]"
        elif isinstance(literal, nodes.Call) and isinstance(literal.function, nodes.Path):
            part = f"{literal.function.segments[-1]}.{site.position}"
        built = self._graph.type_of(literal)
        if built is None or self._takes_over(built):
            return _MOVED
        owner = self._owner.type
        if not path and owner is not None and self._drops.drops_payload(built, owner):
            return _MOVED
        return self._follow(literal, (part, *path))

    def _takes_over(self, built: Type) -> bool:
        """Whether a struct or enum, or the compiler's drop of it, releases what is in it."""
        if built.name in ("()", "[]"):
            return False
        if built.name in BUILTIN_VARIANTS:
            return False
        return self._summaries.handles.is_released(built) or self._drops.kind(built) is not DropKind.NOTHING

    def _copied_by_update(self, site: Site, path: Path) -> tuple[Outcome, ...]:
        """``Name { field: value, ..base }`` holds what the base holds in the fields that are not given."""
        literal = site.parent
        assert isinstance(literal, nodes.StructLiteral)
        given = {entry.name for entry in literal.fields}
        if path:
            return _NOTHING if path[0] in given else self._follow(literal, path)
        if not self._summaries.handles.keeps_handles(self._graph.type_of(literal), given):
            return _NOTHING
        return self._follow(literal, path)

    # -- references ---------------------------------------------------------------------------

    def _referenced(self, site: Site, path: Path) -> tuple[Outcome, ...]:
        outer = self._graph.site_of(site.parent)
        if outer is None:
            return _UNKNOWN
        if outer.role in (Role.ARGUMENT, Role.RECEIVER):
            outcomes = self._flow(outer, path)
            return _UNKNOWN if State.MOVED in outcomes else outcomes
        return self._flow(outer, path) if outer.role is Role.BOUND else _UNKNOWN

    def _captured(self, use: Use, path: Path) -> tuple[Outcome, ...]:
        """A closure that only reads the value refers to it for as long as the closure lives."""
        for outer in self._graph.closures:
            for closure in outer.with_closures():
                inner = closure.use_at(use.node)
                if inner is not None and inner.site.role is not Role.CAPTURED:
                    flow = ValueFlow(
                        closure, self._owner, self._release, self._summaries, self._drops, self._may_own
                    )
                    if flow.after_use(inner, path) == _NOTHING:
                        return self._follow(use.site.parent, (_CAPTURED, *path))
                    return _UNKNOWN
        return _UNKNOWN

    # -- parts --------------------------------------------------------------------------------

    def _part(self, site: Site, path: Path) -> tuple[Outcome, ...]:
        access = site.parent
        assert isinstance(access, nodes.FieldAccess)
        return self._follow(access, path[1:]) if access.name == path[0] else _NOTHING

    def _operand(self, site: Site, path: Path) -> tuple[Outcome, ...]:
        parent = site.parent
        if path and path[0] == "[]" and isinstance(parent, nodes.Index):
            return self._follow(parent, path[1:])
        if path and path[0] == _CAPTURED and isinstance(parent, nodes.Call):
            return _NOTHING
        if isinstance(parent, nodes.Unary) and parent.operator == "*":
            return self._follow(parent, path)
        return _NOTHING if not path or isinstance(parent, nodes.Binary) else _MOVED

    def _passed_inside(self, site: Site, path: Path) -> tuple[Outcome, ...]:
        """The value is passed as a part of something."""
        call = site.parent
        if site.role is Role.RECEIVER and isinstance(call, nodes.MethodCall) and site.callee is None:
            if call.name in HANDING_OUT:
                is_failure = call.name.endswith("_err")
                is_handed_out = path[0] == "Err.0" if is_failure else path[0] in _SUCCESS
                return self._follow(call, path[1:]) if is_handed_out else _NOTHING
            if call.name.startswith("is_"):
                return _NOTHING
        position = -1 if site.role is Role.RECEIVER else site.position
        if self._summaries.call_effects(site) <= _BORROWS and not (
            site.callee is None or self._summaries.lends(site.callee, position)
        ):
            return _NOTHING
        return _MOVED

    def _field(self, site: Site) -> State | None:
        """Reading a field leaves the value owned, unless what the field holds is released or moved out."""
        access = site.parent
        assert isinstance(access, nodes.FieldAccess)
        type_ = self._graph.type_of(access)
        outer = self._graph.site_of(access)
        if outer is None:
            return State.UNKNOWN
        if isinstance(outer.parent, nodes.Assignment) and outer.parent.target is access:
            return None
        if type_ is not None and not self._may_own(type_):
            is_handle = type_.name in ("*", "I64", "U64") and self._summaries.handles.hands_out(
                self._graph, access
            )
            return self._handle(outer) if is_handle else None
        if outer.role in (Role.RECEIVER, Role.ARGUMENT):
            return None if self._summaries.call_effects(outer) <= _BORROWS else State.UNKNOWN
        return None if outer.role is Role.FIELD else State.UNKNOWN

    def _handle(self, outer: Site) -> State | None:
        """A raw handle read from the value: it may be given back, or kept where nobody sees it."""
        match outer.role:
            case Role.ARGUMENT:
                effects = self._summaries.call_effects(outer)
                if Effect.RELEASES in effects:
                    return State.RELEASED if effects == {Effect.RELEASES} else State.UNKNOWN
                return None if effects <= {Effect.BORROWS, Effect.UNKNOWN} else State.UNKNOWN
            case Role.CAST | Role.OPERAND:
                further = self._graph.site_of(outer.parent)
                return self._handle(further) if further is not None and outer.role is Role.CAST else None
            case Role.ELEMENT if isinstance(outer.parent, nodes.FieldInit):
                literal = self._graph.ask(_literals_by_field)[id(outer.parent)]
                built = self._graph.type_of(literal)
                return State.UNKNOWN if built is None or self._may_own(built) else None
            case Role.BOUND:
                fates = [self._summaries.fate(self._graph, variable) for variable in self._named(outer)]
                effects = frozenset().union(*(fate.effects for fate in fates))
                return None if effects <= _BORROWS else State.UNKNOWN
            case _:
                return None

    # -- calls --------------------------------------------------------------------------------

    def _passed(self, site: Site) -> tuple[Outcome, ...]:
        """What a call does with the value; a list stays owned when its elements are released."""
        if self.is_release(site):
            return _RELEASED
        effects = self._summaries.call_effects(site)
        if self._is_list:
            effects -= {Effect.DRAINS}
        if effects <= _BORROWS:
            return _NOTHING
        if effects <= {Effect.BORROWS, Effect.RETURNS}:
            return self._returned(site)
        if effects <= {Effect.BORROWS, Effect.RETAINS, Effect.RELEASES} and Effect.RETAINS in effects:
            return _MOVED
        return _RELEASED if effects == {Effect.RELEASES} else _UNKNOWN

    def _returned(self, site: Site) -> tuple[Outcome, ...]:
        """The result of the call may be, or hold, the value."""
        call = site.parent
        result = self._graph.type_of(call)
        if result is not None and not self._may_own(result):
            return _NOTHING
        path = self._path_in_result(result)
        if path is None or site.callee is None:
            return (self._lent(self._graph.site_of(call)),)
        outcomes = self._follow(call, path)
        others = [
            position
            for position in range(-1 if site.callee.has_receiver else 0, len(site.callee.values))
            if Effect.RETURNS in self._summaries.effects(site.callee, position)
        ]
        is_certain = len(others) == 1 and self._summaries.result(site.callee).origins <= {Origin.PASSED}
        return outcomes if is_certain or outcomes == _NOTHING else (None, *outcomes)

    def _path_in_result(self, result: Type | None) -> Path | None:
        """Where in the result of a call the value is, if its type says so."""
        owner = self._owner.type
        if result is None or owner is None:
            return None
        if result.name == owner.name:
            return ()
        payload = next(iter(result.arguments), None)
        if result.name in BUILTIN_VARIANTS and payload is not None and payload.name == owner.name:
            return ("Just.0",) if result.name == "Maybe" else ("Ok.0",)
        return None

    def _lent(self, outer: Site | None) -> State | None:
        """What the value becomes when what a call returns may be, or hold, the value.

        It stays as it is if variables get that result and only read it, and the compiler drops none of them.
        """
        if outer is None or outer.role is Role.DISCARDED:
            return State.MOVED if outer is None else None
        opened = self._opened(outer)
        bound = self._named(opened) if opened is not None and opened.role is Role.BOUND else []
        fates = [self._summaries.fate(self._graph, variable) for variable in bound]
        if (
            not bound
            or any(self._summaries.variable_origin(self._graph, variable).is_fresh for variable in bound)
            or any(not fate.effects <= _BORROWS or fate.view_escapes for fate in fates)
        ):
            return State.MOVED
        views = frozenset().union(*(fate.views for fate in fates))
        # the drop of a string frees no more than that string
        dropped = any(view.type != STR and self._drops.is_registered(view) for view in views)
        return State.UNKNOWN if dropped else None

    def _opened(self, site: Site) -> Site | None:
        """Where the payload goes when a Maybe or Outcome is unwrapped on the spot; else the site itself."""
        call = site.parent
        if site.role is not Role.RECEIVER or not isinstance(call, nodes.MethodCall) or call.name != "unwrap":
            return site
        type_ = self._graph.type_of(call.receiver)
        return self._graph.site_of(call) if type_ is not None and type_.name in BUILTIN_VARIANTS else None

    def _named(self, site: Site) -> Sequence[Variable]:
        """The variables that a let binds to what is given to it."""
        parent = site.parent
        return self._graph.declared_at(parent.pattern if isinstance(parent, nodes.Let) else parent)


def _literals_by_field(graph: ControlFlowGraph) -> Mapping[int, nodes.StructLiteral]:
    """The struct literal around each field initialiser, by the identity of the initialiser's node."""
    return {id(entry): literal for literal in graph.nodes_of(nodes.StructLiteral) for entry in literal.fields}


def place_of(graph: ControlFlowGraph, node: Expression) -> Place | None:
    """The place that an expression names: a variable, or a field of one."""
    match node:
        case nodes.Group():
            return place_of(graph, node.inner)
        case nodes.Unary() if node.operator in ("ref", "mut ref", "ref mut", "&", "& mut", "*"):
            return place_of(graph, node.operand)
        case nodes.FieldAccess():
            outer = place_of(graph, node.object)
            return Place(outer.variable, (*outer.path, node.name)) if outer is not None else None
        case nodes.Path() | nodes.This():
            use = graph.use_at(node)
            return Place(use.variable) if use is not None else None
        case _:
            return None
