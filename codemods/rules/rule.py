"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from codemods.fixes.context import Context, Diagnostic


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of fix: its trigger and its explanation, with examples that are run as tests.

    ``valid`` are sources in which the rule fixes nothing; ``invalid`` are pairs of a source and what
    it becomes; ``reported`` are sources that it only has something to say about.
    All of them stand beside ``prelude.tml``.
    """

    name: str
    summary: str
    reason: str
    check: Callable[[Context], Iterable[Diagnostic]]
    invalid: tuple[tuple[str, str], ...]
    valid: tuple[str, ...]
    reported: tuple[str, ...] = ()

    @property
    def before(self) -> str:
        """The first example, before."""
        return self.invalid[0][0] if self.invalid else self.reported[0]

    @property
    def after(self) -> str | None:
        """The first example, after; None for a rule that fixes nothing."""
        return self.invalid[0][1] if self.invalid else None
