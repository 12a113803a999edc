"""untracked-text: a string is made for a variable that the compiler does not watch."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.findings import Verdict
from codemods.ownership.flow import Assign, Flow, Variable, VariableKind
from codemods.rules.base import Context, Proposal, Rule
from codemods.rules.naming import short_code
from codemods.rules.text_escape import Escape, escape, only_empty_literals
from codemods.symbols import FunctionInfo
from tml_ast import nodes

NAME = "untracked-text"


def check(context: Context) -> Iterator[Proposal]:
    """The strings of library code that were made for a variable and that nothing frees."""
    if context.file.is_test:
        return
    for _, flow in context.flows():
        for variable in flow.variables:
            if _is_lost(context, flow, variable):
                yield _proposal(context, flow, variable)


def _is_lost(context: Context, flow: Flow, variable: Variable) -> bool:
    """Whether a call made the string, nothing keeps it, and the compiler does not know that it was made."""
    if variable.kind is not VariableKind.LET or variable.type is None or variable.type.name != "Str":
        return False
    if not isinstance(variable.value, nodes.Call | nodes.MethodCall | nodes.StaticCall):
        return False
    if context.analysis.drops.is_registered(variable):
        return False
    if any(isinstance(each, Assign) and each.variable is variable for each in flow.actions()):
        return False
    maker = next((call.callee for call in flow.calls() if call.node is variable.value), None)
    if maker is not None and _will_be_marked(context, maker):
        return False
    origin = context.analysis.summaries.variable_origin(flow, variable)
    return origin.is_fresh and context.analysis.is_only_read(flow, variable)


def _will_be_marked(context: Context, maker: FunctionInfo) -> bool:
    """Whether the function gets its ``@allocates`` in this phase, and so needs nothing else."""
    reservations = context.reservations
    return (
        maker.file.path in context.lists.paths
        and reservations.loses_strings(maker)
        and reservations.refusal(maker.name) is None
    )


def _proposal(context: Context, flow: Flow, variable: Variable) -> Proposal:
    assert variable.value is not None
    origin = context.analysis.summaries.variable_origin(flow, variable)
    message = (
        f"nothing frees `{variable.name}`: `{short_code(variable.value.text)}` makes its string, "
        "which the compiler does not know"
    )
    edited: Escape | None = None
    if not only_empty_literals(origin):
        message += "; some of what it returns are constants that must not be freed"
    else:
        edited = escape(context, flow, variable, origin)
        if edited is None:
            message += "; there is no place to free it"
    if edited is None:
        return Proposal(NAME, variable.offset, flow.function.qualified_name, message, Verdict.REPORTED)
    return Proposal(
        NAME,
        variable.offset,
        flow.function.qualified_name,
        message,
        Verdict.FIXED,
        edited.edits,
        edited.opens_block,
    )


RULE = Rule(
    name=NAME,
    summary="A string is made for a variable that the compiler does not watch.",
    reason=(
        "The compiler drops a string variable only if its initialiser is an interpolation, a concatenation "
        "or a call of an @allocates function. The string of any other call is never freed. In library code "
        "it is held as a number, which the compiler leaves alone for good, and freed behind its last use."
    ),
    check=check,
    invalid=(
        (
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
    let word_i64: I64 = last_word(line) as I64
    let done: Bool = (word_i64 as Str) == "done"
    if str::len(word_i64 as Str) > 0 { lowlevel { mem_free(word_i64 as *Unit) } }
    return done
}
""",
        ),
        (
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
    if str::len(line) < 3 {
        return ""
    }
    return str::trim(line)
}

pub func weight(line: Str) -> I64 {
    let word: Str = last_word(line)
    if str::len(line) > 80 {
        return 1
    }
    if word == "heavy" {
        return 9
    }
    return 2
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
    if str::len(line) < 3 {
        return ""
    }
    return str::trim(line)
}

pub func weight(line: Str) -> I64 {
    let word_i64: I64 = last_word(line) as I64
    if str::len(line) > 80 {
        if str::len(word_i64 as Str) > 0 { lowlevel { mem_free(word_i64 as *Unit) } }
        return 1
    }
    let condition: Bool = (word_i64 as Str) == "heavy"
    if str::len(word_i64 as Str) > 0 { lowlevel { mem_free(word_i64 as *Unit) } }
    if condition {
        return 9
    }
    return 2
}
""",
        ),
    ),
    valid=(
        """\
use core::str

pub type Word {
    text: Str,
}

func last_word(line: Str) -> Str {
    return str::trim(line)
}

pub func word_of(line: Str) -> Word {
    let word: Str = last_word(line)
    return Word { text: word }
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

func last_word(line: Str) -> Str {
    if str::len(line) < 3 {
        return "none"
    }
    return str::trim(line)
}

pub func weight(line: Str) -> I64 {
    let word: Str = last_word(line)
    return str::len(word)
}
""",
        """\
use demo::prelude::Label

pub func width(label: Label) -> I64 {
    let text: Str = label.peek()
    return text.len()
}
""",
    ),
)
