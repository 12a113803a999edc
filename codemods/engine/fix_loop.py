"""The fix loop: what the rules find in some files is fixed, checked, and looked at again, round by round."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from codemods.compiler_defects import refusals
from codemods.engine.agreement import Voice, agreed
from codemods.engine.attempt import Attempt, Fault, Fix
from codemods.engine.jobs import FilesResult, MadeFix
from codemods.engine.suppressions import suppressions
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.fixes.facts import Facts
from codemods.model.findings import (
    MISUSES,
    SUPPRESSION_COMMENT,
    Edit,
    Finding,
    FindingKey,
    InputError,
    Verdict,
)
from codemods.model.progress import Progress
from codemods.model.settings import Settings
from codemods.ownership.analysis import Analysis
from codemods.ownership.unresolved import unresolved
from codemods.ownership.use_after_free import misuses
from codemods.rules import RULES
from codemods.rules.rule import Rule
from codemods.semantics.configurations import Overflow
from codemods.semantics.symbols import FunctionInfo, SourceFile
from tml_ast import position
from tml_ast.edit import SourceEdit, collide, line_start
from tml_ast.parser import MAX_VARIANTS
from tml_ast.preprocessor import Assignment

MAX_ROUNDS = 24
"""If fixes still call for others after this many rounds, a rule is faulty."""

InFile = tuple[str, Diagnostic]
"""A diagnostic with the path of its file."""


@dataclass(slots=True)
class _Judged:
    """The diagnostics of one round, by what becomes of them."""

    accepted: list[InFile] = field(default_factory=list)
    open: list[InFile] = field(default_factory=list)
    """Those that are only reported, and those for review."""
    suppressed: list[InFile] = field(default_factory=list)


@dataclass(slots=True)
class _Outcome:
    """An attempt that reached its fixpoint, and the findings that it left."""

    attempt: Attempt
    left: _Judged
    used: set[tuple[str, int, str]]
    """Where, by file, line and rule, a comment suppressed a finding in any round."""
    rounds: int


@dataclass(frozen=True, slots=True)
class View:
    """Some files as one set of symbols makes them.

    ``facts_of`` computes what rules may ask about the files as they are by now, given the facts of the
    round before; ``original`` analyses them without any fix.
    """

    symbols: Assignment
    files: Mapping[str, SourceFile]
    looked_at: Container[str]
    """The files that are not the same in another view."""
    facts_of: Callable[[Mapping[str, SourceFile], Facts | None], Facts]
    original: Callable[[], Analysis]

    def with_source(self, path: str, source: bytes) -> View:
        """The view with another text of a file. Raises TmlSyntaxError."""
        return replace(self, files={**self.files, path: self.files[path].with_source(source)})


class _Latest:
    """The facts about the files of a view as they are by now, computed when they are asked for."""

    def __init__(self, view: View, files: Mapping[str, SourceFile]) -> None:
        self.view = view
        self.files = files
        self._facts: Facts | None = None
        self._is_right = False

    def facts(self) -> Facts:
        """The facts by now."""
        if self._facts is None or not self._is_right:
            self._facts = self.view.facts_of(self.files, self._facts)
            self._is_right = True
        return self._facts

    def outdate(self) -> None:
        """Note that a file has changed."""
        self._is_right = False

    def looks_at(self, path: str) -> bool:
        """Whether a file is looked at in this view."""
        return path in self.files and path in self.view.looked_at


class FixLoop:
    """The rounds of fixes of some files, until nothing is left to fix.

    The first of the ``views`` is of all files. What is in ``overflows`` has variants that no view shows:
    nothing of it is fixed.
    """

    def __init__(
        self,
        views: Sequence[View],
        settings: Settings,
        report: Progress,
        overflows: Iterable[Overflow] = (),
    ) -> None:
        self._views = views
        self._overflows = [
            overflow for overflow in overflows if any(overflow.path in view.files for view in views)
        ]
        self._report = report
        self._settings = settings
        self._refusals = refusals(settings.compiler)
        self._rules = [rule for rule in RULES.values() if settings.applies(rule.name)]
        self._scope = list(dict.fromkeys(path for view in views for path in view.files))
        self._suppressions = {
            path: tuple(suppressions(*(view.files[path] for view in views if path in view.files)))
            for path in self._scope
        }

        self._too_large: dict[tuple[str, str], InputError] = {}
        """What is said of functions that no rule looks at, by path and name."""

    def run(self) -> FilesResult:
        """Run to the fixpoint, again without a file whenever the fixes of that file do not hold."""
        excluded: set[str] = set()
        errors: list[InputError] = [*map(self._note, self._overflows)]
        while True:
            try:
                outcome = self._attempt(excluded)
                findings = self._findings(outcome)
                break
            except Fault as fault:
                excluded.add(fault.path)
                message = f"left as it was: {fault.message}; this is a fault of tmlfix"
                errors.append(InputError(fault.path, message))
        attempt = outcome.attempt
        return FilesResult(
            findings,
            tuple(
                MadeFix(fix.number, fix.round, self._key(fix), fix.diagnostic.relies_on)
                for fix in attempt.fixes
            ),
            attempt.histories,
            suppressed=self._unfixed(attempt, outcome.left.suppressed),
            errors=(*errors, *self._too_large.values()),
        )

    def found(self, path: str, rules: Container[str]) -> list[Diagnostic]:
        """What these rules can change in a file as it is, where no comment suppresses the finding.

        Raises `Fault` for a rule that fails.
        """
        attempt = Attempt(*(view.files for view in self._views))
        latest = [_Latest(view, files) for view, files in zip(self._views, attempt.views, strict=True)]
        diagnostics = self._diagnostics(latest, attempt, set(), [path], 1, rules)
        judged = self._judge(attempt, diagnostics, set())
        return [diagnostic for _, diagnostic in (*judged.accepted, *judged.open) if diagnostic.edits]

    def _note(self, overflow: Overflow) -> InputError:
        """What is said of a function or type with variants that are not looked at."""
        source = next(view.files[overflow.path].source for view in self._views if overflow.path in view.files)
        message = (
            f"{overflow.name} depends on more combinations of conditions than are looked at; "
            f"{MAX_VARIANTS} of them were, and what they show is not fixed"
        )
        return InputError(overflow.path, message, *position(source, overflow.start))

    # -- rounds -------------------------------------------------------------------------------

    def _attempt(self, excluded: set[str]) -> _Outcome:
        """Rounds until nothing is accepted. Raises `Fault` for a fix that does not hold."""
        attempt = Attempt(*(view.files for view in self._views))
        used: set[tuple[str, int, str]] = set()
        scope = self._scope
        paths = scope
        latest = [_Latest(view, files) for view, files in zip(self._views, attempt.views, strict=True)]
        for number in range(1, MAX_ROUNDS + 1):
            judged = self._judge(attempt, self._diagnostics(latest, attempt, excluded, paths, number), used)
            accepted = _compatible(judged.accepted)
            if accepted:
                # Changed files come first; the others are then judged by what these have become.
                paths = list(accepted)
                for path, diagnostics in accepted.items():
                    attempt.apply(path, diagnostics, number)
                for each in latest:
                    each.outdate()
            elif len(paths) < len(scope):
                paths = scope
            else:
                for each in latest:
                    self._check_names(each, attempt)
                    self._check_misuses(each, attempt)
                    _check_arms(each, attempt)
                return _Outcome(attempt, judged, used, number)
        raise Fault(paths[0], "its fixes call for ever more fixes")

    def _diagnostics(
        self,
        latest: Sequence[_Latest],
        attempt: Attempt,
        excluded: set[str],
        paths: Sequence[str],
        number: int,
        rules: Container[str] | None = None,
    ) -> Iterator[InFile]:
        """What the rules find in the files, one file after the other."""
        for done, path in enumerate(paths):
            self._report(f"round {number}", done, len(paths))
            looking = [each for each in latest if each.looks_at(path)]
            voices = []
            for each in looking:
                context = Context(each.facts(), each.files[path], partial(attempt.line, path))
                for function in context.too_large:
                    self._too_large.setdefault((path, function.qualified_name), _refusal(path, function))
                found = [
                    diagnostic
                    for rule in self._rules
                    if (rules is None or rule.name in rules) and self._settings.applies(rule.name, path)
                    for diagnostic in self._found(rule, context, excluded)
                    if number == 1 or not _repairs_misuse(diagnostic)
                ]
                found = self._as_trusted(found)
                if len(looking) == 1:
                    yield from ((path, diagnostic) for diagnostic in found)
                else:
                    voices.append(Voice(each.view.symbols, each.files[path], context.analysis, found))
            if voices:
                yield from ((path, self._as_far_as_seen(path, each)) for each in agreed(voices))

    def _as_trusted(self, found: list[Diagnostic]) -> list[Diagnostic]:
        """The diagnostics of a file, without fixes that work around what the compiler in use does not do.

        No other rule may fix such a leak in its own way, so what it finds in that place is left out.
        """
        refused = {diagnostic.offset for diagnostic in found if diagnostic.rule in self._refusals}
        return [
            _without_fix(diagnostic, reason) if reason is not None else diagnostic
            for diagnostic in found
            if (reason := self._refusals.get(diagnostic.rule)) is not None or diagnostic.offset not in refused
        ]

    def _as_far_as_seen(self, path: str, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic, without its fix where there are variants that are not looked at."""
        name = diagnostic.function.rpartition(".")[2]
        if not any(overflow.path == path and overflow.name == name for overflow in self._overflows):
            return diagnostic
        message = f"{diagnostic.message}; left as it is, because not all variants were looked at"
        return replace(diagnostic, verdict=Verdict.REPORTED, edits=(), message=message)

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
            reason = "left alone, because a fix in this file did not hold"
            return [_without_fix(diagnostic, reason) for diagnostic in diagnostics]
        for diagnostic in diagnostics:
            if collide(diagnostic.edits):
                raise Fault(path, f"the edits of {rule.name} for {diagnostic.function} overlap")
        return diagnostics

    def _judge(
        self, attempt: Attempt, diagnostics: Iterable[InFile], used: set[tuple[str, int, str]]
    ) -> _Judged:
        """Decide what becomes of each diagnostic."""
        result = _Judged()
        for path, diagnostic in diagnostics:
            line = attempt.line(path, diagnostic.offset)
            if any(comment.covers(line, diagnostic.rule) for comment in self._suppressions[path]):
                result.suppressed.append((path, diagnostic))
                used.add((path, line, diagnostic.rule))
            elif diagnostic.verdict is Verdict.FIXABLE:
                result.accepted.append((path, diagnostic))
            else:
                result.open.append((path, diagnostic))
        return result

    # -- the self-check -----------------------------------------------------------------------

    def _check_misuses(self, latest: _Latest, attempt: Attempt) -> None:
        """Raise `Fault` if a fix makes a path release a value twice, or use it after its release."""
        changed = [path for path in attempt.changed if latest.looks_at(path)]
        if not changed:
            return
        before = _misuses(latest.view.original(), changed)
        for (path, function), count in _misuses(latest.facts().analysis, changed).items():
            if count > before.get((path, function), 0):
                raise Fault(path, f"a path of {function} would release a value twice or use it afterwards")

    def _check_names(self, latest: _Latest, attempt: Attempt) -> None:
        """Raise `Fault` if a fix writes what the compiler would not find."""
        changed = [path for path in attempt.changed if latest.looks_at(path)]
        if not changed:
            return
        before = _unresolved(latest.view.original(), changed)
        for (path, function), names in _unresolved(latest.facts().analysis, changed).items():
            for name in names - before.get((path, function), Counter()):
                raise Fault(path, f"its fixes would use {name} in {function}, which is not there")

    # -- results ------------------------------------------------------------------------------

    def _findings(self, outcome: _Outcome) -> tuple[Finding, ...]:
        attempt = outcome.attempt
        found = [*self._comment_findings(outcome.used)]
        made: set[tuple[str, tuple[int, int], str]] = set()
        for fix in attempt.fixes:
            place = (fix.line, fix.column)
            made.add((fix.path, place, fix.diagnostic.rule))
            found.append(self._finding(fix.path, fix.diagnostic, place, attempt.edits_of(fix)))
        offered: dict[str, list[Diagnostic]] = {}
        for path, diagnostic in outcome.left.open:
            diagnostic = replace(diagnostic, message=attempt.message(path, diagnostic))
            place = attempt.position(path, diagnostic.offset)
            if (path, place, diagnostic.rule) in made:
                diagnostic = _without_fix(diagnostic, "it is offered when the other fix here is made")
            if diagnostic.edits:
                offered.setdefault(path, []).append(diagnostic)
            else:
                found.append(self._finding(path, diagnostic, place))
        for path, diagnostics in offered.items():
            for diagnostic, edits in zip(
                diagnostics, attempt.offer(path, diagnostics, outcome.rounds), strict=True
            ):
                place = attempt.position(path, diagnostic.offset)
                found.append(self._finding(path, diagnostic, place, edits))
        return tuple(sorted(found, key=lambda finding: finding.place))

    def _unfixed(self, attempt: Attempt, diagnostics: Iterable[InFile]) -> tuple[Finding, ...]:
        found = (
            self._finding(
                path,
                replace(diagnostic, message=attempt.message(path, diagnostic)),
                attempt.position(path, diagnostic.offset),
            )
            for path, diagnostic in diagnostics
        )
        return tuple(sorted(found, key=lambda finding: finding.key))

    def _comment_findings(self, used: Iterable[tuple[str, int, str]]) -> Iterator[Finding]:
        """What is wrong with the comments that suppress findings; one for a rule that is off may stay."""
        for path, comments in self._suppressions.items():
            if not self._settings.applies(SUPPRESSION_COMMENT, path):
                continue
            for comment in comments:
                rules = {rule for file, line, rule in used if file == path and comment.covers(line, rule)}
                off = {rule for rule in comment.rules if not self._settings.applies(rule, path)}
                for message in comment.problems(rules | off, RULES):
                    yield Finding(
                        self._phase(path),
                        SUPPRESSION_COMMENT,
                        path,
                        comment.line,
                        comment.column,
                        "",
                        message,
                        Verdict.REPORTED,
                    )

    def _phase(self, path: str) -> int:
        phase = self._settings.plan.phase_of(path)
        assert phase is not None
        return phase.number

    def _key(self, fix: Fix) -> FindingKey:
        diagnostic = fix.diagnostic
        return FindingKey(
            self._phase(fix.path), fix.path, fix.line, fix.column, diagnostic.rule, diagnostic.function
        )

    def _finding(
        self, path: str, diagnostic: Diagnostic, place: tuple[int, int], edits: tuple[Edit, ...] = ()
    ) -> Finding:
        return Finding(
            self._phase(path),
            diagnostic.rule,
            path,
            *place,
            diagnostic.function,
            diagnostic.message,
            diagnostic.verdict,
            edits,
            diagnostic.paths,
        )


