"""What the analysis knows about one value of a function, said in sentences.

Nothing is worked out here: every sentence is a fact that the rules go by as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from codemods.fixes.naming import describe_exits, listed, quoted_names, short_code
from codemods.ownership.cfg.graph import (
    Assign,
    ControlFlowGraph,
    Exit,
    ExitKind,
    Role,
    Site,
    Use,
    Variable,
    VariableKind,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind, Obstacle, called_name
from codemods.ownership.compiler.string_drops import drop_hazard, held_at
from codemods.ownership.obligations import Analysis, Obligation
from codemods.ownership.summaries.summaries import Origin, Result
from codemods.semantics.symbols import BUILTIN_VARIANTS, SCALARS, FunctionInfo, Type
from tml_ast import nodes, position
from tml_ast.nodes import Expression, Node


class Ownership(StrEnum):
    """Who frees a value; where its paths differ, the first of these that holds on one of them."""

    LEAKS = "leaks"
    UNCLEAR = "unclear"
    RELEASED = "released"
    DROPPED = "dropped"
    MOVED = "moved"
    VIEW = "view"
    BORROWED = "borrowed"
    NOTHING = "nothing"


HEADLINES = {
    Ownership.LEAKS: "leaks",
    Ownership.UNCLEAR: "cannot be followed to its end",
    Ownership.RELEASED: "is released",
    Ownership.DROPPED: "the compiler frees it",
    Ownership.MOVED: "is given away",
    Ownership.VIEW: "is a view",
    Ownership.BORROWED: "belongs to the caller",
    Ownership.NOTHING: "owns nothing",
}


class About(StrEnum):
    """What a statement is about."""

    ORIGIN = "origin"
    OWNS = "owns"
    HERE = "here"
    FATE = "fate"
    COMPILER = "compiler"
    WHY = "why"


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact about a value, in words."""

    about: About
    text: str


@dataclass(frozen=True, slots=True)
class ExplainedValue:
    """A variable, or a value that no variable holds, with what is known about it.

    ``offset`` and ``length`` are the bytes that stand for it on the line that is explained.
    """

    name: str
    type: str
    ownership: Ownership
    offset: int
    length: int
    places: frozenset[int]
    """The offsets that a finding about it may have."""
    causes: tuple[FunctionInfo, ...]
    """The functions by whose declaration it is lost."""
    statements: tuple[Statement, ...]
    rules: tuple[str, ...] = ()
    """The rules that have a finding about it which tells more than its ownership."""

    @property
    def headline(self) -> str:
        """Who frees it, in words."""
        return f"has a finding of {listed(self.rules)}" if self.rules else HEADLINES[self.ownership]


_INSIDE = frozenset((Role.RECEIVER, Role.FIELD, Role.OPERAND, Role.CAST))
"""Uses that start another expression, which findings at that place are about."""


