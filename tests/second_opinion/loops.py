"""Loops. The strings that a condition makes are freed once, after the loop."""

from __future__ import annotations

from tests.second_opinion.compilation import (
    Broken,
    Compilation,
    Compiled,
    Continued,
    Unsupported,
    bound_name,
)
from tests.second_opinion.drops import Code, Frame
from tests.second_opinion.mended import JUMP
from tests.second_opinion.values import Cell
from tml_ast import nodes


class Loops(Compilation):
    """Compiles loops."""

    def _Loop(self, node: nodes.Loop) -> Compiled:
        if node.condition is not None:
            return self._while(node.condition, node.body)
        return self._counting(node)

    def _While(self, node: nodes.While) -> Compiled:
        return self._while(node.condition, node.body)

    def _while(self, test: nodes.Expression, block: nodes.Block) -> Compiled:
        condition, _ = self.expression(test)
        body = self._body(block)

        def run(frame: Frame) -> None:
            while condition(frame):
                if not _turn(body, frame):
                    break

        return run, ""

    def _counting(self, node: nodes.Loop) -> Compiled:
        """``loop (var i: T < limit)``: the variable starts at 0, and the body counts it up."""
        variable = node.child(nodes.LoopVariable)
        assert variable is not None
        name, limit_node = variable.token("IDENT"), variable.child(nodes.Expression)
        assert name is not None and limit_node is not None
        slot = self.local(name.text, self.declaration.type_of(variable.child(nodes.TypeNode))).slot
        limit, _ = self.expression(limit_node)
        body = self._body(node.body)

        def run(frame: Frame) -> None:
            frame[slot] = Cell(0)
            while frame[slot].value < limit(frame):
                if not _turn(body, frame):
                    break

        return run, ""

    def _For(self, node: nodes.For) -> Compiled:
        """Over a range of numbers, whose ends are evaluated once."""
        numbers = node.iterable
        if not isinstance(numbers, nodes.Binary) or numbers.operator not in ("to", "through"):
            raise Unsupported(node.text)
        start, _ = self.expression(numbers.left)
        end, type_text = self.expression(numbers.right)
        slot = self.local(bound_name(node.pattern), type_text).slot
        beyond = int(numbers.operator == "through")
        body = self._body(node.body)

        def run(frame: Frame) -> None:
            for number in range(start(frame), end(frame) + beyond):
                frame[slot] = Cell(number)
                if not _turn(body, frame):
                    break

        return run, ""

    def _body(self, block: nodes.Block) -> Code:
        self.notes.has_left = False
        around, self.loop_depth = self.loop_depth, len(self.notes.scopes)
        body, _ = self.expression(block)
        self.loop_depth = around
        self.notes.has_left = False
        return body

    def _Break(self, node: nodes.Break) -> Compiled:
        return self._jump(Broken)

    def _Continue(self, node: nodes.Continue) -> Compiled:
        return self._jump(Continued)

    def _jump(self, kind: type[Exception]) -> Compiled:
        drops = self.notes.all_drops(self.loop_depth) if JUMP in self.program.mended else []
        self.notes.has_left = True

        def leave(frame: Frame) -> None:
            for drop in drops:
                drop(frame)
            raise kind

        return leave, ""


def _turn(body: Code, frame: Frame) -> bool:
    """Run a loop's body once; whether the loop goes on."""
    try:
        body(frame)
    except Broken:
        return False
    except Continued:
        pass
    return True
