"""untracked-text: a string is made for a variable that the compiler does not watch.

Each module decides about one way in which a library body loses such a string.
"""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.rules.strings.untracked_text import (
    handed_back,
    held_number,
    lost_on_failure,
    replaced_constant,
    shared_name,
    unbound,
    unmarked_maker,
)

_DECISIONS = (
    unmarked_maker.diagnose,
    shared_name.diagnose,
    replaced_constant.diagnose,
    held_number.diagnose,
    lost_on_failure.diagnose,
)


def check(context: Context) -> Iterator[Diagnostic]:
    """The strings that were made for a variable and that nothing frees."""
    decisions = (unmarked_maker.diagnose,) if context.file.is_test else _DECISIONS
    for _, graph in context.graphs():
        yield from unbound.diagnose(context, graph)
        yield from handed_back.diagnose(context, graph)
        for variable in graph.variables:
            for diagnose in decisions:
                diagnostic = diagnose(context, graph, variable)
                if diagnostic is not None:
                    yield diagnostic
                    break


RULE = Rule(
    name="untracked-text",
    summary="A string is made for a variable that the compiler does not watch.",
    reason=(
        "The compiler drops a string variable only if its initialiser is an interpolation, a concatenation "
        "or a call of an @allocates function. The string of any other call is never freed. In library code "
        "a number holds it, which the compiler never drops, and the string is freed after its last use. A "
        "string that a call may hand back is freed where the call returns another one."
    ),
    check=check,
    examples=(
        Fixed(
            "A number holds the string already",
            """\
use core::str

pub func is_done(line: Str) -> Bool {
    let word: I64 = str::trim(line) as I64
    let done: Bool = (word as Str) == "done"
    return done
}
""",
            """\
use core::str

pub func is_done(line: Str) -> Bool {
    let word: I64 = str::trim(line) as I64
    let done: Bool = (word as Str) == "done"
    if str::len(word as Str) > 0 { lowlevel { mem_free(word as *Unit) } }
    return done
}
""",
        ),
        Fixed(
            "A call that is not marked with @allocates",
            """\
use core::str

pub type Line {
    text: Str,
}

impl Line {
    /// The last word, which stays the line's.
    pub func last_word(this) -> Str {
        return this.text
    }
}

pub func last_word(line: Str) -> Str {
    return str::trim(line)
}

pub func is_done(line: Str) -> Bool {
    let word: Str = last_word(line)
    let done: Bool = word == "done"
    return done
}
""",
            """\
use core::str

pub type Line {
    text: Str,
}

impl Line {
    /// The last word, which stays the line's.
    pub func last_word(this) -> Str {
        return this.text
    }
}

pub func last_word(line: Str) -> Str {
    return str::trim(line)
}

pub func is_done(line: Str) -> Bool {
    let raw_word: I64 = last_word(line) as I64
    let done: Bool = (raw_word as Str) == "done"
    if str::len(raw_word as Str) > 0 { lowlevel { mem_free(raw_word as *Unit) } }
    return done
}
""",
        ),
        Fixed(
            "A constant is replaced",
            """\
use core::str

pub func padded(line: Str, width: I64) -> I64 {
    var start: Str = "> "
    if width > 8 {
        start = str::substring(line, 0, 8)
    }
    let full: Str = start + line
    return str::len(full as Str)
}
""",
            """\
use core::str

pub func padded(line: Str, width: I64) -> I64 {
    var start: Str = "> "
    if width > 8 {
        start = str::substring(line, 0, 8)
    }
    let full: Str = start + line
    if width > 8 and str::len(start) > 0 {
        lowlevel { mem_free(start as I64 as *Unit) }
    }
    return str::len(full as Str)
}
""",
        ),
        Untouched(
            "A string that the label keeps",
            """\
use demo::prelude::Label

pub func width(label: Label) -> I64 {
    let text: Str = label.peek()
    return text.len()
}
""",
        ),
    ),
)
