"""A fix that is right only if something holds that a person can check: it is offered, not made by itself."""

from __future__ import annotations

from codemods.engine import plan_fixes
from codemods.model.findings import Finding, Verdict
from codemods.model.fix_plan import FixPlan, always
from codemods.rules import RULES
from tests.support.rule_examples import PRELUDE

PATH = "tests/http/later.test.tml"

CALLED_LATER = """\
use demo::prelude::Reel

@test
func test_later(later: func(Reel)) -> I32 {
    let reel = Reel::new(4)
    later(reel)
    return 0
}

@test
func test_leak() -> I32 {
    let other = Reel::new(4)
    return 0
}
"""

LEAKS_AS_WELL = """\
use demo::prelude::Reel

@test
func test_later(later: func(Reel), count: I64) -> I32 {
    let reel = Reel::new(4)
    if count > 4 {
        return 1
    }
    later(reel)
    return 0
}
"""


def plan_of(**files: str) -> FixPlan:
    """The plan of some files of the library and a test, beside the prelude."""
    named = {
        PATH if name == "test" else f"lib/demo/src/http/{name}.tml": code for name, code in files.items()
    }
    sources = {path: code.encode() for path, code in named.items()}
    return plan_fixes({"lib/demo/src/prelude.tml": PRELUDE, **sources}, requirements=always)


def by_verdict(plan: FixPlan, verdict: Verdict) -> list[Finding]:
    return [finding for finding in plan.findings if finding.verdict is verdict]


def test_it_says_what_it_assumes_and_is_left_out_unless_it_is_chosen() -> None:
    plan = plan_of(test=CALLED_LATER)
    (offer,) = by_verdict(plan, Verdict.REVIEW)
    assert offer.message.endswith("; the fix assumes that later() neither keeps nor releases it")

    by_itself = plan.together([1])[0].changes[PATH].after.decode()
    assert by_itself == CALLED_LATER.replace(
        "let other = Reel::new(4)\n", "let other = Reel::new(4)\n    other.destroy()\n"
    )

    chosen = plan.together([1], frozenset((offer.key,)))[0].changes[PATH].after.decode()
    assert chosen == CALLED_LATER.replace("later(reel)\n", "later(reel)\n    reel.destroy()\n")


def test_a_proven_fix_never_takes_an_offer_of_the_same_value_along() -> None:
    plan = plan_of(test=LEAKS_AS_WELL)
    (fixable,), (left,) = by_verdict(plan, Verdict.FIXABLE), by_verdict(plan, Verdict.REPORTED)
    assert (left.key, left.edits) == (fixable.key, ())
    assert left.message.endswith("; it is offered when the other fix here is made")

    after = plan.together([1])[0].changes[PATH].after.decode()
    assert after == LEAKS_AS_WELL.replace("        return 1", "        reel.destroy()\n        return 1")
    (offer,) = by_verdict(plan_of(test=after), Verdict.REVIEW)
    assert offer.key.rule == "missing-release"


def test_offers_share_the_import_that_each_of_them_needs() -> None:
    example = RULES["foreign-growth"].offered[0].before
    roll, machine = example[example.index("/// Bytes") :].split("pub type Machine")
    plan = plan_of(
        roll=f"use core::intrinsics::{{ptr_read, ptr_write, mem_realloc}}\n\n{roll}",
        machine="use core::str\nuse demo::http::roll::Roll\n\n"
        '@extern("crypto_cipher_update_str")\n'
        "func cipher_text(engine: *Unit, text: Str, room: *Unit)\n\n"
        f"pub type Machine{machine.rstrip()[:-1]}"
        "    pub func feed_more(this, text: Str) {\n"
        "        cipher_text(this.engine, text, this.roll.block)\n    }\n}\n",
    )
    offers = by_verdict(plan, Verdict.REVIEW)
    history = plan.histories["lib/demo/src/http/machine.tml"]
    lines = [b"use demo::http::roll\n", b"roll::make_room(this.roll.block as I64, 64 + str::len(text))"]
    assert len(offers) == 2
    for chosen in ({offers[0].key}, {offers[1].key}):
        assert [history.text(chosen).count(line) for line in lines] == [1, 1]
    assert [history.text({offer.key for offer in offers}).count(line) for line in lines] == [1, 2]
