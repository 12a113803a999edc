"""What a project decides: which findings are wanted, suppressed, looked for, and in which files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from codemods.app.configuration import KEYS, Configuration, read_configuration
from codemods.engine import analyse, plan_fixes
from codemods.model.errors import UserError
from codemods.model.findings import PhaseResult
from codemods.model.settings import ExplicitReleases, Settings
from tests.support.command import Run
from tests.support.project import EXAMPLE, PROJECT

LIBRARY = "lib/demo/src/http/reel.tml"
TEST = "tests/http/reel.test.tml"
REEL = """\
pub type Reel {
    handle: *Unit
}

impl Reel {
    pub func new() -> Reel {
        let block: *Unit = lowlevel { mem_alloc(8) }
        return Reel { handle: block }
    }

    pub func size(this) -> I64 {
        return 1
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.handle) }
    }
}
"""
USE = """\
use demo::http::reel::Reel

@test
func test_first() -> I32 {
    let first = Reel::new()
    assert(first.size() == 1, "size")
    return 0
}

@test
func test_second() -> I32 {
    let second = Reel::new()
    assert(second.size() == 1, "size")
    return 0
}
"""


def run(files: Mapping[str, str], **options: Any) -> PhaseResult:
    (result,) = analyse({path: text.encode() for path, text in files.items()}, [1], **options).phases
    return result


def test_only_the_findings_that_are_chosen_are_fixed() -> None:
    files = {LIBRARY: REEL, TEST: USE}
    plan = plan_fixes({path: text.encode() for path, text in files.items()})
    keys = [finding.key for finding in plan.findings]

    (result,) = plan.together([1], frozenset({keys[1]}))

    assert [key.function for key in keys] == ["test_first", "test_second"]
    assert [finding.key for finding in result.findings] == [keys[1]]
    assert [finding.key for finding in result.declined] == [keys[0]]
    assert result.changes[TEST].after.decode().count(".destroy()") == 1
    assert b"second.destroy()" in result.changes[TEST].after


def suppressed(comment: str, *, above: bool = True) -> PhaseResult:
    line = "    let first = Reel::new()\n"
    code = f"    {comment}\n{line}" if above else f"{line.rstrip()}  {comment}\n"
    return run({LIBRARY: REEL, TEST: USE.replace(line, code)})


@pytest.mark.parametrize("above", [True, False])
def test_a_comment_suppresses_a_finding(above: bool) -> None:
    result = suppressed("// tmlfix: ignore[missing-release] the process ends here", above=above)

    assert [finding.function for finding in result.findings] == ["test_second"]
    assert [finding.function for finding in result.suppressed] == ["test_first"]
    assert b"first.destroy()" not in result.changes[TEST].after


@pytest.mark.parametrize(
    ("comment", "complaint"),
    [
        ("ignore[void-tail] why", "nothing to ignore: there is no finding of void-tail on line 6"),
        (
            "ignore[mising-release] why",
            "there is no rule 'mising-release' to ignore; did you mean missing-release?",
        ),
        ("ignore[missing-release]", "say why: // tmlfix: ignore[missing-release] reason"),
        ("ignore everything", "say which findings to ignore, and why: // tmlfix: ignore[rule] reason"),
    ],
)
def test_a_comment_that_is_not_right_is_a_finding(comment: str, complaint: str) -> None:
    found = suppressed(f"// tmlfix: {comment}").findings

    (finding,) = (finding for finding in found if finding.rule == "suppression-comment")
    assert (finding.line, finding.column, finding.message) == (5, 5, complaint)


TEMPLATE = """\
func page() -> I32 {
    let n: I64 = 2
    // tmlfix: ignore[template-conversion] shown once
    let page = `first
second {n}
third`
    assert(page.len() > 0, "page")
    return 0
}
"""


@pytest.mark.parametrize(
    "code",
    [
        TEMPLATE,
        TEMPLATE.replace("let page = ", "let page =\n        "),
        TEMPLATE.replace("    // tmlfix: ignore[template-conversion] shown once\n", "").replace(
            "third`", "third` // tmlfix: ignore[template-conversion] shown once"
        ),
    ],
)
def test_a_comment_is_about_all_lines_of_its_statement(code: str) -> None:
    result = run({TEST: "@test\n" + code})
    assert [finding.rule for finding in result.suppressed] == ["template-conversion"]
    assert not [finding for finding in result.findings if finding.rule == "suppression-comment"]


def test_a_comment_is_not_about_statements_in_a_block() -> None:
    code = TEMPLATE.replace("    let page = `first", "    if n > 0 {\n    let page = `first").replace(
        "    return 0", "    }\n    return 0"
    )
    found = {finding.rule for finding in run({TEST: "@test\n" + code}).findings}
    assert found >= {"suppression-comment", "template-conversion"}


def test_a_comment_may_follow_another() -> None:
    result = suppressed("// kept // tmlfix: ignore[missing-release] the process ends", above=False)
    assert [finding.function for finding in result.suppressed] == ["test_first"]


@pytest.mark.parametrize("above", [True, False])
def test_a_block_comment_is_a_finding(above: bool) -> None:
    found = suppressed("/* tmlfix: ignore[missing-release] why */", above=above).findings
    (finding,) = (finding for finding in found if finding.rule == "suppression-comment")
    assert finding.message.startswith("say which findings to ignore, and why: // tmlfix: ignore[rule]")


def test_a_comment_is_of_use_although_another_fix_ends_the_finding_too() -> None:
    files = {path.relative_to(EXAMPLE).as_posix(): path.read_text() for path in EXAMPLE.rglob("*.tml")}
    path, line = "tests/events/quiet.test.tml", "    let names: List[Str]"
    comment = "    // tmlfix: ignore[missing-release] the compiler drops it once there is a return\n"
    files[path] = files[path].replace(line, comment + line)

    (result,) = analyse({path: text.encode() for path, text in files.items()}, [5]).phases

    assert [finding.rule for finding in result.findings if finding.path == path] == ["void-tail"]


@pytest.mark.parametrize("comment", ["tmlfix-ignore missing-release", "tmlfix ignore[missing-release] why"])
def test_a_comment_without_the_colon_is_a_finding(comment: str) -> None:
    result = suppressed(f"// {comment}")

    (finding,) = (finding for finding in result.findings if finding.rule == "suppression-comment")
    assert finding.message.startswith("say which findings to ignore, and why: // tmlfix: ignore[rule]")
    assert not result.suppressed


def test_a_comment_about_tmlfix_is_just_a_comment() -> None:
    found = suppressed("// tmlfix writes this release; tmlfix would ignore others").findings
    assert "suppression-comment" not in {finding.rule for finding in found}


def test_a_file_that_is_excluded_informs_the_analysis_of_others() -> None:
    assert run({LIBRARY: REEL, TEST: USE}, settings=Settings(exclude=("lib/*",))).changes.keys() == {TEST}
    assert not run({LIBRARY: REEL, TEST: USE}, settings=Settings(exclude=("tests/*",))).findings


def test_a_rule_can_be_turned_off() -> None:
    assert not run(
        {LIBRARY: REEL, TEST: USE}, settings=Settings(disabled_rules=frozenset({"missing-release"}))
    ).findings


MAP = """\
use std::collections::HashMap

