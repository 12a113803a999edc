"""The same program in other words: with other names, another layout, comments, dead code, a module more.

What a program owns and what it leaks is the same in each. All of this is done on tokens, so it works for any
source that the lexer reads.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from codemods.semantics.catalogue import catalogue_files
from codemods.semantics.module_paths import is_test_path
from codemods.semantics.release_methods import OTHER_RELEASE_NAMES, RELEASE_NAMES
from tml_ast import SourceEdit, apply, nodes, parse, tokenize

Files = Mapping[str, bytes]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Variation:
    """A program in other words, and what was done to it."""

    name: str
    files: Files
    added: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    """What was put into a file; each stands there once."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The new names by the old ones."""

    def without_additions(self, path: str, source: bytes) -> bytes | None:
        """A version of a file without what was added to it; None if that is no longer there as it was."""
        for text in self.added.get(path, ()):
            if source.count(text) != 1:
                return None
            source = source.replace(text, b"")
        return source

    def spans(self, path: str) -> list[Span]:
        """Where the additions are in a file."""
        source = self.files[path]
        return [(source.index(text), source.index(text) + len(text)) for text in self.added.get(path, ())]

    def place(self, path: str, offset: int) -> int | None:
        """The number of an offset's token in the program as it was; None within an addition."""
        spans = self.spans(path)
        if any(start < offset < end for start, end in spans):
            return None
        starts = [token.start for token in tokenize(self.files[path])]
        inside = [number for number in starts if any(start <= number < end for start, end in spans)]
        return bisect_left(starts, offset) - bisect_left(inside, offset)


# -- names ----------------------------------------------------------------------------------------

_MEANING = frozenset(
    (*RELEASE_NAMES, *OTHER_RELEASE_NAMES, "new", "main", "duplicate", "to_string", "debug_string", "_")
)
"""Names that say something to the compiler or to tmlfix."""

_SPEAKING = re.compile(
    r"^assert|^(to|as|get|take|into)_|response$|map$|table$|url$|json$|value$", re.IGNORECASE
)
"""Names whose words say something to tmlfix: the types that the plan wants released, and conversions."""


def renamed(files: Files, chance: random.Random) -> Variation:
    """Other names for all that the program declares, in another order of the alphabet."""
    names = {
        name: f"{chance.choice('ABCXYZ')}q{name}"
        if name[:1].isupper()
        else f"{chance.choice('abcxyz')}q_{name}"
        for name in sorted(_declared(files) - _fixed_names(files))
    }
    return Variation(
        "other names", {path: _with_names(source, names) for path, source in files.items()}, names=names
    )


def _with_names(source: bytes, names: Mapping[str, str]) -> bytes:
    edits = (
        SourceEdit(token.start, token.end, names[token.text].encode())
        for token in tokenize(source)
        if token.type == "IDENT" and token.text in names
    )
    return apply(source, edits)


def _declared(files: Files) -> set[str]:
    """What is declared anywhere in the files: items, fields, parameters and variables."""
    found: set[str] = set()
    for source in files.values():
        for node in parse(source).walk():
            found.update(_names_of(node))
    return found


