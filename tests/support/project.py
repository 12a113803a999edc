"""The places in this project that tests need."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
"""The root of the repository."""

EXAMPLE = PROJECT / "tests" / "example"
"""The bundled library that leaks."""

PATCHES = PROJECT / "patches"
"""What `tmlfix apply --all` writes for the bundled library."""

PROGRAMS = PROJECT / "tests" / "programs"
"""Stand-ins for programs that a user has and this machine need not."""
