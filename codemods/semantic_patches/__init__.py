"""The semantic patches that come with tmlfix: changes to code of a shape where no rule could derive them.

Each lies in a file ``NAME.patch``, written as ``codemods.semantic_patches.patch`` says. Beside it lie an
example before and after, and one that it leaves alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from codemods.semantic_patches.patch import Application, SemanticPatch

__all__ = ["Application", "BundledPatch", "SemanticPatch", "bundled_patches"]


@dataclass(frozen=True, slots=True)
class BundledPatch:
    """A patch with its example before and after, and code of another shape that it leaves alone."""

    patch: SemanticPatch
    before: str
    after: str
    untouched: str


@cache
def bundled_patches() -> tuple[BundledPatch, ...]:
    """All of them, by name."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(_read(name.removesuffix(".patch")) for name in sorted(names) if name.endswith(".patch"))


def _read(stem: str) -> BundledPatch:
    def text(suffix: str) -> str:
        return files(__name__).joinpath(f"{stem}.{suffix}").read_text("utf-8")

    patch = SemanticPatch.parse(stem.replace("_", "-"), text("patch"))
    return BundledPatch(patch, text("before.tml"), text("after.tml"), text("untouched.tml"))
