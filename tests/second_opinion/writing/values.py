"""Statements that make, use, hand over and forget values."""

from __future__ import annotations

from tests.second_opinion.writing.kinds import BY_TYPE, KINDS, PAIR, REEL, TEXT, VIEW, WORDS, Form, Kind
from tests.second_opinion.writing.writer import Scope, Signature, Variable, Writer

TEXTS = (TEXT, VIEW)
VIEWED = tuple(kind for kind in KINDS if kind.views)


class ValueWriter(Writer):
    """Writes statements without a block."""

    def kind(self, *kinds: Kind) -> Kind:
        """One of these kinds; the more often it stands there, the likelier."""
        by_name = {kind.name: kind for kind in kinds}
        return by_name[self.choose([kind.name for kind in kinds])]

    # -- made ---------------------------------------------------------------------------------

    def _make(self, scope: Scope) -> None:
        kind = self.kind(*self.kinds, TEXT)
        if kind is TEXT:
            return self._text(scope)
        maker = self.filled(self.choose(kind.makers))
        if kind is PAIR:
            self.fresh()  # the second one's
            if self.one_of("names", "tuple") == "names":
                first, second = self.declare(scope, REEL), self.declare(scope, REEL)
                self.handle("pattern of a tuple", kind)
                self.write(f"let ({first.name}, {second.name}) = {maker}")
                return None
        variable = self.declare(scope, kind)
        variable.is_variable = self.one_of("let", "let", "let", "var") == "var"
        self.handle("var" if variable.is_variable else "let", kind)
        if variable.is_variable:
            self.write(f"var {variable.name}: {kind.type} = {maker}")
        else:
            self.write(f"let {variable.name}{self.one_of(f': {kind.type}', '')} = {maker}")
        return None

    def text_maker(self, scope: Scope, *, in_branch: bool = False) -> str:
        """An expression that makes a string, and is freed when it is bound.

        As the value of a branch the compiler would free a sum before anybody could use it.
        """
        options = [self.filled(maker) for maker in TEXT.makers]
        for variable in self.usable(scope, *KINDS):
            options += [self.filled(code, variable) for code in variable.kind.texts]
        if not in_branch:
            options += [f'{text.name} + "!"' for text in self.usable(scope, *TEXTS) if not text.is_reference]
        return self.choose(options)

    def _text(self, scope: Scope) -> None:
        viewed = self.usable(scope, *VIEWED)
        if viewed and self.one_of("make", "view") == "view":
            owner = self.pick(viewed)
            code = self.filled(self.choose(owner.kind.views), owner)
            view = self.declare(scope, VIEW)
            view.owner = owner
            word = self.one_of("let", "let", "var")
            self.handle("view into it", owner.kind)
            self.handle(word, VIEW)
            self.write(f"{word} {view.name}: Str = {code}")
            return
        maker = self.text_maker(scope)
        variable = self.declare(scope, TEXT)
        variable.is_variable = self.one_of("let", "let", "var") == "var"
        self.handle("var" if variable.is_variable else "let", TEXT)
        self.write(f"{'var' if variable.is_variable else 'let'} {variable.name}: Str = {maker}")

    def _branch_value(self, scope: Scope) -> None:
        number = self.fresh()
        maker = self.text_maker(scope, in_branch=True)
        variable = self.declare(scope, TEXT)
        self.handle("value of an if", TEXT)
        self.write(f'let {variable.name}: Str = if decide({number}) {{ {maker} }} else {{ "none" }}')

    # -- used ---------------------------------------------------------------------------------

    def use_of(self, variable: Variable) -> str:
        """An expression that reads the variable and leaves it alone."""
        kind = variable.kind
        self.handle("lent", kind)
        options = kind.uses if variable.is_reference else (*kind.uses, *kind.loans)
        return self.filled(self.choose(options), variable)

    def _use(self, scope: Scope) -> None:
        usable = self.usable(scope, *KINDS)
        if usable:
            self.write(f"note({self.use_of(self.pick(usable))})")

    def _release(self, scope: Scope) -> None:
        releasable = [
            variable
            for variable in self.usable(scope, *KINDS)
            if variable.kind.releases and self.may_be_given_away(scope, variable)
        ]
        if releasable:
            variable = self.pick(releasable)
            self.handle("released", variable.kind)
            variable.original.is_usable = False
            self.write(self.filled(self.choose(variable.kind.releases), variable))

    def _discard(self, scope: Scope) -> None:
        options = {
            f"note_text({self.text_maker(scope)})": TEXT,
            f"note(str::len({self.text_maker(scope)}))": TEXT,
        }
        for kind in self.kinds:
            options |= {self.filled(code): kind for code in kind.discards}
        code = self.choose(list(options))
        self.handle("discarded", options[code])
        self.write(code)

    def _again(self, scope: Scope) -> None:
        variables = [
            variable
            for variable in self.usable(scope, *KINDS)
            if variable.kind is not TEXT and variable.kind.may_be_overwritten and variable.is_variable
        ]
        if variables:
            variable = self.pick(variables)
            self.handle("overwritten", variable.kind)
            self.write(f"{variable.name} = {self.filled(self.choose(variable.kind.makers))}")

    def _again_text(self, scope: Scope) -> None:
        """Assign to a string; not where a fix at the function's end promises to free only the last value."""
        if not self.signature.returns:
            return
        variables = [variable for variable in self.usable(scope, TEXT) if variable.is_variable]
        if variables:
            maker = self.text_maker(scope)
            self.handle("overwritten", TEXT)
            self.write(f"{self.pick(variables).name} = {maker}")

    def _push(self, scope: Scope) -> None:
        """Add a string to a list that may hold others; a test would free a string that it made for that."""
        lists = self.usable(scope, WORDS)
        if lists:
            options = [f'"literal {self.fresh()}"']
            if self.signature.in_library:
                options.append(f'str::repeat("p{self.fresh()}", 2)')
            self.write(f"{self.pick(lists).name}.push({self.choose(options)})")

    # -- handed over --------------------------------------------------------------------------

    def callee(self) -> Signature | None:
        """A function that can be called from here."""
        by_name = {signature.name: signature for signature in self.known if self._sees(signature)}
        return by_name[self.choose(sorted(by_name))] if by_name else None

    def _sees(self, function: Signature) -> bool:
        if function.path == self.signature.path:
            return True
        return function.is_visible and function.path in self.signature.sees

    def argument(self, scope: Scope, wanted: str, *, taken: bool) -> str:
        """An argument for a parameter's type; it stays usable unless it is taken over."""
        if wanted == "I64":
            return str(self.fresh())
        if wanted == "Str":
            usable = self.usable(scope, *TEXTS)
            if not usable:
                return f'"literal {self.fresh()}"'
            text = self.pick(usable)
            self.handle("argument", text.kind)
            return text.name
        takes_reference = wanted.startswith("ref ")
        kind = BY_TYPE[wanted.removeprefix("ref ")]
        usable = [
            candidate
            for candidate in self.usable(scope, *(TEXTS if kind is TEXT else (kind,)))
            if takes_reference or not candidate.is_reference
        ]
        if usable and not taken:
            variable = self.pick(usable)
        else:
            variable = self.declare(scope, kind)
            self.write(f"let {variable.name}: {kind.type} = {self.filled(self.choose(kind.makers))}")
        self.handle("argument by reference" if takes_reference else "argument", variable.kind)
        if takes_reference:
            return variable.by_reference
        variable.is_usable = not taken
        return variable.name

    def result(self, scope: Scope, kind: Kind) -> str:
        """A value of a kind that the function may return: its own, or a new one."""
        options = [self.filled(kind.makers[0])]
        options += [
            variable.name
            for variable in self.usable(scope, kind)
            if variable.owner is None and not variable.is_given
        ]
        return self.choose(options)

    # -- joined and taken apart ---------------------------------------------------------------

    def parts_of(self, scope: Scope, form: Form) -> list[Variable] | None:
        """Variables for the values of a form, if there are such."""
        choices = [self.owned(scope, part) for part in form.parts]
        return [self.pick(variables) for variables in choices] if all(choices) else None

    def _join(self, scope: Scope) -> None:
        """Make a value of others."""
        forms = {
            form.code: (kind, form)
            for kind in self.kinds
            for form in kind.forms
            if all(self.owned(scope, part) for part in form.parts)
        }
        if not forms:
            return
        kind, form = forms[self.choose(sorted(forms))]
        parts = self.parts_of(scope, form)
        assert parts is not None
        variable = self.declare(scope, kind)
        self.write(f"let {variable.name}: {kind.type} = {self.filled(form.code, parts=parts)}")
        self.handle("part of a struct or enum", *(part.kind for part in parts))
        for part in parts:
            part.is_usable = False

    def _put(self, scope: Scope) -> None:
        """Put a value into a container, or change what is in it."""
        containers = [variable for variable in self.usable(scope, *KINDS) if variable.kind.into]
        if not containers:
            return
        container = self.pick(containers)
        by_code = {form.code: form for form in container.kind.into}
        form = by_code[self.choose(list(by_code))]
        parts = self.parts_of(scope, form)
        if parts is not None:
            self.write(self.filled(form.code, container, parts))
            self.handle("put into a container", *(part.kind for part in parts))
            for part in parts:
                part.is_usable = False

    def _take_out(self, scope: Scope) -> None:
        """Take a value out of what holds it, and leave that alone."""
        holders = [
            variable
            for variable in self.usable(scope, *KINDS)
            if variable.kind.out and not variable.is_alias and self.may_be_given_away(scope, variable)
        ]
        if holders:
            holder = self.pick(holders)
            by_code = {code: kind for kind, code in holder.kind.out}
            code = self.choose(sorted(by_code))
            variable = self.declare(scope, by_code[code])
            self.handle("taken out", variable.kind)
            self.write(f"let {variable.name}: {variable.kind.type} = {self.filled(code, holder)}")
            holder.is_usable = False

    def _alias(self, scope: Scope) -> None:
        """A second name for a value."""
        known = [
            variable
            for variable in self.usable(scope, *KINDS)
            if variable.kind.is_copied or variable.kind in TEXTS
        ]
        if known:
            owner = self.pick(known)
            if owner.kind in TEXTS:
                self.handle("second name", owner.kind)
                view = self.declare(scope, VIEW)
                view.owner = owner
                self.write(f"let {view.name}: Str = {owner.name}")
                return
            variable = self.declare(scope, owner.kind)
            self.handle("second name", owner.kind)
            variable.owner, variable.is_alias, variable.is_given = owner, True, owner.is_given
            self.write(f"let {variable.name}: {owner.kind.type} = {owner.name}")

    def _keep(self, scope: Scope) -> None:
        """Hand a value through a generic function."""
        kept = [variable for kind in self.kinds for variable in self.owned(scope, kind)]
        kept += self.usable(scope, *TEXTS)
        if kept:
            given = self.pick(kept)
            self.handle("generic function", given.kind)
            variable = self.declare(scope, VIEW if given.kind in TEXTS else given.kind)
            self.write(f"let {variable.name}: {given.kind.type} = keep({given.name})")
            if given.kind in TEXTS:
                variable.owner = given
            else:
                given.is_usable = False
