"""missing-destroy: a type owns strings in optional fields, and has no release that could free them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.naming import quoted_names
from codemods.fixes.write_destroy import OPTIONAL_STRING, in_impl, optional_string_helper
from codemods.ownership.cfg.graph import ControlFlowGraph, Exit, Variable, VariableKind
from codemods.ownership.fields import Holds
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import Type, TypeInfo
from tml_ast import nodes
from tml_ast.edit import line_start


def check(context: Context) -> Iterator[Diagnostic]:
    """The types of the file that need a destroy() and have none."""
    if context.file.is_test:
        return
    is_function_new = False
    for info in context.analysis.index.types_in(context.file):
        if not info.fields or info.generics:
            continue
        type_ = Type(info.name)
        names = [name for name, field_type in info.fields.items() if field_type == OPTIONAL_STRING]
        if not names or info.name in context.analysis.index.drops:
            continue
        if context.analysis.releases.release_of(type_) is not None or not _owns(context, type_, names):
            continue
        message = (
            f"{type_.bare} owns the string in {quoted_names(names)}, which the compiler never frees, "
            "and it has no destroy()"
        )
        repair = _destroy(context, info, type_, names)
        if isinstance(repair, Repair) and len(repair.edits) > 1:
            if is_function_new:
                continue  # it can use the function of the other type, once that is there
            is_function_new = True
        yield context.fix(f"{type_.bare}.destroy", info.node, message, repair)


def _owns(context: Context, type_: Type, names: list[str]) -> bool:
    """Whether every value of the type is the only owner of what it holds in these fields, if anything."""
    constructors = context.fields.constructors(type_)
    held: frozenset[Holds] = frozenset()
    for name in names:
        if not context.fields.origin(type_, name).holds <= {Holds.OWNED, Holds.CONSTANT}:
            return False
        for graph, literal in constructors:
            held |= context.contents.field(graph, literal, name).holds
    return held == {Holds.OWNED}


def _destroy(context: Context, info: TypeInfo, type_: Type, names: list[str]) -> Repair | Refusal:
    taker = _taker(context, type_, names)
    if taker is not None:
        return Refusal(f"{taker} frees such a string already")
    implementation = _implementation(context, info)
    if implementation is None:
        return Refusal("it has no impl in its file to write one in")
    helper, definition = optional_string_helper(context, implementation)
    # The compiler takes a bare `Nothing` in an assignment for one of a number.
    statements = [f"this.{name} = {helper}(this.{name})" for name in names]
    method = in_impl(context, implementation, "Frees the strings that it holds.", statements)
    return Repair.of((definition, method))


def _taker(context: Context, type_: Type, names: list[str]) -> str | None:
    """A function in which the compiler drops the string of such a field at the end of an arm."""
    for analysis, function in chain(
        context.functions_of_library(), context.tests.functions_mentioning(names)
    ):
        drops = analysis.drops
        graph = analysis.summaries.graph(function)
        if graph is None:
            continue
        for variable in graph.variables:
            if not _is_opened_field(graph, variable, type_, names):
                continue
            if any(
                isinstance(action, Exit)
                and variable in action.variables
                and drops.covers(graph, variable, action)
                for action in graph.reachable_actions
            ):
                return function.qualified_name
    return None


def _is_opened_field(graph: ControlFlowGraph, variable: Variable, type_: Type, names: list[str]) -> bool:
    value = variable.value
    if variable.kind is not VariableKind.PAYLOAD or not isinstance(value, nodes.FieldAccess):
        return False
    owner = graph.type_of(value.object)
    return value.name in names and (owner is None or owner.target().name == type_.name)


def _implementation(context: Context, info: TypeInfo) -> nodes.Impl | None:
    """The impl of the type's own methods in its file."""
    return next(
        (
            item
            for item in context.file.tree.items
            if isinstance(item, nodes.Impl)
            and item.behavior is None
            and not item.generic_parameters
            and item.target.text == info.name.rpartition("::")[2]
            and not context.file.source[line_start(context.file.source, item.end - 1) : item.end - 1].strip()
        ),
        None,
    )


RULE = Rule(
    name="missing-destroy",
    summary="A type owns strings in optional fields, and has no release that could free them.",
    reason=(
        "The compiler frees the string fields of a struct, but never what a Maybe holds. Where every value "
        "of a type is built with strings that were made for it, the type needs a destroy() that frees them "
        "and leaves the fields empty, so that a second call finds nothing. Whoever has such a value "
        "must then call it, which missing-release writes."
    ),
    check=check,
    examples=(
        Fixed(
            "Strings in optional fields",
            """\
pub type Plate {
    digits: Maybe[Str],
    remark: Maybe[Str],
    label: Str,
}

@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

impl Plate {
    pub func of(block: *Unit) -> Plate {
        let digits: Str = hex_of(block)
        return Plate { digits: Just(digits), remark: Nothing, label: hex_of(block) }
    }

    pub func shown(this) -> Str {
        when this.digits {
            Just(text) => return text,
            Nothing => return "",
        }
    }
}

pub func is_blank(block: *Unit) -> Bool {
    let plate = Plate::of(block)
    return plate.shown() == ""
}
""",
            """\
pub type Plate {
    digits: Maybe[Str],
    remark: Maybe[Str],
    label: Str,
}

@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

/// Frees a string, if there is one, and leaves none.
func free_optional(text: Maybe[Str]) -> Maybe[Str] {
    if text.is_just() {
        lowlevel { mem_free(text.unwrap() as I64 as *Unit) }
    }
    return Nothing
}

impl Plate {
    pub func of(block: *Unit) -> Plate {
        let digits: Str = hex_of(block)
        return Plate { digits: Just(digits), remark: Nothing, label: hex_of(block) }
    }

    pub func shown(this) -> Str {
        when this.digits {
            Just(text) => return text,
            Nothing => return "",
        }
    }

    /// Frees the strings that it holds.
    pub func destroy(mut this) {
        this.digits = free_optional(this.digits)
        this.remark = free_optional(this.remark)
    }
}

pub func is_blank(block: *Unit) -> Bool {
    let plate = Plate::of(block)
    let result: Bool = plate.shown() == ""
    plate.destroy()
    return result
}
""",
        ),
        Untouched(
            "Strings of the caller",
            """\
pub type Caption {
    text: Maybe[Str],
}

impl Caption {
    pub func of(text: Str) -> Caption {
        return Caption { text: Just(text) }
    }

    pub func constant() -> Caption {
        return Caption { text: Just("none") }
    }
}
""",
        ),
        Untouched(
            "An arm frees the string already",
            """\
pub type Plate {
    digits: Maybe[Str],
}

@extern("crypto_bytes_to_hex")
func hex_of(block: *Unit) -> Str

impl Plate {
    pub func of(block: *Unit) -> Plate {
        let digits: Str = hex_of(block)
        return Plate { digits: Just(digits) }
    }

    pub func is_blank(this) -> Bool {
        when this.digits {
            Just(text) => {
                let blank: Bool = text == ""
                return blank
            },
            Nothing => return true,
        }
    }
}
""",
        ),
    ),
)
