"""The table of the compiler in a project's settings: written, read, and what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.app.compiler_settings import with_profile, write_profile
from codemods.app.configuration import read_configuration
from codemods.compiler_defects import DEFECTS
from codemods.engine import analyse
from codemods.model.compiler_profile import CompilerProfile
from codemods.model.errors import UserError
from codemods.model.findings import Verdict
from codemods.model.settings import Settings
from tests.support.command import Run

NEWER = CompilerProfile(
    frozenset({"break-skips-drops", "void-end-drops-nothing"}),
    frozenset({"tuples-are-never-dropped"}),
    "2026-03-01",
)
TABLE = """\
[compiler]
checked = "2026-03-01"
mended = [
    "break-skips-drops",
    "void-end-drops-nothing",
]
changed = [
    "tuples-are-never-dropped",
]
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", TABLE),
        ("exclude = []", f"exclude = []\n\n{TABLE}"),
        (
            "# Ours.\n[rules]\ndisable = []\n",
            f"# Ours.\n[rules]\ndisable = []\n\n{TABLE}",
        ),
        ('[compiler]\nchecked = "2026-01-01"\nmended = ["break-skips-drops"]\n', TABLE),
        (
            "[compiler]  # nightly\nmended = [\n]\n# a remark\n\n[rules]\ndisable = []\n",
            f"{TABLE.replace(']', ']  # nightly', 1)}# a remark\n\n[rules]\ndisable = []\n",
        ),
        ("exclude = []\r\n", f"exclude = []\n\n{TABLE}".replace("\n", "\r\n")),
    ],
    ids=["no-settings", "no-last-line-end", "another-table", "an-old-one", "with-comments", "crlf"],
)
def test_the_rest_of_the_settings_stays_as_it_was(before: str, after: str) -> None:
    assert with_profile(before, NEWER) == after
    assert with_profile(after, NEWER) == after


@pytest.mark.parametrize(
    "settings",
    ["compiler.mended = []\n", "compiler = { mended = [] }\n", '["compiler"]\nmended = []\n', "= 1\n"],
)
def test_a_table_of_another_form_is_left_to_its_author(settings: str) -> None:
    assert with_profile(settings, NEWER) is None


def test_the_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert write_profile(tmp_path, NEWER) == tmp_path / "tmlfix.toml"
    assert read_configuration(tmp_path).settings.compiler == NEWER


def test_settings_that_lie_in_pyproject_stay_there(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.tmlfix]\nexclude = ["a/*"]\n\n[tool.other]\na = 1\n')
    write_profile(tmp_path, NEWER)
    settings = read_configuration(tmp_path).settings

    assert (settings.compiler, settings.exclude) == (NEWER, ("a/*",))
    assert not (tmp_path / "tmlfix.toml").exists()


def test_a_table_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "tmlfix.toml").write_text("compiler.mended = []\n")
    with pytest.raises(UserError, match=r"tmlfix\.toml: \[compiler\] is written in a way"):
        write_profile(tmp_path, NEWER)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            'mended = ["break-skips-drop"]',
            "compiler.mended 'break-skips-drop' is not known; did you mean",
        ),
        ('mended = ["break-skips-drops"]', 'compiler does not say when: checked = "YYYY-MM-DD"'),
        ('checked = "yesterday"', 'compiler.checked is not a day such as "2026-02-25"'),
        ("checked = 2026", 'compiler.checked is not a day such as "2026-02-25"'),
        (
            'checked = "2026-02-25"\nmended = ["break-skips-drops"]\nchanged = ["break-skips-drops"]',
            "compiler says both of break-skips-drops: mended and changed",
        ),
        ("fixed = []", "compiler.fixed is no setting"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, table: str, message: str) -> None:
    (tmp_path / "tmlfix.toml").write_text(f"[compiler]\n{table}\n")
    with pytest.raises(UserError) as error:
        read_configuration(tmp_path)
    assert str(error.value).startswith(f"tmlfix.toml: {message}")


@pytest.mark.parametrize("name", [defect.name for defect in DEFECTS.values() if defect.is_fixable])
def test_what_rests_on_a_changed_defect_is_reported_and_not_fixed(name: str) -> None:
    defect = DEFECTS[name]
    settings = Settings(compiler=CompilerProfile(changed=frozenset({name}), checked="2026-03-01"))
    findings = [*analyse(defect.files, [5], settings=settings).findings]

    assert {finding.rule for finding in findings} == set(defect.rules[:1])
    assert {finding.verdict for finding in findings} == {Verdict.REPORTED}
    reason = f"left alone, because the defect {name} is not what it was in the compiler in use"
    assert all(finding.message.endswith(reason) for finding in findings)


def test_a_check_says_which_compiler_it_trusts(
    library: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(library)
    shipped = run("check", "--phase", "1", "--verbose", "--format", "json")
    assert "note: the fixes are for the compiler of commit cf79b64d\n" in shipped.err
    assert shipped.document["summary"]["compiler"] == {"checked": None, "mended": [], "changed": []}

    write_profile(library, NEWER)
    newer = run("check", "--phase", "1")
    line = "the fixes are for the compiler as it was checked on 2026-03-01: 2 defects mended, 1 changed"
    assert line in newer.out.splitlines()


def test_what_was_found_for_one_compiler_is_not_taken_for_another(
    library: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(library)

    def verdicts() -> list[tuple[str, str]]:
        findings = run("check", "lib/src/http", "--format", "json").document["findings"]
        return sorted((finding["rule"], finding["verdict"]) for finding in findings)

    before = verdicts()
    rules = {rule for rule, verdict in before if verdict == "fixable"}
    changed = frozenset(each.name for each in DEFECTS.values() if rules & set(each.rules))
    write_profile(library, CompilerProfile(changed=changed, checked="2026-03-01"))
    assert changed and verdicts() != before
    (library / "tmlfix.toml").unlink()
    assert verdicts() == before