class ValueExplainer:
    """Says what is known about the values of one function; ``flow`` is its graph or that of a closure."""

    def __init__(self, analysis: Analysis, graph: ControlFlowGraph) -> None:
        self.analysis = analysis
        self.graph = graph
        self._owed = {each.variable: each for each in analysis.obligations(graph)}

    def line_of(self, offset: int) -> int:
        """The 1-based line of an offset."""
        return position(self.graph.function.file.source, offset)[0]

    # -- variables ----------------------------------------------------------------------------

    def variable(self, variable: Variable, offset: int, length: int, here: Sequence[Use]) -> ExplainedValue:
        """What is known about a variable; ``here`` are its uses on the line that is explained."""
        ownership, statements = self._variable_facts(variable)
        used = [Statement(About.HERE, each) for each in dict.fromkeys(map(self._use, here))]
        places = {variable.offset, variable.node.start}
        places |= {use.node.start for use in self.graph.uses(variable) if use.site.role not in _INSIDE}
        places |= {
            each.node.start
            for each in self.graph.actions()
            if isinstance(each, Assign) and each.variable is variable
        }
        if variable.value is not None and variable.kind in (VariableKind.LET, VariableKind.VAR):
            places.add(variable.value.start)
        if used and ownership is not Ownership.NOTHING:
            statements = [*statements[:1], *used, *statements[1:]]
        return ExplainedValue(
            name=variable.name,
            type=_type_name(variable.type),
            ownership=ownership,
            offset=offset,
            length=length,
            places=frozenset(places),
            causes=tuple(self._causes(variable)) if ownership is Ownership.LEAKS else (),
            statements=tuple(statements),
        )

    def _variable_facts(self, variable: Variable) -> tuple[Ownership, list[Statement]]:
        analysis, graph = self.analysis, self.graph
        made = Statement(About.ORIGIN, self._made(variable))
        if variable.kind in (VariableKind.PARAMETER, VariableKind.RECEIVER):
            return self._parameter(variable, made)
        origin = analysis.summaries.variable_origin(graph, variable)
        type_ = variable.type
        if type_ is not None and type_.name in SCALARS:
            return self._number(variable, origin, made)
        obligation = self._owed.get(variable)
        if obligation is not None:
            return self._owner(obligation, made)
        if origin.origins <= {Origin.LITERAL} and origin.origins:
            why = "nothing is inserted: it is a constant, and freeing a constant would crash"
            return Ownership.NOTHING, [made, Statement(About.WHY, why)]
        if Origin.VIEW in origin.origins:
            return self._view(variable, made)
        if origin.origins and origin.origins <= {Origin.PASSED, Origin.LITERAL}:
            why = "nothing is inserted: it is an argument of this function, or a part of one"
            return Ownership.BORROWED, [made, Statement(About.WHY, why), *self._compiler(variable)]
        if Origin.FRESH not in origin.origins and not self.analysis.drops.is_registered(variable):
            holders = self._holders(variable)
            if holders:
                return Ownership.VIEW, [made, Statement(About.WHY, _taken_for_view(holders))]
        return self._local(variable, origin, made)

    def _made(self, variable: Variable) -> str:
        line = self.line_of(variable.offset)
        value = f"`{short_code(variable.value.text)}`" if variable.value is not None else ""
        match variable.kind:
            case VariableKind.PARAMETER:
                return f"a parameter of `{self.graph.function.qualified_name}`"
            case VariableKind.RECEIVER:
                return f"the value that `{self.graph.function.name}` is called on"
            case VariableKind.PAYLOAD:
                return f"bound on line {line}, to the payload of {value}"
            case VariableKind.DESTRUCTURED:
                return f"bound on line {line} by a pattern, to a part of {value}"
            case VariableKind.LOOP:
                return f"bound on line {line}, anew in each round of the loop"
            case _:
                return f"created on line {line}" + (f" by {value}" if value else ", without a value")

    def _parameter(self, variable: Variable, made: Statement) -> tuple[Ownership, list[Statement]]:
        if variable.type is not None and variable.type.name in SCALARS - {"I64", "U64"}:
            return Ownership.NOTHING, [made, _PLAIN]
        fate = self.analysis.summaries.fate(self.graph, variable)
        released = self._lines(variable, Effect.RELEASES)
        if Effect.RELEASES in fate.effects:
            text = "this function releases it" + (f" on {released}" if released else "")
            return Ownership.RELEASED, [made, Statement(About.FATE, text)]
        if variable.type is not None and variable.type.name in SCALARS:
            return Ownership.NOTHING, [made, _PLAIN]
        if Effect.RETAINS in fate.effects:
            return Ownership.MOVED, [made, Statement(About.FATE, "this function stores it where it lives on")]
        text = "the caller owns it: the compiler drops no parameter, and nothing is inserted here"
        if Effect.RETURNS in fate.effects:
            text = "the caller owns it, and gets it back in the result; nothing is inserted here"
        return Ownership.BORROWED, [made, Statement(About.WHY, text)]

    def _number(
        self, variable: Variable, origin: Result, made: Statement
    ) -> tuple[Ownership, list[Statement]]:
        fate = self.analysis.summaries.fate(self.graph, variable)
        if not origin.is_fresh or not (self._is_address(variable) or Effect.RELEASES in fate.effects):
            return Ownership.NOTHING, [made, _PLAIN]
        owns = Statement(About.OWNS, "a number that holds an address: the compiler never frees what is there")
        if Effect.RELEASES in fate.effects:
            lines = self._lines(variable, Effect.RELEASES)
            text = "what it holds is freed" + (f" on {lines}" if lines else "")
            return Ownership.RELEASED, [made, owns, Statement(About.FATE, text)]
        if fate.effects & {Effect.RETAINS, Effect.RETURNS, Effect.SHARES} or fate.view_escapes:
            return Ownership.MOVED, [made, owns, *self._given_away(variable)]
        text = "nothing in this function is seen to free what it holds"
        return Ownership.UNCLEAR, [made, owns, Statement(About.FATE, text)]

    def _is_address(self, variable: Variable) -> bool:
        """Whether a variable is made of something that is no number, by a cast."""
        value = variable.value
        if not isinstance(value, nodes.Cast):
            return False
        type_ = self.graph.type_of(value.operand)
        return type_ is not None and type_.name not in SCALARS

    def _view(self, variable: Variable, made: Statement) -> tuple[Ownership, list[Statement]]:
        why = f"nothing is inserted: it is a view, and {_keep(self._holders(variable))} what it shows"
        noted = self.analysis.drops.is_registered(variable)
        return Ownership.VIEW, [
            made,
            Statement(About.WHY, why),
            *self._compiler(variable, short=not noted),
        ]

    def _holders(self, variable: Variable) -> list[str]:
        """The variables that a value is, or may be, a part of."""
        return [
            each.name
            for each in self.graph.variables
            if each is not variable
            and each.offset <= variable.offset
            and variable in self.analysis.summaries.fate(self.graph, each).views
        ]

    # -- what owes a release ------------------------------------------------------------------

    def _owner(self, obligation: Obligation, made: Statement) -> tuple[Ownership, list[Statement]]:
        variable = obligation.variable
        release = f"{variable.name}.{obligation.release.name}()"
        statements = [made, *self._owned_parts(variable.type)]
        found = set[Ownership]()

        def fate(ownership: Ownership, text: str) -> None:
            found.add(ownership)
            statements.append(Statement(About.FATE, text))

        if obligation.released:
            fate(Ownership.RELEASED, f"released on {self._lines_told(obligation.released)}")
        if obligation.moved:
            found.add(Ownership.MOVED)
            statements += self._uses_told(obligation.moved)
        if obligation.dropped:
            places = describe_exits(obligation.dropped, self.line_of)
            fate(Ownership.DROPPED, f"the compiler drops it at the end of its block: {places}")
        if obligation.leaks:
            places = describe_exits(obligation.leaks, self.line_of)
            fate(Ownership.LEAKS, f"leaks at {places}: `{release}` is missing")
        if obligation.unclear:
            places = describe_exits(obligation.unclear, self.line_of)
            fate(
                Ownership.UNCLEAR,
                f"may leak at {places}: it gets there on some paths only, or a part of it lives on",
            )
        if obligation.lost:
            fate(
                Ownership.UNCLEAR,
                f"what becomes of it on {self._lines_told(obligation.lost)} cannot be told",
            )
        if obligation.overwritten or obligation.maybe_overwritten:
            replaced = [*obligation.overwritten, *obligation.maybe_overwritten]
            lines = _lines_told(self.line_of(each.start) for each in replaced)
            text = f"another value takes its place on {lines}"
            fate(Ownership.LEAKS if obligation.overwritten else Ownership.UNCLEAR, text)
        statements += self._compiler(variable)
        ownership = next((each for each in Ownership if each in found), Ownership.DROPPED)
        if ownership is Ownership.RELEASED and not obligation.leaks:
            statements.append(
                Statement(About.WHY, "nothing is inserted: it is released once on each path that is known")
            )
        return ownership, statements

    # -- strings, and what the compiler drops -------------------------------------------------

    def _local(
        self, variable: Variable, origin: Result, made: Statement
    ) -> tuple[Ownership, list[Statement]]:
        """A variable whose type owes no release by hand."""
        analysis, graph, type_ = self.analysis, self.graph, variable.type
        statements = [made, *self._owned_parts(type_)]
        fate = analysis.summaries.fate(graph, variable)
        if Effect.RELEASES in fate.effects:
            lines = self._lines(variable, Effect.RELEASES)
            what = "what comes out of it is released" if not lines else f"it is released on {lines}"
            statements.append(Statement(About.FATE, what))
            return Ownership.RELEASED, statements
        if type_ is not None and not self._may_own(type_):
            return Ownership.NOTHING, [made, *self._compiler(variable)]
        exits = list(dict.fromkeys(held_at(analysis, graph, variable)))
        obstacles = {exit_: analysis.drops.obstacle(graph, variable, exit_) for exit_ in exits}
        dropped = [exit_ for exit_ in exits if obstacles[exit_] is None]
        left = [exit_ for exit_ in exits if obstacles[exit_] is not None]
        given = self._given_away(variable)
        statements += given
        if dropped:
            text = f"{self._drop(type_)} at the end of its block: {describe_exits(dropped, self.line_of)}"
            statements.append(Statement(About.FATE, text))
        if left and origin.is_fresh and self._is_dropped_type(type_):
            statements += self._not_dropped(variable, left)
            owned = drop_hazard(analysis, graph, variable) is None if _is_text(type_) else not given
            return Ownership.LEAKS if owned else Ownership.UNCLEAR, [
                *statements,
                *self._compiler(variable, short=analysis.drops.is_registered(variable)),
            ]
        if dropped:
            why = "freeing it by hand as well would free it twice"
            if not _is_text(type_):
                why = "the compiler frees what it owns"
            return Ownership.DROPPED, [*statements, Statement(About.WHY, f"nothing is inserted: {why}")]
        statements += self._compiler(variable)
        if given:
            why = "nothing is inserted: whoever gets it frees it"
            return Ownership.MOVED, [*statements, Statement(About.WHY, why)]
        if type_ is not None and type_.name in BUILTIN_VARIANTS:
            opened = [use for use in graph.uses(variable) if use.site.role in (Role.SCRUTINEE, Role.RECEIVER)]
            if opened:
                text = f"it is opened on {self._lines_told(opened)}; what comes out is judged by itself"
                return Ownership.MOVED, [*statements, Statement(About.FATE, text)]
        if not exits:
            passed = [use for use in graph.uses(variable) if not self._effects(use) <= {Effect.BORROWS}]
            if not passed:
                return Ownership.NOTHING, [*statements, Statement(About.FATE, "no path leaves its block")]
            text = f"what becomes of it on {self._lines_told(passed)} cannot be told"
            return Ownership.UNCLEAR, [*statements, Statement(About.FATE, text)]
        if Origin.UNKNOWN in origin.origins:
            text = "tmlfix cannot tell where it comes from, so it inserts nothing"
            statements.append(Statement(About.WHY, text))
        return Ownership.UNCLEAR, statements

    def _not_dropped(self, variable: Variable, exits: Sequence[Exit]) -> Iterator[Statement]:
        by_reason: dict[str, list[Exit]] = {}
        for exit_ in exits:
            by_reason.setdefault(self._obstacle(variable, exit_), []).append(exit_)
        for reason, places in by_reason.items():
            text = f"not freed at {describe_exits(places, self.line_of)}: {reason}"
            yield Statement(About.FATE, text)

    def _obstacle(self, variable: Variable, exit_: Exit) -> str:
        match self.analysis.drops.obstacle(self.graph, variable, exit_):
            case Obstacle.JUMP:
                word = "break" if exit_.kind is ExitKind.BREAK else "continue"
                return f"{word} leaves the block without dropping anything"
            case Obstacle.VOID_END:
                return "a function without a result drops nothing of its top level where it falls off its end"
            case Obstacle.GIVEN_AWAY:
                offset = self.analysis.drops.given_away_at(self.graph, variable, exit_)
                assert offset is not None
                return (
                    f"the name `{variable.name}` counts as given away from line {self.line_of(offset)} on, "
                    "which cancels every drop that comes later in the text"
                )
            case _:
                return "the compiler never noted it for a drop"

    def _causes(self, variable: Variable) -> Iterator[FunctionInfo]:
        """The functions that make the compiler not free what a variable holds."""
        value = variable.value
        if not self.analysis.drops.is_registered(variable):
            made = next((each for each in self.graph.calls() if each.node is value), None)
            if made is not None and made.callee is not None:
                yield made.callee
            return
        for use in self.graph.uses(variable):
            if use.site.callee is not None and self.analysis.drops.consumes(self.graph, use):
                yield use.site.callee

    def _compiler(self, variable: Variable, *, short: bool = False) -> list[Statement]:
        """What the compiler would do by itself."""
        if short:
            return []
        if self.analysis.drops.is_registered(variable):
            return [Statement(About.COMPILER, f"{self._drop(variable.type)} at the end of its block")]
        return [Statement(About.COMPILER, f"the compiler never drops it: {self._not_noted(variable)}")]

    def _drop(self, type_: Type | None) -> str:
        """What dropping a value of a type does."""
        match self.analysis.drops.kind(type_):
            case DropKind.STRING:
                return "the compiler frees its string"
            case DropKind.CALL:
                return f"the compiler calls {_type_name(type_)}'s Drop, and nothing else,"
            case _:
                names = quoted_names(self._dropped_fields(type_))
                return (
                    f"the compiler frees {names}, and no other field," if names else "the compiler drops it"
                )

    def _not_noted(self, variable: Variable) -> str:
        drops, type_ = self.analysis.drops, variable.type
        if type_ is None:
            return "its type is not known"
        if type_.name in BUILTIN_VARIANTS:
            return f"it drops no {type_.name}, and no payload of one"
        known = {
            "()": "it drops no tuple",
            "[]": "it drops no array",
            "ref": "a reference owns nothing",
            "*": "a pointer is only an address",
            "func": "it drops no function value",
        }
        if type_.name in known:
            return known[type_.name]
        if drops.kind(type_) is DropKind.NOTHING:
            return f"{_type_name(type_)} has no Drop and no field that is dropped"
        if variable.kind is VariableKind.DESTRUCTURED:
            return "a name in a tuple, in a nested pattern, in an if let or a let else is not noted"
        if variable.kind is VariableKind.LOOP:
            return "the variable of a loop is not noted"
        return (
            "a string is noted only where its let makes one in plain sight, with an interpolation, `+` or a "
            "function whose name is marked @allocates"
        )

    def _owned_parts(self, type_: Type | None) -> list[Statement]:
        """What a value of a type owns, and by whom it is freed."""
        if type_ is None or type_.name == "Str":
            return []
        releases, drops = self.analysis.releases, self.analysis.drops
        release = releases.release_of(type_)
        texts = []
        if release is not None:
            freed = [name for name, each in releases.fields_released(type_, release).items() if each.freed]
            what = f" gives back {quoted_names(freed)}" if freed else " gives back what it owns"
            texts.append(f"`{type_.bare}.{release.name}()`{what}")
        elif drops.kind(type_) is not DropKind.NOTHING:
            texts.append(f"{type_.bare} has no release of its own")
        return [Statement(About.OWNS, "; ".join(texts))] if texts else []

    def _dropped_fields(self, type_: Type | None) -> list[str]:
        assert type_ is not None
        names = self.analysis.index.fields(type_)
        return [name for name in names if self.analysis.drops.drops_field(type_, name)]

    def _is_dropped_type(self, type_: Type | None) -> bool:
        return self.analysis.drops.kind(type_) is not DropKind.NOTHING

    def _may_own(self, type_: Type) -> bool:
        """Whether a value of a type, or a part of it, can be freed at all."""
        target = type_.target()
        if type_.name in ("ref", "func"):
            return False
        if target.name in BUILTIN_VARIANTS or target.name in ("()", "[]", "*"):
            return not target.arguments or any(self._may_own(each) for each in target.arguments)
        if target.name in SCALARS:
            return False
        info = self.analysis.index.type_info(target)
        return info is None or self._is_dropped_type(target) or self.analysis.summaries.is_released(target)

    # -- uses ---------------------------------------------------------------------------------

    def _effects(self, use: Use) -> frozenset[Effect]:
        return self._site_effects(use.site)

    def _behind_casts(self, site: Site) -> Site:
        """Where a value goes when it has the type that it is used with."""
        while site.role is Role.CAST:
            outer = self.graph.site_of(site.parent)
            if outer is None:
                break
            site = outer
        return site

    def _site_effects(self, site: Site) -> frozenset[Effect]:
        site = self._behind_casts(site)
        if site.role in (Role.RECEIVER, Role.ARGUMENT):
            return self.analysis.summaries.call_effects(site)
        return frozenset()

    def _lines(self, variable: Variable, effect: Effect) -> str:
        """The lines where something is done with a variable itself."""
        return self._lines_told([use for use in self.graph.uses(variable) if effect in self._effects(use)])

    def _lines_told(self, uses: Sequence[Use]) -> str:
        return _lines_told(self.line_of(use.node.start) for use in uses)

    def _given_away(self, variable: Variable) -> list[Statement]:
        away = [use for use in self.graph.uses(variable) if self._gives_away(use)]
        return self._uses_told(away)

    def _gives_away(self, use: Use) -> bool:
        role = self._behind_casts(use.site).role
        if role in (Role.RETURNED, Role.STORED, Role.ELEMENT, Role.CONSTRUCTED, Role.CAPTURED):
            return True
        return bool(self._effects(use) & {Effect.RETAINS, Effect.RETURNS})

    def _uses_told(self, uses: Sequence[Use]) -> list[Statement]:
        texts = dict.fromkeys(f"{self._use(use)}, on line {self.line_of(use.node.start)}" for use in uses)
        return [Statement(About.FATE, text) for text in texts]

    def _use(self, use: Use) -> str:
        return self._site_told(use.site, use.variable.type)

    def _site_told(self, site: Site, type_: Type | None) -> str:
        """What a value is used for."""
        site = self._behind_casts(site)
        parent = site.parent
        match site.role:
            case Role.RETURNED:
                return "returned: the caller owns it then"
            case Role.STORED:
                target = parent.target.text if isinstance(parent, nodes.Assignment) else parent.text
                return f"stored in `{short_code(target)}`"
            case Role.ELEMENT:
                return f"moved into {self._whole(site)}"
            case Role.CONSTRUCTED:
                return f"moved into `{short_code(parent.text)}`"
            case Role.BOUND | Role.ASSIGNED:
                return "given to another variable"
            case Role.CAPTURED:
                return "captured by a closure"
            case Role.INTERPOLATED:
                frees = _is_text(type_) and parent.first_token.type == "STRING_START"
                return "interpolated, which frees it" if frees else "interpolated"
            case Role.FIELD:
                return (
                    f"its field `{parent.name}` is read" if isinstance(parent, nodes.FieldAccess) else "read"
                )
            case Role.SCRUTINEE:
                return "opened"
            case Role.PROPAGATED:
                return "opened with `!`"
            case Role.RECEIVER | Role.ARGUMENT:
                return self._passed_told(site)
            case _:
                return "read"

    def _whole(self, site: Site) -> str:
        if isinstance(site.parent, nodes.Tuple):
            return "a tuple"
        if isinstance(site.parent, nodes.Array):
            return "an array"
        if isinstance(site.parent, nodes.FieldInit):
            return f"the field `{site.parent.name}` of a new value"
        return "a new value"

    def _passed_told(self, site: Site) -> str:
        call = f"`{_call_name(site.parent)}`"
        effects = self._site_effects(site)
        if effects <= {Effect.BORROWS}:
            return f"only read by {call}"
        if effects <= {Effect.BORROWS, Effect.RELEASES}:
            return f"released by {call}"
        if Effect.RETAINS in effects:
            return f"kept by {call}"
        if Effect.RETURNS in effects:
            return f"handed on by {call}, whose result is it or holds it"
        if Effect.DRAINS in effects:
            return f"a part of it is released by {call}"
        return f"passed to {call}, and what that does with it cannot be told"

    # -- values that no variable holds --------------------------------------------------------

    def temporary(self, node: Expression, type_: Type, site: Site) -> ExplainedValue:
        """What is known about a value in the middle of an expression."""
        origin = self.analysis.summaries.origin(self.graph, node)
        where = Statement(About.HERE, self._site_told(site, type_))
        kept = [Statement(About.ORIGIN, "no variable holds it"), where]
        ownership, statements = self._temporary_facts(node, type_, site, origin)
        start = _shown_from(node)
        return ExplainedValue(
            name=short_code(node.text),
            type=_type_name(type_),
            ownership=ownership,
            offset=start,
            length=node.end - start,
            places=frozenset((node.start,)),
            causes=(),
            statements=(*kept, *statements),
        )

    def _temporary_facts(
        self, node: Expression, type_: Type, site: Site, origin: Result
    ) -> tuple[Ownership, list[Statement]]:
        drops = self.analysis.drops
        if origin.is_view:
            why = f"nothing is inserted: it is a view, and {_keep(self._receivers(node))} what it shows"
            return Ownership.VIEW, [Statement(About.WHY, why)]
        if not origin.is_fresh:
            receivers = self._receivers(node)
            if receivers and not origin.origins <= {Origin.PASSED, Origin.LITERAL}:
                return Ownership.VIEW, [Statement(About.WHY, _taken_for_view(receivers))]
            if origin.origins and origin.origins <= {Origin.PASSED, Origin.LITERAL}:
                text = "it is what the call was given, so nothing new is made"
                return Ownership.BORROWED, [Statement(About.WHY, text)]
            text = "tmlfix cannot tell where it comes from, so it inserts nothing"
            return Ownership.UNCLEAR, [Statement(About.WHY, text)]
        if site.role in (Role.RETURNED, Role.ELEMENT, Role.CONSTRUCTED, Role.STORED, Role.ASSIGNED):
            return Ownership.MOVED, [Statement(About.WHY, "nothing is inserted: whoever gets it frees it")]
        if self._site_effects(site) & {Effect.RETAINS, Effect.RETURNS}:
            return Ownership.MOVED, [Statement(About.WHY, "nothing is inserted: whoever gets it frees it")]
        if site.role is Role.SCRUTINEE or type_.name in BUILTIN_VARIANTS:
            text = "what comes out of it is judged by itself"
            return Ownership.MOVED, [Statement(About.FATE, text)]
        if not _is_text(type_):
            text = "the compiler drops what a variable holds, and no variable holds this"
            return Ownership.UNCLEAR, [Statement(About.COMPILER, text)]
        takes = isinstance(site.parent, nodes.InterpolatedString) or (
            isinstance(site.parent, nodes.Binary) and site.parent.operator == "+"
        )
        if takes and drops.makes_string(node):
            return Ownership.DROPPED, [Statement(About.COMPILER, "freed by the text that it becomes part of")]
        if drops.frees_temporary(self.graph, node):
            return Ownership.DROPPED, [
                Statement(About.COMPILER, "the compiler frees it at the end of the statement"),
                Statement(About.WHY, "nothing is inserted: freeing it by hand as well would free it twice"),
            ]
        if drops.makes_string(node):
            text = "the compiler frees it only in tests: in a library body it frees strings of variables only"
        else:
            text = "the compiler does not know that a new string is made here, so it frees nothing"
        return Ownership.UNCLEAR, [Statement(About.COMPILER, text)]

    def _receivers(self, node: Expression) -> list[str]:
        """The variables that a method is called on, or on whose parts it is."""
        if not isinstance(node, nodes.MethodCall):
            return []
        inside = node.receiver
        return [
            action.variable.name
            for action in self.graph.actions()
            if isinstance(action, Use) and inside.start == action.node.start
        ]

    def temporaries(self) -> Iterator[tuple[Expression, Type, Site]]:
        """The values that calls and texts make and that no let binds, with where they go."""
        for call in self.graph.calls():
            if not call.constructor and self._is_worth_telling(call.type, call.site):
                assert call.type is not None
                yield call.node, call.type, call.site
        for node in self.graph.nodes:
            if not isinstance(node, nodes.InterpolatedString | nodes.Binary):
                continue
            site, type_ = self.graph.site_of(node), self.graph.type_of(node)
            if site is None or not _is_text(type_) or not self.analysis.drops.makes_string(node):
                continue
            if self._is_worth_telling(type_, site):
                assert type_ is not None
                yield node, type_, site

    def _is_worth_telling(self, type_: Type | None, site: Site) -> bool:
        if type_ is None or self._behind_casts(site).role is Role.BOUND or type_.name in SCALARS:
            return False
        return self._may_own(type_)


