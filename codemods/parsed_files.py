"""Files that stay parsed as long as their text stays as it is."""

from __future__ import annotations

from codemods.symbols import SourceFile


class ParsedFiles:
    """Parses each text of a file once; only the last text of a file is kept."""

    def __init__(self) -> None:
        self._files: dict[str, SourceFile] = {}

    def read(self, path: str, source: bytes) -> SourceFile:
        """The parsed file. Raises TmlSyntaxError."""
        known = self._files.get(path)
        if known is None or known.source != source:
            known = self._files[path] = SourceFile.read(path, source)
        return known
