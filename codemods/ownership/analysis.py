"""All that is known about one state of a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from codemods.model.compiler_profile import ALL_TRAITS, Traits
from codemods.ownership.aliases import Aliases
from codemods.ownership.cfg.graph import ControlFlowGraph
from codemods.ownership.compiler.drops import Drops
from codemods.ownership.obligations import Obligations
from codemods.ownership.releases import Releases
from codemods.ownership.string_lifetimes import StringLifetimes
from codemods.ownership.string_values import StringValues
from codemods.ownership.summaries.accesses import Accesses
from codemods.ownership.summaries.summaries import Summaries
from codemods.semantics.symbols import FunctionInfo, Index, SourceFile, Type


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found in files beside a library, for the next state of that library."""

    functions: Mapping[SourceFile, Sequence[FunctionInfo]]
    graphs: Mapping[FunctionInfo, ControlFlowGraph | None]


class Analysis:
    """All the facts about one state of a workspace; those of ``previous`` are reused where they hold.

    Facts about the ``library`` of the index are taken from there. Where there is one, so are the ``traits``,
    the defects of the compiler that the analysis has to reckon with.
    """

    def __init__(
        self,
        index: Index,
        previous: Analysis | None = None,
        library: Analysis | None = None,
        traits: Traits = ALL_TRAITS,
    ) -> None:
        self.index = index
        self.follows = id(previous) if previous is not None else None
        """The identity of the earlier state."""
        self.drops: Drops = Drops(index, traits, library.drops if library is not None else None)
        self.summaries: Summaries = Summaries(
            index,
            self.drops,
            previous.summaries if previous is not None else None,
            library.summaries if library is not None else None,
        )
        self.releases: Releases = Releases(
            index, self.summaries, self.drops, library.releases if library is not None else None
        )
        self.string_values: StringValues = StringValues(
            index, self.summaries, self.drops, library.string_values if library is not None else None
        )
        self.string_lifetimes: StringLifetimes = StringLifetimes(
            index,
            self.summaries,
            self.drops,
            self.releases,
            self.string_values,
            library.string_lifetimes if library is not None else None,
        )
        self.aliases = Aliases(self.summaries)
        self.accesses = Accesses(self.summaries)
        self.obligations: Obligations = Obligations(
            index,
            self.summaries,
            self.drops,
            self.releases,
            self.aliases,
            library.obligations if library is not None else None,
        )
        index.forget_previous()

    def beside(self, files: Iterable[SourceFile], kept: Kept | None = None) -> Analysis:
        """The facts about files outside of this library that use it."""
        declared = kept.functions if kept is not None else None
        found = Analysis(Index(files, library=self.index, declared=declared), library=self)
        if kept is not None:
            found.summaries.graphs.made = dict(kept.graphs)
        return found

    def keep(self) -> Kept:
        """What was found in the files beside the library."""
        index = self.index
        assert index.base is not None
        own = [file for path, file in index.files.items() if path not in index.base.files]
        return Kept({file: index.functions_in(file) for file in own}, self.summaries.graphs.made)

    def is_reserved_in(self, file: SourceFile, name: str) -> bool:
        """Whether a program with ``file`` in it has a function of the name with ``@allocates``."""
        reserving = self.drops.allocating_files.get(name)
        return reserving is not None and not reserving.isdisjoint(self.index.reachable(file))

    @cached_property
    def makers_of_lists(self) -> dict[Type, list[FunctionInfo]]:
        """The functions of the library that return a list, by the type of its elements."""
        found: dict[Type, list[FunctionInfo]] = {}
        for function in self.index.functions_outside_tests:
            returned = function.returns
            if len(returned.arguments) == 1 and returned.bare == "List":
                found.setdefault(returned.arguments[0], []).append(function)
        return found
