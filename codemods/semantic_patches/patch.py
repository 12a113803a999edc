"""A semantic patch: how it is written, where it fits, and the edits that it makes there.

    A list frees what it holds.

    Why that is so, in as many lines as it takes.

    Finding: $TYPE.clear() forgets its elements
    Files: library
    Where: $place is a name

    @@ An element is freed before it is overwritten. @@
     this.set($place, $value)
    +$value.destroy()

    @@? A change that may be missing. @@
     ...

    @@| Another way to have the shape, instead of all changes above. @@
     ...

    === before ===
    === after ===
    === untouched: why it is left alone ===

The changes are written as ``CodeChange`` reads them. A metavariable that starts with a capital letter
stands for the same code in all changes of a patch; any other is the change's own. Where the first change
is in an ``impl``, the others are looked for in there, otherwise in the whole file. All of it is made, or
nothing is. ``Files:`` says where (``tests``, ``library``, or a pattern of paths), and ``Where:`` what must
hold besides the shape (see ``conditions``). The examples are code before and after, and code that stays.
Nothing here knows who owns what: whether a change is safe is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from codemods.semantic_patches.conditions import Condition, Place
from codemods.semantic_patches.facts import NOTHING_KNOWN, Facts
from codemods.semantics.module_paths import is_test_path
from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Module, Node
from tml_ast.pattern import Binding, Match, names_in
from tml_ast.rewrite import CodeChange

METAVARIABLE = re.compile(r"\$(?:\.\.\.|\$\$)?(\w+)")
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
    def brought(self) -> list[str]:
        """The names that the lines that come declare, and those that go do not."""
        gone = _DECLARED.findall("\n".join(line[1:] for line in self.text.splitlines() if line[:1] == "-"))
        return [name for name in _DECLARED.findall(self.change.added) if name not in gone]

    @property
    def names(self) -> frozenset[bytes]:
        """The names that stand in all code that the change could be made to."""
        lines = (line[1:] for line in self.text.splitlines() if not line.startswith("+"))
        return names_in("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Scope:
    """The files that a patch is for: those that any of the words names; without words, all."""

    words: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        """Whether a file is one of them, by its posix path from the root of the tree."""
        return not self.words or any(_names(word, path) for word in self.words)


def _names(word: str, path: str) -> bool:
    if word in ("tests", "library"):
        return is_test_path(path) == (word == "tests")
    return fnmatchcase(path, word)


@dataclass(frozen=True, slots=True)
class Example:
    """Code before and after a patch, which are the same where it leaves the code alone."""

    title: str
    line: int
    """Where it starts in the file of the patch."""
    before: str
    after: str


@dataclass(frozen=True)
class SemanticPatch:
    """Changes that belong together, why they are made, and the finding where they can be."""

    name: str
    summary: str
    reason: str
    finding: str
    """What is wrong with the code as it is; its first metavariable is what the finding is about."""
    alternatives: tuple[tuple[Hunk, ...], ...]
    """The changes that must be there together, of each shape that the code may have."""
    scope: Scope = Scope()
    conditions: tuple[Condition, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        """All changes."""
        return tuple(hunk for hunks in self.alternatives for hunk in hunks)

    @cached_property
    def names(self) -> tuple[frozenset[bytes], ...]:
        """For each alternative the names that stand in every file that it fits."""
        return tuple(
            frozenset[bytes]().union(*(hunk.names for hunk in hunks if not hunk.is_optional))
            for hunks in self.alternatives
        )

    def may_fit(self, names: Container[bytes] | bytes) -> bool:
        """Whether it may fit a file that holds these names, or is this text."""
        return any(all(name in names for name in needed) for needed in self.names)

    @property
    def asks_for_facts(self) -> bool:
        """Whether a condition may ask for more than the file shows."""
        return any(condition.asks_for_facts for condition in self.conditions)

    def applications(self, tree: Module, facts: Facts = NOTHING_KNOWN) -> Iterator[Application]:
        """The places of a file that the whole patch fits."""
        for hunks in self.alternatives:
            for match in hunks[0].change.search(tree):
                scope = match.nodes[0] if isinstance(match.nodes[0], nodes.Impl) else tree
                application = self._completed(hunks, scope, match)
                if application is not None and self._is_met(tree, application, facts):
                    yield application

    def _is_met(self, tree: Module, application: Application, facts: Facts) -> bool:
        """Whether all conditions hold."""
        if not self.conditions:
            return True
        bindings = {name: bound for _, match in application.matches for name, bound in match.bindings.items()}
        changed = application.changed or [application.matches[0][1]]
        place = Place(tree, changed[0], bindings, facts)
        return all(condition.holds(place) for condition in self.conditions)

    def _completed(self, hunks: Sequence[Hunk], scope: Node, first: Match) -> Application | None:
        """The first match with those of the other changes in ``scope``; None unless all is there."""
        shared = _shared(first)
        matches = [(hunks[0], first)]
        for hunk in hunks[1:]:
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
            for name in METAVARIABLE.findall(hunk.change.added)
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
        return self._filled_in(METAVARIABLE.findall(self.patch.finding)[0])

    @property
    def message(self) -> str:
        """The finding, in the names of the file."""
        return METAVARIABLE.sub(lambda variable: self._filled_in(variable[1]), self.patch.finding)

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
        if not any(hunk.brought for hunk, _ in self.matches):
            return None
        functions = [node for node in tree.walk() if isinstance(node, nodes.Function)]
        for hunk, match in self.matches:
            if not hunk.brought:
                continue
            start = match.nodes[0].start
            around = [function for function in functions if function.start <= start < function.end]
            if around:
                known = {token.text for token in around[-1].tokens() if token.type == "IDENT"}
            else:
                known = {function.name for function in functions}
            for name in hunk.brought:
                if name in known:
                    return name
        return None


def _shared(match: Match) -> dict[str, Binding]:
    return {name: binding for name, binding in match.bindings.items() if name[0].isupper()}


def _agrees(shared: Mapping[str, Binding], match: Match) -> bool:
    return all(
        name not in shared or shared[name].text.split() == binding.text.split()
        for name, binding in _shared(match).items()
    )
