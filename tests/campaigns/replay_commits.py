"""Replay bulk changes of a project's history by patches, and count the lines that agree.

    python -m tests.campaigns.replay_commits GIT_DIR

Each patch is applied to the files that the commit changed, as they were before it. A changed line counts
as reproduced where the patch changes the same line of the same file in the same way; of items that are
added, the place does not matter.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codemods.files.diffs import diff_lines
from codemods.model.findings import Change
from codemods.semantic_patches import SemanticPatch, read_patch, rewrite
from tml_ast import TmlSyntaxError

PATCHES = Path(__file__).with_name("replayed")


@dataclass(frozen=True, slots=True)
class Replay:
    """A commit, the patches for it, and which of the lines that it changed are of their kind."""

    commit: str
    patches: str
    """Their names."""
    kind: str
    """A regular expression over lines with their mark."""
    is_placed: bool = True
    """Whether it matters where in a file a line comes; not for items, which may stand in any order."""


REPLAYS = (
    Replay("4a966ee3", "prints", r"-\s*(?:print|println)\("),
    Replay("69e9494c", "prints", r"-\s*(?:print|println)\("),
    Replay(
        "6c1036c5",
        "destroy",
        r"[-+].*func destroy\(|\+\s+if this\.handle ==|\+\s+return$|\+\s+}$|\+\s+this\.handle = 0",
    ),
    Replay(
        "6c1036c5",
        "drop",
        r"-\s+if this\.handle !=|-\s+this\.(?:destroy\(\)|handle = 0)|-\s+}$|\+\s+this\.destroy",
    ),
    Replay("13ca4734", "allocates", r"\+@allocates"),
    Replay("ddc2e06c", "releases", r"-\s*\w+\.destroy\(\)"),
    Replay("838fe3dd", "drops drops-generic", r"\+", is_placed=False),
    Replay("c1c102bd", "allocates-str", r"\+\s*@allocates"),
    Replay("d2a2b44a", "largest", r"[-+]"),
)

HEADING = re.compile(r"@@ -(\d+)")

Lines = Counter[tuple[str, str]]
"""Changed lines with their marks, each with its place in the file as it was."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one replay."""

    replay: Replay
    wanted: Lines
    reproduced: Lines
    extra: Lines
    seconds: float

    def row(self) -> str:
        """A row of the table."""
        wanted, reproduced = self.wanted.total(), self.reproduced.total()
        share = 100 * reproduced / wanted if wanted else 0.0
        cells = (
            f"`{self.replay.commit}`",
            ", ".join(f"`{name}`" for name in self.replay.patches.split()),
            str(wanted),
            f"{reproduced} ({share:.0f} %)",
            str(self.extra.total()),
            f"{self.seconds:.1f} s",
        )
        return f"| {' | '.join(cells)} |"


def replay(git_dir: Path, one: Replay) -> Outcome:
    """Apply the patches to what the commit changed, and compare."""
    patches = [read_patch(name, (PATCHES / f"{name}.patch").read_text()) for name in one.patches.split()]
    wanted, made = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    seconds = 0.0
    for path, change in changed_files(git_dir, one.commit):
        wanted += lines_of(path, change, is_placed=one.is_placed)
        start = time.perf_counter()
        text = change.before
        for patch in patches:
            text = rewritten(patch, path, text)
        made += lines_of(path, Change(change.before, text), is_placed=one.is_placed)
        seconds += time.perf_counter() - start
    of_kind = Counter({line: count for line, count in wanted.items() if re.match(one.kind, line[1])})
    return Outcome(one, of_kind, of_kind & made, made - wanted, seconds)


def rewritten(patch: SemanticPatch, path: str, source: bytes) -> bytes:
    """What the patch makes of a file that it is for; a file that was no TML then stays."""
    if not patch.scope.covers(path) or not patch.may_fit(source):
        return source
    try:
        return rewrite(source, patch).after
    except TmlSyntaxError:
        return source


def changed_files(git_dir: Path, commit: str) -> Iterator[tuple[str, Change]]:
    """The library's files that a commit changed, before and after it."""
    listing = git(git_dir, "diff-tree", "-r", "--diff-filter=M", "--name-only", f"{commit}^", commit)
    for path in listing.decode().splitlines():
        if path.startswith("lib/") and path.endswith(".tml"):
            before, after = (git(git_dir, "show", f"{name}:{path}") for name in (f"{commit}^", commit))
            yield path, Change(before, after)


def lines_of(path: str, change: Change, *, is_placed: bool) -> Lines:
    """The lines that a change of a file takes out and brings, with the line of the old file where that is."""
    found: Lines = Counter()
    number = 0
    for line in list(diff_lines(path, change, 0))[2:]:
        if heading := HEADING.match(line):
            number = int(heading[1])
        elif line[0] in "-+":
            found[f"{path}:{number}" if is_placed else path, line.rstrip("\r\n")] += 1
            number += line[0] == "-"
    return found


def git(git_dir: Path, *arguments: str) -> bytes:
    """What git prints."""
    command = ["git", f"--git-dir={git_dir}", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    """Print the table, and with --lines each line that does not agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("git_dir", type=Path, metavar="GIT_DIR")
    parser.add_argument("--lines", action="store_true", help="print each line that does not agree")
    options = parser.parse_args()
    print("| commit | patch | lines of the kind | reproduced | other lines | time |")
    print("| --- | --- | --- | --- | --- | --- |")
    for one in REPLAYS:
        outcome = replay(options.git_dir, one)
        print(outcome.row(), flush=True)
        if options.lines:
            missed = outcome.wanted - outcome.reproduced
            for name, lines in (("missed", missed), ("other", outcome.extra)):
                for path, line in sorted(lines.elements()):
                    print(f"{name}: {path}: {line}")


if __name__ == "__main__":
    main()
