"""The fix loop: what the rules find in some files is fixed, checked, and looked at again, round by round."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

from codemods.engine.attempt import Attempt, Fault
from codemods.engine.jobs import FilesResult
from codemods.engine.suppressions import RULE as SUPPRESSION_COMMENT
from codemods.engine.suppressions import suppressions
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.facts import Facts
from codemods.model.findings import Edit, Finding, FindingKey, InputError, Verdict
from codemods.model.phases import Phase
from codemods.model.progress import Progress
from codemods.model.settings import Settings
from codemods.ownership.analysis import Analysis
from codemods.ownership.use_after_free import misuses
from codemods.rules import RULES
from codemods.rules.rule import Rule
from codemods.semantics.symbols import SourceFile
from tml_ast.edit import EditConflict, SourceEdit, in_order

MAX_ROUNDS = 24
"""If fixes still call for others after this many rounds, a rule is faulty."""

InFile = tuple[str, Diagnostic]
"""A diagnostic with the path of its file."""


@dataclass(slots=True)
class _Judged:
    """The diagnostics of one round, by what becomes of them."""

    accepted: list[InFile] = field(default_factory=list)
    open: list[InFile] = field(default_factory=list)
    """Those that are only reported, and those for review that were not asked for."""
    declined: list[InFile] = field(default_factory=list)
    suppressed: list[InFile] = field(default_factory=list)


@dataclass(slots=True)
class _Outcome:
    """An attempt that reached its fixpoint, and the findings that it left."""

    attempt: Attempt
    left: _Judged
    used: set[tuple[str, int, str]]
    """Where, by file, line and rule, a comment suppressed a finding in any round."""


class FixLoop:
    """The rounds of fixes of some files of a phase, until nothing is left to fix.

    ``facts_of`` computes what rules may ask about the files as they are by now, given the facts of the
    round before; ``original`` analyses them without any fix. With ``wanted``, exactly the findings that
    it names are fixed.
    """

    def __init__(
        self,
        files: Mapping[str, SourceFile],
        phase: Phase,
        settings: Settings,
        wanted: Container[FindingKey] | None,
        facts_of: Callable[[Mapping[str, SourceFile], Facts | None], Facts],
        original: Callable[[], Analysis],
        report: Progress,
    ) -> None:
        self._originals = files
        self._phase = phase
        self._wanted = wanted
        self._facts_of = facts_of
        self._original = original
        self._report = report
        self._rules = [rule for rule in RULES.values() if settings.applies(rule.name)]
        self._suppressions = {path: tuple(suppressions(file)) for path, file in files.items()}

    def run(self) -> FilesResult:
        """Run to the fixpoint, again without a file whenever the fixes of that file do not hold."""
        excluded: set[str] = set()
        errors: list[InputError] = []
        while True:
            try:
                outcome = self._attempt(excluded)
                break
            except Fault as fault:
                excluded.add(fault.path)
                message = f"left as it was: {fault.message}; this is a fault of tmlfix"
                errors.append(InputError(fault.path, message))
        return FilesResult(
            self._findings(outcome),
            outcome.attempt.changes,
            declined=self._unfixed(outcome.attempt, outcome.left.declined),
            suppressed=self._unfixed(outcome.attempt, outcome.left.suppressed),
            errors=tuple(errors),
        )

    # -- rounds -------------------------------------------------------------------------------

    def _attempt(self, excluded: set[str]) -> _Outcome:
        """Rounds until nothing is accepted. Raises `Fault` for a fix that does not hold."""
        attempt = Attempt(self._originals)
        used: set[tuple[str, int, str]] = set()
        scope = list(self._originals)
        paths = scope
        facts = self._facts_of(attempt.files, None)
        for number in range(1, MAX_ROUNDS + 1):
            judged = self._judge(attempt, self._diagnostics(facts, attempt, excluded, paths, number), used)
            accepted = _compatible(judged.accepted)
            if accepted:
                # Changed files come first; the others are then judged by what these have become.
                paths = list(accepted)
                for path, diagnostics in accepted.items():
                    attempt.apply(path, diagnostics)
                facts = self._facts_of(attempt.files, facts)
            elif len(paths) < len(scope):
                paths = scope
            else:
                self._check_misuses(facts.analysis, attempt)
                return _Outcome(attempt, judged, used)
        raise Fault(paths[0], "its fixes call for ever more fixes")

    def _diagnostics(
        self, facts: Facts, attempt: Attempt, excluded: set[str], paths: Sequence[str], number: int
    ) -> Iterator[InFile]:
        """What the rules find in the files, one file after the other."""
        for done, path in enumerate(paths):
            self._report(f"phase {self._phase.number}, round {number}", done, len(paths))
            context = Context(facts, attempt.files[path], partial(attempt.line, path))
            for rule in self._rules:
                yield from ((path, diagnostic) for diagnostic in self._found(rule, context, excluded))

    def _found(self, rule: Rule, context: Context, excluded: set[str]) -> list[Diagnostic]:
        """What a rule finds in a file. Raises `Fault` for a rule that fails or contradicts itself."""
        path = context.file.path
        try:
            diagnostics = list(rule.check(context.for_rule(rule.name)))
        except Exception as error:
            if path in excluded:
                return []
            raise Fault(path, f"{rule.name} failed ({type(error).__name__}: {error})") from error
        if path in excluded:
            return [_without_fix(diagnostic) for diagnostic in diagnostics]
        for diagnostic in diagnostics:
            if _collide(diagnostic.edits):
                raise Fault(path, f"the edits of {rule.name} for {diagnostic.function} overlap")
        return diagnostics

    def _judge(
        self, attempt: Attempt, diagnostics: Iterable[InFile], used: set[tuple[str, int, str]]
    ) -> _Judged:
        """Decide what becomes of each diagnostic; one that is for review is a fix if it is wanted."""
        result = _Judged()
        for path, diagnostic in diagnostics:
            line, column = attempt.position(path, diagnostic.offset)
            key = FindingKey(self._phase.number, path, line, column, diagnostic.rule, diagnostic.function)
            if any(comment.covers(line, diagnostic.rule) for comment in self._suppressions[path]):
                result.suppressed.append((path, diagnostic))
                used.add((path, line, diagnostic.rule))
            elif diagnostic.verdict is Verdict.REPORTED:
                result.open.append((path, diagnostic))
            elif self._wanted is not None and key in self._wanted:
                result.accepted.append((path, replace(diagnostic, verdict=Verdict.FIXED)))
            elif self._wanted is None and diagnostic.verdict is Verdict.FIXED:
                result.accepted.append((path, diagnostic))
            elif diagnostic.verdict is Verdict.REVIEW:
                result.open.append((path, diagnostic))
            else:
                result.declined.append((path, diagnostic))
        return result

    # -- the self-check -----------------------------------------------------------------------

    def _check_misuses(self, analysis: Analysis, attempt: Attempt) -> None:
        """Raise `Fault` if a fix makes a path release a value twice, or use it after its release."""
        if not attempt.changed:
            return
        before = _misuses(self._original(), attempt.changed)
        for (path, function), count in _misuses(analysis, attempt.changed).items():
            if count > before.get((path, function), 0):
                raise Fault(path, f"a path of {function} would release a value twice or use it afterwards")

    # -- results ------------------------------------------------------------------------------

    def _findings(self, outcome: _Outcome) -> tuple[Finding, ...]:
        attempt = outcome.attempt
        found = [*self._comment_findings(outcome.used)]
        for fix in attempt.fixes:
            place = (fix.line, fix.column)
            found.append(self._finding(fix.path, fix.diagnostic, place, attempt.edits_of(fix)))
        for path, diagnostic in outcome.left.open:
            place = attempt.position(path, diagnostic.offset)
            found.append(self._finding(path, diagnostic, place, attempt.offered_edits(path, diagnostic)))
        return tuple(sorted(found, key=lambda finding: finding.place))

    def _unfixed(self, attempt: Attempt, diagnostics: Iterable[InFile]) -> tuple[Finding, ...]:
        found = (
            self._finding(path, diagnostic, attempt.position(path, diagnostic.offset))
            for path, diagnostic in diagnostics
        )
        return tuple(sorted(found, key=lambda finding: finding.key))

    def _comment_findings(self, used: Iterable[tuple[str, int, str]]) -> Iterator[Finding]:
        """What is wrong with the comments that suppress findings."""
        for path, comments in self._suppressions.items():
            for comment in comments:
                rules = {rule for file, line, rule in used if file == path and comment.covers(line, rule)}
                for message in comment.problems(rules, RULES):
                    yield Finding(
                        self._phase.number,
                        SUPPRESSION_COMMENT,
                        path,
                        comment.line,
                        comment.column,
                        "",
                        message,
                        Verdict.REPORTED,
                    )

    def _finding(
        self, path: str, diagnostic: Diagnostic, place: tuple[int, int], edits: tuple[Edit, ...] = ()
    ) -> Finding:
        return Finding(
            self._phase.number,
            diagnostic.rule,
            path,
            *place,
            diagnostic.function,
            diagnostic.message,
            diagnostic.verdict,
            edits,
        )


def _misuses(analysis: Analysis, paths: Iterable[str]) -> dict[tuple[str, str], int]:
    """How many releases and other uses may find their value released, by file and function."""
    counts: dict[tuple[str, str], int] = {}
    for path in paths:
        for function in analysis.index.functions_in(analysis.index.files[path]):
            graph = analysis.summaries.graph(function)
            if graph is not None:
                key = path, function.qualified_name
                counts[key] = counts.get(key, 0) + misuses(analysis, graph)
    return counts


def _without_fix(diagnostic: Diagnostic) -> Diagnostic:
    if diagnostic.verdict is not Verdict.FIXED:
        return diagnostic
    message = f"{diagnostic.message}; left alone, because a fix in this file did not hold"
    return replace(diagnostic, verdict=Verdict.REPORTED, edits=(), message=message)


def _compatible(diagnostics: Iterable[InFile]) -> dict[str, list[Diagnostic]]:
    """For each file the diagnostics to fix now; what collides with another waits for the next round.

    In one function only one rule makes edits in a round, so that new names of two rules cannot clash.
    """
    accepted: dict[str, list[Diagnostic]] = {}
    turns: dict[tuple[str, str], str] = {}
    for path, diagnostic in diagnostics:
        if turns.setdefault((path, diagnostic.function), diagnostic.rule) != diagnostic.rule:
            continue
        chosen = accepted.setdefault(path, [])
        beside = [other for other in chosen if other.function == diagnostic.function]
        if beside and (diagnostic.opens_block or any(other.opens_block for other in beside)):
            continue
        if not _collide([edit for other in [*chosen, diagnostic] for edit in other.edits]):
            chosen.append(diagnostic)
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
