"""What libFuzzer runs: the lexer and the parser on its input, instrumented, with every check on the result.

``attack_grammar.py fuzz`` starts it. Its arguments are libFuzzer's.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tml_ast"]):
    from tml_law import at_most, check_engines_agree, check_time

    from tml_ast import engine

SMALL = 400
"""Inputs of up to so many bytes run through the reference engine as well."""


def instrument_generated_parsers() -> None:
    """The import hook cannot see them: they are made from the grammar when first asked for."""
    for recording in (False, True):
        atheris.instrument_func(engine._parser(recording=recording))


def test_one_input(source: bytes) -> None:
    """Everything that must hold."""
    check_time(source)
    if len(source) <= SMALL:
        with at_most(60):
            check_engines_agree(source)


if __name__ == "__main__":
    instrument_generated_parsers()
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
