"""overwritten-field: a field gets a new value while it holds one that nothing else releases."""

from __future__ import annotations

from collections.abc import Iterator

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic, Refusal, Repair
from codemods.fixes.naming import snake_case
from codemods.fixes.one_line_block import is_one_line, spread_out
from codemods.fixes.owners import release_of_dropped
from codemods.fixes.string_code import free_string, free_unless_empty
from codemods.fixes.viewing_callers import (
    is_plain_container,
    is_used_after,
    is_viewed_by_callers,
    may_hold,
    stays_in_field,
)
from codemods.ownership.cfg.graph import ControlFlowGraph, Role, VariableKind
from codemods.ownership.compiler.builtins import Effect
from codemods.ownership.compiler.drops import DropKind
from codemods.ownership.field_states import FieldAssignment, is_blank, owner_of
from codemods.ownership.value_flow import place_of
from codemods.rules.rule import Fixed, Rule, Untouched
from codemods.semantics.symbols import SCALARS, Type
from tml_ast import nodes
from tml_ast.edit import SourceEdit, insert_statement_before

_LEAVING = nodes.Propagate | nodes.Return | nodes.Break | nodes.Continue | nodes.Throw
_SOME_PATHS = Refusal("some path has released it or given it away by then")
_READ_LATER = Refusal("a part of the old value is read later")


def check(context: Context) -> Iterator[Diagnostic]:
    """The assignments to fields that lose what the field holds."""
    for _, graph in context.graphs():
        for assignment in context.field_states.overwriting(graph):
            release = _release(context, graph, assignment)
            if release is None or not _is_new(context, graph, assignment):
                continue
            target = assignment.node.target
            message = f"`{target.text}` gets a new value while it holds one, which nothing releases"
            yield context.fix(graph, assignment.node, message, _released(context, graph, assignment, release))


def _release(context: Context, graph: ControlFlowGraph, assignment: FieldAssignment) -> str | None:
    """The statement that releases what the field holds; None if there is nothing to release, or no way."""
    target = assignment.node.target
    assert isinstance(target, nodes.FieldAccess)
    owner = owner_of(context.analysis, graph, assignment.place)
    type_ = context.analysis.index.fields(owner).get(target.name) if owner is not None else None
    if owner is None or type_ is None or len(assignment.place.path) > 1:
        return None
    if type_.is_str:
        dropped = context.analysis.drops.drops_field(owner, target.name)
        if not dropped or context.file.is_test:
            return None
        return free_unless_empty(context, target.text, free_string(target.text))
    release = release_of_dropped(context, type_)
    if release is not None:
        if context.analysis.drops.kind(type_) is DropKind.FIELDS:
            return None
        return release.statement_on(target.text)
    return _as_the_release_does(context, owner, target, type_)


def _as_the_release_does(context: Context, owner: Type, target: nodes.FieldAccess, type_: Type) -> str | None:
    """The statement in which the release of a struct frees the block whose address a field holds."""
    release = context.analysis.releases.release_of(owner)
    inner = context.analysis.summaries.graph(release) if release is not None else None
    if inner is None or type_.name not in ("*", "I64", "U64"):
        return None
    for call in inner.calls:
        freed = call.arguments[0] if len(call.arguments) == 1 else None
        while isinstance(freed, nodes.Cast | nodes.Group):
            freed = freed.operand if isinstance(freed, nodes.Cast) else freed.inner
        if (call.callee is None or call.callee.name != "mem_free") and not _is_mem_free(call.node):
            continue
        if isinstance(freed, nodes.FieldAccess) and freed.text == f"this.{target.name}":
            return f"lowlevel {{ {call.node.text.replace(freed.text, target.text)} }}"
    return None


def _is_mem_free(call: nodes.Node) -> bool:
    return (
        isinstance(call, nodes.Call)
        and isinstance(call.function, nodes.Path)
        and call.function.segments[-1] == "mem_free"
    )


def _is_new(context: Context, graph: ControlFlowGraph, assignment: FieldAssignment) -> bool:
    """Whether the field gets something that was made for it, and not the old value changed."""
    value = assignment.node.value
    summaries = context.analysis.summaries
    if is_blank(context.analysis, graph, value) or not summaries.origin(graph, value).is_fresh:
        return False
    if _is_interpolated(value, assignment.node.target.text):
        return False
    use = graph.use_at(value)
    if use is not None and use.variable.kind in (VariableKind.PARAMETER, VariableKind.RECEIVER):
        return False
    return not any(
        use.site.role in (Role.RECEIVER, Role.ARGUMENT)
        and use.variable is assignment.place.variable
        and not summaries.call_effects(use.site) <= {Effect.BORROWS}
        for use in graph.uses_in(value)
    )


def _is_interpolated(value: nodes.Expression, field: str) -> bool:
    """Whether an interpolation in the new value frees the old one."""
    return any(
        hole.text == field
        for node in value.walk()
        if isinstance(node, nodes.InterpolatedString) and node.first_token.type == "STRING_START"
        for hole in node.holes
    )


