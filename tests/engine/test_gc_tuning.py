"""Garbage of one run does not stay for ever in a process that makes many, as an editor's does."""

from __future__ import annotations

import subprocess
import sys

from tests.support.project import PROJECT

RUNS = """
import weakref
from codemods.engine.gc_tuning import ignore_objects_so_far, rare_collections

class Facts:  # it refers to itself, so only a collection frees it
    def __init__(self):
        self.itself = self
        self.trees = [[number] for number in range(300_000)]

def run():
    with rare_collections():
        found = Facts()
        ignore_objects_so_far()
        return weakref.ref(found)

runs = [run() for _ in range(4)]
print(*(facts() is None for facts in runs))
"""


def test_what_a_run_leaves_is_collected_before_the_next() -> None:
    command = [sys.executable, "-c", RUNS]
    outcome = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert (outcome.stdout, outcome.stderr) == ("True True True False\n", "")
