"""What the symbol of a foreign function says that it does: whether it releases what it is given.

Nothing but its name and its signature tells. A symbol is read as words: ``SSL_CTX_free``, ``CloseHandle`` and
``sqlite3_close_v2`` are releases by their verbs; ``db_is_closed`` and ``disk_free_bytes`` ask. Where words
could mean both, the answer is that it may release: then nothing is done about the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from codemods.semantics.symbols import SCALARS, UNIT, ParameterInfo, Type, refers_to_str
from codemods.semantics.words import words_in


class Verdict(Enum):
    """Whether a foreign function releases an argument."""

    RELEASES = auto()
    MAY_RELEASE = auto()
    LEAVES = auto()


_MEMORY_VERBS = frozenset("free dealloc deallocate unref decref".split())
"""The verbs for a block, which give a string back as well: a path or name is never freed by them."""

_VERBS = _MEMORY_VERBS | frozenset("destroy dispose release close delete drop unmap dtor".split())
_C_VERBS = frozenset(
    """fclose pclose closedir closesocket dlclose gzclose munmap freeaddrinfo freeifaddrs regfree globfree
    wordfree cfree kfree vfree freelocale""".split()
)
"""The releases of the C library that are written as one word."""

_MAY_RELEASE = frozenset("cleanup deinit fini".split())
_RUN_TOGETHER = ("free", "close", "destroy", "dispose", "release", "delete")
_ENDINGS = frozenset("d s r rs st ly ness dom ze zes zer zing ing ed er ers t".split())
"""What makes another word of a verb, as in closed, closest, freedom or destroyer."""
_OTHER_WORDS = frozenset("enclose disclose undelete foreclose carefree prerelease".split())

_ASKING = frozenset(
    """is are has have had can could was were did does do should shall will would must needs need may might
    get count query find next first last lookup peek check supports num on""".split()
)
_MEASURES = frozenset(
    """bytes byte size len length count total space memory mem pages page blocks slots capacity percent ratio
    rate time date code reason status state flag flags mode policy version name kb mb gb""".split()
)
_ANSWERS = frozenset("I64 U64 Usize Isize Bool".split())
"""What a function that is called after something free answers with: how much, or whether."""
_ADJECTIVES = frozenset("free close drop".split())
"""The verbs that may be no verbs: ``free_bytes``, ``close_time``, ``drop_count``."""
_DELETING = frozenset("delete drop".split())
"""The verbs for what lies in something else, if a string names it."""
_PARTS = frozenset("cache memory mem buffer row item entry element field child lock".split())
"""What a function with the name of the whole before its verb releases inside of the whole."""
_WHOLE = frozenset(
    "all ex handle wrapper object obj ptr pointer instance self ctx context a w now safe".split()
)
_LOCKS = frozenset("lock mutex mtx semaphore sem fence barrier rwlock spinlock latch".split())
_STRINGS = frozenset("str string text cstr cstring chars".split())
_QUANTITIES = frozenset("len length size count n flags flag mode type bytes alignment align".split())
"""Parameters that only say how much or how."""


def verdict(symbol: str, parameters: Sequence[ParameterInfo], returns: Type, position: int) -> Verdict:
    """Whether the function of a symbol releases the argument at a position."""
    said = _verb_says(symbol, parameters, returns)
    if said is Verdict.LEAVES or not 0 <= position < len(parameters):
        return Verdict.LEAVES
    type_ = parameters[position].type
    if type_ is not None and type_.is_str:
        return min(said, _says_of_string(symbol, parameters), key=_CERTAINTY.index)
    handles = [parameter for parameter in parameters if _may_be_handle(parameter, len(parameters))]
    pointers = [parameter for parameter in handles if not _is_number(parameter.type)]
    candidates = pointers or handles
    if parameters[position] not in candidates:
        return Verdict.LEAVES
    return said if len(candidates) == 1 else Verdict.MAY_RELEASE


_CERTAINTY = (Verdict.LEAVES, Verdict.MAY_RELEASE, Verdict.RELEASES)


def _verb_says(symbol: str, parameters: Sequence[ParameterInfo], returns: Type) -> Verdict:
    """What a symbol says of what it is about."""
    words = [word.rstrip("0123456789") or word for word in words_in(symbol)]
    place = next((index for index in reversed(range(len(words))) if words[index] in _VERBS | _C_VERBS), None)
    answers = returns != UNIT
    if place is None:
        unclear = any(word in _MAY_RELEASE or _is_run_together(word) for word in words)
        asks = answers and not _ASKING.isdisjoint(words)
        return Verdict.MAY_RELEASE if unclear and not asks else Verdict.LEAVES
    before, verb, after = words[:place], words[place], words[place + 1 :]
    if verb == "release" and not _LOCKS.isdisjoint(words):
        return Verdict.LEAVES
    if returns.name in ("F32", "F64", "Str"):
        return Verdict.LEAVES
    if not _ASKING.isdisjoint(before) or (after and before[-1:] == ["set"]):
        return Verdict.LEAVES if answers or "on" in before or "set" in before else Verdict.MAY_RELEASE
    if answers and verb in _ADJECTIVES and not _MEASURES.isdisjoint(after):
        return Verdict.LEAVES
    if verb == "free" and len(parameters) == 1 and returns.name in _ANSWERS:
        return Verdict.LEAVES if refers_to_str(parameters[0].type) else Verdict.MAY_RELEASE
    if verb in _DELETING and any(refers_to_str(parameter.type) for parameter in parameters[1:]):
        return Verdict.LEAVES
    objects = [word for word in after if word not in _WHOLE and word not in ("v", "_") and not word.isdigit()]
    if not objects or not _parameter_words(parameters).isdisjoint(objects):
        return Verdict.RELEASES
    if _is_plural(objects[-1]) or (before and objects[-1] in _PARTS):
        return Verdict.MAY_RELEASE
    return Verdict.RELEASES


def _says_of_string(symbol: str, parameters: Sequence[ParameterInfo]) -> Verdict:
    """Whether a symbol that releases may release a string: what it closes or deletes is named by it."""
    words = {word.rstrip("0123456789") for word in words_in(symbol)}
    if len(parameters) > 1:
        return Verdict.MAY_RELEASE if words & _MEMORY_VERBS else Verdict.LEAVES
    if words & (_MEMORY_VERBS | _STRINGS):
        return Verdict.RELEASES
    return Verdict.MAY_RELEASE if words & {"destroy", "dispose", "release"} else Verdict.LEAVES


def _is_run_together(word: str) -> bool:
    """Whether a word may be a verb and its object written as one, as in ``closefile`` or ``dbfree``."""
    if word in _OTHER_WORDS:
        return False
    return any(
        (word.startswith(verb) and word[len(verb) :] not in _ENDINGS)
        or (word.endswith(verb) and word != verb)
        for verb in _RUN_TOGETHER
    )


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is"))


def _parameter_words(parameters: Sequence[ParameterInfo]) -> frozenset[str]:
    """The words of the names and types of parameters."""
    names = [parameter.name or "" for parameter in parameters]
    for parameter in parameters:
        type_ = parameter.type
        while type_ is not None:
            names.append(type_.bare)
            type_ = type_.arguments[0] if type_.arguments else None
    return frozenset(word for name in names for word in words_in(name))


def _is_number(type_: Type | None) -> bool:
    return type_ is not None and type_.name in ("I32", "U32", "I64", "U64", "Isize", "Usize")


def _may_be_handle(parameter: ParameterInfo, parameters: int) -> bool:
    """Whether a parameter can stand for something that is released; a small number only where it is alone."""
    type_ = parameter.type
    if type_ is None or type_.is_str or not _QUANTITIES.isdisjoint(words_in(parameter.name or "")):
        return False
    if type_.name in ("I32", "U32"):
        return parameters == 1
    return _is_number(type_) or type_.name not in SCALARS
