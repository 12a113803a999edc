"""JSON documents that are kept from run to run, each in a file; a damaged one is ignored."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs

FOLDER_VARIABLE = "TMLFIX_CACHE"
"""The environment variable that names the folder."""

MOST_FILES = 256
"""How many documents are kept: the most recently used ones."""

_ENDING = ".tmlfix-results"
"""The ending of the files that are made here: no other file of the folder is touched."""

_HEADER = b"tmlfix-results-1 "


def cache_folder() -> Path | None:
    """Where the documents are kept; None for a user without a home, unless the environment names a folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    folder = Path(platformdirs.user_cache_path("tmlfix"), "results")
    return folder if folder.is_absolute() else None


class ResultCache:
    """Documents by their key, each in a file that is written whole or not at all.

    Runs may share the folder. Whatever goes wrong is noted, and changes no result.
    """

    def __init__(self, folder: Path, note: Callable[[str], None]) -> None:
        self._folder = folder
        self._can_write = True
        self.note = note

    def get(self, key: str, shape: object) -> Any:
        """The document of a key; None if there is none, or if it is damaged or of another shape.

        The shape of a value is its type; of a list ``[shape]``; of a list of fixed length a tuple of shapes;
        of an object a dict with the shape of each name, or ``{str: shape}`` for any names.
        """
        path = self._path(key)
        try:
            # Reading a pipe or a device could block.
            content = path.read_bytes() if stat.S_ISREG(path.stat().st_mode) else b""
        except FileNotFoundError:
            return None
        except OSError as error:
            self.note(f"cannot read the cache: {path}: {error.strerror}")
            return None
        header, _, body = content.partition(b"\n")
        document = None
        if header == _HEADER + _checksum(body):
            with contextlib.suppress(ValueError, RecursionError):
                document = json.loads(body)
        if not _checker(shape)(document):
            self.refuse(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return document

    def put(self, key: str, document: object) -> None:
        """Keep a document in place of the one that has the key."""
        if not self._can_write:
            return
        body = json.dumps(document, separators=(",", ":")).encode("ascii")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix="new-", suffix=_ENDING)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(_HEADER + _checksum(body) + b"\n" + body)
                Path(name).replace(self._path(key))
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._drop_oldest()
        except OSError as error:
            self._can_write = False
            self.note(f"cannot write the cache: {self._folder}: {error.strerror}")

    def refuse(self, key: str) -> None:
        """Note that a document is damaged."""
        self.note(f"a file of the cache is damaged and will be made anew: {self._path(key)}")

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_ENDING}"

    def _drop_oldest(self) -> None:
        """Remove all but the newest files; another run may remove some of them first."""
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(_ENDING):
                    with contextlib.suppress(OSError):
                        found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path))
        for _, path in sorted(found)[:-MOST_FILES]:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _checker(shape: Any) -> Callable[[Any], bool]:
    """What says whether a value has a shape."""
    match shape:
        case [inner] if isinstance(shape, list):
            if isinstance(inner, type):
                return lambda value: type(value) is list and {*map(type, value)} <= {inner}
            check = _checker(inner)
            return lambda value: type(value) is list and all(map(check, value))
        case tuple():
            checks = tuple(map(_checker, shape))
            return lambda value: (
                type(value) is list
                and len(value) == len(checks)
                and all(check(item) for check, item in zip(checks, value, strict=True))
            )
        case dict() if str in shape:
            check = _checker(shape[str])
            return lambda value: type(value) is dict and all(map(check, value.values()))
        case dict():
            named = {name: _checker(inner) for name, inner in shape.items()}
            return lambda value: (
                type(value) is dict
                and value.keys() == named.keys()
                and all(check(value[name]) for name, check in named.items())
            )
        case _:
            return lambda value: type(value) is shape
