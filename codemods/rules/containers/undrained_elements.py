"""undrained-elements: a list of strings goes, and the strings in it stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal
from codemods.fixes.imports import path_to
from codemods.fixes.naming import result_name
from codemods.fixes.release_at_exits import Cleanup, before_exit, mentions
from codemods.fixes.string_code import free_address, string_length
from codemods.model.findings import Verdict
from codemods.ownership.cfg.graph import (
    Action,
    BasicBlock,
    Declare,
    Exit,
    Role,
    Use,
    Variable,
    actions_after,
    uses_after,
)
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.elements import Claim, Hazard, OwnedList
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import RELEASE_NAMES, FunctionInfo
from tml_ast import nodes
from tml_ast.edit import (
    SourceEdit,
    documentation_start,
    indentation_of,
    insert_statement_before,
    line_ending_of,
    line_start,
)

NAME = "undrained-elements"

_HAZARDS = {
    Hazard.SHARED: "another variable holds the same list",
    Hazard.REPLACED: "the variable gets another list, whose strings may be others",
    Hazard.FOREIGN: "not all of them are proven its own",
    Hazard.ESCAPES: "one of them is kept elsewhere",
}
_HELPER_NAMES = ("destroy_parts", "destroy_pieces", "destroy_texts")


@dataclass(frozen=True, slots=True)
class _Helper:
    """A function that frees the strings of a list: how this file calls it."""

    call: str
    destroys: bool
    """Whether it releases the list as well."""
    edits: tuple[SourceEdit, ...] = ()
    """What the file needs before it can call it; others can do so as soon as that is there."""


_ANY_HELPER = _Helper("", destroys=True)
"""Stands in for one that is still to be written."""


def check(context: Context) -> Iterator[Diagnostic]:
    """The lists of the file whose strings nothing frees, and what lists of other files need from it."""
    for owned in context.lists.all:
        if owned.file is context.file and _is_reached(owned):
            proposal, prepares = _proposal(context, owned)
            yield proposal
            if prepares:
                return
    if not context.file.is_test:
        yield from _for_others(context)


def _is_reached(owned: OwnedList) -> bool:
    """Whether control ever gets to the declaration of a list."""
    return any(
        isinstance(action, Declare) and action.variable is owned.variable
        for block in owned.graph.reachable()
        for action in block.actions
    )


def _proposal(context: Context, owned: OwnedList) -> tuple[Diagnostic, bool]:
    """The finding for one list, and whether it brings what others of the file can use next."""
    name, graph = owned.variable.name, owned.graph
    message = f"strings in `{name}` were made for it, and destroying the list does not free them"
    refusal = _refusal(context, owned)
    helper = _helper(context, owned) if refusal is None else None
    edits = _drains(context, owned, helper or _ANY_HELPER) if refusal is None else None
    if edits is None or helper is None:
        if edits is not None:
            refusal = "no function of the library frees them"
        elif refusal is None:
            refusal = "it is released in a way that leaves no place for that, or a string in it is still used"
        function = graph.function.qualified_name
        message = f"{message}; {refusal}"
        return Diagnostic(NAME, owned.variable.offset, function, message, Verdict.REPORTED), False
    edits += helper.edits
    for claim in owned.claims:
        edits += _casts(context, claim)
    function = graph.function.qualified_name
    fix = Diagnostic(NAME, owned.variable.offset, function, message, Verdict.FIXED, tuple(edits))
    return fix, bool(helper.edits)


def _refusal(context: Context, owned: OwnedList) -> str | None:
    """Why the strings of a list cannot be freed by hand, as far as that is no matter of place."""
    if owned.hazard is not None:
        return _HAZARDS[owned.hazard]
    if context.file.is_test and _fills(context, owned):
        return "the test fills the list itself, and the compiler frees a string that is made in an argument"
    for claim in owned.claims:
        if claim.value is None or claim.graph is not owned.graph or context.file.is_test:
            inside = claim.graph.function.qualified_name
            return f"the compiler takes a string of it for new in {inside}() and frees it there"
    return None


def _fills(context: Context, owned: OwnedList) -> bool:
    """Whether something is put into the list where its variable is."""
    return any(
        use.site.callee is not None
        and Effect.RETAINS in context.analysis.summaries.effects(use.site.callee, position)
        for use in owned.graph.uses(owned.variable)
        if use.site.role is Role.RECEIVER and use.site.callee is not None
        for position in range(len(use.site.callee.values))
    )


# -- the place ------------------------------------------------------------------------------------


def _drains(context: Context, owned: OwnedList, helper: _Helper) -> list[SourceEdit] | None:
    """The helper's call for each release of the list, and for each exit that it reaches unreleased."""
    graph, variable = owned.graph, owned.variable
    views = owned.views - {variable}
    call = f"{helper.call}(ref {variable.name})"
    released_at: set[int] = set()
    edits: list[SourceEdit] = []
    for block in graph.reachable():
        for position, action in enumerate(block.actions):
            if not isinstance(action, Use) or not _is_release(action, variable):
                continue
            for use in uses_after(block, position, variable):
                if use.variable in views or _is_release(use, variable):
                    return None
            released_at |= {id(each) for each in _exits(block, position, variable)}
            statement = context.parent(action.site.parent)
            if helper.destroys:
                edits.append(SourceEdit(action.site.parent.start, action.site.parent.end, call.encode()))
            elif isinstance(statement, nodes.ExpressionStatement):
                edits.append(insert_statement_before(context.file.source, context.file.tree, statement, call))
            else:
                return None
    release = Cleanup(call, variable, owned.views)
    for exit_ in _unreleased_exits(owned):
        if id(exit_) in released_at or _is_shadowed(exit_, variable):
            return None
        name = ""
        if exit_.value is not None and mentions(graph, exit_.value, release.needed_by):
            name = result_name(context, graph.function, exit_.value)
        placement = before_exit(context, graph, exit_, release, name)
        if isinstance(placement, Refusal):
            return None
        edits += placement.edits
    return edits


