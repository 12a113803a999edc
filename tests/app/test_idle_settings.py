"""Settings that have no effect are named, by every command that they should have had an effect on."""

from __future__ import annotations

import pytest

from tests.support.checkout import Checkout
from tests.support.command import Run


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ('exclude = ["lib/gen/*"]', "exclude: 'lib/gen/*' matches no .tml file"),
        ('include = ["*", "src/*"]', "include: 'src/*' matches no .tml file; did you mean '*/src/*'?"),
        (
            'exclude = ["lib/src/http"]',
            "exclude: 'lib/src/http' matches no .tml file; did you mean 'lib/src/http/*'?",
        ),
        (
            'exclude = ["/lib/src/http/*"]',
            "exclude: '/lib/src/http/*' matches no .tml file; did you mean 'lib/src/http/*'?",
        ),
        (
            'outside = ["lib/src/net/*"]',
            "outside: 'lib/src/net/*' matches no .tml file; did you mean '/lib/src/net/*'?",
        ),
        ('[phases.http]\nscope = ["*/http2/*"]', "phases.http.scope: '*/http2/*' matches no .tml file"),
        (
            '[per-file-ignores]\n"tests/*" = ["void-tail"]',
            "per-file-ignores.\"tests/*\": 'tests/*' matches no .tml file",
        ),
        ('[owning-types]\n"os::Handle" = "close"', 'owning-types."os::Handle": no .tml file names this type'),
        ('[owning-types]\nhttp = "close"', "owning-types.http: no .tml file has a method 'close'"),
    ],
)
def test_what_matches_nothing_is_named(run: Run, inside: Checkout, settings: str, note: str) -> None:
    inside.write("tmlfix.toml", settings.encode())
    inside.commit()

    expected = f"note: tmlfix.toml: {note}\n"

    assert run("config").err == expected
    for command in (
        ["check"],
        ["status"],
        ["apply", "--all", "--dry-run"],
        ["apply", "--all"],
        ["review", "-o", "/tmp/page.html"],
        ["check", "--write-baseline", "known.json"],
    ):
        assert run(*command).err == expected, command
    assert run("check", "--quiet").err == ""


def test_what_matches_something_is_not_named(run: Run, inside: Checkout) -> None:
    settings = (
        'include = ["lib/*"]\nexclude = ["*/net/*"]\n[owning-types]\nhttp = "leak"\n'
        '[per-file-ignores]\n"*/http/*" = ["void-tail"]\n'
    )
    inside.write("tmlfix.toml", settings.encode())

    assert run("check").err == ""
    assert run("config").err == ""


def test_the_defaults_may_match_nothing(run: Run, inside: Checkout) -> None:
    assert run("check").err == run("config").err == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [("tmlfix.toml", 'exclude = ["*"]'), ("pyproject.toml", '[tool.tmlfix]\nexclude = ["*"]')],
)
def test_settings_below_the_root_are_named(
    run: Run, inside: Checkout, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    inside.write(f"lib/{name}", content.encode())
    monkeypatch.chdir(inside.folder / "lib")

    outcome = run("check")

    assert outcome.code == 1
    assert outcome.err.startswith(f"note: lib/{name}")
    assert outcome.err.endswith(
        f": is not read, for it is not at the root of the tree, which is {inside.folder}\n"
    )
    assert run("config").err == outcome.err


def test_other_files_below_the_root_are_not_looked_at(run: Run, inside: Checkout) -> None:
    inside.write("lib/pyproject.toml", b"[tool.other]\n")
    inside.write("lib/src/pyproject.toml", b"not TOML\n")
    inside.write("elsewhere/tmlfix.toml", b"exclude = []\n")

    assert run("check").err == ""


def test_a_folder_of_a_build_with_sources_is_named_until_it_is_asked_for(run: Run, inside: Checkout) -> None:
    inside.write("tests/build/a.test.tml")
    inside.write("docs/build/b.tml")
    inside.commit()
    note = "note: tests/build: is not read, for it may hold what a build made; "

    assert run("check").err == run("status").err == f"{note}name it as a PATH to have it looked at\n"

    for command in (["check"], ["apply", "--all", "--dry-run"]):
        for path in ("tests/build", "tests/build/a.test.tml"):
            outcome = run(*command, path)
            assert outcome.code == 1
            assert outcome.out.startswith("tests/build/a.test.tml:1:1: ")
            assert "1 finding in 1 file" in outcome.out
            assert outcome.err == ""
    assert run("apply", "--all", "--in-place", "tests/build").out.startswith("fixed tests/build/a.test.tml\n")
