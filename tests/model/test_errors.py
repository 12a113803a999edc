"""The message about a file that cannot be written."""

from __future__ import annotations

import errno

import pytest

from codemods.model.errors import errors_at, write_failure


def test_a_failure_names_the_file_and_what_to_do() -> None:
    error = OSError(errno.EACCES, "Permission denied", "patches/phase-1-http.patch")

    assert write_failure(error, "elsewhere") == (
        "patches/phase-1-http.patch: Permission denied; allow writing there and run the same command again"
    )


def test_a_failure_without_a_file_is_one_of_the_place_and_of_room() -> None:
    error = OSError(errno.EIO, "Input/output error")

    assert write_failure(error, "a temporary file") == (
        "a temporary file: Input/output error; make room there and run the same command again"
    )


def test_an_error_within_a_place_names_it() -> None:
    with pytest.raises(OSError) as raised, errors_at("known.json"):
        raise OSError(errno.EIO, "Input/output error")

    assert raised.value.filename == "known.json"
