"""What changes of a codemod do to memory: the findings that they make where there were none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from codemods.app.codemods import results_of
from codemods.app.preview import analyse
from codemods.app.requests import Request
from codemods.app.sources import Head, WorkingTree
from codemods.checks.fingerprints import fingerprints
from codemods.engine.resources import RESOURCES, Resources
from codemods.files.workspace import Workspace
from codemods.model.findings import Change, Finding
from codemods.model.phases import PHASES
from codemods.model.progress import Progress


def new_findings(
    source: Head | WorkingTree,
    changes: Mapping[str, Change],
    *,
    resources: Resources = RESOURCES,
    progress: Progress | None = None,
) -> tuple[Finding, ...]:
    """What is found once the changes are made, and not as the tree is."""
    changed = Workspace(dict(results_of(source, changes)), source.workspace.errors)
    known = set(fingerprints(_findings(source, resources, progress)))
    found = _findings(replace(source, workspace=changed), resources, progress)
    return tuple(
        finding
        for finding, fingerprint in zip(found, fingerprints(found), strict=True)
        if fingerprint not in known
    )


def _findings(source: Head | WorkingTree, resources: Resources, progress: Progress | None) -> list[Finding]:
    request = Request(tuple(phase.number for phase in PHASES), resources=resources)
    report = analyse(source, request, in_place=True, findings_only=True, progress=progress)
    return [finding for phase in report.phases for finding in phase.findings]
