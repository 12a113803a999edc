"""Every kind of owner: what the second opinion says of it is what TML's compiler was seen to do."""

from __future__ import annotations

import pytest

from tests.second_opinion.heap import Fault
from tests.second_opinion.machine import Machine
from tests.second_opinion.paths import Run, paths
from tests.second_opinion.program import Program
from tests.second_opinion.writing.kinds import KINDS, VIEW, Kind
from tests.second_opinion.writing.support import SUPPORT, support_of, with_imports


def run_of(code: str) -> Run:
    """The only path of a test with this body."""
    source = with_imports(f"@test\nfunc t() -> I32 {{\n{code}\n0\n}}\n")
    program = Program({**support_of(source), "tests/demo/a.test.tml": source.encode()})
    return next(paths(Machine(program, program.observable()), "t"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not VIEW], ids=lambda kind: kind.name)
def test_each_kind_can_be_made_used_and_released(kind: Kind) -> None:
    for maker in kind.makers:
        code = f"let v: {kind.type} = {maker}".replace("$n", "3")
        for use in (*kind.uses, *kind.loans):
            code += f"\nnote({use})".replace("$v", "v").replace("$r", "ref v").replace("$n", "3")
        assert not run_of(code).faults
        for release in kind.releases:
            run = run_of(f"{code}\n{release}".replace("$v", "v"))
            assert not run.faults
            assert kind.type.startswith(("List[", "HashMap[")) or not run.leaks


@pytest.mark.parametrize(
    ("code", "leaks"),
    [
        ("let r = Crate::new(1)", 1),
        ("let r = Lamp::new(1)", 1),
        ("let r = Session::new(1)", 1),
        ("let c = Cabinet::new(3)", 1),
        ("let s = Shelf::new(3)", 1),
        ('let l = Label::new("abc")\nlet s = Shelf::new(3)', 0),
        ("let p = pack_reel(2)", 1),
        ("let p = pack_text(2)", 0),
        ("pack_text(2)", 1),
        ("let b: Box = Box::Safe(Chest::new(1))", 0),
        ("let c = Chest::new(1)\nlet b: Box = Box::Safe(c)", 0),
        ("when pack_text(1) { Parcel::Note(s) => { note_text(s) }, Parcel::Heavy(_) => { note(1) }, }", 0),
        ("when Box::Safe(Chest::new(1)) { Box::Safe(c) => { note(1) }, Box::Bare => { note(2) }, }", 1),
        ("let h: Holder[Chest] = Holder[Chest]::new(Chest::new(1))", 0),
        ("let c = Chest::new(1)\nlet h: Holder[Chest] = Holder[Chest] { inner: c }", 0),
        ('let h: Holder[Label] = Holder[Label]::new(Label::new("abc"))', 1),
        ("let h = held_text(3)", 0),
        ("Holder[Chest]::new(Chest::new(1))", 1),
        ("let h: Holder[Reel] = Holder[Reel]::new(Reel::new(1))\nlet r = h.get()\nr.destroy()", 0),
        ("let c = Chest::new(1)\nlet d = keep(c)", 0),
        ("let r = Reel::new(1)\nlet n: I64 = look(ref r)\nr.destroy()", 0),
        ("let l = reels_of(1)", 2),
        ("let l = reels_of(1)\nscrap_reels(l)", 0),
        ("let l = chests_of(1)\nlet c: Chest = l.get(0)", 1),
        ("let t = table_of(1)", 4),
        ('let t = table_of(1)\nt.set("one", "other")\nt.remove("two")\nt.destroy()', 5),
    ],
)
def test_what_leaks(code: str, leaks: int) -> None:
    run = run_of(code)

    assert not run.faults
    assert len(run.leaks) == leaks


@pytest.mark.parametrize(
    "code",
    [
        "let c = Chest::new(1)\nlet h: Holder[Chest] = Holder[Chest]::new(c)",
        "let h: Holder[Chest] = Holder[Chest]::new(Chest::new(1))\nlet d = h.get()",
        "let p = pack_text(1)\nwhen p { Parcel::Note(s) => { note_text(s) }, _ => { note(1) } }",
        "let p = Pipe::new(1)\np.close()\np.close()",
        "let s = Session::new(1)\ns.close()\ns.close()",
        "let l = reels_of(1)\nlet r: Reel = l.get(0)\nr.destroy()\nscrap_reels(l)",
    ],
)
def test_what_is_released_twice(code: str) -> None:
    assert {fault.kind for fault in run_of(code).faults} == {Fault.RELEASED_TWICE}


def test_a_crate_may_be_destroyed_twice() -> None:
    assert not run_of("let c = Crate::new(1)\nc.destroy()\nc.destroy()").faults


def test_a_map_views_what_it_holds() -> None:
    run = run_of('let t = table_of(1)\nlet s: Str = t.get("one")\nnote_text(s)\nassert(t.has("two"), "two")')

    assert not run.faults
    assert ("note_text", "first") in run.trace


def test_only_the_support_that_is_used_is_imported() -> None:
    source = with_imports("func f() {\n    Lamp::new(1)\n}\n")

    assert source.startswith("use demo::owners::{Lamp}\n")
    assert support_of(source).keys() == {"lib/demo/src/kinds.tml", "lib/demo/src/owners.tml"}
    assert support_of("").keys() < SUPPORT.keys()
