"""What codemods change, as text and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from codemods.app.codemods import CodemodReport
from codemods.files.branches import OpenedBranch
from codemods.files.diffs import diff_lines
from codemods.model.findings import Change, Finding
from codemods.reports.console import count, make_console, print_code, visible
from codemods.reports.documents import JSON_VERSION, error_document
from codemods.reports.text import diff_style
from codemods.semantic_patches import Example, SemanticPatch


def diff_of(report: CodemodReport) -> bytes:
    """The changes as one unified diff."""
    return b"".join(
        line.encode("utf-8", "surrogateescape")
        for path, change in sorted(report.changes.items())
        for line in diff_lines(path, change)
    )


def print_changes(report: CodemodReport, *, quiet: bool) -> None:
    """Print the changes as a diff, and their counts on standard error."""
    console = make_console()
    if console.is_terminal:
        for line in diff_of(report).decode("utf-8", "backslashreplace").splitlines():
            print_code(Text(visible(line), diff_style(line)), console)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(diff_of(report))
        sys.stdout.buffer.flush()
    if not quiet:
        print_left(report)


def print_left(report: CodemodReport) -> None:
    """Print the places that are left alone, on standard error."""
    console = make_console(stderr=True)
    for path, rewrite in sorted(report.rewrites.items()):
        for spot in rewrite.left:
            message = f"{path}:{spot.line}:{spot.column}: left alone: {spot.message}"
            console.print(Text.assemble(("note: ", "dim"), visible(message)))


def print_written(report: CodemodReport, where: str, paths: Sequence[str]) -> None:
    """Print what was changed, and where to."""
    places = sum(len(report.rewrites[path].changed) for path in paths)
    make_console().print(visible(f"{count(places, 'place')} changed in {count(len(paths), 'file')}{where}"))


def print_places(report: CodemodReport, *, quiet: bool) -> None:
    """Print the places that would change, one a line, and their count."""
    console = make_console()
    for path, rewrite in sorted(report.rewrites.items()):
        for spot in rewrite.changed:
            print_code(Text(visible(f"{path}:{spot.line}:{spot.column}: {spot.message}")), console)
    if not quiet:
        print_left(report)
        console.print(f"{count(report.places, 'place')} to change in {count(len(report.changes), 'file')}")


def print_branch(report: CodemodReport, name: str, branch: OpenedBranch, remote: str | None) -> None:
    """Print the state of the branch, the remote that it was pushed to, and where its patch is."""
    console = make_console()
    if branch.commit is None:
        console.print("nothing to change, no branch")
        return
    places = f"{count(report.places, 'place')} changed in {count(len(report.changes), 'file')}"
    pushed = f", pushed to {remote}" if remote is not None else ""
    print_code(
        Text(visible(f"branch {name} {branch.state} at {branch.commit[:12]}, {places}{pushed}")), console
    )
    if branch.patch is not None:
        print_code(Text(visible(f"  patch {branch.patch}")), console)


def print_page(report: CodemodReport, page: Path, *, quiet: bool) -> None:
    """Print where the page for reviewing the changes is."""
    if not quiet:
        print_left(report)
        places = f"{count(report.places, 'place')} in {count(len(report.changes), 'file')}"
        print_code(Text(visible(f"wrote {page}: {places} to review")), make_console())


def print_new_findings(findings: Iterable[Finding]) -> None:
    """Print the findings that changes would make, on standard error."""
    console = make_console(stderr=True)
    for finding in findings:
        place = f"{finding.path}:{finding.line}:{finding.column}"
        console.print(visible(f"{place}: {finding.rule}: {finding.message} (in {finding.function})"))


def changes_document(
    report: CodemodReport,
    written: Sequence[str],
    refused: Iterable[Finding],
    name: str | None = None,
    branch: OpenedBranch | None = None,
) -> dict[str, Any]:
    """The JSON of ``tmlfix rewrite`` and ``tmlfix codemod apply``; ``name`` is that of the ``branch``."""
    return {
        "version": JSON_VERSION,
        "codemod": report.codemod,
        "files": [
            {
                "path": path,
                "changed": [_spot(spot.line, spot.column, spot.message) for spot in rewrite.changed],
                "left": [_spot(spot.line, spot.column, spot.message) for spot in rewrite.left],
                "edits": [
                    {
                        "start": edit.start,
                        "end": edit.end,
                        "text": edit.text.decode("utf-8", "backslashreplace"),
                    }
                    for edit in rewrite.edits
                ],
            }
            for path, rewrite in sorted(report.rewrites.items())
        ],
        "written": list(written),
        **({"branch": _branch_document(name, branch)} if branch is not None else {}),
        "refused_for": [
            {"rule": each.rule, **_spot(each.line, each.column, each.message), "path": each.path}
            for each in refused
        ],
        "errors": [error_document(error) for error in report.errors],
    }


def _branch_document(name: str | None, branch: OpenedBranch) -> dict[str, Any]:
    return {
        "branch": name,
        "state": branch.state.value,
        "commit": branch.commit,
        "patch": str(branch.patch) if branch.patch else None,
    }


def _spot(line: int, column: int, message: str) -> dict[str, Any]:
    return {"line": line, "column": column, "message": message}


def print_patches(patches: Iterable[tuple[str, SemanticPatch]]) -> None:
    """Print the patches that there are: where from, name and summary."""
    console = make_console()
    listed = list(patches)
    width = max((len(patch.name) for _, patch in listed), default=0)
    for origin, patch in listed:
        print_code(Text(visible(f"{patch.name:{width}}  {origin:7}  {patch.summary}")), console)


def patches_document(patches: Iterable[tuple[str, SemanticPatch]]) -> dict[str, Any]:
    """The JSON of ``tmlfix codemod list``."""
    return {
        "version": JSON_VERSION,
        "codemods": [
            {
                "name": patch.name,
                "origin": origin,
                "summary": patch.summary,
                "reason": patch.reason,
                "files": list(patch.scope.words),
                "examples": len(patch.examples),
            }
            for origin, patch in patches
        ],
    }


def print_test(
    patch: SemanticPatch,
    label: str,
    failed: Sequence[tuple[Example, str]],
    untouched: Mapping[Example, str],
) -> None:
    """Print whether the examples of a patch hold, with a diff for each that does not.

    The reasons say why a patch changes nothing in those that it leaves ``untouched``.
    """
    console = make_console()
    total = len(patch.examples)
    for example, made in failed:
        title = f" ({example.title})" if example.title else ""
        print_code(Text(visible(f"{label}:{example.line}: this example fails{title}")), console)
        if example in untouched:
            print_code(Text(visible(f"the patch leaves it alone: {untouched[example]}")), console)
        change = Change(example.after.encode(), made.encode())
        for line in list(diff_lines("example", change))[2:]:
            print_code(Text(visible(line.rstrip("\n")), diff_style(line)), console)
    if failed:
        print_code(Text("lines with - are expected, those with + are what the patch makes"), console)
    if not total:
        message = (
            f"{label}: has no example: add === before ===, code, === after === and the code as it should be"
        )
        print_code(Text(visible(message)), console)
        return
    passed = total - len(failed)
    print_code(Text(visible(f"{patch.name}: {passed} of {count(total, 'example')} passed")), console)
