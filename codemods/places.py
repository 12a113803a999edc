"""What the path of a file tells about it."""

from __future__ import annotations

from pathlib import PurePosixPath


def is_test_path(path: str) -> bool:
    """Whether a file is a test by its name or folder."""
    return path.endswith(".test.tml") or "tests" in PurePosixPath(path).parts[:-1]


def module_path(path: str) -> tuple[str, ...]:
    """The module that a file makes up."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if "src" in parts:
        index = len(parts) - 1 - parts[::-1].index("src")
        parts = [*parts[max(index - 1, 0) : index], *parts[index + 1 :]]
    if len(parts) > 1 and parts[-1] == "mod":
        parts.pop()
    return tuple(parts)
