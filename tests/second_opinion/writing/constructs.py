"""The other constructs of the language: further loops, branches, patterns, values of branches, closures."""

from __future__ import annotations

from tests.second_opinion.writing.kinds import KINDS, LABEL, OWNERS, PAIR, REEL, TEXT, Kind, Opening
from tests.second_opinion.writing.statements import FunctionWriter
from tests.second_opinion.writing.values import TEXTS
from tests.second_opinion.writing.writer import Scope, Variable

CLOSURE = Kind(name="closure", type="func(I64) -> I64", variables=("count", "measure"), uses=("$v(1)",))
ROW = Kind(
    name="array of owners",
    type="[Reel; 2]",
    variables=("row", "line_up"),
    makers=("[Reel::new($n), Reel::new($n)]",),
    uses=("$v[0].size()", "$v[1].size()"),
)
NUMBERS = Kind(name="array of numbers", type="[I64; 3]", variables=("numbers",), uses=("$v[1]", "$v[2]"))

_FORMS = {
    "ternary": "ternary",
    "then": "if then else",
    "if": "value of an if",
    "when": "value of a when",
    "block": "value of a block",
}
ONE_WORD = (*OWNERS, LABEL)
"""Kinds whose values are one machine word; the compiler keeps no more room for the value of a when."""


