"""Take the picture of the review page that the docs show.

.venv/bin/python -m tests.screenshot
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.support.browser import open_browser
from tests.support.bundled import Example
from tests.support.project import PROJECT

PICTURE = PROJECT / "docs" / "review.png"
LARGEST = 150_000
"""Bytes that the picture may have."""


def main() -> None:
    """Review the bundled library, decide a little, and take the picture."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as scratch, open_browser() as browser:
        example = Example.create(Path(scratch, "example"))
        file = Path(scratch, "review.html")
        example.tmlfix("review", "-o", file)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        page.goto(file.as_uri())
        for key in "jarkk":
            page.keyboard.press(key)
        page.evaluate("document.querySelector('#status').classList.remove('on')")
        page.screenshot(path=PICTURE)
    size = PICTURE.stat().st_size
    print(f"wrote {PICTURE.relative_to(PROJECT)}, {size:,} bytes")
    if size > LARGEST:
        raise SystemExit(f"that is more than {LARGEST:,}")


if __name__ == "__main__":
    main()
