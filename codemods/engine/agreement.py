"""What the variants of a file make of it together: a fix is written only if it is right in each of them.

Every variant has its own diagnostics, whose edits are spans of the same bytes. An edit is right if each
variant in which its place is left in wants it as well, or cannot reach the place. One that only some variants
want is moved into the branch that just those have, or gets their condition around it. What cannot be made
right is only reported. This lifts an analysis of one program to a product line, as SPLlift does (Bodden et
al., PLDI 2013); here the variants are few, and are gone through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Paths, Verdict
from codemods.ownership.analysis import Analysis
from codemods.ownership.cfg.graph import Action, ControlFlowGraph, Exit, ExitKind
from codemods.ownership.compiler.drops import DropKind
from codemods.semantics.symbols import FunctionInfo, SourceFile
from tml_ast import nodes
from tml_ast.edit import EditConflict, SourceEdit, in_order
from tml_ast.preprocessor import (
    AllOf,
    Assignment,
    Branch,
    Condition,
    Group,
    directives_of,
    negated,
    text_of,
)

_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")
_ENDS = re.compile(rb"\s*(#\s*endif[^\n]*\s*)*")
_RELEASE = re.compile(rb"\s*(\w+)\.(\w+)\(\);?\s*")
_AT_ENDS = frozenset((ExitKind.SCOPE, ExitKind.END, ExitKind.TAIL, ExitKind.ARM))
"""Exits that happen where the construct ends that they leave."""

_Key = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """What the rules find in one variant of a file."""

    symbols: Assignment
    file: SourceFile
    analysis: Analysis
    diagnostics: Sequence[Diagnostic]

    def has(self, edit: SourceEdit) -> bool:
        """Whether the place of an edit is left in."""
        variant = self.file.variant
        return variant is None or variant.is_active(edit.start, edit.end)

    def function_at(self, offset: int) -> FunctionInfo | None:
        """The function around an offset."""
        functions = self.analysis.index.functions_in(self.file)
        around = (each for each in functions if each.node.start <= offset <= each.node.end)
        return next(around, None)

    def graph_at(self, offset: int) -> ControlFlowGraph | None:
        """The graph of the function around an offset."""
        function = self.function_at(offset)
        return self.analysis.summaries.graph(function) if function is not None else None


@dataclass(eq=False, slots=True)
class _Claim:
    """A diagnostic with edits, and the variant that it is of."""

    voice: Voice
    diagnostic: Diagnostic
    conditional: frozenset[_Key] = frozenset()
    """The edits that are made for the variants alone that want them."""


def agreed(voices: Sequence[Voice]) -> list[Diagnostic]:
    """The diagnostics of all variants of a file, those with edits that are right in all of them."""
    first = voices[0].diagnostics
    if all(voice.diagnostics == first for voice in voices[1:]) and all(
        voice.has(edit) for voice in voices for diagnostic in first for edit in diagnostic.edits
    ):
        return list(first)
    return _Council(voices).decide()


class _Council:
    def __init__(self, voices: Sequence[Voice]) -> None:
        self._voices = voices
        self._source = voices[0].file.source
        self._directives = directives_of(self._source)
        self._claims: list[_Claim] = []
        self._refused: list[Diagnostic] = []

    def decide(self) -> list[Diagnostic]:
        reported: dict[tuple[str, int, str], Diagnostic] = {}
        for voice in self._voices:
            for diagnostic in voice.diagnostics:
                if diagnostic.edits:
                    self._claims.append(_Claim(voice, diagnostic))
                else:
                    reported.setdefault(_place(diagnostic), diagnostic)
        self._settle()
        merged = list(self._merged())
        fixed = {_place(diagnostic) for diagnostic in merged}
        for diagnostic in self._refused:
            reported.setdefault(_place(diagnostic), diagnostic)
        decided = [*merged, *(each for place, each in reported.items() if place not in fixed)]
        found = [each for voice in self._voices for each in voice.diagnostics]
        normal = {_place(each) for each in found if each.paths is Paths.NORMAL}
        return [replace(each, paths=Paths.NORMAL) if _place(each) in normal else each for each in decided]

    # -- what is right --------------------------------------------------------------------------

    def _settle(self) -> None:
        """Drop or move claims until all that are left are right."""
        while True:
            wants = self._wants()
            wrong = next(
                (
                    (claim, objecting)
                    for claim in self._claims
                    if (objecting := self._objecting(claim, wants)) is not None
                ),
                None,
            )
            if wrong is None:
                return
            claim, objecting = wrong
            if not self._localize(claim, wants):
                place = _place(claim.diagnostic)
                for other in [each for each in self._claims if _place(each.diagnostic) == place]:
                    self._claims.remove(other)
                    self._refused.append(_refused(claim, objecting, other.diagnostic))

    def _wants(self) -> dict[_Key, list[Voice]]:
        wants: dict[_Key, list[Voice]] = {}
        for claim in self._claims:
            for edit in claim.diagnostic.edits:
                wants.setdefault(_key(edit), []).append(claim.voice)
        return wants

    def _objecting(self, claim: _Claim, wants: Mapping[_Key, list[Voice]]) -> Voice | None:
        """A variant in which the edits of a claim would be wrong."""
        for edit in claim.diagnostic.edits:
            if _key(edit) not in claim.conditional and self._cuts_directive(edit):
                return next((voice for voice in self._voices if voice is not claim.voice), claim.voice)
            for voice in self._voices:
                if self._objects(voice, claim, edit, wants):
                    return voice
        return None

    def _objects(
        self, voice: Voice, claim: _Claim, edit: SourceEdit, wants: Mapping[_Key, list[Voice]]
    ) -> bool:
        if voice is claim.voice or _key(edit) in claim.conditional:
            return False
        if any(voice is other for other in wants[_key(edit)]):
            return False
        if not voice.has(edit):
            return self._twin_objects(voice, claim, edit)
        return not _is_idle(edit, voice, claim.voice)

    def _twin_objects(self, voice: Voice, claim: _Claim, edit: SourceEdit) -> bool:
        """Whether an edit changes what a function promises, and the one of its name in a variant does not.

        Those who call the one call the other, so they have to promise the same.
        """
        function = claim.voice.function_at(edit.start)
        if function is None or function.node.body is None or edit.start >= function.node.body.start:
            return False
        names = [other.qualified_name for other in voice.analysis.index.functions_in(voice.file)]
        rule = claim.diagnostic.rule
        return function.qualified_name in names and not any(
            other.voice is voice
            and other.diagnostic.rule == rule
            and other.diagnostic.function == claim.diagnostic.function
            for other in self._claims
        )

    def _cuts_directive(self, edit: SourceEdit) -> bool:
        """Whether an edit replaces a preprocessor line, or is in the middle of one."""
        if self._directives is None:
            return False
        return any(
            (edit.start < line.end and line.start < edit.end)
            if edit.start < edit.end
            else line.start < edit.start < line.end
            for line in self._directives.lines
        )

    # -- into a branch --------------------------------------------------------------------------

    def _localize(self, claim: _Claim, wants: Mapping[_Key, list[Voice]]) -> bool:
        """Make each edit that others object to for the variants alone that want it; whether that can be.

        It becomes so for every variant that wants it, or each would write one of its own.
        """
        changes: list[tuple[_Claim, SourceEdit, SourceEdit]] = []
        for edit in claim.diagnostic.edits:
            objecting = [voice for voice in self._voices if self._objects(voice, claim, edit, wants)]
            for other in self._wanting(claim, edit) if objecting else ():
                made = self._made_conditional(other, edit, objecting)
                if made is None:
                    return False
                changes.append((other, edit, made))
        for other, edit, made in changes:
            edits = tuple(made if each == edit else each for each in other.diagnostic.edits)
            other.diagnostic = replace(other.diagnostic, edits=edits)
            other.conditional |= {_key(made)}
        return any(edit != made for _, edit, made in changes)

    def _wanting(self, claim: _Claim, edit: SourceEdit) -> list[_Claim]:
        """The claims with an edit, this one first; in each variant it may be that of another diagnostic."""
        others = [
            other
            for other in self._claims
            if other is not claim and _key(edit) in {_key(each) for each in other.diagnostic.edits}
        ]
        return [claim, *others]

    def _made_conditional(
        self, claim: _Claim, edit: SourceEdit, objecting: Sequence[Voice]
    ) -> SourceEdit | None:
        if self._directives is None or edit.start != edit.end or not _is_lines(self._source, edit):
            return None
        having = [voice for voice in self._voices if voice.has(edit)]
        wanting = [voice for voice in having if not any(voice is other for other in objecting)]
        graph = claim.voice.graph_at(edit.start)
        if graph is None:
            return None
        groups = self._groups(graph.function.node.start, edit.start)
        return self._moved(groups, claim.voice, wanting, edit) or self._wrapped(groups, wanting, having, edit)

    def _groups(self, start: int, end: int) -> list[Group]:
        """The groups between two offsets, the nearest to the end first."""
        assert self._directives is not None
        inside = (group for group in self._directives.groups if start <= group.start < group.end <= end)
        return sorted(inside, key=lambda group: group.end, reverse=True)

    def _moved(
        self, groups: Sequence[Group], own: Voice, wanting: Sequence[Voice], edit: SourceEdit
    ) -> SourceEdit | None:
        """The edit in that branch of a group that a variant has; each that wants it has such a branch."""
        for group in groups:
            places = [place for place in _places(group) if any(map(place.is_active, wanting))]
            having = [voice for place in places for voice in self._voices if place.is_active(voice)]
            if set(map(id, having)) != set(map(id, wanting)):
                continue
            moved = [place.moved(self._source, edit) for place in places]
            if None not in moved:
                own_places = (each for place, each in zip(places, moved, strict=True) if place.is_active(own))
                return next(own_places, None)
        return None

    def _wrapped(
        self, groups: Sequence[Group], wanting: Sequence[Voice], having: Sequence[Voice], edit: SourceEdit
    ) -> SourceEdit | None:
        """The edit with the condition of a branch around it, or with the contrary of one."""
        assert self._directives is not None
        if any(line.name in ("define", "undef") for line in self._directives.lines):
            return None
        for place in (place for group in groups for place in _places(group)):
            inside = [voice for voice in having if place.is_active(voice)]
            outside = [voice for voice in having if not place.is_active(voice)]
            for voices, condition in ((inside, place.condition), (outside, place.contrary)):
                if voices == list(wanting):
                    return _under(condition(edit.start), edit)
        return None

    # -- together -------------------------------------------------------------------------------

    def _merged(self) -> Iterator[Diagnostic]:
        """One diagnostic for claims about the same place, or with an edit in common."""
        groups: list[list[_Claim]] = []
        for claim in self._claims:
            near = [
                group
                for group in groups
                if any(_belong_together(claim.diagnostic, other.diagnostic) for other in group)
            ]
            for group in near:
                groups.remove(group)
            groups.append([*(other for group in near for other in group), claim])
        for group in groups:
            claims = _in_turn(group)
            for diagnostic in _as_one([claim.diagnostic for claim in claims]):
                yield self._as_far_as_found(claims, diagnostic)

    def _as_far_as_found(self, claims: Sequence[_Claim], diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the variant that it is of, if another has its place and nothing found there.

        What is fixed in the one says nothing of the other: there the value is released elsewhere, or lost.
        """
        having = {id(claim.voice) for claim in claims}
        place = SourceEdit(diagnostic.offset, diagnostic.offset, b"")
        for voice in self._voices:
            found = any(other.offset == diagnostic.offset for other in voice.diagnostics)
            if id(voice) not in having and voice.has(place) and not found:
                where = _difference(voice.symbols, claims[0].voice.symbols)
                return replace(diagnostic, message=f"{diagnostic.message}; found {where}")
        return diagnostic


