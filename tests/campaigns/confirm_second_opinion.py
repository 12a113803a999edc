"""Compare the second opinion with TML's own compiler, on the paths of generated programs.

.venv/bin/python -m tests.campaigns.confirm_second_opinion TREE --tml "tml test {} --log-filter=test=info"

Each program is run as it is and with tmlfix's fixes, on the same paths; one with `#if` is run as each
platform has it. The answers that lead along a path,
and what the program says on it, go through a library that is preloaded (path_answers.c). The blocks that live
at the end of a path, and those that are released again, are seen by watch_heap.c, which also overwrites what
is released. Both must name the same values on every path: what leaks, what is released twice, what was said.

TREE is a folder that the compiler runs in, with the standard library below lib/. Programs are written there,
run and removed again; give each run a copy of its own. Linux on x86-64 with a C compiler only.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codemods.engine import analyse
from codemods.model.phases import phase_of
from tests.campaigns.scratch_tree import written
from tests.campaigns.watch_heap import Event, Watcher, compiled, watcher
from tests.second_opinion.generated_functions import ENTRY, TEST, made
from tests.second_opinion.heap import Block, Fault
from tests.second_opinion.machine import Machine
from tests.second_opinion.natives import ORACLES
from tests.second_opinion.paths import Run, names_given_away_in_methods, paths
from tests.second_opinion.preprocessing import on_platform, platforms_of
from tests.second_opinion.program import Program
from tests.second_opinion.writing.support import SUPPORT

Files = Mapping[str, bytes]
Answers = tuple[int, ...]

NOTES = frozenset({"note", "note_text"})
"""Functions of the support modules that only say what they are given."""

FUNCTION = re.compile(r"(func (\w+)\((\w+): (\w+)\) -> (\w+) \{\n)( [^\n]*\n)")
"""A function of one argument, up to its first statement."""

LIST = 32
"""The size of a list without its items, and of a map without its entries."""

OWN_CODE = re.compile(r"tml_(?!core_|Str_|I64_)")
"""The functions of a program and its support, as the compiler names them."""

CONTENT = 31
"""How many characters of a string are compared."""

EXTERNS = """
@extern("judge_answer")
func judged_answer(question: I64) -> I64

@extern("judge_number")
func judged_number(number: I64)

@extern("judge_text")
func judged_text(text: Str)
"""

DRIVER = f"""
@extern("judge_next_path")
func judged_next_path() -> I64