def _is_release(action: Action, variable: Variable) -> bool:
    return (
        isinstance(action, Use)
        and action.variable is variable
        and action.site.role is Role.RECEIVER
        and action.site.callee is not None
        and action.site.callee.name in RELEASE_NAMES
    )


def _unreleased_exits(owned: OwnedList) -> list[Exit]:
    """The exits that the list reaches unreleased on some path."""
    for block in owned.graph.reachable():
        for position, action in enumerate(block.actions):
            if isinstance(action, Declare) and action.variable is owned.variable:
                return list(_exits(block, position, owned.variable))
    return []


def _exits(block: BasicBlock, position: int, variable: Variable) -> Iterator[Exit]:
    """The exits from the variable's scope behind an action, on paths without a release."""

    def ends(action: Action) -> bool:
        return _is_exit(action, variable) or _is_release(action, variable)

    for action in actions_after(block, position, ends):
        if isinstance(action, Exit) and _is_exit(action, variable):
            yield action


def _is_exit(action: Action, variable: Variable) -> bool:
    return isinstance(action, Exit) and variable in action.variables


def _is_shadowed(exit_: Exit, variable: Variable) -> bool:
    return any(each is not variable and each.name == variable.name for each in exit_.variables)


# -- the helper -----------------------------------------------------------------------------------


def _helper(context: Context, owned: OwnedList) -> _Helper | None:
    """What frees the strings of a list; a library file without it gets one, a test does not."""
    maker = owned.maker
    for function in context.analysis.index.functions:
        if not _frees_elements(context, function) or not (_is_guarded(function) or not _may_be_empty(owned)):
            continue
        destroys = Effect.RELEASES in context.analysis.summaries.effects(function, 0)
        if function.file is context.file and not context.file.is_test:
            return _Helper(function.name, destroys)
        if maker is not None and function.file is maker.file and function.is_public:
            path = path_to(context, function)
            if path is not None:
                return _Helper(path.text, destroys, path.edits)
    if context.file.is_test:
        return None
    name, definition = _definition(context, [owned])
    return _Helper(name, True, (definition,))


