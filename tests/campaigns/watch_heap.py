"""Run test files with an allocator that forgets nothing: what is live at the end, and what is released twice.

.venv/bin/python -m tests.campaigns.watch_heap TREE FILE... --tml "tml test {} --log-filter=test=info"

The compiler's own detector knows only the blocks that it tracks, and its release of strings ignores pointers
that it does not know, which hides a double release. watch_heap.c is preloaded: released blocks are filled
and never handed out again, and each further release of a block is noted, that of a string as well.

A row has what the detector counts, and the blocks that are live at the end, that are released again, that
are released although nothing allocated them, and that are written after their release. With --places, each
kind of event follows: what one of the blocks held, and the functions that allocated the block, released it,
and released it again, innermost first. Functions without unwind tables have their callers read off the
stack, so that some may be older calls.

TREE is a folder that the compiler runs in, and the files are named as in it; without files all tests below
lib/ are run. Linux on x86-64 with glibc, a C compiler and addr2line only.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from codemods.verification.leak_log import read_log
from codemods.verification.leak_report import combine
from codemods.verification.processes import command_on, read_command, run
from codemods.verification.runner_log import read_result

KINDS = ("live", "double", "foreign", "write")
"""What can be wrong with a block: never released, released again, not ours to release, written afterwards."""

Places = tuple[tuple[str, ...], ...]
"""Where a block was allocated, released and released again: the functions, innermost first."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that is wrong with a block."""

    kind: str
    mark: int
    """What the program last called ``watch_mark`` with before it allocated the block."""
    size: int
    content: bytes
    """Its first bytes, at the end or when it was released."""
    places: Places


@dataclass(frozen=True, slots=True)
class Heap:
    """What one run of a test file did wrong, and the leaks that the compiler's own detector saw."""

    result: str
    detected: int
    events: tuple[Event, ...]

    def count(self, kind: str) -> int:
        """How many events of a kind there were."""
        return sum(event.kind == kind for event in self.events)


@dataclass(frozen=True, slots=True)
class Watcher:
    """How test files are run: in a tree, by a command, with libraries that are preloaded.

    ``loaded`` is part of the path of the library that the runner loads tests from.
    """

    tree: Path
    command: tuple[str, ...]
    loaded: str
    preload: tuple[Path, ...]
    seconds: float = 120

    def run(self, test: str, variables: Mapping[str, str] | None = None) -> Heap:
        """Run one test file."""
        with tempfile.TemporaryDirectory() as scratch:
            return self._run(test, Path(scratch), variables or {})

    def _run(self, test: str, folder: Path, variables: Mapping[str, str]) -> Heap:
        preload = ":".join(map(str, self.preload))
        ours = {"LD_PRELOAD": preload, "WATCH_FOLDER": str(folder), "WATCH_LIBRARY": self.loaded}
        with _environment(ours | dict(variables)):
            ending = run(
                command_on(self.command, test),
                folder=self.tree,
                output=folder / "log",
                seconds=self.seconds,
                stop=threading.Event(),
            )
        result = read_result(ending.output)
        report = combine(read_log(io.BufferedReader(io.BytesIO(ending.output))))
        tables = sorted(folder.glob("*.tsv"))
        ended = {True: "passed", False: "failed", None: "crashed"}[result.ok] if tables else "not watched"
        events = tuple(event for table in tables for event in _events(table))
        return Heap(ended, report.leaks.total.leaks, events)


def watcher(tree: Path, command: str, folder: Path, seconds: float, loaded: str = "") -> Watcher:
    """What runs test files of a tree; the allocator is compiled in ``folder``.

    A runner loads tests from a library that is named like the tree, unless ``loaded`` says otherwise.
    """
    library = compiled(Path(__file__).with_name("watch_heap.c"), folder)
    words = read_command(command, Path.cwd())
    return Watcher(tree, words, loaded or str(tree).replace("/", "_"), (library,), seconds)


def compiled(source: Path, folder: Path) -> Path:
    """A library to preload. Raises CalledProcessError where there is no C compiler."""
    library = folder / f"{source.stem}.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def described(events: Iterable[Event]) -> Iterator[str]:
    """A line for each kind of event and its places, the most frequent first; it shows one block's content."""
    alike = defaultdict[tuple[str, Places], list[Event]](list)
    for event in events:
        alike[event.kind, event.places].append(event)
    for (kind, places), group in sorted(alike.items(), key=lambda item: -len(item[1])):
        where = " / ".join(" < ".join(place) for place in places if place)
        content = group[0].content.rstrip(b"\0")
        yield f"{len(group)} {kind} {content!r}: {where}"


def _events(table: Path) -> Iterator[Event]:
    rows = [row.split("\t") for row in table.read_text().splitlines()]
    addresses = {address for row in rows for place in row[4:] for address in place.split()}
    functions = _functions(table.parent, addresses)
    for kind, mark, size, content, *places in rows:
        named = tuple(tuple(functions[address] for address in place.split()) for place in places)
        yield Event(kind, int(mark), int(size), bytes.fromhex(content), named)


def _functions(folder: Path, addresses: set[str]) -> dict[str, str]:
    """The function at each ``LIBRARY+OFFSET``."""
    offsets = defaultdict[str, list[str]](list)
    for address in sorted(addresses):
        library, _, offset = address.partition("+")
        offsets[library].append(offset)
    functions = {}
    for library, ours in offsets.items():
        command = ["addr2line", "-f", "-e", folder / library]
        answer = subprocess.run(command, input="\n".join(ours), capture_output=True, text=True, check=True)
        names = answer.stdout.splitlines()[::2]
        functions.update({f"{library}+{offset}": name for offset, name in zip(ours, names, strict=True)})
    return functions


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, metavar="TREE")
    parser.add_argument("tests", nargs="*", metavar="FILE")
    parser.add_argument("--tml", required=True, metavar="COMMAND", help="what runs one test file")
    parser.add_argument(
        "--suite",
        metavar="NAME",
        default="",
        help="part of the path of the suite that the runner loads tests from (TREE with _ for each slash)",
    )
    parser.add_argument("--places", action="store_true", help="also say where each block comes from")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="for one run")
    return parser.parse_args()


def main() -> int:
    """Print a row for each test file; 1 if a block is released or written although it is not live."""
    options = parse_arguments()
    tree: Path = options.tree.resolve()
    tests = options.tests or sorted(
        test.relative_to(tree).as_posix() for test in tree.glob("lib/**/*.test.tml")
    )
    total: Counter[str] = Counter()
    print("\t".join(("file", "result", "detected", *KINDS)))
    with tempfile.TemporaryDirectory() as scratch:
        runner = watcher(tree, options.tml, Path(scratch), options.timeout, options.suite)
        for test in tests:
            heap = runner.run(test)
            counts = {kind: heap.count(kind) for kind in KINDS}
            total.update(counts | {"detected": heap.detected, heap.result: 1})
            print("\t".join((test, heap.result, str(heap.detected), *map(str, counts.values()))), flush=True)
            for line in described(heap.events) if options.places else ():
                print(f"    {line}")
    print(", ".join(f"{name} {number}" for name, number in total.items()))
    return 1 if any(total[kind] for kind in KINDS[1:]) else 0


if __name__ == "__main__":
    sys.exit(main())
