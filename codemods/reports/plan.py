"""How the leak plan looks: what it counts, what is left of it, and how far each phase has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from codemods.verification.leak_plan import Criterion, Figures, full_name, leak_plan
from codemods.verification.leaks import Amount, module_of, phase_number, share_gone, total, worst_first
from codemods.verification.measurements import PlanProgress

BAR_WIDTH = 20
MOST_BARS = 16
NOT_LISTED = "(all others)"
NOTHING = Figures(Amount(), {}, {}, {})


def plan_page(
    progress: PlanProgress, names: tuple[str, str], notes: Sequence[str], criteria: tuple[Criterion, ...]
) -> tuple[str, list[Part]]:
    """The plan by phase, module and file, with a bar a phase. ``names`` are those of before and now."""
    before, now = progress.before, progress.now or NOTHING
    lines = [f"note: {note}" for note in (*_what_bars_show(progress), *notes)]
    return _title(progress, names), [
        _phase_table(progress),
        _table("module", progress, module_of, before.modules, now.modules, progress.findings_by_module),
        _table("file", progress, full_name, before.files, now.files, progress.findings_by_file),
        *lines,
        *criteria_items(criteria, lines),
    ]


def plan_chart(progress: PlanProgress, names: tuple[str, str]) -> bytes:
    """The leaks by module as a picture, before and now: the worst modules, and the others together."""
    before, now = progress.before, progress.now or NOTHING
    shown = _names(before.modules, now.modules)[:MOST_BARS]
    chart = [_bar_of(progress, name, now.modules.get(name, Amount())) for name in shown]
    rest = before.total.leaks - sum(bar.before for bar in chart)
    left = now.total.leaks - sum(bar.after for bar in chart)
    if rest > 0 or left > 0:
        remark = _amount_texts(Amount(left), at_least=bool(progress.unseen))[0] if progress.now else None
        chart.append(Bar(NOT_LISTED, max(rest, 0), max(left, 0), remark))
    return draw("Leaks by module", _title(progress, names), chart, names)


def _names(before: Mapping[str, Amount], now: Mapping[str, Amount]) -> list[str]:
    """What leaked before, the worst first, and then what the same figures know but leaks only now."""
    new = {name: now.get(name, Amount()) for name, amount in before.items() if not amount.leaks}
    return [*worst_first(before), *worst_first(new)]


def _bar_of(progress: PlanProgress, name: str, now: Amount) -> Bar:
    before = progress.before.modules[name].leaks
    if progress.now is None:
        return Bar(name, before)
    text, _ = _now(progress, module_of, name, now)
    return Bar(name, before, now.leaks, "did not run" if text == "-" else text)


def _title(progress: PlanProgress, names: tuple[str, str]) -> str:
    sums = progress.before.total
    before = f"{count(sums.leaks, 'leak')}, {size_text(sums)} in {names[0]}"
    return f"{before}; {sums_text(progress.report)} in {names[1]}" if progress.report else before


def plan_notes() -> list[str]:
    """Where the sums of the plan are not those of its rows."""
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
        f"the other {plan.unlisted.leaks:,} stand in phase 5, whose list it leaves open",
    ]


def _what_bars_show(progress: PlanProgress) -> list[str]:
    if progress.now is not None:
        lines = ["done is the share of the leaks that are gone"]
        if progress.unseen:
            files = count(len(progress.unseen), "file")
            lines.append(f"{files} with a dash did not run to the end, as far as the logs show: not done")
        return lines
    if progress.tree is not None:
        return [
            "done is the share of a phase's files in which tmlfix finds nothing; "
            "with --leaks LOG it is the share of the leaks that are gone",
            f"findings are those of tmlfix in {progress.tree.source}",
        ]
    return []


def _phase_table(progress: PlanProgress) -> Table:
    before, now, tree = progress.before, progress.now or NOTHING, progress.tree
    shares = {phase.number: progress.share_done(phase.number) for phase in PHASES}
    has_bars = any(share is not None or progress.is_unseen(phase) for phase, share in shares.items())
    columns = (Column("done", is_number=True, is_name=True),) if has_bars else ()
    table = Table("By phase", (*PHASE_COLUMNS, *_columns(progress), *columns))
    for phase in (*shares, *([0] if 0 in now.phases else [])):
        cells = _cells(
            progress,
            before.phases.get(phase, Amount()),
            _now(progress, phase_number, phase, now.phases.get(phase, Amount())),
            tree.by_phase[phase] if tree else 0,
        )
        bar = "-" if progress.is_unseen(phase) else _bar(shares.get(phase))
        bars = (bar,) if has_bars else ()
        table.rows.append((*phase_cells(phase), *cells, *bars))
    unseen = total(progress.unseen_in(phase) for phase in shares)
    done = share_gone(before.total, now.total + unseen) if progress.now else None
    cells = _cells(
        progress,
        before.total,
        _amount_texts(now.total, at_least=bool(progress.unseen)),
        tree.by_phase.total() if tree else 0,
    )
    table.rows.append(("", ALL, *cells, *((_bar(done),) if has_bars else ())))
    return table


def _bar(share: float | None) -> Cell:
    """A bar with its percentage, which is 100 only if nothing is left."""
    if share is None:
        return ""
    full = int(share * BAR_WIDTH)
    bar = f"{'#' * full}{'.' * (BAR_WIDTH - full)} {int(share * 100):3}%"
    return Text(bar, "green" if share == 1 else "")


def _table(
    kind: str,
    progress: PlanProgress,
    key: Callable[[str], str],
    before: Mapping[str, Amount],
    now: Mapping[str, Amount],
    findings: Counter[str],
) -> Table:
    """What was there before, the worst first, and in one row all that is nowhere else."""
    table = Table(f"By {kind}", (Column(kind, is_name=True), *_columns(progress)))
    for name in _names(before, now):
        current = _now(progress, key, name, now.get(name, Amount()))
        table.rows.append((name, *_cells(progress, before[name], current, findings[name])))
    rest = _less(progress.before.total, total(before.values()))
    whole = progress.now.total if progress.now else Amount()
    left = _less(whole, total(amount for name, amount in now.items() if name in before))
    found = findings.total() - sum(findings[name] for name in before)
    if rest.leaks or left.leaks or found:
        cells = _cells(progress, rest, _amount_texts(left, at_least=bool(progress.unseen)), found)
        table.rows.append((NOT_LISTED, *cells))
    return table


def _less(whole: Amount, part: Amount) -> Amount:
    return Amount(
        max(whole.leaks - part.leaks, 0), max(whole.bytes - part.bytes, 0), whole.exact and part.exact
    )


def _columns(progress: PlanProgress) -> tuple[Column, ...]:
    titles = ["leaks", "bytes"]
    if progress.now is not None:
        titles = ["before", "bytes", "now", "bytes"]
    if progress.tree is not None:
        titles.append("findings")
    return tuple(Column(title, is_number=True) for title in titles)


def _cells(progress: PlanProgress, before: Amount, now: tuple[str, str], findings: int) -> tuple[Cell, ...]:
    return (
        *_amount_texts(before),
        *(now if progress.now is not None else ()),
        *((f"{findings:,}",) if progress.tree is not None else ()),
    )


def _now(
    progress: PlanProgress, key: Callable[[str], object], group: object, amount: Amount
) -> tuple[str, str]:
    """The leaks of now in a phase, module or file; a dash if the logs do not show that any of it ran."""
    part = progress.is_part(key, group)
    if not amount.leaks and (part or key is not phase_number) and not _is_seen(progress, key, group):
        return "-", "-"
    return _amount_texts(amount, at_least=part)


def _is_seen(progress: PlanProgress, key: Callable[[str], object], group: object) -> bool:
    return progress.has_run(key, group) and group not in progress.unseen


def _amount_texts(amount: Amount, *, at_least: bool = False) -> tuple[str, str]:
    return f"{'at least ' if at_least else ''}{amount.leaks:,}", bytes_text(amount)


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
                progress,
                progress.before.modules,
                None if now is None else now.modules,
                progress.findings_by_module,
            ).items()
        ],
        "files": [
            {"path": name, **amounts}
            for name, amounts in _rows(
                progress, progress.before.files, None if now is None else now.files, progress.findings_by_file
            ).items()
        ],
        "notes": list(notes),
        "criteria": [criterion_document(each) for each in criteria],
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
) -> dict[str, dict[str, Any]]:
    names = [*worst_first(before), *(name for name in worst_first(now or {}) if name not in before)]
    rows = {}
    for name in names:
        current = None if now is None else now.get(name, Amount())
        rows[name] = _amounts(before.get(name, Amount()), current)
        if name in progress.unseen:
            rows[name]["now"] = None
        if progress.tree is not None:
            rows[name]["findings"] = findings[name]
    return rows


def _amounts(before: Amount, now: Amount | None) -> dict[str, Any]:
    document = {"before": amount_document(before)}
    return document if now is None else document | {"now": amount_document(now)}