@test
func test_all_paths() -> I32 {{
    loop (judged_next_path() > 0) {{
        {ENTRY}()
    }}
    return 0
}}
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened on a path."""

    leaks: tuple[str, ...]
    again: tuple[str, ...]
    """What was released again, or never was a block."""
    trace: tuple[str, ...]

    def differences(self, other: Outcome) -> Iterator[str]:
        """What this one has and the other has not, and the other way round."""
        for name in ("leaks", "again"):
            ours, theirs = Counter(getattr(self, name)), Counter(getattr(other, name))
            yield from (f"{name} +{what}" for what in (ours - theirs).elements())
            yield from (f"{name} -{what}" for what in (theirs - ours).elements())
        if self.trace != other.trace and not self.again:
            yield "says other things"


# -- the second opinion ---------------------------------------------------------------------------


def foreseen(files: Files, limit: int) -> dict[Answers, list[Outcome]]:
    """What may happen on each path: a method may inherit names that another one gave away, or not.

    Paths that free a string which only another path makes are left out: they free whatever lies there.
    """
    program = Program(on_platform(files, "Linux"))
    found: dict[Answers, list[Outcome]] = {}
    for names in (frozenset[str](), names_given_away_in_methods(program)):
        machine = Machine(program, program.observable(), names)
        for run in paths(machine, ENTRY, limit):
            if all(fault.kind != Fault.NEVER_MADE for fault in run.faults):
                found.setdefault(run.answers, []).append(_of_run(run))
    return found


def _of_run(run: Run) -> Outcome:
    leaks = sorted(_of_block(block) for block in run.leaks)
    again = sorted(
        fault.what.removeprefix("text ") for fault in run.faults if fault.kind == Fault.RELEASED_TWICE
    )
    return Outcome(tuple(leaks), tuple(again), tuple(_said(run.trace)))


def _of_block(block: Block) -> str:
    if block.kind == "text":
        return f"text {block.text[:CONTENT]}"
    if block.kind == "words":
        word = block.words.get(0, 0)
        return f"words {word}" if isinstance(word, int) else "words"
    return block.kind


def _said(trace: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    for name, *values in trace:
        if name in ORACLES:
            yield f"asked {values[0]}"
        elif name in NOTES:
            yield f"text {values[0]}" if isinstance(values[0], str) else f"number {values[0]}"


# -- the compiler ---------------------------------------------------------------------------------


def seen(watch: Watcher, files: Files, routes: Iterable[Answers]) -> tuple[str, dict[Answers, Outcome]]:
    """How the run ended, and what happened on each path."""
    routes = list(routes)
    with tempfile.TemporaryDirectory() as scratch:
        script, trace = Path(scratch, "paths"), Path(scratch, "trace")
        script.write_text("".join("".join(map(str, route)) + "\n" for route in routes))
        with written(watch.tree, files):
            heap = watch.run(_placed(TEST), {"JUDGE_PATHS": str(script), "JUDGE_TRACE": str(trace)})
        said: list[list[str]] = [[] for _ in routes]
        for row in trace.read_text().splitlines() if trace.exists() else ():
            path, what, value = row.split("\t")
            text = bytes.fromhex(value).decode("utf-8", "replace") if what == "text" else value
            said[int(path) - 1].append(f"{what} {text}")
    outcomes = {}
    for number, route in enumerate(routes, 1):
        events = [event for event in heap.events if event.mark == number]
        leaks = sorted(filter(None, (_of_event(event) for event in events if event.kind == "live")))
        again = sorted(_of_event(event) or "list" for event in events if event.kind != "live")
        outcomes[route] = Outcome(tuple(leaks), tuple(again), tuple(said[number - 1]))
    return heap.result, outcomes


def _of_event(event: Event) -> str | None:
    """A block as the second opinion names it; None for the further ones of a list or a map, and for what a
    closure keeps of the variables that it uses, which nothing ever frees."""
    allocator, function, *_ = (*event.places[0], "", "")
    if function.startswith("tml_List__"):
        return "list" if event.size == LIST else None
    if function.startswith("tml_HashMap__"):
        return "map" if event.size == LIST else None
    if allocator == "mem_alloc" and OWN_CODE.match(function):
        return f"words {int.from_bytes(event.content[:8], 'little', signed=True)}"
    text, end, _ = event.content.partition(b"\0")
    if OWN_CODE.match(allocator) and end and len(text) < event.size - 1:
        return None
    return f"text {text.decode('utf-8', 'replace')[:CONTENT]}"


def prepared(files: Files) -> dict[str, bytes]:
    """A program as the compiler is to run it: its support lies in the standard library, and asks us."""
    ready = {}
    for path, content in files.items():
        text = content.decode()
        if path in SUPPORT:
            text = _asking(text)
        elif path == TEST:
            text = text.replace(f"@test\nfunc {ENTRY}", f"func {ENTRY}") + DRIVER
        ready[_placed(path)] = re.sub(r"\bdemo::", "std::demo::", text).encode()
    return ready


def _placed(path: str) -> str:
    """Where the compiler finds a file."""
    return path.replace("lib/demo/src/", "lib/std/src/demo/").replace("tests/demo/", "lib/std/tests/demo/")


def _asking(text: str) -> str:
    """A support module whose questions ask us for the answer, and whose notes tell us what they are given."""

    def changed(match: re.Match[str]) -> str:
        head, name, argument, kind, returns, first = match.groups()
        if name in ORACLES:
            answer = f"judged_answer({argument})" + (" == 1" if returns == "Bool" else "")
            return f"{head}    return {answer}\n"
        if name in NOTES:
            return f"{head}    judged_{'text' if kind == 'Str' else 'number'}({argument})\n{first}"
        return match[0]

    asking = FUNCTION.sub(changed, text)
    return text if asking == text else asking + EXTERNS


# -- both -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """What was compared."""

    programs: int = 0
    paths: int = 0
    leaks: int = 0
    again: int = 0
    """What was released again, according to the compiler."""
    differing: int = 0
    """Paths on which the two disagree."""


def differences(watch: Watcher, files: Files, tally: Tally, limit: int) -> Iterator[str]:
    """Where the compiler does something else than the second opinion foresees."""
    tally.programs += 1
    platforms = platforms_of(files)
    for platform in platforms:
        where = f"on {platform}, " if len(platforms) > 1 else ""
        for difference in _differences(watch, on_platform(files, platform), tally, limit):
            yield where + difference


def _differences(watch: Watcher, files: Files, tally: Tally, limit: int) -> Iterator[str]:
    """The same for a program without `#if`."""
    expected = foreseen(files, limit)
    result, actual = seen(watch, prepared(files), expected)
    if result != "passed":
        yield f"the test {result}"
    for answers, outcome in actual.items():
        tally.paths += 1
        tally.leaks += len(outcome.leaks)
        tally.again += len(outcome.again)
        unlike = [list(outcome.differences(one)) for one in expected[answers]]
        if all(unlike):
            tally.differing += 1
            yield f"path {''.join(map(str, answers))}: the compiler {', '.join(min(unlike, key=len))}"


def fixed(files: Files) -> dict[str, bytes]:
    """The files with all of tmlfix's fixes."""
    phase = phase_of(TEST)
    assert phase is not None
    result = analyse(files, [phase.number])
    changed = {path: change.after for phase_ in result.phases for path, change in phase_.changes.items()}
    return dict(files) | changed


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, metavar="TREE")
    parser.add_argument("--tml", required=True, metavar="COMMAND", help="what runs one test file")
    parser.add_argument("--programs", type=int, default=1000, help="how many programs (1000)")
    parser.add_argument("--seed", type=int, default=1, help="the number of the first program (1)")
    parser.add_argument("--paths", type=int, default=64, help="at most so many of each (64)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where programs are kept that differ")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="for one run")
    return parser.parse_args()