@dataclass(frozen=True, slots=True)
class _Place:
    """A branch of a group; None for the variants in which none of its branches is left in."""

    group: Group
    branch: Branch | None

    @property
    def offset(self) -> int:
        """Where its last line ends."""
        return self.branch.closer.start if self.branch is not None else self.group.branches[-1].closer.start

    def is_active(self, voice: Voice) -> bool:
        """Whether it is left in."""
        variant = voice.file.variant
        if variant is None:
            return False
        if self.branch is not None:
            # Also where it is empty: an offset belongs to the branch that it ends.
            return variant.is_active(self.branch.closer.start, self.branch.closer.start)
        around = self.group.parent
        if around is not None and not variant.is_active(around.closer.start, around.closer.start):
            return False
        return not any(
            variant.is_active(branch.closer.start, branch.closer.start) for branch in self.group.branches
        )

    def moved(self, source: bytes, edit: SourceEdit) -> SourceEdit | None:
        """The edit at the end of the branch, where nothing is between."""
        between = source[self.group.end : edit.start]
        if _ENDS.fullmatch(between) is None or not edit.text.endswith(b"\n"):
            return None
        if self.branch is None:
            line = self.group.branches[-1].closer
            endif = source[line.start : line.end]
            indentation = endif[: len(endif) - len(endif.lstrip())]
            ending = b"\r\n" if endif.endswith(b"\r\n") else b"\n"
            text = indentation + b"#else" + ending + edit.text + indentation + b"#"
            # It replaces the `#` of the `#endif`, so that no other edit adds an `#else` there as well.
            return SourceEdit(line.start, line.start + len(indentation) + 1, text, edit.owners)
        start, end = self.branch.span
        code = source[start:end]
        if code.count(b"{") != code.count(b"}"):
            return None
        return SourceEdit(end, end, edit.text, edit.owners)

    def condition(self, offset: int) -> Condition:
        """When it is left in, where an offset is."""
        parts: list[Condition] = []
        group, branch = self.group, self.branch
        while True:
            if branch is not None:
                parts.insert(0, branch.condition)
            else:
                parts = [negated(each.opener.condition) for each in group.branches if each.opener.condition]
            branch = group.parent
            if branch is None or branch.opener.end <= offset <= branch.closer.start:
                return parts[0] if len(parts) == 1 else AllOf(tuple(parts))
            group = branch.group

    def contrary(self, offset: int) -> Condition:
        """When it is left out, where an offset is."""
        return negated(self.condition(offset))


