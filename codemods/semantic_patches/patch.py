"""A semantic patch: how it is written, where it fits, and the edits that it makes there.

    A list frees what it holds.

    Why that is so, in as many lines as it takes.

    Finding: $TYPE.clear() forgets its elements

    @@ An element is freed before it is overwritten. @@
     this.set($place, $value)
    +$value.destroy()

    @@? A change that may be missing. @@
     ...

The changes are written as ``CodeChange`` reads them. A metavariable that starts with a capital letter
stands for the same code in all changes of a patch; any other is the change's own. Where the first change
is in an ``impl``, the others are looked for in there, otherwise in the whole file. All of it is made, or
nothing is. Nothing here knows who owns what: whether a change is safe is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Module, Node
from tml_ast.pattern import Binding, Match, names_in
from tml_ast.rewrite import CodeChange

_HEADING = re.compile(r"^@@(?P<optional>\??) (?P<why>.*) @@$", re.MULTILINE)
_FINDING = re.compile(r"^Finding: (.*)$", re.MULTILINE)
_METAVARIABLE = re.compile(r"\$(\w+)")
_DECLARED = re.compile(r"\b(?:let|var|func) (?:mut )?([a-z]\w*)")


@dataclass(frozen=True)
class Hunk:
    """One change of a patch, and why it is made."""

    why: str
    text: str
    is_optional: bool

    @cached_property
    def change(self) -> CodeChange:
        """The change, parsed when it is first needed."""
        return CodeChange(self.text)

    @property
    def names(self) -> frozenset[bytes]:
        """The names that stand in all code that the change could be made to."""
        lines = (line[1:] for line in self.text.splitlines() if not line.startswith("+"))
        return names_in("\n".join(lines))


@dataclass(frozen=True)
class SemanticPatch:
    """Changes that belong together, why they are made, and the finding where they can be."""

    name: str
    summary: str
    reason: str
    finding: str
    """What is wrong with the code as it is; its first metavariable is what the finding is about."""
    hunks: tuple[Hunk, ...]

    @classmethod
    def parse(cls, name: str, text: str) -> SemanticPatch:
        """The patch that a file of this name holds. Raises ValueError without a finding or a change."""
        head, *pieces = _HEADING.split(text)
        summary, _, reason = _FINDING.sub("", head).strip().partition("\n")
        finding = _FINDING.search(head)
        if finding is None or _METAVARIABLE.search(finding[1]) is None:
            raise ValueError(f"{name}: there is no line 'Finding: ...' with a $metavariable")
        if not pieces:
            raise ValueError(f"{name}: there is no line '@@ why @@' with a change below it")
        hunks = tuple(
            Hunk(why, change.strip("\n"), bool(optional))
            for optional, why, change in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
        )
        return cls(name, summary, " ".join(reason.split()), finding[1], hunks)

    @cached_property
    def names(self) -> frozenset[bytes]:
        """The names that stand in every file that the patch fits."""
        return frozenset[bytes]().union(*(hunk.names for hunk in self.hunks if not hunk.is_optional))

    def applications(self, tree: Module) -> Iterator[Application]:
        """The places of a file that the whole patch fits."""
        for match in self.hunks[0].change.search(tree):
            scope = match.nodes[0] if isinstance(match.nodes[0], nodes.Impl) else tree
            application = self._completed(scope, match)
            if application is not None:
                yield application

    def _completed(self, scope: Node, first: Match) -> Application | None:
        """The first match with those of the other changes in ``scope``; None unless all is there."""
        shared = _shared(first)
        matches = [(self.hunks[0], first)]
        for hunk in self.hunks[1:]:
            taken = {id(node) for _, match in matches for node in match.nodes}
            fitting = [
                match
                for match in hunk.change.search(scope)
                if _agrees(shared, match) and not any(id(node) in taken for node in match.nodes)
            ]
            if not fitting and not hunk.is_optional:
                return None
            for match in fitting:
                if _agrees(shared, match):
                    shared |= _shared(match)
                    matches.append((hunk, match))
        application = Application(self, tuple(matches), shared)
        return application if application.is_bound else None


@dataclass(frozen=True, slots=True)
class Application:
    """A place that a patch fits: what its changes matched, and what the metavariables stand for."""

    patch: SemanticPatch
    matches: tuple[tuple[Hunk, Match], ...]
    shared: Mapping[str, Binding]

    @property
    def is_bound(self) -> bool:
        """Whether all is known that it writes; a change that may be missing may be the one to say it."""
        return all(
            name in self.shared or name in match.bindings
            for hunk, match in self.matches
            for name in _METAVARIABLE.findall(hunk.change.added)
        )

    @property
    def changed(self) -> list[Match]:
        """The matches that are changed, in the order of the patch."""
        return [match for hunk, match in self.matches if not hunk.change.changes_nothing]

    @property
    def first(self) -> Node:
        """The first node of the file that is changed."""
        return min(self.changed, key=lambda match: match.start).nodes[0]

    @property
    def subject(self) -> str:
        """The name that the finding is about."""
        return self._filled_in(_METAVARIABLE.findall(self.patch.finding)[0])

    @property
    def message(self) -> str:
        """The finding, in the names of the file."""
        return _METAVARIABLE.sub(lambda variable: self._filled_in(variable[1]), self.patch.finding)

    def _filled_in(self, variable: str) -> str:
        return self.shared[variable].text

    def edits(self, source: bytes) -> list[SourceEdit]:
        """All edits, in the source that was parsed."""
        return [
            edit
            for hunk, match in self.matches
            for edit in hunk.change.edits(source, match, {**self.shared, **match.bindings})
        ]

    def taken_name(self, tree: Module) -> str | None:
        """A name that the patch adds and that the code around it already has, if there is one."""
        functions = [node for node in tree.walk() if isinstance(node, nodes.Function)]
        for hunk, match in self.matches:
            brought = _DECLARED.findall(hunk.change.added)
            if not brought:
                continue
            start = match.nodes[0].start
            around = [function for function in functions if function.start <= start < function.end]
            if around:
                known = {token.text for token in around[-1].tokens() if token.type == "IDENT"}
            else:
                known = {function.name for function in functions}
            for name in brought:
                if name in known:
                    return str(name)
        return None


def _shared(match: Match) -> dict[str, Binding]:
    return {name: binding for name, binding in match.bindings.items() if name[0].isupper()}


def _agrees(shared: Mapping[str, Binding], match: Match) -> bool:
    return all(
        name not in shared or shared[name].text.split() == binding.text.split()
        for name, binding in _shared(match).items()
    )
