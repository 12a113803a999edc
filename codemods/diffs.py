"""Unified diffs that ``git apply`` and ``patch`` take, exact to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from codemods.findings import Change

NO_NEWLINE = "\n\\ No newline at end of file\n"


def diff_lines(path: str, change: Change) -> Iterator[str]:
    """The unified diff of one file, line by line, each with its own line end.

    Bytes that are not UTF-8 are surrogate escapes: encode with ``surrogateescape`` to get them back.
    """
    lines = unified_diff(_split(change.before), _split(change.after), f"a/{path}", f"b/{path}", lineterm="\n")
    for number, line in enumerate(lines):
        if number < 2:
            yield _header(line)
        else:
            yield line if line.endswith("\n") else line + NO_NEWLINE


def _split(content: bytes) -> list[str]:
    """The lines, with their ends; only a line feed ends a line, as for git."""
    *lines, last = content.decode("utf-8", "surrogateescape").split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _header(line: str) -> str:
    """The ``---`` or ``+++`` line with its file name as git writes it."""
    sign, name = line[:4], line[4:].removesuffix("\n")
    if quoted := _quote(name):
        return f'{sign}"{quoted}"\n'
    return f"{sign}{name}\t\n" if " " in name else f"{sign}{name}\n"


def _quote(name: str) -> str | None:
    """The name in git's C notation, if it has a byte that needs it."""
    short = {ord("\n"): "\\n", ord("\t"): "\\t", ord("\r"): "\\r", ord('"'): '\\"', ord("\\"): "\\\\"}
    encoded = name.encode("utf-8", "surrogateescape")
    if all(0x20 <= byte < 0x7F and byte not in short for byte in encoded):
        return None
    return "".join(short.get(byte, chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}") for byte in encoded)
