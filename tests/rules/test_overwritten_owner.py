"""Assignments over an owner: where releasing the old value first would be wrong, nothing is written."""

from __future__ import annotations

import pytest

from codemods.engine import analyse
from codemods.model.findings import AnalysisResult, Verdict

LIBRARY = b"""\
use core::str
use core::intrinsics::{ptr_read, mem_alloc, mem_free}

/// Released by hand.
pub type Drum {
    block: *Unit,
}

impl Drum {
    pub func new(size: I64) -> Drum {
        Drum { block: lowlevel { mem_alloc(size) } }
    }

    pub func over(block: *Unit) -> Drum {
        Drum { block: block }
    }

    pub func size(this) -> I64 {
        return lowlevel { ptr_read[I64](this.block as *I64) }
    }

    pub func word(this) -> I64 {
        return this.block as I64
    }

    pub func destroy(this) {
        lowlevel { mem_free(this.block) }
    }
}

/// Has a text that the compiler frees, and a block that it does not.
pub type Sign {
    text: Str,
    block: *Unit,
}

impl Sign {
    pub func of(text: Str) -> Sign {
        let own: Str = str::trim(text)
        return Sign { text: own, block: lowlevel { mem_alloc(8) } }
    }

    pub func peek(this) -> Str {
        return this.text
    }

    pub func destroy(mut this) {
        lowlevel { mem_free(this.block) }
        this.block = 0 as *Unit
    }
}

/// Keeps a text.
pub type Case {
    text: Str,
}

pub func keep(case: Case, text: Str) {
    case.text = text
}

pub func read(size: I64) -> Outcome[Str, I32] {
    if size < 1 {
        return Err(1)
    }
    return Ok(str::repeat("x", size))
}
"""

OWNERS = {
    "another variable holds the old value": """\
    var drum = Drum::new(8)
    let same = drum
    drum = Drum::new(16)
    return same.size()
""",
    "the new value wraps the old one again": """\
    var drum = Drum::new(8)
    drum = Drum::over(drum.block)
    return drum.size()
""",
    "the new value is made from its address": """\
    var drum = Drum::new(8)
    drum = Drum::over(drum.word() as *Unit)
    return drum.size()
""",
    "another variable gives the new value": """\
    let other = Drum::new(8)
    var drum = Drum::new(8)
    drum = other
    return drum.size() + other.size()
""",
    "some path has released it": """\
    var drum = Drum::new(8)
    if drum.size() == 0 {
        drum.destroy()
    }
    drum = Drum::new(16)
    return drum.size()
""",
    "its address is read later": """\
    var drum = Drum::new(8)
    let word: I64 = drum.word()
    drum = Drum::new(16)
    return drum.size() + lowlevel { ptr_read[I64](word as *I64) }
""",
    "a string in it is read later": """\
    var sign = Sign::of(" a ")
    let text: Str = sign.peek()
    sign = Sign::of(" b ")
    return str::len(text) + str::len(sign.peek())
""",
    "its release leaves a string to the compiler": """\
    var sign = Sign::of(" a ")
    sign = Sign::of(" b ")
    return str::len(sign.peek())
""",
    "a closure holds it": """\
    var drum = Drum::new(8)
    let measure = do() drum.size()
    drum = Drum::new(16)
    return measure()
""",
}
STRINGS = {
    "it is kept": """\
    let case = Case { text: "" }
    var line: Str = str::trim(" a ")
    keep(case, line)
    line = str::trim(" b ")
    return str::len(line) + str::len(case.text)
""",
    "another variable holds it": """\
    var line: Str = str::trim(" a ")
    let same: Str = line
    line = str::trim(" b ")
    return str::len(line) + str::len(same)
""",
    "an address in it is read later": """\
    var line: Str = str::trim(" a ")
    let word: I64 = line as I64
    line = str::trim(" b ")
    return str::len(line) + str::len(word as Str)
""",
    "interpolation has freed it": """\
    var line: Str = str::trim(" a ")
    let shown: Str = "<{line}>"
    line = str::trim(" b ")
    return str::len(line) + str::len(shown)
""",
    "the new one may be it": """\
    var line: Str = str::trim(" a ")
    line = if str::len(name) > 3 { line } else { str::trim(" b ") }
    return str::len(line)
""",
    "an address in it is read after the new one was made from it": """\
    var line: Str = str::trim(" a ")
    let word: I64 = line as I64
    line = str::substring(line, 0, 1)
    return str::len(line) + str::len(word as Str)
""",
    "the function may end in between": """\
    var line: Str = str::trim(" a ")
    line = read(2)!
    return str::len(line)
""",
    "it may be a constant": """\
    var line: Str = str::trim(" a ")
    line = "b"
    line = str::trim(" c ")
    return str::len(line)
""",
    "it may be the caller's": """\
    var line: Str = str::trim(" a ")
    line = name
    line = str::trim(" c ")
    return str::len(line)
""",
}


def run(body: str) -> AnalysisResult:
    """A library function with this body, beside the types above."""
    imports = "use core::str\nuse demo::drum::*\n"
    code = f"{imports}\npub func it(name: Str) -> I64 {{\n{body}}}\n"
    files = {"lib/demo/src/drum.tml": LIBRARY, "lib/demo/src/http/it.tml": code.encode()}
    result = analyse(files, [1])
    assert not result.errors
    return result


@pytest.mark.parametrize("body", [*OWNERS.values(), *STRINGS.values()], ids=[*OWNERS, *STRINGS])
def test_nothing_is_released_in_front_of_the_assignment(body: str) -> None:
    fixed = [finding for finding in run(body).findings if finding.verdict is Verdict.FIXABLE]
    assert "overwritten-owner" not in {finding.rule for finding in fixed}


def test_the_old_value_is_released_where_none_of_these_hazards_exist() -> None:
    owner = run("    var drum = Drum::new(8)\n    drum = Drum::new(16)\n    return drum.size()\n")
    line = "    var line: Str = str::trim(name)\n    line = str::repeat(name, 2)\n"
    text = run(f"{line}    return str::len(line as Str)\n")
    from_it = "    var line: Str = str::trim(name)\n    line = str::substring(line, 0, 1)\n"
    shorter = run(f"{from_it}    return str::len(line as Str)\n")

    for result in (owner, text, shorter):
        verdicts = [finding.verdict for finding in result.findings if finding.rule == "overwritten-owner"]
        assert verdicts == [Verdict.FIXABLE]


def test_two_numbers_that_are_read_before_the_release_get_two_names() -> None:
    result = run("""\
    var drum = Drum::new(8)
    drum = Drum::new(drum.size() * 2)
    drum = Drum::new(drum.size() + 1)
    return drum.size()
""")

    became = result.phases[0].changes["lib/demo/src/http/it.tml"].after.decode()
    assert became.count("let size_before = drum.size()") == became.count("Drum::new(size_before * 2)") == 1
    assert became.count("let old_size = drum.size()") == became.count("Drum::new(old_size + 1)") == 1
