"""Functions, and the statements that hold blocks or leave them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.second_opinion.writing.kinds import BY_TYPE, KINDS, NUMBER, TEXT, Kind, Opening
from tests.second_opinion.writing.values import TEXTS, ValueWriter
from tests.second_opinion.writing.writer import Scope, Variable


class FunctionWriter(ValueWriter):
    """Writes one function."""

    def function(self) -> list[str]:
        """The function's lines."""
        signature = self.signature
        scope = Scope()
        for index, parameter in enumerate(signature.parameters):
            kind = BY_TYPE[parameter.removeprefix("ref ")]
            variable = Variable(f"given_{index}", kind, is_given=True)
            if parameter.startswith("ref "):
                variable.owner = Variable("caller", kind)
                variable.is_reference = True
            self.handle("parameter by reference" if variable.is_reference else "parameter", kind)
            scope.variables.append(variable)
        parameters = ", ".join(
            f"{variable.name}: {parameter}"
            for variable, parameter in zip(scope.variables, signature.parameters, strict=True)
        )
        arrow = f" -> {signature.returns}" if signature.returns else ""
        visibility = "pub " if signature.is_visible and signature.in_library else ""
        self.write(f"{visibility}func {signature.name}({parameters}){arrow} {{", at=0)
        if not self.statements(scope):
            self.leave(scope, at_end=True)
        self.write("}", at=0)
        return self.lines

    def statements(self, scope: Scope) -> bool:
        """Write some statements; whether they end in a return, break or continue."""
        for _ in range(int(self.one_of("1", "2", "3", "4", "5"))):
            if self.budget <= 0:
                return False
            self.budget -= 1
            if self.statement(scope):
                return True
        return False

    def statement(self, scope: Scope) -> bool:
        """Write one statement; whether it leaves the block."""
        options = [
            *("make", "make", "make", "use", "use", "release", "discard", "open", "call"),
            *("text", "again", "again text", "push", "join", "join", "put", "take out", "alias", "keep"),
        ]
        if self.depth < 4:
            options += ["if", "if", "if", "loop", "when", "when", "unpack"]
        if self.depth > 1:
            options += ["leave"]
        if self.signature.returns.startswith("Outcome"):
            options += ["try"]
        if self.signature.in_library:
            options += ["branch value"]
        written = getattr(self, "_" + self.choose(options).replace(" ", "_"))(scope)
        return bool(written)

    # -- blocks -------------------------------------------------------------------------------

    def block(
        self,
        scope: Scope,
        place: str,
        *,
        in_loop: bool = False,
        first: str = "",
        bound: Sequence[Variable] = (),
    ) -> bool:
        """Write the inside of a block, which is a place for values; whether it leaves."""
        self.depth += 1
        around, self.place = self.place, place
        inner = scope.inner(in_loop=in_loop)
        if not in_loop:
            inner.loop_depth = scope.loop_depth
        inner.variables += bound
        before = [variable.is_usable for variable in scope.variables]
        start = len(self.lines)
        if first:
            self.write(first)
        leaves = self.statements(inner)
        if len(self.lines) == start:
            self.write(f"note({self.fresh()})")
        self.depth -= 1
        self.place = around
        if leaves:
            for variable, was_usable in zip(scope.variables, before, strict=True):
                variable.is_usable = was_usable
        return leaves

    def condition(self, scope: Scope) -> str:
        """A question."""
        options = [f"decide({self.fresh()})"] * 4
        if not self.signature.in_library:
            options += [f"str::len({self.text_maker(scope)}) > 100"]
        options += [f'{text.name} == "x"' for text in self.usable(scope, *TEXTS)]
        return self.choose(options)

    def _if(self, scope: Scope) -> bool:
        self.write(f"if {self.condition(scope)} {{")
        first = self.block(scope, "in an if")
        if self.one_of("alone", "else") == "alone":
            self.write("}")
            return False
        self.write("} else {")
        second = self.block(scope, "in an if")
        self.write("}")
        return first and second

    def _loop(self, scope: Scope) -> None:
        number = self.fresh()
        counter = f"turn_{number}"
        self.write(f"let limit_{number}: I64 = rounds({number})")
        self.write(f"var {counter}: I64 = 0")
        self.write(f"loop ({counter} < limit_{number}) {{")
        self.block(scope, "in a loop", in_loop=True, first=f"{counter} = {counter} + 1")
        self.write("}")

    # -- payloads -----------------------------------------------------------------------------

    def _when(self, scope: Scope) -> bool:
        kind, opening = self.opening(scope)
        return self.open(scope, self.filled(opening.call), kind, opening)

    def opening(self, scope: Scope) -> tuple[Kind, Opening]:
        """A call that yields a value or none, and the kind of the value."""
        by_call = {
            opening.call: (kind, opening)
            for kind in (*self.kinds, TEXT)
            for opening in self.openings_of(kind)
            if opening.bad != "Nothing" or self._can_find(scope)
        }
        return by_call[self.choose(list(by_call))]

    def _can_find(self, scope: Scope) -> bool:
        """Whether a `when` over a Maybe may stand here: the compiler takes Nothing for a name, once."""
        return not any(variable.name == "Nothing" for variable in scope.variables)

    def open(self, scope: Scope, maker: str, payload: Kind, opening: Opening) -> bool:
        """Write a `when` over what ``maker`` yields."""
        self.write(f"when {maker} {{")
        self.depth += 1
        name = self.one_of("named", "named", "named", "_")
        bound: list[Variable] = []
        if name != "_":
            variable = self.declare(scope.inner(), payload)
            name = variable.name
            bound = [variable]
        self.handle("ignored payload" if name == "_" else "payload of a when", payload)
        self.write(f"{opening.good}({name}) => {{")
        first = self.arm(scope, bound)
        self.write("},")
        if opening.bad == "Err":
            error = self.declare(scope.inner(), NUMBER, ("e",))
            self.write(f"Err({error.name}) => {{")
        else:
            error = Variable(opening.bad, NUMBER)
            self.write(f"{opening.bad} => {{")
        second = self.arm(scope, [error])
        self.write("},")
        self.depth -= 1
        self.write("}")
        return first and second

    def arm(self, scope: Scope, bound: Sequence[Variable] = (), place: str = "in an arm") -> bool:
        """Write the block of an arm; whether it leaves. All arms must have values of one type."""
        leaves = self.block(scope, place, bound=bound)
        last = self.lines[-1]
        if not leaves and not last.startswith("    " * (self.depth + 1) + "note"):
            self.write(f"note({self.fresh()})", at=self.depth + 1)
        return leaves

    def _open(self, scope: Scope) -> None:
        """A variable with a value or none, which is asked and perhaps taken."""
        kind, opening = self.opening(scope)
        number = self.fresh()
        result = f"result_{number}"
        good, bad, type_text = {
            "Ok": ("is_ok", "is_err", f"Outcome[{kind.type}, I64]"),
            "Just": ("is_just", "is_nothing", f"Maybe[{kind.type}]"),
        }[opening.good]
        self.write(f"let {result}: {type_text} = {self.filled(opening.call)}")
        if self.one_of("unread", "taken") == "unread":
            self.handle("only asked", kind)
            self.write(f"if {result}.{bad}() {{")
            self.depth += 1
            self.write(f"note({number})")
        else:
            self.write(f"if {result}.{good}() {{")
            self.depth += 1
            variable = self.declare(scope.inner(), kind)
            self.handle("unwrap()", kind)
            self.write(f"let {variable.name}: {kind.type} = {result}.unwrap()")
            self.write(f"note({self.use_of(variable)})")
        self.depth -= 1
        self.write("}")

    def _unpack(self, scope: Scope) -> bool:
        """A `when` over an enum of one's own; of a variable, what the enum drops may only be looked at."""
        enums = [kind for kind in self.kinds if kind.variants]
        if not enums:
            return False
        kind = self.kind(*enums)
        self.handle("own enum", kind)
        owned = self.owned(scope, kind)
        subject = self.pick(owned) if owned and self.one_of("new", "variable") == "variable" else None
        self.write(f"when {subject.name if subject else self.filled(self.choose(kind.makers))} {{")
        self.depth += 1
        if subject:
            subject.is_usable = False
        leaves = []
        for variant, payload in kind.variants:
            bound: list[Variable] = []
            if payload is None:
                self.write(f"{variant} => {{")
            elif subject is not None and payload is TEXT:
                self.write(f"{self.filled(variant).replace('$p', '_')} => {{")
            else:
                bound = [self.declare(scope.inner(), payload)]
                self.handle("payload of a when", payload)
                if subject is not None and not payload.is_copied:
                    bound[0].owner = Variable(subject.name, kind)
                self.write(f"{self.filled(variant).replace('$p', bound[0].name)} => {{")
            leaves.append(self.arm(scope, bound))
            self.write("},")
        self.depth -= 1
        self.write("}")
        return all(leaves)

    # -- calls and returns --------------------------------------------------------------------

    def _call(self, scope: Scope) -> None:
        signature = self.callee()
        if signature is None:
            return
        arguments = [self.argument(scope, wanted, taken=signature.takes) for wanted in signature.parameters]
        call = f"{signature.name}({', '.join(arguments)})"
        kind = BY_TYPE.get(signature.returns)
        if kind in KINDS:
            self.handle("result of a call", kind)
        payload, opening = outcome_of(signature.returns, call)
        if kind in KINDS and self.one_of("bind", "bind", "discard") == "bind":
            variable = self.declare(scope, kind)
            self.write(f"let {variable.name}: {kind.type} = {call}")
        elif payload is not None and (opening.bad != "Nothing" or self._can_find(scope)):
            self.open(scope, call, payload, opening)
        else:
            self.write(call if signature.returns != "I64" else f"note({call})")

    def _try(self, scope: Scope) -> None:
        """Take a value, or return the error."""
        by_call = {
            opening.call: kind
            for kind in (*self.kinds, TEXT)
            for opening in self.openings_of(kind)
            if opening.good == "Ok"
        }
        call = self.choose(sorted(by_call))
        variable = self.declare(scope, by_call[call])
        self.handle("!", variable.kind)
        self.write(f"let {variable.name}: {variable.kind.type} = {self.filled(call)}!")

    def _leave(self, scope: Scope) -> bool:
        if scope.in_loop and self.one_of("return", "jump", "jump") == "jump":
            self.write(self.one_of("break", "continue"))
        else:
            self.leave(scope)
        return True

    def leave(self, scope: Scope, *, at_end: bool = False) -> None:
        """Write a return that fits the function."""
        returns = self.signature.returns
        if returns == "":
            if not at_end or self.one_of("fall", "return") == "return":
                self.write("return")
        elif returns in ("I32", "I64"):
            texts = self.usable(scope, *TEXTS) if returns == "I64" else []
            options = ["0", "1", *(f"str::len({text.name})" for text in texts)]
            value = self.choose(options)
            self.write(value if at_end and self.one_of("return", "tail") == "tail" else f"return {value}")
        elif (payload := outcome_of(returns)[0]) is not None:
            good, none = ("Ok", f"Err({self.fresh()})") if "Outcome" in returns else ("Just", "Nothing")
            owned = [
                variable
                for variable in self.usable(scope, payload)
                if variable.owner is None and not variable.is_given
            ]
            if owned:
                self.handle("returned in an Outcome or Maybe", payload)
            self.write(f"return {good}({self.pick(owned).name})" if owned else f"return {none}")
        else:
            self.handle("returned", BY_TYPE[returns])
            self.write(f"return {self.result(scope, BY_TYPE[returns])}")


def outcome_of(type_text: str, call: str = "") -> tuple[Kind | None, Opening]:
    """What a type of a value or none holds, and how to open it; None for another type."""
    if type_text.startswith("Outcome["):
        return BY_TYPE[type_text.removeprefix("Outcome[").removesuffix(", I64]")], Opening(call)
    if type_text.startswith("Maybe["):
        return BY_TYPE[type_text.removeprefix("Maybe[").removesuffix("]")], Opening(call, "Just", "Nothing")
    return None, Opening(call)
