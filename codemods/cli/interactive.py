"""Asking on the terminal which fixes to make, hunk by hunk, as ``git add -p`` does."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from codemods.app.commands import find_rule
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
    "q": "stop asking; what was chosen so far is done",
    "e": "explain the rule",
    "?": "show this help",
}


@dataclass(frozen=True, slots=True)
class Question:
    """Findings that are decided together, because their fixes stand in the same hunks."""

    file: FileReview
    findings: tuple[Finding, ...]
    hunks: tuple[Hunk, ...]

    def split(self) -> Iterator[Question]:
        """A question for each of the findings, with nothing but its own lines."""
        for finding in self.findings:
            yield self.only([finding])

    def only(self, findings: Sequence[Finding]) -> Question:
        """The question for these of the findings, with nothing but their own lines."""
        return Question(self.file, tuple(findings), hunks_of(findings, self.file.content))


def ask(review: Review) -> Selection:
    """Ask on standard output what to fix; the answers are lines of standard input, whose end means q."""
    pending = [question for file in review.files for question in questions(file)]
    total = len(pending)
    chosen: list[Finding] = []
    declined: set[FindingKey] = set()
    closed: dict[str, bool] = {}
    number = 0
    while pending:
        question = pending.pop(0)
        path = question.file.path
        number += 1
        if closed.get(path, True):
            needless = [each for each in question.findings if _lacks_cause(each, review, declined)]
            for finding in needless:
                _print_skipped(finding, review.following[finding.key])
            left = [each for each in question.findings if each not in needless]
            if not left:
                continue
            question = question.only(left) if needless else question
        answer = "y" if closed.get(path) else "n" if path in closed else ""
        if not answer:
            text.print_question(question.findings, question.hunks, review.following)
            answer = _answer(question, f"({number}/{total}) Make this fix")
        match answer:
            case "q":
                break
            case "s":
                parts = list(question.split())
                pending[:0] = parts
                number -= 1
                total += len(parts) - 1
            case "a" | "d":
                closed[path] = answer == "a"
        if answer in ("y", "a"):
            chosen += question.findings
        elif answer != "s":
            declined |= {each.key for each in question.findings}
    return select({file.path: file.content for file in review.files}, chosen)


def _lacks_cause(finding: Finding, review: Review, declined: Collection[FindingKey]) -> bool:
    """Whether everything was declined that the finding is likely to follow from."""
    causes = review.following.get(finding.key, ())
    return bool(causes) and all(cause in declined for cause in causes)


def _print_skipped(finding: Finding, causes: Sequence[FindingKey]) -> None:
    places = dict.fromkeys(f"{visible(cause.path)}:{cause.line}" for cause in causes)
    make_console().print(
        f"{visible(finding.path)}:{finding.line} {finding.rule} skipped: "
        f"it needs the fix of {' or '.join(places)}, which you declined"
    )


def questions(file: FileReview) -> Iterator[Question]:
    """What to ask about a file, by place: hunks that share a finding stand in one question."""
    groups: list[tuple[set[FindingKey], list[Hunk]]] = []
    for hunk in file.hunks:
        keys, hunks = set(hunk.keys), [hunk]
        for group in [each for each in groups if not keys.isdisjoint(each[0])]:
            groups.remove(group)
            keys |= group[0]
            hunks = [*group[1], *hunks]
        groups.append((keys, hunks))
    groups.sort(key=lambda group: group[1][0].start)
    for keys, hunks in groups:
        findings = [each for each in file.findings if each.key in keys]
        yield Question(file, tuple(findings), tuple(hunks))


def _answer(question: Question, prompt: str) -> str:
    """One of the answers that end the question."""
    possible = [each for each in ANSWERS if each != "s" or len(question.findings) > 1]
    while True:
        answer = _read(f"{prompt} [{','.join(possible)}]? ")
        if answer == "e":
            for rule in dict.fromkeys(finding.rule for finding in question.findings):
                text.print_rule(find_rule(rule))
        elif answer in possible and answer != "?":
            return answer
        else:
            console = make_console()
            for each in possible:
                console.print(f"{each} - {ANSWERS[each]}")


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