class ConstructWriter(FunctionWriter):
    """Writes one function with all constructs."""

    def statement(self, scope: Scope) -> bool:
        """Write one statement; whether it leaves the block."""
        if self.one_of("usual", "usual", "other") == "usual":
            return super().statement(scope)
        options = ["branch value", "numbers", "constant", "row", "array", "mutable", "call closure", "then"]
        options += ["held", "listed", "tuple", "elements"]
        if self.depth < 4:
            options += [
                "if let",
                "let else",
                "when number",
                "when bool",
                "when text",
                "else if",
                "braces",
                "closure",
            ]
        written = getattr(self, "_write_" + self.choose(options).replace(" ", "_"))(scope)
        return bool(written)

    # -- values -------------------------------------------------------------------------------

    def maker(self, kind: Kind) -> str:
        """An expression that makes a value of a kind."""
        if kind is PAIR:
            self.fresh()  # the second one's
        return self.filled(self.choose(kind.makers))

    def _write_branch_value(self, scope: Scope) -> None:
        """A value that two branches make; a string of theirs would be freed before anybody could use it."""
        form = self.one_of("ternary", "then", "if", "when", "block")
        kinds = [kind for kind in self.kinds if kind is not TEXT and (form != "when" or kind in ONE_WORD)]
        kind = self.kind(*(kinds or [REEL]))
        site, first, second = self.fresh(), self.maker(kind), self.maker(kind)
        variable = self.declare(scope, kind)
        self.handle(_FORMS[form], kind)
        start = f"let {variable.name}: {kind.type} ="
        if form == "ternary":
            self.write(f"{start} decide({site}) ? {first} : {second}")
        elif form == "then":
            self.write(f"{start} if decide({site}) then {first} else {second}")
        elif form == "if":
            self.write(f"{start} if decide({site}) {{ {first} }} else {{ {second} }}")
        elif form == "when":
            self._lines(f"{start} when rounds({site}) {{", f"    0 => {first},", f"    _ => {second},", "}")
        else:
            self._lines(f"{start} {{", f"    note({site})", f"    {first}", "}")

    def _write_mutable(self, scope: Scope) -> None:
        kind = self.kind(*self.kinds, REEL)
        maker = self.maker(kind)
        variable = self.declare(scope, kind)
        variable.is_variable = True
        self.handle("let mut", kind)
        self.write(f"let mut {variable.name}: {kind.type} = {maker}")

    def _write_row(self, scope: Scope) -> None:
        maker = self.maker(ROW)
        row = self.declare(scope, ROW)
        self.handle("array", REEL)
        self._lines(f"let {row.name}: {ROW.type} = {maker}", f"note({self.use_of(row)})")
        if self.one_of("released", "forgotten") == "released":
            row.is_usable = False
            self._lines(f"{row.name}[0].destroy()", f"{row.name}[1].destroy()")

    def _write_held(self, scope: Scope) -> None:
        """A value becomes a part of a generic struct, which is then left alone."""
        given = self._given_away(scope)
        if given is not None:
            type_text = f"Holder[{given.kind.type}]"
            self.handle("part of a struct or enum", given.kind)
            self.write(f"let held_{self.fresh()}: {type_text} = {type_text} {{ inner: {given.name} }}")

    def _write_listed(self, scope: Scope) -> None:
        """A value becomes an element of a list, and perhaps comes out again."""
        given = self._given_away(scope)
        if given is None or given.kind is TEXT:
            return
        kind, name = given.kind, f"listed_{self.fresh()}"
        self.handle("put into a container", kind)
        self._lines(
            f"let {name}: List[{kind.type}] = List[{kind.type}]::new(4)", f"{name}.push({given.name})"
        )
        if self.one_of("left", "popped") == "popped":
            self.handle("taken out", kind)
            again = self.declare(scope, kind)
            self.write(f"let {again.name}: {kind.type} = {name}.pop()")

    def _given_away(self, scope: Scope) -> Variable | None:
        """A variable that gives its value away, if one may."""
        owned = [variable for kind in dict.fromkeys(self.kinds) for variable in self.owned(scope, kind)]
        if not owned:
            return None
        given = self.pick(owned)
        given.is_usable = False
        return given

    def _write_tuple(self, scope: Scope) -> None:
        """A value in a tuple, which is taken apart where it stands."""
        kind = self.kind(*[kind for kind in (*self.kinds, REEL) if kind is not TEXT])
        maker = self.maker(kind)
        variable = self.declare(scope, kind)
        self.handle("pattern of a tuple", kind)
        self.write(f"let ({variable.name}, number_{self.fresh()}) = ({maker}, {self.fresh()})")

    def _write_elements(self, scope: Scope) -> None:
        """An array of values that nobody takes out."""
        kind = self.kind(*[kind for kind in (*self.kinds, REEL) if kind is not TEXT])
        self.handle("array", kind)
        values = f"[{self.maker(kind)}, {self.maker(kind)}]"
        self.write(f"let row_{self.fresh()}: [{kind.type}; 2] = {values}")

    def _write_array(self, scope: Scope) -> None:
        array = self.declare(scope, NUMBERS)
        values = self.one_of("[1, 2, 3]", "[7; 3]")
        self._lines(f"var {array.name}: {NUMBERS.type} = {values}", f"{array.name}[1] = 4")
        self.write(f"note({self.use_of(array)})")

    def _write_constant(self, _scope: Scope) -> None:
        number = self.fresh()
        self._lines(f"const SIZE_{number}: I64 = {number}", f"note(SIZE_{number})")

    def _write_numbers(self, scope: Scope) -> None:
        """Arithmetic, with what a value says of itself."""
        number = self.fresh()
        name = f"sum_{number}"
        usable = self.usable(scope, *KINDS)
        addend = self.use_of(self.pick(usable)) if usable else str(self.fresh())
        change = self.one_of("+= 2", "-= 1", "*= 3", "/= 2", "%= 5", "&= 7", "|= 1", "^= 2", "<<= 1", ">>= 1")
        value = self.one_of(
            "$ - 1",
            "$ * 2 / 3",
            "-$ % 5",
            "~$ & 15",
            "$ | 8",
            "$ ^ 3",
            "$ xor 3",
            "($ << 1) >> 2",
            "($ shl 2) shr 1",
        ).replace("$", name)
        step = self.one_of("++", "--")
        self._lines(f"var {name}: I64 = {addend}", f"{name} {change}", f"{name}{step}", f"note({value})")

    # -- branches -----------------------------------------------------------------------------

    def condition(self, scope: Scope) -> str:
        """A question, or two."""
        form = self.one_of("one", "one", "one", "two", "two", "type")
        owned = [each for kind in dict.fromkeys(self.kinds) for each in self.usable(scope, kind)]
        if form == "type" and owned:
            asked = self.pick(owned)
            return f"{asked.name} is {asked.kind.type}"
        if form != "two":
            return super().condition(scope)
        first, second = self.fresh(), self.fresh()
        return self.one_of(
            f"decide({first}) and decide({second})",
            f"decide({first}) && not decide({second})",
            f"decide({first}) or decide({second})",
            f"!decide({first}) || decide({second})",
            f"rounds({first}) != 1",
            f"rounds({first}) >= 1",
            f"rounds({first}) <= 1",
        )

    def _write_then(self, scope: Scope) -> None:
        if scope.in_loop and self.one_of("jump", "value") == "jump":
            self.write(f"if {self.condition(scope)} then {self.one_of('break', 'continue')}")
        else:
            site, first, second = self.fresh(), self.fresh(), self.fresh()
            self.write(f"if decide({site}) then note({first}) else note({second})")

    def _write_else_if(self, scope: Scope) -> bool:
        self.write(f"if {self.condition(scope)} {{")
        leaves = [self.block(scope, "in an if")]
        self.write(f"}} else if {self.condition(scope)} {{")
        leaves.append(self.block(scope, "in an else if"))
        self.write("} else {")
        leaves.append(self.block(scope, "in an else if"))
        self.write("}")
        return all(leaves)

    def _write_braces(self, scope: Scope) -> bool:
        opener = self.one_of("{", "lowlevel {")
        self.write(opener)
        leaves = self.block(scope, "in a block" if opener == "{" else "in a lowlevel block")
        self.write("}")
        return leaves

    def _write_if_let(self, scope: Scope) -> None:
        """The compiler binds numbers only, and wants an else."""
        kind, opening = self._opening()
        self.handle("if let", kind)
        pattern = f"{opening.good}(_)"
        if opening.bad == "Err" and self.one_of("good", "bad") == "bad":
            pattern = f"Err(error_{self.fresh()})"
        self.write(f"if let {pattern} = {self.filled(opening.call)} {{")
        self.block(scope, "in an if let")
        self.write("} else {")
        self.block(scope, "in an if let")
        self.write("}")

    def _write_let_else(self, scope: Scope) -> None:
        """The compiler cannot bind a string so."""
        kind, opening = self._opening()
        type_text = f"Outcome[{kind.type}, I64]" if opening.bad == "Err" else f"Maybe[{kind.type}]"
        call = self.filled(opening.call)
        inner = scope.inner()
        variable = self.declare(scope, kind)
        self.handle("let else", kind)
        self.write(f"let {opening.good}({variable.name}): {type_text} = {call} else {{")
        self.depth += 1
        self.write(f"note({self.fresh()})")
        self._leave(inner)
        self.depth -= 1
        self.write("}")

    def _opening(self) -> tuple[Kind, Opening]:
        by_call = {
            opening.call: (kind, opening)
            for kind in (*self.kinds, REEL)
            for opening in self.openings_of(kind)
            if kind is not TEXT
        }
        return by_call[self.choose(list(by_call))]

    # -- patterns -----------------------------------------------------------------------------

    def _write_when_number(self, scope: Scope) -> bool:
        number = self.fresh()
        first = self.one_of("0", "1, 2", "0 | 2", "1 to 3", "1 through 2")
        second = self.one_of("1", f"n_{number} if decide({self.fresh()})")
        return self._when_arms(scope, f"rounds({number})", first, second, "_")

    def _write_when_bool(self, scope: Scope) -> bool:
        return self._when_arms(scope, f"decide({self.fresh()})", "true", "false")

    def _write_when_text(self, scope: Scope) -> bool:
        texts = self.usable(scope, *TEXTS)
        if not texts:
            return False
        return self._when_arms(scope, self.pick(texts).name, '"number"', "_")

    def _when_arms(self, scope: Scope, subject: str, *patterns: str) -> bool:
        self.write(f"when {subject} {{")
        self.depth += 1
        leaves = []
        for pattern in patterns:
            self.write(f"{pattern} => {{")
            leaves.append(
                self.arm(scope, place="in an arm with a guard" if " if " in pattern else "in an arm")
            )
            self.write("},")
        self.depth -= 1
        self.write("}")
        return all(leaves)

    # -- loops --------------------------------------------------------------------------------

    def _loop(self, scope: Scope) -> None:
        form = self.one_of("loop", "while", "to", "through", "counting")
        if form == "loop":
            return super()._loop(scope)
        number = self.fresh()
        counter, limit = f"turn_{number}", f"limit_{number}"
        self.write(f"let {limit}: I64 = rounds({number})")
        count = self.one_of(f"{counter} = {counter} + 1", f"{counter} += 1", f"{counter}++")
        if form == "while":
            self._lines(f"var {counter}: I64 = 0", f"while {counter} < {limit} {{")
        elif form == "counting":
            self.write(f"loop (var {counter}: I64 < {limit}) {{")
        else:
            start = "0 to" if form == "to" else "1 through"
            self.write(f"for {counter} in {start} {limit} {{")
            count = f"note({counter})"
        place = {"while": "in a while", "counting": "in a counting loop"}.get(form, "in a for")
        self.block(scope, place, in_loop=True, first=count)
        self.write("}")
        return None

    # -- closures -----------------------------------------------------------------------------

    def _write_closure(self, scope: Scope) -> None:
        """One that reads a value of the function, or makes one of its own.

        The compiler manages neither closures in libraries nor those that use a reference.
        """
        if self.signature.in_library:
            return
        usable = [variable for variable in self.usable(scope, *KINDS) if not variable.is_reference]
        number = self.fresh()
        captured = self.pick(usable) if usable and self.one_of("reads", "makes") == "reads" else None
        inner = scope.inner()
        body: list[str] = []
        if captured is None:
            kind = self.kind(*self.kinds, REEL)
            around, self.place = self.place, "in a closure"
            own = self.declare(inner, kind)
            self.place = around
            body.append(f"let {own.name}: {kind.type} = {self.maker(kind)}")
            body.append(f"let inner_{number}: I64 = {self.use_of(own)}")
            if kind.releases and self.one_of("released", "forgotten") == "released":
                body.append(self.filled(self.choose(kind.releases), own))
        else:
            body.append(f"let inner_{number}: I64 = {self.use_of(captured)}")
            self.handle("captured by a closure", captured.kind)
        closure = self.declare(scope, CLOSURE)
        closure.owner = captured
        move, type_text = self.one_of("", "move "), self.one_of("", f": {CLOSURE.type}")
        if captured is not None and self.one_of("block", "expression") == "expression":
            value = body[0].partition(" = ")[2]
            name = f"both_{number}"
            self.write(
                f"let {name} = {move}do(one_{number}: I64, by_{number}: I64) -> I64 {value} + by_{number}"
            )
            self.write(f"note({name}({self.fresh()}, {self.fresh()}))")
            scope.variables.remove(closure)
            return
        self.write(f"let {closure.name}{type_text} = {move}do(by_{number}: I64) -> I64 {{")
        self._lines(*(f"    {line}" for line in body), f"    inner_{number} + by_{number}", "}")
        self.write(f"note({closure.name}({self.fresh()}))")

    def _write_call_closure(self, scope: Scope) -> None:
        closures = self.usable(scope, CLOSURE)
        if closures:
            self.write(f"note({self.use_of(self.pick(closures))})")

    def _lines(self, *lines: str) -> None:
        for line in lines:
            self.write(line)
