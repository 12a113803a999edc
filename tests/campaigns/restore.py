"""Take the releases out of the tests of a tree, and count how many of them tmlfix puts back.

    python -m tests.campaigns.restore TREE
    python -m tests.campaigns.restore TREE --part 0.3 --seed 7 --verbose

A release counts where its value leaks without it: not where the compiler would drop the value, where
another release is on the same paths, or where there is nothing to free. It is restored when the same
value is released on every path that it was on, in whatever place. A release is extra when tmlfix
writes it in the stripped tree only. Ends with 1 when less is restored or more is extra than allowed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from codemods.files.workspace import read_tree
from codemods.model.findings import AnalysisResult
from codemods.model.phases import PHASES
from tests.campaigns.restoring import Fate, Need, Report, Restoration, Tree, fix, strip_tests
from tests.campaigns.stripping import Kind

KINDS = {"destroy": (Kind.DESTROY,), "drain": (Kind.DRAIN,), "all": tuple(Kind)}


def fix_in_parallel(trees: Sequence[Tree], phases: Sequence[int], jobs: int) -> list[AnalysisResult]:
    """What tmlfix does to each of the trees, a process for each phase of each."""
    if jobs <= 1:
        return [fix(tree, phases) for tree in trees]
    with ProcessPoolExecutor(jobs) as pool:
        pending = [[pool.submit(fix, tree, (phase,)) for phase in phases] for tree in trees]
        parts = [[part.result() for part in of_tree] for of_tree in pending]
    return [
        AnalysisResult(
            tuple(phase for result in of_tree for phase in result.phases),
            tuple(dict.fromkeys(error for result in of_tree for error in result.errors)),
        )
        for of_tree in parts
    ]


def restoration(
    files: Tree, kinds: Sequence[Kind], *, part: float, seed: int, phases: Sequence[int], jobs: int
) -> Restoration:
    """Strip the tests of a tree, and fix it with and without their releases."""
    stripped, taken = strip_tests(files, kinds, part=part, seed=seed)
    results = fix_in_parallel([files, stripped], phases, jobs)
    return Restoration(files, stripped, taken, *results)


HEADINGS = ("phase", "files", "stripped", "elsewhere", "compiler", "nothing", "leak", "restored", "share",
            "reported", "silent", "extra", "same bytes")  # fmt: skip


def table(report: Report) -> str:
    """A line a phase, and the total."""
    rows = [HEADINGS]
    parts = [(f"{phase.number} {phase.slug}", report.of_phase(phase.number)) for phase in PHASES]
    for name, part in [*parts, ("all", report)]:
        files = len(part.same_files) + len(part.other_files)
        counts = (
            files,
            len(part.outcomes),
            part.count(Need.ELSEWHERE),
            part.count(Need.COMPILER),
            part.count(Need.NOTHING),
            len(part.needed),
            part.count(Need.LEAKS, Fate.RESTORED),
            f"{part.share:.1%}" if part.needed else "-",
            part.count(Need.LEAKS, Fate.REPORTED),
            part.count(Need.LEAKS, Fate.SILENT),
            len(part.extras),
            len(part.same_files),
        )
        rows.append((name, *map(str, counts)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(map(str.rjust, row[1:], widths[1:]))]).rstrip() for row in rows
    ]
    return "\n".join(lines)


def document(report: Report) -> dict[str, object]:
    """The report for programs."""
    return {
        "outcomes": [
            {
                "path": outcome.path,
                "line": outcome.release.line,
                "phase": outcome.phase,
                "function": outcome.function,
                "kind": outcome.release.kind,
                "owner": outcome.release.owner,
                "need": outcome.need,
                "fate": outcome.fate,
                "reason": outcome.reason,
            }
            for outcome in report.outcomes
        ],
        "extras": [
            {"path": extra.path, "phase": extra.phase, "function": extra.function, "owner": extra.owner}
            for extra in report.extras
        ],
        "same_files": report.same_files,
        "other_files": report.other_files,
        "changed_elsewhere": report.changed_elsewhere,
        "errors": report.errors,
        "share": report.share,
    }


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, help="the folder of a TML library with its tests")
    parser.add_argument("--kind", choices=KINDS, default="destroy", help="which releases to take out")
    parser.add_argument("--part", type=float, default=1.0, help="the part of them to take out, by chance")
    parser.add_argument("--seed", type=int, default=0, help="which ones, of a part")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes to use")
    parser.add_argument("--share", type=float, default=1.0, help="the share that must be restored")
    parser.add_argument("--extras", type=int, default=0, help="how many extra releases are allowed")
    parser.add_argument("--verbose", action="store_true", help="list what is missed and what is extra")
    parser.add_argument("--json", action="store_true", help="print everything for programs")
    parser.add_argument("--write", type=Path, metavar="DIR",
                        help="write the stripped and the restored files to DIR")  # fmt: skip
    return parser.parse_args()


def write(folder: Path, name: str, files: Tree, changed_from: Tree) -> None:
    """Write the files of a tree that differ from another."""
    for path, source in files.items():
        if source != changed_from[path]:
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(source)


def main() -> None:
    """Strip, fix, compare, print."""
    arguments = parse_arguments()
    if not arguments.tree.is_dir():
        sys.exit(f"{arguments.tree} is not a folder")
    files = read_tree(arguments.tree).files
    done = restoration(
        files,
        KINDS[arguments.kind],
        part=arguments.part,
        seed=arguments.seed,
        phases=[phase.number for phase in PHASES],
        jobs=arguments.jobs,
    )
    report = done.report()
    if arguments.write:
        write(arguments.write, "unstripped", done.unstripped_tree, files)
        write(arguments.write, "restored", done.restored_tree, files)
    if arguments.json:
        print(json.dumps(document(report), indent=2))
    else:
        print(table(report))
    if arguments.verbose and not arguments.json:
        for title, lines in (
            ("not restored", report.missed),
            ("extra", report.extras),
            ("not the same bytes", report.other_files),
            ("fixed otherwise without a release of its own", report.changed_elsewhere),
            ("faults", report.errors),
        ):
            print(f"\n{title}: {len(lines)}")
            for line in lines:
                print(f"  {line}")
    if report.share < arguments.share or len(report.extras) > arguments.extras or report.errors:
        sys.exit(1)


if __name__ == "__main__":
    main()
