"""Asks mypy about mutants: one whose types are wrong needs no test."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.campaigns.mutation.mutants import Mutant
from tests.campaigns.mutation.trials import KEPT_IN


def is_refused(root: Path, mutant: Mutant) -> bool:
    """Whether the type checker refuses a mutant, in the place of a module that it accepts."""
    with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="utf-8") as shadow:
        shadow.write(mutant.source)
        shadow.flush()
        place = str(mutant.path)
        command = ["mypy", "--cache-dir", str(KEPT_IN / "mypy"), "--shadow-file", place, shadow.name, place]
        outcome = subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True)
    return outcome.returncode == 1