@test
func test_one_entry() -> I32 {
    let scores = HashMap[I64, I64]::new(4)
    scores.set(1, 10)
    return 0
}
"""


def test_releases_by_name_can_be_left_to_the_compiler() -> None:
    needed = Settings(explicit_releases=ExplicitReleases.NEEDED)

    assert [finding.rule for finding in run({TEST: MAP}).findings] == ["named-release"]
    assert not run({TEST: MAP}, settings=needed).findings


# Configuration


def configured(folder: Path, text: str, name: str = "tmlfix.toml") -> Path:
    (folder / name).write_text(text)
    return folder


def test_a_project_configures_everything(tmp_path: Path) -> None:
    text = """\
include = ["lib/*"]
exclude = ["lib/vendor/*"]
outside = ["/samples/*"]
explicit-releases = "needed"
rules.disable = ["void-tail"]
phases.http.scope = ["*/web/*"]
owning-types = { "net::Session" = "close" }
"""
    settings = read_configuration(configured(tmp_path, text)).settings

    assert (settings.covers("lib/a.tml"), settings.covers("lib/vendor/a.tml")) == (True, False)
    assert settings.explicit_releases is ExplicitReleases.NEEDED
    assert (settings.applies("void-tail"), settings.applies("missing-release")) == (False, True)
    assert settings.owning_types == {"net::Session": "close"}
    owners = [settings.plan.phase_of(path) for path in ("lib/web/a.tml", "lib/http/a.tml", "samples/a.tml")]
    assert [owner and owner.number for owner in owners] == [1, 5, None]


def test_the_own_file_wins_over_the_shared_one(tmp_path: Path) -> None:
    configured(tmp_path, '[tool.tmlfix]\nexclude = ["a"]', "pyproject.toml")
    assert read_configuration(tmp_path).settings.exclude == ("a",)

    configured(tmp_path, 'exclude = ["b"]')
    assert read_configuration(tmp_path).settings.exclude == ("b",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exclud = []", "exclud is no setting; did you mean exclude?"),
        ("phases.htp = {}", "phases.htp is no setting; did you mean http?"),
        ("rules = 1", "rules is not a table"),
        ("include = 'lib'", "include is not a list of strings"),
        ("rules.disable = ['void-tial']", "rules.disable 'void-tial' is not known; did you mean void-tail?"),
        ("explicit-releases = 'all'", "explicit-releases 'all' is not known; known: plan, needed"),
        (f"explicit-releases = 0x{'f' * 5000}", "explicit-releases is not a string"),
        ("owning-types = { A = 'b()' }", "owning-types.A is not a type with the method that releases it"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_configuration(configured(tmp_path, text))
    assert str(caught.value) == f"tmlfix.toml: {message}"


def test_what_is_no_toml_is_an_error_with_its_place(tmp_path: Path, run: Run) -> None:
    outcome = run("config", configured(tmp_path, "include = [\n'a' 'b']"))

    assert outcome.code == 2
    assert outcome.err == "tmlfix: tmlfix.toml: is not TOML: Unclosed array (at line 2, column 5)\n"


def test_a_number_without_end_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^tmlfix\.toml: is not TOML: "):
        read_configuration(configured(tmp_path, f"include = {'1' * 5000}"))


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a = 1")
    (tmp_path / "tmlfix.toml").symlink_to("secret")

    with pytest.raises(UserError, match=r"tmlfix\.toml is not a regular file"):
        read_configuration(tmp_path)


def test_the_settings_in_force_are_shown_with_their_origin(tmp_path: Path, run: Run) -> None:
    configured(tmp_path, 'exclude = ["vendor/*"]')

    outcome = run("config", tmp_path)

    assert 'exclude = ["vendor/*"]' in outcome.out
    origins = dict(line.rsplit("  # ", 1) for line in outcome.out.splitlines())
    assert {key.split(" ")[0] for key, origin in origins.items() if origin == "tmlfix.toml"} == {"exclude"}
    assert run("config", tmp_path, "--format", "json").document["settings"]["exclude"] == {
        "value": ["vendor/*"],
        "from": "tmlfix.toml",
    }


def test_the_settings_apply_to_an_analysis(tmp_path: Path, run: Run) -> None:
    for path, text in {LIBRARY: REEL, TEST: USE}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "tml.toml").touch()
    arguments = ("apply", "--phase", "1", "--in-place", "--dry-run", tmp_path, "--format", "json")
    assert len(run(*arguments).document["findings"]) == 2

    configured(tmp_path, 'exclude = ["tests/*"]')

    assert run(*arguments).document["findings"] == []


def test_rules_can_be_ignored_in_some_files(tmp_path: Path, run: Run) -> None:
    other = TEST.replace("reel", "other")
    for path, text in {LIBRARY: REEL, TEST: USE, other: USE}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "tml.toml").touch()
    configured(tmp_path, '[per-file-ignores]\n"tests/*/other*" = ["missing-release", "void-tail"]\n')

    document = run("check", tmp_path, "--format", "json").document

    assert {finding["path"] for finding in document["findings"]} == {TEST}
    run("apply", "--all", "--in-place", tmp_path)
    assert (tmp_path / other).read_text() == USE
    assert "the configuration turns off missing-release and void-tail here" in (
        run("explain", f"{tmp_path / other}:5").out
    )
    assert (
        'per-file-ignores."tests/*/other*" = ["missing-release", "void-tail"]' in run("config", tmp_path).out
    )


def test_what_is_shown_can_be_read_again(tmp_path: Path, run: Run) -> None:
    text = '[per-file-ignores]\n"a b.tml" = ["void-tail"]\n[owning-types]\n"std::os::Handle" = "close"\n'
    configured(tmp_path, text)
    (tmp_path / "tml.toml").touch()
    before = read_configuration(tmp_path).settings

    configured(tmp_path, run("config", tmp_path).out)

    assert read_configuration(tmp_path).settings == before


def test_a_comment_about_a_rule_that_is_ignored_in_the_file_may_stay() -> None:
    test = USE.replace(
        "    let first", "    // tmlfix: ignore[missing-release] the process ends here\n    let first"
    )
    ignores = {TEST: ("missing-release",)}

    assert run({LIBRARY: REEL, TEST: test}, settings=Settings(per_file_ignores=ignores)).findings == ()


SESSION = """\
@extern("c")
func host_session(n: I64) -> I64

