"""Comments on code that is there only because of a defect of TML's compiler.

They have one form, so that all workarounds of a defect are found when it is gone.
"""

from __future__ import annotations

from codemods.fixes.context import Context
from codemods.semantics.symbols import FunctionInfo
from tml_ast.edit import SourceEdit, indentation_of, line_ending_of, line_start

_WIDEST = 100


def workaround(defect: str, why: str) -> str:
    """The comment on a workaround of a defect, by the name that its page has."""
    return f"// compiler defect {defect}: {why}"


def stands_below_workaround(source: bytes, offset: int) -> bool:
    """Whether the line above that of an offset is such a comment."""
    above = source[: line_start(source, offset)].rstrip().rpartition(b"\n")[2]
    return above.lstrip().startswith(b"// compiler defect ")


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
    fits = column + len(code) + 2 + len(comment) <= _WIDEST
    return f"{code}  {comment}" if is_alone and fits else f"{comment}\n{code}"


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
