"""What tmlfix is compared with: LibCST and ast-grep, on as many lines of Python's standard library."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from benchmarks.processes import PROJECT, Command

PATTERN = "open($$$ARGUMENTS)"
"""What ast-grep looks for: calls of one function, with any arguments."""

PACKAGES: Mapping[str, str] = {"libcst": "libcst", "ast-grep": "ast-grep-cli", "psutil": "psutil"}
"""What the rows need apart from tmlfix, and the packages that provide it."""


def is_installed(need: str) -> bool:
    """Whether something that rows need is there."""
    return ast_grep() is not None if need == "ast-grep" else find_spec(need) is not None


def version_of(need: str) -> str:
    """The name of its package with the version."""
    try:
        return f"{need} {version(PACKAGES[need])}"
    except PackageNotFoundError:
        return need


def ast_grep() -> str | None:
    """The program, from the folder of this Python or else from the path."""
    beside = str(Path(sys.executable).parent)
    return shutil.which("ast-grep", path=beside) or shutil.which("ast-grep")


def pattern_command(folder: Path, threads: int) -> Command:
    """ast-grep over the Python files of a folder; 0 threads means its default. Status 1 means no match."""
    program = ast_grep() or "ast-grep"
    arguments: list[str | Path] = [
        program,
        "run",
        "--lang",
        "python",
        "--pattern",
        PATTERN,
        "--threads",
        str(threads),
        folder,
    ]
    return Command(arguments, statuses=(0, 1))


def parse_command(suffix: str, folder: Path) -> Command:
    """The parser for the kind of files over those of a folder, in a process of its own."""
    return Command([sys.executable, "-m", "benchmarks.parsing", suffix, folder], PROJECT)


def write_standard_library(folder: Path, lines: int) -> int:
    """Copy files of the standard library until they have so many lines; the number of lines copied."""
    copied = 0
    library = Path(sysconfig.get_path("stdlib"))
    for path in python_files(library):
        if copied >= lines:
            break
        source = path.read_bytes()
        if _is_python(source):
            target = folder / path.relative_to(library)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source)
            copied += source.count(b"\n")
    return copied


def python_files(library: Path) -> Iterator[Path]:
    """The files of the standard library in order, those of its own tests last, installed packages never."""
    files = (path for path in sorted(library.rglob("*.py")) if "site-packages" not in path.parts)
    yield from sorted(files, key=lambda path: _is_test(path.relative_to(library).parts))


def _is_test(folders: Iterable[str]) -> bool:
    return not {"test", "tests", "idle_test"}.isdisjoint(folders)


def _is_python(source: bytes) -> bool:
    try:
        compile(source, "file", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True
