"""What libFuzzer runs: the lexer and the parser on its input, instrumented, with every check on the result.

`tests.campaigns.attack_grammar fuzz` starts it. Its arguments are libFuzzer's.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tml_ast"]):
    from tests.tml_ast.laws import at_most, check_engines_agree, check_time

    # Engine imports them late, when nothing instruments them any more.
    from tml_ast import generated_parser, generated_recorder  # noqa: F401

SMALL = 400
"""Inputs of up to so many bytes run through the reference engine as well."""


def test_one_input(source: bytes) -> None:
    """Check everything that must hold for an input."""
    check_time(source)
    if len(source) <= SMALL:
        with at_most(60):
            check_engines_agree(source)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
