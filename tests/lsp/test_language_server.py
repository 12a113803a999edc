"""``tmlfix lsp`` shows findings, fixes them and explains lines, in an editor and with unsaved text."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from lsprotocol import types

from codemods.app.sources import read_working_tree
from codemods.engine import plan_fixes
from codemods.lsp.documents import REASON, suppression
from codemods.model.findings import Edit, Finding, FindingKey, Verdict
from codemods.model.fix_plan import always
from tests.lsp.editor import WATCHDOG, Editor, by_code, play
from tests.support.bundled import environment
from tests.support.command import Run
from tests.support.project import EXAMPLE, PROJECT

CLIENT = "tests/http/client.test.tml"
LEAK = "        let resp: Response"


def frame(message: bytes) -> bytes:
    """A message as it goes over the wire."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(message), message)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The bundled library in a folder of its own."""
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder)
    return folder


def test_a_leak_is_shown_explained_and_goes_when_it_is_fixed_by_hand(example: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        shown = await editor.diagnostics(CLIENT)
        lines = [diagnostic.range.start.line for diagnostic in shown if diagnostic.code == "missing-release"]
        first = min(shown, key=lambda diagnostic: diagnostic.range.start.line)

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
        assert 16 not in [diagnostic.range.start.line for diagnostic in now]
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
        for path in paths:
            await editor.diagnostics(path)
        for path in paths:
            for action in await editor.actions(path, 0, "source.fixAll"):
                for changed, text in editor.all_applied(action).items():
                    editor.type(changed, text)
                    fixed[changed] = text
                await editor.diagnostics(path)

    play(example, scenario)
    monkeypatch.chdir(example)
    assert run("apply", "--phase", "1", "--in-place").code == 0

    assert sorted(fixed) == [
        path for path in paths if (example / path).read_bytes() != (EXAMPLE / path).read_bytes()
    ]
    assert fixed == {path: (example / path).read_bytes().decode() for path in fixed}


def test_each_fix_is_what_apply_writes_for_it_and_all_that_it_needs(example: Path) -> None:
    """Over every finding of the library that can be fixed, in whatever file."""
    plan = plan_fixes(read_working_tree([example]).workspace.files, requirements=always)
    paths = sorted({finding.path for finding in plan.findings})
    fixed = set()

    async def scenario(editor: Editor) -> None:
        for path in paths:
            editor.open(path)
        for path in paths:
            shown = await editor.diagnostics(path)
            for line in sorted({diagnostic.range.start.line for diagnostic in shown}):
                for action in await editor.actions(path, line, "quickfix"):
                    if not (action.title.startswith("Fix ") and action.diagnostics):
                        continue
                    data = action.diagnostics[0].data
                    assert isinstance(data, dict)
                    key = FindingKey(**data)
                    closed = plan.closed([key])
                    assert editor.all_applied(action) == {
                        name: plan.histories[name].text(closed).decode()
                        for name in {each.path for each in closed}
                    }
                    fixed.add(key)

    play(example, scenario)
    assert fixed == plan.fixable


def test_a_fix_says_what_comes_with_it(example: Path) -> None:
    test = "tests/http/router.test.tml"

    async def scenario(editor: Editor) -> None:
        editor.open(test)
        await editor.diagnostics(test)
        fix, *_ = await editor.actions(test, 8, "quickfix")

        assert fix.title == "Fix missing-release (with 1 more that it needs, 1 other file)"
        assert sorted(editor.all_applied(fix)) == ["lib/src/http/router.tml", test]

    play(example, scenario)


def test_a_comment_can_take_the_place_of_a_fix(example: Path) -> None:
    plan = plan_fixes(read_working_tree([example]).workspace.files)
    line = next(finding.line for finding in plan.findings if finding.path == CLIENT)

    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        await editor.diagnostics(CLIENT)
        fix, ignore = await editor.actions(CLIENT, line - 1, "quickfix")

        assert fix.title == "Fix missing-release"
        assert fix.is_preferred

        editor.type(CLIENT, editor.applied(CLIENT, ignore))
        now = await editor.diagnostics(CLIENT)
        assert line - 1 not in [diagnostic.range.start.line for diagnostic in now]
        assert line not in [diagnostic.range.start.line for diagnostic in now]
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
        first = min(shown, key=lambda action: action.range.start.line)
        assert first.range == types.Range(types.Position(16, 21), types.Position(16, 25))
        (action,) = await editor.actions(CLIENT, 0, "source.fixAll.tmlfix")
        after = editor.applied(CLIENT, action)
        plan = plan_fixes(read_working_tree([example]).workspace.files)
        assert after.encode() == plan.histories[CLIENT].text()
        assert "\n" not in after.replace("\r\n", "")

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


GATES = """
import codemods.lsp.open_tree
from pathlib import Path
plan_fixes = codemods.lsp.open_tree.engine.plan_fixes
calls = []
def gated(files, **options):
    if "requirements" in options:
        return plan_fixes(files, **options)
    calls.append(1)
    number = len(calls)
    def wait(when):
        if Path(f"{when}{number}").exists():
            Path(f"{when}{number}").read_bytes()
    wait("before")
    try:
        result = plan_fixes(files, **options)
    except Exception as error:
        Path(f"given_up{number}").touch()
        raise
    wait("after")
    return result
codemods.lsp.open_tree.engine.plan_fixes = gated
"""
"""Makes analyses wait at named pipes, before or after they are done, and leave a mark if given up."""


def test_an_analysis_that_typing_overtakes_is_given_up_or_not_shown(example: Path) -> None:
    for name in ("before1", "after2", "before4"):
        os.mkfifo(example / name)

    @asynccontextmanager
    async def at_gate(name: str) -> AsyncIterator[None]:
        """While an analysis waits there."""
        opening = asyncio.create_task(asyncio.to_thread(open, example / name, "wb"))
        try:
            gate = await asyncio.wait_for(asyncio.shield(opening), WATCHDOG)
        except TimeoutError:
            os.close(os.open(example / name, os.O_RDONLY | os.O_NONBLOCK))
            raise
        try:
            yield
        finally:
            gate.close()

    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        text = editor.texts[CLIENT]
        for number, gate in enumerate(("before1", "after2"), 1):
            async with at_gate(gate):
                editor.type(CLIENT, "\n" * number + text)
                assert await editor.hover(CLIENT, number + 19) is not None

        first = await asyncio.wait_for(editor.published.get(), WATCHDOG)
        assert first.version == 3
        assert min(diagnostic.range.start.line for diagnostic in first.diagnostics) == 18
        assert (example / "given_up1").exists()
        assert not (example / "given_up2").exists()
        assert await editor.actions(CLIENT, 18)

        editor.type(CLIENT, "\n\n\n" + text)
        async with at_gate("before4"):
            assert await editor.actions(CLIENT, 18) == []
            hover = await editor.hover(CLIENT, 22)
            assert hover is not None
            assert "`body` (Str)" in hover
            assert "missing-release" not in hover
        assert await editor.diagnostics(CLIENT)
        assert await editor.actions(CLIENT, 19)

    play(example, scenario, prelude=GATES)


def test_what_is_not_a_finding_of_a_library(example: Path) -> None:
    """Syntax errors, files outside of the plan, files that are none, and messages that are none."""
    sample = "docs/sample.tml"
    (example / "docs").mkdir()
    (example / sample).write_bytes((example / CLIENT).read_bytes())

    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT, "func get() -> I32 {\n    return (1\n}\n")
        (shown,) = await editor.diagnostics(CLIENT)
        assert (shown.code, shown.severity) == ("syntax", types.DiagnosticSeverity.Error)
        assert shown.range.start == types.Position(2, 0)
        assert shown.message == "unexpected '}'"

        editor.type(CLIENT, "\ud800")
        assert [diagnostic.code for diagnostic in await editor.diagnostics(CLIENT)] == ["syntax"]

        editor.open("tml.toml")
        editor.open(sample)
        assert await editor.diagnostics(sample) == []
        assert await editor.hover(sample, 19) is None
        assert await editor.hover("tml.toml", 0) is None
        assert await editor.actions("tml.toml", 0) == []

        unsaved = types.TextDocumentItem("untitled:one.tml", "tml", 1, "func one() {\n}\n")
        editor.client.text_document_did_open(types.DidOpenTextDocumentParams(unsaved))
        await editor.send_raw(frame(b"{bad}"))
        await editor.send_raw(frame(b'{"jsonrpc":"2.0","id":"x","method":"no/such"}'))
        await editor.send_raw(frame(b'{"jsonrpc":"2.0","method":"textDocument/didOpen","params":1}'))
        assert await editor.hover(sample, 19) is None

    play(example, scenario)


