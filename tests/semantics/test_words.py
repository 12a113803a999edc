"""The words of a name, in any case style."""

from __future__ import annotations

import pytest

from codemods.semantics.words import words_in


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tls_stream_free", "tls stream free"),
        ("SSL_CTX_free", "ssl ctx free"),
        ("CloseHandle", "close handle"),
        ("closeHandle", "close handle"),
        ("xmlFreeDoc", "xml free doc"),
        ("XMLFree", "xml free"),
        ("sqlite3_close_v2", "sqlite3 close v2"),
        ("X509_free", "x509 free"),
        ("__drop", "drop"),
        ("freedom", "freedom"),
        ("HashMap", "hash map"),
        ("", ""),
    ],
)
def test_words(name: str, words: str) -> None:
    assert words_in(name) == tuple(words.split())
