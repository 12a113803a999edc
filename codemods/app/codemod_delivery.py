"""What becomes of the changes of a codemod: findings to review and to select, and a branch."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from codemods.app.apply import patch_folder
from codemods.app.codemods import CodemodReport
from codemods.app.sources import Head
from codemods.files.branches import OpenedBranch, Topic, open_branch, push_branch
from codemods.model.errors import UserError
from codemods.model.findings import Edit, Finding, FindingKey, InputError, PhaseResult, Verdict
from codemods.model.fix_plan import FixPlan
from codemods.model.phases import PHASES, phase_of
from codemods.review.hunks import Review, make_review
from codemods.review.selection import chosen_of
from codemods.review.selection_file import read_selection
from codemods.semantic_patches import Part, Rewrite
from tml_ast import TmlSyntaxError, nodes, parse

WIDTH = 72
"""The columns of the message of a commit."""


@dataclass(frozen=True, slots=True)
class CodemodText:
    """What describes a codemod, as the texts of a rule describe its findings."""

    name: str
    summary: str
    reason: str
    before: str = ""
    after: str | None = None
    verdict: Verdict = Verdict.FIXABLE

    @classmethod
    def of(cls, report: CodemodReport) -> CodemodText:
        """That of the codemod that a report is about."""
        return cls(report.codemod, report.summary, report.reason or report.summary)


def findings_of(report: CodemodReport) -> list[Finding]:
    """What changes, as findings: one for all places that can only be changed together."""
    return [finding for finding, _ in _parts(report)]


def review_of(report: CodemodReport, files: Mapping[str, bytes]) -> Review:
    """The changes to judge."""
    findings = findings_of(report)
    phases = [
        PhaseResult(
            phase.number,
            tuple(finding for finding in findings if finding.phase == phase.number),
            {path: change for path, change in report.changes.items() if _phase(path) == phase.number},
        )
        for phase in PHASES
    ]
    return make_review(phases, files, requires={})


def only_selected(report: CodemodReport, file: Path, files: Mapping[str, bytes]) -> CodemodReport:
    """The changes that the selection in a file approves. Raises `UserError` for a bad one.

    An approved change that is not made any more is an error of the report, and so is a file in which those
    that are left make no TML.
    """
    parts = list(_parts(report))
    plan = FixPlan(tuple(finding for finding, _ in parts))
    chosen, errors = chosen_of(plan, files, read_selection(file))
    rewrites: dict[str, Rewrite] = {}
    unmade: list[InputError] = []
    for path, rewrite in report.rewrites.items():
        approved = [part for finding, part in parts if finding.path == path and finding.key in chosen]
        try:
            rewrites[path] = rewrite.only(approved)
        except TmlSyntaxError as error:
            message = f"the approved changes alone make no TML: {error.message}; approve more of the file"
            first = approved[0].spots[0]
            unmade.append(InputError(path, message, first.line, first.column))
    return replace(report, rewrites=rewrites, errors=(*report.errors, *errors, *unmade))


def open_codemod_branch(
    report: CodemodReport, source: Head, *, patches: Path | None, force: bool, remote: str | None
) -> OpenedBranch:
    """Make the changes on a branch of the commit HEAD, and write its patch (see `branches.open_branch`).

    Raises `UserError` if that is refused.
    """
    topic = _topic(report)
    folder = patch_folder(source, patches)
    opened = open_branch(source.repository, topic, base=source.commit, patches=folder, force=force)
    if opened.commit is not None and remote is not None:
        push_branch(source.repository, topic, opened.commit, remote, force=force)
    return opened


def branch_of(report: CodemodReport) -> str:
    """The name of the branch of a codemod."""
    return f"tmlfix/codemod-{_slug(report)}"


def _slug(report: CodemodReport) -> str:
    slug = re.sub(r"[^A-Za-z0-9]+", "-", report.codemod).strip("-")
    if not slug:
        raise UserError(f"{report.codemod}: a branch needs a name with letters or digits")
    return slug


def _topic(report: CodemodReport) -> Topic:
    slug = _slug(report)
    paragraphs = [report.summary.rstrip("."), textwrap.fill(report.reason, WIDTH)]
    paragraphs.append(f"{_count(report.places, 'place')} in {_count(len(report.changes), 'file')}.")
    return Topic(
        branch_of(report),
        f"codemod-{slug}.patch",
        ("Codemod", slug),
        "\n\n".join(filter(None, paragraphs)) + "\n",
        report.changes,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _parts(report: CodemodReport) -> Iterator[tuple[Finding, Part]]:
    """The parts of each file by place, each as a finding with a key of its own."""
    for path, rewrite in sorted(report.rewrites.items()):
        if not rewrite.edits:
            continue
        functions = [node for node in parse(rewrite.before).walk() if isinstance(node, nodes.Function)]
        together: dict[FindingKey, tuple[Finding, Part]] = {}
        for part in rewrite.parts:
            spot, start = part.spots[0], part.edits[0].start
            around = [function.name for function in functions if function.start <= start < function.end]
            finding = Finding(
                _phase(path),
                report.codemod,
                path,
                spot.line,
                spot.column,
                around[-1] if around else "",
                spot.message,
                Verdict.FIXABLE,
            )
            if finding.key in together:
                other = together[finding.key][1]
                part = Part((*other.spots, *part.spots), (*other.edits, *part.edits))
            edits = tuple(
                Edit(edit.start, edit.end, edit.text.decode("utf-8", "surrogateescape"))
                for edit in part.edits
            )
            together[finding.key] = replace(finding, edits=edits), part
        yield from together.values()


def _phase(path: str) -> int:
    """The phase of a file; those that no phase covers are with the last."""
    return (phase_of(path) or PHASES[-1]).number
