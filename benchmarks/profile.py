"""Where the time of a check with an empty cache goes, in one process."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Command
from benchmarks.tmlfix import Tmlfix

OUTSIDE = "start and end of Python"


@dataclass(frozen=True, slots=True)
class Profile:
    """Seconds by stage, and by rule with the facts that the rule was the first to ask for."""

    seconds: float
    stages: Mapping[str, float]
    rules: Mapping[str, float]


def profile_of(tmlfix: Tmlfix, tree: Path, scratch: Path) -> Profile:
    """Run a check under the sampler."""
    target = scratch / "profile.json"
    options = tmlfix.single_process()
    arguments: list[str | Path] = [
        sys.executable,
        "-P",
        "-m",
        "benchmarks.sampling",
        target,
        "check",
        "--all",
        *options,
    ]
    seconds = Command(arguments, tree, statuses=(0, 1)).seconds()
    found = json.loads(target.read_text())
    stages = found["stages"]
    return Profile(seconds, stages | {OUTSIDE: seconds - sum(stages.values())}, found["rules"])
