"""What all output shares: consoles, tables, failures, and text that cannot control a terminal."""

from __future__ import annotations

import io
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codemods.model.findings import InputError

UNPRINTABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""The Unicode categories of control, format, private and surrogate characters, and of line separators."""

WIDEST_TABLE = 10_000
"""The width of a table on a terminal of any width, so that names are not cut."""


class FileText(io.TextIOWrapper):
    """Standard output while it is kept for a file: its text is plain, even where colours are forced."""

    def __init__(self) -> None:
        self._content = io.BytesIO()
        super().__init__(self._content, "utf-8", "backslashreplace", write_through=True)

    def content(self) -> bytes:
        """All that was printed."""
        return self._content.getvalue()


def make_console(*, stderr: bool = False) -> Console:
    """A console that styles and wraps at words on a terminal, and writes plain unwrapped text otherwise."""
    forced = False if isinstance(sys.stdout, FileText) and not stderr else None
    console = Console(stderr=stderr, force_terminal=forced, highlight=False, markup=False, emoji=False)
    console.soft_wrap = not console.is_terminal
    return console


def print_code(code: Text, console: Console) -> None:
    """Print a line of code or of a diff, which is never wrapped."""
    console.print(code, soft_wrap=True)


def visible(text: str) -> str:
    """The text with escapes for what does not print, so that no name can control a terminal or hide.

    ASCII control characters except the tab are in caret notation. Other control characters, marks that
    change the direction of text, spaces without width and line separators are escaped as in Python.
    """
    return text if text.isprintable() else "".join(map(_spell, text))


def _spell(character: str) -> str:
    if character == "\t" or unicodedata.category(character) not in UNPRINTABLE:
        return character
    if character.isascii():
        return f"^{chr(ord(character) ^ 0x40)}"
    return character.encode("ascii", "backslashreplace").decode("ascii")


def print_errors(errors: Iterable[InputError]) -> None:
    """Print one line for each error, on standard error."""
    console = make_console(stderr=True)
    for error in errors:
        console.print(Text.assemble(("error: ", "bold red"), visible(str(error))))


def print_note(note: str) -> None:
    """Print a note about the work, on standard error."""
    make_console(stderr=True).print(Text.assemble(("note: ", "dim"), visible(note)))


def print_failure(message: str) -> None:
    """Print why a command could not run at all, on standard error."""
    make_console(stderr=True).print(Text.assemble(("tmlfix: ", "bold red"), visible(message)))


def make_table(*columns: str, right: tuple[int, ...]) -> Table:
    """A table whose columns of these numbers, from 0, are aligned right."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number in right else "left", no_wrap=True)
    return table


def print_table(table: Table, console: Console) -> None:
    """Print a table; with lines, and cut to its width, only on a terminal."""
    if not console.is_terminal:
        table.box = None
    console.width = WIDEST_TABLE
    console.print(table, crop=False)


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Each path with its shortest end that no other has: mostly the name of the file alone."""
    parts = {path: path.split("/") for path in paths}
    ends = Counter(
        "/".join(names[-length:]) for names in parts.values() for length in range(1, len(names) + 1)
    )
    return {
        path: next(
            (end for length in range(1, len(names)) if ends[end := "/".join(names[-length:])] == 1), path
        )
        for path, names in parts.items()
    }


def count(number: int, noun: str, nouns: str = "") -> str:
    """The number with its noun, in the plural (``nouns``, if it has no plain s) unless it is 1."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {nouns or f'{noun}s'}"
