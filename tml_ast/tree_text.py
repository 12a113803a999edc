"""A tree as indented text, for people."""

from __future__ import annotations

from bisect import bisect_right

from tml_ast.lexer import Token
from tml_ast.nodes import Node


def dump(node: Node, source: bytes | None = None) -> str:
    r"""The tree below ``node``, one node or token a line, with 1-based lines and columns in characters.

        >>> print(dump(parse(b"const N: I32 = 4\n")), end="")
        Module 1:1-2:1
          Const 1:1-1:17
            'const' 1:1
            IDENT 'N' 1:7
            ...

    ``source`` is the file that ``node`` is from; it may be left out for a whole module.
    """
    positions = _Positions(node.code() if source is None else source)
    lines: list[str] = []
    stack: list[tuple[Node | Token, int]] = [(node, 0)]
    while stack:
        piece, depth = stack.pop()
        start = positions.of(piece.start)
        if isinstance(piece, Token):
            names = [piece.type] if piece.type != piece.text else []
            label = " ".join([*names, repr(piece.text)] if piece.text else names)
            lines.append(f"{'  ' * depth}{label} {start}\n")
        else:
            lines.append(f"{'  ' * depth}{type(piece).__name__} {start}-{positions.of(piece.end)}\n")
            stack.extend((child, depth + 1) for child in reversed(piece.children))
    return "".join(lines)


class _Positions:
    """Byte offsets to lines and columns, for many offsets of one source."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.starts = [0]
        for line in source.split(b"\n")[:-1]:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def of(self, offset: int) -> str:
        line = bisect_right(self.starts, offset)
        before = self.source[self.starts[line - 1] : offset]
        return f"{line}:{len(before.decode('utf-8', 'replace')) + 1}"