def _released(
    context: Context, graph: ControlFlowGraph, assignment: FieldAssignment, release: str
) -> Repair | Refusal:
    """Release the old value in front of the assignment; a new one made from it is bound before."""
    node = assignment.node
    if not assignment.is_certain:
        return _SOME_PATHS
    statement = context.parent(node)
    block = context.parent(statement) if statement is not None else None
    if not isinstance(statement, nodes.ExpressionStatement) or not isinstance(block, nodes.Block):
        return Refusal("it is part of a larger expression")
    if _is_read_later(context, graph, assignment, _container(context, graph, assignment)):
        return _READ_LATER
    source, value = context.file.source, node.value
    lines, name = [release], value.text
    is_early = any(isinstance(part, _LEAVING) for part in value.walk())
    if is_early or _may_read(graph, assignment):
        target = node.target
        assert isinstance(target, nodes.FieldAccess)
        stem = snake_case(target.name)
        name = context.names.for_consumed(graph.function, f"new_{stem}", f"next_{stem}", f"fresh_{stem}")
        lines.insert(0, f"let {name} = {value.text}")
    if is_one_line(source, block):
        kept = [other.text for other in block.statements]
        index = block.statements.index(statement)
        kept[index : index + 1] = [*lines, f"{node.target.text} = {name}"]
        return Repair((spread_out(source, block, kept),))
    edit = insert_statement_before(source, context.file.tree, statement, "\n".join(lines))
    return Repair((edit, SourceEdit(value.start, value.end, name.encode())))


def _may_read(graph: ControlFlowGraph, assignment: FieldAssignment) -> bool:
    """Whether the new value is made from the struct, or from what a caller may have read from it."""
    value = assignment.node.value
    while isinstance(value, nodes.Cast | nodes.Group):
        value = value.operand if isinstance(value, nodes.Cast) else value.inner
    return any(
        use.variable is assignment.place.variable
        or use.variable.type is None
        or use.variable.type.name not in SCALARS
        for use in graph.uses_in(value)
        if use.node is not value
    )


def _is_read_later(
    context: Context, graph: ControlFlowGraph, assignment: FieldAssignment, container: Type | None
) -> bool:
    """Whether a variable that was read from the field before may be read after it is set.

    What was taken out of a ``container`` that only the field holds is not released with it.
    """
    path = assignment.place.path
    views = set()
    for variable in graph.variables:
        if variable.value is None or (variable.type is not None and variable.type.name in SCALARS - {"I64"}):
            continue
        if container is not None and not may_hold(context.analysis, variable.type, container):
            continue
        for access in variable.value.walk():
            place = place_of(graph, access) if isinstance(access, nodes.FieldAccess) else None
            if place is not None and place.variable is assignment.place.variable and place.path == path:
                views.add(variable)
    if views:
        start = next(
            use
            for use in graph.uses(assignment.place.variable)
            if assignment.node.target.start <= use.node.start < assignment.node.target.end
        )
        if any(is_used_after(graph, start, view) for view in views):
            return True
    is_of_callers = assignment.place.variable.kind in (VariableKind.RECEIVER, VariableKind.PARAMETER)
    return is_of_callers and is_viewed_by_callers(context, graph.function, container)


def _container(context: Context, graph: ControlFlowGraph, assignment: FieldAssignment) -> Type | None:
    """The type of the field, if it is a container that nothing else holds, and that keeps what is in it."""
    target = assignment.node.target
    owner = owner_of(context.analysis, graph, assignment.place)
    assert isinstance(target, nodes.FieldAccess) and owner is not None
    type_ = context.analysis.index.fields(owner)[target.name]
    is_sole = is_plain_container(type_) and stays_in_field(context, owner, target.name)
    return type_ if is_sole else None


RULE = Rule(
    name="overwritten-field",
    summary="A field gets a new value while it holds one that nothing else releases.",
    reason=(
        "An assignment to a field does not release what the field held, and nothing else can reach it "
        "afterwards. Where every constructor gives the field a value of its own, and no method leaves it "
        "empty, the old value is released in front of the assignment; a new value that is made from the old "
        "one, or may fail, is bound before. The first value of a blank field replaces nothing."
    ),
    check=check,
    examples=(
        Fixed(
            "A method that makes its part anew",
            """\
use demo::prelude::Reel

pub type Player {
    reel: Reel,
}

impl Player {
    pub func of(size: I64) -> Player {
        return Player { reel: Reel::new(size) }
    }

    pub func load(mut this, size: I64) {
        this.reel = Reel::new(size)
    }

    pub func grow(mut this) {
        this.reel = Reel::new(this.reel.size() * 2)
    }

    pub func destroy(this) {
        this.reel.destroy()
    }
}
""",
            """\
use demo::prelude::Reel

pub type Player {
    reel: Reel,
}

impl Player {
    pub func of(size: I64) -> Player {
        return Player { reel: Reel::new(size) }
    }

    pub func load(mut this, size: I64) {
        this.reel.destroy()
        this.reel = Reel::new(size)
    }

    pub func grow(mut this) {
        let new_reel = Reel::new(this.reel.size() * 2)
        this.reel.destroy()
        this.reel = new_reel
    }

    pub func destroy(this) {
        this.reel.destroy()
    }
}
""",
        ),
        Untouched(
            "The method releases the old value itself",
            """\
use demo::prelude::Reel

pub type Player {
    reel: Reel,
}

impl Player {
    pub func of(size: I64) -> Player {
        return Player { reel: Reel::new(size) }
    }

    pub func load(mut this, size: I64) {
        this.reel.destroy()
        this.reel = Reel::new(size)
    }

    pub func destroy(this) {
        this.reel.destroy()
    }
}
""",
        ),
    ),
)
