"""Calls: of functions and methods, of the library's own, and of constructors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.second_opinion import natives
from tests.second_opinion.compilation import (
    Compilation,
    Compiled,
    Unsupported,
    pointee,
)
from tests.second_opinion.drops import Code, Frame
from tests.second_opinion.mended import PRIVATE_CALLEE
from tests.second_opinion.program import Declaration
from tests.second_opinion.values import Variant, base_and_arguments, bind_parameters
from tml_ast import nodes


class Calls(Compilation):
    """Compiles calls."""

    def _Call(self, node: nodes.Call) -> Compiled:
        function = node.function
        if not isinstance(function, nodes.Path):
            raise Unsupported(node.text)
        segments = function.segments
        name = segments[-1]
        if (function.identifier or "") in self.locals:
            return self.call_of_closure(name, node.arguments)
        if name in ("Just", "Ok", "Err"):
            return self._constructor(name, node.arguments[0])
        declaration = self.program.functions.get(name)
        if len(segments) > 1 and segments[-2][0].isupper():
            declaration = self.program.methods.get((segments[-2], name))
        if len(segments) > 1 and name in self.program.variants.get(segments[-2], {}):
            return self._enum_variant(segments[-2], name, node.arguments)
        if declaration is None:
            arguments = [self.expression(argument) for argument in node.arguments]
            type_arguments = [argument.text for argument in function.generic_arguments]
            return self._native("::".join(segments[-2:]), arguments, type_arguments)
        return self._declared_call(declaration, node.arguments)

    def _declared_call(self, declaration: Declaration, arguments: Sequence[nodes.Expression]) -> Compiled:
        codes: list[Code] = []
        bindings: dict[str, str] = {}
        generics = [parameter.name for parameter in declaration.node.generic_parameters]
        for parameter, argument in zip(declaration.node.parameters, arguments, strict=True):
            wanted = declaration.type_of(parameter.annotation)
            if "ref " in wanted and not isinstance(argument, nodes.Unary):
                code, type_text = self.place(argument)
            else:
                code, type_text = self.expression(argument)
            bind_parameters(pointee(wanted), pointee(type_text), generics, bindings)
            codes.append(code)
        if generics:
            declaration = declaration.instantiated(bindings)
        self._give_away_arguments(declaration, arguments)
        return self._invoke(declaration, codes), declaration.returns

    def _give_away_arguments(self, declaration: Declaration, arguments: Sequence[nodes.Expression]) -> None:
        for parameter, argument in zip(declaration.node.parameters, arguments, strict=True):
            wanted = declaration.type_of(parameter.annotation)
            is_visible = declaration.is_visible or PRIVATE_CALLEE in self.program.mended
            if is_visible and ("ref " in wanted or wanted == "Str"):
                continue
            if isinstance(argument, nodes.FieldAccess) and not argument.name.isdigit():
                argument = argument.object
            self.give_away(argument)

    def _invoke(self, declaration: Declaration, codes: Sequence[Code]) -> Code:
        oracle = natives.ORACLES.get(declaration.name)
        trace = self.machine.trace

        def run(frame: Frame) -> Any:
            arguments = [code(frame) for code in codes]
            if oracle is not None:
                return oracle(self.machine, arguments)
            if declaration.name in self.machine.observed:
                trace.append(
                    (declaration.name, *(natives.content(self.heap, argument) for argument in arguments))
                )
            return self.machine.call(declaration, arguments)

        return run

    def _constructor(self, name: str, argument: nodes.Expression) -> Compiled:
        code, type_text = self.expression(argument)
        self.give_away(argument)
        type_text = {
            "Just": f"Maybe[{type_text}]",
            "Ok": f"Outcome[{type_text}, _]",
            "Err": f"Outcome[_, {type_text}]",
        }[name]
        return (lambda frame: Variant(name, (code(frame),))), type_text

    def _enum_variant(self, enum: str, name: str, arguments: Sequence[nodes.Expression]) -> Compiled:
        codes = [self.expression(argument)[0] for argument in arguments]
        for argument in arguments:
            self.give_away(argument)
        return (lambda frame: Variant(name, tuple(code(frame) for code in codes))), enum

    def _StaticCall(self, node: nodes.StaticCall) -> Compiled:
        arguments = [self.expression(argument) for argument in node.arguments]
        type_text = self.declaration.type_of_text(node.path.text)
        base, type_arguments = base_and_arguments(type_text)
        if (base, node.name) in self.program.methods:
            declaration = self.machine.method(type_text, node.name)
            return self._invoke(declaration, [code for code, _ in arguments]), declaration.returns
        return self._native(f"{base}::{node.name}", arguments, type_arguments)

    def _native(self, name: str, arguments: Sequence[Compiled], type_arguments: Sequence[str]) -> Compiled:
        native = natives.FUNCTIONS.get(name) or natives.FUNCTIONS.get(name.rpartition("::")[2])
        if native is None:
            raise Unsupported(f"the function {name}")
        codes = [code for code, _ in arguments]
        run = native.run
        type_text = native.returns.replace("$T", ", ".join(type_arguments))
        return (lambda frame: run(self.heap, *(code(frame) for code in codes))), type_text

    def _MethodCall(self, node: nodes.MethodCall) -> Compiled:
        place, type_text = self.place(node.receiver)
        base, type_arguments = base_and_arguments(type_text)
        if (base, node.name) in self.program.methods:
            declaration = self.machine.method(type_text, node.name)
            if isinstance(node.receiver, nodes.FieldAccess) and isinstance(
                node.receiver.object, nodes.FieldAccess
            ):
                raise Unsupported(f"a receiver below two fields: {node.text}")
            codes = [self.expression(argument)[0] for argument in node.arguments]
            return self._invoke(declaration, [place, *codes]), declaration.returns
        codes = [self.expression(argument)[0] for argument in node.arguments]
        native = natives.METHODS.get((base, node.name))
        if native is None:
            raise Unsupported(f"the method {base}.{node.name}")
        run = native.run
        first, last = (type_arguments[0], type_arguments[-1]) if type_arguments else ("", "")
        returns = native.returns.replace("$T", first).replace("$E", last)
        returns = returns.replace("$A", ", ".join(type_arguments))
        return (lambda frame: run(self.heap, place(frame), *(code(frame) for code in codes))), returns
