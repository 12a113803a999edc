"""Writing down in the settings of a project which compiler it uses, with the rest of the file as it was."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codemods.app.configuration import OWN_FILE, SHARED_FILE, settings_file
from codemods.files.safe_open import UnfitFileError, open_folder, read_file
from codemods.files.writing import write_file
from codemods.model.compiler_profile import CompilerProfile
from codemods.model.errors import UserError

TABLE = "compiler"


def write_profile(root: Path, profile: CompilerProfile) -> Path:
    """Write the table of the compiler into the settings of the tree at ``root``; the file that has it.

    Raises `UserError` if that cannot be done without touching the rest of the file.
    """
    is_shared = (settings_file(root) or OWN_FILE).startswith(SHARED_FILE)
    name = SHARED_FILE if is_shared else OWN_FILE
    parents = ("tool", "tmlfix") if is_shared else ()
    changed = with_profile(_read(root, name), profile, parents)
    if changed is None:
        header = ".".join((*parents, TABLE))
        raise UserError(f"{name}: [{header}] is written in a way that tmlfix does not change; remove it")
    write_file(root / name, changed.encode())
    return root / name


def _read(root: Path, name: str) -> str:
    try:
        with open_folder(root) as folder:
            return read_file(name, folder).decode()
    except FileNotFoundError:
        return ""
    except UnfitFileError as error:
        raise UserError(f"{name} {error}") from None


def with_profile(text: str, profile: CompilerProfile, parents: tuple[str, ...] = ()) -> str | None:
    """The settings with the table of this compiler; None if other settings would change.

    A table that is there loses all but its comments.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    path = (*parents, TABLE)
    lines = text.splitlines(keepends=True)
    entries = [f"{entry}{newline}" for entry in _entries(profile)]
    name = r"\s*\.\s*".join(path)
    header = re.compile(rf"\s*\[\s*{name}\s*\]\s*(#.*)?")
    start = next((number for number, line in enumerate(lines) if header.fullmatch(line.rstrip())), None)
    if start is None:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += newline
        gap = [newline] if lines else []
        changed = [*lines, *gap, f"[{'.'.join(path)}]{newline}", *entries]
    else:
        end = next(
            (number for number in range(start + 1, len(lines)) if lines[number].lstrip().startswith("[")),
            len(lines),
        )
        kept = [line for line in lines[start + 1 : end] if line.lstrip().startswith("#") or not line.strip()]
        changed = [*lines[: start + 1], *entries, *kept, *lines[end:]]
    content = "".join(changed)
    return content if _differs_only_in(text, content, path, profile) else None


def _entries(profile: CompilerProfile) -> Iterator[str]:
    yield f"checked = {json.dumps(profile.checked)}"
    yield from _list("mended", sorted(profile.mended))
    yield from _list("changed", sorted(profile.changed))


def _list(key: str, names: list[str]) -> Iterator[str]:
    """A list of names on a line each, so that a diff shows which of them are new."""
    if not names:
        yield f"{key} = []"
        return
    yield f"{key} = ["
    yield from (f"    {json.dumps(name)}," for name in names)
    yield "]"


def _differs_only_in(before: str, after: str, path: tuple[str, ...], profile: CompilerProfile) -> bool:
    try:
        tables = tomllib.loads(before), tomllib.loads(after)
    except ValueError:
        return False
    wanted = {
        "checked": profile.checked,
        "mended": sorted(profile.mended),
        "changed": sorted(profile.changed),
    }
    _take(tables[0], path)
    return _take(tables[1], path) == wanted and tables[0] == tables[1]


def _take(table: dict[str, Any], path: tuple[str, ...]) -> Any:
    """Take out what is at a path."""
    for key in path[:-1]:
        table = table.get(key, {})
    return table.pop(path[-1], None)