def _key(edit: SourceEdit) -> _Key:
    return edit.start, edit.end, edit.text


def _place(diagnostic: Diagnostic) -> tuple[str, int, str]:
    return diagnostic.rule, diagnostic.offset, diagnostic.function


def _belong_together(one: Diagnostic, other: Diagnostic) -> bool:
    """Whether two diagnostics are about one place, or have an edit in common."""
    keys = {_key(edit) for edit in one.edits}
    return _place(one) == _place(other) or not keys.isdisjoint(map(_key, other.edits))


def _places(group: Group) -> list[_Place]:
    """The branches of a group, of which each variant has one, or none where it has none of its lines."""
    places = [_Place(group, branch) for branch in group.branches]
    return places if group.branches[-1].opener.name == "else" else [*places, _Place(group, None)]


def _under(condition: Condition, edit: SourceEdit) -> SourceEdit | None:
    """An edit that inserts lines, with a condition around it."""
    ending = b"\r\n" if b"\r\n" in edit.text else b"\n"
    try:
        opener = f"#if {text_of(condition)}".encode()
    except ValueError:
        return None
    if edit.text.endswith(b"\n"):
        text = opener + ending + edit.text + b"#endif" + ending
    else:
        text = ending + opener + edit.text + ending + b"#endif"
    return SourceEdit(edit.start, edit.end, text, edit.owners)


