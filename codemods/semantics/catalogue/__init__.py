"""What tmlfix knows of the standard library where its source is not in the workspace.

Data, not code: the files beside this one declare, in TML, the types that own something and the
functions that make or keep it. The decorators say what a body would show: ``@catalogued`` on
every function, ``@pure`` for one that has no effect beyond its result, ``@view`` for a result that
belongs to something else, ``@may_be_empty`` for a new string in whose place the constant ``""``
may be, ``@retains(name)`` for a parameter that is kept, ``@releases`` for a release and
``@idempotent`` for one that may be called twice. A module of the workspace always wins over the
file of the same name here.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from codemods.semantics.module_paths import module_path
from codemods.semantics.symbols import SourceFile


@cache
def catalogue_files() -> tuple[SourceFile, ...]:
    """The files of the catalogue."""
    return tuple(
        SourceFile(f"catalogue/{path}", entry.read_bytes(), module_path(path))
        for path, entry in _tml_files(files("codemods.semantics.catalogue"), "")
    )


def _tml_files(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found += _tml_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".tml"):
            found.append((f"{prefix}{entry.name}", entry))
    return found
