"""The language server: answers an editor over stdio.

Analyses run in a thread of their own, one at a time, and hovers in another, so that every message gets its
answer soon. An analysis of texts that have changed since is given up, and its findings are never shown.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from codemods import __version__
from codemods.app.configuration import OWN_FILE, SHARED_FILE
from codemods.app.sources import is_marked_root, working_tree_root
from codemods.files.workspace import SUFFIX
from codemods.lsp.documents import (
    FIX_ALL,
    Document,
    Editor,
    Positions,
    actions,
    diagnostic,
    encoded,
    hover_text,
    syntax_diagnostic,
)
from codemods.lsp.open_tree import OpenTree, Snapshot
from codemods.lsp.progress_bar import ProgressBar
from codemods.model.errors import UserError
from codemods.model.fix_plan import FixPlan

DELAY = 0.3
"""Seconds without a change after which the analysis starts; the client may set ``delay`` in milliseconds."""

Input = TypeVar("Input")
Result = TypeVar("Result")

log = logging.getLogger(__name__)


class _Outdated(Exception):
    """The texts have changed since the analysis began."""


@dataclass(slots=True)
class _Open:
    """An open file: its name in the tree, and the last text and version of it."""

    name: str
    text: bytes
    version: int | None


@dataclass(slots=True)
class _Tree:
    """A working tree with open files, and the state of its analysis."""

    tree: OpenTree
    open: dict[str, _Open] = field(default_factory=dict)
    """By the file's URI."""
    snapshot: Snapshot | None = None
    generation: int = 0
    """How often anything has changed."""
    timer: asyncio.TimerHandle | None = None
    running: asyncio.Task[None] | None = None
    complete: asyncio.Task[FixPlan | None] | None = None
    """The plan of the snapshot with what its fixes need."""

    def texts(self) -> dict[str, bytes]:
        """The texts of the open files, by name."""
        return {file.name: file.text for file in self.open.values()}