def _is_lines(source: bytes, edit: SourceEdit) -> bool:
    """Whether an edit inserts whole lines."""
    if edit.text.endswith(b"\n"):
        return edit.start == 0 or source[edit.start - 1] == 0x0A
    rest = source[edit.start : edit.start + 2].lstrip(b"\r")
    return edit.text.lstrip(b"\r").startswith(b"\n") and rest[:1] in (b"\n", b"")


def _is_idle(edit: SourceEdit, voice: Voice, wanting: Voice) -> bool:
    """Whether an edit does nothing in a variant: it cannot reach the place, or is no program there."""
    graph, other = voice.graph_at(edit.start), wanting.graph_at(edit.start)
    if graph is None or other is None:
        return False
    named = {name.decode() for name in _IDENTIFIER.findall(edit.text)}
    missing = (_in_scope(other, edit.start) & named) - _in_scope(graph, edit.start)
    if missing:
        unknown = {name for name in missing if not graph.named(name)}
        return any(
            isinstance(node, nodes.Path) and node.identifier in unknown and node.start >= edit.start
            for node in graph.nodes
        )
    if _releases_nothing(edit, voice, graph):
        return True
    following = min(graph.actions(), key=lambda action: _distance(action, edit.start), default=None)
    if following is None or _distance(following, edit.start) == _NEVER:
        return False
    return not any(action is following for action in graph.reachable_actions)


def _in_scope(graph: ControlFlowGraph, offset: int) -> set[str]:
    """The names of the variables that code at an offset may use."""
    scopes = [scope for scope in graph.nodes if isinstance(scope, nodes.Block | nodes.Arm)]
    return {
        variable.name
        for variable in graph.variables
        if variable.offset < offset
        and all(
            scope.start <= offset <= scope.end
            for scope in scopes
            if scope.start <= variable.offset < scope.end
        )
    }