def _keep(holders: Sequence[str]) -> str:
    """``a`` and ``b`` keep."""
    names = list(dict.fromkeys(holders))
    if not names:
        return "what it is read from keeps"
    return f"{quoted_names(names)} {'keeps' if len(names) == 1 else 'keep'}"


def _taken_for_view(holders: Sequence[str]) -> str:
    return (
        "nothing is inserted: nothing shows that it is made anew, so it is taken for a view, and "
        f"{_keep(holders)} what it shows"
    )


_PLAIN = Statement(About.WHY, "a plain value: there is nothing to free")


def _type_name(type_: Type | None) -> str:
    return str(type_) if type_ is not None else "unknown"


def _is_text(type_: Type | None) -> bool:
    return type_ is not None and type_.target().name == "Str"


def _call_name(node: Node) -> str:
    name = called_name(node) if isinstance(node, Expression) else None
    return f"{name}()" if name is not None else short_code(node.text)


def _shown_from(node: Expression) -> int:
    """Where the line with the name of a call starts to show it; the node's start where that is one line."""
    if isinstance(node, nodes.MethodCall) and "\n" in node.receiver.text + node.text:
        token = node.token("IDENT")
        assert token is not None
        return token.start
    return node.start


def _lines_told(lines: Iterator[int]) -> str:
    """``line 3`` or ``lines 3, 5 and 7``."""
    numbers = [str(each) for each in sorted(set(lines))]
    if not numbers:
        return ""
    return f"line {numbers[0]}" if len(numbers) == 1 else f"lines {listed(numbers)}"
