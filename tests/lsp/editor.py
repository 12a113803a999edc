"""An editor that speaks to ``tmlfix lsp``: a real client, and a real process over stdio."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.support.bundled import environment
from tests.support.project import PROJECT

WATCHDOG = 120
"""Seconds after which a server that says nothing counts as hung."""

CAPABILITIES = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
    ),
    window=types.WindowClientCapabilities(work_done_progress=True),
)


class Editor:
    """Open files and what the server has said about them."""

    def __init__(self, client: LanguageClient, root: Path) -> None:
        self.client = client
        self.root = root
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.logged: asyncio.Queue[types.LogMessageParams] = asyncio.Queue()
        self.registered: list[types.Registration] = []
        self.progress: list[Any] = []

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _(params: types.PublishDiagnosticsParams) -> None:
            self.published.put_nowait(params)

        @client.feature(types.WINDOW_LOG_MESSAGE)
        def _(params: types.LogMessageParams) -> None:
            self.logged.put_nowait(params)

        @client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def _(params: types.RegistrationParams) -> None:
            self.registered += params.registrations

        @client.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def _(_params: types.WorkDoneProgressCreateParams) -> None:
            return None

        @client.feature(types.PROGRESS)
        def _(params: types.ProgressParams) -> None:
            self.progress.append(params.value)

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def open(self, path: str, text: str | None = None) -> None:
        """Open a file, with unsaved text or with what is on the disk."""
        self.texts[path] = text if text is not None else (self.root / path).read_bytes().decode()
        self.versions[path] = 1
        item = types.TextDocumentItem(self.uri(path), "tml", 1, self.texts[path])
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, path: str, text: str) -> None:
        """Replace the text of an open file."""
        self.texts[path] = text
        self.versions[path] += 1
        identifier = types.VersionedTextDocumentIdentifier(self.versions[path], self.uri(path))
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))

    def save(self, path: str) -> None:
        (self.root / path).write_bytes(self.texts[path].encode())
        identifier = types.TextDocumentIdentifier(self.uri(path))
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))

    def close(self, path: str) -> None:
        identifier = types.TextDocumentIdentifier(self.uri(path))
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))

    def disk_changed(self, path: str) -> None:
        event = types.FileEvent(self.uri(path), types.FileChangeType.Changed)
        self.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))

    async def send_raw(self, data: bytes) -> None:
        """Send what may be no message."""
        process = self.client._server
        assert process is not None
        assert process.stdin is not None
        process.stdin.write(data)
        await process.stdin.drain()

    async def diagnostics(self, path: str) -> list[types.Diagnostic]:
        """The next diagnostics of the current text of a file."""
        while True:
            params = await asyncio.wait_for(self.published.get(), WATCHDOG)
            if params.uri == self.uri(path) and params.version in (None, self.versions[path]):
                return list(params.diagnostics)

    async def message(self) -> str:
        """The next message in the log."""
        return (await asyncio.wait_for(self.logged.get(), WATCHDOG)).message

    async def actions(self, path: str, line: int, *only: str) -> list[types.CodeAction]:
        """What the server offers for a 0-based line."""
        place = types.Range(types.Position(line, 0), types.Position(line, 0))
        answer = await asyncio.wait_for(
            self.client.text_document_code_action_async(
                types.CodeActionParams(
                    types.TextDocumentIdentifier(self.uri(path)),
                    place,
                    types.CodeActionContext([], only=list(only) or None),
                )
            ),
            WATCHDOG,
        )
        assert answer is not None
        return [action for action in answer if isinstance(action, types.CodeAction)]

    async def hover(self, path: str, line: int, column: int = 0) -> str | None:
        """What a hover over a 0-based position shows."""
        answer = await asyncio.wait_for(
            self.client.text_document_hover_async(
                types.HoverParams(types.TextDocumentIdentifier(self.uri(path)), types.Position(line, column))
            ),
            WATCHDOG,
        )
        if answer is None:
            return None
        assert isinstance(answer.contents, types.MarkupContent)
        return answer.contents.value

    def applied(self, path: str, action: types.CodeAction) -> str:
        """The text of a file after an action that changes no other."""
        (text,) = self.all_applied(action).items()
        assert text[0] == path
        return text[1]

    def all_applied(self, action: types.CodeAction) -> dict[str, str]:
        """The texts of the files that an action changes; it must be for their current versions."""
        assert action.edit is not None
        texts = {}
        for uri, version, edits in _changes(action.edit):
            name = Path(url2pathname(urlsplit(uri).path)).relative_to(self.root).as_posix()
            assert version in (None, self.versions.get(name))
            text = self.texts.get(name)
            before = text if text is not None else (self.root / name).read_bytes().decode()
            texts[name] = edited(before, edits)
        return texts


def _changes(edit: types.WorkspaceEdit) -> Iterator[tuple[str, int | None, list[types.TextEdit]]]:
    """The URI, version and edits of each file."""
    for uri, edits in (edit.changes or {}).items():
        yield uri, None, list(edits)
    for change in edit.document_changes or []:
        assert isinstance(change, types.TextDocumentEdit)
        edits = [each for each in change.edits if isinstance(each, types.TextEdit)]
        yield change.text_document.uri, change.text_document.version, edits


def edited(text: str, edits: list[types.TextEdit]) -> str:
    """A text with edits whose columns count UTF-16 units, as the protocol defines it."""
    units = text.encode("utf-16-le")
    starts = [0]
    position = 0
    while position < len(units):
        unit = units[position : position + 2]
        position += 2
        if unit == b"\r\0" and units[position : position + 2] == b"\n\0":
            position += 2
        if unit in (b"\r\0", b"\n\0"):
            starts.append(position)

    def offset(place: types.Position) -> int:
        return starts[place.line] + 2 * place.character

    done, pieces = 0, []
    for edit in sorted(edits, key=lambda edit: offset(edit.range.start)):
        start, end = offset(edit.range.start), offset(edit.range.end)
        assert done <= start <= end
        pieces += [units[done:start], edit.new_text.encode("utf-16-le")]
        done = end
    return b"".join([*pieces, units[done:]]).decode("utf-16-le")


@asynccontextmanager
async def started(root: Path, capabilities: types.ClientCapabilities, prelude: str) -> AsyncIterator[Editor]:
    """An editor with a server process for the folder; the process must end well when the editor leaves."""
    client = LanguageClient("editor", "1")
    editor = Editor(client, root)
    command = f"{prelude}\nimport sys; from codemods.cli import main; sys.exit(main(['lsp']))"
    variables = {**environment(), "PYTHONPATH": str(PROJECT)}
    await client.start_io(sys.executable, "-c", command, cwd=root, env=variables)
    folder = types.WorkspaceFolder(root.as_uri(), root.name)
    await client.initialize_async(
        types.InitializeParams(
            capabilities,
            root_uri=root.as_uri(),
            workspace_folders=[folder],
            initialization_options={"delay": 0},
        )
    )
    client.initialized(types.InitializedParams())
    yield editor
    await asyncio.wait_for(client.shutdown_async(None), WATCHDOG)
    client.exit(None)
    process = client._server
    assert process is not None
    assert await asyncio.wait_for(process.wait(), WATCHDOG) == 0
    await client.stop()


Scenario = Callable[[Editor], Coroutine[Any, Any, None]]


def play(
    root: Path,
    scenario: Scenario,
    capabilities: types.ClientCapabilities = CAPABILITIES,
    prelude: str = "",
) -> None:
    """Let an editor play a scenario with a server of its own, in which ``prelude`` is run first."""

    async def run() -> None:
        async with started(root, capabilities, prelude) as editor:
            await scenario(editor)

    asyncio.run(run())


def by_code(diagnostics: list[types.Diagnostic]) -> Mapping[str, types.Diagnostic]:
    """The diagnostics by their rules."""
    return {str(diagnostic.code): diagnostic for diagnostic in diagnostics}