def _frees_elements(context: Context, function: FunctionInfo) -> bool:
    if function.owner is not None or len(function.values) != 1 or function.node.body is None:
        return False
    type_ = function.values[0].type
    if type_ is None or type_.name != "ref" or str(type_.target()) != "List[Str]":
        return False
    return Effect.DRAINS in context.analysis.summaries.effects(function, 0)


def _may_be_empty(owned: OwnedList) -> bool:
    """Whether a string of the list may be the empty constant, which nobody may free."""
    return '""' in owned.origin.literals


def _is_guarded(function: FunctionInfo) -> bool:
    """Whether a helper asks for the length of a string before it frees it."""
    return any(
        isinstance(each, nodes.If)
        and each.condition is not None
        and "len" in each.condition.text
        and "free" in each.branch.text
        for each in function.node.walk()
    )


def _definition(context: Context, lists: Sequence[OwnedList]) -> tuple[str, SourceEdit]:
    """The name and text of a helper, public behind the functions that make lists for other files."""
    makers = [each.maker.node for each in lists if each.maker is not None and each.file is not context.file]
    taken = context.analysis.index.free_functions
    name = next((each for each in _HELPER_NAMES if each not in taken), None)
    if name is None:
        name = context.names.for_consumed(context.functions[0], *_HELPER_NAMES, taken=taken)
    free = free_address("word")
    lines = [f"        {free}"]
    if any(map(_may_be_empty, lists)):
        lines = [
            "        // an empty part is a constant",
            f"        if {string_length(context, 'word as Str')} > 0 {{",
            f"            {free}",
            "        }",
        ]
    text = [
        "/// Destroys a list of strings that were made for it, the strings first.",
        f"{'pub ' if makers else ''}func {name}(parts: ref List[Str]) {{",
        "    var i: I64 = 0",
        "    loop (i < parts.len()) {",
        "        let word: I64 = parts.get(i) as I64",
        *lines,
        "        i = i + 1",
        "    }",
        "    parts.destroy()",
        "}",
    ]
    source, items = context.file.source, context.file.tree.items
    last = max((each.end for each in items if each in makers), default=None)
    if last is None:
        first = next(each for each in items if isinstance(each, nodes.Function | nodes.Impl))
        last = documentation_start(source, first)
        text += ["", ""]
    else:
        text = ["", "", *text]
    ending = line_ending_of(source, last).decode()
    return name, SourceEdit(last, last, ending.join(text).encode())


# -- what other files need ------------------------------------------------------------------------


def _for_others(context: Context) -> Iterator[Diagnostic]:
    """What this file must have before lists elsewhere can be drained: a helper, and casts."""
    waiting: list[OwnedList] = []
    claims: dict[int, Claim] = {}
    for owned in (*context.lists.all, *context.lists_of_tests()):
        here = [
            each
            for each in owned.claims
            if each.graph.function.file is context.file and each.graph is not owned.graph
        ]
        is_maker = owned.file.is_test and owned.maker is not None and owned.maker.file is context.file
        if not (here or is_maker) or not _can_be_drained(context, owned):
            continue
        claims |= {id(each.node): each for each in here}
        if is_maker and _helper(context.beside(owned.file), owned) is None:
            waiting.append(owned)
    for claim in claims.values():
        name = claim.graph.function.qualified_name
        message = f"the compiler takes a string that {name}() reads from a list for new and frees it as well"
        assert claim.value is not None
        yield Diagnostic(NAME, claim.value.start, name, message, Verdict.FIXED, tuple(_casts(context, claim)))
    if waiting:
        maker = waiting[0].maker
        assert maker is not None
        name = maker.qualified_name
        message = f"nothing frees the strings of a list that {name}() makes; tests need a function for that"
        _, definition = _definition(context, waiting)
        yield Diagnostic(NAME, maker.node.start, name, message, Verdict.FIXED, (definition,))


