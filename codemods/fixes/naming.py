"""Names for what a fix binds, and the words of messages: exits, quoted code, lists of names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from codemods.fixes.context import Context
from codemods.ownership.cfg.graph import Exit, ExitKind, Role, Site, Use
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.summaries.origins import HANDING_OUT
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.lexer import KEYWORDS
from tml_ast.nodes import Expression

_LONGEST_QUOTE = 40
_RESULTS = ("result", "outcome", "returned", "answer", "final_result")
_QUESTION = re.compile(r"(?:is|has|can)_")
_VAGUE = frozenset(
    ("str", "string", "text", "val", "value", "data", "other", "msg", "arg", "item", "content")
)
"""Names of parameters that do not say what is given for them."""
_MADE_BY = {
    **dict.fromkeys(("substring", "slice", "substr"), "part"),
    **dict.fromkeys(("trim", "strip"), "trimmed"),
    **dict.fromkeys(("join", "concat"), "joined"),
    **{verb: f"{verb}ed" for verb in ("render", "append", "convert", "escape", "quote", "wrap", "unwrap")},
    "lowercase": "lower",
    "uppercase": "upper",
    "replace": "replaced",
    "repeat": "repeated",
    "format": "formatted",
    "pad": "padded",
    "encode": "encoded",
    "decode": "decoded",
    "serialize": "serialized",
    "build": "built",
    "read": "content",
    **dict.fromkeys(("i64", "i32", "u64", "u32", "int"), "digits"),
}
"""What a call makes, by its verb."""
_PARTICIPLES = frozenset(made for made in _MADE_BY.values() if made.endswith("ed")) | {
    "lower",
    "upper",
    "built",
}
_SPARE = ("current", "found", "single")
"""Words that tell a name apart where nothing better does."""
_VERBS = frozenset(
    "get set new make create build open parse read write finish finalize flush update clone copy "
    "duplicate to from into with unwrap expect pop push take next send recv encode decode encrypt "
    "decrypt digest compress decompress sign verify derive generate load save connect accept bind "
    "listen run exec split join find match collect filter map concat append insert remove replace "
    "format render convert export import".split()
)
"""First words of calls that say what is done, and not what is returned."""
_CONVERSION = re.compile(r"^(?:(?:to|as|get)_)?(?:string|str)$|^(?:to|as|get)_|_to_str(?:ing)?$")


def snake_case(name: str) -> str:
    """``RouteMatch`` as ``route_match``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def result_name(
    context: Context, function: FunctionInfo, value: Expression, taken: Iterable[str] = ()
) -> str:
    """A name for a value that is bound before it is returned."""
    called = called_name(value)
    if isinstance(value, nodes.Call) and value.function.text == f"{function.returns.bare}::{called}":
        stem = snake_case(function.returns.bare)
        return context.names.for_consumed(function, stem, f"made_{stem}", f"returned_{stem}", taken=taken)
    names = [*_RESULTS]
    if function.returns.name == "Bool" and _QUESTION.match(function.name):
        names.insert(0, function.name)
    return context.names.for_consumed(function, *names, taken=taken)


def string_name(
    context: Context,
    function: FunctionInfo,
    value: Expression,
    taken: Iterable[str] = (),
    site: Site | None = None,
) -> str:
    """A name for a string that is bound before it is used, at a site if that is given.

    It is named for what it is for: the parameter or field that it goes to, or what was made of what.
    """
    stems = (*_roles(site), _string_stem(value))
    subjects = [*_bound_names(context, value), *_subjects(function, value)]
    told = (told_apart(stem, subject) for subject in subjects for stem in stems)
    spare = (f"{word}_{stem}" for word in _SPARE for stem in stems)
    return context.names.for_dropped(function, *stems, *filter(None, told), *spare, taken=taken)


def names_like(function: FunctionInfo, stem: str, value: Expression | None) -> tuple[str, ...]:
    """A name for a value, and others for where it is in use: ``key``, or ``path_key`` of ``slice(path)``."""
    return (stem, *other_names(function, stem, value))


def other_names(function: FunctionInfo, stem: str, value: Expression | None) -> tuple[str, ...]:
    """Names for a value in the place of another name."""
    told = (told_apart(stem, subject) for subject in _subjects(function, value))
    return (*filter(None, told), *(f"{word}_{stem}" for word in _SPARE))


