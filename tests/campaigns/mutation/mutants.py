"""The mutants of a module: every place in it where a mutation of some kind is possible."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst import matchers as m
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from tests.campaigns.mutation.kinds import possible

NO_EFFECT = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.Assert)
"""What has no effect on what a program does, or, as an assertion, none that a test may count on."""

LEFT_OUT = (
    m.If(test=m.Name("TYPE_CHECKING")) | m.Arg(keyword=m.Name("strict")) | m.Call(func=m.Name("isinstance"))
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one mutation."""

    path: Path
    function: str
    """The qualified name of the function that the mutation is in, or nothing outside all."""
    line: int
    ranges: tuple[tuple[int, int], ...]
    """First and last line of what is mutated, of its statement, and of its function: ever wider."""
    source: str
    before: str
    after: str
    """The lines that differ."""

    @property
    def diff(self) -> str:
        """The lines before and after, marked as in a diff."""
        marked = [f"-{line}" for line in self.before.splitlines()]
        return "\n".join(marked + [f"+{line}" for line in self.after.splitlines()])

    @property
    def place(self) -> str:
        """The file and the line."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class _Mutation:
    original: cst.CSTNode
    mutated: cst.CSTNode
    function: str
    ranges: tuple[tuple[int, int], ...]


class _Finder(cst.CSTVisitor):
    """Collects the mutations of a module."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.mutations: list[_Mutation] = []
        self._around: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, NO_EFFECT) or _is_left_out(node):
            return False
        self._around.append(node)
        for mutated in possible(node):
            self.mutations.append(_Mutation(node, mutated, self._function(), self._ranges()))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self._around and self._around[-1] is original_node:
            self._around.pop()

    def _function(self) -> str:
        return ".".join(
            node.name.value for node in self._around if isinstance(node, cst.FunctionDef | cst.ClassDef)
        )

    def _ranges(self) -> tuple[tuple[int, int], ...]:
        """The lines of the node, of its statement without those in it, and of its function."""
        found = []
        for of_type in (
            cst.CSTNode,
            cst.BaseExpression | cst.BaseSmallStatement,
            cst.BaseStatement | cst.MatchCase,
            cst.FunctionDef,
        ):
            for node in reversed(self._around):
                if isinstance(node, of_type) and (lines := self._lines(node)):
                    found.append(lines)
                    break
        return tuple(dict.fromkeys(found))

    def _lines(self, node: cst.CSTNode) -> tuple[int, int] | None:
        position = self.get_metadata(PositionProvider, node, None)
        if not isinstance(position, CodeRange):
            return None
        body = getattr(node, "body", None)
        inside = self.get_metadata(PositionProvider, body, None) if isinstance(body, cst.CSTNode) else None
        is_head = isinstance(inside, CodeRange) and not isinstance(node, cst.FunctionDef)
        last = inside.start.line - 1 if is_head and isinstance(inside, CodeRange) else position.end.line
        return position.start.line, max(last, position.start.line)


def _is_left_out(node: cst.CSTNode) -> bool:
    """Whether nothing in a node is mutated. A wrong type in ``isinstance`` would only raise."""
    return isinstance(node, cst.If | cst.Arg | cst.Call) and m.matches(node, LEFT_OUT)


class Module:
    """A module and its mutations."""

    def __init__(self, root: Path, path: Path) -> None:
        self.path = path
        self.source = (root / path).read_text(encoding="utf-8")
        wrapper = MetadataWrapper(cst.parse_module(self.source))
        self._tree = wrapper.module
        finder = _Finder()
        wrapper.visit(finder)
        self._mutations = finder.mutations

    def __len__(self) -> int:
        return len(self._mutations)

    def mutant(self, number: int) -> Mutant:
        """The mutant of that number."""
        mutation = self._mutations[number]
        mutated = self._tree.deep_replace(mutation.original, mutation.mutated)
        assert isinstance(mutated, cst.Module)
        before, after, line = _difference(self.source, mutated.code)
        return Mutant(self.path, mutation.function, line, mutation.ranges, mutated.code, before, after)


def _difference(before: str, after: str) -> tuple[str, str, int]:
    """The lines that differ, before and after, and the number of the first."""
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    changes = [change for change in matcher.get_opcodes() if change[0] != "equal"]
    first, last = changes[0], changes[-1]
    return "\n".join(old[first[1] : last[2]]), "\n".join(new[first[3] : last[4]]), first[1] + 1


def modules_of(root: Path, paths: Sequence[Path]) -> Iterator[Path]:
    """The modules that paths name: themselves, or all in a folder."""
    for path in paths:
        if (root / path).is_dir():
            yield from sorted(file.relative_to(root) for file in (root / path).rglob("*.py"))
        else:
            yield path


def sample(root: Path, paths: Sequence[Path], count: int, seed: int) -> list[Mutant]:
    """Mutants by chance, each of all that are possible as likely as the other."""
    modules = [Module(root, path) for path in modules_of(root, paths)]
    every = [(module, number) for module in modules for number in range(len(module))]
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    return [module.mutant(number) for module, number in chosen]
