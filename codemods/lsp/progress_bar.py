"""The progress of an analysis, as the editor shows it."""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer


class ProgressBar:
    """The progress of one analysis, for clients that show progress."""

    def __init__(self, server: LanguageServer, token: str) -> None:
        self.server = server
        self.token = token
        self.shown = False
        self.ended = False
        self.percentage = -1

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
        """Report the progress, in whole percents."""
        percentage = 100 * done // total if total else 0
        if self.shown and not self.ended and percentage != self.percentage:
            self.percentage = percentage
            self.server.work_done_progress.report(
                self.token, types.WorkDoneProgressReport(message=what, percentage=percentage)
            )

    def end(self) -> None:
        """Remove the bar."""
        self.ended = True
        if self.shown:
            self.server.work_done_progress.end(self.token, types.WorkDoneProgressEnd())
