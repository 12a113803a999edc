"""What was chosen in a review is fixed, and nothing else: over every finding of the bundled library."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from bundled import EXAMPLE, Example
from conftest import Outcome, Run

from codemods.cli import main
from codemods.engine import analyse
from codemods.findings import AnalysisResult, Edit, Finding, FindingKey, Verdict
from codemods.selection import Approved, Selection, analyse_selected, digest
from codemods.workspace import read_tree
from tml_ast.edit import SourceEdit, apply

FILES = {path: content for path, content in read_tree(EXAMPLE).files.items()}
CLIENT = "lib/src/http/client.tml"
ROUTER_TEST = "tests/http/router.test.tml"


def reviewed() -> tuple[Finding, ...]:
    """The findings of the library that can be chosen."""
    result = analyse(FILES, [1, 2, 3, 4, 5], stacked=True)
    return tuple(finding for finding in result.findings if finding.edits)


FINDINGS = reviewed()


def document(findings: Iterable[Finding], files: Mapping[str, bytes] = FILES) -> dict[str, Any]:
    """The selection file that approves the findings."""
    chosen = list(findings)
    return {
        "version": 1,
        "source": "the working tree",
        "files": {finding.path: sha256(files[finding.path]).hexdigest() for finding in chosen},
        "findings": [
            {
                "decision": "approve",
                "phase": finding.phase,
                "path": finding.path,
                "line": finding.line,
                "column": finding.column,
                "rule": finding.rule,
                "function": finding.function,
                "message": finding.message,
                "edits": [
                    {"start": edit.start, "end": edit.end, "text": edit.text} for edit in finding.edits
                ],
            }
            for finding in chosen
        ],
    }


@dataclass(frozen=True, slots=True)
class Applied:
    """The library after a selection was applied, and the findings that were refused."""

    outcome: Outcome
    files: Mapping[str, bytes]
    refused: frozenset[FindingKey]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A copy of the bundled library, without git."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "library"))


def saved(folder: Path, document: object) -> Path:
    file = folder / "selection.json"
    file.write_text(json.dumps(document))
    return file


def label(finding: object) -> str:
    assert isinstance(finding, Finding)
    return f"{finding.path}:{finding.line}:{finding.column}:{finding.rule}"


def applied(run: Run, library: Path, chosen: Iterable[Finding]) -> Applied:
    selection = saved(library.parent, document(chosen))
    outcome = run("apply", "--selection", selection, "--in-place", library)
    places = set(re.findall(r"(?m)^error: (\S+):(\d+):(\d+): ([\w-]+): ", outcome.err))
    refused = frozenset(
        each.key for each in chosen if (each.path, str(each.line), str(each.column), each.rule) in places
    )
    assert len(refused) == outcome.err.count("error: ")
    assert outcome.code == (2 if refused else 0)
    return Applied(outcome, read_tree(library).files, refused)


def check(result: Applied, chosen: Iterable[Finding]) -> None:
    """Nothing but the edits of the chosen findings is made; those that others share may be a part."""
    made = [finding for finding in chosen if finding.key not in result.refused]
    for path, before in FILES.items():
        edits = sorted({edit for each in made if each.path == path for edit in each.edits})
        keys = {each.key for each in made}
        others = {edit for each in FINDINGS if each.path == path and each.key not in keys for edit in each.edits}
        expected = apply(before, [SourceEdit(each.start, each.end, each.text.encode()) for each in edits])
        if others.isdisjoint(edits):
            assert result.files[path] == expected, path
        else:
            new = set(result.files[path].splitlines()) - set(before.splitlines())
            assert new < set(expected.splitlines()), path


@pytest.mark.parametrize("finding", FINDINGS, ids=label)
def test_one_finding_alone(library: Path, run: Run, finding: Finding) -> None:
    result = applied(run, library, [finding])

    check(result, [finding])


@pytest.mark.parametrize("seed", range(6))
def test_some_of_the_findings(library: Path, run: Run, seed: int) -> None:
    chosen = random.Random(seed).sample(FINDINGS, len(FINDINGS) // 2)

    check(applied(run, library, chosen), chosen)
