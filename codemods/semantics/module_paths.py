"""What the path of a file says about it."""

from __future__ import annotations

from pathlib import PurePosixPath

TEST_SUFFIX = ".test.tml"
"""How the name of a test ends; such a name cannot stand in an import."""


def is_test_path(path: str) -> bool:
    """Whether a file is a test by its name or folder."""
    return path.endswith(TEST_SUFFIX) or "tests" in PurePosixPath(path).parts[:-1]


def is_helper_path(path: str) -> bool:
    """Whether a file is no test itself, but something for tests, which can import it."""
    return is_test_path(path) and not path.endswith(TEST_SUFFIX)


def module_path(path: str) -> tuple[str, ...]:
    """The module that a file makes up."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if "src" in parts:
        index = len(parts) - 1 - parts[::-1].index("src")
        parts = [*parts[max(index - 1, 0) : index], *parts[index + 1 :]]
    if len(parts) > 1 and parts[-1] == "mod":
        parts.pop()
    return tuple(parts)