def _releases_nothing(edit: SourceEdit, voice: Voice, graph: ControlFlowGraph) -> bool:
    """Whether an edit calls a release alone that does nothing in a variant."""
    call = _RELEASE.fullmatch(edit.text)
    variables = graph.named(call[1].decode()) if call is not None else ()
    if call is None or len(variables) != 1:
        return False
    analysis, type_ = voice.analysis, variables[0].type
    release = analysis.releases.release_of(type_)
    body = analysis.summaries.graph(release) if release is not None else None
    if release is None or body is None or release.name != call[2].decode():
        return False
    does_nothing = not body.calls and not body.nodes_of(nodes.Assignment)
    return does_nothing and analysis.drops.kind(type_) is not DropKind.CALL


_NEVER = 1 << 60


def _distance(action: Action, offset: int) -> int:
    """How far after an offset an action happens."""
    place = action.node.end if isinstance(action, Exit) and action.kind in _AT_ENDS else action.node.start
    return place - offset if place >= offset else _NEVER


def _in_turn(claims: Sequence[_Claim]) -> Sequence[_Claim]:
    """The claims without those that wait for another of their variant, which shares an edit with them."""
    first = _place(claims[0].diagnostic)
    with_first = {id(claim.voice) for claim in claims if _place(claim.diagnostic) == first}
    return [
        claim for claim in claims if _place(claim.diagnostic) == first or id(claim.voice) not in with_first
    ]


def _contradict(one: Diagnostic, other: Diagnostic) -> bool:
    """Whether two diagnostics that both open a block insert different code in one place."""
    if not (one.opens_block and other.opens_block):
        return False
    inserted = [
        {(edit.start, edit.text) for edit in diagnostic.edits if edit.start == edit.end}
        for diagnostic in (one, other)
    ]
    places = [{start for start, _ in edits} for edits in inserted]
    return any(start in places[0] & places[1] for start, _ in inserted[0] ^ inserted[1])


def _as_one(diagnostics: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Diagnostics that share an edit or a place, as one; reported where their edits contradict each other."""
    first = diagnostics[0]
    edits = {_key(edit): edit for diagnostic in diagnostics for edit in diagnostic.edits}
    if any(diagnostic.paths is Paths.NORMAL for diagnostic in diagnostics):
        first = replace(first, paths=Paths.NORMAL)
    # what one variant leaves open is said, even where the others fix everything
    same = (each.message for each in diagnostics if (each.rule, each.offset) == (first.rule, first.offset))
    fullest = max((message for message in same if message.startswith(first.message)), key=len)
    first = replace(first, message=fullest)
    verdict = max((diagnostic.verdict for diagnostic in diagnostics), key=_VERDICTS.index)
    try:
        in_order(edits.values())
    except EditConflict:
        verdict = Verdict.REPORTED
    if any(_contradict(first, other) for other in diagnostics[1:]):
        verdict = Verdict.REPORTED
    if verdict is Verdict.REPORTED:
        message = f"{first.message}; its variants need different edits in one place"
        yield replace(first, verdict=verdict, edits=(), message=message)
        return
    opens_block = any(diagnostic.opens_block for diagnostic in diagnostics)
    yield replace(first, verdict=verdict, edits=tuple(edits.values()), opens_block=opens_block)


_VERDICTS = (Verdict.FIXABLE, Verdict.REVIEW, Verdict.REPORTED)


def _refused(claim: _Claim, objecting: Voice, diagnostic: Diagnostic) -> Diagnostic:
    """A diagnostic without its edits, and why: a claim that it holds with is wrong in a variant."""
    where = _difference(claim.voice.symbols, objecting.symbols)
    message = f"{diagnostic.message}; left as it is, because that would be wrong {where}"
    return replace(diagnostic, verdict=Verdict.REPORTED, edits=(), message=message)


def _difference(here: Assignment, there: Assignment) -> str:
    """What sets one variant apart from another."""
    with_, without = _set_apart(there, here), _set_apart(here, there)
    parts = [f"with {_listed(with_)}"] if with_ else []
    parts += [f"without {_listed(without)}"] if without else []
    return " and ".join(parts) or "in another variant"


def _set_apart(these: Assignment, others: Assignment) -> list[str]:
    return sorted(symbol for symbol, value in these.items() if value and not others.get(symbol))


def _listed(symbols: Iterable[str]) -> str:
    return ", ".join(symbols)
