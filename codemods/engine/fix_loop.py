"""Rounds of fixes: what the rules propose for some files is made, checked, and looked at again."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

from codemods.engine.jobs import Fixed
from codemods.engine.suppressions import RULE as SUPPRESSION_COMMENT
from codemods.engine.suppressions import suppressions
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.facts import Facts
from codemods.model.findings import Change, Edit, Finding, FindingKey, InputError, Verdict
from codemods.model.phases import Phase
from codemods.model.progress import Progress
from codemods.model.settings import Settings
from codemods.ownership.obligations import Analysis
from codemods.ownership.use_after_free import misuses
from codemods.rules import RULES
from codemods.rules.rule import Rule
from codemods.semantics.symbols import SourceFile
from tml_ast import TmlSyntaxError, parse, position
from tml_ast.edit import EditConflict, SourceEdit, apply, compose, in_order

OFFERED = -1
"""The owner of edits that are only offered."""

MAX_ROUNDS = 24
"""Fixes that still call for others after so many rounds are a fault of a rule."""


@dataclass(slots=True)
class _Draft:
    """A finding that was fixed: where it was, and the number that its edits carry."""

    number: int
    path: str
    proposal: Diagnostic
    line: int
    column: int


@dataclass(slots=True)
class _Attempt:
    """One run of a phase to its fixpoint."""

    files: dict[str, SourceFile]
    edits: dict[str, list[SourceEdit]] = field(default_factory=dict)
    drafts: list[_Draft] = field(default_factory=list)
    open: list[tuple[str, Diagnostic]] = field(default_factory=list)
    declined: list[tuple[str, Diagnostic]] = field(default_factory=list)
    suppressed: list[tuple[str, Diagnostic]] = field(default_factory=list)
    useful: set[tuple[str, int, str]] = field(default_factory=set)
    """Where, by file, line and rule, a comment suppressed a finding, though another fix may mend it later."""


@dataclass(slots=True)
class _Sorted:
    """The proposals of one round, by what becomes of them."""

    accepted: list[tuple[str, Diagnostic]] = field(default_factory=list)
    open: list[tuple[str, Diagnostic]] = field(default_factory=list)
    declined: list[tuple[str, Diagnostic]] = field(default_factory=list)
    suppressed: list[tuple[str, Diagnostic]] = field(default_factory=list)


class _Fault(Exception):
    """A fix that did not hold: the file and what is wrong with it."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


