"""The words of a text, without a look at what they mean."""

from __future__ import annotations

import re

_WORD = re.compile(rb"[A-Za-z_]\w*")


def words_in(source: bytes) -> frozenset[bytes]:
    """The words of a text: what may be a name, in code as in comments."""
    return frozenset(_WORD.findall(source))
