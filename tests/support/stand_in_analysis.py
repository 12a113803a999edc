"""A stand-in for the analysis that takes words for leaks, to test what is done with findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codemods.model.findings import Edit, Finding, FindingKey, InputError, Verdict
from codemods.model.fix_plan import FixPlan, everywhere
from codemods.model.phases import phase_of
from codemods.model.progress import Progress
from tml_ast.edit import SourceEdit
from tml_ast.replay import History

_MARKERS = ((b"leak", Verdict.FIXABLE), (b"unclear", Verdict.REVIEW), (b"mystery", Verdict.REPORTED))


def stand_in_analysis(
    files: Mapping[str, bytes],
    *,
    share: Callable[[str], bool] = everywhere,
    progress: Progress | None = None,
    **_options: object,
) -> FixPlan:
    """Stands in for `engine.plan_fixes`, so that delivery is tested apart from the rules.

    Every ``leak`` is fixed by writing ``free``; ``unclear`` is for review, ``mystery`` is reported, and a
    file with ``broken`` does not parse. A fix in a file needs the one in the file that it ``uses``.
    """
    errors = tuple(
        InputError(path, "unexpected 'broken'", 1, content.index(b"broken") + 1)
        for path, content in files.items()
        if b"broken" in content and share(path)
    )
    findings: list[Finding] = []
    histories: dict[str, History[FindingKey]] = {}
    for path, content in sorted(files.items()):
        if phase_of(path) is not None and b"broken" not in content and share(path):
            history: History[FindingKey] = History(content)
            findings += _findings(path, content, history)
            if len(history.pieces) > 1:
                histories[path] = history
    if progress is not None:
        progress("analysing", 1, 1)
    requires = {finding.key: _needed(finding, findings, files) for finding in findings if finding.edits}
    ordered = tuple(sorted(findings, key=lambda finding: finding.place))
    return FixPlan(ordered, histories, errors=errors, requires=requires)


def _findings(path: str, content: bytes, history: History[FindingKey]) -> list[Finding]:
    """The findings of a file; their edits become those of its history."""
    phase = phase_of(path)
    assert phase is not None
    findings = []
    for marker, verdict in _MARKERS:
        starts = [start for start in range(len(content)) if content.startswith(marker, start)]
        if not starts:
            continue
        line = content.count(b"\n", 0, starts[0]) + 1
        offered = starts if verdict is Verdict.FIXABLE else starts[:1]
        edits = tuple(Edit(start, start + 4, "free") for start in offered)
        finding = Finding(
            phase.number,
            "missing-release",
            path,
            line,
            1,
            "main",
            "resp leaks",
            verdict,
            edits if verdict is not Verdict.REPORTED else (),
        )
        findings.append(finding)
        owners = frozenset((finding.key,))
        made = [SourceEdit(edit.start, edit.end, b"free", owners) for edit in finding.edits]
        if verdict is Verdict.FIXABLE:
            history.make(made)
        else:
            history.offer(made)
    return findings


def _needed(finding: Finding, findings: list[Finding], files: Mapping[str, bytes]) -> frozenset[FindingKey]:
    """What a fix needs: those of the files that its own file names."""
    words = files[finding.path].split()
    used = {words[at + 1].decode() for at, word in enumerate(words[:-1]) if word == b"uses"}
    return frozenset(other.key for other in findings if other.path in used and other.edits)