def _check_arms(latest: _Latest, attempt: Attempt) -> None:
    """Raise `Fault` if a fix makes code run for another variant than it did."""
    for path in attempt.changed:
        if latest.looks_at(path) and (offset := attempt.misplaced(path, latest.files[path])) is not None:
            source = latest.files[path].source
            line = source[line_start(source, offset) :].partition(b"\n")[0].strip().decode(errors="replace")
            raise Fault(path, f"`{line}` would run for another variant")


def _refusal(path: str, function: FunctionInfo) -> InputError:
    message = (
        f"{function.qualified_name} has too many variables and ways out to follow each on every path; "
        "nothing in it is looked at. Split it to have it checked"
    )
    return InputError(path, message, *position(function.file.source, function.node.start))


def _repairs_misuse(diagnostic: Diagnostic) -> bool:
    """Whether a fix is for freed memory. After the first round that would hide what a wrong fix has done."""
    return diagnostic.rule in MISUSES and diagnostic.verdict is Verdict.FIXABLE


def _misuses(analysis: Analysis, paths: Iterable[str]) -> dict[tuple[str, str], int]:
    """How many releases and other uses may find their value released, by file and function."""
    counts: dict[tuple[str, str], int] = {}
    for path in paths:
        for function in analysis.index.functions_in(analysis.index.files[path]):
            graph = analysis.summaries.graph(function)
            if graph is not None and not graph.is_too_large:
                key = path, function.qualified_name
                counts[key] = counts.get(key, 0) + misuses(analysis, graph)
    return counts


