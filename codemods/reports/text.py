"""What people read: lines, tables and diffs, coloured on a terminal."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from codemods.app.configuration import Configuration
from codemods.app.requests import Report
from codemods.app.rule_texts import RuleText
from codemods.checks.check import Check, Standing, WrittenBaseline
from codemods.files.branches import PhaseBranch
from codemods.files.diffs import diff_lines
from codemods.model.findings import Finding, PhaseResult, Verdict, count_by_rule
from codemods.model.phases import phase_numbered
from codemods.reports.console import count, make_console, make_table, print_code, print_table, visible
from codemods.review.hunks import Hunk

if TYPE_CHECKING:
    # Only their types are needed here, and these modules take long to import.
    from codemods.app.parse_check import ParseReport
    from codemods.checks.shard_merge import Merged

MOST_NAMED = 3
"""How many fixes that come along are named."""

VERDICT_STYLES = {Verdict.FIXABLE: "green", Verdict.REVIEW: "yellow", Verdict.REPORTED: "red"}
DIFF_STYLES = {"---": "bold", "+++": "bold", "@": "cyan", "-": "red", "+": "green"}


def print_preview(report: Report, *, quiet: bool = False) -> None:
    """Print what a dry run finds: each finding on a line, and unless ``quiet`` a summary."""
    console = make_console()
    for phase in report.phases:
        for finding in phase.findings:
            console.print(_finding_line(finding))
    if not quiet:
        print_summary(report, console)


def print_summary(report: Report, console: Console | None = None) -> None:
    """Print how many findings of each verdict there are, in how many files."""
    console = console or make_console()
    findings = [finding for phase in report.phases for finding in phase.findings]
    if findings:
        console.print(_counts(findings, report.source))
    elif report.phases:
        console.print(_nothing("to fix", report))
    _print_unread(report, console)


def _nothing(what: str, report: Report) -> str:
    """A sentence that there is nothing in what could be read."""
    return f"nothing {what} in {'what could be read of ' if report.errors else ''}{report.source}"


def _counts(findings: Collection[Finding], source: str) -> str:
    counts = Counter(finding.verdict for finding in findings)
    return (
        f"{count(len(findings), 'finding')} in {count(len({finding.path for finding in findings}), 'file')} "
        f"of {source}: {counts[Verdict.FIXABLE]} with a fix, {counts[Verdict.REVIEW]} for review, "
        f"{counts[Verdict.REPORTED]} reported without a fix"
    )


def print_statistics(findings: Iterable[Finding]) -> None:
    """Print a table of the rules, with their findings by verdict: those with the most first."""
    rows = count_by_rule(findings)
    table = make_table("findings", *Verdict, "rule", right=(0, 1, 2, 3))
    for rule, counts in rows:
        table.add_row(str(counts.total()), *(str(counts[verdict]) for verdict in Verdict), visible(rule))
    if rows:
        print_table(table, make_console())


def print_check(check: Check, *, quiet: bool = False) -> None:
    """Print the new findings, each on a line, and unless ``quiet`` the counts."""
    console = make_console()
    for finding in check.of(Standing.NEW):
        console.print(_finding_line(finding))
    if not quiet:
        print_check_counts(check)


def print_check_counts(check: Check) -> None:
    """Print how many findings there are, and how many do not count."""
    console = make_console()
    for line in check_counts(check):
        console.print(line)


def check_counts(check: Check) -> Iterator[str]:
    """How many findings are new, how many do not count and why, and which known ones are gone."""
    new, known, suppressed = map(check.of, Standing)
    which = f"{check.shard}: " if check.shard is not None else ""
    if new:
        yield which + _counts(new, check.report.source)
    elif check.report.phases:
        yield which + _nothing("new" if known or check.untouched else "to fix", check.report)
    if known:
        yield f"{count(len(known), 'known finding')} in {visible(str(check.baseline))}"
    if suppressed:
        yield f"{count(len(suppressed), 'finding')} suppressed by comments"
    if check.untouched:
        yield f"{count(check.untouched, 'finding')} in code that the change does not touch"
    if check.gone:
        update = f"tmlfix check --write-baseline {visible(str(check.baseline))} takes out"
        yield f"{count(len(check.gone), 'known finding')} no longer found, which {update}:"
    for entry in check.gone:
        within = f" (in {visible(entry.function)})" if entry.function else ""
        yield f"- {visible(entry.path)}: {visible(entry.rule)}{within}"
    compiler = check.report.compiler
    if compiler.checked is not None:
        others = f"{count(len(compiler.mended), 'defect')} mended, {len(compiler.changed)} changed"
        yield f"the fixes are for {compiler}: {others}"
    yield from _unread(check.report)


def print_merged(merged: Merged) -> None:
    """Print how many shards were joined, and the counts of the whole check."""
    make_console().print(
        f"{count(len(merged.shards), 'shard')} joined: {count(merged.new, 'new finding')}, "
        f"{merged.failing:,} that fail the check"
    )


def print_baseline(written: WrittenBaseline) -> None:
    """Print how many findings a baseline holds."""
    console = make_console()
    console.print(f"{count(written.entries, 'finding')} in {visible(str(written.path))}")
    _print_unread(written.report, console)


def print_diff(report: Report) -> None:
    """Print the changes of all phases as one unified diff; to a pipe, with the exact bytes."""
    lines = (
        line
        for phase in report.phases
        for path, change in sorted(phase.changes.items())
        for line in diff_lines(path, change)
    )
    console = make_console()
    if console.is_terminal:
        for line in lines:
            print_code(Text(visible(line.removesuffix("\n")), diff_style(line)), console)
    else:
        sys.stdout.flush()
        for line in lines:
            sys.stdout.buffer.write(line.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()


def print_review(report: Report, page: Path) -> None:
    """Print what there is to review, and where."""
    console = make_console()
    print_summary(report, console)
    console.print(f"review {visible(str(page))} in a browser, then: tmlfix apply --selection FILE")


def print_question(
    findings: Sequence[Finding], hunks: Sequence[Hunk], required: Sequence[Finding], dependents: int
) -> None:
    """Print findings that are decided together, and the lines that their fixes change.

    ``required`` are others that are fixed with them, and ``dependents`` is how many others need them.
    """
    console = make_console()
    for finding in findings:
        console.print(_finding_line(finding))
    if required:
        named = ", ".join(f"{visible(each.path)}:{each.line} {each.rule}" for each in required)
        console.print(Text(f"  needs what was asked about before: {named}", "dim"))
    if dependents:
        console.print(Text(f"  {count(dependents, 'other fix needs', 'other fixes need')} this", "dim"))
    for hunk in hunks:
        console.print(Text(hunk.heading, DIFF_STYLES["@"]))
        for before, after, block in hunk.pieces():
            marked = [(" ", before)] if block is None else [("-", before), ("+", after)]
            for mark, lines in marked:
                for line in lines:
                    code = visible(line.removesuffix("\n").removesuffix("\r"))
                    print_code(Text(mark + code, DIFF_STYLES.get(mark, "")), console)


def print_nothing_chosen(report: Report) -> None:
    """Print that there is nothing to write, and why."""
    make_console().print(
        "nothing was chosen" if report.fixes_remain else f"nothing to fix in {report.source}"
    )


def print_rewritten(report: Report) -> None:
    """Print what fixing in place did."""
    console = make_console()
    for path in report.finished:
        console.print(f"finished {visible(path)}, which an interrupted run had begun")
    for path in report.written:
        console.print(f"fixed {visible(path)}")
    console.print(f"{count(report.fixes_written, 'finding')} fixed in {count(len(report.written), 'file')}")
    for phase in report.phases:
        _print_left(phase, console)
    _print_unread(report, console)


def print_branches(report: Report) -> None:
    """Print the state of each branch, where its patch is, and what was left alone."""
    console = make_console()
    results = {result.phase: result for result in report.phases}
    for branch in report.branches:
        result = results[branch.phase.number]
        console.print(_branch_line(branch, result))
        if branch.patch is not None:
            console.print(f"  patch {visible(str(branch.patch))}")
        _print_left(result, console)
    _print_unread(report, console)


def _branch_line(branch: PhaseBranch, result: PhaseResult) -> Text:
    phase = branch.phase
    if branch.commit is None:
        return Text(f"phase {phase.number} {phase.slug}: {branch.state}, no branch")
    fixed = count(result.by_verdict()[Verdict.FIXABLE], "finding")
    return Text.assemble(
        f"phase {phase.number} {phase.slug}: branch ",
        (phase.branch, "bold"),
        f" {branch.state} at {branch.commit[:12]}, {fixed} fixed in {count(len(result.changes), 'file')}",
        ", pushed" if branch.pushed else "",
    )


def _print_left(result: PhaseResult, console: Console) -> None:
    if result.required:
        places = ", ".join(f"{visible(each.path)}:{each.line}" for each in result.required[:MOST_NAMED])
        more = len(result.required) - MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        console.print(f"  with {count(len(result.required), 'fix', 'fixes')} that these need: {places}{rest}")
    counts = result.by_verdict()
    if counts[Verdict.REVIEW] or counts[Verdict.REPORTED]:
        console.print(
            f"  left alone: {counts[Verdict.REVIEW]} for review, {counts[Verdict.REPORTED]} reported; "
            f"see tmlfix apply --phase {result.phase} --dry-run"
        )
    if result.declined:
        console.print(f"  left out: {count(len(result.declined), 'fix', 'fixes')} that are not approved")


def _print_unread(report: Report, console: Console) -> None:
    for line in _unread(report):
        console.print(line)


def _unread(report: Report) -> Iterator[str]:
    if report.unread_elsewhere:
        yield (
            f"{count(report.unread_elsewhere, 'file')} outside of what was asked for could not be read; "
            "tmlfix parse --check names them"
        )


def print_status(report: Report) -> None:
    """Print a table of the phases, with their findings by verdict and their files."""
    console = make_console()
    table = make_table("phase", "name", *Verdict, "files", right=(2, 3, 4, 5))
    for result in report.phases:
        counts = result.by_verdict()
        table.add_row(
            str(result.phase),
            phase_numbered(result.phase).slug,
            *(str(counts[verdict]) for verdict in Verdict),
            str(len({finding.path for finding in result.findings})),
        )
    console.print(Text(f"Findings in {report.source}"))
    print_table(table, console)
    _print_unread(report, console)


def print_rule(rule: RuleText) -> None:
    """Print what a rule finds, why it matters, and code before and after its fix, if it has one."""
    console = make_console()
    console.print(Text(rule.name, "bold"))
    console.print(Text(rule.summary.strip()))
    code = "Before" if rule.after is not None else "Code"
    after = "After, if you approve it" if rule.verdict is Verdict.REVIEW else "After"
    for title, body in (("Why", rule.reason), (code, rule.before), (after, rule.after)):
        if body is None:
            continue
        console.print(Text(f"\n{title}", "bold"))
        if title == "Why" and console.is_terminal:
            console.print(Padding(Text(body), (0, 0, 0, 4)))
        else:
            print_code(Text(_indent(body)), console)


def print_rules(rules: Iterable[RuleText], off: Collection[str] = ()) -> None:
    """Print the name and the summary of each rule, and which are turned ``off``."""
    console = make_console()
    named = [(rule.name, rule.summary) for rule in rules]
    width = max(len(name) for name, _ in named)
    for name, summary in named:
        mark = ("  (turned off here)", "yellow") if name in off else ""
        console.print(Text.assemble((name.ljust(width), "bold"), f"  {summary}", mark))


def print_starter(settings: Path, snippets: Mapping[str, str]) -> None:
    """Print where the first settings are, and what may be copied into which file."""
    console = make_console()
    console.print(f"{visible(str(settings))} has every setting as a comment")
    for file, snippet in snippets.items():
        console.print(Text(f"\n# {file}", "bold"))
        print_code(Text(snippet.rstrip("\n")), console)


def print_configuration(configuration: Configuration) -> None:
    """Print every setting with its origin, as TOML that can be copied."""
    console = make_console()
    lines = [
        (f"{key} = {visible(json.dumps(value, ensure_ascii=False))}", origin)
        for key, value, origin in configuration.entries()
    ]
    width = min(max(len(line) for line, _ in lines), 60)
    for line, origin in lines:
        console.print(Text.assemble(line.ljust(width), (f"  # {visible(origin)}", "dim")))


def print_parse_report(report: ParseReport, *, quiet: bool = False) -> None:
    """Print the files that were rejected or did not round-trip, and unless ``quiet`` the totals."""
    console = make_console()
    for rejection in report.rejected:
        console.print(Text(visible(str(rejection))))
    for path in report.roundtrip_failures:
        console.print(Text(f"{visible(path)}: does not round-trip", "red"))
    if quiet:
        return
    console.print(
        f"{count(report.files, 'file')}, {count(report.lines, 'line')} in {report.seconds:.1f} s: "
        f"{report.parsed:,} parsed, {len(report.rejected):,} rejected, "
        f"{count(len(report.roundtrip_failures), 'round-trip failure')}"
    )


def _finding_line(finding: Finding) -> Text:
    return Text.assemble(
        (f"{visible(finding.path)}:{finding.line}:{finding.column}: ", "bold"),
        (f"[{finding.verdict}] ", VERDICT_STYLES[finding.verdict]),
        f"{finding.rule}: {visible(finding.message)}",
        f" (in {visible(finding.function)})" if finding.function else "",
    )


def diff_style(line: str) -> str:
    """The style of a line of a diff."""
    return next((style for start, style in DIFF_STYLES.items() if line.startswith(start)), "")


def _indent(code: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in code.strip("\n").splitlines())
