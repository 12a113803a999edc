"""undrained-elements: a list of strings is destroyed without its strings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codemods.fixes.cast_view import cast_view
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.drain_list import ANY_HELPER, Helper, drain, helper_for, known_helper, new_helper
from codemods.ownership.cfg.graph import Declare, Role
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.elements import Claim, Hazard, OwnedList
from codemods.rules.rule import Fixed, Rule, Untouched
from tml_ast.edit import SourceEdit

_HAZARDS = {
    Hazard.SHARED: Refusal("another variable holds the same list"),
    Hazard.REPLACED: Refusal("the variable gets another list, whose strings may be others"),
    Hazard.FOREIGN: Refusal("not all of them are proven its own"),
    Hazard.ESCAPES: Refusal("one of them is kept elsewhere"),
}
_FILLED = Refusal(
    "the test fills the list itself, and the compiler frees a string that is made in an argument"
)


def check(context: Context) -> Iterator[Diagnostic]:
    """The lists of the file whose strings nothing frees, and what lists of other files need from it."""
    needed: tuple[SourceEdit, ...] = ()
    for owned in context.lists.all:
        if owned.file is not context.file or not _is_reached(owned):
            continue
        message = f"strings in `{owned.variable.name}` were made for it, and destroying it does not free them"
        refusal = _refusal(context, owned)
        helper = helper_for(context, owned) if refusal is None else None
        if helper is not None and needed and helper.edits not in ((), needed):
            continue  # it can use the helper of the others, once that is there
        repair = refusal or _drained(context, owned, helper)
        yield context.fix(owned.graph, owned.variable, message, repair)
        if helper is not None and isinstance(repair, Repair):
            needed = needed or helper.edits
    if needed:
        return
    if not context.file.is_test:
        yield from _needed_by_others(context)


def _is_reached(owned: OwnedList) -> bool:
    """Whether control ever gets to the declaration of a list."""
    return any(
        isinstance(action, Declare) and action.variable is owned.variable
        for action in owned.graph.reachable_actions
    )


def _refusal(context: Context, owned: OwnedList) -> Refusal | None:
    """Why the strings of a list cannot be freed by hand at all."""
    if owned.hazard is not None:
        return _HAZARDS[owned.hazard]
    if context.file.is_test and _fills(context, owned):
        return _FILLED
    for claim in owned.claims:
        if claim.value is None or claim.graph is not owned.graph or context.file.is_test:
            inside = claim.graph.function.qualified_name
            return Refusal(f"in {inside}() the compiler treats one of its strings as new and frees it")
    return None


def _fills(context: Context, owned: OwnedList) -> bool:
    """Whether the function that declares the list puts something into it."""
    return any(
        use.site.callee is not None
        and Effect.RETAINS in context.analysis.summaries.effects(use.site.callee, position)
        for use in owned.graph.uses(owned.variable)
        if use.site.role is Role.RECEIVER and use.site.callee is not None
        for position in range(len(use.site.callee.values))
    )


def _drained(context: Context, owned: OwnedList, helper: Helper | None) -> Repair | Refusal:
    """Call the helper where the list ends, and cast the strings that the compiler would free as well."""
    repair = drain(context, owned, helper or ANY_HELPER)
    if isinstance(repair, Refusal):
        return repair
    if helper is None:
        return Refusal("no function of the library frees them")
    casts = [_cast(context, claim) for claim in owned.claims]
    return Repair.of([repair, Repair(helper.edits), *casts])


def _cast(context: Context, claim: Claim) -> Repair:
    assert claim.value is not None
    return cast_view(context, claim.graph.function, claim.value)


# -- what other files need ------------------------------------------------------------------------


def _needed_by_others(context: Context) -> Iterator[Diagnostic]:
    """What this file must have before lists elsewhere can be drained: a helper, and casts."""
    waiting: list[OwnedList] = []
    claims: dict[int, Claim] = {}
    drained: dict[int, set[str]] = {}
    for owned in (*context.lists.all, *context.lists_of_tests()):
        here = [
            claim
            for claim in owned.claims
            if claim.graph.function.file is context.file and claim.graph is not owned.graph
        ]
        is_elsewhere = owned.file is not context.file
        is_made_here = is_elsewhere and owned.maker is not None and owned.maker.file is context.file
        if not (here or is_made_here) or not _can_be_drained(context, owned):
            continue
        for claim in here:
            claims[id(claim.node)] = claim
            drained.setdefault(id(claim.node), set()).add(owned.file.path)
        if is_made_here and known_helper(context.beside(owned.file), owned) is None:
            waiting.append(owned)
    for node, claim in claims.items():
        function = claim.graph.function
        message = (
            f"the compiler treats a string that {function.qualified_name}() reads from a list as new, "
            "and frees it as well"
        )
        assert claim.value is not None
        repair = _cast(context, claim)
        yield context.fix(function, claim.value, message, repair, relies_on=drained[node])
    if waiting:
        maker = waiting[0].maker
        assert maker is not None
        message = (
            f"nothing frees the strings of a list that {maker.qualified_name}() makes; "
            "other files need a function for that"
        )
        yield context.fix(maker, maker.node, message, Repair(new_helper(context, waiting).edits))


def _can_be_drained(context: Context, owned: OwnedList) -> bool:
    """Whether a list of another file will be drained once this file has what that needs."""
    for claim in owned.claims:
        file = claim.graph.function.file
        if claim.value is None or file.is_test or file.path not in context.lists.paths:
            return False
    other = context.beside(owned.file)
    if _refusal(other, replace(owned, claims=())) is not None:
        return False
    return isinstance(drain(other, owned, ANY_HELPER), Repair)


RULE = Rule(
    name="undrained-elements",
    summary="A list of strings is destroyed without its strings.",
    reason=(
        "A list frees its own storage and never its elements. Where every element was made for the list, "
        "as by splitting a string, nobody else can free them, so one function destroys the list and its "
        "strings. Tests use a public function of the module that makes the list; only where that module must "
        "stay as it is, a test gets one of its own. A string that the compiler treats as new when "
        "it is read is cast, or it would be freed twice. A list that holds somebody else's string, or a "
        "string that is still used, is left alone."
    ),
    check=check,
    examples=(
        Fixed(
            "The file gets a function that destroys a list with its strings",
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
    loop (parts.len() > 0) {
        let part: I64 = parts.pop() as I64
        // an empty part is a constant
        if str::len(part as Str) > 0 {
            lowlevel { mem_free(part as *Unit) }
        }
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
            "A test calls the library's function",
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
            "The function frees them itself, with a function of its own for one string",
            """\
use core::str
use std::collections::List

func free_string(s: Str) {
    if str::len(s) == 0 {
        return
    }
    lowlevel { mem_free(s as I64 as *Unit) }
}

pub func count_words(line: Str) -> I64 {
    let words: List[Str] = str::split(line, ",")
    let count: I64 = words.len()
    loop (words.len() > 0) {
        free_string(words.pop())
    }
    words.destroy()
    return count
}

pub func count_long(line: Str) -> I64 {
    let words: List[Str] = str::split(line, ",")
    var count: I64 = 0
    for i in 0 to words.len() {
        if str::len(words.get(i)) > 4 {
            count = count + 1
        }
        free_string(words.get(i))
    }
    words.destroy()
    return count
}
""",
        ),
        Untouched(
            "Strings of the caller",
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
