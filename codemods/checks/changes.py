"""What a change touches: the functions and types whose lines it adds, edits or removes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import lru_cache

from codemods.files.repository import Repository, merge_base
from codemods.files.workspace import MISSING, read_commit
from codemods.model.errors import UserError
from tml_ast import Node, TmlSyntaxError, nodes, parse, position

SIMILAR = 0.5
"""The share of lines that a moved file must have in common with the old file, as in git."""

MOST_LINES = 5_000
"""In longer files, frequent lines are not used for matching: the time would grow with the square."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """The innermost declaration of each line of a file: ``Type.method``, ``function`` or ``Type``."""

    by_line: Mapping[int, str] = field(default_factory=dict)
    types: frozenset[str] = frozenset()
    """The types that the file itself declares, rather than implements."""


@lru_cache(maxsize=256)
def declarations(source: bytes) -> Declarations:
    """The declarations of a file; none if it does not parse."""
    try:
        tree = parse(source)
    except TmlSyntaxError:
        return Declarations()
    by_line: dict[int, str] = {}
    types = set[str]()
    for name, node in _declarations(tree, ""):
        first, last = position(source, node.start)[0], position(source, node.end)[0]
        by_line |= dict.fromkeys(range(first, last + 1), name)
        if isinstance(node, nodes.TypeDeclaration | nodes.Class | nodes.Interface | nodes.Behavior):
            types.add(name)
    return Declarations(by_line, frozenset(types))


def _declarations(parent: Node, owner: str) -> Iterator[tuple[str, Node]]:
    """The declarations of a file, outer ones before those inside of them."""
    for item in parent.all(nodes.Item):
        match item:
            case nodes.Namespace():
                yield from _declarations(item, owner)
            case nodes.Impl() | nodes.Class() | nodes.Interface() | nodes.Behavior():
                name = item.name.partition("[")[0].rpartition("::")[2].strip()
                yield name, item
                yield from _declarations(item, name)
            case nodes.TypeDeclaration():
                yield item.name, item
            case nodes.Function() | nodes.Constructor() | nodes.Property():
                name = "new" if isinstance(item, nodes.Constructor) else item.name
                yield f"{owner}.{name}" if owner else name, item


@dataclass(frozen=True, slots=True)
class _ChangedFile:
    """A changed file: its changed lines, and the declarations that gained or lost lines."""

    lines: frozenset[int]
    names: frozenset[str]
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between two trees."""

    after: Mapping[str, bytes]
    files: Mapping[str, _ChangedFile]
    types: frozenset[str]
    """The types whose declaration changed, in whatever file."""
    since: str | None = None
    """The commit that the change begins with."""

    def touch(self, path: str, line: int) -> bool:
        """Whether the change touches the line, the function around it, or the type that it belongs to.

        A method belongs to its type: with another field, its release may have to do more.
        """
        changed = self.files.get(path, _ChangedFile(frozenset(), frozenset()))
        if changed.is_new or line in changed.lines:
            return True
        if not changed.names and not self.types:
            return False
        here = declarations(self.after[path])
        name = here.by_line.get(line)
        if name is None:
            return False
        owner = name.partition(".")[0]
        elsewhere = self.types if owner not in here.types else frozenset()
        return not {name, owner}.isdisjoint(changed.names | elsewhere)


def changes_since(repository: Repository, revision: str, after: Mapping[str, bytes]) -> Changes:
    """What differs between the files and the last commit that they share with the ``revision``.

    Raises `UserError` if there is no such revision or commit, or if its files are not in the repository.
    """
    commit = merge_base(repository, revision)
    before = read_commit(repository, commit, known=after)
    # What is not there today either is outside of a sparse checkout, or gone: nothing is compared with it.
    missing = (error for error in before.errors if error.message == MISSING)
    lacking = next((error for error in missing if error.path in after), None)
    if lacking is not None:
        advice = f"if it is a partial clone, `git archive {commit} >/dev/null` fetches it"
        raise UserError(f"{lacking.path} of commit {commit[:12]} is not in the git repository; {advice}")
    return replace(compare(before.files, after), since=commit)


