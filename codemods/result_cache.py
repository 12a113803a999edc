"""Documents that are kept from run to run, in files of a folder; a damaged one is as good as none."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs

FOLDER_VARIABLE = "TMLFIX_CACHE"
"""The environment variable that names the folder."""

MOST_FILES = 256
"""As many documents are kept: those that were used last."""

_HEADER = b"tmlfix-results-1 "


def cache_folder() -> Path:
    """Where the documents are kept, unless a run says otherwise."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_cache_path("tmlfix"), "results")


class ResultCache:
    """Documents by their key, each in a file that is written whole or not at all.

    Runs may share the folder. Whatever goes wrong is told to ``note`` and changes no result.
    """

    def __init__(self, folder: Path, note: Callable[[str], None]) -> None:
        self._folder = folder
        self._note = note

    def get(self, key: str) -> Any:
        """The document of a key; None if there is none that can be relied on."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._note(f"cannot read the cache: {path}: {error.strerror}")
            return None
        header, _, body = content.partition(b"\n")
        if header != _HEADER + _checksum(body):
            self._note(f"a file of the cache is damaged and will be made anew: {path}")
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return json.loads(body)

    def put(self, key: str, document: object) -> None:
        """Keep a document, in the place of the one that has the key."""
        body = json.dumps(document, separators=(",", ":")).encode("ascii")
        path = self._path(key)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix="new-")
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(_HEADER + _checksum(body) + b"\n" + body)
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._drop_oldest()
        except OSError as error:
            self._note(f"cannot write the cache: {self._folder}: {error.strerror}")

    def damaged(self, key: str) -> None:
        """Tell of a document that is not what it should be, though it is as it was written."""
        self._note(f"a file of the cache is not understood and will be made anew: {self._path(key)}")

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _drop_oldest(self) -> None:
        """Files that another run removes first are gone all the same."""
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path))
        for _, path in sorted(found)[:-MOST_FILES]:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()