class FixLoop:
    """The rounds of fixes of some files of a phase, until nothing is left to fix.

    ``look`` tells what is known about the files as they are now, given what was known before; ``original``
    what is known about them without any fix. With ``wanted``, exactly the findings that it names are fixed.
    """

    def __init__(
        self,
        files: Mapping[str, SourceFile],
        phase: Phase,
        settings: Settings,
        wanted: Container[FindingKey] | None,
        look: Callable[[Mapping[str, SourceFile], Facts | None], Facts],
        original: Callable[[], Analysis],
        report: Progress,
    ) -> None:
        self.originals = files
        self.files = dict(files)
        """The files with their fixes, once those are made."""
        self.facts: Facts | None = None
        """What is known about them then."""
        self.scope = list(files)
        self.phase = phase
        self.wanted = wanted
        self.look = look
        self.original = original
        self.report = report
        self.rules = [rule for rule in RULES.values() if settings.applies(rule.name)]
        self.suppressions = {path: tuple(suppressions(file)) for path, file in files.items()}

    def run(self) -> Fixed:
        """Run to the fixpoint; a file whose fixes do not hold is left alone and the rest done again."""
        excluded: set[str] = set()
        faults: list[InputError] = []
        while True:
            try:
                attempt = self._attempt(excluded)
                break
            except _Fault as fault:
                excluded.add(fault.path)
                message = f"left as it was: {fault.message}; this is a fault of tmlfix"
                faults.append(InputError(fault.path, message))
        self.files = attempt.files
        changes = {
            path: Change(self.originals[path].source, attempt.files[path].source)
            for path, edits in sorted(attempt.edits.items())
            if edits
        }
        return Fixed(
            tuple(self._findings(attempt)),
            changes,
            declined=self._unfixed(attempt, attempt.declined),
            suppressed=self._unfixed(attempt, attempt.suppressed),
            errors=tuple(faults),
        )

    # -- rounds -------------------------------------------------------------------------------

    def _attempt(self, excluded: set[str]) -> _Attempt:
        attempt = _Attempt(dict(self.originals))
        fixed_before: set[tuple[str, str, str, int]] = set()
        facts: Facts | None = None
        paths: Sequence[str] = self.scope
        accepted: dict[str, list[Diagnostic]] = {}
        for round_number in range(MAX_ROUNDS):
            if facts is None or accepted:
                facts = self.look(attempt.files, facts)
            proposals = self._proposals(facts, attempt, excluded, paths, round_number)
            sorted_ = self._sort(attempt, proposals)
            accepted = _accept(sorted_.accepted)
            if not accepted and len(paths) < len(self.scope):
                paths = self.scope
            elif accepted:
                # What was changed is done first; then it is seen what that means for the others.
                paths = list(accepted)
                for path, chosen in accepted.items():
                    self._apply(attempt, path, chosen, fixed_before)
            else:
                attempt.open = sorted_.open
                attempt.declined = sorted_.declined
                attempt.suppressed = sorted_.suppressed
                self._check_misuses(facts.analysis, attempt)
                self.facts = facts
                return attempt
        raise _Fault(paths[0], "its fixes call for ever more fixes")

    def _proposals(
        self,
        facts: Facts,
        attempt: _Attempt,
        excluded: set[str],
        paths: Sequence[str],
        round_number: int,
    ) -> list[tuple[str, Diagnostic]]:
        found: list[tuple[str, Diagnostic]] = []
        for done, path in enumerate(paths):
            self.report(f"phase {self.phase.number}, round {round_number + 1}", done, len(paths))
            line = partial(self._original_line, path, attempt.edits.get(path, []))
            context = Context(facts, attempt.files[path], line)
            for rule in self.rules:
                for proposal in self._checked(rule, context, excluded):
                    found.append((path, proposal))
        return found

    def _checked(self, rule: Rule, context: Context, excluded: set[str]) -> list[Diagnostic]:
        """What a rule proposes for a file; a rule that fails or contradicts itself is a fault."""
        path = context.file.path
        try:
            proposals = list(rule.check(context.for_rule(rule.name)))
        except Exception as error:
            if path in excluded:
                return []
            raise _Fault(path, f"{rule.name} failed ({type(error).__name__}: {error})") from error
        if path in excluded:
            message = "{}; left alone, because a fix in this file did not hold"
            return [
                each
                if each.verdict is not Verdict.FIXED
                else replace(each, verdict=Verdict.REPORTED, edits=(), message=message.format(each.message))
                for each in proposals
            ]
        for each in proposals:
            if _collide(each.edits):
                raise _Fault(path, f"the edits of {rule.name} for {each.function} overlap")
        return proposals

    def _sort(self, attempt: _Attempt, proposals: Iterable[tuple[str, Diagnostic]]) -> _Sorted:
        """Decide what becomes of each proposal; one that is for review is a fix if it is wanted."""
        result = _Sorted()
        for path, proposal in proposals:
            line, column = self._original_position(attempt, path, proposal)
            key = FindingKey(self.phase.number, path, line, column, proposal.rule, proposal.function)
            if any(each.covers(line, proposal.rule) for each in self.suppressions[path]):
                result.suppressed.append((path, proposal))
                attempt.useful.add((path, line, proposal.rule))
            elif proposal.verdict is Verdict.REPORTED:
                result.open.append((path, proposal))
            elif self.wanted is not None and key in self.wanted:
                result.accepted.append((path, replace(proposal, verdict=Verdict.FIXED)))
            elif self.wanted is None and proposal.verdict is Verdict.FIXED:
                result.accepted.append((path, proposal))
            elif proposal.verdict is Verdict.REVIEW:
                result.open.append((path, proposal))
            else:
                result.declined.append((path, proposal))
        return result

    def _original_position(self, attempt: _Attempt, path: str, proposal: Diagnostic) -> tuple[int, int]:
        """Line and column of a proposal in the file as the user knows it."""
        offset = _original_offset(attempt.edits.get(path, []), proposal.offset)
        return position(self.originals[path].source, offset)

    def _original_line(self, path: str, edits: Sequence[SourceEdit], offset: int) -> int:
        return position(self.originals[path].source, _original_offset(edits, offset))[0]

    def _apply(
        self,
        attempt: _Attempt,
        path: str,
        proposals: Sequence[Diagnostic],
        fixed_before: set[tuple[str, str, str, int]],
    ) -> None:
        """Make the edits of one file, and read the result again."""
        file = attempt.files[path]
        so_far = attempt.edits.get(path, [])
        edits: list[SourceEdit] = []
        for proposal in proposals:
            original = _original_offset(so_far, proposal.offset)
            key = (path, proposal.rule, proposal.message, original)
            if key in fixed_before:
                raise _Fault(path, f"{proposal.rule} finds {proposal.function} again after its fix")
            fixed_before.add(key)
            number = len(attempt.drafts)
            line, column = position(self.originals[path].source, original)
            attempt.drafts.append(_Draft(number, path, proposal, line, column))
            owners = frozenset((number,))
            edits += (SourceEdit(each.start, each.end, each.text, owners) for each in proposal.edits)
        source = apply(file.source, edits)
        try:
            tree = parse(source)
        except TmlSyntaxError as error:
            raise _Fault(path, f"with its fixes it would not parse ({error})") from None
        attempt.files[path] = SourceFile(path, source, tree, file.module)
        attempt.edits[path] = compose(so_far, edits)

    # -- the self-check -----------------------------------------------------------------------

    def _misuses(self, analysis: Analysis, paths: Iterable[str]) -> dict[tuple[str, str], int]:
        """How many releases and other uses may find their value released, by file and function."""
        counts: dict[tuple[str, str], int] = {}
        for path in paths:
            for function in analysis.index.functions_in(analysis.index.files[path]):
                graph = analysis.summaries.graph(function)
                if graph is not None:
                    key = path, function.qualified_name
                    counts[key] = counts.get(key, 0) + misuses(analysis, graph)
        return counts

    def _check_misuses(self, analysis: Analysis, attempt: _Attempt) -> None:
        changed = [path for path, edits in attempt.edits.items() if edits]
        if not changed:
            return
        baseline = self._misuses(self.original(), changed)
        for (path, function), count in self._misuses(analysis, changed).items():
            if count > baseline.get((path, function), 0):
                raise _Fault(path, f"a path of {function} would release a value twice or use it afterwards")

    # -- results ------------------------------------------------------------------------------

    def _findings(self, attempt: _Attempt) -> Iterator[Finding]:
        found = [*self._complaints(attempt.useful)]
        for draft in attempt.drafts:
            edits = _edits_of(attempt.edits[draft.path], draft.number)
            found.append(self._finding(draft.path, draft.proposal, draft.line, draft.column, edits))
        for path, proposal in attempt.open:
            offered = [
                SourceEdit(each.start, each.end, each.text, frozenset((OFFERED,))) for each in proposal.edits
            ]
            edits = _edits_of(compose(attempt.edits.get(path, []), offered), OFFERED)
            line, column = self._original_position(attempt, path, proposal)
            found.append(self._finding(path, proposal, line, column, edits))
        return iter(sorted(found, key=lambda each: (each.path, each.line, each.column, each.rule)))

    def _unfixed(self, attempt: _Attempt, proposals: Iterable[tuple[str, Diagnostic]]) -> tuple[Finding, ...]:
        found = (
            self._finding(path, proposal, *self._original_position(attempt, path, proposal), ())
            for path, proposal in proposals
        )
        return tuple(sorted(found, key=lambda each: each.key))

    def _complaints(self, useful: Iterable[tuple[str, int, str]]) -> Iterator[Finding]:
        """What is wrong with the comments that suppress findings."""
        for path, comments in self.suppressions.items():
            for comment in comments:
                used = {rule for file, line, rule in useful if file == path and comment.covers(line, rule)}
                for message in comment.complaints(used, RULES):
                    yield Finding(
                        self.phase.number,
                        SUPPRESSION_COMMENT,
                        path,
                        comment.line,
                        comment.column,
                        "",
                        message,
                        Verdict.REPORTED,
                    )

    def _finding(
        self, path: str, proposal: Diagnostic, line: int, column: int, edits: tuple[Edit, ...]
    ) -> Finding:
        return Finding(
            self.phase.number,
            proposal.rule,
            path,
            line,
            column,
            proposal.function,
            proposal.message,
            proposal.verdict,
            edits,
        )


