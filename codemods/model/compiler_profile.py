"""Which of the compiler's defects an analysis relies on, and since when that is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompilerProfile:
    """The defects, by name, that a compiler does not have as they were measured; it has all others."""

    mended: frozenset[str] = frozenset()
    """Their programs do no harm any more."""
    changed: frozenset[str] = frozenset()
    """Their programs do something else, so nothing is known."""
    checked: str | None = None
    """The day on which that was seen; None for what tmlfix comes with."""

    def __str__(self) -> str:
        if self.checked is None:
            return "the compiler of commit cf79b64d"
        return f"the compiler as it was checked on {self.checked}"

    def agrees_with(self, other: CompilerProfile) -> bool:
        """Whether both say the same of every defect."""
        return (self.mended, self.changed) == (other.mended, other.changed)


SHIPPED_PROFILE = CompilerProfile()
"""The profile of the compiler that was measured: it has every defect."""
