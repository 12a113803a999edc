"""Parse files in a process of its own that prints how long it took, in seconds of the processor.

``python -m benchmarks.parsing tml FOLDER``, or ``py FOLDER``. Before the clock starts, the parser is warmed
up and the files are read.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from codemods.engine.gc_tuning import rare_collections


def tml(sources: list[bytes]) -> int:
    """Parse TML as tmlfix does; the lines of what parsed."""
    from tml_ast import TmlSyntaxError, parse

    with rare_collections():
        return _lines(sources, parse, TmlSyntaxError)


def python(sources: list[bytes]) -> int:
    """Parse Python with LibCST as it is; the lines of what parsed."""
    from libcst import ParserSyntaxError, parse_module

    return _lines(sources, parse_module, ParserSyntaxError, UnicodeError)


def _lines(sources: list[bytes], parse: Callable[[bytes], object], *errors: type[Exception]) -> int:
    lines = 0
    for source in sources:
        try:
            parse(source)
        except errors:
            continue
        lines += source.count(b"\n")
    return lines


PARSERS = {"tml": tml, "py": python}
"""The parsers by the suffix of their files."""


def main() -> None:
    """Parse the files of the kind and the folder that the command line names."""
    suffix, folder = sys.argv[1:]
    parse = PARSERS[suffix]
    sources = [path.read_bytes() for path in sorted(Path(folder).rglob(f"*.{suffix}"))]
    parse([b"\n"])
    start = time.process_time()
    lines = parse(sources)
    seconds = time.process_time() - start
    print(json.dumps({"lines": lines, "seconds": seconds}))


if __name__ == "__main__":
    main()
