"""Semantic patches: changes to code of a shape, written as files, with those that come with tmlfix.

A patch lies in a file ``NAME.patch``, written as ``codemods.semantic_patches.patch`` says.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from codemods.semantic_patches.patch import Application, Example, Hunk, Scope, SemanticPatch
from codemods.semantic_patches.patch_text import PatchError, read_patch
from codemods.semantic_patches.rewriting import (
    FactsOf,
    Part,
    Rewrite,
    RewriteError,
    Spot,
    failures,
    nothing_known,
    reason_untouched,
    rewrite,
)

__all__ = [
    "Application",
    "Example",
    "FactsOf",
    "Hunk",
    "Part",
    "PatchError",
    "Rewrite",
    "RewriteError",
    "Scope",
    "SemanticPatch",
    "Spot",
    "bundled_patches",
    "failures",
    "nothing_known",
    "read_patch",
    "reason_untouched",
    "rewrite",
]


@cache
def bundled_patches() -> tuple[SemanticPatch, ...]:
    """Those that rules make findings of, by name: code of these shapes leaks."""
    folder = files(__name__)
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".patch"))
    return tuple(
        read_patch(name.removesuffix(".patch").replace("_", "-"), folder.joinpath(name).read_text("utf-8"))
        for name in names
    )
