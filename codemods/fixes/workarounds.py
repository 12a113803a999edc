"""Comments on code that is there only because of a defect of TML's compiler.

They have one form, so that all workarounds of a defect are found when it is gone.
"""

from __future__ import annotations

from dataclasses import replace

from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Repair
from codemods.fixes.one_line_block import WIDEST
from codemods.semantics.symbols import FunctionInfo
from tml_ast import nodes
from tml_ast.edit import SourceEdit, indentation_of, line_ending_of, line_start
from tml_ast.nodes import Node

_FORM = "// compiler defect "


def workaround(defect: str, why: str) -> str:
    """The comment on a workaround of a defect, by the name that its page has."""
    return f"{_FORM}{defect}: {why}"


SHOWS_COPIES = workaround("interpolation-frees-operands", "so it shows copies")
GROWS = workaround("interpolation-frees-operands", "so it frees the old string")
GROWS_BY_COPIES = workaround("interpolation-frees-operands", "frees the old string, shows copies")
COPIES_ARE_NOT = workaround("joined-strings-are-freed-early", "interpolated copies are not")
BOUND_IS_NOT = workaround("joined-strings-are-freed-early", "one in a variable is not")
ONLY_VARIABLES = workaround("library-temporaries", "only a variable is freed")
OPENED = workaround("outcomes-are-never-dropped", "a variable is")
CAST_IS_DROPPED = workaround("returned-call-cancels-drop", "without the cast nothing frees it")
RETURN_DROPS = workaround("void-end-drops-nothing", "a return drops what is left")
CAST_IS_FREED = workaround("private-callee-takes-strings", "without the cast nothing frees it")
PUBLIC_TAKES_NOTHING = workaround("private-callee-takes-strings", "only a public function takes nothing")
CAST_IS_KEPT = workaround("allocates-goes-by-bare-name", "the cast keeps it from being freed")
NAMED_ALONE = workaround("methods-share-given-names", "so this name is given away nowhere")
RETURNS_COPY = workaround("early-return-cancels-later-drops", "so a copy is returned")
BRANCHES_COPY = workaround("branch-initialisers", "each branch makes one, freed by hand")


def explained(context: Context, function: FunctionInfo, at: Node, comment: str, repair: Repair) -> Repair:
    """A repair of the code at a node, with a comment unless its function has one on this defect."""
    edit = _comment_once(context, function, at, comment)
    return repair if edit is None else replace(repair, edits=(edit, *repair.edits))


def needs_comment(context: Context, function: FunctionInfo, comment: str) -> bool:
    """Whether no comment on the same defect stands in a function or comes with another fix of this round."""
    defect = comment.partition(": ")[0] + ":"
    if (id(function), defect) in context.explained or defect in function.node.text:
        return False
    context.explained.add((id(function), defect))
    return True


def _comment_once(context: Context, function: FunctionInfo, at: Node, comment: str) -> SourceEdit | None:
    if not needs_comment(context, function, comment):
        return None
    return comment_above(context, _line_of_its_own(context, at).start, comment)


def _line_of_its_own(context: Context, at: Node) -> Node:
    """The statement or the arm that a node is or belongs to: what a comment can stand above."""
    current = at
    for parent in context.ancestors(at):
        if isinstance(parent, nodes.Block) or isinstance(current, nodes.Arm):
            break
        current = parent
    return current


def stands_below_workaround(source: bytes, offset: int) -> bool:
    """Whether the line above that of an offset is such a comment."""
    above = source[: line_start(source, offset)].rstrip().rpartition(b"\n")[2]
    return above.lstrip().startswith(_FORM.encode())


def comment_above(context: Context, offset: int, comment: str) -> SourceEdit:
    """Put a comment on a line of its own, above the line of an offset."""
    source = context.file.source
    start = line_start(source, offset)
    line = indentation_of(source, start) + comment.encode() + line_ending_of(source, start)
    return SourceEdit(start, start, line)


def explained_beside(context: Context, offset: int, code: str, comment: str) -> str:
    """A statement with a comment at the end of its line, or above it where that gets wide.

    It goes on a line of its own at an offset. Where other code shares that line, the comment must not end it.
    """
    source = context.file.source
    line = source[line_start(source, offset) :].partition(b"\n")[0].decode()
    column = len(indentation_of(source, line_start(source, offset)))
    is_alone = not line[:column].strip() and "{" not in line
    fits = column + len(code) + 2 + len(comment) <= WIDEST
    return f"{code}  {comment}" if is_alone and fits else f"{comment}\n{code}"
