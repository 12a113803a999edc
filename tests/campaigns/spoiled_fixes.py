"""Spoils the fixes of a program one after the other: whatever the engine still writes must not be worse."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from zlib import crc32

from codemods.engine import analyse
from tests.campaigns.variations import Files
from tests.campaigns.wrong_rules import Spoil, release_in_another_variant, wrong_rules
from tests.second_opinion.comparison import compare_from
from tests.second_opinion.generated_functions import entries_of
from tests.second_opinion.writing.support import SUPPORT
from tml_ast import SourceEdit, apply, nodes, parse

SYMBOL = "WINDOWS"
"""What decides between the variants of a program: it is defined on one of the platforms that are judged."""

MOST = 6
"""How many fixes of one program are spoiled."""


@dataclass(slots=True)
class Spoiled:
    """What was spoiled, by the kind of the mistake."""

    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    harmless: Counter[str] = field(default_factory=Counter)
    """Those that were written, and leave the program no worse than it was."""

    def add(self, other: Spoiled) -> None:
        """Add what another process tried."""
        self.tried.update(other.tried)
        self.refused.update(other.refused)
        self.harmless.update(other.harmless)


class Written(AssertionError):
    """A spoiled fix that was written although it is worse than what it should fix."""


def spoil_each(files: Files, spoil: Spoil, phase: int, spoiled: Spoiled) -> None:
    """Spoil some fixes of a program, each by itself. Raises Written for one that the engine lets through."""
    name = spoil.__name__
    chance = random.Random(crc32(b"".join(files.values())))
    if spoil is release_in_another_variant:
        files = in_variants(files, chance)
    with wrong_rules(spoil, -1) as all_:
        analyse(files, [phase])
    if any(worse(files, files)):
        return
    for number in sorted(chance.sample(range(len(all_)), min(MOST, len(all_)))):
        with wrong_rules(spoil, number) as found:
            result = analyse(files, [phase])
        changed = {path: change.after for run in result.phases for path, change in run.changes.items()}
        spoiled.tried[name] += 1
        complaints = list(worse(files, {**files, **changed}))
        if complaints:
            texts = [f"--- {path}\n{text.decode()}" for path, text in changed.items() if path not in SUPPORT]
            before = [f"--- {path} before\n{files[path].decode()}" for path in changed if path not in SUPPORT]
            raise Written("\n".join([name, str(found[-1]), *complaints, *before, *texts]))
        (spoiled.refused if result.errors else spoiled.harmless)[name] += 1


def worse(before: Files, after: Files) -> Iterator[str]:
    """What is wrong with the fixed version, on any platform; or with the program itself."""
    try:
        comparison = compare_from(entries_of(before), before, after, library=SUPPORT)
    except Exception as error:  # whatever the machine stumbles over, a compiler would refuse
        yield f"{type(error).__name__}: {error}"
        return
    if comparison is None:
        yield "the program is at fault itself"
    else:
        yield from comparison.complaints


def in_variants(files: Files, chance: random.Random) -> Files:
    """The program with statements that stand in one branch of an `#if` or in both."""
    changed = dict(files)
    for path, source in files.items():
        if path in SUPPORT or b"#" in source:
            continue
        edits = []
        for function in parse(source).walk():
            if isinstance(function, nodes.Function) and function.body is not None:
                blocks = [node for node in function.body.walk() if isinstance(node, nodes.Block)]
                lines = [line for block in blocks for line in _whole_lines(source, block)]
                if lines:
                    edits.append(_conditional(source, chance.choice(lines), chance))
        changed[path] = apply(source, edits)
    return changed


def _whole_lines(source: bytes, block: nodes.Block) -> Iterator[nodes.Node]:
    """The statements of a block that have lines of their own, and are not its value."""
    for statement in block.statements[:-1]:
        start, end = source.rfind(b"\n", 0, statement.start) + 1, source.index(b"\n", statement.end)
        if not source[start : statement.start].strip() and not source[statement.end : end].strip():
            yield statement


def _conditional(source: bytes, statement: nodes.Node, chance: random.Random) -> SourceEdit:
    start, end = source.rfind(b"\n", 0, statement.start) + 1, source.index(b"\n", statement.end) + 1
    text = source[start:end]
    is_plain = isinstance(statement, nodes.ExpressionStatement) and text.strip().startswith(b"note(")
    other = b"" if is_plain and chance.random() < 0.5 else b"#else\n" + text
    return SourceEdit(start, end, b"#if " + SYMBOL.encode() + b"\n" + text + other + b"#endif\n")