def _names_of(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.Impl() | nodes.Use() | nodes.ModuleDeclaration() | nodes.Namespace():
            return
        case nodes.Item() | nodes.Var() | nodes.BindingPattern() | nodes.Variant():
            yield node.name
        case nodes.Parameter() if node.name and not node.is_receiver:
            yield node.name


def _fixed_names(files: Files) -> set[str]:
    """Names that are not the program's own to choose."""
    found = set(_MEANING)
    own = {
        node.name
        for source in files.values()
        for node in parse(source).walk()
        if isinstance(node, nodes.Behavior)
    }
    for file in catalogue_files():
        found.update(
            node.name
            for node in parse(file.source).walk()
            if isinstance(node, nodes.Item) and not isinstance(node, nodes.Impl | nodes.Use)
        )
    for path, source in files.items():
        found.update(re.findall(r"\w+", path))
        for node in parse(source).walk():
            if isinstance(node, nodes.Use):
                found.update(_foreign(node, files))
            elif isinstance(node, nodes.Impl) and node.behavior is not None:
                if re.match(r"\w+", node.behavior.text)[0] not in own:  # type: ignore[index]
                    found.update(function.name for function in node.functions)
            elif isinstance(node, nodes.Function) and node.body is None:
                found.add(node.name)
    declared = _declared(files)
    return found | {name for name in declared if _SPEAKING.search(name)}


def _foreign(use: nodes.Use, files: Files) -> Iterable[str]:
    """The names that a use takes from elsewhere; module names are never changed."""
    names = re.findall(r"\w+", use.text)
    stems = {re.findall(r"\w+", path)[-2] for path in files}
    return () if stems & set(names[:-1]) else names


# -- layout ---------------------------------------------------------------------------------------

_INDENTATION = re.compile(rb"(?m)^((?:    )+)(?=\S)")


def reindented(files: Files, chance: random.Random) -> Variation:
    """Another indentation, other line ends, blanks at the ends of lines, a line for each argument."""
    unit = chance.choice((b"\t", b"  ", b"        "))
    ending = chance.choice((b"\n", b"\r\n"))
    spread = chance.choice((False, True))

    def laid_out(source: bytes) -> bytes:
        if b"`" in source or b"/*" in source or b"\r" in source:
            return source
        source = _INDENTATION.sub(lambda match: unit * (len(match[1]) // 4), source)
        if spread:
            source = _spread(source)
        lines = source.split(b"\n")
        return ending.join(
            line if line.lstrip().startswith(b"#") else line + chance.choice((b"", b"", b"", b" "))
            for line in lines
        )

    return Variation("another layout", {path: laid_out(source) for path, source in files.items()})


def _spread(source: bytes) -> bytes:
    """A line of its own for each argument of some calls."""
    tree = parse(source)
    strings = [(node.start, node.end) for node in tree.walk() if isinstance(node, nodes.InterpolatedString)]
    edits = [
        SourceEdit(child.start, child.start, b"\n        ")
        for node in tree.walk()
        if isinstance(node, nodes.Arguments) and not any(start < node.start < end for start, end in strings)
        for child in node.all(nodes.Expression)
    ]
    return apply(source, edits)


# -- additions ------------------------------------------------------------------------------------

_COMMENTS = (
    b"// nothing to see here 4711",
    b"// the next line leaks; destroy() it } 4711",
    b"/// Not a word about it. 4711",
    b"/* let them = lowlevel { mem_free(reel) } 4711 */",
)


def commented(files: Files, chance: random.Random) -> Variation | None:
    """A comment in a file, on a line of its own or at the end of one."""
    path, source = _some_file(files, chance)
    comment = chance.choice(_COMMENTS)
    lines = [offset for offset in _line_starts(source) if _is_between_tokens(source, offset)]
    if not lines:
        return None
    offset = chance.choice(lines)
    if chance.random() < 0.5 or offset == 0:
        text = _indentation(source, offset) + comment + b"\n"
    else:
        offset -= 2 if source[:offset].endswith(b"\r\n") else 1
        text = b" " + (comment if comment.startswith(b"/*") else b"// " + comment.lstrip(b"/ "))
    return _with_addition("a comment", files, path, offset, text)


_UNUSED = (
    b"func unused_4711(count: I64) -> I64 {\n    return count + 1\n}\n\n",
    b'pub func unused_4711(text_4711: Str) -> I64 {\n    if text_4711 == "a" {\n        return 1\n'
    b"    }\n    return 0\n}\n\n",
    b"type Unused4711 {\n    number_4711: I64,\n}\n\nimpl Unused4711 {\n    func size_4711(this) -> I64 {\n"
    b"        return this.number_4711\n    }\n}\n\n",
    b"const UNUSED_4711: I64 = 4711\n\n",
)


def with_unused_item(files: Files, chance: random.Random) -> Variation | None:
    """A function, type or constant that nobody uses, in front of some item that is no impl."""
    path, source = _some_file(files, chance)
    items = [item for item in parse(source).items if not isinstance(item, nodes.Use | nodes.Impl)]
    if not items:
        return None
    offset = source.rfind(b"\n", 0, chance.choice(items).start) + 1
    while source[:offset].endswith(b"///") or _line_before(source, offset).startswith((b"///", b"@", b"#")):
        offset = source.rfind(b"\n", 0, offset - 1) + 1
    return _with_addition("an unused item", files, path, offset, chance.choice(_UNUSED))


def with_dead_statement(files: Files, chance: random.Random) -> Variation | None:
    """A variable that nobody reads, in front of some statement; or after a return.

    Not in a block with a single one: there the compiler frees temporaries at another place.
    """
    path, source = _some_file(files, chance)
    places = []
    for node in parse(source).walk():
        if isinstance(node, nodes.Block) and len(node.statements) > 1:
            for statement in node.statements:
                start = source.rfind(b"\n", 0, statement.start) + 1
                if not source[start : statement.start].strip():
                    places.append(start)
    if not places:
        return None
    offset = chance.choice(places)
    text = _indentation(source, offset) + b"let unused_4711: I64 = 4711\n"
    return _with_addition("a dead statement", files, path, offset, text)


def with_unrelated_module(files: Files, chance: random.Random) -> Variation:
    """A module that nobody uses, which leaks or not, beside the others; or a test of nothing of theirs."""
    path = next(iter(sorted(files)))
    library = next((path for path in sorted(files) if not is_test_path(path)), None)
    name = (
        f"{library.rpartition('/')[0]}/aside_4711.tml"
        if library
        else path.replace(".test.tml", "_4711.test.tml")
    )
    if is_test_path(name) or chance.random() < 0.3:
        test = next((path for path in sorted(files) if is_test_path(path)), path)
        name = f"{test.rpartition('/')[0]}/aside_4711.test.tml"
    return Variation("an unrelated module", {**files, name: chance.choice(_MODULES)})


_MODULES = (
    b"""\
use core::str

pub func twice_4711(aside_text: Str) -> I64 {
    let doubled_4711: Str = str::repeat(aside_text, 2)
    return str::len(doubled_4711)
}
""",
    b"""\
use core::intrinsics::{mem_alloc, mem_free}

pub type Aside4711 { handle_4711: *Unit }

impl Aside4711 {
    pub func made_4711(size: I64) -> Aside4711 {
        return Aside4711 { handle_4711: lowlevel { mem_alloc(size) } }
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.handle_4711) }
    }
}

pub func aside_4711() -> I64 {
    let aside = Aside4711::made_4711(8)
    return 4711
}
""",
)


def _some_file(files: Files, chance: random.Random) -> tuple[str, bytes]:
    path = chance.choice(sorted(files))
    return path, files[path]


def _with_addition(name: str, files: Files, path: str, offset: int, text: bytes) -> Variation:
    source = files[path]
    if b"\r\n" in source:
        text = text.replace(b"\n", b"\r\n")
    changed = source[:offset] + text + source[offset:]
    return Variation(f"{name} in {path}", {**files, path: changed}, {path: (text,)})


def _line_starts(source: bytes) -> list[int]:
    return [0, *(match.end() for match in re.finditer(rb"\n", source) if match.end() < len(source))]


def _is_between_tokens(source: bytes, offset: int) -> bool:
    """Whether an offset is not within a template, a comment or preprocessor lines."""
    if source.startswith((b"#", b"///", b"//!"), offset) or source[:offset].rstrip(b"\n").endswith(b"#"):
        return False
    previous = _line_before(source, offset)
    if previous.startswith((b"#", b"//")) or b"/*" in source:
        return False
    return all(not token.start < offset < token.end for token in tokenize(source)) and b"`" not in source


def _line_before(source: bytes, offset: int) -> bytes:
    return source[source.rfind(b"\n", 0, max(offset - 1, 0)) + 1 : offset].strip()


def _indentation(source: bytes, offset: int) -> bytes:
    found = re.compile(rb"[ \t]*").match(source, offset)
    return found[0] if found else b""
