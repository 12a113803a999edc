"""What the TML compiler releases by itself, and when it silently stops: the one model of it.

Every fact here was measured under the real compiler. In short: a let, var or arm payload of a type
with ``Drop``, or of a struct with string or droppable fields, is dropped at the end of its block,
unless the *name* was consumed at an earlier place of the function, control leaves by break or
continue, or a void free function falls off its end. Consumption goes by names, not by paths.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from enum import Enum, auto
from functools import cached_property

from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, ExitKind, Role, Use, Variable, VariableKind
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.semantics.symbols import BUILTIN_VARIANTS, FunctionInfo, Index, SourceFile, Type
from tml_ast import nodes
from tml_ast.nodes import Expression, Node


class DropKind(Enum):
    """What the compiler does with a value of a type at the end of its variable's scope."""

    NOTHING = auto()
    CALL = auto()
    """Calls the type's own Drop, and nothing else: fields that it forgets leak."""
    FIELDS = auto()
    """Frees each string field and drops each droppable one; other fields are left alone."""
    STRING = auto()
    """Frees the string, if the initialiser makes one."""


class Obstacle(Enum):
    """Why the compiler does not drop a variable at an exit."""

    NOT_REGISTERED = auto()
    """It never noted the variable for a drop."""
    JUMP = auto()
    """Control leaves by break or continue."""
    VOID_END = auto()
    """A function without a result falls off its end."""
    GIVEN_AWAY = auto()
    """The name was given away at an earlier place of the function."""


_DROPPED_KINDS = frozenset((VariableKind.LET, VariableKind.VAR, VariableKind.PAYLOAD))


