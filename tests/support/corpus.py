"""The real TML library, for the tests that read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

COMMIT = "cf79b64d"


def corpus_folder() -> Path:
    """The folder of the corpus: TMLFIX_CORPUS, or the place for it under the user's cache folder."""
    named = os.environ.get("TMLFIX_CORPUS")
    if named:
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "tmlfix", "corpus", COMMIT)


def corpus_files() -> list[Path]:
    """Its .tml files in order. Skips the test that asks when there is no corpus."""
    folder = corpus_folder()
    files = sorted(folder.rglob("*.tml")) if folder.is_dir() else []
    if not files:
        pytest.skip(f"no TML corpus at {folder}; name its folder in TMLFIX_CORPUS to run this test")
    return files
