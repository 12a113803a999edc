"""Measured leaks and their changes, as pages for people and documents for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from rich.text import Text

from codemods.model.phases import phase_numbered
from codemods.reports.console import count
from codemods.reports.documents import JSON_VERSION
from codemods.reports.pages import Cell, Column, Item, Items, Part, Table
from codemods.verification.criteria import PARTIAL, Criterion, Verdict
from codemods.verification.leak_comparison import LeakComparison
from codemods.verification.leak_report import LeakReport
from codemods.verification.leaks import NO_FILE, NO_PHASE, Amount, Change
from codemods.verification.tree_findings import Tree

NO_FILE_NAME = "(no file)"
OUTSIDE = "outside of the plan"
ALL = "all"
PHASE_COLUMNS = (Column("phase"), Column("name"))

Key = TypeVar("Key", int, str)
Value = TypeVar("Value")


def leaks_page(
    name: str, report: LeakReport, tree: Tree | None, criteria: tuple[Criterion, ...]
) -> tuple[str, list[Part]]:
    """The leaks of logs by phase, module and file, and the criteria."""
    leaks = report.leaks
    modules, files = leaks.by_module(), leaks.by_file()
    if leaks.elsewhere.leaks:
        modules[NO_FILE_NAME] = files[NO_FILE_NAME] = leaks.elsewhere
    tables: list[Part] = [
        _table(
            "By phase",
            PHASE_COLUMNS,
            {phase_cells(phase): amount for phase, amount in leaks.every_phase().items()}
            | {("", ALL): leaks.total},
            None if tree is None else _phase_findings(tree),
        ),
        _table(
            "By module",
            (Column("module", is_name=True),),
            _in_cells(modules),
            None if tree is None else _in_cells(tree.by_module),
        ),
        _table(
            "By file",
            (Column("file", is_name=True, is_path=True),),
            _in_cells(files),
            None if tree is None else _in_cells(tree.by_file),
        ),
    ]
    parts = tables if leaks.total.leaks else []
    source = [] if tree is None else [f"note: findings are those of tmlfix in {tree.source}"]
    lines = [*source, *_remarks(report)]
    return f"{sums_text(report)} in {name}", [
        *parts,
        *lines,
        *criteria_items(criteria, lines),
        *_advice(criteria),
    ]


def _phase_findings(tree: Tree) -> dict[tuple[str, ...], int]:
    phases = {phase_cells(phase): number for phase, number in tree.by_phase.items()}
    return phases | {("", ALL): tree.by_phase.total()}


def comparison_page(
    before_name: str, after_name: str, comparison: LeakComparison, criteria: tuple[Criterion, ...]
) -> tuple[str, list[Part]]:
    """How the leaks changed from one log to another, and the criteria for the later one."""
    before, after = comparison.before, comparison.after
    phases = Table("By phase", (*PHASE_COLUMNS, *CHANGE_COLUMNS))
    phases.rows += [(*phase_cells(change.key), *_change_cells(change)) for change in comparison.phases]
    phases.rows.append(("", ALL, *_change_cells(Change("", before.leaks.total, after.leaks.total))))
    modules = Table("By module", (Column("module", is_name=True), *CHANGE_COLUMNS))
    modules.rows += [(change.key, *_change_cells(change)) for change in comparison.modules]
    files = _file_changes(comparison)
    rises = len(comparison.rises)
    rise = f"leaks rose in {count(rises, 'file')}" if rises else "leaks rose in no file"
    title = f"{sums_text(before)} in {before_name}; {sums_text(after)} in {after_name}; {rise}"
    tables: list[Part] = [phases, modules, files] if files.rows else []
    lines = [*_remarks(before, "before: "), *_remarks(after, "after: ")]
    return title, [*tables, *lines, *criteria_items(criteria, lines), *_advice(criteria)]


def _file_changes(comparison: LeakComparison) -> Table:
    """The change of each file, with a column of remarks if there are any."""
    remarks = {change.key: comparison.remark(change.key) for change in comparison.files}
    last = (Column("remark"),) if any(remarks.values()) else ()
    table = Table("By file", (Column("file", is_name=True, is_path=True), *CHANGE_COLUMNS, *last))
    table.rows += [
        (change.key or NO_FILE_NAME, *_change_cells(change), *(remarks[change.key] for _ in last))
        for change in comparison.files
    ]
    return table


CHANGE_COLUMNS = tuple(
    Column(title, is_number=True) for title in ("before", "after", "change", "bytes before", "bytes after")
)


def sums_text(report: LeakReport) -> str:
    """The sum of the leaks; "at least" if there may be more."""
    sums = report.leaks.total
    number = f"{count(sums.leaks, 'leak')}, {size_text(sums)}"
    return f"at least {number}" if report.gaps else number


def _remarks(report: LeakReport, which: str = "") -> list[str]:
    """What to know about the figures, one remark a line."""
    lines = [*report.gaps, *report.notes, report.failures]
    return [f"note: {which}{line}" for line in lines if line]


def criteria_items(criteria: tuple[Criterion, ...], lines: Sequence[str]) -> list[Part]:
    """The criteria of the plan, each with a tick, the distance to its goal, or why it was not measured.

    A reason that several criteria share stands above them, once, unless one of the ``lines`` before has it.
    """
    if not criteria:
        return []
    shared = dict.fromkeys(
        reason.text for criterion in criteria for reason in criterion.unknown if reason.short
    )
    notes = [f"note: {text}" for text in shared if not any(line.endswith(text) for line in lines)]
    return [*notes, Items("Criteria of the leak plan", tuple(map(_item, criteria)))]


def _advice(criteria: tuple[Criterion, ...]) -> list[str]:
    """What to do if only a part of the tests ran: the criteria are for all of them."""
    if any(reason.short == PARTIAL for criterion in criteria for reason in criterion.unknown):
        return ["note: the criteria are for a run of all tests; --no-criteria leaves them out"]
    return []


def _item(criterion: Criterion) -> Item:
    text = f"{criterion.name}: {criterion.goal}"
    value = "" if criterion.value is None else f", {criterion.value:,} now"
    detail = f" ({criterion.detail})" if criterion.detail else ""
    match criterion.verdict:
        case Verdict.MET:
            return Item(True, f"{text}{value}{detail}")
        case Verdict.MISSED:
            return Item(False, f"{text}{value}: {count(criterion.distance, criterion.unit)} to go{detail}")
        case Verdict.NOT_MEASURED:
            seen = "" if not criterion.value else f", at least {criterion.value:,} now"
            reasons = dict.fromkeys(reason.short or reason.text for reason in criterion.unknown)
            return Item(None, f"{text}{seen}: not measured, {'; '.join(reasons)}")


def _table(
    title: str,
    keys: tuple[Column, ...],
    amounts: Mapping[tuple[str, ...], Amount],
    findings: Mapping[tuple[str, ...], int] | None,
) -> Table:
    numbers = ("leaks", "bytes") if findings is None else ("leaks", "bytes", "findings")
    table = Table(title, (*keys, *(Column(number, is_number=True) for number in numbers)))
    for cells, amount in amounts.items():
        found = () if findings is None else (f"{findings.get(cells, 0):,}",)
        table.rows.append((*cells, f"{amount.leaks:,}", bytes_text(amount), *found))
    return table


def _in_cells(values: Mapping[str, Value]) -> dict[tuple[str, ...], Value]:
    return {(key,): value for key, value in values.items()}


def phase_cells(phase: int) -> tuple[str, ...]:
    """The number and the name of a phase."""
    names = {NO_PHASE: OUTSIDE, NO_FILE: NO_FILE_NAME}
    return ("", names[phase]) if phase in names else (str(phase), phase_numbered(phase).slug)


def _change_cells(change: Change[Any]) -> tuple[Cell, ...]:
    style = "red" if change.rose else "green" if change.leaks else ""
    return (
        f"{change.before.leaks:,}",
        f"{change.after.leaks:,}",
        Text(f"{change.leaks:+,}" if change.leaks else "0", style),
        bytes_text(change.before),
        bytes_text(change.after),
    )


def bytes_text(amount: Amount) -> str:
    """The bytes; "about" where a table has rounded them."""
    if not amount.exact and not amount.bytes:
        return "unknown"
    return f"{amount.bytes:,}" if amount.exact else f"about {amount.bytes:,}"


def size_text(amount: Amount) -> str:
    """The bytes with their noun."""
    return f"{bytes_text(amount)} byte{'' if bytes_text(amount) == '1' else 's'}"


# Documents


def leaks_document(report: LeakReport, tree: Tree | None, criteria: tuple[Criterion, ...]) -> dict[str, Any]:
    """The JSON of ``tmlfix leaks``."""
    leaks = report.leaks
    return {
        "version": JSON_VERSION,
        "total": amount_document(leaks.total),
        "phases": _documents(
            "phase",
            {number: amount for number, amount in leaks.every_phase().items() if number != NO_FILE},
            None if tree is None else tree.by_phase,
        ),
        "modules": _documents("module", leaks.by_module(), None if tree is None else tree.by_module),
        "files": _documents("path", leaks.by_file(), None if tree is None else tree.by_file),
        "without_file": amount_document(leaks.elsewhere),
        "runs": report.runs,
        "failed": sorted(report.failed),
        "gaps": list(report.gaps),
        "notes": list(report.notes),
        "criteria": [criterion_document(criterion) for criterion in criteria],
    }


def comparison_document(comparison: LeakComparison, criteria: tuple[Criterion, ...]) -> dict[str, Any]:
    """The JSON of ``tmlfix leaks --compare``."""
    before, after = comparison.before, comparison.after
    phases = [change for change in comparison.phases if change.key >= NO_PHASE and _is_any(change)]
    return {
        "version": JSON_VERSION,
        "total": _change_document(Change("", before.leaks.total, after.leaks.total)),
        "phases": [
            {"phase": change.key, **_change_document(change)}
            for change in sorted(phases, key=lambda change: change.key)
        ],
        "modules": [{"module": change.key, **_change_document(change)} for change in comparison.modules],
        "files": [
            {"path": change.key, **_change_document(change), "remark": comparison.remark(change.key)}
            for change in comparison.files
            if change.key
        ],
        "without_file": _change_document(Change("", before.leaks.elsewhere, after.leaks.elsewhere)),
        "rose": [change.key or NO_FILE_NAME for change in comparison.rises],
        "failed": sorted(after.failed),
        "gaps": [*before.gaps, *after.gaps],
        "notes": [*before.notes, *after.notes],
        "criteria": [criterion_document(criterion) for criterion in criteria],
    }


def _is_any(change: Change[int]) -> bool:
    return bool(change.before.leaks or change.after.leaks)


def amount_document(amount: Amount) -> dict[str, Any]:
    """Leaks and bytes, and whether the bytes are exact."""
    return {"leaks": amount.leaks, "bytes": amount.bytes, "exact": amount.exact}


def criterion_document(criterion: Criterion) -> dict[str, Any]:
    """A criterion, judged."""
    return {
        "name": criterion.name,
        "goal": criterion.goal,
        "verdict": criterion.verdict.value,
        "value": criterion.value,
        "limit": criterion.limit,
        "to_go": criterion.distance,
        "detail": criterion.detail,
    }


def _documents(
    name: str, amounts: Mapping[Key, Amount], findings: Mapping[Key, int] | None
) -> list[dict[str, Any]]:
    documents = [{name: key, **amount_document(amount)} for key, amount in amounts.items()]
    if findings is not None:
        for document in documents:
            document["findings"] = findings.get(document[name], 0)
    return documents


def _change_document(change: Change[Any]) -> dict[str, Any]:
    return {
        "before": amount_document(change.before),
        "after": amount_document(change.after),
        "change": change.leaks,
    }
