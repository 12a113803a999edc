"""undrained-elements: a list of strings goes, and the strings in it stay."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.findings import Verdict
from codemods.ownership.builtins import Effect
from codemods.ownership.fields import FieldOrigin, only_empty_constants
from codemods.ownership.flow import Exit, Flow, Role, Use, Variable, VariableKind, uses_behind
from codemods.ownership.summaries import RELEASE_NAMES
from codemods.rules.base import Context, Proposal, Rule
from codemods.rules.naming import result_name
from codemods.rules.placement import Release, before_exit, mentions
from codemods.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.edit import SourceEdit, documentation_start, insert_statement_before, line_ending_of

NAME = "undrained-elements"

_FREEING = frozenset((Effect.RELEASES, Effect.DRAINS))
_HELPER_NAMES = ("free_parts", "free_pieces", "free_texts")


def check(context: Context) -> Iterator[Proposal]:
    """The lists of the file whose elements were made for them and are never freed."""
    for _, flow in context.flows():
        for variable in flow.variables:
            origin = _owned_elements(context, flow, variable)
            if origin is None:
                continue
            proposal, defines_helper = _proposal(context, flow, variable, origin)
            yield proposal
            if defines_helper:
                return


def _owned_elements(context: Context, flow: Flow, variable: Variable) -> FieldOrigin | None:
    """What the list of a variable holds, if all of it is lost with the list."""
    if variable.kind not in (VariableKind.LET, VariableKind.VAR) or variable.type is None:
        return None
    if variable.type.bare != "List" or [each.name for each in variable.type.arguments] != ["Str"]:
        return None
    origin = context.fields.list_elements(flow, variable)
    if not origin.is_owned or not only_empty_constants(origin):
        return None
    fate = context.analysis.summaries.fate(flow, variable)
    if fate.view_escapes or not fate.effects <= {Effect.BORROWS, Effect.RELEASES, Effect.DRAINS}:
        return None
    return None if _is_drained(context, flow, variable, fate.views) else origin


def _is_drained(context: Context, flow: Flow, variable: Variable, views: set[Variable]) -> bool:
    """Whether the function frees elements of the list already, itself or by a helper."""
    release = context.analysis.releases.release_of(variable.type)
    for each in views:
        for use in flow.uses(each):
            site = use.site
            if each is variable and site.role is Role.RECEIVER and site.callee is release:
                continue
            if site.role in (Role.REFERENCED, Role.CAST):
                site = flow.site_of(site.parent) or site
                if site.role is Role.CAST:
                    site = flow.site_of(site.parent) or site
            if site.role in (Role.ARGUMENT, Role.RECEIVER) and _FREEING & (
                context.analysis.summaries.call_effects(site)
            ):
                return True
    return False


def _proposal(context: Context, flow: Flow, variable: Variable, origin: FieldOrigin) -> tuple[Proposal, bool]:
    """The finding for one list, and whether it brings the helper that others can use next."""
    message = f"the strings in `{variable.name}` were made for it, and destroying the list does not free them"
    function = flow.function.qualified_name
    offset = variable.offset
    if context.file.is_test:
        refusal = f"{message}; no helper of the library frees them"
        return Proposal(NAME, offset, function, refusal, Verdict.REPORTED), False
    helper, definition = _helper(context, origin)
    edits = _drains(context, flow, variable, f"{helper}(ref {variable.name})")
    if edits is None:
        refusal = f"{message}; the list is released again, or a string in it is still used"
        return Proposal(NAME, offset, function, refusal, Verdict.REPORTED), False
    if definition is not None:
        edits.insert(0, definition)
    return Proposal(NAME, offset, function, message, Verdict.FIXED, tuple(edits)), definition is not None


def _drains(context: Context, flow: Flow, variable: Variable, drain: str) -> list[SourceEdit] | None:
    """The drain in front of each release of the list, or of each exit where it is dropped."""
    views = context.analysis.summaries.fate(flow, variable).views - {variable}
    source, tree = context.file.source, context.file.tree
    edits: list[SourceEdit] = []
    released = False
    for block in flow.reachable():
        for position, action in enumerate(block.actions):
            if isinstance(action, Use) and action.variable is variable and _is_release(action):
                released = True
                statement = context.parent(action.site.parent)
                if not isinstance(statement, nodes.ExpressionStatement):
                    return None
                behind = list(uses_behind(block, position, variable))
                if any(use.variable in views for use in behind):
                    return None
                if any(use.variable is variable and _is_release(use) for use in behind):
                    return None
                edits.append(insert_statement_before(source, tree, statement, drain))
    if released:
        return edits
    release = Release(drain, variable, frozenset(views | {variable}))
    for block in flow.reachable():
        for action in block.actions:
            if isinstance(action, Exit) and variable in action.variables:
                name = ""
                if action.value is not None and mentions(flow, action.value, release.needed_by):
                    name = result_name(context, flow.function, action.value)
                placement = before_exit(context, flow, action, release, name)
                if placement is None:
                    return None
                edits += placement.edits
    return edits


def _is_release(use: Use) -> bool:
    return (
        use.site.role is Role.RECEIVER
        and use.site.callee is not None
        and use.site.callee.name in RELEASE_NAMES
    )


def _helper(context: Context, origin: FieldOrigin) -> tuple[str, SourceEdit | None]:
    """The function of the file that frees the strings of a list, and its text where it has none."""
    for function in context.functions:
        if _frees_elements(context, function):
            return function.name, None
    taken = context.analysis.index.free_functions
    name = next((each for each in _HELPER_NAMES if each not in taken), None)
    if name is None:
        name = context.names.for_consumed(context.functions[0], *_HELPER_NAMES, taken=taken)
    return name, _definition(context, name, origin)


def _frees_elements(context: Context, function: FunctionInfo) -> bool:
    if function.owner is not None or len(function.values) != 1 or function.node.body is None:
        return False
    type_ = function.values[0].type
    if type_ is None or type_.name != "ref" or str(type_.target()) != "List[Str]":
        return False
    return Effect.DRAINS in context.analysis.summaries.effects(function, 0)


def _definition(context: Context, name: str, origin: FieldOrigin) -> SourceEdit:
    """The helper, in front of the first function that may use it."""
    free = "lowlevel { mem_free(word as *Unit) }"
    lines = [f"        {free}"]
    if '""' in origin.literals:
        lines = [
            f"        if {context.text_length('word as Str')} > 0 {{",
            f"            {free}",
            "        }",
        ]
    text = "\n".join(
        [
            "/// Frees the strings of a list that were made for it. The list itself stays.",
            f"func {name}(parts: ref List[Str]) {{",
            "    var i: I64 = 0",
            "    loop (i < parts.len()) {",
            "        let word: I64 = parts.get(i) as I64",
            *lines,
            "        i = i + 1",
            "    }",
            "}",
            "",
            "",
        ]
    )
    source = context.file.source
    first = next(each for each in context.file.tree.items if isinstance(each, nodes.Function | nodes.Impl))
    offset = documentation_start(source, first)
    ending = line_ending_of(source, offset).decode()
    return SourceEdit(offset, offset, text.replace("\n", ending).encode())


RULE = Rule(
    name=NAME,
    summary="A list of strings is destroyed without its strings.",
    reason=(
        "A list frees its own storage and never its elements. Where every element was made for the list, "
        "as by splitting a text, nobody else can free them, so they are freed right before the list goes. "
        "A list that holds a string of somebody else's, or a string that is still used, is left alone."
    ),
    check=check,
    invalid=(
        (
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

/// Frees the strings of a list that were made for it. The list itself stays.
func free_parts(parts: ref List[Str]) {
    var i: I64 = 0
    loop (i < parts.len()) {
        let word: I64 = parts.get(i) as I64
        if str::len(word as Str) > 0 {
            lowlevel { mem_free(word as *Unit) }
        }
        i = i + 1
    }
}

pub func count_words(line: Str) -> I64 {
    let words = List[Str]::new(4)
    words.push(str::substring(line, 0, 2))
    words.push(str::substring(line, 2, 4))
    let count: I64 = words.len()
    free_parts(ref words)
    words.destroy()
    return count
}
""",
        ),
    ),
    valid=(
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
)
