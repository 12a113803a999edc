"""``tmlfix doctor`` runs the programs of the defects: real repositories, and compilers that stand in."""

from __future__ import annotations

import sys
import tomllib
from datetime import date
from pathlib import Path
from shlex import quote

import pytest

from codemods.compiler_defects import DEFECTS, LIBRARY_PATH
from codemods.compiler_defects.controls import CONTROLS, Control, Expected
from codemods.engine import analyse
from codemods.verification import processes
from codemods.verification.worktrees import added
from tests.support.checkout import Checkout
from tests.support.command import Outcome, Run
from tests.support.project import PROGRAMS

COMPILER = f"{quote(sys.executable)} {quote(str(PROGRAMS / 'stand_in_compiler.py'))}"
SHOWN = [defect.name for defect in DEFECTS.values() if defect.confirmed]
FOUND = {Expected.CLEAN: set(), Expected.LEAK: set(), Expected.FAILURE: {"double-release"}}
UNSHOWN = [defect.name for defect in DEFECTS.values() if not defect.confirmed]


@pytest.fixture
def home(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout as the current folder. Nothing may be left of what the doctor makes."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(checkout.folder)
    monkeypatch.setattr("tempfile.tempdir", str(work))
    return checkout


def doctor(run: Run, *options: str | Path, compiler: str = "") -> Outcome:
    """What the doctor says of a compiler with these options."""
    return run("doctor", "--tml", f"{COMPILER} {compiler} test", *options)


def states(outcome: Outcome) -> dict[str, str]:
    return {entry["name"]: entry["state"] for entry in outcome.document["defects"]}


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_tmlfix_finds_in_a_control_program_what_it_does_wrong(control: Control) -> None:
    result = analyse(control.files, [5])

    assert not result.errors
    assert {finding.rule for finding in result.findings} == FOUND[control.expected]


def test_the_compiler_that_was_measured_has_every_defect(home: Checkout, run: Run) -> None:
    before = home.state()
    outcome = doctor(run, "--format", "json")

    assert (outcome.code, outcome.err) == (0, "")
    assert states(outcome) == dict.fromkeys(SHOWN, "holds")
    assert outcome.document["agrees"] is True
    assert sorted(outcome.document["unjudged"]) == UNSHOWN
    assert home.state() == before and not (home.folder / LIBRARY_PATH).exists()
    assert not list((home.folder.parent / "work").iterdir())


@pytest.mark.parametrize("name", ["break-skips-drops", "interpolation-frees-operands"])
def test_a_mended_defect_is_named(home: Checkout, run: Run, name: str) -> None:
    outcome = doctor(run, "--format", "json", compiler=f"--mended {name}")

    assert outcome.code == 1
    assert states(outcome) == dict.fromkeys(SHOWN, "holds") | {name: "mended"}
    assert outcome.document["seen"] == {"checked": None, "mended": [name], "changed": []}
    assert doctor(run, "--exit-zero", compiler=f"--mended {name}").code == 0


def test_each_defect_whose_program_does_harm_is_seen_to_be_mended(home: Checkout, run: Run) -> None:
    outcome = doctor(run, "--format", "json", compiler=f"--mended {','.join(SHOWN)}")

    assert outcome.code == 1
    assert states(outcome) == dict.fromkeys(SHOWN, "mended")


@pytest.mark.parametrize(
    ("option", "name", "status", "leaks"),
    [
        ("--more", "break-skips-drops", "passed", 2),
        ("--crashes", "break-skips-drops", "crashed", None),
        ("--uncompiled", "break-skips-drops", "does not compile", None),
        ("--uncompiled", "interpolation-frees-operands", "does not compile", None),
    ],
)
def test_a_program_that_does_something_else_shows_a_changed_defect(
    home: Checkout, run: Run, option: str, name: str, status: str, leaks: int | None
) -> None:
    outcome = doctor(run, "--format", "json", compiler=f"{option} {name}")

    assert outcome.code == 1
    assert states(outcome) == dict.fromkeys(SHOWN, "holds") | {name: "changed"}
    (entry,) = (entry for entry in outcome.document["defects"] if entry["name"] == name)
    assert (entry["status"], entry["leaks"]) == (status, leaks)


def test_the_text_says_what_was_measured_and_what_is(home: Checkout, run: Run) -> None:
    outcome = doctor(run, compiler="--mended break-skips-drops --crashes tuples-are-never-dropped")
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]

    assert lines[0] == f"{len(SHOWN)} programs, run beside the library of commit {home.head()[:12]}"
    assert "break-skips-drops mended 1 leak 0 leaks" in lines
    assert "void-end-drops-nothing holds 1 leak 1 leak" in lines
    assert "interpolation-frees-operands holds double free crashed" in lines
    assert f"not judged: {UNSHOWN[0]}, as so small a program does no harm" in lines
    assert lines[-5:] == [
        f"{len(SHOWN) - 2} hold, 1 mended, 1 changed",
        "tmlfix trusts the compiler of commit cf79b64d, and this one is another:",
        "- break-skips-drops: holds there, mended here",
        "- tuples-are-never-dropped: holds there, changed here",
        "tmlfix doctor --write lets tmlfix know",
    ]


