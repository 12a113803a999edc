"""What is found by its shape, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from codemods.app.search import Found
from codemods.files.diffs import split_lines
from codemods.reports.console import make_console, print_code, visible


def print_hits(found: Found, files: Mapping[str, bytes], context: int) -> None:
    """Print the first line of each place, or some lines around it."""
    console = make_console()
    lines: dict[str, list[str]] = {}
    for number, hit in enumerate(found.hits):
        if hit.path not in lines:
            lines = {hit.path: split_lines(files[hit.path])}
        own = lines[hit.path]
        if not context:
            line = own[hit.line - 1].rstrip("\r\n")
            print_code(Text(visible(f"{hit.path}:{hit.line}:{hit.column}: {line.strip()}")), console)
            continue
        if number:
            print_code(Text("--"), console)
        first = max(hit.line - context, 1)
        for line_number in range(first, min(hit.last_line + context, len(own)) + 1):
            is_hit = hit.line <= line_number <= hit.last_line
            mark = f":{line_number}:" if is_hit else f"-{line_number}-"
            print_code(Text(visible(f"{hit.path}{mark} {own[line_number - 1].rstrip()}")), console)


def print_hit_counts(found: Found) -> None:
    """Print how many places each file has."""
    console = make_console()
    for path, number in sorted(Counter(hit.path for hit in found.hits).items()):
        print_code(Text(visible(f"{path}:{number}")), console)


def hits_document(found: Found) -> dict[str, Any]:
    """The JSON of ``tmlfix search``."""
    from codemods.reports.documents import JSON_VERSION, error_document

    return {
        "version": JSON_VERSION,
        "hits": [
            {
                "path": hit.path,
                "line": hit.line,
                "column": hit.column,
                "last_line": hit.last_line,
                "text": hit.text,
                "variables": dict(hit.variables),
            }
            for hit in found.hits
        ],
        "errors": [error_document(error) for error in found.errors],
    }
