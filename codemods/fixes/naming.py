"""Names for what a fix binds, and the words of messages: exits, quoted code, lists of names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from codemods.fixes.context import Context
from codemods.ownership.cfg.graph import Exit, ExitKind, Role, Site, Use
from codemods.ownership.compiler.drops import called_name
from codemods.ownership.summaries.origins import HANDING_OUT
from codemods.semantics.symbols import FunctionInfo, Type
from tml_ast import nodes
from tml_ast.nodes import Expression

_LONGEST_QUOTE = 40
_CONVERSION = re.compile(r"^(?:(?:to|as|get)_)?(?:string|str)$|^(?:to|as|get)_|_to_str(?:ing)?$")


def snake_case(name: str) -> str:
    """``RouteMatch`` as ``route_match``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def result_name(
    context: Context, function: FunctionInfo, value: Expression, taken: Iterable[str] = ()
) -> str:
    """A name for a value that is bound before it is returned."""
    called = called_name(value)
    if called is None or called[:1].isupper():
        return context.names.for_consumed(function, "result", "return_value", "final_value", taken=taken)
    if isinstance(value, nodes.Call) and value.function.text == f"{function.returns.bare}::{called}":
        stem = snake_case(function.returns.bare)
        return context.names.for_consumed(function, stem, f"new_{stem}", f"returned_{stem}", taken=taken)
    stem = snake_case(called)
    names = (f"{stem}_result", f"{stem}_value", f"{stem}_outcome")
    return context.names.for_consumed(function, *names, taken=taken)


def string_name(
    context: Context,
    function: FunctionInfo,
    value: Expression,
    taken: Iterable[str] = (),
    site: Site | None = None,
) -> str:
    """A name for a string that is bound before it is used, at a site if that is given."""
    if isinstance(value, nodes.InterpolatedString):
        names = (
            ("message", "new_message") if site is not None and _is_asserted(site) else ("text", "new_text")
        )
        return context.names.for_dropped(function, *names, taken=taken)
    stem = _string_stem(value).removesuffix("_text")
    return context.names.for_dropped(function, f"{stem}_text", f"{stem}_copy", f"{stem}_owned", taken=taken)


def _is_asserted(site: Site) -> bool:
    """Whether something is the message of an assertion."""
    return isinstance(site.parent, Expression) and (called_name(site.parent) or "").startswith("assert")


def _string_stem(value: Expression) -> str:
    """What a string is made from: ``n`` for ``n.to_string()``, ``lowercase`` for ``to_lowercase(s)``."""
    if isinstance(value, nodes.Propagate):
        return _string_stem(value.operand)
    if isinstance(value, nodes.MethodCall) and value.name in HANDING_OUT:
        return _string_stem(value.receiver)
    stem = _CONVERSION.sub("", snake_case(called_name(value) or ""))
    if stem:
        return stem
    if isinstance(value, nodes.MethodCall):
        names = re.findall(r"[a-z]\w*", value.receiver.text)
        return snake_case(names[-1]) if names and names[-1] != "this" else "own"
    return "new"


def owner_name(context: Context, function: FunctionInfo, type_: Type, taken: Iterable[str] = ()) -> str:
    """A name for a value of ``type_`` that is bound to be released."""
    stem = snake_case(type_.bare)
    return context.names.for_dropped(function, stem, f"new_{stem}", f"owned_{stem}", taken=taken)


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