def test_a_compiler_that_counts_nothing_is_not_mended(home: Checkout, run: Run) -> None:
    outcome = doctor(run, compiler="--blind")

    assert (outcome.code, outcome.out) == (2, "")
    assert "the program forgets-a-block, which leaks one block, leaks 0 allocations" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_command_that_compiles_nothing_is_no_compiler(home: Checkout, run: Run) -> None:
    names = ",".join(control.name for control in CONTROLS)
    outcome = doctor(run, compiler=f"--uncompiled {names}")

    assert (outcome.code, outcome.out) == (2, "")
    assert "the program drops-strings, which leaks nothing, does not compile" in outcome.err


def test_double_releases_are_not_judged_where_nobody_notices_them(home: Checkout, run: Run) -> None:
    outcome = doctor(run, "--format", "json", compiler="--forgiving")
    twice = {defect.name for defect in DEFECTS.values() if defect.confirmed and defect.leaks is None}

    assert outcome.code == 0
    assert states(outcome) == dict.fromkeys((name for name in SHOWN if name not in twice), "holds")
    assert twice < outcome.document["unjudged"].keys()


def test_a_program_without_end_is_not_judged(
    home: Checkout, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "MOST_OUTPUT", 100_000)
    outcome = doctor(run, "--format", "json", compiler="--endless break-skips-drops")

    assert outcome.code == 2
    assert "break-skips-drops" not in states(outcome)
    (error,) = outcome.document["errors"]
    assert error["message"] == "cannot be judged: its program printed without end"
    assert outcome.document["seen"]["changed"] == []


def test_what_a_program_takes_the_place_of_comes_back(tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(b"own")
    with added(tmp_path, {"own": b"other", "deep/new": b"new"}):
        assert (tmp_path / "own").read_bytes() == b"other"
        assert (tmp_path / "deep" / "new").read_bytes() == b"new"

    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["own"]
    assert (tmp_path / "own").read_bytes() == b"own"


def test_a_link_is_not_written_through(home: Checkout, run: Run) -> None:
    (home.folder / "lib" / "std").mkdir()
    (home.folder / "lib" / "std" / "own").write_text("untracked")
    outcome = doctor(run, "--link", "lib/std")

    assert (outcome.code, outcome.out) == (2, "")
    assert "is outside of the tree, behind a link" in outcome.err
    assert [path.name for path in (home.folder / "lib" / "std").iterdir()] == ["own"]


# What tmlfix then knows


def test_what_was_seen_is_written_for_all_commands(home: Checkout, run: Run) -> None:
    compiler = "--mended break-skips-drops --more tuples-are-never-dropped"
    written = doctor(run, "--write", compiler=compiler)

    assert written.code == 0
    assert written.out.endswith(f"written to {home.folder / 'tmlfix.toml'}\n")
    today = tomllib.loads((home.folder / "tmlfix.toml").read_text())["compiler"].pop("checked")
    assert date.fromisoformat(today)
    again = doctor(run, compiler=compiler)
    assert again.code == 0
    assert (
        f"tmlfix trusts the compiler as it was checked on {today}, and this one behaves the same" in again.out
    )
    back = doctor(run)
    assert back.code == 1
    assert "- break-skips-drops: mended there, holds here" in back.out
    assert "- tuples-are-never-dropped: changed there, holds here" in back.out


def test_nothing_is_written_while_something_could_not_be_judged(
    home: Checkout, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "MOST_OUTPUT", 100_000)
    outcome = doctor(run, "--write", compiler="--endless break-skips-drops")

    assert outcome.code == 2
    assert not (home.folder / "tmlfix.toml").exists()


def test_what_is_not_judged_stays_as_it_was(home: Checkout, run: Run) -> None:
    settings = '[compiler]\nchecked = "2026-01-01"\nmended = ["joined-strings-are-freed-early"]\n'
    home.write("tmlfix.toml", settings.encode())
    outcome = doctor(run, "--format", "json")

    assert outcome.code == 0
    assert outcome.document["seen"]["mended"] == ["joined-strings-are-freed-early"]