def told_apart(stem: str, subject: str) -> str | None:
    """A name that says what something was made of or for: ``req_scheme``, ``trimmed_key``."""
    if len(subject) < 2 or set(subject.split("_")) & set(stem.split("_")) or subject in _VAGUE:
        return None
    return f"{stem}_{subject}" if stem in _PARTICIPLES else f"{subject}_{stem}"


def _subjects(function: FunctionInfo, value: Expression | None) -> Iterator[str]:
    """What a call is made on or given first, by its name."""
    while isinstance(value, nodes.Propagate) or (
        isinstance(value, nodes.MethodCall) and value.name in HANDING_OUT
    ):
        value = value.operand if isinstance(value, nodes.Propagate) else value.receiver
    match value:
        case nodes.MethodCall():
            about = value.receiver
        case nodes.Call() if value.arguments:
            about = value.arguments[0]
        case nodes.Cast():
            yield from _subjects(function, value.operand)
            return
        case nodes.StructLiteral():
            yield snake_case(value.path.segments[-1]).rpartition("_")[2]
            return
        case nodes.Path():
            about = value
        case _:
            return
    if isinstance(about, nodes.This) and function.owner is not None:
        yield snake_case(function.owner.bare)
    elif isinstance(about, nodes.FieldAccess):
        yield about.name
    elif isinstance(about, nodes.Path) and about.text.isidentifier():
        yield about.text


def without_raw(name: str) -> str:
    """``subtype`` for ``subtype_raw``."""
    return "_".join(word for word in name.split("_") if word != "raw") or name


def _bound_names(context: Context, value: Expression) -> Iterator[str]:
    """The string variable whose value something becomes a part of."""
    for parent in context.ancestors(value):
        if isinstance(parent, nodes.Block):
            return
        if isinstance(parent, nodes.Let) and isinstance(parent.pattern, nodes.BindingPattern):
            if parent.annotation is not None and parent.annotation.text == "Str":
                yield without_raw(parent.pattern.name)
            return


def singular(name: str) -> str:
    """A name for one element of a list: ``value`` for ``values``."""
    one = f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")
    return one if one != name and len(one) > 2 and one not in KEYWORDS else f"one_of_{name}"


def raw_names(name: str) -> tuple[str, ...]:
    """Names for the number that holds the string of a variable."""
    stem = without_raw(name)
    names = (f"raw_{stem}", f"{stem}_address", f"held_{stem}")
    return tuple(each for each in names if each != name)


def _roles(site: Site | None) -> Iterator[str]:
    """What a string is for at a site."""
    if site is None:
        return
    if isinstance(site.parent, Expression) and (called_name(site.parent) or "").startswith("assert"):
        yield "message"
    elif isinstance(site.parent, nodes.FieldInit):
        yield site.parent.name
    elif site.role is Role.ARGUMENT and site.callee is not None:
        parameters = site.callee.values
        name = parameters[site.position].name if site.position < len(parameters) else None
        if name is not None and len(name) > 2 and name not in _VAGUE:
            yield name


def _string_stem(value: Expression) -> str:
    """What a string is: ``trimmed`` for ``trim(s)``, ``age`` for ``age_to_string()``."""
    if isinstance(value, nodes.InterpolatedString):
        return "text"
    if isinstance(value, nodes.Propagate):
        return _string_stem(value.operand)
    if isinstance(value, nodes.MethodCall) and value.name in HANDING_OUT:
        return _string_stem(value.receiver)
    letter = _letter(value)
    if letter is not None:
        return letter
    called = snake_case(called_name(value) or "").removesuffix("_text")
    stem = _CONVERSION.sub("", called)
    first = stem.partition("_")[0]
    return _MADE_BY.get(stem) or _MADE_BY.get(first) or stem or ("rendered" if called else "text")


def _letter(value: Expression) -> str | None:
    """``ch`` for ``slice(at, at + 1)``, and ``next_ch`` for ``slice(at + 1, at + 2)``."""
    if not isinstance(value, nodes.Call | nodes.MethodCall) or len(value.arguments) < 2:
        return None
    if _MADE_BY.get(called_name(value) or "") != "part":
        return None
    start, end = (argument.text for argument in value.arguments[-2:])
    if end == f"{start} + 1":
        return "ch"
    return "next_ch" if start.endswith(" + 1") and end == f"{start[:-1]}2" else None


def owner_name(
    context: Context,
    function: FunctionInfo,
    type_: Type,
    taken: Iterable[str] = (),
    value: Expression | None = None,
    reusable: Iterable[str] = (),
) -> str:
    """A name for a value of ``type_`` that is bound to be released: the noun of the call, or of its type."""
    stem = snake_case(type_.bare)
    noun = noun_of(value)
    names = [*([noun] if noun is not None else ()), *names_like(function, stem, value)]
    return context.names.for_dropped(function, *names, taken=taken, reusable=reusable)


