"""Write anew what is generated from the bundled example: the patches, and the output in the pages.

.venv/bin/python tests/update.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bundled import PATCHES, PROJECT, example_patches
from pages import PAGES, updated


def main() -> None:
    """Replace the files, and name those that changed."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    patches = example_patches()
    for stale in {path.name for path in PATCHES.glob("*.patch")} - patches.keys():
        (PATCHES / stale).unlink()
        print(f"removed patches/{stale}")
    PATCHES.mkdir(exist_ok=True)
    for name, content in patches.items():
        write(PATCHES / name, content)
    for page in PAGES:
        write(page, updated(page.read_text()).encode())


def write(target: Path, content: bytes) -> None:
    """Replace the file if it differs."""
    if not target.exists() or target.read_bytes() != content:
        target.write_bytes(content)
        print(f"wrote {target.relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
