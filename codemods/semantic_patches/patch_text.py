"""A semantic patch from the text of its file. See ``patch`` for how one is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from codemods.semantic_patches.conditions import Condition, ConditionError, read_condition, variable_of
from codemods.semantic_patches.patch import METAVARIABLE, Example, Hunk, Scope, SemanticPatch
from tml_ast.lexer import TmlSyntaxError

_HEADING = re.compile(r"@@(?P<mark>[?|]?) (?P<why>.*) @@")
_EXAMPLE = re.compile(r"=== (?P<kind>before|after|untouched)(?:: (?P<title>.+?))? ===")
_SETTING = re.compile(r"(?P<key>Finding|Files|Where): +(?P<value>.*\S)\s*")
_MARKS = " -+"
_KEYS = ("Finding", "Files", "Where")
_LIKE_SETTING = re.compile(r"(\w+):")


class PatchError(ValueError):
    """A patch that cannot be read: what is wrong with it, and the line and column, from 1."""

    def __init__(self, message: str, line: int, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}"


@dataclass(slots=True)
class _Section:
    """A heading with the lines below it; ``line`` is the number of the heading."""

    line: int
    heading: re.Match[str] | None
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def read_patch(name: str, text: str) -> SemanticPatch:
    """The patch that a file of this name holds. Raises `PatchError`."""
    head, *sections = _sections(text)
    settings = [(number, found) for number, line in _numbered(head) if (found := _SETTING.fullmatch(line))]
    _check_settings(head)
    prose = "\n".join(line for line in head.lines if _SETTING.fullmatch(line) is None)
    summary, _, reason = prose.strip().partition("\n")
    findings = [found["value"] for _, found in settings if found["key"] == "Finding"]
    changes = [section for section in sections if section.heading and section.heading.re is _HEADING]
    if not changes:
        raise PatchError("there is no line '@@ why @@' with a change below it", max(len(head.lines), 1))
    if not summary:
        raise PatchError("the first line must say what the patch is for", 1)
    _check_dots(changes)
    alternatives = _alternatives(changes)
    _check_names(alternatives, changes)
    conditions = tuple(
        _condition(number, found, alternatives) for number, found in settings if found["key"] == "Where"
    )
    if len(alternatives) == 1 and len(changes) == 1 and not conditions:
        _check_ends(alternatives[0][0], changes[0])
    return SemanticPatch(
        name,
        summary,
        " ".join(reason.split()),
        findings[0] if findings else summary,
        alternatives,
        Scope(tuple(found["value"] for _, found in settings if found["key"] == "Files")),
        conditions,
        tuple(_examples(sections)),
    )


def _sections(text: str) -> list[_Section]:
    sections = [_Section(0, None, [])]
    for number, line in enumerate(text.splitlines(), 1):
        heading = _HEADING.fullmatch(line.rstrip()) or _EXAMPLE.fullmatch(line.rstrip())
        if heading is not None:
            sections.append(_Section(number, heading, []))
        elif line.startswith(("@@", "===")):
            raise PatchError(
                "this heading is none of: @@ why @@, @@? why @@, @@| why @@, === before ===, === after ===,"
                " === untouched ===",
                number,
            )
        else:
            sections[-1].lines.append(line)
    return sections


def _check_settings(head: _Section) -> None:
    """Raise `PatchError` for a line that is nearly a setting, and would be taken for prose."""
    for number, line in _numbered(head):
        found = _LIKE_SETTING.match(line)
        if found is not None and _SETTING.fullmatch(line) is None:
            close = get_close_matches(found[1].capitalize(), _KEYS, n=1, cutoff=0.75)
            if close:
                raise PatchError(f"did you mean '{close[0]}: ...'? a setting is written so", number)


def _numbered(section: _Section) -> Iterator[tuple[int, str]]:
    return enumerate(section.lines, section.line + 1)


def _alternatives(sections: Sequence[_Section]) -> tuple[tuple[Hunk, ...], ...]:
    alternatives: list[list[Hunk]] = [[]]
    for section in sections:
        assert section.heading is not None
        if section.heading["mark"] == "|":
            alternatives.append([])
        alternatives[-1].append(_hunk(section, section.heading))
    if not alternatives[0]:
        raise PatchError("the first change has nothing to be an alternative of", sections[0].line)
    return tuple(map(tuple, alternatives))


def _hunk(section: _Section, heading: re.Match[str]) -> Hunk:
    for number, line in _numbered(section):
        if line and line[0] not in _MARKS:
            raise PatchError("a line of a change starts with a space, - or +", number)
    blank = next((count for count, line in enumerate(section.lines) if line.strip()), None)
    if blank is None:
        raise PatchError("there is no change below this line", section.line)
    hunk = Hunk(heading["why"], section.text.strip("\n"), heading["mark"] == "?")
    try:
        hunk.change.check_result()
    except TmlSyntaxError as error:
        raise PatchError(error.message, section.line + blank + error.line, error.column) from None
    except ValueError as error:
        raise PatchError(str(error), section.line) from None
    return hunk


def _check_names(alternatives: Sequence[Sequence[Hunk]], sections: Sequence[_Section]) -> None:
    """Raise `PatchError` for a metavariable of a line that comes and that nothing gives a meaning."""
    section_of = iter(sections)
    for hunks in alternatives:
        shared = {name for hunk in hunks for name in hunk.change.before.variables if name[0].isupper()}
        for hunk in hunks:
            section = next(section_of)
            for number, line in _numbered(section):
                for variable in METAVARIABLE.finditer(line) if line.startswith("+") else ():
                    if variable[1] not in hunk.change.before.variables | shared:
                        message = f"nothing is bound to {variable[0]}: no line with - or a space has it"
                        raise PatchError(message, number, variable.start() + 1)


def _check_dots(sections: Iterable[_Section]) -> None:
    """Raise `PatchError` for a metavariable that is one piece of code here, and any number of them there."""
    shared: dict[str, str] = {}
    for section in sections:
        own: dict[str, str] = {}
        for number, line in _numbered(section):
            for variable in METAVARIABLE.finditer(line):
                name = variable[1]
                dots = "" if variable[0] == f"${name}" else "..."
                known = shared if name[0].isupper() else own
                if name != "_" and known.setdefault(name, dots) != dots:
                    message = f"${dots}{name} is ${known[name]}{name} before; it must be one of them"
                    raise PatchError(message, number, variable.start() + 1)


def _condition(number: int, found: re.Match[str], alternatives: Sequence[Sequence[Hunk]]) -> Condition:
    text, start = found["value"], found.start("value") + 1
    try:
        condition = read_condition(text)
    except ConditionError as error:
        raise PatchError(str(error), number, start + error.column) from None
    name = variable_of(text)
    bound = {each for hunks in alternatives for hunk in hunks for each in hunk.change.before.variables}
    if name is not None and name not in bound:
        raise PatchError(f"no line with - or a space has ${name}", number, start)
    return condition


def _check_ends(hunk: Hunk, section: _Section) -> None:
    # What brings a name finds it taken the next time.
    if hunk.change.fits_its_result and not hunk.brought:
        raise PatchError(
            "what this change makes has the shape that it looks for, so it would be made again and again;"
            " say with 'Where:' what must not be there yet",
            section.line,
        )


def _examples(sections: Sequence[_Section]) -> Iterator[Example]:
    examples = [section for section in sections if section.heading and section.heading.re is _EXAMPLE]
    before: _Section | None = None
    for section in examples:
        assert section.heading is not None
        kind, title = section.heading["kind"], section.heading["title"] or ""
        if (kind == "after") != (before is not None):
            message = "=== before === and === after === come in pairs, in this order"
            raise PatchError(message, section.line)
        if kind == "before":
            before = section
        elif before is not None and before.heading is not None:
            title = before.heading["title"] or title
            yield Example(title, before.line, _code(before), _code(section))
            before = None
        else:
            yield Example(title, section.line, _code(section), _code(section))
    if before is not None:
        raise PatchError("=== after === is missing for this example", before.line)


def _code(section: _Section) -> str:
    return section.text.strip("\n") + "\n"
