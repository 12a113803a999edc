"""What a file says on one platform: `#if` and its like, by a reader of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

PLATFORMS: dict[str, frozenset[str]] = {
    "Linux": frozenset({"LINUX", "UNIX", "POSIX", "X86_64", "PTR_64", "LITTLE_ENDIAN", "DEBUG", "TEST"}),
    "Windows": frozenset({"WINDOWS", "X86_64", "PTR_64", "LITTLE_ENDIAN", "MSVC", "RELEASE"}),
    "macOS": frozenset({"MACOS", "UNIX", "POSIX", "ARM64", "PTR_64", "LITTLE_ENDIAN", "DEBUG", "TEST"}),
}
"""The symbols that are defined, by the name of the platform."""

_DIRECTIVE = re.compile(rb"[ \t]*#[ \t]*(\w+)(.*)")
_WORD = re.compile(r"\s*(\w+|&&|\|\||[!()])")
_OPERATORS = ("and", "or", "not", "defined")
_SPELLINGS = {"&&": "and", "||": "or", "!": "not"}


def platforms_of(*programs: Mapping[str, bytes]) -> list[str]:
    """The platforms on which these programs may differ; one if they say the same on all."""
    sources = [source for files in programs for source in files.values()]
    is_same = not any(_DIRECTIVE.match(line) for source in sources for line in source.splitlines())
    return list(PLATFORMS)[:1] if is_same else list(PLATFORMS)


def on_platform(files: Mapping[str, bytes], platform: str) -> dict[str, bytes]:
    """The files as they are compiled on a platform. Lines that are left out are empty, so that all keep
    their number."""
    return _with_symbols(files, PLATFORMS[platform])


def variants_of(files: Mapping[str, bytes]) -> list[dict[str, bytes]]:
    """Every form that the files can take, whichever symbols are defined."""
    directives = (
        directive[2].decode()
        for source in files.values()
        for line in source.splitlines()
        if (directive := _DIRECTIVE.match(line))
    )
    symbols = sorted({word for rest in directives for word in re.findall(r"\w+", rest)} - {*_OPERATORS})
    variants = []
    for count in range(len(symbols) + 1):
        for defined in combinations(symbols, count):
            variant = _with_symbols(files, frozenset(defined))
            if variant not in variants:
                variants.append(variant)
    return variants


def _with_symbols(files: Mapping[str, bytes], symbols: frozenset[str]) -> dict[str, bytes]:
    return {path: b"".join(_lines(source, symbols)) for path, source in files.items()}


def _lines(source: bytes, symbols: frozenset[str]) -> Iterator[bytes]:
    open_: list[tuple[bool, bool]] = []
    """For each `#if` that is open, whether its branch is taken, and whether any was."""
    for line in source.splitlines(keepends=True):
        directive = _DIRECTIVE.match(line)
        if directive is None:
            yield line if all(taken for taken, _ in open_) else b"\n"
            continue
        yield b"\n"
        word, rest = directive[1].decode(), directive[2].decode().strip()
        if word in ("if", "ifdef", "ifndef"):
            holds = _holds(rest, symbols) if word == "if" else (rest in symbols) is (word == "ifdef")
            open_.append((holds, holds))
        elif word == "elif":
            _, was_taken = open_.pop()
            holds = not was_taken and _holds(rest, symbols)
            open_.append((holds, was_taken or holds))
        elif word == "else":
            _, was_taken = open_.pop()
            open_.append((not was_taken, True))
        elif word == "endif":
            open_.pop()


def _holds(condition: str, symbols: frozenset[str]) -> bool:
    """Whether a condition holds: a symbol is true where it is defined."""
    words = [_SPELLINGS.get(word, word) for word in _WORD.findall(condition)]
    return _either([word for word in words if word != "defined"], symbols)


def _either(words: list[str], symbols: frozenset[str]) -> bool:
    """``a or b``; takes the words that it reads away."""
    found = _both(words, symbols)
    while words and words[0] == "or":
        words.pop(0)
        found = _both(words, symbols) or found
    return found


def _both(words: list[str], symbols: frozenset[str]) -> bool:
    found = _single(words, symbols)
    while words and words[0] == "and":
        words.pop(0)
        found = _single(words, symbols) and found
    return found


def _single(words: list[str], symbols: frozenset[str]) -> bool:
    word = words.pop(0)
    if word == "not":
        return not _single(words, symbols)
    if word == "(":
        found = _either(words, symbols)
        words.pop(0)
        return found
    return word in symbols
