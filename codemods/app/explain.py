"""Explain a line of the working tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from codemods import engine
from codemods.app.configuration import read_configuration
from codemods.app.sources import WorkingTree, path_below, read_working_tree, select
from codemods.engine.gc_tuning import rare_collections
from codemods.engine.resources import RESOURCES, Resources
from codemods.model.errors import UserError
from codemods.model.findings import InputError
from codemods.model.progress import Progress
from codemods.review.explanations import Explanation, explain_line
from tml_ast import TmlSyntaxError


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, and a column of it if one is named; both are counted from 1."""

    path: Path
    line: int
    column: int | None


def parse_place(text: str) -> Place | None:
    """The place that ``PATH:LINE`` or ``PATH:LINE:COLUMN`` names; None for any other text."""
    parts = re.fullmatch(r"(?s)(.+?):(\d{1,9})(?::(\d{1,9}))?", text)
    return Place(Path(parts[1]), int(parts[2]), int(parts[3]) if parts[3] else None) if parts else None


@rare_collections()
def explain_place(
    place: Place, *, resources: Resources = RESOURCES, progress: Progress | None = None
) -> Explanation:
    """What there is to say about a line of the working tree.

    The findings are those of the whole tree, for a fix in another file may call for one in this. Raises
    `UserError` for a place that is not there and for a file that no phase covers.
    """
    source = read_working_tree([place.path])
    files = source.workspace.files
    name = _name_of(source, place.path)
    _check_place(name, files[name], place)
    settings = read_configuration(source.root).settings
    if settings.plan.phase_of(name) is None:
        raise UserError(f"{name} is in no phase: tmlfix neither fixes it nor reads it")
    cache = resources.cache()
    with resources.executor(files) as executor:
        plan = engine.plan_fixes(files, settings=settings, progress=progress, executor=executor, cache=cache)
    try:
        analysis = engine.facts(files, name, settings=settings, progress=progress, cache=cache)
    except TmlSyntaxError as error:
        raise UserError(f"{name}:{error}") from None
    return explain_line(analysis, analysis.index.files[name], plan, place.line, place.column, settings)


def _name_of(source: WorkingTree, path: Path) -> str:
    """The name of a file in the tree. Raises `UserError` if it has no such file, or cannot read it."""
    name = path_below(source.root, path)
    if name is not None and name in source.workspace.files:
        return name
    unread = next((error for error in source.workspace.errors if error.path == name), None)
    (error,) = select(source, [path]).errors or (InputError(str(path), "is no .tml file"),)
    raise UserError(str(unread or error))


def _check_place(name: str, content: bytes, place: Place) -> None:
    """Raise `UserError` if the file has no such line or column."""
    lines = content.removesuffix(b"\n").split(b"\n")
    if not 1 <= place.line <= len(lines):
        raise UserError(f"{name} has no line {place.line}; it has {len(lines)}")
    width = len(lines[place.line - 1].decode("utf-8", "surrogateescape"))
    if place.column is not None and not 1 <= place.column <= width + 1:
        raise UserError(f"line {place.line} of {name} has no column {place.column}; it has {width}")
