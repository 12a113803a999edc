"""The README and the pages are true: their commands are run again, their tables and names are looked up."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codemods.cli.program import load_command
from codemods.cli.statuses import FAILED, FOUND
from codemods.engine import analyse
from codemods.model.phases import OUTSIDE, PHASES
from codemods.rules import RULES
from codemods.rules.rule import Rule
from tests.support import pages, rule_pages
from tests.support.pages import PAGES, Part, Session
from tests.support.project import PROJECT

TEXTS = {page: page.read_text() for page in PAGES}
TEXT = TEXTS[pages.README]
RULES_TEXT = TEXTS[PROJECT / "docs" / "rules.md"]
ALL = "\n".join(TEXTS.values())
HINT = "bring the pages up to date with: .venv/bin/python -m tests.update"


def prose(text: str) -> str:
    """A page without sessions, diffs, code and text blocks; commands to copy stay."""
    return re.sub(r"(?ms)^```(?:console|diff|text|tml)\n.*?^```$", "", text)


PROSE = prose(ALL)

SESSIONS = [(page, session) for page, text in TEXTS.items() for session in pages.sessions(text)]
PARTS = [(page, part) for page, text in TEXTS.items() for part in pages.parts(text)]


def label(value: object) -> str:
    match value:
        case Path():
            return value.stem
        case Session():
            return value.steps[0][0]
        case Part():
            return " ".join([value.name, *value.arguments])
        case _:
            return str(value)


@pytest.mark.parametrize(("page", "session"), SESSIONS, ids=label)
def test_commands_print_what_is_shown(page: Path, session: Session) -> None:
    assert pages.normalised(session.run().text()) == pages.normalised(session.text()), HINT


def test_every_session_runs_tmlfix() -> None:
    for _, session in SESSIONS:
        assert any("tmlfix " in command for command, _ in session.steps)
    assert len(SESSIONS) == ALL.count("```console")


@pytest.mark.parametrize(("page", "part"), PARTS, ids=label)
def test_diffs_and_tables_are_those_of_the_project(page: Path, part: Part) -> None:
    assert TEXTS[page][part.start : part.end] == part.text(), HINT


def test_every_diff_is_generated() -> None:
    assert [part.name for _, part in PARTS].count("diff") == ALL.count("```diff") > 0


def test_the_tables_name_every_rule_phase_and_command() -> None:
    def first_column(text: str, name: str) -> list[str]:
        (part,) = (part for part in pages.parts(text) if part.name == name)
        return re.findall(r"(?m)^\| \[?`?([^`|]+?)`?(?:\]\([^)]*\))? \|", text[part.start : part.end])[2:]

    assert first_column(RULES_TEXT, "rules") == list(RULES)
    assert "All phases apply all rules" in RULES_TEXT
    assert first_column(RULES_TEXT, "phases") == [str(phase.number) for phase in PHASES]
    assert first_column(TEXT, "commands") == [f"tmlfix {command}" for command in pages.program()]


def test_the_change_shown_is_part_of_a_semantic_patch() -> None:
    (shown,) = re.findall(r"(?ms)^```text\n( let .*?)^```$", ALL)
    folder = PROJECT / "codemods" / "semantic_patches"
    assert any(shown in path.read_text() for path in folder.glob("*.patch"))


def test_commands_and_options_exist() -> None:
    commands = set(re.findall(r"tmlfix ([a-z][\w-]*)", re.sub(r"\s+", " ", PROSE + "".join(shown()))))
    assert commands >= pages.program().keys()
    recorded = re.findall(r"(?m)^\$ (tmlfix .*)$", ALL)  # also in blocks of text, which are not run again
    spelled = [*re.findall(r"`(tmlfix [^`]+)`", PROSE), *re.findall(r"(?m)^tmlfix .*$", PROSE)]
    assert set(re.findall(r"(?m)^tmlfix ([a-z][\w-]*)", "\n".join(recorded))) <= pages.program().keys()
    for line in [*shown(), *recorded, *spelled]:
        if line.startswith("tmlfix ") and line.split()[1] in pages.program():
            own = re.sub(r'"[^"]*"', "", line)  # what is quoted is another program's
            assert set(re.findall(r"--[a-z-]+", own)) <= options(line.split()[1]) | {"--help"}, line


@pytest.mark.parametrize("command", pages.program())
def test_every_option_is_documented(command: str) -> None:
    assert options(command) <= set(re.findall(r"--[a-z-]+", ALL))


def shown() -> Iterator[str]:
    """The commands of all sessions."""
    return (command for _, session in SESSIONS for command, _ in session.steps)


def options(command: str) -> set[str]:
    """The options of a command, or of all the commands in a group."""
    loaded = load_command(command)
    parts = [loaded, *getattr(loaded, "commands", {}).values()]
    parameters = (parameter for part in parts for parameter in part.params)
    return {
        name
        for parameter in parameters
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    }


def test_the_readme_takes_five_minutes_to_read() -> None:
    assert len(TEXT.splitlines()) <= 200


def test_exit_statuses_are_those_of_the_program() -> None:
    (table,) = re.findall(r"(?ms)^## Exit status\n\n(.*?)\n\n", TEXT)

    assert re.findall(r"(?m)^\| (\d) \|", table) == ["0", str(FOUND), str(FAILED)]


def test_the_readme_names_what_is_outside_the_plan() -> None:
    for pattern in OUTSIDE:
        assert f"`{pattern.removeprefix('/').removesuffix('*')}`" in TEXT


@pytest.mark.parametrize(
    ("page", "target"),
    [(page, target) for page, text in TEXTS.items() for target in re.findall(r"\]\(([^)]+)\)", prose(text))],
    ids=label,
)
def test_links_lead_somewhere(page: Path, target: str) -> None:
    if target.startswith("https://"):
        return
    name, _, anchor = target.partition("#")
    file = page.parent / name if name else page
    assert file.exists()
    if anchor:
        assert anchor in map(anchor_of, re.findall(r"(?m)^#+ (.*)$", file.read_text()))


def anchor_of(heading: str) -> str:
    """The anchor that GitHub and the documentation site make of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_make_targets_and_scripts_exist() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    for target in re.findall(r"(?:^|`)make (\w+)", ALL, re.MULTILINE):
        assert f"\n{target}: " in makefile
    for script in re.findall(r"(?:python|bash) (\S+\.\w+)", ALL):
        assert (PROJECT / script).exists()