def _can_be_drained(context: Context, owned: OwnedList) -> bool:
    """Whether a list of another file will be drained once this file has what that needs."""
    other = context.beside(owned.file)
    for claim in owned.claims:
        file = claim.graph.function.file
        if claim.value is None or file.is_test or file.path not in context.lists.paths:
            return False
    settled = replace(owned, claims=())
    if _refusal(other, settled) is not None:
        return False
    return _drains(other, owned, _ANY_HELPER) is not None


def _casts(context: Context, claim: Claim) -> list[SourceEdit]:
    """Make a string that is read from a list look like what it is: not new."""
    assert claim.value is not None
    source = context.file.source
    start = line_start(source, claim.value.start)
    indentation = indentation_of(source, start)
    comment = b"// the list's own string: the cast keeps the compiler from freeing it"
    return [
        SourceEdit(start, start, indentation + comment + line_ending_of(source, start)),
        SourceEdit(claim.value.end, claim.value.end, b" as Str"),
    ]


RULE = Rule(
    name=NAME,
    summary="A list of strings is destroyed without its strings.",
    reason=(
        "A list frees its own storage and never its elements. Where every element was made for the list, "
        "as by splitting a text, nobody else can free them, so one function destroys the list and its "
        "strings. A test must not hold such a loop itself, because there the compiler frees what the loop "
        "reads; the library gets a public function for it. A string that the compiler takes for new when it "
        "is read is cast, or it would be freed twice. A list that holds a string of somebody else's, or a "
        "string that is still used, is left alone."
    ),
    check=check,
    examples=(
        Fixed(
            "",
            """\
use core::str
use std::collections::List

pub func count_words(line: Str) -> I64 {
    let words = List[Str]::new(4)
    words.push(str::substring(line, 0, 2))
    words.push(str::substring(line, 2, 4))
    let count: I64 = words.len()
    words.destroy()
    return count
}
""",
            """\
use core::str
use std::collections::List

/// Destroys a list of strings that were made for it, the strings first.
func destroy_parts(parts: ref List[Str]) {
    var i: I64 = 0
    loop (i < parts.len()) {
        let word: I64 = parts.get(i) as I64
        // an empty part is a constant
        if str::len(word as Str) > 0 {
            lowlevel { mem_free(word as *Unit) }
        }
        i = i + 1
    }
    parts.destroy()
}

pub func count_words(line: Str) -> I64 {
    let words = List[Str]::new(4)
    words.push(str::substring(line, 0, 2))
    words.push(str::substring(line, 2, 4))
    let count: I64 = words.len()
    destroy_parts(ref words)
    return count
}
""",
        ),
        Fixed(
            "",
            """\
use demo::prelude::{words_of}

@test
func test_words() -> I32 {
    let words = words_of("one two")
    if words.len() != 2 {
        return 1
    }
    words.destroy()
    return 0
}
""",
            """\
use demo::prelude::{words_of}
use demo::prelude

@test
func test_words() -> I32 {
    let words = words_of("one two")
    if words.len() != 2 {
        prelude::destroy_words(ref words)
        return 1
    }
    prelude::destroy_words(ref words)
    return 0
}
""",
        ),
        Untouched(
            "",
            """\
use core::str
use std::collections::List

pub func first_word(line: Str) -> Str {
    let words = List[Str]::new(4)
    words.push(str::substring(line, 0, 2))
    let first: Str = words.get(0)
    words.destroy()
    return first
}
""",
        ),
        Untouched(
            "",
            """\
use core::str
use std::collections::List

pub func twice(line: Str) -> I64 {
    let words = List[Str]::new(4)
    words.push(str::substring(line, 0, 2))
    let count: I64 = words.len()
    words.destroy()
    words.destroy()
    return count
}
""",
        ),
        Untouched(
            "",
            """\
use std::collections::List

pub func count_names(name: Str) -> I64 {
    let names = List[Str]::new(4)
    names.push(name)
    let count: I64 = names.len()
    names.destroy()
    return count
}
""",
        ),
    ),
)
