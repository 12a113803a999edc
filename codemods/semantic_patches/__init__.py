"""Semantic patches: what to change in code of a certain shape, where no rule could derive the change.

A patch is a file of its own: what it is for, the finding it makes, and changes as ``CodeChange`` reads
them, each under a line ``@@ why @@``. A change whose line starts with ``@@?`` may be missing. A
metavariable that starts with a capital letter stands for the same code in all changes of a patch; any
other is the change's own. Where the first change is in an ``impl``, the others are looked for in there,
otherwise in the whole file. All of it is made, or nothing is. Beside the patch lie an example before and
after, and one that it leaves alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from tml_ast import nodes
from tml_ast.edit import SourceEdit
from tml_ast.nodes import Module, Node
from tml_ast.pattern import Binding, Match, names_in
from tml_ast.rewrite import CodeChange

_HEADING = re.compile(r"^@@(?P<optional>\??) (?P<why>.*) @@$", re.MULTILINE)
_FINDING = re.compile(r"^Finding: (.*)$", re.MULTILINE)


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


@dataclass(frozen=True, slots=True)
class Application:
    """A place that a patch fits: what its changes matched, and what the metavariables stand for."""

    matches: tuple[tuple[Hunk, Match], ...]
    shared: Mapping[str, Binding]

    @property
    def offset(self) -> int:
        """Byte offset of the first place that is changed."""
        return min(match.start for hunk, match in self.matches if not hunk.change.changes_nothing)

    def edits(self, source: bytes) -> list[SourceEdit]:
        """All edits, in the source that was parsed."""
        return [
            edit
            for hunk, match in self.matches
            for edit in hunk.change.edits(source, match, {**self.shared, **match.bindings})
        ]


@dataclass(frozen=True)
class SemanticPatch:
    """A patch with its explanation and its example, before and after."""

    name: str
    summary: str
    reason: str
    finding: str
    hunks: tuple[Hunk, ...]
    example: tuple[str, str]
    untouched: tuple[str, ...]
    """Sources of another shape, which the patch leaves alone."""

    @cached_property
    def names(self) -> frozenset[bytes]:
        """The names that stand in every file that the patch fits."""
        return frozenset[bytes]().union(*(each.names for each in self.hunks if not each.is_optional))

    def applications(self, tree: Module) -> Iterator[Application]:
        """The places of a file that the whole patch fits."""
        for match in self.hunks[0].change.search(tree):
            scope = match.nodes[0] if isinstance(match.nodes[0], nodes.Impl) else tree
            found = self._complete(scope, match)
            if found is not None:
                yield found

    def _complete(self, scope: Node, first: Match) -> Application | None:
        shared = _shared(first)
        matches = [(self.hunks[0], first)]
        for hunk in self.hunks[1:]:
            taken = {id(node) for _, match in matches for node in match.nodes}
            fitting = [
                match
                for match in hunk.change.search(scope)
                if _agree(shared, match) and not any(id(node) in taken for node in match.nodes)
            ]
            if not fitting and not hunk.is_optional:
                return None
            for match in fitting:
                if _agree(shared, match):
                    shared |= _shared(match)
                    matches.append((hunk, match))
        return Application(tuple(matches), shared)


def _shared(match: Match) -> dict[str, Binding]:
    return {name: each for name, each in match.bindings.items() if name[0].isupper()}


def _agree(shared: Mapping[str, Binding], match: Match) -> bool:
    return all(
        name not in shared or shared[name].text.split() == each.text.split()
        for name, each in _shared(match).items()
    )


@cache
def semantic_patches() -> tuple[SemanticPatch, ...]:
    """All patches, by name."""
    folder = files(__name__)
    stems = sorted(
        each.name.removesuffix(".patch") for each in folder.iterdir() if each.name.endswith(".patch")
    )
    return tuple(_read(stem) for stem in stems)


def _read(stem: str) -> SemanticPatch:
    folder = files(__name__)
    head, *pieces = _HEADING.split(folder.joinpath(f"{stem}.patch").read_text("utf-8"))
    summary, _, reason = _FINDING.sub("", head).strip().partition("\n")
    finding = _FINDING.search(head)
    assert finding is not None
    hunks = tuple(
        Hunk(why, text.strip("\n"), bool(optional))
        for optional, why, text in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
    )
    before, after, untouched = (
        folder.joinpath(f"{stem}.{each}.tml").read_text("utf-8") for each in ("before", "after", "untouched")
    )
    reason = " ".join(reason.split())
    name = stem.replace("_", "-")
    return SemanticPatch(name, summary, reason, finding[1], hunks, (before, after), (untouched,))