# The pages of the rules


@pytest.mark.parametrize(("name", "page"), rule_pages.rule_pages().items(), ids=label)
def test_the_page_of_a_rule_is_made_from_the_rule(name: str, page: str) -> None:
    file = rule_pages.FOLDER / name
    assert file.exists() and file.read_text() == page, HINT


def test_every_rule_has_a_page_and_nothing_else_has() -> None:
    assert {path.stem for path in rule_pages.FOLDER.iterdir()} == RULES.keys(), HINT


def test_the_rule_that_the_guide_writes_does_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"(?ms)^```python\n(.*?)^```$", TEXTS[PROJECT / "CONTRIBUTING.md"])
    module: dict[str, Any] = {}
    exec(compile(code, "copied_copy.py", "exec"), module)
    rule: Rule = module["RULE"]
    monkeypatch.setattr("codemods.engine.fix_loop.RULES", {rule.name: rule, **RULES})

    def becomes(code: str) -> str:
        path = "lib/demo/src/http/names.tml"
        change = analyse({path: code.encode()}, [1]).phases[0].changes.get(path)
        return change.after.decode() if change else code

    assert [becomes(example.before) for example in rule.fixed] == [example.after for example in rule.fixed]
    assert [becomes(example.code) for example in rule.untouched] == [
        example.code for example in rule.untouched
    ]


# The long runs


def long_runs() -> list[tuple[str, ...]]:
    """The modules that the pages say to run, with their subcommands and options."""
    found = re.findall(r"(?m)^\.venv/bin/python -m ((?:tests|benchmarks)\b[\w.]*)([^#\n]*)", ALL)
    return sorted({(module, *arguments.split()) for module, arguments in found})


def test_there_are_long_runs() -> None:
    assert {command[0] for command in long_runs()} >= {
        "benchmarks",
        "tests.update",
        "tests.campaigns.restore",
    }


@pytest.mark.parametrize("command", long_runs(), ids=" ".join)
def test_long_runs_have_the_options_that_the_pages_show(command: tuple[str, ...]) -> None:
    module, *arguments = command
    subcommand = [argument for argument in arguments[:1] if argument.islower() and argument.isalpha()]
    help_text = subprocess.run(
        [sys.executable, "-m", module, *subcommand, "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    options_shown = {argument for argument in arguments if argument.startswith("--")}
    assert options_shown <= set(re.findall(r"--[a-z-]+", help_text))
