"""Puts small faults into tmlfix, one at a time, and sees whether its tests notice: `... --help`.

    python -m tests.campaigns.mutate_tmlfix --sample 100 --seed 1

A mutant is killed when a test fails with it or the type checker refuses it, and survives when all tests pass
that reach its lines. The mutations are those of mutmut and some more: a condition that always or never holds,
a comparison turned round, ``and`` for ``or``, a side of either left out, ``not`` dropped, a result forgotten,
a number one greater, a statement or a case left out. No file is changed, each mutant runs in a process of its
own. Ends with 1 when too few are killed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from tests.campaigns.mutation.mutants import Mutant, sample
from tests.campaigns.mutation.reach import TestsFail, reach
from tests.campaigns.mutation.trials import Fate, Trial, Trials
from tests.campaigns.mutation.types import is_refused

EQUIVALENT = Path(__file__).parent / "mutation" / "equivalent.toml"

MUTATED = ("codemods/ownership", "codemods/rules", "codemods/fixes", "codemods/engine/fix_loop.py")
TESTS = (
    "tests/rules",
    "tests/ownership",
    "tests/fixes",
    "tests/semantics",
    "tests/second_opinion",
    "tests/compiler_defects",
    "tests/engine/test_attempt.py",
    "tests/engine/test_engine.py",
    "tests/engine/test_variants.py",
)
"""The core tests; those of the project, of files and of the command line are slower and see less."""

PRELOADED = ("coverage", "git", "hypothesis", "parsimonious", "pytest", "rich", "tml_ast", "typer")
"""What the tests import and no mutant changes."""


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A mutant that no test can notice, and why."""

    path: str
    function: str
    before: str
    after: str
    reason: str

    def is_of(self, mutant: Mutant) -> bool:
        """Whether a mutant is this one, wherever in its function it stands by now."""
        return (
            mutant.path.as_posix() == self.path
            and mutant.function == self.function
            and _words(mutant.before) == _words(self.before)
            and _words(mutant.after) == _words(self.after)
        )


def _words(code: str) -> list[str]:
    return code.split()


def known_equivalents() -> list[Equivalent]:
    """The mutants that are known to change nothing."""
    return [Equivalent(**entry) for entry in tomllib.loads(EQUIVALENT.read_text())["mutant"]]


def described(trial: Trial) -> str:
    """A mutant and its fate, for people."""
    mutant = trial.mutant
    return f"{mutant.place} in {mutant.function or 'the module'}: {trial.fate}\n{mutant.diff}\n"


def main() -> int:
    """Run the command; 1 if too few mutants are killed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=100, help="how many mutants (100)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("--of", type=Path, nargs="+", default=list(map(Path, MUTATED)), metavar="PATH",
                        help="modules, or folders of them, to mutate")  # fmt: skip
    parser.add_argument("--tests", nargs="+", default=list(TESTS), metavar="TEST",
                        help="files, folders or names of tests that may notice")  # fmt: skip
    parser.add_argument("--keyword", default="", help="which of these tests, as in `pytest -k`")
    parser.add_argument("--score", type=float, default=0.92, help="the share that must be killed (0.92)")
    parser.add_argument("--limit", type=int, default=120, metavar="SECONDS",
                        help="how much of the processor's time one mutant may take (120)")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count(), help="how many at a time")
    parser.add_argument("--no-types", dest="types", action="store_false",
                        help="do not ask the type checker about those that no test notices")  # fmt: skip
    parser.add_argument("--verbose", action="store_true", help="print those that are killed as well")
    options = parser.parse_args()
    started = time.monotonic()
    root = Path.cwd()
    trials = Trials(PRELOADED, options.jobs, options.limit)
    equivalents = known_equivalents()
    mutants = sample(root, options.of, options.sample, options.seed)
    tried = [mutant for mutant in mutants if not any(entry.is_of(mutant) for entry in equivalents)]
    try:
        reached = reach(root, options.of, [*options.tests, "-k", options.keyword])
    except TestsFail as error:
        print(f"Without any mutant, these tests fail:\n{error}")
        return 2
    fates: Counter[Fate] = Counter()
    for trial in trials.run([(mutant, reached.tests_of(root, mutant)) for mutant in tried]):
        if options.types and not trial.is_killed and is_refused(root, trial.mutant):
            trial = replace(trial, fate=Fate.REFUSED)
        fates[trial.fate] += 1
        if options.verbose or not trial.is_killed:
            print(described(trial), flush=True)
        if sys.stderr.isatty():
            print(f"\r{fates.total()} of {len(tried)}", end="", file=sys.stderr, flush=True)
    seed = options.seed
    survived = fates[Fate.SURVIVED] + fates[Fate.UNREACHED]
    killed = len(tried) - survived
    score = killed / max(1, len(tried))
    print(
        f"{len(mutants)} mutants of seed {seed}: {len(mutants) - len(tried)} known to change nothing, "
        f"{len(tried)} tried, {killed} killed ({fates[Fate.REFUSED]} by their types), {survived} survived; "
        f"score {score:.1%}; {time.monotonic() - started:,.0f} s"
    )
    return 1 if score < options.score else 0


if __name__ == "__main__":
    sys.exit(main())
