"""What a rule yields: a diagnostic, with the edits that fix it or the reason why there are none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codemods.model.findings import Paths, Verdict
from tml_ast.edit import SourceEdit


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding before it has a phase: edits are spans of the file as it is now."""

    rule: str
    offset: int
    function: str
    message: str
    verdict: Verdict
    edits: tuple[SourceEdit, ...] = ()
    opens_block: bool = False
    """Whether the edits put a block around code that other edits may change."""
    relies_on: frozenset[str] = frozenset()
    """The other files in which fixes must follow this one: without these it would do harm.

    `EVERY_FILE` stands for all, with the file itself.
    """
    paths: Paths = Paths.NORMAL
    """On which paths it leaks."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Edits that together fix a finding."""

    edits: tuple[SourceEdit, ...]
    opens_block: bool = False
    """Whether they put a block around code that other edits may change."""
    remark: str = ""
    """What is left to do by hand, as the end of the message; empty where they fix all of it."""
    assumption: str = ""
    """What must hold for them to be right and is not proven, after ``the fix assumes that``."""

    @classmethod
    def of(cls, repairs: Iterable[Repair], remark: str = "") -> Repair:
        """Several repairs as one."""
        repairs = tuple(repairs)
        edits = tuple(edit for repair in repairs for edit in repair.edits)
        return cls(edits, any(repair.opens_block for repair in repairs), remark)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a finding gets no edit, as the end of its message: ``there is no place to free it``."""

    reason: str
