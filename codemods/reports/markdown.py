"""Markdown for pull requests and job summaries. No name or message in it can act as markup."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from codemods.app.requests import Report
from codemods.app.rule_texts import RuleText, find_rule
from codemods.checks.check import Check, Standing
from codemods.compiler_defects import cause_of, defect_of
from codemods.files.branches import PhaseBranch
from codemods.files.diffs import diff_lines
from codemods.model.errors import UserError
from codemods.model.findings import Change, Finding, InputError, PhaseResult, Verdict
from codemods.model.home import defect_page
from codemods.model.phases import phase_numbered
from codemods.reports.console import count, visible
from codemods.reports.text import check_counts
from tml_ast import position

SUMMARY_LIMIT = 1_000_000
"""The most bytes of a job summary; GitHub accepts a few more, which are left for other steps."""

BODY_LIMIT = 59_999
"""The most bytes of the description of a pull request; GitHub accepts 65,536, and services add to it."""

LEVELS = ((True, 1000), (False, 1000), (False, 20), (False, 3))
"""From the most detailed to the least: whether there are samples, and how many files are named."""

LONGEST_SAMPLE = 40
"""The most lines of a hunk that is shown as a sample."""

_MEANING = re.compile(r"[\\`*\[\]<>#|~&$@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=[/A-Za-z_+-])|(?<=www)\.")
"""What can begin or end markup, HTML, a cell or a link."""
_REFERENCE = re.compile(r"([@#]\w[\w/-]*)")


def plain(text: str) -> str:
    """The text, escaped so that nothing in it is markup, HTML or the end of a cell."""
    spaced = visible(text).replace("\t", " ")
    return _MEANING.sub(lambda match: f"&#{ord(match[0])};", spaced)


def code(text: str) -> str:
    """The text as code, in which nothing is a link or mentions anybody."""
    return f"<code>{plain(text)}</code>"


def prose(text: str) -> str:
    """A message. What it has in backticks becomes code, and so does what would mention somebody."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        parts = [text]
    return "".join(
        code(part) if number % 2 else _without_references(part) for number, part in enumerate(parts)
    )


