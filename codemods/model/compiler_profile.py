"""Which of the compiler's defects an analysis relies on, and since when that is known."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum


class Trait(StrEnum):
    """A defect that the drop rules of the analysis contain, by the name of its file.

    Any other defect is a matter of the rules that work around it.
    """

    BRANCH_VALUES = "branch-initialisers"
    EARLY_RETURN = "early-return-cancels-later-drops"
    INTERPOLATION = "interpolation-frees-operands"
    JUMP = "break-skips-drops"
    PRIVATE_CALLEE = "private-callee-takes-strings"
    RETURNED_CALL = "returned-call-cancels-drop"
    SHARED_NAMES = "methods-share-given-names"
    VOID_END = "void-end-drops-nothing"


Traits = Set[Trait]
"""The defects among them that a compiler has."""

ALL_TRAITS: Traits = frozenset(Trait)
"""Those of the compiler that was measured."""


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

    @property
    def traits(self) -> Traits:
        """The defects that the analysis has to reckon with; one that changed counts as it was."""
        return ALL_TRAITS - self.mended

    def agrees_with(self, other: CompilerProfile) -> bool:
        """Whether both say the same of every defect."""
        return (self.mended, self.changed) == (other.mended, other.changed)


SHIPPED_PROFILE = CompilerProfile()
"""The profile of the compiler that was measured: it has every defect."""
