"""What was chosen in a review is fixed, and nothing else: over every finding of the bundled library."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from codemods.engine import plan_fixes
from codemods.files.workspace import read_tree
from codemods.model.errors import UserError
from codemods.model.findings import Edit, Finding, FindingKey, Verdict
from codemods.model.fix_plan import FixPlan, always
from codemods.review.selection import chosen_of, select
from codemods.review.selection_file import read_selection
from tests.support.bundled import Example
from tests.support.command import Outcome, Run
from tests.support.project import EXAMPLE, PROJECT
from tml_ast.edit import SourceEdit, apply
from tml_ast.replay import History

FILES = dict(read_tree(EXAMPLE).files)


def fixed(outcome: Outcome) -> str:
    """What is printed, apart from the number of fixes that were not approved, which must be there."""
    *lines, last = outcome.out.splitlines(keepends=True)
    assert re.fullmatch(r"  left out: [\d,]+ fix(es)? that are not approved\n", last)
    return "".join(lines)


def reviewed() -> tuple[Finding, ...]:
    """The findings of the library that can be chosen."""
    return tuple(finding for finding in PLAN.findings if finding.edits)


PLAN = plan_fixes(FILES, requirements=always)
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
        finding.key
        for finding in chosen
        if (finding.path, str(finding.line), str(finding.column), finding.rule) in places
    )
    assert len(refused) == outcome.err.count("error: ")
    assert outcome.code == (2 if refused else 0)
    return Applied(outcome, read_tree(library).files, refused)


def check(result: Applied, chosen: Iterable[Finding]) -> None:
    """Nothing but the edits of the chosen findings is made; those that others share may be a part."""
    made = [finding for finding in chosen if finding.key not in result.refused]
    for path, before in FILES.items():
        edits = sorted({edit for finding in made if finding.path == path for edit in finding.edits})
        keys = {finding.key for finding in made}
        others = {
            edit
            for finding in FINDINGS
            if finding.path == path and finding.key not in keys
            for edit in finding.edits
        }
        expected = apply(before, [SourceEdit(edit.start, edit.end, edit.text.encode()) for edit in edits])
        if others.isdisjoint(edits):
            assert result.files[path] == expected, path
        else:
            new = set(result.files[path].splitlines()) - set(before.splitlines())
            assert new < set(expected.splitlines()), path


@pytest.mark.parametrize("finding", FINDINGS, ids=label)
def test_one_finding_alone(library: Path, run: Run, finding: Finding) -> None:
    result = applied(run, library, [finding])

    check(result, [finding])


@pytest.mark.parametrize("seed", range(4))
def test_some_of_the_findings(library: Path, run: Run, seed: int) -> None:
    chosen = random.Random(seed).sample(FINDINGS, len(FINDINGS) // 2)

    closed = PLAN.closed(finding.key for finding in chosen)
    result = applied(run, library, [finding for finding in FINDINGS if finding.key in closed])

    assert not result.refused
    assert result.files == {**FILES, **{path: PLAN.histories[path].text(closed) for path in PLAN.histories}}


def one(rule: str, where: str) -> Finding:
    """The finding of a rule at a place such as ``router.tml:87``."""
    (found,) = (
        finding
        for finding in FINDINGS
        if finding.rule == rule and f"/{where}" in f"{finding.path}:{finding.line}:"
    )
    return found


CAUSE = one("incomplete-destroy", "router.tml:87:")
CAUSED = one("missing-release", "router.test.tml:9:")


def test_a_finding_that_follows_from_another_is_fixed_with_it(library: Path, run: Run) -> None:
    result = applied(run, library, [CAUSE, CAUSED])

    assert fixed(result.outcome) == f"fixed {CAUSE.path}\nfixed {CAUSED.path}\n2 findings fixed in 2 files\n"
    check(result, [CAUSE, CAUSED])


def test_a_finding_that_follows_from_one_left_out_is_named(library: Path, run: Run) -> None:
    other = one("missing-release", "client.tml:35:")

    result = applied(run, library, [other, CAUSED])

    assert result.outcome.code == 2
    assert fixed(result.outcome) == "fixed lib/src/http/client.tml\n1 finding fixed in 1 file\n"
    assert result.outcome.err == (
        "error: tests/http/router.test.tml:9:9: missing-release: needs the fix of "
        "lib/src/http/router.tml:87:14 incomplete-destroy, which was left out; choose it too\n"
    )


def test_a_fix_that_would_come_out_otherwise_is_refused(library: Path, run: Run) -> None:
    """Without the fix that it builds on, this one has other lines than those that were reviewed."""
    finding = one("missing-release", "client.tml:35:")
    (*_, last) = finding.edits
    shown = replace(finding, edits=(*finding.edits[:-1], replace(last, text=last.text.upper())))

    result = applied(run, library, [shown, one("missing-release", "client.tml:42:")])

    assert "client.tml:35:13: missing-release: its fix would not be the one that was reviewed" in (
        result.outcome.err
    )
    assert fixed(result.outcome) == "fixed lib/src/http/client.tml\n1 finding fixed in 1 file\n"


def test_branches_get_what_was_selected(tmp_path: Path) -> None:
    example = Example.create(tmp_path / "example")
    chosen = [one("missing-release", "client.tml:35:"), one("undrained-elements", "addr.tml:71:")]
    selection = saved(tmp_path, document(chosen))

    dry = example.tmlfix("apply", "--selection", selection, "--dry-run", expect=1)
    text = example.tmlfix("apply", "--selection", selection, "--patches", tmp_path / "patches")

    assert dry.count("[fixable]") == 2
    assert dry.splitlines()[-1].startswith("2 findings in 2 files of commit ")
    assert text.count("1 finding fixed in 1 file") == 2
    assert example.branches() == ["main", "tmlfix/phase-1-http", "tmlfix/phase-2-net-parsers"]
    only = example.tmlfix("apply", "--selection", selection, "--phase", "2", "--dry-run", "--diff", expect=1)
    assert "+++ b/lib/src/net/addr.tml" in only
    assert "client.tml" not in only


# Files that are not what was reviewed


def test_a_file_that_has_changed_is_left_alone(library: Path, run: Run) -> None:
    (library / CAUSE.path).write_bytes(FILES[CAUSE.path] + b"// more\n")
    other = one("missing-release", "client.tml:35:")

    result = applied_with_errors(run, library, [CAUSE, other])

    assert result.err == (
        f"error: {CAUSE.path}: has changed since it was reviewed; nothing of it was fixed; review it again\n"
    )
    assert fixed(result) == f"fixed {other.path}\n1 finding fixed in 1 file\n"
    assert (library / CAUSE.path).read_bytes().endswith(b"// more\n")


@pytest.mark.parametrize("is_link", [False, True])
def test_a_file_that_is_gone_or_a_link_is_named(
    library: Path, run: Run, tmp_path: Path, is_link: bool
) -> None:
    file = library / CAUSE.path
    elsewhere = tmp_path / "elsewhere.tml"
    file.rename(elsewhere)
    if is_link:
        file.symlink_to(elsewhere)

    result = applied_with_errors(run, library, [CAUSE])

    assert f"error: {CAUSE.path}: was reviewed, but is not among the files here" in result.err
    assert elsewhere.read_bytes() == FILES[CAUSE.path]


def applied_with_errors(run: Run, library: Path, chosen: Iterable[Finding]) -> Outcome:
    outcome = run("apply", "--selection", saved(library.parent, document(chosen)), "--in-place", library)
    assert outcome.code == 2
    return outcome


# Analyses that never come out as they were reviewed


def planned(*findings: Finding, content: bytes = b"leak\n") -> FixPlan:
    """A plan of one file with these findings."""
    history: History[FindingKey] = History(content)
    for finding in findings:
        owners = frozenset((finding.key,))
        history.make(SourceEdit(edit.start, edit.end, edit.text.encode(), owners) for edit in finding.edits)
    return FixPlan(findings, {"a.tml": history}, requires={})


def test_a_fix_that_is_none_any_more_is_an_error() -> None:
    finding = Finding(1, "void-tail", "a.tml", 1, 1, "f", "leaks", Verdict.FIXABLE, (Edit(0, 0, "x\n"),))
    reported = replace(finding, verdict=Verdict.REPORTED, edits=(), message="cannot be fixed")
    files = {"a.tml": b"leak\n"}
    approved = select(files, [finding])

    _, now_reported = chosen_of(planned(reported), files, approved)
    _, gone = chosen_of(planned(), files, approved)

    assert [str(error) for error in now_reported] == ["a.tml:1:1: void-tail: has no fix now: cannot be fixed"]
    assert [str(error) for error in gone] == ["a.tml:1:1: void-tail: is not found any more"]


def test_only_a_part_of_the_lines_that_were_shown_is_as_reviewed() -> None:
    both = Finding(1, "void-tail", "a.tml", 1, 1, "f", "", Verdict.FIXABLE, (Edit(0, 0, "a\nb\n"),))
    files = {"a.tml": b"leak\n"}
    refusal = "a.tml:1:1: void-tail: its fix would not be the one that was reviewed; review again"
    for text, is_kept in (("a\n", True), ("b\n", True), ("c\n", False), ("a\na\n", False)):
        made = replace(both, edits=(Edit(0, 0, text),))

        chosen, errors = chosen_of(planned(made), files, select(files, [both]))

        assert chosen == ({made.key} if is_kept else set())
        assert [str(error) for error in errors] == ([] if is_kept else [refusal])


# The file


GOOD = document([CAUSE])


def changed(path: str, value: object) -> dict[str, Any]:
    """The good document with another value in one place."""
    copy = json.loads(json.dumps(GOOD))
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place: Any = copy
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copy


DIGEST = "0" * 64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "the document is not an object"),
        (changed("version", None), "version is missing"),
        (changed("version", 2), "version is 2; this tmlfix reads version 1"),
        (changed("version", True), "version is not a whole number"),
        (changed("verison", 1), "verison is not known; did you mean version?"),
        (changed("files", []), "files is not an object"),
        (changed("files", {"lib/x": DIGEST}), "files.lib/x lib/x is not a source file of a tree"),
        (
            changed("files", {"../a.tml": DIGEST}),
            "files.../a.tml ../a.tml is not the path of a file below the root",
        ),
        (
            changed("files", {"/a.tml": DIGEST}),
            "files./a.tml /a.tml is not the path of a file below the root",
        ),
        (changed("files", {"a//b.tml": DIGEST}), "a//b.tml is not the path of a file below the root"),
        (changed("files", {"a/./b.tml": DIGEST}), "a/./b.tml is not the path of a file below the root"),
        (changed("files", {".git/b.tml": DIGEST}), ".git/b.tml is not a source file of a tree"),
        (changed("files", {"a.tml": "abc"}), "files.a.tml is not the SHA-256 of a file"),
        (changed("files", {"a.tml": DIGEST}), f"findings[0].path {CAUSE.path} is not among files"),
        (changed("findings", {}), "findings is not a list"),
        (changed("findings", [1]), "findings[0] is not an object"),
        (changed("findings", GOOD["findings"] * 2), "findings[1] is there twice"),
        (changed("findings/0/decision", "maybe"), "findings[0].decision is neither approve nor reject"),
        (changed("findings/0/phase", 9), "findings[0].phase is 9; there is no such phase"),
        (changed("findings/0/line", "1"), "findings[0].line is not a whole number"),
        (changed("findings/0/line", -1), "findings[0].line is below 0"),
        (
            changed("findings/0/path", "../../etc/passwd.tml"),
            "findings[0].path ../../etc/passwd.tml is not the",
        ),
        (changed("findings/0/rule", None), "findings[0].rule is missing"),
        (
            changed("findings/0/message", "x" * 1_000_001),
            "findings[0].message has more than 1,000,000 characters",
        ),
        (
            changed("findings/0/edits/0/strat", 1),
            "findings[0].edits[0].strat is not known; did you mean start?",
        ),
        (changed("findings/0/edits/0/end", 0), "findings[0].edits[0] ends before it starts"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, content: object, message: str) -> None:
    file = saved(tmp_path, content)

    with pytest.raises(UserError) as caught:
        read_selection(file)

    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON: Expecting property name"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"version": ' + b"1" * 5000 + b"}", "is not JSON"),
        (b" " * (16 * 1024 * 1024 + 1), "is larger than 16 MB"),
    ],
    ids=["cut", "bytes", "deep", "number", "large"],
)
def test_what_is_no_json_is_one_clear_line(tmp_path: Path, run: Run, content: bytes, message: str) -> None:
    file = tmp_path / "selection.json"
    file.write_bytes(content)

    outcome = run("apply", "--selection", file, "--in-place", tmp_path)

    assert outcome.code == 2
    assert outcome.err.startswith(f"tmlfix: {file}")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_the_file_shown_in_the_docs_is_one(tmp_path: Path) -> None:
    (shown,) = re.findall(r"(?ms)^```json\n(.*?)^```$", (PROJECT / "docs" / "review.md").read_text())

    selection = read_selection(saved(tmp_path, json.loads(shown)))

    assert [key.rule for key in selection.approved] == ["missing-release"]


def test_edits_of_another_text_do_no_harm(library: Path, run: Run) -> None:
    edits = (Edit(10, 10**9, "x"), Edit(5, 20, "\udfff"))

    outcome = applied_with_errors(run, library, [replace(CAUSE, edits=edits)])

    assert "its fix would not be the one that was reviewed" in outcome.err
    assert read_tree(library).files == FILES


def test_what_was_rejected_stays(library: Path, run: Run) -> None:
    rejected = document([CAUSE])
    rejected["findings"][0]["decision"] = "reject"

    outcome = run("apply", "--selection", saved(library.parent, rejected), "--in-place", library)

    assert outcome.code == 2
    assert outcome.err.endswith("selection.json: approves no finding of the phases that are asked for\n")


def test_paths_and_phases_limit_a_selection(library: Path, run: Run) -> None:
    selection = saved(library.parent, document([CAUSE, one("missing-release", "client.tml:35:")]))

    outcome = run("apply", "--selection", selection, "--in-place", library / CAUSE.path)

    assert (outcome.code, outcome.out) == (0, f"fixed {CAUSE.path}\n1 finding fixed in 1 file\n")
    assert "asked for" in run("apply", "--selection", selection, "--phase", "2", "--in-place", library).err