def element_name(context: Context, function: FunctionInfo, type_: Type, of: str, taken: Iterable[str]) -> str:
    """A name for an element of a list: ``pair`` for ``pairs``, or the noun of its type."""
    one, stem = _plain_singular(of), snake_case(type_.bare)
    names = [*([one] if one is not None else ()), stem, *(f"{word}_{stem}" for word in _SPARE)]
    return context.names.for_dropped(function, *names, taken=taken)


def noun_of(value: Expression | None) -> str | None:
    """What a call returns, where it says so: ``subject`` of ``subject()``, ``pair`` of ``pairs.get(i)``."""
    if not isinstance(value, nodes.MethodCall):
        return None
    if value.name in HANDING_OUT:
        return noun_of(value.receiver)
    if value.name == "get" and isinstance(value.receiver, nodes.Path) and value.receiver.text.isidentifier():
        return _plain_singular(value.receiver.text)
    noun = value.name.removesuffix("_at")
    if (value.arguments and noun == value.name) or noun.partition("_")[0] in _VERBS or len(noun) < 3:
        return None
    return None if noun in KEYWORDS else noun


def _plain_singular(name: str) -> str | None:
    one = singular(name)
    return None if one.startswith("one_of_") else one


def count_name(context: Context, function: FunctionInfo, value: Expression, taken: Iterable[str]) -> str:
    """A name for a number that is read from a value before that is released."""
    stem = snake_case(called_name(value) or "number")
    return context.names.for_dropped(function, f"{stem}_before", f"old_{stem}", taken=taken)


_EXIT_WORDS = {
    ExitKind.RETURN: "the return",
    ExitKind.TAIL: "the function end",
    ExitKind.END: "the function end",
    ExitKind.SCOPE: "the block end",
    ExitKind.ARM: "the arm end",
    ExitKind.BREAK: "the break",
    ExitKind.CONTINUE: "the continue",
    ExitKind.PROPAGATE: "the error exit",
    ExitKind.THROW: "the throw",
}


def exit_offset(exit_: Exit) -> int:
    """The byte offset of the line that a message names for an exit."""
    ends = exit_.kind in (ExitKind.END, ExitKind.SCOPE, ExitKind.ARM)
    return exit_.node.end - 1 if ends else (exit_.value or exit_.node).start


def describe_exits(exits: Iterable[Exit], line: Callable[[int], int]) -> str:
    """``the returns on lines 36 and 43, the arm end on line 45``."""
    lines: dict[str, set[int]] = {}
    for exit_ in exits:
        lines.setdefault(_EXIT_WORDS[exit_.kind], set()).add(line(exit_offset(exit_)))
    words = []
    for word, numbers in lines.items():
        *before, last = sorted(numbers)
        if before:
            words.append(f"{word}s on lines {', '.join(map(str, before))} and {last}")
        else:
            words.append(f"{word} on line {last}")
    return ", ".join(words)


def short_code(text: str) -> str:
    """Code on one line, cut where it gets long, but not within a word."""
    line = " ".join(text.split())
    if len(line) <= _LONGEST_QUOTE:
        return line
    last = _LONGEST_QUOTE - 3
    whole = re.sub(r"\w+$", "", line[:last]) if re.match(r"\w\w", line[last - 1 :]) else line[:last]
    return f"{whole or line[:last]}..."


def quoted_names(names: Sequence[str]) -> str:
    """``a``, ``b`` and ``c``, in backquotes."""
    return listed([f"`{name}`" for name in names])


def unknown_call(use: Use) -> str | None:
    """The name of a call that is given a value, or is made on it, where no code says what it does with it."""
    site = use.site
    if site.role not in (Role.ARGUMENT, Role.RECEIVER) or site.through is not None:
        return None
    if site.callee is not None and site.callee.node.body is not None:
        return None
    return called_name(site.parent) if isinstance(site.parent, Expression) else None


def assumed_of(calls: Sequence[str], value: str) -> str:
    """The assumption that calls leave a value alone: ``keep() neither keeps nor releases it``."""
    if len(calls) == 1:
        return f"{calls[0]}() neither keeps nor releases {value}"
    return f"none of {listed([f'{call}()' for call in calls])} keeps or releases {value}"


def listed(items: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
