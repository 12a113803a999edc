"""Regenerate the parsers, the patches of the example, the output in the pages, and the pages of rules.

.venv/bin/python -m tests.update
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from tests.support.bundled import example_patches
from tests.support.pages import PAGES, updated
from tests.support.project import PATCHES, PROJECT
from tests.support.rule_pages import FOLDER, rule_pages
from tml_ast import generate


def main() -> None:
    """Replace the files, and print the names of those that changed."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name, source in generate.sources().items():
        write(Path(generate.__file__).with_name(name), source.encode())
    replace_all(PATCHES, example_patches())
    replace_all(FOLDER, {name: page.encode() for name, page in rule_pages().items()})
    for page in PAGES:
        write(page, updated(page.read_text()).encode())


def replace_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Let the folder hold these files, and no others of their kind."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in {path.name for path in folder.iterdir()} - files.keys():
        (folder / stale).unlink()
        print(f"removed {folder.relative_to(PROJECT)}/{stale}")
    for name, content in files.items():
        write(folder / name, content)


def write(target: Path, content: bytes) -> None:
    """Replace the file if it differs."""
    if not target.exists() or target.read_bytes() != content:
        target.write_bytes(content)
        print(f"wrote {target.relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
