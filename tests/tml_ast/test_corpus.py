"""The real TML library: every file round-trips and exactly the known ones are refused."""

from __future__ import annotations

import time

import pytest

from tests.support.corpus import corpus_files, corpus_folder
from tests.tml_ast.notation import shape
from tml_ast import TmlSyntaxError, engine, reference, tokenize
from tml_ast.parser import parse_tokens

SAMPLES = ("02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "15")
REFUSED = {
    "lib/core/tests/errors/lexer_errors.error.tml",
    "lib/core/tests/errors/parser_errors.error.tml",
    "vscode-tml/examples/advanced.tml",
    "vscode-tml/examples/basic.tml",
    "vscode-tml/examples/types.tml",
}
"""Besides the numbered SAMPLES in docs/examples, which are older than the language."""


def test_every_file_round_trips_and_exactly_the_known_ones_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = corpus_files()
    refused: dict[str, TmlSyntaxError] = {}
    lines = 0
    started = time.perf_counter()
    for file in files:
        source = file.read_bytes()
        lines += source.count(b"\n")
        name = file.relative_to(corpus_folder()).as_posix()
        tokens = tokenize(source)
        assert b"".join(token.code() for token in tokens) == source, name
        try:
            assert parse_tokens(source, tokens).code() == source, name
        except TmlSyntaxError as error:
            refused[name] = error
    seconds = time.perf_counter() - started
    with capsys.disabled():
        print(
            f"\ncorpus: {len(files)} files, {lines} lines, {len(files) - len(refused)} parsed,"
            f" {len(refused)} refused, all round-trip, {seconds:.1f} s"
        )
    samples = {name for name in refused if name.startswith("docs/examples/")}
    assert len(files) == 1441
    assert {name.removeprefix("docs/examples/")[:2] for name in samples} == set(SAMPLES)
    assert len(samples) == len(SAMPLES)
    assert refused.keys() - samples == REFUSED
    assert all(error.line > 0 and error.column > 0 for error in refused.values())


def test_the_reference_engine_builds_the_same_trees() -> None:
    files = corpus_files()
    for file in files[:: len(files) // 60]:
        tokens = tokenize(file.read_bytes())
        fast, slow = engine.parse_tokens(tokens), reference.parse_tokens(tokens)
        assert (fast and shape(fast)) == (slow and shape(slow)), file
