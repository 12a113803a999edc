"""The words that a name is made of, in any case style."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+|[^\W\d_]+")


def words_in(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case: of ``SSL_CTX_free``, ``CloseHandle`` or ``sqlite3_close_v2``.

    Digits belong to the word before them. Of a run of capitals the last begins the next word, if letters
    in lower case follow it: ``XMLFree`` is ``xml`` and ``free``.
    """
    return tuple(word.lower() for word in _WORD.findall(name))
