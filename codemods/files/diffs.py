"""Unified diffs that ``git apply`` and ``patch`` take, exact to the byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from codemods.model.findings import Change

NO_NEWLINE = "\n\\ No newline at end of file\n"


def diff_lines(path: str, change: Change, context: int = 3) -> Iterator[str]:
    """The unified diff of one file, line by line, each with its own line end.

    ``context`` is how many unchanged lines stand around each hunk. Bytes that are not UTF-8 are surrogate
    escapes: encode with ``surrogateescape`` to get them back.
    """
    before, after = split_lines(change.before), split_lines(change.after)
    # difflib's own unified_diff ignores lines that occur often, and then takes unchanged code for new
    hunks = SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(context)
    for number, hunk in enumerate(hunks):
        if number == 0:
            yield _header(f"--- a/{path}\n")
            yield _header(f"+++ b/{path}\n")
        first, last = hunk[0], hunk[-1]
        yield f"{hunk_heading(first[1], last[2], first[3], last[4])}\n"
        for kind, start, end, new_start, new_end in hunk:
            if kind == "equal":
                yield from _marked(" ", before[start:end])
                continue
            yield from _marked("-", before[start:end])
            yield from _marked("+", after[new_start:new_end])


def hunk_heading(start: int, end: int, new_start: int, new_end: int) -> str:
    """The line that names a hunk's lines before and after, from those counted from 0."""
    return f"@@ -{_range(start, end)} +{_range(new_start, new_end)} @@"


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    return (mark + (line if line.endswith("\n") else line + NO_NEWLINE) for line in lines)


def _range(start: int, end: int) -> str:
    """Lines from ``start`` to ``end``, counted from 0, as a hunk's heading names them."""
    count = end - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"


def split_lines(content: bytes) -> list[str]:
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
