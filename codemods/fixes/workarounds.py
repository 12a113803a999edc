"""Comments on code that is there only because of a defect of TML's compiler.

They have one form, so that all workarounds of a defect are found when it is gone.
"""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.semantics.symbols import FunctionInfo
from tml_ast.edit import SourceEdit, indentation_of, line_ending_of, line_start


def workaround(defect: str, why: str) -> str:
    """The comment on a workaround of a defect, by the name that its page has."""
    return f"// compiler defect {defect}: {why}"


def comment_above(context: Context, offset: int, comment: str) -> SourceEdit:
    """Put a comment on a line of its own, above the line of an offset."""
    source = context.file.source
    start = line_start(source, offset)
    line = indentation_of(source, start) + comment.encode() + line_ending_of(source, start)
    return SourceEdit(start, start, line)


def explained_once(
    context: Context, function: FunctionInfo, offset: int, comment: str, explained: set[int]
) -> tuple[SourceEdit, ...]:
    """The comment above the line of an offset, if the function does not have it anywhere.

    ``explained`` are the identities of the functions that get it in this round.
    """
    if id(function) in explained or comment in function.node.text:
        return ()
    explained.add(id(function))
    return (comment_above(context, offset, comment),)
