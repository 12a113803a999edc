"""The tree that tmlfix is measured on: the public TML library, and trees derived from it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from codemods.app.sources import PROJECT_FILE
from codemods.model.phases import phase_of
from codemods.semantics.module_paths import is_test_path
from tml_ast import Node, TmlSyntaxError, apply, insert_statement_before, nodes, parse

COMMIT = "cf79b64d"
TYPICAL_LINES = 500
"""The length of the files that are changed, and of the one that is checked alone."""


def corpus_folder() -> Path:
    """The folder that TMLFIX_CORPUS names, or else one in the user's cache folder; the tests use the same."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("TMLFIX_CORPUS") or Path(caches) / "tmlfix" / "corpus" / COMMIT)


def read_files(folder: Path) -> dict[str, bytes]:
    """The .tml files below a folder by their posix paths, in order; none if the folder does not exist."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.tml") if path.is_file()}
    return {name: found[name].read_bytes() for name in sorted(found)}


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write a tree of files into a folder that tmlfix takes for the root of a project; the folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (folder / PROJECT_FILE).touch()
    return folder


def lines_in(files: Mapping[str, bytes]) -> int:
    """How many lines the files have."""
    return sum(source.count(b"\n") for source in files.values())


def typical(files: Mapping[str, bytes], count: int, *, tests: bool) -> list[str]:
    """The tests or library files that can be changed and whose length is closest to the typical one."""

    def is_candidate(path: str) -> bool:
        return is_test_path(path) is tests and phase_of(path) is not None

    def distance(path: str) -> tuple[int, str]:
        return abs(files[path].count(b"\n") - TYPICAL_LINES), path

    found: list[str] = []
    for path in sorted(filter(is_candidate, files), key=distance):
        if len(found) == count:
            break
        if changed(files[path], 1) is not None:
            found.append(path)
    return found


def changed(source: bytes, number: int) -> bytes | None:
    """The source with a new statement in the middle of its middle function; None if it has no function."""
    try:
        module = parse(source)
    except TmlSyntaxError:
        return None
    bodies = [statements for statements in map(_statements, _functions(module)) if statements]
    if not bodies:
        return None
    body = bodies[len(bodies) // 2]
    text = f"let benchmark_number: I64 = {number}"
    return apply(source, [insert_statement_before(source, module, body[len(body) // 2], text)])


def _functions(node: Node) -> Iterator[nodes.Function]:
    for child in node.children:
        if isinstance(child, nodes.Function):
            yield child
        elif isinstance(child, Node):
            yield from _functions(child)


def _statements(function: nodes.Function) -> list[Node]:
    return function.body.statements if function.body is not None else []


def alone(path: str) -> str:
    """A name with which a test is still a test outside its folder."""
    name = PurePosixPath(path).name
    return name if is_test_path(name) else f"{PurePosixPath(name).stem}.test.tml"
