"""The first settings of a project: every key, explained and with its default, as a comment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from codemods.app.configuration import KEYS, OWN_FILE, Configuration, settings_file
from codemods.files.writing import write_file
from codemods.model.errors import UserError
from codemods.model.settings import Settings

HEAD = """\
# The settings of tmlfix. Every line that begins with "#" and a key has the default: remove the "#" where you
# decide otherwise. `tmlfix config` prints what applies, and names what matches nothing.
# Paths are relative to this file, with "/". In patterns * matches any text, including "/".
"""

ABOUT = {
    "include": ("The files that may get findings.",),
    "exclude": ("The files among these that may not. The analysis of the others still reads them.",),
    "outside": (
        "The files that are not part of the library. They are not even read.",
        'A pattern that begins with "/" starts at the root.',
    ),
    "explicit-releases": (
        '"plan": tests release responses, maps and JSON values by name, as the leak plan wants it.',
        '"needed": only where a path leaks without it.',
    ),
    "rules": ("The rules to turn off; `tmlfix rules` lists them.",),
    "per-file-ignores": ("Rules that find nothing in some files.",),
    "phases": (
        "Which files a phase owns: a file belongs to the first phase that matches.",
        'Patterns are matched against "/" and the path.',
    ),
    "owning-types": (
        "Types that own something although their source does not show it, each with the method that",
        "releases it.",
    ),
    "compiler": (
        "The defects of the compiler that are mended or have changed in the one that you use, and the day on",
        "which that was checked. `tmlfix doctor --write` fills it in.",
    ),
}
"""What each key is for, in lines."""

EXAMPLES = {
    "per-file-ignores": ('"tests/generated/*" = ["void-tail"]',),
    "owning-types": ('"std::os::Handle" = "close"',),
}
"""Lines of tables that are empty without settings."""


def starter_settings() -> str:
    """The content of a first ``tmlfix.toml``; it changes nothing."""
    blocks = (["", *(f"# {line}" for line in (*ABOUT[key], *_lines(key)))] for key in KEYS)
    return HEAD + "".join(f"{line}\n" for block in blocks for line in block)


def _lines(key: str) -> Iterator[str]:
    """A key with its default, in lines."""
    table = ""
    for name, value, _ in Configuration(Settings()).entries():
        top, _, rest = name.partition(".")
        if top != key:
            continue
        here, _, last = name.rpartition(".")
        if rest and here != table:
            table = here
            yield f"[{here}]"
        yield f"{last if rest else name} = {json.dumps(value)}"
    if key in EXAMPLES:
        yield f"[{key}]"
        yield from EXAMPLES[key]


def write_starter_settings(root: Path) -> Path:
    """Write a first ``tmlfix.toml`` at the root of a tree. Raises `UserError` if it has settings."""
    file = settings_file(root)
    if file is not None:
        raise UserError(
            f"{root / file.partition(',')[0]} has settings already; tmlfix config prints what applies"
        )
    write_file(root / OWN_FILE, starter_settings().encode())
    return root / OWN_FILE
