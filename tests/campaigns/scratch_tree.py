"""Files that are written into a tree for a run of the compiler, and removed again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written(tree: Path, files: Mapping[str, bytes]) -> Iterator[None]:
    """Have files (path to content) in a tree; ends the program if one exists, rather than overwrite it."""
    paths = [tree / path for path in files]
    if existing := [path for path in paths if path.exists()]:
        sys.exit(f"{existing[0]} exists; give a tree without the programs")
    try:
        for file, content in zip(paths, files.values(), strict=True):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        yield
    finally:
        for file in paths:
            file.unlink(missing_ok=True)
