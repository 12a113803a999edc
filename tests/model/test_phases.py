"""Which phase owns a file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codemods.model.phases import PHASES, Plan, phase_numbered, phase_of


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("lib/std/src/http/client.tml", "http"),
        ("lib/std/src/http.tml", "http"),
        ("lib/std/tests/http_client.test.tml", "http"),
        ("lib/std/src/net/addr.tml", "net-parsers"),
        ("lib/std/src/hashmap.tml", "collections"),
        ("lib/std/src/json/value.tml", "url-json-crypto"),
        ("lib/std/src/text.tml", "test-infra"),
        ("lib/std/src/https/client.tml", "test-infra"),
    ],
)
def test_the_first_phase_with_a_matching_pattern_owns_a_file(path: str, slug: str) -> None:
    phase = phase_of(path)
    assert phase is not None and phase.slug == slug


@pytest.mark.parametrize(
    "path", ["compiler/http/a.tml", "docs/http.tml", "tools/a.tml", "lib/http/a.error.tml"]
)
def test_no_phase_owns_what_is_outside_of_the_plan(path: str) -> None:
    assert phase_of(path) is None


def test_a_plan_with_other_scopes_divides_files_differently() -> None:
    net = replace(phase_numbered(2), scope=("*/http/*",))
    plan = Plan(phases=(net, phase_numbered(5)), outside=("/lib/old/*",))

    assert plan.phase_of("lib/std/src/http/client.tml") == net
    assert plan.phase_of("lib/std/src/net/addr.tml") == phase_numbered(5)
    assert plan.phase_of("lib/old/http/client.tml") is None


def test_phases_are_numbered_in_order_and_named_in_branch_and_patch() -> None:
    assert [phase.number for phase in PHASES] == [1, 2, 3, 4, 5]
    assert (PHASES[0].branch, PHASES[0].patch_name) == ("tmlfix/phase-1-http", "phase-1-http.patch")
