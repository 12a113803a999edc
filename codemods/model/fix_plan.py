"""The plan of a tree: all findings and fixes, and any choice among them. Every command shows a view of it.

A choice is *closed* if it has all that its fixes need. Each closed choice gives a tree that parses, in which
exactly the chosen fixes are made; what remains of the plan is then what is found in that tree.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from codemods.model.findings import Change, Finding, FindingKey, InputError, PhaseResult, Verdict
from tml_ast.replay import History

Key = TypeVar("Key", bound=Hashable)
Keys = frozenset[FindingKey]
NOTHING: Keys = frozenset()
EVERY_FILE = "*"
"""Stands for all files where a fix says in which ones others must follow it."""


def everywhere(_path: str) -> bool:
    """A choice of files that leaves none out."""
    return True


def everything(_finding: Finding) -> bool:
    """A choice of findings that leaves none out."""
    return True


def never(_keys: Keys) -> bool:
    """What fixes need is of no interest."""
    return False


def always(_keys: Keys) -> bool:
    """What fixes need is of interest."""
    return True


def divides(
    keys: Keys, phases: Collection[int], includes: Callable[[str], bool], *, apart: bool = False
) -> bool:
    """Whether these phases and files, or each of these phases ``apart``, have only a part of some fixes."""
    if not all(key.phase in phases and includes(key.path) for key in keys):
        return any(key.phase in phases and includes(key.path) for key in keys)
    return apart and len({key.phase for key in keys}) > 1


@dataclass(frozen=True, slots=True)
class FixPlan:
    """What was found in a tree, and the edits that fix it."""

    findings: tuple[Finding, ...] = ()
    """In the order of `Finding.place`."""
    histories: Mapping[str, History[FindingKey]] = field(default_factory=dict)
    """Of each file with a fix: which finding makes which edit."""
    suppressed: tuple[Finding, ...] = ()
    """Findings that a comment in the source suppresses."""
    errors: tuple[InputError, ...] = ()
    requires: Mapping[FindingKey, Keys] | None = None
    """The fixes without which each fix is not found, or is another; None if nobody asked for that."""

    @property
    def fixable(self) -> Keys:
        """The findings that are fixed unless somebody decides otherwise."""
        return frozenset(finding.key for finding in self.findings if finding.verdict is Verdict.FIXABLE)

    def closed(self, keys: Iterable[FindingKey]) -> Keys:
        """These fixes with all that they need."""
        return reached(keys, self.requires or {})

    def dependents(self, keys: Iterable[FindingKey]) -> Keys:
        """These fixes with all that cannot be made without them."""
        backwards: dict[FindingKey, set[FindingKey]] = {}
        for key, needed in (self.requires or {}).items():
            for other in needed:
                backwards.setdefault(other, set()).add(key)
        return reached(keys, backwards)

    def change(self, path: str, before: Keys, after: Keys) -> Change | None:
        """What a file is with some fixes, and with others; None if that is the same."""
        history = self.histories[path]
        change = Change(history.text(before), history.text(after))
        return change if change.before != change.after else None

    def changes(self, before: Keys, after: Keys) -> dict[str, Change]:
        """The files that are not the same with these fixes and with those."""
        touched = {key.path for key in before | after}
        changes = {path: self.change(path, before, after) for path in sorted(touched)}
        return {path: change for path, change in changes.items() if change is not None}

    # -- views ----------------------------------------------------------------------------------

    def together(
        self,
        phases: Sequence[int],
        chosen: Keys | None = None,
        includes: Callable[[Finding], bool] = everything,
    ) -> tuple[PhaseResult, ...]:
        """The plan for one tree: each phase has the changes in its own files.

        Of the fixes that are included those ``chosen`` are made, by default all that are fixable, with all
        that they need.
        """
        asked_for = self._asked_for(phases, chosen, includes)
        made = self.closed(asked_for)
        changes = self.changes(NOTHING, made)
        owners = {key.path: key.phase for key in made}
        numbers = sorted({*phases, *(key.phase for key in made)})
        results = []
        for number in numbers:
            here = {path: change for path, change in changes.items() if owners[path] == number}
            taken = self._of(key for key in made - asked_for if key.phase == number)
            results.append(self._result(number, number in phases, chosen, includes, here, taken))
        return tuple(results)

    def on_branches(
        self,
        phases: Sequence[int],
        chosen: Keys | None = None,
        includes: Callable[[Finding], bool] = everything,
        *,
        stacked: bool = False,
    ) -> tuple[PhaseResult, ...]:
        """The plan for one branch a phase: each has its own fixes and all that these need.

        Each starts from the tree as it is, or where they are ``stacked`` from the one before it.
        """
        before = NOTHING
        results = []
        for number in sorted(phases):
            own = self._asked_for([number], chosen, includes)
            made = before | self.closed(own)
            taken = self._of(made - before - own)
            changes = self.changes(before, made)
            results.append(self._result(number, True, chosen, includes, changes, taken))
            before = made if stacked else NOTHING
        return tuple(results)

    def _asked_for(
        self, phases: Collection[int], chosen: Keys | None, includes: Callable[[Finding], bool]
    ) -> Keys:
        keys = self.fixable if chosen is None else chosen
        return frozenset(
            finding.key
            for finding in self.findings
            if finding.key in keys and finding.phase in phases and includes(finding)
        )

    def _of(self, keys: Iterable[FindingKey]) -> tuple[Finding, ...]:
        wanted = frozenset(keys)
        return tuple(finding for finding in self.findings if finding.key in wanted)

    def _result(
        self,
        phase: int,
        is_asked_for: bool,
        chosen: Keys | None,
        includes: Callable[[Finding], bool],
        changes: Mapping[str, Change],
        taken: tuple[Finding, ...],
    ) -> PhaseResult:
        def shown(findings: Iterable[Finding]) -> list[Finding]:
            return [each for each in findings if is_asked_for and each.phase == phase and includes(each)]

        taken_keys = {finding.key for finding in taken}
        findings = [finding for finding in shown(self.findings) if finding.key not in taken_keys]
        declined: list[Finding] = []
        if chosen is not None:
            declined = [each for each in findings if each.edits and each.key not in chosen]
            findings = [
                replace(each, verdict=Verdict.FIXABLE)
                for each in findings
                if each.key in chosen and each.edits
            ]
        return PhaseResult(
            phase, tuple(findings), changes, tuple(declined), tuple(shown(self.suppressed)), taken
        )


def reached(keys: Iterable[Key], following: Mapping[Key, Collection[Key]]) -> frozenset[Key]:
    """Some keys with all that follow from them."""
    found: set[Key] = set()
    pending = list(keys)
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending += following.get(key, ())
    return frozenset(found)
