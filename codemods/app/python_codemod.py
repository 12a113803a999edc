"""A codemod that is a class in Python, run only because the user named it on the command line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from importlib.util import module_from_spec, spec_from_file_location
from itertools import accumulate
from pathlib import Path
from typing import Any

from codemods.model.errors import UserError
from codemods.semantic_patches import Rewrite, RewriteError, Spot
from tml_ast.lexer import TmlSyntaxError
from tml_ast.nodes import Module
from tml_ast.parser import parse
from tml_ast.source_edit import SourceEdit, apply
from tml_ast.visitor import Transformer


def load_class(file: Path, name: str) -> type[Any]:
    """The class of a file: a ``Transformer``, or one with a method ``edits(module)``.

    Raises `UserError` if there is none, or if its file raises.
    """
    specification = spec_from_file_location(file.stem, file)
    if specification is None or specification.loader is None or not file.is_file():
        raise UserError(f"{file}: there is no such file")
    module = module_from_spec(specification)
    writes_nothing, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UserError(_what_happened(file, error)) from None
    finally:
        sys.dont_write_bytecode = writes_nothing
    found = getattr(module, name, None)
    if not isinstance(found, type):
        raise UserError(f"{file}: there is no class {name}")
    if not issubclass(found, Transformer) and not hasattr(found, "edits"):
        raise UserError(f"{file}: {name} is no tml_ast.Transformer and has no method edits(module)")
    return found


def rewrite_with_class(codemod: type[Any], file: Path, path: str, source: bytes) -> Rewrite:
    """What a new object of the class in ``file`` makes of a source.

    Raises `UserError`, `RewriteError` and TmlSyntaxError.
    """
    tree = parse(source)
    made = _made(codemod, file, path, source, tree)
    if made != source:
        try:
            again = _made(codemod, file, path, made, parse(made))
        except TmlSyntaxError as error:
            raise RewriteError(
                Spot(error.line, error.column, f"what it makes is no TML: {error.message}")
            ) from None
        if again != made:
            raise RewriteError(Spot(1, 1, "a second run would change what the first one makes"))
    edits = tuple(_line_edits(source, made, codemod.__name__))
    changed = tuple(spot for edit in edits for spot in edit.owners if isinstance(spot, Spot))
    return Rewrite(source, made, edits, changed)


def _made(codemod: type[Any], file: Path, path: str, source: bytes, tree: Module) -> bytes:
    try:
        worker = codemod()
        if isinstance(worker, Transformer):
            return worker.transform(tree).code()
        edits: Iterable[SourceEdit] = worker.edits(tree)
        return apply(source, edits)
    except (Exception, SystemExit) as error:
        raise UserError(f"{path}: {_what_happened(file, error)}") from None


def _what_happened(file: Path, error: BaseException) -> str:
    """An exception of the user's code in one line, with the last line of it that ran."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename) == file.absolute()]
    place = f"{file}:{own[-1].lineno}" if own else str(file)
    return f"{place}: {type(error).__name__}: {' '.join(str(error).split())}"


def _line_edits(before: bytes, after: bytes, name: str) -> Iterator[SourceEdit]:
    """The lines that change; each group of them is a place by itself."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, old))]
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, False).get_opcodes():
        if kind != "equal":
            spot = Spot(start + 1, 1, name)
            text = b"".join(new[new_start:new_end])
            yield SourceEdit(starts[start], starts[end], text, frozenset((spot,)))
