"""Walks over a tree: a Visitor looks, a Transformer makes a changed copy.

Both call the method named after the class of each node they meet, in the manner of libcst::

    class Calls(Visitor):
        def __init__(self) -> None:
            self.names: list[str] = []

        def visit_MethodCall(self, node: MethodCall) -> None:
            self.names.append(node.name)

    class Rename(Transformer):
        def leave_Path(self, original: Path, updated: Path) -> Path:
            return parse_snippet(b"new_name", "expression")[0].with_trivia(updated.first_token.trivia)

    calls = Calls()
    calls.visit(module)
    print(Rename().transform(module).code())

Neither uses recursion, so the depth of the tree does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Literal

from tml_ast.lexer import Token
from tml_ast.nodes import Node, node_classes


class Removal(Enum):
    """The type of REMOVE."""

    REMOVE = "remove"


REMOVE: Final = Removal.REMOVE
"""What a ``leave_...`` method of a Transformer returns to take the node out of its parent."""

_SEPARATORS_AFTER = frozenset((",", "|", ";"))
_SEPARATORS_BEFORE = frozenset((",", "|"))


class _Dispatcher:
    """Finds the methods for a class of nodes by name."""

    def __init_subclass__(cls) -> None:
        known = node_classes()
        for name in vars(cls):
            prefix, _, node_class = name.partition("_")
            if prefix in ("visit", "leave") and node_class and node_class not in known:
                raise TypeError(f"{cls.__name__}.{name}: there is no node class {node_class}")

    def _method(self, prefix: Literal["visit", "leave"], node: Node) -> Callable[..., Any] | None:
        method: Callable[..., Any] | None = getattr(self, f"{prefix}_{type(node).__name__}", None)
        return method


class Visitor(_Dispatcher):
    """Looks at nodes: ``visit_<Class>(node)`` before its children, ``leave_<Class>(node)`` after.

    A ``visit_...`` method that returns False leaves the children out; ``leave_...`` is called anyway.
    """

    def visit(self, tree: Node) -> None:
        """Walk over ``tree``, left to right."""
        stack: list[tuple[Node, bool]] = [(tree, True)]
        while stack:
            node, is_arrival = stack.pop()
            if not is_arrival:
                leave = self._method("leave", node)
                if leave is not None:
                    leave(node)
                continue
            stack.append((node, False))
            enter = self._method("visit", node)
            if enter is None or enter(node) is not False:
                stack.extend((child, True) for child in reversed(node.children) if isinstance(child, Node))


class Transformer(_Dispatcher):
    """Makes a changed tree: ``leave_<Class>(original, updated)`` returns what takes the node's place.

    ``updated`` is the node with its children already transformed; it is ``original`` itself when
    nothing below it changed, and must not be changed in place. The method returns a node, or REMOVE
    to take the node out of its parent together with a comma, bar or semicolon that only served it.
    ``visit_<Class>(node)`` may return False to keep a node's children as they are.
    """

    def transform(self, tree: Node) -> Node:
        """The transformed tree; ``tree`` itself stays as it was.

        It prints as usual, but its tokens keep the offsets they had, or whatever they were made with.
        """
        root = _Frame(Node([tree]))
        stack = [root, self._arrive(tree)]
        while len(stack) > 1:
            frame = stack[-1]
            if frame.is_done:
                stack.pop()
                stack[-1].put(self._left(frame))
                continue
            child = frame.node.children[frame.next]
            if isinstance(child, Token):
                frame.put(child)
            else:
                stack.append(self._arrive(child))
        if not isinstance(root.result, Node):
            raise ValueError("the root of a tree cannot be removed")
        return root.result

    def _arrive(self, node: Node) -> _Frame:
        enter = self._method("visit", node)
        frame = _Frame(node)
        if enter is not None and enter(node) is False:
            frame.next = len(node.children)
            frame.children = list(node.children)
        return frame

    def _left(self, frame: _Frame) -> Node | Removal:
        original = frame.node
        updated = frame.updated()
        leave = self._method("leave", original)
        if leave is None:
            return updated
        result = leave(original, updated)
        if not isinstance(result, Node | Removal):
            raise TypeError(f"leave_{type(original).__name__} returned {result!r}, not a node or REMOVE")
        return result


class _Frame:
    """A node whose children are being transformed."""

    __slots__ = ("children", "next", "node")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.children: list[Node | Token | Removal] = []
        self.next = 0

    @property
    def is_done(self) -> bool:
        return self.next == len(self.node.children)

    @property
    def result(self) -> Node | Token | Removal:
        (result,) = self.children
        return result

    def put(self, child: Node | Token | Removal) -> None:
        self.children.append(child)
        self.next += 1

    def updated(self) -> Node:
        children = self.node.children
        if all(new is old for new, old in zip(self.children, children, strict=True)):
            return self.node
        return self.node.with_children(_without_removed(self.children))


def _without_removed(children: list[Node | Token | Removal]) -> list[Node | Token]:
    kept: list[Node | Token] = []
    for index, child in enumerate(children):
        if isinstance(child, Removal):
            is_last = index + 1 == len(children)
            served_after = not is_last and _is_one_of(children[index + 1], _SEPARATORS_AFTER)
            if not served_after and kept and _is_one_of(kept[-1], _SEPARATORS_BEFORE):
                kept.pop()
        elif not (index and children[index - 1] is REMOVE and _is_one_of(child, _SEPARATORS_AFTER)):
            kept.append(child)
    return kept


def _is_one_of(child: Node | Token | Removal, types: frozenset[str]) -> bool:
    return isinstance(child, Token) and child.type in types
