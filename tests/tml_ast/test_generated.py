"""The parsers are what the grammar makes them, and nothing of the grammar is read to use them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given

from tests.tml_ast.generated_programs import PROGRAMS
from tml_ast import generate, tokenize
from tml_ast.lookahead import PREDICATES, STARTS


@pytest.mark.parametrize("name", generate.MODULES.values())
def test_the_generated_parsers_are_those_of_the_grammar(name: str) -> None:
    file = Path(generate.__file__).with_name(name)
    assert file.read_text(encoding="utf-8") == generate.sources()[name], "run python -m tests.update"


def test_parsing_reads_no_grammar_and_only_errors_need_the_recorder() -> None:
    program = (
        "import sys, tml_ast\n"
        "tml_ast.parse(b'func f() {}')\n"
        "print({'parsimonious', 'tml_ast.grammar', 'tml_ast.generated_recorder'} & sys.modules.keys())\n"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"set()\n"
    )


@given(PROGRAMS)
def test_predicates_hold_for_no_other_tokens_than_listed(program: str) -> None:
    tokens = tokenize(program.encode())
    for name, types in STARTS.items():
        for index, token in enumerate(tokens[:-2]):
            held = token.type not in types and PREDICATES[name](tokens, index) is not None
            assert not held, f"{name} holds for {token}"
