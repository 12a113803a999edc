"""The progress of an analysis, as the editor shows it."""

from __future__ import annotations

from time import monotonic
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from codemods.model.progress import Way

SHORTEST_PAUSE = 0.25
"""Seconds between two reports."""


class ProgressBar:
    """The progress of one analysis, for clients that show progress."""

    def __init__(self, server: LanguageServer, token: str) -> None:
        self.server = server
        self.token = token
        self.shown = False
        self.ended = False
        self.way = Way()
        self.next_report = 0.0
        """When the client may be told again, by the clock of this process."""

    def begin(self) -> None:
        """Ask the client for a bar; nothing is shown until it agrees."""
        window = self.server.client_capabilities.window
        if window is not None and window.work_done_progress:
            self.server.work_done_progress.create(self.token, self._created)

    def _created(self, *_arguments: Any) -> None:
        if not self.ended:
            self.shown = True
            self.server.work_done_progress.begin(
                self.token, types.WorkDoneProgressBegin(title="tmlfix", percentage=0)
            )

    def report(self, what: str, done: int, total: int) -> None:
        """Report the progress, in percents that only grow; to the client at most four times a second."""
        percentage = int(100 * self.way.report(what, done, total))
        now = monotonic()
        if self.shown and not self.ended and now >= self.next_report:
            self.next_report = now + SHORTEST_PAUSE
            self.server.work_done_progress.report(
                self.token, types.WorkDoneProgressReport(message=what, percentage=percentage)
            )

    def end(self) -> None:
        """Remove the bar."""
        self.ended = True
        if self.shown:
            self.server.work_done_progress.end(self.token, types.WorkDoneProgressEnd())
