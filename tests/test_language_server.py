"""``tmlfix lsp`` shows findings, fixes them and explains lines, in an editor and with unsaved text."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from bundled import EXAMPLE
from conftest import Run

types = pytest.importorskip("lsprotocol.types", reason="needs the extra lsp")
pytest.importorskip("pygls", reason="needs the extra lsp")

from editor import Editor, by_code, play

from codemods.engine import analyse
from codemods.sources import read_working_tree

CLIENT = "tests/http/client.test.tml"
LEAK = "        let resp: Response"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The bundled library in a folder of its own."""
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder)
    return folder


def test_a_leak_is_shown_and_goes_when_it_is_fixed_by_hand(example: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        shown = await editor.diagnostics(CLIENT)
        lines = [each.range.start.line for each in shown if each.code == "missing-release"]
        first = min(shown, key=lambda each: each.range.start.line)

        assert lines[0] == first.range.start.line == 16
        assert (first.range.start.character, first.range.end.character) == (11, 15)
        assert first.severity is types.DiagnosticSeverity.Warning
        assert first.source == "tmlfix"
        assert first.data["rule"] == "missing-release"
        assert first.message.startswith("`resp` (Response), created on line 17, leaks")

        fixed = editor.texts[CLIENT].replace(
            "            return 0\n", "            resp.destroy()\n            return 0\n", 1
        )
        editor.type(CLIENT, fixed)
        now = await editor.diagnostics(CLIENT)
        assert 16 not in [each.range.start.line for each in now]
        assert len(now) == len(shown) - 1
        assert (example / CLIENT).read_bytes() == (EXAMPLE / CLIENT).read_bytes()

        editor.close(CLIENT)
        assert await editor.diagnostics(CLIENT) == []

    play(example, scenario)


def test_fix_all_is_what_apply_writes(example: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted(path.relative_to(example).as_posix() for path in example.rglob("http/*.tml"))
    fixed: dict[str, str] = {}

    async def scenario(editor: Editor) -> None:
        for path in paths:
            editor.open(path)
            await editor.diagnostics(path)
            for action in await editor.actions(path, 0, "source.fixAll"):
                fixed[path] = editor.applied(path, action)

    play(example, scenario)
    monkeypatch.chdir(example)
    assert run("apply", "--phase", "1", "--in-place").code == 0

    assert sorted(fixed) == [
        path for path in paths if (example / path).read_bytes() != (EXAMPLE / path).read_bytes()
    ]
    assert fixed == {path: (example / path).read_bytes().decode() for path in fixed}


def test_each_fix_is_the_text_of_the_tool(example: Path) -> None:
    """Fixing one finding gives what the engine gives that is asked for this finding and no other."""
    files = read_working_tree([example]).workspace.files
    (result,) = analyse(files, [1], only=[CLIENT].__contains__).phases
    line = result.findings[0].line

    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        await editor.diagnostics(CLIENT)
        fix, ignore = await editor.actions(CLIENT, line - 1, "quickfix")
        wanted = analyse(files, [1], wanted=[result.findings[0].key].__contains__).phases[0]

        assert fix.title == "Fix missing-release"
        assert fix.is_preferred
        assert editor.applied(CLIENT, fix) == wanted.changes[CLIENT].after.decode()

        editor.type(CLIENT, editor.applied(CLIENT, ignore))
        now = await editor.diagnostics(CLIENT)
        assert line - 1 not in [each.range.start.line for each in now]
        assert line not in [each.range.start.line for each in now]
        assert "suppression-comment" not in by_code(now)
        assert "            Ok(resp) =>" not in editor.texts[CLIENT]
        assert "        // tmlfix: ignore[missing-release] say why this is no leak\n" in editor.texts[CLIENT]

    play(example, scenario)


def test_positions_count_utf_16_units_and_lines_end_as_they_do(example: Path) -> None:
    text = (example / CLIENT).read_text()
    text = text.replace("        Ok(resp) => {\n", "        /* \U0001f600\u2028 */ Ok(resp) => {\n", 1)
    text = text.replace("\n", "\r\n")
    (example / CLIENT).write_bytes(text.encode())

    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        shown = await editor.diagnostics(CLIENT)
        first = min(shown, key=lambda each: each.range.start.line)
        assert first.range == types.Range(types.Position(16, 21), types.Position(16, 25))
        (action,) = await editor.actions(CLIENT, 0, "source.fixAll.tmlfix")
        after = editor.applied(CLIENT, action)
        (result,) = analyse(read_working_tree([example]).workspace.files, [1]).phases
        assert after.encode() == result.changes[CLIENT].after
        assert "\n" not in after.replace("\r\n", "")

    play(example, scenario)


def test_a_syntax_error_is_shown_where_it_is(example: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT, "func get() -> I32 {\n    return (1\n}\n")
        (shown,) = await editor.diagnostics(CLIENT)
        assert (shown.code, shown.severity) == ("syntax", types.DiagnosticSeverity.Error)
        assert shown.range.start == types.Position(2, 0)
        assert shown.message == "unexpected '}'"

        editor.type(CLIENT, "\ud800")
        assert [each.code for each in await editor.diagnostics(CLIENT)] == ["syntax"]

    play(example, scenario)


def test_hovering_explains_the_line(example: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        await editor.diagnostics(CLIENT)
        text = await editor.hover(CLIENT, 19, 20)
        assert text is not None
        assert "`body` (Str): **the compiler frees it**" in text
        assert "- nothing is inserted: freeing it by hand as well would free it twice" in text
        assert "**missing-release** (fixed): `resp` (Response), created on line 17" in text
        assert await editor.hover(CLIENT, 0) is None

    play(example, scenario)


def test_the_file_of_settings_is_watched(example: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        assert await editor.diagnostics(CLIENT)
        (registration,) = editor.registered
        assert registration.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES

        (example / "tmlfix.toml").write_text('exclude = ["tests/*"]\n')
        editor.disk_changed("tmlfix.toml")
        assert await editor.diagnostics(CLIENT) == []

        (example / "tmlfix.toml").write_text("excluded = []\n")
        editor.disk_changed("tmlfix.toml")
        assert "excluded is no setting; did you mean exclude?" in await editor.message()

    play(example, scenario)


def test_the_library_counts_as_it_is_in_the_editor(example: Path) -> None:
    """What is unsaved in one file changes the findings of another."""
    response = "lib/src/http/response.tml"
    test = "tests/http/client.test.tml"

    async def scenario(editor: Editor) -> None:
        editor.open(test)
        before = await editor.diagnostics(test)
        source = (example / response).read_text()
        editor.open(response, source.replace("pub func destroy(mut this)", "func forget(mut this)"))
        after = await editor.diagnostics(test)
        assert len(after) < len(before)

        editor.close(response)
        assert await editor.diagnostics(test) == before

    play(example, scenario)


def test_files_outside_of_the_plan_and_other_files_have_no_findings(example: Path) -> None:
    sample = "docs/sample.tml"
    (example / "docs").mkdir()
    (example / sample).write_bytes((example / CLIENT).read_bytes())

    async def scenario(editor: Editor) -> None:
        editor.open("tml.toml")
        editor.open(sample)
        assert await editor.diagnostics(sample) == []
        assert await editor.hover(sample, 19) is None
        assert await editor.hover("tml.toml", 0) is None
        assert await editor.actions("tml.toml", 0) == []

    play(example, scenario)


def test_progress_is_shown_to_a_client_that_can(example: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        await editor.diagnostics(CLIENT)
        kinds = [each["kind"] if isinstance(each, dict) else each.kind for each in editor.progress]
        assert kinds[0] == "begin"
        assert kinds[-1] == "end"

    play(example, scenario)


def test_a_plain_client_gets_plain_edits(example: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        await editor.diagnostics(CLIENT)
        (action,) = await editor.actions(CLIENT, 0, "source")
        assert action.edit.document_changes is None
        assert editor.applied(CLIENT, action).count("resp.destroy()") > 3
        assert editor.progress == []
        assert editor.registered == []

    play(example, scenario, types.ClientCapabilities())


def test_typing_voids_the_analysis_that_is_under_way(example: Path) -> None:
    """Only the last text gets diagnostics, and actions are for no other."""

    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        text = editor.texts[CLIENT]
        for number in range(20):
            editor.type(CLIENT, f"// {number}\n{text}")
        params = await asyncio.wait_for(editor.published.get(), 120)
        while params.version != editor.versions[CLIENT]:
            params = await asyncio.wait_for(editor.published.get(), 120)
        assert {each.range.start.line for each in params.diagnostics} >= {17}
        assert editor.published.empty()

    play(example, scenario)