def test_a_crash_is_reported_and_not_the_end(example: Path) -> None:
    fault = """
import codemods.lsp.open_tree, os
read = codemods.lsp.open_tree.read_tree
def read_or_fail(root):
    if (root / "fail").exists():
        raise ZeroDivisionError("the sun explodes")
    return read(root)
codemods.lsp.open_tree.read_tree = read_or_fail
"""
    (example / "fail").touch()

    async def scenario(editor: Editor) -> None:
        editor.open(CLIENT)
        assert "ZeroDivisionError('the sun explodes')" in await editor.message()
        (example / "fail").unlink()
        editor.save(CLIENT)
        assert await editor.diagnostics(CLIENT)

    play(example, scenario, prelude=fault)


def test_a_client_that_leaves_without_a_word(example: Path) -> None:
    """Standard input that ends, and an exit that was not announced, end the server at once."""
    command = [sys.executable, "-c", "import sys; from codemods.cli import main; sys.exit(main(['lsp']))"]
    variables = {**environment(), "PYTHONPATH": str(PROJECT)}
    leave = frame(b'{"jsonrpc":"2.0","method":"exit"}')
    for feed in (b"", leave):
        done = subprocess.run(command, input=feed, env=variables, capture_output=True, timeout=120)
        assert done.returncode == 1
        assert b"Traceback" not in done.stderr


def test_without_pygls_it_says_how_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("pygls", "lsprotocol")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith("codemods.lsp.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygls", None)
    monkeypatch.setitem(sys.modules, "lsprotocol", None)

    outcome = run("lsp")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "tmlfix: the language server needs pygls: pip install 'tmlfix[lsp]'\n"


# What it rests on


@pytest.mark.parametrize(
    ("line", "expected"),
    [(line, Edit(15, 15, f"    // tmlfix: ignore[void-tail] {REASON}\n")) for line in (2, 3)],
)
def test_a_comment_is_not_put_into_a_literal(line: int, expected: Edit | None) -> None:
    source = b"func main() {\n\n    print(`one\ntwo`)\n}\n".replace(b"{\n\n", b"{ \n")
    finding = Finding(1, "void-tail", "a.tml", line, 1, "main", "leaks", Verdict.REPORTED)

    assert suppression(finding, source) == expected
