"""Asking in the terminal which fixes to make, hunk by hunk, as ``git add -p`` does."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
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
        self._review = review
        self._pending = [question for file in review.files for question in questions(file)]
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
        """The question without findings whose causes were declined; None if nothing is left of it."""
        if self._decided_files.get(question.file.path) == "n":
            return question
        needless = [finding for finding in question.findings if self._lacks_cause(finding)]
        for finding in needless:
            _print_skipped(finding, self._review.following[finding.key])
        left = [finding for finding in question.findings if finding not in needless]
        return (question.only(left) if needless else question) if left else None

    def _lacks_cause(self, finding: Finding) -> bool:
        """Whether everything was declined that the finding is likely to follow from."""
        causes = self._review.following.get(finding.key, ())
        return bool(causes) and all(cause in self._declined for cause in causes)

    def _ask(self, question: Question) -> str:
        text.print_question(question.findings, question.hunks, self._review.following)
        return _answer(question, f"({self._number}/{self._total}) Make this fix")

    def _take(self, answer: str, question: Question) -> None:
        match answer:
            case "s":
                parts = list(question.split())
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


def _print_skipped(finding: Finding, causes: Sequence[FindingKey]) -> None:
    places = dict.fromkeys(f"{visible(cause.path)}:{cause.line}" for cause in causes)
    make_console().print(
        f"{visible(finding.path)}:{finding.line} {finding.rule} skipped: "
        f"it needs the fix of {' or '.join(places)}, which you declined"
    )


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
