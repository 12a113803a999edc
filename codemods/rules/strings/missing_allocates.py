"""missing-allocates: a function makes the string it returns, and the compiler does not know it."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import FunctionInfo
from tml_ast.edit import SourceEdit, indentation_of, line_ending_of


def check(context: Context) -> Iterator[Diagnostic]:
    """The functions of the file whose callers lose the strings that they make."""
    for function in context.functions:
        if context.reservations.loses_strings(function):
            if context.file.is_test and context.reservations.refusal(function.name) is not None:
                continue
            message = (
                f"{function.qualified_name}() makes the string it returns but lacks @allocates, "
                "so callers never free it"
            )
            others = context.reservations.relies_on(function.name)
            repair = _repair(context, function)
            yield context.fix(function, function.node.name_token, message, repair, relies_on=others)


def _repair(context: Context, function: FunctionInfo) -> Repair | Refusal:
    refusal = context.reservations.refusal(function.name)
    if refusal is not None:
        return Refusal(f"not added: {refusal}")
    source, start = context.file.source, function.node.start
    separator = line_ending_of(source, start) + indentation_of(source, start)
    return Repair((SourceEdit(start, start, b"@allocates" + separator),))


RULE = Rule(
    name="missing-allocates",
    summary="A function makes the string it returns, but lacks `@allocates`.",
    reason=(
        "The compiler frees the string of a let, and in tests a temporary one, only if the called name is "
        "marked with `@allocates`. The mark goes by the bare name, without type or module. So it is added "
        "only where every function of that name in the workspace makes what it returns, and where no caller "
        "keeps the string, frees it by hand or interpolates its variable, which frees it as well."
    ),
    check=check,
    examples=(
        Fixed(
            "A caller loses the string",
            """\
use core::str

/// The first letter of a word, or nothing.
pub func initial_of(word: Str) -> Str {
    if str::len(word) == 0 {
        return ""
    }
    return str::substring(word, 0, 1)
}

pub func same_initial(word: Str, other: Str) -> Bool {
    let first: Str = initial_of(word)
    return str::starts_with(other, first as Str)
}
""",
            """\
use core::str

/// The first letter of a word, or nothing.
@allocates
pub func initial_of(word: Str) -> Str {
    if str::len(word) == 0 {
        return ""
    }
    return str::substring(word, 0, 1)
}

pub func same_initial(word: Str, other: Str) -> Bool {
    let first: Str = initial_of(word)
    return str::starts_with(other, first as Str)
}
""",
        ),
        Untouched(
            "Another function of the name makes nothing",
            """\
use core::str

pub type Sign {
    text: Str,
}

impl Sign {
    pub func shout(this) -> Str {
        return this.text
    }
}

pub func shout(word: Str) -> Str {
    return str::to_uppercase(word)
}

pub func is_loud(word: Str) -> Bool {
    let loud: I64 = shout(word) as I64
    let same: Bool = (loud as Str) == word
    if str::len(loud as Str) > 0 { lowlevel { mem_free(loud as *Unit) } }
    return same
}
""",
        ),
    ),
)
