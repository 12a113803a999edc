"""Every construct is used with every kind of value, unless there is a reason."""

from __future__ import annotations

import random

import pytest

from tests.second_opinion.generated_functions import generated
from tests.second_opinion.writing.handling import CONSTRUCTS, Handling
from tests.second_opinion.writing.kinds import KINDS, LABEL, TEXT, VIEW, Kind
from tests.second_opinion.writing.table import GROUPS, Table, reason

ENOUGH = 1_500
"""So many programs with one kind use all constructs with it; most often far fewer do."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_construct_is_used_with_each_kind(kind: Kind) -> None:
    kinds = (
        (LABEL, TEXT) if kind is VIEW else (kind, kind, *(part for form in kind.forms for part in form.parts))
    )
    missing = {construct for construct in CONSTRUCTS if reason(construct, kind) is None}
    for seed in range(ENOUGH):
        handled = generated(random.Random(seed).choice, tuple(kinds)).handled
        missing -= {handling.construct for handling in handled if handling.kind == kind.name}
        if not missing:
            break

    assert not sorted(missing)


def test_what_is_impossible_never_happens() -> None:
    impossible = {
        (handling.construct, handling.kind)
        for seed in range(300)
        for handling in generated(random.Random(seed).choice).handled
        for kind in KINDS
        if kind.name == handling.kind and reason(handling.construct, kind) is not None
    }

    assert not sorted(impossible)


def test_the_table_counts_modules_and_tests() -> None:
    table = Table()
    table.add([Handling("let", "string", True), Handling("let", "string", False)], 3, 1)
    table.add([Handling("let", "string", False)], 4, 2)

    lines = table.markdown("paths").splitlines()
    column = list(GROUPS).index("string") + 2
    cells = {line.split("|")[1].strip(): line.split("|")[column].strip() for line in lines if "|" in line}
    assert cells["let"] == "3 + 7"
    assert cells["ternary"] == "– (b)"
