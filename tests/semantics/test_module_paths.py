"""What the path of a file says: its module, and whether it is a test."""

from __future__ import annotations

import pytest

from codemods.semantics.module_paths import is_helper_path, is_test_path, module_path


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("lib/std/src/http/client.tml", "std::http::client"),
        ("lib/std/src/http/mod.tml", "std::http"),
        ("lib/std/src/mod.tml", "std"),
        ("src/http.tml", "http"),
        ("src/vendor/std/src/http.tml", "std::http"),
        ("tests/http/helper.tml", "tests::http::helper"),
        ("mod.tml", "mod"),
    ],
)
def test_the_module_of_a_file(path: str, module: str) -> None:
    assert "::".join(module_path(path)) == module


@pytest.mark.parametrize(
    ("path", "is_test", "is_helper"),
    [
        ("lib/std/src/http/client.tml", False, False),
        ("lib/std/src/http/client.test.tml", True, False),
        ("tests/http/helper.tml", True, True),
        ("tests/http/client.test.tml", True, False),
        ("lib/tests.tml", False, False),
    ],
)
def test_tests_and_what_helps_them(path: str, is_test: bool, is_helper: bool) -> None:
    assert (is_test_path(path), is_helper_path(path)) == (is_test, is_helper)
