"""The progress that an editor is told: not more often than a person can read, and never less than before."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types

from codemods.lsp.progress_bar import ProgressBar


@pytest.fixture
def told() -> list[types.WorkDoneProgressReport]:
    return []


@pytest.fixture
def bar(told: list[types.WorkDoneProgressReport]) -> ProgressBar:
    """The bar of a client that shows progress at once, and keeps the reports in ``told``."""

    def create(_token: str, created: Callable[..., None]) -> None:
        created()

    progress = SimpleNamespace(
        create=create,
        begin=lambda _token, _value: None,
        end=lambda _token, _value: None,
        report=lambda _token, value: told.append(value),
    )
    capabilities = SimpleNamespace(window=SimpleNamespace(work_done_progress=True))
    server: Any = SimpleNamespace(client_capabilities=capabilities, work_done_progress=progress)
    bar = ProgressBar(server, "token")
    bar.begin()
    return bar


def test_an_editor_is_told_at_most_four_times_a_second(
    bar: ProgressBar, told: list[types.WorkDoneProgressReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(number / 100 for number in range(1000))
    monkeypatch.setattr("codemods.lsp.progress_bar.monotonic", lambda: next(times))

    for done in range(1000):
        bar.report("analysing", done, 1000)

    assert 38 <= len(told) <= 41


def test_what_an_editor_is_told_never_gets_less(
    bar: ProgressBar, told: list[types.WorkDoneProgressReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(1000))
    monkeypatch.setattr("codemods.lsp.progress_bar.monotonic", lambda: next(times))

    for what, done, total in (("one", 1, 2), ("one", 2, 9), ("two", 0, 3), ("two", 3, 3), ("one", 0, 0)):
        bar.report(what, done, total)

    percentages = [report.percentage or 0 for report in told]
    assert len(told) == 5 and percentages == sorted(percentages) and percentages[-1] > percentages[0]


def test_an_end_is_the_last_that_an_editor_is_told(
    bar: ProgressBar, told: list[types.WorkDoneProgressReport]
) -> None:
    bar.end()
    bar.report("late", 1, 2)

    assert told == []