class TmlfixServer(LanguageServer):
    """The server's state: the trees that have open files."""

    def __init__(self) -> None:
        # An editor and pygls disagree about what ends a line of text, so texts are sent whole.
        super().__init__("tmlfix", __version__, types.TextDocumentSyncKind.Full)
        self.trees: dict[Path, _Tree] = {}
        self.delay = DELAY
        self.stopping = False
        self.analyses = ThreadPoolExecutor(1, "analysis")
        self.hovers = ThreadPoolExecutor(1, "hover")
        self.tokens = count(1)

    # -- open files -----------------------------------------------------------------------------

    def find(self, uri: str) -> tuple[_Tree, _Open] | None:
        """The tree and the file of a URI that is open."""
        for tree in self.trees.values():
            if uri in tree.open:
                return tree, tree.open[uri]
        return None

    def open_file(self, uri: str) -> None:
        """Keep the text of a file that was opened or has changed, and have its tree analysed."""
        document = self.workspace.get_text_document(uri)
        text = encoded(document.source)
        known = self.find(uri)
        if known is not None:
            tree, file = known
            file.text, file.version = text, document.version
            self.changed(tree)
            return
        path = to_fs_path(uri)
        if path is None or not uri.startswith("file:") or not path.endswith(SUFFIX):
            return
        root = self._root(Path(path))
        tree = self.trees.setdefault(root, _Tree(OpenTree(root)))
        name = tree.tree.name_of(Path(path))
        if name is not None:
            tree.open[uri] = _Open(name, text, document.version)
            self.changed(tree)

    def close_file(self, uri: str) -> None:
        """Forget a file, and remove its diagnostics from the editor."""
        known = self.find(uri)
        if known is None:
            return
        tree, _ = known
        del tree.open[uri]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
        self.changed(tree)

    def _root(self, path: Path) -> Path:
        """The root of a file's tree; where nothing marks one, the folder of the editor that it lies in."""
        root = working_tree_root([path])
        if is_marked_root(root):
            return root
        folders = [to_fs_path(uri) for uri in self.workspace.folders]
        around = [Path(folder) for folder in folders if folder is not None and path.is_relative_to(folder)]
        return max(around, key=lambda folder: len(folder.parts), default=root)

    # -- analyses -------------------------------------------------------------------------------

    def changed(self, tree: _Tree) -> None:
        """Analyse a tree once nothing has changed for a while; an analysis that runs already is outdated."""
        tree.generation += 1
        if tree.timer is not None:
            tree.timer.cancel()
            tree.timer = None
        if not tree.open or self.stopping:
            return
        loop = asyncio.get_running_loop()
        tree.timer = loop.call_later(self.delay, self._start, tree)

    def _start(self, tree: _Tree) -> None:
        tree.timer = None
        tree.running = asyncio.create_task(self._analyse(tree))

    async def _analyse(self, tree: _Tree) -> None:
        """Analyse a tree and show what was found, unless something has changed by then."""
        generation = tree.generation
        snapshot = await self._compute(tree, tree.tree.analyse, tree.texts())
        if snapshot is None or tree.generation != generation or self.stopping:
            return
        tree.snapshot = snapshot
        tree.complete = asyncio.create_task(self._compute(tree, tree.tree.complete, snapshot))
        for uri, file in tree.open.items():
            self._publish(uri, file, snapshot)

    async def complete_plan(self, tree: _Tree) -> FixPlan | None:
        """The plan of the last snapshot of a tree with what its fixes need; None if there is none."""
        return await tree.complete if tree.complete is not None else None

    async def _compute(
        self, tree: _Tree, work: Callable[[Input, Callable[[str, int, int], None]], Result], given: Input
    ) -> Result | None:
        """Do some work on a tree with a progress bar; None if it fails, or if the tree changes meanwhile.

        A client that has left gets no more messages.
        """
        if self.stopping:
            return None
        loop = asyncio.get_running_loop()
        generation = tree.generation
        bar = ProgressBar(self, f"tmlfix-{next(self.tokens)}")

        def progress(what: str, done: int, total: int) -> None:
            if self.stopping or tree.generation != generation:
                raise _Outdated
            loop.call_soon_threadsafe(bar.report, what, done, total)

        bar.begin()
        try:
            return await loop.run_in_executor(self.analyses, work, given, progress)
        except _Outdated:
            pass
        except UserError as error:
            self.say(types.MessageType.Error, f"tmlfix: {error}")
        except Exception as error:
            log.exception("the analysis failed")
            self.say(types.MessageType.Error, f"tmlfix: the analysis failed: {error!r}")
        finally:
            if not self.stopping:
                bar.end()
        return None

    def _publish(self, uri: str, file: _Open, snapshot: Snapshot) -> None:
        positions = self.positions(file.text)
        shown = [syntax_diagnostic(error, positions) for error in snapshot.errors if error.path == file.name]
        shown += [diagnostic(finding, positions) for finding in snapshot.findings(file.name)]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, shown, file.version))

    def positions(self, text: bytes) -> Positions:
        """The positions of a text, in the units of the client."""
        return Positions(text, self.workspace.position_codec.client_num_units)

    def editor(self, tree: _Tree, snapshot: Snapshot) -> Editor:
        """How the client takes edits of the files of a tree."""
        opened = {file.name: (uri, file.version) for uri, file in tree.open.items()}
        workspace = self.client_capabilities.workspace
        edits = workspace.workspace_edit if workspace is not None else None

        def document(name: str) -> Document:
            uri, version = opened.get(name, (from_fs_path(str(tree.tree.root / name)), None))
            return Document(str(uri), version, self.positions(snapshot.files[name]))

        return Editor(document, bool(edits and edits.document_changes))

    def say(self, kind: types.MessageType, message: str) -> None:
        """Write a message to the client's log."""
        self.window_log_message(types.LogMessageParams(kind, message))

    def stop(self) -> None:
        """Give up all analyses and hovers."""
        self.stopping = True
        for tree in self.trees.values():
            if tree.timer is not None:
                tree.timer.cancel()
        for executor in (self.analyses, self.hovers):
            executor.shutdown(wait=False, cancel_futures=True)


# -- messages -----------------------------------------------------------------------------------------


def make_server() -> TmlfixServer:
    """A server with all its handlers, not started yet."""
    server = TmlfixServer()
    for method, handler, options in _HANDLERS:
        server.feature(method, options)(handler)
    return server


