"""The leak plan: the figures that it starts from, and the limits that its criteria set.

The figures are data, in ``figures.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from codemods.verification.leak_log import size_in_bytes
from codemods.verification.leaks import Amount, Leaks, grouped, module_of, total, worst_first


@dataclass(frozen=True, slots=True)
class Group:
    """A group of test files in the plan, with the sum that the plan gives for it, if any."""

    name: str
    phase: int
    sum: Amount | None
    files: Mapping[str, Amount]
    """By ``folder of the module/name``; empty where the plan names no file."""

    @property
    def rows(self) -> Amount:
        """The sum of its files; without files, the sum that the plan gives."""
        return total(self.files.values()) if self.files or self.sum is None else self.sum

    @property
    def is_added_up_wrongly(self) -> bool:
        """Whether the plan's sum differs from that of its rows. Bytes are compared where both are exact."""
        if self.sum is None or not self.files:
            return False
        if self.sum.leaks != self.rows.leaks:
            return True
        return self.sum.exact and self.rows.exact and self.sum.bytes != self.rows.bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the criteria: each figure must be below its limit."""

    client: str
    client_leaks: int
    total_leaks: int
    total_bytes: int
    suite_leaks: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan's figures."""

    headline: Amount
    groups: tuple[Group, ...]
    limits: Limits

    @property
    def listed(self) -> Amount:
        """The sum of all groups."""
        return total(group.rows for group in self.groups)

    @property
    def unlisted(self) -> Amount:
        """What the headline counts but no row does. It belongs to phase 5, which the plan leaves open."""
        return Amount(
            max(self.headline.leaks - self.listed.leaks, 0),
            max(self.headline.bytes - self.listed.bytes, 0),
            exact=False,
        )

    @property
    def leaks(self) -> Leaks:
        """The leaks of the files that the plan names."""
        return Leaks({path: amount for group in self.groups for path, amount in group.files.items()})

    def by_phase(self) -> dict[int, Amount]:
        """The leaks of each phase; what is not listed counts for phase 5."""
        phases = {5: self.unlisted}
        for group in self.groups:
            phases[group.phase] = phases.get(group.phase, Amount()) + group.rows
        return dict(sorted(phases.items()))

    def by_module(self) -> dict[str, Amount]:
        """The leaks of each module, by the name of its folder, the worst first."""
        modules = grouped(self.leaks.files, module_of)
        modules |= {group.name: group.rows for group in self.groups if not group.files}
        return worst_first(modules)


@cache
def leak_plan() -> Plan:
    """The plan."""
    text = files("codemods.verification.leak_plan").joinpath("figures.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return Plan(
        _amount(**data["headline"]),
        tuple(_group(**group) for group in data["groups"]),
        Limits(**data["criteria"]),
    )


def _group(name: str, phase: int, files: Mapping[str, Any] | None = None, **stated: Any) -> Group:
    rows = {path: _amount(*row) for path, row in (files or {}).items()}
    return Group(name, phase, _amount(**stated) if stated else None, rows)


def _amount(leaks: int, size: str) -> Amount:
    return (size_in_bytes(size) if size else Amount(exact=False)) + Amount(leaks)