def _edits_of(edits: Iterable[SourceEdit], owner: int) -> tuple[Edit, ...]:
    """The edits that belong to a finding, as findings have them."""
    return tuple(
        Edit(each.start, each.end, each.text.decode("utf-8", "surrogateescape"))
        for each in edits
        if owner in each.owners
    )


def _accept(proposals: Iterable[tuple[str, Diagnostic]]) -> dict[str, list[Diagnostic]]:
    """For each file the proposals to make now; what collides with another waits for the next round.

    In one function only one rule has its turn, so that names made by two cannot meet.
    """
    accepted: dict[str, list[Diagnostic]] = {}
    turns: dict[tuple[str, str], str] = {}
    for path, proposal in proposals:
        if turns.setdefault((path, proposal.function), proposal.rule) != proposal.rule:
            continue
        chosen = accepted.setdefault(path, [])
        beside = [each for each in chosen if each.function == proposal.function]
        if beside and (proposal.opens_block or any(each.opens_block for each in beside)):
            continue
        edits = [edit for each in [*chosen, proposal] for edit in each.edits]
        if _collide(edits):
            continue
        chosen.append(proposal)
    return {path: chosen for path, chosen in accepted.items() if chosen}


def _collide(edits: Sequence[SourceEdit]) -> bool:
    """Whether edits overlap, or replacements touch so that their order would matter."""
    try:
        ordered = in_order(edits)
    except EditConflict:
        return True
    return any(
        first.end == second.start and first.start < first.end and second.start < second.end
        for first, second in pairwise(ordered)
    )


def _original_offset(edits: Sequence[SourceEdit], offset: int) -> int:
    """Where an offset of the edited text lies in the original; inside an edit, where that starts."""
    grown = 0
    for edit in in_order(edits):
        start = edit.start + grown
        if offset < start:
            break
        if offset < start + len(edit.text):
            return edit.start
        grown += len(edit.text) - (edit.end - edit.start)
    return offset - grown
