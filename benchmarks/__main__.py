"""``python -m benchmarks``: measure how fast tmlfix is here, against its goals."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.corpus import COMMIT, corpus_folder, lines_in, read_files
from benchmarks.processes import PROJECT, CommandError
from benchmarks.profile import profile_of
from benchmarks.report import Report, circumstances, of_profile, of_rows
from benchmarks.rounds import Bench
from benchmarks.rows import ROWS, Row, measure

PAGE = PROJECT / "docs" / "performance.md"
FAILED = 2

app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
output = Console()
progress = Console(stderr=True, highlight=False)


@app.command()
def main(
    rows: Annotated[str, typer.Option(metavar="NAME[,NAME]...", help="Measure only these rows.")] = ",".join(
        row.name for row in ROWS
    ),
    runs: Annotated[int, typer.Option(min=1, help="How often to measure each row.")] = 3,
    corpus: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The tree of TML files to measure on.")
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Measure no rows; show where the time of a first check goes.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures to this file.")
    ] = None,
    update_docs: Annotated[
        bool, typer.Option("--update-docs", help=f"Also write the table into docs/{PAGE.name}.")
    ] = False,
) -> None:
    """Measure how fast tmlfix is on this machine, against its goals.

    Takes some minutes, and needs the machine for itself. Figures that are compared are measured one after the
    other. The exit status is 0 whether goals are met or not; the table shows which are.
    """
    chosen = _chosen(rows)
    if update_docs and not profile and len(chosen) < len(ROWS):
        raise _failure("--update-docs needs all rows")
    files = read_files(corpus or corpus_folder())
    if not files:
        raise _failure(
            f"no TML files at {corpus or corpus_folder()}; put the public TML library at commit {COMMIT} "
            "there, or name its folder with --corpus or TMLFIX_CORPUS"
        )
    if json_file is not None:
        try:
            json_file.touch()
        except OSError as error:
            raise _failure(f"{json_file} cannot be written: {error.strerror}") from None
    found = _measured(files, None if profile else chosen, runs)
    for table in found.tables:
        output.print(table.drawn())
    output.print(found.said.replace("`", ""), markup=False, highlight=False)
    if json_file is not None:
        json_file.write_text(json.dumps(found.document, indent=2) + "\n")
    if update_docs:
        PAGE.write_text(found.on_page(PAGE.read_text()))


def _measured(files: Mapping[str, bytes], rows: Sequence[Row] | None, runs: int) -> Report:
    """The figures of the rows; without rows, where the time goes."""
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(files, Path(scratch).resolve(), lambda text: progress.print(text, markup=False))
        try:
            said = circumstances(lines_in(files), bench.tmlfix)
            if rows is None:
                return of_profile(profile_of(bench.tmlfix, bench.tree, bench.scratch), said)
            return of_rows(measure(bench, rows, runs), runs, said)
        except CommandError as error:
            raise _failure(str(error)) from None


def _failure(message: str) -> typer.Exit:
    """The exit to raise, after printing the message."""
    progress.print(f"benchmarks: {message}", markup=False, soft_wrap=True)
    return typer.Exit(FAILED)


def _chosen(names: str) -> list[Row]:
    known = {row.name: row for row in ROWS}
    for name in names.split(","):
        if name not in known:
            raise _failure(f"there is no row {name!r}; the rows are {', '.join(known)}")
    return [known[name] for name in names.split(",")]


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
