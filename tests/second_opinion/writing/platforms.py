"""Statements and functions that are written for each platform: `#if` and its like."""

from __future__ import annotations

from tests.second_opinion.writing.constructs import ConstructWriter
from tests.second_opinion.writing.kinds import KINDS, REEL, TEXT
from tests.second_opinion.writing.writer import Scope

CONDITIONS = (
    *("LINUX", "WINDOWS", "UNIX", "MACOS", "not WINDOWS", "!LINUX && UNIX"),
    *("defined(WINDOWS) || MACOS", "X86_64 and UNIX", "DEBUG"),
)


class PlatformWriter(ConstructWriter):
    """Writes one function; what it does may depend on the platform."""

    def statement(self, scope: Scope) -> bool:
        """Write one statement; whether it leaves the block."""
        if self.one_of(*["everywhere"] * 7, "by platform") == "everywhere":
            return super().statement(scope)
        form = self.one_of("twins", "release", "statements")
        if form == "twins":
            self._twins(scope)
        elif form == "release":
            self._released_somewhere(scope)
        else:
            self._statements_by_platform(scope)
        return False

    def _twins(self, scope: Scope) -> None:
        """A variable that each platform makes in its own way."""
        kind = self.kind(*[kind for kind in (*self.kinds, REEL) if kind is not TEXT])
        first, second = self.maker(kind), self.maker(kind)
        variable = self.declare(scope, kind)
        self.handle("#if twins", kind)
        self._directive(f"if {self.choose(CONDITIONS)}")
        self.write(f"let {variable.name}: {kind.type} = {first}")
        self._directive("else")
        self.write(f"let {variable.name}: {kind.type} = {second}")
        self._directive("endif")

    def _released_somewhere(self, scope: Scope) -> None:
        """A value that is released on some platforms only."""
        releasable = [
            variable
            for variable in self.usable(scope, *KINDS)
            if variable.kind.releases and variable.owner is None and not variable.is_given
        ]
        if not releasable or scope.in_loop:
            return
        variable = self.pick(releasable)
        self.handle("released under #if", variable.kind)
        variable.is_usable = False
        self._directive(f"if {self.choose(CONDITIONS)}")
        self.write(self.filled(self.choose(variable.kind.releases), variable))
        if self.one_of("end", "else") == "else":
            self._directive("else")
            self.write(f"note({self.fresh()})")
        self._directive("endif")

    def _statements_by_platform(self, scope: Scope) -> None:
        """Statements of their own for some platforms; nothing else knows their variables."""
        words = self.one_of("if", "if else", "if elif else", "ifdef else", "ifndef").split()
        known = list(scope.variables)
        usable = [variable.is_usable for variable in known]
        afterwards = list(usable)
        for word in words:
            symbols = CONDITIONS[:4] if "def" in word else CONDITIONS
            self._directive(word if word == "else" else f"{word} {self.choose(symbols)}")
            for variable, is_usable in zip(known, usable, strict=True):
                variable.is_usable = is_usable
            inner = scope.inner(in_loop=scope.in_loop)
            inner.loop_depth = scope.loop_depth
            around, self.place = self.place, "under #if"
            leaves = self.statements(inner)
            self.place = around
            if not leaves:
                afterwards = [
                    is_usable and variable.is_usable
                    for variable, is_usable in zip(known, afterwards, strict=True)
                ]
            for variable in inner.variables[len(scope.variables) :]:
                variable.is_usable = False
                scope.variables.append(variable)
        self._directive("endif")
        for variable, is_usable in zip(known, afterwards, strict=True):
            variable.is_usable = is_usable

    def _directive(self, line: str) -> None:
        self.write(f"#{line}", at=0)