def literal(text: str) -> str:
    """The text with a backslash before every character that Markdown takes for a mark."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in visible(text))


def _without_references(text: str) -> str:
    parts = _REFERENCE.split(text)
    return "".join(code(part) if number % 2 else plain(part) for number, part in enumerate(parts))


def check_text(check: Check) -> str:
    """The result of a check: a table of the phases, the new findings, folded, and the errors."""
    new = check.of(Standing.NEW)
    counts = [*check_counts(check)]
    lines = [f"## tmlfix: {plain(counts[0])}" if counts else "## tmlfix", ""]
    rows = [
        _row(phase.phase, [finding for finding in new if finding.phase == phase.phase])
        for phase in check.report.phases
    ]
    lines += [
        f"| phase | name | {' | '.join(Verdict)} | files |",
        "| ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [*rows, ""]
    for line in counts[1:]:
        lines += [f"- {plain(line.removeprefix('- '))}"]
    for number, group in groupby(new, key=lambda finding: finding.phase):
        findings = [*group]
        lines += ["", *_folded(_title(number, findings), _finding_lines(findings))]
    if check.report.errors:
        lines += ["", "### Not possible", ""]
        lines += _error_lines(check.report.errors)
    return _within("\n".join(lines) + "\n\n", SUMMARY_LIMIT)


def _row(number: int, findings: Sequence[Finding]) -> str:
    counts = Counter(finding.verdict for finding in findings)
    cells = [str(number), phase_numbered(number).slug, *(str(counts[verdict]) for verdict in Verdict)]
    return f"| {' | '.join(cells)} | {len({finding.path for finding in findings})} |"


def _title(number: int, findings: Sequence[Finding]) -> str:
    return f"phase {number} {phase_numbered(number).slug}: {count(len(findings), 'finding')}"


def _folded(title: str, lines: Iterable[str]) -> list[str]:
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"]


def _finding_lines(findings: Iterable[Finding]) -> list[str]:
    return [
        f"- {code(f'{finding.path}:{finding.line}:{finding.column}')} {finding.verdict} "
        f"{code(finding.rule)}: {prose(finding.message)}"
        f"{f' (in {code(finding.function)})' if finding.function else ''}; {_origin(finding)}"
        for finding in findings
    ]


def _origin(finding: Finding) -> str:
    """What a finding comes from, and on which paths it leaks."""
    defect = defect_of(finding.rule)
    cause = f"[{cause_of(finding.rule)}]({defect_page(defect.name)})" if defect else cause_of(finding.rule)
    return f"cause: {cause}, paths: {finding.paths}"


def _error_lines(errors: Sequence[InputError]) -> list[str]:
    places = (f"{error.path}:{error.line}" if error.line else error.path for error in errors)
    return [f"- {code(place)}: {prose(error.message)}" for place, error in zip(places, errors, strict=True)]


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))


def _within(text: str, limit: int) -> str:
    """The text, or as many of its lines as fit, with folded parts closed."""
    if _size(text) <= limit:
        return text
    end = "\n</details>\n\nThe rest is too long to be shown here.\n"
    kept: list[str] = []
    size = len(end)
    for line in text.splitlines(keepends=True):
        size += _size(line)
        if size > limit:
            break
        kept.append(line)
    is_open = sum((line == "<details>\n") - (line == "</details>\n") for line in kept)
    return "".join(kept) + (end if is_open else end.removeprefix("\n</details>\n"))


# The text of a pull request


def pull_request_body(report: Report) -> str:
    """What was fixed and why, on what it stands, what was left, and how to verify it: one section a phase.

    Samples are left out, and then files, until it fits.
    """
    bodies = ("\n".join(_body(report, samples=samples, most=most)) for samples, most in LEVELS)
    fitting = (body for body in bodies if _size(body) <= BODY_LIMIT)
    body = next(fitting, None) or _within("\n".join(_body(report, samples=False, most=0)), BODY_LIMIT)
    return body


def pull_request_bodies(report: Report) -> Iterator[tuple[str, str]]:
    """The same for each phase with findings by itself, with the name of its file."""
    for phase in _found(report):
        name = phase_numbered(phase.phase).patch_name.removesuffix(".patch")
        yield f"{name}.md", pull_request_body(replace(report, phases=(phase,)))


def _found(report: Report) -> list[PhaseResult]:
    return [phase for phase in report.phases if phase.findings or phase.declined]


def _body(report: Report, *, samples: bool, most: int) -> Iterator[str]:
    branches = {branch.phase.number: branch for branch in report.branches}
    found = _found(report)
    if not found and not report.errors:
        yield f"There is nothing to fix in {plain(report.source)}."
        yield ""
    for phase in found:
        yield from _section(phase, branches.get(phase.phase), samples=samples, most=most)
    if report.errors:
        yield "## Not possible"
        yield ""
        yield from _error_lines(report.errors[:most])
        if len(report.errors) > most:
            yield f"- and {len(report.errors) - most} more"
        yield ""


def _section(result: PhaseResult, branch: PhaseBranch | None, *, samples: bool, most: int) -> Iterator[str]:
    phase = phase_numbered(result.phase)
    by_verdict = {
        verdict: [finding for finding in result.findings if finding.verdict is verdict] for verdict in Verdict
    }
    fixed = by_verdict[Verdict.FIXABLE]
    yield f"## {phase.title[:1].upper()}{phase.title[1:]} leaks (tmlfix phase {phase.number})"
    yield ""
    yield f"{count(len(fixed), 'finding')} fixed in {count(len(result.changes), 'file')}."
    yield ""
    if branch is not None and branch.commit is not None and branch.below is not None:
        below = branch.below
        yield (
            f"This branch stands on {code(below.branch)} (phase {below.number}): merge that one first, or "
            "compare with it. Only the last commit is part of this change."
        )
        yield ""
    if fixed:
        yield "### What was fixed"
        yield ""
    for rule in sorted({finding.rule for finding in fixed}):
        here = [finding for finding in fixed if finding.rule == rule]
        yield from _rule_lines(rule, here, most)
        if samples:
            yield from _sample(here, result.changes)
    yield from _required_lines(result.required, most)
    yield from _left_lines(by_verdict[Verdict.REVIEW], by_verdict[Verdict.REPORTED], most)
    yield from _declined_lines(result.declined, most)
    yield from _verification(result, branch)


def _required_lines(required: Sequence[Finding], most: int) -> Iterator[str]:
    if not required:
        return
    yield "### What these need"
    yield ""
    yield (
        f"{count(len(required), 'fix', 'fixes')} of other phases or paths, without which these would not be "
        "right. Other branches that need them have them too."
    )
    yield ""
    if most:
        yield from _folded("Which", _finding_lines(required[:most]))
        yield ""


def _left_lines(review: list[Finding], reported: list[Finding], most: int) -> Iterator[str]:
    left = [*review, *reported]
    if not left:
        return
    yield "### What was left"
    yield ""
    yield (
        f"{count(len(review), 'finding')} for review, {len(reported)} reported without a fix. "
        "None of them is part of this change."
    )
    yield ""
    if most:
        title = "All of them" if len(left) <= most else f"The first {most}"
        yield from _folded(title, _finding_lines(left[:most]))
        yield ""


def _declined_lines(declined: Sequence[Finding], most: int) -> Iterator[str]:
    if not declined:
        return
    yield "### What was left out"
    yield ""
    yield f"{count(len(declined), 'fix', 'fixes')} that are not approved."
    yield ""
    if most:
        yield from _folded("Which", _finding_lines(declined[:most]))
        yield ""


def _rule_lines(name: str, findings: Sequence[Finding], most: int) -> Iterator[str]:
    paths = Counter(finding.path for finding in findings)
    rule = _rule(name)
    why = f" {prose(rule.summary)} {prose(_first_sentence(rule.reason))}" if rule else ""
    yield f"**{plain(name)}**, {len(findings)} in {count(len(paths), 'file')}.{why}"
    yield ""
    shown = sorted(paths.items())[:most]
    yield from (f"- {code(path)}: {number}" for path, number in shown)
    if len(shown) < len(paths):
        yield f"- and {count(len(paths) - len(shown), 'file')} more"
    yield ""


def _rule(name: str) -> RuleText | None:
    try:
        return find_rule(name)
    except UserError:
        return None


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]


def _sample(findings: Iterable[Finding], changes: Mapping[str, Change]) -> Iterator[str]:
    """The first hunk that is short enough and holds an edit of one of the findings."""
    for finding in findings:
        hunk = _hunk(finding, changes[finding.path]) if finding.path in changes else []
        if 0 < len(hunk) <= LONGEST_SAMPLE:
            body = "\n".join(hunk)
            fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", body)), 3)
            yield from _folded(f"For example, in {code(finding.path)}", [f"{fence}diff", body, fence])
            yield ""
            return


def _hunk(finding: Finding, change: Change) -> list[str]:
    lines = {position(change.before, edit.start)[0] for edit in finding.edits}
    hunk: list[str] = []
    for line in diff_lines(finding.path, change):
        if line.startswith("@@"):
            if hunk:
                return hunk
            first, length = re.findall(r"-(\d+)(?:,(\d+))?", line)[0]
            covered = range(int(first), int(first) + int(length or 1) + 1)
            if not lines.isdisjoint(covered):
                hunk = [line.rstrip("\n")]
        elif hunk:
            hunk.append(visible(line.rstrip("\r\n")))
    return hunk


def _verification(result: PhaseResult, branch: PhaseBranch | None) -> Iterator[str]:
    phase = phase_numbered(result.phase)
    yield "### How to verify"
    yield ""
    if branch is not None and branch.patch is not None:
        yield f"- The change is the branch {code(phase.branch)}, one commit."
        yield f"- {code(f'git am --keep-cr {branch.patch.name}')} makes the same change from the patch."
    yield "- Run the tests of the library on it: they pass as before, and leak less."
    left = "what was left out, and what follows from it" if result.declined else "nothing left to fix"
    yield f"- {code(f'tmlfix check --phase {phase.number}')} on the result finds {left}."
    yield f"- {code('tmlfix explain RULE')} explains a rule."
    yield ""
