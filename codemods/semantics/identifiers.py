"""The identifiers of a source, found without parsing it."""

from __future__ import annotations

import re

_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")
_SHARED: dict[bytes, bytes] = {}
"""One object for each identifier: many files have the same ones."""


def identifiers_in(source: bytes) -> frozenset[bytes]:
    """What looks like an identifier in a source, in code and in comments; keywords are among them."""
    return frozenset(
        _SHARED.setdefault(identifier, identifier) for identifier in set(_IDENTIFIER.findall(source))
    )