def main() -> int:
    """Print each disagreement and the sums; 1 if there is a disagreement."""
    options = parse_arguments()
    tallies = {"before": Tally(), "after": Tally()}
    with tempfile.TemporaryDirectory() as scratch:
        watch = watcher(options.tree.resolve(), options.tml, Path(scratch), options.timeout)
        answers = compiled(Path(__file__).with_name("path_answers.c"), Path(scratch))
        watch = replace(watch, preload=(*watch.preload, answers))
        for number in range(options.seed, options.seed + options.programs):
            before = made(random.Random(number).choice)
            for version, files in (("before", before), ("after", fixed(before))):
                found = list(differences(watch, files, tallies[version], options.paths))
                for difference in found:
                    print(f"program {number} {version}: {difference}", flush=True)
                if found and options.keep:
                    keep(options.keep / f"{number}-{version}", files)
    for version, tally in tallies.items():
        print(
            f"{version}: {tally.programs:,} programs, {tally.paths:,} paths, {tally.leaks:,} blocks leak, "
            f"{tally.again:,} are released again; {tally.differing:,} paths differ"
        )
    return 1 if any(tally.differing for tally in tallies.values()) else 0


def keep(folder: Path, files: Files) -> None:
    """Write what the compiler was given."""
    for path, content in prepared(files).items():
        if path not in map(_placed, SUPPORT):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