class Drops:
    """The compiler's drop rules over the types of an index; what its ``library`` says of types is used."""

    def __init__(self, index: Index, library: Drops | None = None) -> None:
        self.index = index
        self._library = library
        self._kinds = Fixpoints()

    def kind(self, type_: Type | None) -> DropKind:
        """What happens to a variable of this type. Maybe and Outcome are never dropped."""
        if type_ is None or type_.name in ("ref", "*", "()", "[]", "func") or type_.name in BUILTIN_VARIANTS:
            return DropKind.NOTHING
        if type_.is_str:
            return DropKind.STRING
        if self._library is not None and type_.name not in self.index.own_types:
            return self._library.kind(type_)
        found: DropKind | None = self._kinds.known.get(type_.name)
        if found is None:
            found = self._kinds.find(
                type_.name, lambda: self._compute_kind(type_), DropKind.NOTHING, _the_one_known
            )
        return found

    def _compute_kind(self, type_: Type) -> DropKind:
        if type_.name in self.index.drops:
            return DropKind.CALL
        info = self.index.type_info(type_)
        if info is None or isinstance(info.node, nodes.Class):
            return DropKind.NOTHING
        if any(self.kind(each) is not DropKind.NOTHING for each in info.fields.values()):
            return DropKind.FIELDS
        return DropKind.NOTHING

    def drops_field(self, owner: Type, name: str) -> bool:
        """Whether dropping a value of ``owner`` also drops its field ``name``."""
        if self.kind(owner) is not DropKind.FIELDS:
            return False
        return self.kind(self.index.fields(owner).get(name)) is not DropKind.NOTHING

    def is_registered(self, variable: Variable) -> bool:
        """Whether the compiler notes the variable for a drop when it is declared."""
        if variable.kind not in _DROPPED_KINDS:
            return False
        kind = self.kind(variable.type)
        if kind is DropKind.STRING and variable.kind is not VariableKind.PAYLOAD:
            return variable.value is not None and self.makes_string(variable.value)
        return kind is not DropKind.NOTHING

    def makes_string(self, node: Expression) -> bool:
        """Whether an initialiser counts as making a string: interpolation, ``+``, or an allocating name."""
        if isinstance(node, nodes.InterpolatedString):
            return True
        if isinstance(node, nodes.Binary):
            return not all(isinstance(each, nodes.Literal) for each in (node.left, node.right))
        name = called_name(node)
        return name is not None and name in self.allocating_names

    @cached_property
    def allocating_files(self) -> dict[str, frozenset[SourceFile]]:
        """For each of those names the files that reserve it."""
        found = dict(self._library.allocating_files) if self._library is not None else {}
        for each in self.index.own_functions:
            if each.allocates:
                found[each.name] = found.get(each.name, frozenset()) | {each.file}
        return found

    @cached_property
    def allocating_names(self) -> frozenset[str]:
        """The names that ``@allocates`` reserves: of functions anywhere, without type or module."""
        own = frozenset(each.name for each in self.index.own_functions if each.allocates)
        if self._library is None:
            return own
        return own | self._library.allocating_names if own else self._library.allocating_names

    def covers(
        self,
        graph: ControlFlowGraph,
        variable: Variable,
        exit_: Exit,
        made_public: Container[FunctionInfo] = (),
    ) -> bool:
        """Whether the compiler's drop of ``variable`` is emitted at this exit.

        ``made_public`` are functions whose signatures it shall be taken to find.
        """
        return self.obstacle(graph, variable, exit_, made_public) is None

    def obstacle(
        self,
        graph: ControlFlowGraph,
        variable: Variable,
        exit_: Exit,
        made_public: Container[FunctionInfo] = (),
    ) -> Obstacle | None:
        """What keeps the compiler from dropping ``variable`` at this exit; None where it does."""
        if not self.is_registered(variable):
            return Obstacle.NOT_REGISTERED
        if exit_.kind in (ExitKind.BREAK, ExitKind.CONTINUE):
            return Obstacle.JUMP
        if exit_.kind is ExitKind.END and graph.function.owner is None and variable.depth == 1:
            return Obstacle.VOID_END
        if self.given_away_at(graph, variable, exit_, made_public) is not None:
            return Obstacle.GIVEN_AWAY
        return None

    def given_away_at(
        self,
        graph: ControlFlowGraph,
        variable: Variable,
        exit_: Exit,
        made_public: Container[FunctionInfo] = (),
    ) -> int | None:
        """The first place before an exit, as a byte offset, that gives the variable's name away."""
        return next(
            (
                offset
                for name, offset in self.consumptions(graph, made_public)
                if name == variable.name and offset <= exit_.node.end
            ),
            None,
        )

    def frees_temporary(self, graph: ControlFlowGraph, node: Expression) -> bool:
        """Whether a string that no variable holds is freed at the end of its statement.

        Everywhere it is that of ``+``; in tests also that of an interpolation or an allocating name.
        """
        if not self.makes_string(node):
            return False
        return isinstance(node, nodes.Binary) or graph.function.file.is_test

    # -- consumption --------------------------------------------------------------------------

    def consumptions(
        self, graph: ControlFlowGraph, made_public: Container[FunctionInfo] = ()
    ) -> Iterator[tuple[str, int]]:
        """The names that the function's text consumes, each with the byte offset of the place."""
        if graph.consumed is None:
            graph.consumed = [use for use in graph.all_uses() if self.consumes(graph, use)]
        for use in graph.consumed:
            if use.site.role is not Role.ARGUMENT or use.site.callee not in made_public:
                yield use.variable.name, use.node.start

    def consumes(self, graph: ControlFlowGraph, use: Use) -> bool:
        """Whether a bare identifier in this place cancels the drops that come later in the text."""
        site = use.site
        match site.role:
            case Role.RETURNED:
                return site.through is None or isinstance(site.through, nodes.Arm | nodes.Block)
            case Role.CONSTRUCTED | Role.STORED:
                return site.through is None
            case Role.ELEMENT:
                return not isinstance(site.parent, nodes.Array)
            case Role.ARGUMENT:
                return self.argument_consumes(graph, use)
            case Role.FIELD:
                return self._field_argument_consumes(graph, site.parent)
            case _:
                return isinstance(site.through, nodes.Arm) and site.role is not Role.DISCARDED

    def argument_consumes(self, graph: ControlFlowGraph, use: Use) -> bool:
        """A bare argument is consumed by any call in a ``return``, and by most free calls elsewhere."""
        site = use.site
        call = site.parent
        outer = graph.site_of(call)
        if outer is not None and outer.role is Role.RETURNED and isinstance(outer.parent, nodes.Return):
            return True
        if isinstance(call, nodes.MethodCall):
            return False
        if site.callee is None:
            return False
        if not is_visible(site.callee, graph.function):
            return True
        parameter = site.callee.values[site.position] if site.position < len(site.callee.values) else None
        if parameter is None or parameter.type is None:
            return False
        return parameter.type.name not in ("Str", "ref")

    def _field_argument_consumes(self, graph: ControlFlowGraph, access: Node) -> bool:
        """``f(x.field)`` consumes the whole of ``x`` when the parameter is by value and no string."""
        site = graph.site_of(access)
        if site is None or site.role is not Role.ARGUMENT or site.callee is None:
            return False
        if isinstance(site.parent, nodes.MethodCall) or site.position >= len(site.callee.values):
            return False
        parameter = site.callee.values[site.position]
        return parameter.type is not None and parameter.type.name not in ("Str", "ref")


def _the_one_known(before: DropKind, found: DropKind) -> DropKind:
    return before if found is DropKind.NOTHING else found


def is_visible(callee: FunctionInfo, caller: FunctionInfo) -> bool:
    """Whether the code generator finds the signature: then strings and references are not consumed."""
    if callee.file is caller.file and callee.file.is_test:
        return True
    if callee.is_public or callee.is_extern or callee.behavior is not None:
        return True
    return callee.impl is not None and bool(callee.impl.generic_parameters)


def called_name(node: Expression) -> str | None:
    """The last name of a call: what ``@allocates`` goes by."""
    if isinstance(node, nodes.MethodCall | nodes.StaticCall):
        return node.name
    if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path):
        return node.function.segments[-1]
    return None
