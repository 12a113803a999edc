"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import Verdict


@dataclass(frozen=True, slots=True)
class Fixed:
    """An example that the rule fixes: the source, and what it becomes."""

    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Offered:
    """An example for which the rule offers a fix for review: the source, and what it becomes with that."""

    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Untouched:
    """An example that the rule leaves alone."""

    title: str
    code: str


@dataclass(frozen=True, slots=True)
class Reported:
    """An example that the rule reports without a fix."""

    title: str
    code: str


Example = Fixed | Offered | Untouched | Reported


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding: how it is found, why it is one, and two or three examples that teach it.

    The examples are run as tests beside ``prelude.tml``; further ones are in ``tests/rules/cases``.
    ``reason`` is shown by ``tmlfix explain`` and on the rule's page.
    """

    name: str
    summary: str
    reason: str
    check: Callable[[Context], Iterable[Diagnostic]]
    examples: tuple[Example, ...]

    @property
    def fixed(self) -> tuple[Fixed, ...]:
        """The examples that get a fix."""
        return tuple(example for example in self.examples if isinstance(example, Fixed))

    @property
    def offered(self) -> tuple[Offered, ...]:
        """The examples for which a fix is offered."""
        return tuple(example for example in self.examples if isinstance(example, Offered))

    @property
    def untouched(self) -> tuple[Untouched, ...]:
        """The examples that are left alone."""
        return tuple(example for example in self.examples if isinstance(example, Untouched))

    @property
    def reported(self) -> tuple[Reported, ...]:
        """The examples that are reported without a fix."""
        return tuple(example for example in self.examples if isinstance(example, Reported))

    @property
    def before(self) -> str:
        """The first example, before."""
        return self._changed[0].before if self._changed else self.reported[0].code

    @property
    def after(self) -> str | None:
        """The first example, after; None for a rule that changes nothing."""
        return self._changed[0].after if self._changed else None

    @property
    def _changed(self) -> Sequence[Fixed | Offered]:
        return [*self.fixed, *self.offered]

    @property
    def verdict(self) -> Verdict:
        """The best that its findings get."""
        if self.fixed:
            return Verdict.FIXABLE
        return Verdict.REVIEW if self.offered else Verdict.REPORTED
