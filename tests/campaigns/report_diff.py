"""Say how the diff of all fixes of a tree reads: what a reviewer would count.

    python -m tests.campaigns.report_diff TREE
    python -m tests.campaigns.report_diff TREE --names 20 --width 100

Lines and hunks, for all rules and for each alone; lines that are too wide; names that are new, the most
frequent first; signatures that change; comments that are added; files that leak on error paths only.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from codemods.engine import plan_fixes
from codemods.files.workspace import read_tree
from codemods.model.findings import Change, Finding, Paths
from codemods.model.fix_plan import NOTHING, FixPlan

_BOUND = re.compile(r"\b(?:let|var) (\w+)|\b[A-Z]\w*\((\w+)\) =>")
_COMMENT = re.compile(r"(?<!:)//.*")
_SIGNATURE = re.compile(r"^\s*(?:pub )?func (\w+)")


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The lines that one file loses and gets, in the order of the file."""

    path: str
    removed: tuple[str, ...]
    added: tuple[str, ...]
    hunks: int

    @classmethod
    def of(cls, path: str, change: Change) -> FileDiff:
        """The diff of a file as difflib writes it, which may count a few lines more than git."""
        before, after = (text.decode().splitlines() for text in (change.before, change.after))
        lines = list(unified_diff(before, after, lineterm=""))[2:]
        return cls(
            path,
            tuple(line[1:] for line in lines if line.startswith("-")),
            tuple(line[1:] for line in lines if line.startswith("+")),
            sum(line.startswith("@@") for line in lines),
        )

    def new_names(self) -> Counter[str]:
        """The names that added lines bind and removed ones do not."""
        return _bound(self.added) - _bound(self.removed)

    def signatures(self) -> list[str]:
        """The functions whose heads change."""
        before = {found[1] for line in self.removed if (found := _SIGNATURE.match(line))}
        after = [found[1] for line in self.added if (found := _SIGNATURE.match(line))]
        return [name for name in after if name in before]


def _bound(lines: Sequence[str]) -> Counter[str]:
    found = (name for line in lines for names in _BOUND.findall(line) for name in names)
    return Counter(name for name in found if name.strip("_"))


def report(diffs: Sequence[FileDiff], *, names: int, width: int) -> Iterator[str]:
    """What a reviewer would count in the diffs of all files."""
    yield f"all rules: {totals(diffs)}"
    for diff in diffs:
        for line in diff.added:
            if len(line) > width and line not in diff.removed:
                yield f"{len(line)} columns in {diff.path}: {line.strip()}"
    bound = sum((diff.new_names() for diff in diffs), Counter[str]())
    yield f"{len(bound)} new names: {_frequent(bound, names)}"
    changed = [f"{diff.path}: {name}()" for diff in diffs for name in diff.signatures()]
    yield f"{len(changed)} signatures changed"
    yield from (f"  {place}" for place in changed)
    comments = Counter(
        found[0] for diff in diffs for line in diff.added if (found := _COMMENT.search(line))
    ) - Counter(found[0] for diff in diffs for line in diff.removed if (found := _COMMENT.search(line)))
    yield f"{comments.total()} comments added"
    yield from (f"  {count} {text}" for text, count in comments.most_common())


def totals(diffs: Sequence[FileDiff]) -> str:
    """``+12 -3 in 4 hunks of 2 files``."""
    added, removed = (
        sum(map(len, lines)) for lines in zip(*((d.added, d.removed) for d in diffs), strict=True)
    )
    return f"+{added} -{removed} in {sum(diff.hunks for diff in diffs)} hunks of {len(diffs)} files"


def only_on_error_paths(findings: Sequence[Finding]) -> list[str]:
    """The files all of whose findings leak on error paths only."""
    normal = {finding.path for finding in findings if finding.paths is not Paths.ERROR}
    return sorted({finding.path for finding in findings} - normal)


def _frequent(counted: Counter[str], most: int) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counted.most_common(most))


def diffs_of(changes: Mapping[str, Change]) -> list[FileDiff]:
    """The diffs of the files that change."""
    return [FileDiff.of(path, change) for path, change in changes.items()]


def _by_rule(plan: FixPlan) -> Iterator[str]:
    rules = sorted({key.rule for key in plan.fixable})
    alone = {
        rule: diffs_of(plan.changes(NOTHING, frozenset(key for key in plan.fixable if key.rule == rule)))
        for rule in rules
    }
    for rule, diffs in sorted(alone.items(), key=lambda item: -sum(len(diff.added) for diff in item[1])):
        if diffs:
            yield f"  {rule}: {totals(diffs)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report of a tree."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("tree", type=Path, metavar="TREE")
    options.add_argument("--names", type=int, default=40, help="how many new names to show (40)")
    options.add_argument("--width", type=int, default=100, help="the widest line that is not named (100)")
    chosen = options.parse_args(arguments)
    plan = plan_fixes(read_tree(chosen.tree).files)
    diffs = diffs_of(plan.changes(NOTHING, plan.fixable))
    print(*report(diffs, names=chosen.names, width=chosen.width), sep="\n")
    print("each rule alone", *_by_rule(plan), sep="\n")
    fixed = [finding for finding in plan.findings if finding.key in plan.fixable]
    paths = only_on_error_paths(fixed)
    print(f"{len(paths)} files leak on error paths only", *(f"  {path}" for path in paths), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