@extern("c")
func host_leave(session: I64)

pub type Session {
    number: I64
}

impl Session {
    pub func open() -> Session {
        return Session { number: host_session(1) }
    }

    pub func size(this) -> I64 {
        return 1
    }

    pub func close(this) {
        host_leave(this.number)
    }
}
"""


@pytest.mark.parametrize("name", ["Session", "demo::http::session::Session"])
def test_a_release_may_have_a_name_of_its_own(name: str) -> None:
    test = USE.replace("reel::Reel", "session::Session").replace("Reel::new", "Session::open")
    files = {"lib/demo/src/http/session.tml": SESSION, TEST: test}

    assert not run(files).findings
    result = run(files, settings=Settings(owning_types={name: "close"}))

    assert [finding.rule for finding in result.findings] == ["missing-release"] * 2
    assert b"    first.close()\n    return 0\n" in result.changes[TEST].after


# The page about it

PAGE = (PROJECT / "docs" / "configuration.md").read_text()


@pytest.mark.parametrize("example", re.findall(r"(?ms)^```toml\n(.*?)^```$", PAGE))
def test_the_examples_of_the_page_are_right(tmp_path: Path, example: str) -> None:
    name = "pyproject.toml" if "[tool." in example else "tmlfix.toml"

    assert read_configuration(configured(tmp_path, example, name)).keys


def test_the_page_names_every_key_with_its_default() -> None:
    sections = dict(re.findall(r"(?ms)^### `([\w-]+)`\n(.*?)(?=^##|\Z)", PAGE))

    assert tuple(sections) == KEYS
    for key, text in sections.items():
        assert re.search(rf"(?m)^(\[{key}|{key} = )", text), f"no example of {key}"
    for key, value, _ in Configuration(Settings()).entries():
        if not key.startswith("phases."):
            assert f": `{json.dumps(value)}`" in sections[key.partition(".")[0]]
