"""What the TML compiler releases by itself, and when it silently stops.

Every fact here was measured under the real compiler. In short: a let, var or arm payload of a type
with ``Drop``, or of a struct with string or droppable fields, is dropped at the end of its block,
unless the *name* was consumed at an earlier place of the function, control leaves by break or
continue, or a void free function falls off its end. Consumption goes by names, not by paths.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from enum import Enum, auto
from functools import cached_property

from codemods.model.compiler_profile import ALL_TRAITS, Trait, Traits
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, ExitKind, Variable, VariableKind
from codemods.ownership.compiler.builtins import is_constant_sum
from codemods.ownership.compiler.consumption import consumptions_of, moved_by
from codemods.ownership.dataflow.fixpoints import Fixpoints
from codemods.semantics.layers import Layer, by_type
from codemods.semantics.symbols import BUILTIN_VARIANTS, FunctionInfo, Index, SourceFile, Type
from tml_ast import nodes
from tml_ast.nodes import Expression


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
    """It never registered the variable for a drop."""
    JUMP = auto()
    """Control leaves by break or continue."""
    VOID_END = auto()
    """A function without a result falls off its end."""
    GIVEN_AWAY = auto()
    """The name was given away at an earlier place of the function."""


_BRANCHING = nodes.If | nodes.When | nodes.Ternary
_JUMPS = nodes.Return | nodes.Break | nodes.Continue | nodes.Throw
_DROPPED_KINDS = frozenset((VariableKind.LET, VariableKind.VAR, VariableKind.PAYLOAD))


class Drops(Layer):
    """The compiler's drop rules over the types of an index; what its ``library`` says of types is used."""

    def __init__(self, index: Index, traits: Traits = ALL_TRAITS, library: Drops | None = None) -> None:
        super().__init__(index, library)
        self.traits: Traits = traits if library is None else library.traits
        """The defects of the compiler."""
        self._kinds = Fixpoints()
        self._kinds_of_instances: dict[Type, DropKind] = {}

    def kind(self, type_: Type | None) -> DropKind:
        """What happens to a variable of this type. Maybe and Outcome are never dropped."""
        if type_ is None or type_.name in ("ref", "*", "()", "[]", "func") or type_.name in BUILTIN_VARIANTS:
            return DropKind.NOTHING
        if type_.is_str:
            return DropKind.STRING
        kind = self._kind_of_declared(type_)
        # The arguments of a type may be declared above the layer that declares the type.
        return self._kind_of_instance(type_) if type_.arguments and kind is DropKind.NOTHING else kind

    @by_type
    def _kind_of_declared(self, type_: Type) -> DropKind:
        return self._kinds.find(type_.name, lambda: self._compute_kind(type_), DropKind.NOTHING, _first_known)

    def _compute_kind(self, type_: Type) -> DropKind:
        if type_.name in self.index.drops:
            return DropKind.CALL
        info = self.index.type_info(type_)
        if info is None or isinstance(info.node, nodes.Class):
            return DropKind.NOTHING
        if any(self._drops_part(field_type) for field_type in info.fields.values()):
            return DropKind.FIELDS
        return DropKind.NOTHING

    def _kind_of_instance(self, type_: Type) -> DropKind:
        """What an instance of a generic struct is, of whose fields the compiler looks at one level more."""
        if type_ not in self._kinds_of_instances:
            self._kinds_of_instances[type_] = DropKind.NOTHING
            if any(self._is_dropped_in_instance(part) for part in self.index.fields(type_).values()):
                self._kinds_of_instances[type_] = DropKind.FIELDS
        return self._kinds_of_instances[type_]

    def _is_dropped_in_instance(self, part: Type) -> bool:
        if self.kind(part) is not DropKind.FIELDS:
            return self.kind(part) is not DropKind.NOTHING
        inner = self.index.fields(part).values()
        return any(not field_type.is_str and self._drops_part(field_type) for field_type in inner)

    def _drops_part(self, type_: Type | None) -> bool:
        """Whether a field of this type is dropped with its struct: not field by field if it is generic."""
        kind = self.kind(type_)
        return kind is not DropKind.NOTHING and not (
            kind is DropKind.FIELDS and type_ is not None and bool(type_.arguments)
        )

    def drops_field(self, owner: Type, name: str) -> bool:
        """Whether dropping a value of ``owner`` also drops its field ``name``."""
        return self.kind(owner) is DropKind.FIELDS and self._drops_part(self.index.fields(owner).get(name))

    def drops_payload(self, enum: Type, payload: Type) -> bool:
        """Whether dropping a declared enum drops a payload of this type: a string, or what has a Drop."""
        return self.kind(payload) in (DropKind.CALL, DropKind.STRING) and self._is_dropped_enum(enum)

    def _is_dropped_enum(self, type_: Type, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a variable of an enum is dropped; what the type's arguments bring does not count."""
        info = self.index.type_info(type_)
        if info is None or type_.name in seen or type_.name in self.index.drops:
            return False
        payloads = (payload for types in info.variants.values() for payload in types)
        return any(
            self.kind(payload) is not DropKind.NOTHING or self._is_dropped_enum(payload, seen | {type_.name})
            for payload in payloads
        )

    def calls_drop_of_field(self, type_: Type) -> bool:
        """Whether dropping a struct calls the Drop of one of its fields, or of a field of those."""
        waiting, known = [type_], {type_}
        for struct in waiting:
            if self.kind(struct) is DropKind.FIELDS:
                fields = set(self.index.fields(struct).values())
                if any(self.kind(field_type) is DropKind.CALL for field_type in fields):
                    return True
                waiting += fields - known
                known |= fields
        return False

    def is_registered(self, variable: Variable) -> bool:
        """Whether the compiler registers the variable for a drop when it is declared."""
        if variable.kind not in _DROPPED_KINDS:
            return False
        kind = self.kind(variable.type)
        if kind is DropKind.STRING and variable.kind is not VariableKind.PAYLOAD:
            return variable.value is not None and self._gives_string(variable.value)
        if kind is DropKind.NOTHING and variable.type is not None:
            return self._is_dropped_enum(variable.type)
        return kind is not DropKind.NOTHING

    def _gives_string(self, value: Expression) -> bool:
        """Whether the compiler knows that an initialiser makes a string, whichever way it takes."""
        if self.makes_string(value):
            return True
        if Trait.BRANCH_VALUES in self.traits or not isinstance(value, _BRANCHING):
            return False
        values = [way for way in values_of(value) if not isinstance(way, _JUMPS)]
        return bool(values) and all(map(self.makes_string, values))

    def makes_string(self, node: Expression) -> bool:
        """Whether an initialiser counts as making a string: interpolation, ``+``, or an allocating name."""
        if isinstance(node, nodes.InterpolatedString):
            return True
        if isinstance(node, nodes.Binary):
            return not is_constant_sum(node)
        name = called_name(node)
        return name is not None and name in self.allocating_names

    @cached_property
    def allocating_files(self) -> dict[str, frozenset[SourceFile]]:
        """The files that reserve each name with ``@allocates``."""
        found = dict(self._library.allocating_files) if self._library is not None else {}
        for function in self.index.own_functions:
            if _reserves_name(function):
                found[function.name] = found.get(function.name, frozenset()) | {function.file}
        return found

    @cached_property
    def allocating_names(self) -> frozenset[str]:
        """The names that ``@allocates`` reserves: of functions anywhere, without type or module."""
        own = frozenset(function.name for function in self.index.own_functions if _reserves_name(function))
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

        ``made_public`` are functions that are treated as if the compiler found their signatures.
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
        if exit_.kind in (ExitKind.BREAK, ExitKind.CONTINUE) and Trait.JUMP in self.traits:
            return Obstacle.JUMP
        falls_off = exit_.kind is ExitKind.END and graph.function.owner is None and variable.depth == 1
        if falls_off and Trait.VOID_END in self.traits:
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
        if (moved := moved_by(graph, variable, exit_)) is not None:
            return moved
        return next(
            (
                offset
                for offset in consumptions_of(graph, variable.name, made_public)
                if offset <= exit_.node.end
            ),
            None,
        )

    def frees_temporary(self, graph: ControlFlowGraph, node: Expression) -> bool:
        """Whether a string that no variable holds is freed at the end of its statement.

        The result of ``+`` is, everywhere; in tests also that of an interpolation or an allocating name.
        """
        if not self.makes_string(node):
            return False
        return isinstance(node, nodes.Binary) or graph.function.file.is_test


def _reserves_name(function: FunctionInfo) -> bool:
    """Whether ``@allocates`` has an effect: a test's methods are read after the functions that call them."""
    return function.allocates and (function.owner is None or not function.file.is_test)


def _first_known(before: DropKind, found: DropKind) -> DropKind:
    return before if found is DropKind.NOTHING else found


def values_of(node: Expression) -> list[Expression]:
    """The expressions of which one is the value of a block, a branch, or whatever it is."""
    branches: Sequence[Expression | None]
    match node:
        case nodes.Block():
            branches = [node.value]
        case nodes.If():
            branches = [node.branch, node.alternative]
        case nodes.Ternary():
            branches = node.branches
        case nodes.When():
            branches = [arm.body for arm in node.arms]
        case _:
            return [node]
    return [value for branch in branches if branch is not None for value in values_of(branch)]


def called_name(node: Expression) -> str | None:
    """The last name of a call: what ``@allocates`` goes by."""
    if isinstance(node, nodes.MethodCall | nodes.StaticCall):
        return node.name
    if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Path):
        return node.function.segments[-1]
    return None
