"""A stand-in for the analysis that takes words for leaks, to test what is done with findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from codemods.model.findings import AnalysisResult, Change, Edit, Finding, InputError, PhaseResult, Verdict
from codemods.model.phases import phase_of
from codemods.model.progress import Progress


def stand_in_analysis(
    files: Mapping[str, bytes],
    phases: Sequence[int],
    *,
    stacked: bool = False,
    only: Callable[[str], bool] | None = None,
    share: Callable[[str], bool] | None = None,
    progress: Progress | None = None,
    **_options: object,
) -> AnalysisResult:
    """Stands in for `engine.analyse`, so that delivery is tested apart from the rules.

    Every ``leak`` is fixed by writing ``free``; ``unclear`` is for review, ``mystery`` is reported,
    and a file with ``broken`` does not parse.
    """
    errors = tuple(
        InputError(path, "unexpected 'broken'", 1, content.index(b"broken") + 1)
        for path, content in files.items()
        if b"broken" in content and (share is None or share(path))
    )
    current = dict(files)
    results = []
    for number in phases:
        findings: list[Finding] = []
        changes: dict[str, Change] = {}
        for path, content in sorted(current.items()):
            phase = phase_of(path)
            if phase is None or phase.number != number or b"broken" in content or (only and not only(path)):
                continue
            if share is not None and not share(path):
                continue
            for marker, verdict in (
                (b"leak", Verdict.FIXED),
                (b"unclear", Verdict.REVIEW),
                (b"mystery", Verdict.REPORTED),
            ):
                start = content.find(marker)
                if start >= 0:
                    line = content.count(b"\n", 0, start) + 1
                    edits = (Edit(start, start + 4, "free"),) if verdict is not Verdict.REPORTED else ()
                    findings.append(
                        Finding(
                            number, "missing-release", path, line, 1, "main", "resp leaks", verdict, edits
                        )
                    )
            if b"leak" in content:
                changes[path] = Change(content, content.replace(b"leak", b"free"))
        if stacked:
            current |= {path: change.after for path, change in changes.items()}
        results.append(PhaseResult(number, tuple(findings), changes))
        if progress is not None:
            progress("analysing", len(results), len(phases))
    return AnalysisResult(tuple(results), errors)
