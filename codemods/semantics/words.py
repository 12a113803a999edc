"""The words of a text, without a look at what they mean."""

from __future__ import annotations

import re

_WORD = re.compile(rb"[A-Za-z_]\w*")
_SHARED: dict[bytes, bytes] = {}
"""Each word once: most files have the same."""


def words_in(source: bytes) -> frozenset[bytes]:
    """The words of a text: what may be a name, in code as in comments."""
    return frozenset(_SHARED.setdefault(word, word) for word in set(_WORD.findall(source)))
