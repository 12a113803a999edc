"""The leak plan and its progress, as a page, a chart and a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

from codemods.model.findings import Verdict
from codemods.model.phases import PHASES
from codemods.reports.chart import Bar, draw
from codemods.reports.console import count
from codemods.reports.documents import JSON_VERSION
from codemods.reports.leaks import (
    ALL,
    PHASE_COLUMNS,
    amount_document,
    bytes_text,
    criteria_items,
    criterion_document,
    phase_cells,
    size_text,
    sums_text,
)
from codemods.reports.pages import Cell, Column, Part, Table
from codemods.verification.criteria import Criterion
from codemods.verification.leak_plan import leak_plan
from codemods.verification.leaks import Amount, worst_first
from codemods.verification.plan_progress import PlanProgress, Row, full_name

BAR_WIDTH = 20
MOST_BARS = 16
OTHERS = "(all others)"


def plan_page(
    progress: PlanProgress, names: tuple[str, str], notes: Sequence[str], criteria: tuple[Criterion, ...]
) -> tuple[str, list[Part]]:
    """The plan by phase, module and file. ``names`` are those of the figures before and now."""
    lines = [f"note: {note}" for note in (*_what_bars_show(progress), *notes)]
    return _title(progress, names), [
        _phase_table(progress),
        _table("module", progress, progress.module_rows()),
        _table("file", progress, progress.file_rows()),
        *lines,
        *criteria_items(criteria, lines),
    ]


def plan_chart(progress: PlanProgress, names: tuple[str, str]) -> bytes:
    """A chart of the leaks by module, before and now: the worst modules, and the others together."""
    shown = progress.module_rows()[:MOST_BARS]
    bars = [_chart_bar(str(row.key), row, progress) for row in shown]
    others = progress.rest_row(shown)
    if others.before.leaks or (others.now and others.now.leaks):
        bars.append(_chart_bar(OTHERS, others, progress))
    return draw("Leaks by module", _title(progress, names), bars, names)


def _chart_bar(name: str, row: Row, progress: PlanProgress) -> Bar:
    if progress.now is None:
        return Bar(name, row.before.leaks)
    if row.now is None:
        return Bar(name, row.before.leaks, 0, "did not run")
    return Bar(name, row.before.leaks, row.now.leaks, _leaks_now(row))


def _title(progress: PlanProgress, names: tuple[str, str]) -> str:
    sums = progress.before.total
    before = f"{count(sums.leaks, 'leak')}, {size_text(sums)} in {names[0]}"
    return f"{before}; {sums_text(progress.report)} in {names[1]}" if progress.report else before


def plan_notes() -> list[str]:
    """Where the sums that the plan states are not those of its rows."""
    plan = leak_plan()
    wrong = [
        f"the plan's own sum of {group.name} is {group.sum.leaks:,} leaks, {bytes_text(group.sum)} bytes, "
        f"but its rows add up to {group.rows.leaks:,} leaks, {bytes_text(group.rows)} bytes"
        for group in plan.groups
        if group.sum is not None and group.is_added_up_wrongly
    ]
    return [
        *wrong,
        f"the plan's headline counts {plan.headline.leaks:,} leaks, its rows {plan.listed.leaks:,}; "
        f"the other {plan.unlisted.leaks:,} belong to phase 5, whose list it leaves open",
    ]


def _what_bars_show(progress: PlanProgress) -> list[str]:
    if progress.now is not None:
        lines = ["done is the share of the leaks that are gone"]
        if progress.unseen:
            files = count(len(progress.unseen), "file")
            lines.append(f"{files} with a dash did not run to the end, as far as the logs show: not done")
        return lines
    if progress.tree is None:
        return []
    lines = [f"findings are those of tmlfix in {progress.tree.source}"]
    if progress.recorded is None:
        return [
            *lines,
            "progress is not known: --leaks LOG measures it by the leaks that are gone, and --baseline FILE "
            "by how far the number of findings fell since tmlfix check --write-baseline FILE",
        ]
    return ["done is the share by which the number of findings fell since they were recorded", *lines]


def _phase_table(progress: PlanProgress) -> Table:
    shares = {phase.number: progress.share_done(phase.number) for phase in PHASES}
    unseen = {phase.number for phase in PHASES if progress.is_unseen(phase.number)}
    has_bars = bool(unseen) or any(share is not None for share in shares.values())
    columns = (Column("done", is_number=True, is_name=True),) if has_bars else ()
    table = Table("By phase", (*PHASE_COLUMNS, *_columns(progress), *columns))
    for row in progress.phase_rows():
        phase = int(row.key)
        bars = ("-" if phase in unseen else _bar(shares.get(phase)),) if has_bars else ()
        table.rows.append((*phase_cells(phase), *_cells(progress, row), *bars))
    bars = (_bar(progress.share_of_all_done()),) if has_bars else ()
    table.rows.append(("", ALL, *_cells(progress, progress.sum_row()), *bars))
    return table


def _bar(share: float | None) -> Cell:
    """A bar with its percentage, which is 100 only if nothing is left."""
    if share is None:
        return ""
    full = int(share * BAR_WIDTH)
    bar = f"{'#' * full}{'.' * (BAR_WIDTH - full)} {int(share * 100):3}%"
    return Text(bar, "green" if share == 1 else "")


def _table(kind: str, progress: PlanProgress, rows: Sequence[Row]) -> Table:
    """The rows, and all others in one row if there are any."""
    # The plan's own names of files are short already.
    is_path = kind == "file" and progress.name is full_name
    table = Table(f"By {kind}", (Column(kind, is_name=True, is_path=is_path), *_columns(progress)))
    table.rows += [(str(row.key), *_cells(progress, row)) for row in rows]
    others = progress.rest_row(rows)
    if others.before.leaks or (others.now and others.now.leaks) or others.findings:
        table.rows.append((OTHERS, *_cells(progress, others)))
    return table


def _columns(progress: PlanProgress) -> tuple[Column, ...]:
    titles = ["leaks", "bytes"]
    if progress.now is not None:
        titles = ["before", "bytes", "now", "bytes"]
    if progress.tree is not None:
        titles.append("findings")
    return tuple(Column(title, is_number=True) for title in titles)


def _cells(progress: PlanProgress, row: Row) -> tuple[Cell, ...]:
    cells: list[Cell] = [f"{row.before.leaks:,}", bytes_text(row.before)]
    if progress.now is not None:
        cells += ["-", "-"] if row.now is None else [_leaks_now(row), bytes_text(row.now)]
    if progress.tree is not None:
        cells.append(f"{row.findings:,}")
    return tuple(cells)


def _leaks_now(row: Row) -> str:
    leaks = row.now.leaks if row.now else 0
    return f"at least {leaks:,}" if row.is_part else f"{leaks:,}"


# Documents


def plan_document(
    progress: PlanProgress, notes: Sequence[str], criteria: tuple[Criterion, ...]
) -> dict[str, Any]:
    """The JSON of ``tmlfix plan``."""
    now = progress.now
    return {
        "version": JSON_VERSION,
        "total": _amounts(progress.before.total, None if now is None else now.total),
        "phases": [_phase_document(progress, phase.number, phase.slug) for phase in PHASES],
        "modules": [
            {"module": name, **amounts}
            for name, amounts in _rows(
                progress, progress.before.modules, now.modules if now else None, progress.findings_by_module
            )
        ],
        "files": [
            {"path": name, **amounts}
            for name, amounts in _rows(
                progress, progress.before.files, now.files if now else None, progress.findings_by_file
            )
        ],
        "notes": list(notes),
        "criteria": [criterion_document(criterion) for criterion in criteria],
    }


def _phase_document(progress: PlanProgress, phase: int, slug: str) -> dict[str, Any]:
    now = progress.now
    current = None if now is None else now.phases.get(phase, Amount())
    document = {
        "phase": phase,
        "name": slug,
        **_amounts(progress.before.phases.get(phase, Amount()), current),
        "done": progress.share_done(phase),
    }
    if progress.is_unseen(phase):
        document["now"] = None
    if progress.tree is not None:
        counts = progress.tree.verdicts(phase)
        document["findings"] = {verdict.value: counts[verdict] for verdict in Verdict}
    return document


def _rows(
    progress: PlanProgress,
    before: Mapping[str, Amount],
    now: Mapping[str, Amount] | None,
    findings: Counter[str],
) -> Iterable[tuple[str, dict[str, Any]]]:
    """What leaked before, the worst first, then what leaks only now."""
    names = [*worst_first(before), *(name for name in worst_first(now or {}) if name not in before)]
    for name in names:
        current = None if now is None else now.get(name, Amount())
        document = _amounts(before.get(name, Amount()), current)
        if name in progress.unseen:
            document["now"] = None
        if progress.tree is not None:
            document["findings"] = findings[name]
        yield name, document


def _amounts(before: Amount, now: Amount | None) -> dict[str, Any]:
    document = {"before": amount_document(before)}
    return document if now is None else document | {"now": amount_document(now)}