def compare(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Changes:
    """The difference between two trees. A file that moved is compared with what it was."""
    origins = _origins(before, after)
    files: dict[str, _ChangedFile] = {}
    types = set[str]()
    for path, content in after.items():
        origin = path if path in before else origins.get(path)
        if origin is None:
            files[path] = _ChangedFile(frozenset(), frozenset(), is_new=True)
            types |= declarations(content).types
        elif content != before[origin]:
            was, now = declarations(before[origin]), declarations(content)
            files[path] = _changed_file(_lines(before[origin]), _lines(content), was, now)
            types |= files[path].names & (was.types | now.types)
    return Changes(after, files, frozenset(types))


def _origins(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> dict[str, str]:
    """The old path of each file that moved: the most similar of the files that are gone."""
    gone = {path: Counter(_lines(before[path])) for path in sorted(before.keys() - after.keys())}
    candidates = []
    for path in sorted(after.keys() - before.keys()):
        lines = Counter(_lines(after[path]))
        candidates += [(_similarity(lines, others), path, origin) for origin, others in gone.items()]
    origins: dict[str, str] = {}
    for similarity, path, origin in sorted(candidates, key=lambda candidate: (-candidate[0], *candidate[1:])):
        if similarity >= SIMILAR and path not in origins and origin not in origins.values():
            origins[path] = origin
    return origins


def _similarity(first: Counter[bytes], second: Counter[bytes]) -> float:
    smaller, larger = sorted((first.total(), second.total()))
    if smaller < larger * SIMILAR:
        return 0.0
    return (first & second).total() / larger


def _lines(content: bytes) -> list[bytes]:
    return [line.removesuffix(b"\r") for line in content.split(b"\n")]


def _changed_file(
    before: Sequence[bytes], after: Sequence[bytes], was: Declarations, now: Declarations
) -> _ChangedFile:
    lines = set[int]()
    names = set[str]()
    for kind, start, end, new_start, new_end in _differences(before, after):
        if kind == "equal":
            continue
        lines.update(range(new_start + 1, new_end + 1))
        names |= _touched(before, start, end, was) | _touched(after, new_start, new_end, now)
        if end > start and not was.by_line:
            # The old file did not parse. The lines count for the declarations around them.
            names |= {now.by_line.get(line, "") for line in (new_start, new_end + 1)} - {""}
    return _ChangedFile(frozenset(lines), frozenset(names))


def _differences(before: Sequence[bytes], after: Sequence[bytes]) -> Iterator[tuple[str, int, int, int, int]]:
    """How one list of lines becomes the other, as `SequenceMatcher.get_opcodes` has it."""
    shorter = min(len(before), len(after))
    head = next((number for number in range(shorter) if before[number] != after[number]), shorter)
    rest = range(1, shorter - head + 1)
    tail = next((number - 1 for number in rest if before[-number] != after[-number]), shorter - head)
    inner_before, inner_after = before[head : len(before) - tail], after[head : len(after) - tail]
    is_long = max(len(inner_before), len(inner_after)) > MOST_LINES
    matcher = SequenceMatcher(None, inner_before, inner_after, autojunk=is_long)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        yield kind, start + head, end + head, new_start + head, new_end + head


def _touched(lines: Sequence[bytes], start: int, end: int, within: Declarations) -> set[str]:
    """The declarations of the lines from ``start`` to ``end``, counted from 0, that hold code."""
    code = (
        number for number in range(start, end) if lines[number].strip() and not _is_comment(lines[number])
    )
    return {within.by_line.get(number + 1, "") for number in code} - {""}


def _is_comment(line: bytes) -> bool:
    return line.lstrip().startswith(b"//")
