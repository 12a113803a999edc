"""A working tree with the unsaved text of an editor in the place of its files, and its analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codemods import engine
from codemods.app.configuration import read_configuration
from codemods.app.sources import path_below
from codemods.engine.resources import RESOURCES
from codemods.engine.tasks import one_at_a_time
from codemods.files.workspace import read_tree
from codemods.model.findings import Finding, InputError
from codemods.model.fix_plan import FixPlan, always
from codemods.model.progress import Progress
from codemods.model.settings import Settings
from codemods.review.explanations import Explanation, explain_line
from tml_ast import TmlSyntaxError


@dataclass(slots=True)
class Snapshot:
    """A state of the tree, and its plan."""

    files: Mapping[str, bytes]
    settings: Settings
    plan: FixPlan | None = None
    """None as long as nothing was looked for."""

    @property
    def errors(self) -> tuple[InputError, ...]:
        """The files that cannot be read."""
        return self.plan.errors if self.plan is not None else ()

    def findings(self, path: str) -> list[Finding]:
        """The findings of a file."""
        return [finding for finding in self.plan.findings if finding.path == path] if self.plan else []


class OpenTree:
    """The tree below ``root``; an editor's text of a file wins over what is on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def name_of(self, path: Path) -> str | None:
        """The name of a file in the tree; None outside of it."""
        return path_below(self.root, path)

    def analyse(self, texts: Mapping[str, bytes], progress: Progress) -> Snapshot:
        """Find what there is to fix in the tree with these ``texts`` of open files, by name.

        Raises `UserError` for an invalid configuration.
        """
        settings = read_configuration(self.root).settings
        files = {**read_tree(self.root).files, **texts}
        plan = engine.plan_fixes(files, settings=settings, progress=progress, cache=RESOURCES.cache())
        return Snapshot(files, settings, plan)

    def complete(self, snapshot: Snapshot, progress: Progress) -> FixPlan:
        """The plan of a snapshot with what its fixes need of each other."""
        return engine.plan_fixes(
            snapshot.files,
            settings=snapshot.settings,
            requirements=always,
            progress=progress,
            cache=RESOURCES.cache(),
        )

    def explain(
        self, texts: Mapping[str, bytes], snapshot: Snapshot | None, name: str, line: int
    ) -> Explanation | None:
        """Explain a line of an open file; None where there is nothing to explain.

        Where the last ``snapshot`` has another text of the file, nothing is said about findings.
        """
        current = snapshot is not None and snapshot.files.get(name) == texts[name]
        if snapshot is None or not current:
            settings = read_configuration(self.root).settings
            snapshot = Snapshot({**read_tree(self.root).files, **texts}, settings)
        if snapshot.settings.plan.phase_of(name) is None or not 1 <= line <= texts[name].count(b"\n") + 1:
            return None
        with one_at_a_time():
            try:
                analysis = engine.facts(snapshot.files, name, settings=snapshot.settings)
            except TmlSyntaxError:
                return None
            file = analysis.index.files[name]
            return explain_line(analysis, file, snapshot.plan, line, settings=snapshot.settings)
