"""The generated parts of the README and the pages: what commands print, diffs and tables."""

from __future__ import annotations

import ast
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codemods.cli.program import COMMANDS
from codemods.compiler_defects import DEFECTS, Defect
from codemods.engine.result_cache import FOLDER_VARIABLE
from codemods.model.phases import PHASES, phase_of
from codemods.reports.defects import description
from codemods.reports.markdown import literal
from codemods.rules import RULES
from tests.support.bundled import Example, environment
from tests.support.project import EXAMPLE, PATCHES, PROJECT

README = PROJECT / "README.md"
PAGES = [
    README,
    *(PROJECT / name for name in ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(PROJECT.glob("docs/*.md")),
]
SHOWN_FOLDER = "/home/ada/example"
"""Shown in the place of the example's folder, which differs each time."""


@dataclass(frozen=True, slots=True)
class Session:
    """A block of commands with what they print, and its place in the page."""

    start: int
    end: int
    steps: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """The block's lines."""
        return "".join(f"$ {command}\n{output}" for command, output in self.steps)

    def run(self) -> Session:
        """The same commands with what they print now, in a new copy of the example."""
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch).resolve()
            example = Example.create(folder / "example")
            results = {FOLDER_VARIABLE: str(folder / "results")}
            steps = tuple((command, _output(example.folder, command, results)) for command, _ in self.steps)
        return Session(self.start, self.end, steps)


def _output(folder: Path, command: str, variables: Mapping[str, str]) -> str:
    process = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment() | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = process.stdout.replace(str(folder), SHOWN_FOLDER).rstrip().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def sessions(page: str) -> list[Session]:
    """The blocks marked as ``console``."""
    found = []
    for block in re.finditer(r"(?ms)^```console\n(.*?)^```$", page):
        commands = re.finditer(r"(?ms)^\$ ([^\n]*)\n(.*?)(?=^\$ |\Z)", block[1])
        steps = tuple((command[1], command[2]) for command in commands)
        found.append(Session(block.start(1), block.end(1), steps))
    return found


def normalised(output: str) -> str:
    """Without what another version of git or a slower machine prints differently."""
    output = re.sub(r"\b[0-9a-f]{7,40}\b", "<commit>", output)
    return re.sub(r'(?<="seconds": )\d+\.\d+', "<seconds>", output)


@dataclass(frozen=True, slots=True)
class Part:
    """A generated part: between ``<!-- name argument... -->`` and ``<!-- end -->``."""

    start: int
    end: int
    name: str
    arguments: tuple[str, ...]

    def text(self) -> str:
        """What the part must say."""
        return f"\n{PARTS[self.name](*self.arguments)}\n"


def parts(page: str) -> list[Part]:
    """The generated parts, in order."""
    pattern = rf"(?ms)^<!-- ((?:{'|'.join(PARTS)})\b.*?) -->$(.*?)^<!-- end -->$"
    return [Part(part.start(2), part.end(2), *_split(part[1])) for part in re.finditer(pattern, page)]


def _split(comment: str) -> tuple[str, tuple[str, ...]]:
    name, *arguments = comment.split()
    return name, tuple(arguments)


def updated(page: str) -> str:
    """The page with everything generated anew; output that differs only in commits and times stays."""
    for part in reversed(parts(page)):
        page = page[: part.start] + part.text() + page[part.end :]
    for session in reversed(sessions(page)):
        now = session.run().text()
        if normalised(now) != normalised(session.text()):
            page = page[: session.start] + now + page[session.end :]
    return page


# The generated parts


def diff_of(file: str, *hunks: str) -> str:
    """Hunks of a file, counted from 1, as a patch of the project has them; none named means all."""
    phase = phase_of(file)
    assert phase is not None
    patch = (PATCHES / phase.patch_name).read_text()
    (section,) = re.findall(rf"(?ms)^(--- a/{re.escape(file)}\n.*?)(?=^diff --git |\Z)", patch)
    head, *found = re.split(r"(?m)^(?=@@ )", section)
    chosen = [found[int(number) - 1] for number in hunks] or found
    return f"```diff\n{head}{''.join(chosen)}```"


def table(*columns: str, rows: Iterator[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def rules() -> str:
    """What each rule finds."""
    return table(
        "rule",
        "finds",
        rows=((f"[`{name}`](rules/{name}.md)", rule.summary) for name, rule in RULES.items()),
    )


def defects() -> str:
    """What each defect of the compiler is, and the rules that work around it."""
    return "\n".join(line for defect in DEFECTS.values() for line in _defect(defect))


def _defect(defect: Defect) -> Iterator[str]:
    yield f'<a id="{defect.name}"></a>'
    yield ""
    yield f"## {literal(defect.title)}"
    yield ""
    yield from description(defect)
    yield ""
    if defect.rules:
        yield f"**Rules.** {', '.join(f'[`{rule}`](rules/{rule}.md)' for rule in defect.rules)}"
    else:
        yield "**Rules.** None: tmlfix avoids it in the code that it writes."
    yield ""


def modelled() -> str:
    """The defects that the drop rules contain."""
    contained = (defect for defect in DEFECTS.values() if defect.modelled)
    return "\n".join(f"- `{defect.name}`: {literal(defect.title)}" for defect in contained)


def phases() -> str:
    """What each phase is called, and files of the example that it owns."""
    files = sorted(path.relative_to(EXAMPLE).as_posix() for path in EXAMPLE.rglob("*.tml"))
    owned = {phase: [file for file in files if phase_of(file) is phase] for phase in PHASES}
    return table(
        "phase",
        "name",
        "owns",
        "for example",
        rows=(
            (str(phase.number), f"`{phase.slug}`", _scope(phase.scope), f"`{owned[phase][-1]}`")
            for phase in PHASES
        ),
    )


def _scope(scope: tuple[str, ...]) -> str:
    names = [f"`{folder[1]}`" for pattern in scope if (folder := re.fullmatch(r"\*/(\w+)/\*", pattern))]
    if not names:
        return "every other .tml file"
    return f"modules and tests named {', '.join(names[:-1])}{' or ' if names[1:] else ''}{names[-1]}"


def program() -> dict[str, str]:
    """The commands by name, each with what it is for."""
    return {name: listed.summary for name, listed in COMMANDS.items()}


def commands() -> str:
    """What each command is for."""
    return table("command", "does", rows=((f"`tmlfix {name}`", text) for name, text in program().items()))


def layers() -> str:
    """Each layer of the contract, from top to bottom, with the first line of its packages' documentation."""
    return table(
        "layer",
        "is for",
        rows=(
            (f"`{package}`", documentation(PROJECT / "codemods" / package / "__init__.py"))
            for layer in contract("layers")["layers"]
            for package in layer.split(" | ")
        ),
    )


def contract(identity: str) -> dict[str, Any]:
    """A contract of the project about imports."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (wanted,) = (found for found in settings["contracts"] if found["id"] == identity)
    assert isinstance(wanted, dict)
    return wanted


def documentation(module: Path) -> str:
    """The first paragraph of a module's documentation, on one line."""
    text = ast.get_docstring(ast.parse(module.read_text()))
    assert text is not None, f"{module} says nothing about itself"
    return " ".join(text.partition("\n\n")[0].split())


PARTS: Mapping[str, Callable[..., str]] = {
    "diff": diff_of,
    "rules": rules,
    "defects": defects,
    "phases": phases,
    "commands": commands,
    "layers": layers,
    "modelled": modelled,
}
