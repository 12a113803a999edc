"""Pages of tables, lists and lines, printed for a terminal or a pipe, or written as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from codemods.reports.console import make_console, make_table, print_table, short_names, visible

Cell = str | Text
"""The content of a table cell. A style shows only on a terminal."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~&])")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Numbers are aligned right; names are code in Markdown.

    Of paths only as much is shown as tells them apart.
    """

    title: str
    is_number: bool = False
    is_name: bool = False
    is_path: bool = False


@dataclass(slots=True)
class Table:
    """Rows under a title."""

    title: str
    columns: tuple[Column, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)

    def shown(self) -> list[tuple[Cell, ...]]:
        """The rows with short names of files."""
        short = [
            short_names({str(row[number]) for row in self.rows}) if column.is_path else {}
            for number, column in enumerate(self.columns)
        ]
        return [
            tuple(names.get(str(cell), cell) for names, cell in zip(short, row, strict=True))
            for row in self.rows
        ]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list, with a box that is ticked, open, or (None) undecided."""

    ticked: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list under a title."""

    title: str
    items: tuple[Item, ...]


Part = str | Table | Items


def print_page(title: str, parts: Sequence[Part]) -> None:
    """The page as aligned text, coloured on a terminal."""
    console = make_console()
    console.print(Text(visible(title), "bold"))
    lines_before = False
    for part in parts:
        if not (isinstance(part, str) and lines_before):
            console.print()
        lines_before = isinstance(part, str)
        match part:
            case str():
                console.print(visible(part))
            case Table():
                _print_table(part, console)
            case Items():
                console.print(Text(part.title, "bold"))
                for item in part.items:
                    console.print(Text(f"{_mark(item)} {visible(item.text)}", _style(item)))


def _print_table(part: Table, console: Console) -> None:
    numbers = tuple(number for number, column in enumerate(part.columns) if column.is_number)
    table = make_table(*(column.title for column in part.columns), right=numbers)
    for row in part.shown():
        table.add_row(*(visible(cell) if isinstance(cell, str) else cell for cell in row))
    if part.title:
        console.print(Text(part.title, "bold"))
    print_table(table, console)


def markdown(title: str, parts: Sequence[Part]) -> str:
    """The page in Markdown, as GitHub reads it."""
    blocks = [f"## {_escaped(title)}"]
    for part in parts:
        match part:
            case str():
                blocks.append(_escaped(part))
            case Table():
                blocks += [f"### {_escaped(part.title)}"] if part.title else []
                blocks.append(_markdown_table(part))
            case Items():
                blocks.append(f"### {_escaped(part.title)}")
                blocks.append("\n".join(f"- {_mark(item)} {_escaped(item.text)}" for item in part.items))
    return "\n\n".join(blocks) + "\n"


def _markdown_table(part: Table) -> str:
    lines = [
        [_escaped(column.title) for column in part.columns],
        ["---:" if column.is_number else "---" for column in part.columns],
        *(
            [
                _code(str(cell)) if column.is_name and str(cell) else _escaped(str(cell))
                for column, cell in zip(part.columns, row, strict=True)
            ]
            for row in part.shown()
        ),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _mark(item: Item) -> str:
    return {True: "[x]", False: "[ ]", None: "[?]"}[item.ticked]


def _style(item: Item) -> str:
    return {True: "green", False: "red", None: "yellow"}[item.ticked]


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", visible(text).replace("\t", " "))


def _code(text: str) -> str:
    """A name as code, whatever is in it."""
    name = visible(text).replace("\t", " ").replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", name)), default=0))
    padding = " " if name.startswith("`") or name.endswith("`") else ""
    return f"{fence}{padding}{name}{padding}{fence}"