def serve() -> int:
    """Serve on stdin and stdout until the client leaves; the exit status that the protocol asks for."""
    server = make_server()
    try:
        server.start_io()
    finally:
        server.stop()
    return 0 if server.protocol._shutdown else 1


def _initialize(server: TmlfixServer, params: types.InitializeParams) -> None:
    options = params.initialization_options
    delay = options.get("delay") if isinstance(options, dict) else None
    if isinstance(delay, int | float) and not isinstance(delay, bool) and delay >= 0:
        server.delay = delay / 1000


def _initialized(server: TmlfixServer, _params: types.InitializedParams) -> None:
    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    if watching is None or not watching.dynamic_registration:
        return
    patterns = [f"**/*{SUFFIX}", f"**/{OWN_FILE}", f"**/{SHARED_FILE}"]
    options = types.DidChangeWatchedFilesRegistrationOptions(
        [types.FileSystemWatcher(glob_pattern=pattern) for pattern in patterns]
    )
    server.client_register_capability(
        types.RegistrationParams(
            [types.Registration("watch", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)]
        )
    )


def _did_open(server: TmlfixServer, params: types.DidOpenTextDocumentParams) -> None:
    server.open_file(params.text_document.uri)


def _did_change(server: TmlfixServer, params: types.DidChangeTextDocumentParams) -> None:
    server.open_file(params.text_document.uri)


def _did_save(server: TmlfixServer, params: types.DidSaveTextDocumentParams) -> None:
    known = server.find(params.text_document.uri)
    if known is not None:
        server.changed(known[0])


def _did_close(server: TmlfixServer, params: types.DidCloseTextDocumentParams) -> None:
    server.close_file(params.text_document.uri)


def _watched_files_changed(server: TmlfixServer, _params: types.DidChangeWatchedFilesParams) -> None:
    for tree in server.trees.values():
        server.changed(tree)


async def _code_action(server: TmlfixServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    known = server.find(params.text_document.uri)
    if known is None:
        return []
    tree, file = known
    snapshot = tree.snapshot
    if snapshot is None or snapshot.files.get(file.name) != file.text or not snapshot.findings(file.name):
        return []
    plan = await server.complete_plan(tree)
    if plan is None or tree.snapshot is not snapshot or snapshot.files.get(file.name) != file.text:
        return []
    positions = server.positions(file.text)
    lines = range(positions.line_of(params.range.start), positions.line_of(params.range.end) + 1)
    wanted = [str(getattr(kind, "value", kind)) for kind in params.context.only or []]
    return list(actions(server.editor(tree, snapshot), plan, file.name, lines, wanted))


async def _hover(server: TmlfixServer, params: types.HoverParams) -> types.Hover | None:
    known = server.find(params.text_document.uri)
    if known is None:
        return None
    tree, file = known
    line = server.positions(file.text).line_of(params.position)
    try:
        explanation = await asyncio.get_running_loop().run_in_executor(
            server.hovers, tree.tree.explain, tree.texts(), tree.snapshot, file.name, line
        )
    except UserError as error:
        server.say(types.MessageType.Error, f"tmlfix: {error}")
        return None
    text = hover_text(explanation) if explanation is not None else ""
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None


def _shutdown(server: TmlfixServer, _params: None) -> None:
    server.stop()


_HANDLERS: tuple[tuple[str, Callable[..., Any], Any], ...] = (
    (types.INITIALIZE, _initialize, None),
    (types.INITIALIZED, _initialized, None),
    (types.SHUTDOWN, _shutdown, None),
    (types.TEXT_DOCUMENT_DID_OPEN, _did_open, None),
    (types.TEXT_DOCUMENT_DID_CHANGE, _did_change, None),
    (types.TEXT_DOCUMENT_DID_SAVE, _did_save, None),
    (types.TEXT_DOCUMENT_DID_CLOSE, _did_close, None),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, _watched_files_changed, None),
    (types.TEXT_DOCUMENT_HOVER, _hover, None),
    (
        types.TEXT_DOCUMENT_CODE_ACTION,
        _code_action,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix, FIX_ALL]),
    ),
)
