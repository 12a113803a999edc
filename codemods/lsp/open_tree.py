"""A working tree with the unsaved text of an editor in the place of its files, and its analysis."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from codemods import engine
from codemods.app.configuration import read_configuration
from codemods.app.sources import path_below
from codemods.engine.tasks import one_at_a_time
from codemods.files.workspace import read_tree
from codemods.model.findings import Finding, InputError, PhaseResult
from codemods.model.progress import Progress
from codemods.model.settings import Settings
from codemods.review.explanations import Explanation, explain_line
from tml_ast import TmlSyntaxError


@dataclass(slots=True)
class Snapshot:
    """A state of the tree, and what was found in the phases of the open files."""

    files: Mapping[str, bytes]
    settings: Settings
    results: Mapping[int, PhaseResult]
    errors: tuple[InputError, ...]

    def findings(self, path: str) -> list[Finding]:
        """The findings of a file."""
        return [
            finding for result in self.results.values() for finding in result.findings if finding.path == path
        ]


class OpenTree:
    """The tree below ``root``; an editor's text of a file wins over what is on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def name_of(self, path: Path) -> str | None:
        """The name of a file in the tree; None outside of it."""
        return path_below(self.root, path)

    def analyse(self, texts: Mapping[str, bytes], progress: Progress) -> Snapshot:
        """Analyse the phases of the open files, whose ``texts`` these are, by name.

        Each phase starts from the tree as it is. Raises `UserError` for an invalid configuration.
        """
        settings = read_configuration(self.root).settings
        files = {**read_tree(self.root).files, **texts}
        phases = _phases(texts, settings)
        result = engine.analyse(files, phases, settings=settings, progress=progress)
        return Snapshot(files, settings, {phase.phase: phase for phase in result.phases}, result.errors)

    def explain(
        self, texts: Mapping[str, bytes], snapshot: Snapshot | None, name: str, line: int
    ) -> Explanation | None:
        """Explain a line of an open file; None where there is nothing to explain.

        Where the last ``snapshot`` has another text of the file, nothing is said about findings.
        """
        current = snapshot is not None and snapshot.files.get(name) == texts[name]
        if snapshot is None or not current:
            settings = read_configuration(self.root).settings
            snapshot = Snapshot({**read_tree(self.root).files, **texts}, settings, {}, ())
        phase = snapshot.settings.plan.phase_of(name)
        if phase is None or not 1 <= line <= texts[name].count(b"\n") + 1:
            return None
        result = snapshot.results.get(phase.number)
        with one_at_a_time():
            try:
                analysis = engine.facts(snapshot.files, name, settings=snapshot.settings)
            except TmlSyntaxError:
                return None
            file = analysis.index.files[name]
            return explain_line(analysis, file, result, line, settings=snapshot.settings)


def _phases(names: Collection[str], settings: Settings) -> list[int]:
    owners = {settings.plan.phase_of(name) for name in names}
    return sorted(phase.number for phase in owners if phase is not None)