def _unresolved(analysis: Analysis, paths: Iterable[str]) -> dict[tuple[str, str], Counter[str]]:
    """What is used and not there, by file and function."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for path in paths:
        for function in analysis.index.functions_in(analysis.index.files[path]):
            graph = analysis.summaries.graph(function)
            if graph is not None:
                found.setdefault((path, function.qualified_name), Counter()).update(
                    unresolved(analysis, graph)
                )
    return found


def _without_fix(diagnostic: Diagnostic, reason: str) -> Diagnostic:
    if diagnostic.verdict is Verdict.REPORTED:
        return diagnostic
    message = f"{diagnostic.message}; {reason}"
    return replace(diagnostic, verdict=Verdict.REPORTED, edits=(), message=message)


def _compatible(diagnostics: Iterable[InFile]) -> dict[str, list[Diagnostic]]:
    """For each file the diagnostics to fix now; what collides with another waits for the next round.

    In one function only one rule makes edits in a round, so that new names of two rules cannot clash. What
    shares an edit with another waits as well, as an import that both need: by then it is there.
    """
    accepted: dict[str, list[Diagnostic]] = {}
    turns: dict[tuple[str, str], str] = {}
    beside: dict[tuple[str, str], list[Diagnostic]] = {}
    taken: dict[str, _Spans] = {}
    made: dict[str, set[SourceEdit]] = {}
    for path, diagnostic in diagnostics:
        function = path, diagnostic.function
        if turns.setdefault(function, diagnostic.rule) != diagnostic.rule:
            continue
        others = beside.setdefault(function, [])
        if others and (diagnostic.opens_block or any(other.opens_block for other in others)):
            continue
        known = made.setdefault(path, set())
        if known.isdisjoint(diagnostic.edits) and taken.setdefault(path, _Spans()).take(diagnostic.edits):
            accepted.setdefault(path, []).append(diagnostic)
            others.append(diagnostic)
            known.update(diagnostic.edits)
    return accepted


class _Spans:
    """The spans of edits that do not collide, as `tml_ast.edit.collide` has it."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def take(self, edits: Iterable[SourceEdit]) -> bool:
        """Add the spans of edits, unless one collides with another or with what is there."""
        added: list[tuple[int, int]] = []
        # Insertions first: replacements with one between them do not touch.
        for span in sorted(
            ((edit.start, edit.end) for edit in edits), key=lambda each: (each[0] < each[1], each)
        ):
            place = bisect_right(self._spans, span)
            before, after = self._spans[max(place - 1, 0) : place], self._spans[place : place + 1]
            if any(_clash(left, span) for left in before) or any(_clash(span, right) for right in after):
                for known in added:
                    self._spans.remove(known)
                return False
            self._spans.insert(place, span)
            added.append(span)
        return True


def _clash(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two neighbours overlap, or both replace something and touch."""
    touch = first[1] == second[0] and first[0] < first[1] and second[0] < second[1]
    return second[0] < first[1] or touch
