"""Files that an analysis leaves unread until a name in them matters: the tests of other phases."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property

from codemods.symbols import SourceFile, words_in
from tml_ast import TmlSyntaxError


class Unread:
    """Sources by their path, each parsed when it is first asked for."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self._sources = sources
        self._parsed: dict[str, SourceFile | None] = {}

    def mentioning(self, names: Collection[str]) -> dict[str, SourceFile]:
        """The files with one of the names in them, apart from those that cannot be parsed."""
        wanted = {name.encode() for name in names}
        found = {}
        for path, words in self._words.items():
            if not words.isdisjoint(wanted):
                file = self._file(path)
                if file is not None:
                    found[path] = file
        return found

    def is_in_broken(self, name: str) -> bool:
        """Whether a file that cannot be parsed has the name in it."""
        word = name.encode()
        return any(word in words and self._file(path) is None for path, words in self._words.items())

    @cached_property
    def _words(self) -> dict[str, frozenset[bytes]]:
        return {path: words_in(source) for path, source in self._sources.items()}

    def _file(self, path: str) -> SourceFile | None:
        if path not in self._parsed:
            source = self._sources[path]
            try:
                self._parsed[path] = SourceFile.read(path, source)
            except TmlSyntaxError:
                self._parsed[path] = None
        return self._parsed[path]
