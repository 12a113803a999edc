"""Asking in the terminal which fixes to make, hunk by hunk, as ``git add -p`` does."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from codemods.app.rule_texts import find_rule
from codemods.model.findings import Finding, FindingKey
from codemods.reports import text
from codemods.reports.console import make_console, visible
from codemods.review.hunks import FileReview, Hunk, Review, hunks_of
from codemods.review.selection import Selection, select

ANSWERS = {
    "y": "make this fix",
    "n": "do not make this fix",
    "a": "make this fix and all later ones of the file",
    "d": "make neither this fix nor any later one of the file",
    "s": "split: decide each finding by itself",
    "q": "stop asking; make the fixes chosen so far",
    "e": "explain the rule",
    "?": "show this help",
}


@dataclass(frozen=True, slots=True)
class Question:
    """Findings that are decided together, because they share hunks."""

    file: FileReview
    findings: tuple[Finding, ...]
    hunks: tuple[Hunk, ...]

    def split(self) -> Iterator[Question]:
        """A question for each of the findings, with only its own lines."""
        for finding in self.findings:
            yield self.only([finding])

    def only(self, findings: Sequence[Finding]) -> Question:
        """A question for some of the findings, with only their own lines."""
        return Question(self.file, tuple(findings), hunks_of(findings, self.file.content))


def ask(review: Review) -> Selection:
    """Ask on standard output what to fix; the answers are lines of standard input, whose end means q."""
    interview = _Interview(review)
    interview.run()
    return select({file.path: file.content for file in review.files}, interview.chosen)


class _Interview:
    """The questions that are left to ask, and what was decided so far."""

    def __init__(self, review: Review) -> None:
        self.chosen: list[Finding] = []
        self._requires = review.requires
        self._findings = {finding.key: finding for file in review.files for finding in file.findings}
        asked = [question for file in review.files for question in questions(file)]
        self._pending = in_order(asked, review.requires)
        self._total = len(self._pending)
        self._number = 0
        self._declined: set[FindingKey] = set()
        self._decided_files: dict[str, str] = {}
        """The answer for the rest of a file: y or n."""

    def run(self) -> None:
        """Ask until nothing is left, or the answer is q."""
        while self._pending:
            self._number += 1
            question = self._without_needless(self._pending.pop(0))
            if question is None:
                continue
            answer = self._decided_files.get(question.file.path) or self._ask(question)
            if answer == "q":
                return
            self._take(answer, question)

    def _without_needless(self, question: Question) -> Question | None:
        """The question without findings that need what was declined; None if nothing is left of it."""
        if self._decided_files.get(question.file.path) == "n":
            return question
        left = list(question.findings)
        while needless := [finding for finding in left if self._missing(finding)]:
            for finding in needless:
                self._print_skipped(finding)
            self._declined |= {finding.key for finding in needless}
            left = [finding for finding in left if finding not in needless]
        return (question if len(left) == len(question.findings) else question.only(left)) if left else None

    def _missing(self, finding: Finding) -> list[FindingKey]:
        """What a finding needs and was declined."""
        return sorted(self._requires.get(finding.key, frozenset()) & self._declined)

    def _print_skipped(self, finding: Finding) -> None:
        places = dict.fromkeys(f"{visible(key.path)}:{key.line}" for key in self._missing(finding))
        make_console().print(
            f"{visible(finding.path)}:{finding.line} {finding.rule} skipped: "
            f"it needs the fix of {' and '.join(places)}, which you declined"
        )

    def _ask(self, question: Question) -> str:
        keys = {finding.key for finding in question.findings}
        needed = {need for key in keys for need in self._requires.get(key, ())} - keys
        required = [self._findings[key] for key in sorted(needed)]
        dependents = sum(
            not needs.isdisjoint(keys) for key, needs in self._requires.items() if key not in keys
        )
        text.print_question(question.findings, question.hunks, required, dependents)
        return _answer(question, f"({self._number}/{self._total}) Make this fix")

    def _take(self, answer: str, question: Question) -> None:
        match answer:
            case "s":
                parts = in_order(list(question.split()), self._requires)
                self._pending[:0] = parts
                self._number -= 1
                self._total += len(parts) - 1
                return
            case "a" | "d":
                self._decided_files[question.file.path] = answer = "y" if answer == "a" else "n"
        if answer == "y":
            self.chosen += question.findings
        else:
            self._declined |= {finding.key for finding in question.findings}


def in_order(
    asked: Sequence[Question], requires: Mapping[FindingKey, Collection[FindingKey]]
) -> list[Question]:
    """The questions so that what a fix needs is asked about first, as far as possible in their order."""
    of = {finding.key: number for number, question in enumerate(asked) for finding in question.findings}
    before: dict[int, list[int]] = {}
    for key, needs in requires.items():
        if key in of:
            before.setdefault(of[key], []).extend(of[need] for need in needs if need in of)
    ordered: dict[int, None] = {}
    begun: set[int] = set()

    def visit(number: int) -> None:
        if number not in begun:
            begun.add(number)
            for other in sorted(before.get(number, ())):
                visit(other)
            ordered[number] = None

    for number in range(len(asked)):
        visit(number)
    return [asked[number] for number in ordered]


def questions(file: FileReview) -> Iterator[Question]:
    """The questions about a file, by place: hunks that share a finding are one question."""
    groups: list[tuple[set[FindingKey], list[Hunk]]] = []
    for hunk in file.hunks:
        keys, hunks = set(hunk.keys), [hunk]
        for group in [group for group in groups if not keys.isdisjoint(group[0])]:
            groups.remove(group)
            keys |= group[0]
            hunks = [*group[1], *hunks]
        groups.append((keys, hunks))
    groups.sort(key=lambda group: group[1][0].start)
    for keys, hunks in groups:
        findings = [finding for finding in file.findings if finding.key in keys]
        yield Question(file, tuple(findings), tuple(hunks))


def _answer(question: Question, prompt: str) -> str:
    """The first answer that is a decision."""
    possible = [letter for letter in ANSWERS if letter != "s" or len(question.findings) > 1]
    while True:
        answer = _read(f"{prompt} [{','.join(possible)}]? ")
        if answer == "e":
            for rule in dict.fromkeys(finding.rule for finding in question.findings):
                text.print_rule(find_rule(rule))
        elif answer in possible and answer != "?":
            return answer
        else:
            console = make_console()
            for letter in possible:
                console.print(f"{letter} - {ANSWERS[letter]}")


def _read(prompt: str) -> str:
    console = make_console()
    console.print(prompt, style="bold", end="")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not sys.stdin.isatty():
        console.print(visible(line.strip()))
    elif not line:
        console.print()
    return line.strip().lower()[:1] if line else "q"
