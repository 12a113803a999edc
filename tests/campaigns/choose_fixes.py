"""Try choices among the fixes of a tree, and what tmlfix then makes of the rest.

    python -m tests.campaigns.choose_fixes TREE
    python -m tests.campaigns.choose_fixes TREE --singles 40 --selections 10 --merges 10 --seed 7
    python -m tests.campaigns.choose_fixes TREE --seconds 3600  # as many as fit, in random order

A choice is one fix, or a random third of all, with what they need. The tree with these must parse, and when
tmlfix has fixed the rest, it must be byte for byte the tree with all fixes. The branches of the phases,
merged in any order, must be that tree too. Ends with 1 if something is not so.

Two things make that affordable, and hide nothing. Single fixes of different tests are tried in one tree if
they need the same fixes of the library: no test is looked at in view of another. A test without a finding is
not looked at again: all that is found in it follows from the fixed library, which is compared.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from git import GitCommandError, Repo

from codemods.engine import plan_fixes
from codemods.engine.resources import RESOURCES, ignore_note
from codemods.engine.result_cache import ResultCache
from codemods.files.workspace import read_tree
from codemods.model.findings import FindingKey
from codemods.model.fix_plan import NOTHING, FixPlan, Keys, always
from codemods.model.phases import PHASES
from codemods.semantics.module_paths import is_helper_path, is_test_path
from tml_ast import TmlSyntaxError, parse

SHARE = 3
"""A random selection is one in so many of the fixes, and what these need."""


@dataclass(frozen=True)
class PlannedTree:
    """A tree and the plan of its fixes."""

    files: Mapping[str, bytes]
    plan: FixPlan
    cache: ResultCache | None = None

    @classmethod
    def of(cls, files: Mapping[str, bytes], cache: ResultCache | None = None) -> PlannedTree:
        """Plan the fixes of a tree, and what each needs."""
        return cls(files, plan_fixes(files, requirements=always, cache=cache), cache)

    def single(self, key: FindingKey) -> Keys:
        """One fix with what it needs."""
        return self.plan.closed([key])

    def singles(self, keys: Iterable[FindingKey]) -> Iterator[tuple[list[FindingKey], Keys]]:
        """Each of some fixes with what it needs; those that cannot change each other come together."""
        groups: dict[Keys, list[tuple[list[FindingKey], set[FindingKey], set[str]]]] = {}
        for key in keys:
            chosen = self.single(key)
            library = frozenset(each for each in chosen if not is_test_path(each.path))
            tests = {each.path for each in chosen - library}
            beside = groups.setdefault(library, [])
            fitting = (each for each in beside if tests and not tests & each[2])
            if any(map(is_helper_path, tests)) or (group := next(fitting, None)) is None:
                beside.append(group := ([], set(), set()))
            group[0].append(key)
            group[1].update(chosen)
            group[2].update(tests)
        yield from ((alone, frozenset(chosen)) for found in groups.values() for alone, chosen, _ in found)

    @cached_property
    def _with_findings(self) -> frozenset[str]:
        return frozenset(finding.path for finding in (*self.plan.findings, *self.plan.suppressed))

    def is_looked_at(self, path: str) -> bool:
        """Whether anything may be found in a file once the library is fixed."""
        return not is_test_path(path) or path in self._with_findings

    def selection(self, seed: int) -> Keys:
        """A random part of the fixes with what they need."""
        keys = sorted(self.plan.fixable)
        return self.plan.closed(random.Random(seed).sample(keys, len(keys) // SHARE))

    def fixed(self, keys: Keys) -> dict[str, bytes]:
        """The tree with some of its fixes."""
        changes = self.plan.changes(NOTHING, keys)
        return {**self.files, **{path: change.after for path, change in changes.items()}}

    def faults(self, chosen: Keys) -> Iterator[str]:
        """What is wrong with a choice: files that do not parse, or that end as something else."""
        files = self.fixed(chosen)
        for path in sorted({key.path for key in chosen}):
            try:
                parse(files[path])
            except TmlSyntaxError as error:
                yield f"{path} does not parse: {error}"
        then = plan_fixes(files, share=self.is_looked_at, cache=self.cache)
        changes = then.changes(NOTHING, then.fixable)
        ended = {**files, **{path: change.after for path, change in changes.items()}}
        whole = self.fixed(self.plan.fixable)
        yield from (f"{path} is another in the end" for path in sorted(whole) if ended[path] != whole[path])
        left = len(self.plan.findings) - len(chosen)
        if len(then.findings) != left:
            yield f"{len(then.findings)} findings are left, not {left}"

    def merge_faults(self, repository: Repo, order: Sequence[int]) -> Iterator[str]:
        """What is wrong with the branches of the phases when they are merged in an order."""
        git = repository.git
        git.checkout("--quiet", "-B", "merged", "as-it-was")
        for number in order:
            try:
                git.merge("--quiet", "--no-edit", f"phase-{number}")
            except GitCommandError as error:
                git.merge("--abort")
                yield f"phase {number} does not merge: {error.stdout}"
                return
        root = Path(repository.working_dir)
        for path, content in self.fixed(self.plan.fixable).items():
            if (root / path).read_bytes() != content:
                yield f"{path} is another after the merges"

    def repository(self, folder: Path) -> Repo:
        """A repository of the tree with a branch for each phase."""
        repository = Repo.init(folder)
        with repository.config_writer() as config:
            config.set_value("user", "name", "tmlfix").set_value("user", "email", "tmlfix@example.com")
            config.set_value("core", "autocrlf", "false")
        _commit(repository, self.files)
        repository.git.branch("as-it-was")
        for result in self.plan.on_branches([phase.number for phase in PHASES]):
            repository.git.checkout("--quiet", "-B", f"phase-{result.phase}", "as-it-was")
            _commit(repository, {path: change.after for path, change in result.changes.items()})
        return repository


def _commit(repository: Repo, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        file = Path(repository.working_dir, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    repository.git.add("--all", "--force")
    repository.git.commit("--quiet", "--allow-empty", "--message", "Change files")


@dataclass(frozen=True, slots=True)
class Choice:
    """Fixes to make in one tree: single ones by their names, or a selection."""

    names: tuple[str, ...]
    keys: Keys

    @property
    def is_selection(self) -> bool:
        """Whether it is a random part of the fixes."""
        return self.names[0].startswith("selection ")


_planned: PlannedTree


def _start(planned: PlannedTree) -> None:
    global _planned
    _planned = planned


def _faults(chosen: Keys) -> list[str]:
    return list(_planned.faults(chosen))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("tree", type=Path, metavar="TREE")
    options.add_argument("--singles", type=int, help="how many fixes to try alone (all)")
    options.add_argument(
        "--selections", type=int, default=200, help="how many random selections to try (200)"
    )
    options.add_argument("--merges", type=int, default=10, help="how many orders of merging to try (10)")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--seconds", type=float, help="begin no other choice after that time")
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        planned = PlannedTree.of(read_tree(chosen.tree).files, RESOURCES.cache())
        planned = replace(planned, cache=ResultCache(Path(scratch, "cache"), ignore_note))
        chance = random.Random(chosen.seed)
        keys = sorted(planned.plan.fixable)
        singles = keys if chosen.singles is None else chance.sample(keys, min(chosen.singles, len(keys)))
        choices = [
            Choice(tuple(f"{key.path}:{key.line}:{key.column} {key.rule}" for key in alone), keys)
            for alone, keys in planned.singles(singles)
        ]
        for number in range(chosen.selections):
            seed = chosen.seed * 1000 + number
            choices.append(Choice((f"selection {seed}",), planned.selection(seed)))
        chance.shuffle(choices)
        wrong = _try_merges(planned, Path(scratch, "tree"), chosen.merges, chance)
        wrong += _try_choices(planned, choices, chosen.jobs, chosen.seconds)
    print(f"{chosen.merges} orders of merging and these choices: {wrong} wrong")
    return int(wrong > 0)


def _try_merges(planned: PlannedTree, folder: Path, count: int, chance: random.Random) -> int:
    """How many of some random orders of merging are wrong."""
    repository = planned.repository(folder)
    wrong = 0
    for _ in range(count):
        order = [phase.number for phase in PHASES]
        chance.shuffle(order)
        faults = list(planned.merge_faults(repository, order))
        print(
            "\n  ".join([f"merged in the order {order}: {'wrong' if faults else 'ok'}", *faults]), flush=True
        )
        wrong += bool(faults)
    return wrong


def _try_choices(
    planned: PlannedTree, choices: Sequence[Choice], jobs: int, seconds: float | None = None
) -> int:
    """How many of some choices are wrong."""
    wrong = singles = selections = 0
    started = time.monotonic()
    with ProcessPoolExecutor(jobs, initializer=_start, initargs=(planned,)) as pool:
        pending = {pool.submit(_faults, choice.keys): choice for choice in choices}
        for future in as_completed(pending):
            if future.cancelled():
                continue
            faults, choice = future.result(), pending[future]
            wrong += bool(faults)
            singles += 0 if choice.is_selection else len(choice.names)
            selections += choice.is_selection
            taken = time.monotonic() - started
            print(
                "\n  ".join([f"{', '.join(choice.names)}: {'wrong' if faults else 'ok'}", *faults]),
                f" ({singles} alone and {selections} selections, {taken:.0f} s)",
                flush=True,
            )
            if seconds is not None and taken > seconds:
                for other in pending:
                    other.cancel()
    trees = sum(not choice.is_selection for choice in choices)
    names = sum(len(choice.names) for choice in choices if not choice.is_selection)
    print(
        f"{singles} of {names} single fixes (in {trees} trees at most), "
        f"{selections} of {len(choices) - trees} selections: {wrong} wrong"
    )
    return wrong


if __name__ == "__main__":
    sys.exit(main())
