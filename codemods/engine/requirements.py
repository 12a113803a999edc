"""Which fixes need which others: without those they would not be found, or would be other fixes.

A fix needs another if it changes text that the other one inserted. All else is found by trial: a fix *holds*
in a tree with some of the others if its rule finds it there, and makes of the file what the whole plan makes
of it. The fewest fixes that were made before it and with which it holds are searched for, the likeliest
causes first. Fixes that were made before one do not hide it, so the last fix of the shortest list that
suffices is needed; a search takes a few trials for each fix that is needed, as in delta debugging (Zeller and
Hildebrandt, TSE 2002), and not one for each that is there.

Fixes that were made in the same round or later may hide it: the last caller that lost a string is fixed, and
no function needs a mark any more. Whichever would do so needs it. They are sought where they are likely:
directly beside it, in its function, and in functions that name its function or that its function names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from pathlib import PurePosixPath

from codemods.engine.jobs import FilesResult, FixId, MadeFix, Needs
from codemods.model.fix_plan import reached
from codemods.model.progress import Progress

Trial = Callable[[str, str, Mapping[str, bytes]], Sequence[bytes]]
"""What each fix of a rule makes of a file, by path and rule, in a tree where some files have other texts."""

Fixes = frozenset[FixId]
NONE: Fixes = frozenset()

_WORD = re.compile(rb"[A-Za-z_]\w*")

_HEADER = re.compile(rb"\s*(?:pub\s+)?(?:func|type|impl)\b")
_TYPE = re.compile(rb"\s*(?:pub\s+)?type\b")


def _subjects(fix: MadeFix) -> set[bytes]:
    """The names of the function that a fix is about, or of the type of a method that it writes."""
    return {fix.key.function.rpartition(".")[2].encode(), fix.key.function.partition(".")[0].encode()}


class Search:
    """The search for what each of some ``fixes`` needs of the others; the ``results`` are of their files.

    Those of which that is ``known`` were all made before the others were found. What others need among
    themselves is therefore looked for in a tree that has all of these.
    """

    def __init__(
        self,
        fixes: Iterable[MadeFix],
        results: Iterable[FilesResult],
        trial: Trial,
        known: Needs,
    ) -> None:
        self._fixes = {fix.id: fix for fix in fixes}
        results = tuple(results)
        histories = {path: history for result in results for path, history in result.histories.items()}
        self._messages = {each.key: each.message for result in results for each in result.findings}
        self._histories = histories
        self._trial = trial
        self._needs: dict[FixId, Fixes] = dict(known)
        self._known: Fixes = frozenset(known)
        self._lines: dict[str, list[bytes]] = {}
        self._tried: dict[tuple[str, str, Fixes], Sequence[bytes]] = {}

    def needs(self, progress: Progress) -> Needs:
        """What each fix needs that is not known yet: what it needs itself, not what that needs in turn."""
        wanted = [fix for fix in self._fixes.values() if fix.id not in self._needs]
        for done, fix in enumerate(wanted):
            progress("what fixes need", done, len(wanted))
            self._needs[fix.id] = self._least(fix.id, self._needed(fix))
        beside = [*self._neighbours({fix.key.path for fix in wanted}), *self._in_one_function(wanted)]
        for first, second in dict.fromkeys(beside):
            self._put_in_order(first, second)
        for done, (fix, others) in enumerate(related := self._related(wanted)):
            progress("which fixes come first", done, len(related))
            self._keep(fix, others)
        return {fix.id: self._needs[fix.id] for fix in wanted}

    def _closure(self, fixes: Iterable[FixId]) -> Fixes:
        """Some fixes with all that they need."""
        return reached(fixes, self._needs)

    def _least(self, fix: FixId, needed: Iterable[FixId]) -> Fixes:
        """What a fix needs without that which others of these need anyway, and not only by way of it."""
        chosen = set(needed)
        needs = {**self._needs, fix: NONE}
        for other in sorted(chosen):
            if other in reached(chosen - {other}, needs):
                chosen.discard(other)
        return frozenset(chosen)

    # -- causes ---------------------------------------------------------------------------------

    def _needed(self, fix: MadeFix) -> set[FixId]:
        """Some fixes that are enough for one; leaving any out would not be."""
        path = fix.key.path
        needed = {FixId(path, number) for number in self._histories[path].needs(fix.number)}
        before = [other for other in self._fixes.values() if other.round < fix.round]
        own = [other for other in before if other.id not in self._known]
        needed |= self._enough(fix, own, needed, self._known)
        return needed | self._enough(fix, [other for other in before if other not in own], needed, NONE)

    def _enough(
        self, fix: MadeFix, others: Sequence[MadeFix], needed: Iterable[FixId], beside: Fixes
    ) -> set[FixId]:
        """Which of some others must be added to what is needed, in a tree that has those ``beside``."""
        added: set[FixId] = set()
        base = beside | self._closure(needed)
        if not others or self._holds(fix, base):
            return added
        candidates = [other for other in self._likeliest_first(fix, others) if other not in base]
        while not self._holds(fix, base):
            size = self._shortest(fix, base, candidates)
            if size is None:
                return {other.id for other in others}
            added.add(candidates[size - 1])
            base |= self._closure(added)
            candidates = candidates[: size - 1]
        return added

    def _shortest(self, fix: MadeFix, base: Fixes, candidates: Sequence[FixId]) -> int | None:
        """How many of the candidates are enough beside ``base``, from the first on; None if all are not."""
        enough = 1
        while not self._holds(fix, base | self._closure(candidates[:enough])):
            if enough >= len(candidates):
                return None
            enough = min(2 * enough, len(candidates))
        too_few = enough // 2
        while enough - too_few > 1:
            middle = (enough + too_few) // 2
            if self._holds(fix, base | self._closure(candidates[:middle])):
                enough = middle
            else:
                too_few = middle
        return enough

    def _holds(self, fix: MadeFix, chosen: Fixes) -> bool:
        """Whether a fix is found, as it is in the plan, in a tree with those chosen and no others."""
        path, chosen = fix.key.path, chosen - {fix.id}
        history = self._histories[path]
        numbers = {other.number for other in chosen if other.path == path}
        before, after = history.text(numbers), history.text(numbers | {fix.number})
        if before == after:
            return True
        trial = path, fix.key.rule, chosen
        if trial not in self._tried:
            self._tried[trial] = self._trial(path, fix.key.rule, self._texts(chosen))
        return after in self._tried[trial]

    def _texts(self, chosen: Fixes) -> dict[str, bytes]:
        """The files that those chosen change."""
        numbers: dict[str, set[int]] = {}
        for fix in chosen:
            numbers.setdefault(fix.path, set()).add(fix.number)
        return {path: self._histories[path].text(numbers[path]) for path in sorted(numbers)}

    # -- guesses --------------------------------------------------------------------------------

    def _likeliest_first(self, fix: MadeFix, others: Iterable[MadeFix]) -> list[FixId]:
        """Others in the order in which to try them: those that name the same things first."""
        known = {need for other, needs in self._needs.items() if other.path == fix.key.path for need in needs}
        words = self._words[fix.id]

        def rank(other: MadeFix) -> tuple[bool, bool, float, int]:
            is_beside = (other.key.path, other.key.function) == (fix.key.path, fix.key.function)
            shared = sum(1 / self._frequencies[word] for word in words & self._words[other.id])
            return not is_beside, other.id not in known, -shared, -other.round

        return [other.id for other in sorted(others, key=rank)]

    @cached_property
    def _words(self) -> dict[FixId, frozenset[bytes]]:
        """The names in what each fix inserts and removes, in its message, and of its function and file."""
        words: dict[FixId, set[bytes]] = {}
        for fix in self._fixes.values():
            key = fix.key
            text = f"{key.function} {self._messages.get(key, '')} {PurePosixPath(key.path).stem}"
            words[fix.id] = set(_WORD.findall(text.encode("utf-8", "surrogateescape")))
        for path, history in self._histories.items():
            for piece in history.pieces:
                for number in piece.owners:
                    words.setdefault(FixId(path, number), set()).update(_WORD.findall(piece.text))
        return {fix: frozenset(found) for fix, found in words.items()}

    @cached_property
    def _frequencies(self) -> Counter[bytes]:
        return Counter(word for words in self._words.values() for word in words)

    # -- order ----------------------------------------------------------------------------------

    def _neighbours(self, paths: Iterable[str]) -> Iterator[tuple[MadeFix, MadeFix]]:
        """The fixes that insert text directly before and after each other."""
        for path in sorted(paths):
            before: frozenset[int] = frozenset()
            for piece in self._histories[path].pieces:
                if piece.makers:
                    for first in sorted(before):
                        for second in sorted(piece.makers - {first}):
                            yield self._fixes[FixId(path, first)], self._fixes[FixId(path, second)]
                    before = piece.makers
                elif not piece.removers:
                    before = frozenset()

    def _in_one_function(self, fixes: Iterable[MadeFix]) -> Iterator[tuple[MadeFix, MadeFix]]:
        """The fixes of one function, where one may spare the other."""
        functions: dict[tuple[str, str], list[MadeFix]] = {}
        for fix in fixes:
            functions.setdefault((fix.key.path, fix.key.function), []).append(fix)
        for together in functions.values():
            yield from combinations(together, 2)

    def _related(self, fixes: Iterable[MadeFix]) -> list[tuple[MadeFix, list[MadeFix]]]:
        """Each fix with those that name its function or type, or that its function or type names."""
        named: dict[bytes, list[MadeFix]] = {}
        naming: dict[bytes, list[MadeFix]] = {}
        for fix in fixes:
            for name in _subjects(fix):
                named.setdefault(name, []).append(fix)
            for name in self._related_words(fix):
                naming.setdefault(name, []).append(fix)
        related: dict[FixId, dict[FixId, MadeFix]] = {}
        for name in named.keys() & naming.keys():
            for one in named[name]:
                for other in naming[name]:
                    if one is other:
                        continue
                    related.setdefault(one.id, {})[other.id] = other
                    related.setdefault(other.id, {})[one.id] = one
        return [
            (fix, [others[other] for other in sorted(others)])
            for fix in fixes
            if (others := related.get(fix.id))
        ]

    def _related_words(self, fix: MadeFix) -> set[bytes]:
        """The names of what a fix may spare or change, or be spared by.

        A method is not related to all others of its type; what is found at the type itself is.
        """
        is_of_type = _TYPE.match(self._original_lines(fix.key.path)[fix.key.line - 1])
        return self._function_words(fix) - (set() if is_of_type else _subjects(fix))

    def _function_words(self, fix: MadeFix) -> set[bytes]:
        """The names between the headers before and after the line of a fix: about those of its function."""
        lines = self._original_lines(fix.key.path)
        start = end = fix.key.line - 1
        while start > 0 and not _HEADER.match(lines[start]):
            start -= 1
        while end + 1 < len(lines) and not _HEADER.match(lines[end + 1]):
            end += 1
        return set(_WORD.findall(b"\n".join(lines[start : end + 1])))

    def _original_lines(self, path: str) -> list[bytes]:
        if path not in self._lines:
            self._lines[path] = self._histories[path].original.split(b"\n")
        return self._lines[path]

    def _keep(self, kept: MadeFix, others: Sequence[MadeFix]) -> None:
        """Let some of the others need a fix that would not be as it is where all of them are made first."""
        base = self._known | self._closure([kept.id]) - {kept.id}

        def holds(first: Iterable[MadeFix]) -> bool:
            return self._holds(kept, base | self._closure(other.id for other in first))

        while True:
            before = self._closure([kept.id])
            free = [
                other
                for other in others
                if other.id not in before and kept.id not in self._closure([other.id])
            ]
            if not free or holds(free):
                return
            enough, too_few = len(free), 0
            while enough - too_few > 1:
                middle = (enough + too_few) // 2
                if holds(free[:middle]):
                    too_few = middle
                else:
                    enough = middle
            spoiler = free[enough - 1].id
            self._needs[spoiler] = self._least(spoiler, (*self._needs[spoiler], kept.id))

    def _put_in_order(self, first: MadeFix, second: MadeFix) -> None:
        """Let one of two fixes need the other if that would not be as it is where the one is made first."""
        for fix, other in ((first, second), (second, first)):
            if other.id in self._closure([fix.id]):
                continue
            others = self._closure((*self._needs[fix.id], *self._needs[other.id])) - {other.id}
            if not self._holds(other, self._known | others | {fix.id}):
                self._needs[fix.id] = self._least(fix.id, (*self._needs[fix.id], other.id))
