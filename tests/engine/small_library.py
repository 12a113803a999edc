"""A small library with tests whose files matter to each other in many ways, in several states of each."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.demo_code import (
    ENDS_A_ROUND,
    FIELDS,
    PARTS,
    REEL,
    STARS,
    USES_A_REEL,
    USES_PARTS,
    fields_test,
)

BROKEN = "func = {} parts destroy stars fields\n"
"""Does not parse, and mentions what rules ask for."""

READS_AFTER = """\
use demo::http::parts::Parts
use std::collections::List

@test
func test_reads_after() -> I32 {
    let parts: Parts = Parts::of("abcd")
    let texts: List[Str] = parts.texts
    parts.destroy()
    assert(texts.len() == 2, "still there")
    return 0
}
"""
"""Stands against a fix of the library: `destroy` may not begin to free the strings."""

HELPER = """\
use demo::http::stars::stars
use demo::http::parts::Parts

pub func row(count: I64) -> Str {
    return stars(count)
}

pub func made() -> Parts {
    return Parts::of("wxyz")
}
"""

USES_THE_HELPER = """\
use tests::http::helper::{made, row}
use demo::http::parts::Parts

@test
func test_helped() -> I32 {
    let parts: Parts = made()
    assert(parts.count() == 2, "count")
    let line: Str = row(3)
    assert(line.len() == 3, "length")
    return 0
}
"""

USES_LISTS = fields_test(
    '    let all = fields("a,b", ",")\n    assert(width(all) == 2, "width")\n'
    "    all.destroy()\n    return 0\n"
)
USES_FEWER = fields_test(
    '    let all = fields("a,b", ",")\n    assert(all.len() == 2, "size")\n    return 0\n'
)

LOOKS = "pub func seen(text: Str) -> Str {\n    return text\n}\n"
"""Has no identifier that rules search for, yet decides what a test does with a string of the library."""

LETS_LOOK = """\
use demo::http::stars::stars
use tests::http::looks::seen

@test
func test_looks() -> I32 {
    let line: Str = seen(stars(3))
    assert(line == "***", "line")
    return 0
}
"""

STATES: Mapping[str, tuple[str | None, ...]] = {
    "lib/demo/src/http/parts.tml": (PARTS, f"// texts\n{PARTS}", BROKEN, None),
    "lib/demo/src/http/stars.tml": (
        STARS,
        STARS.replace("pub func stars", "@allocates\npub func stars"),
        None,
    ),
    "lib/demo/src/http/fields.tml": (FIELDS, f"{FIELDS}\n", BROKEN),
    "lib/demo/src/reel.tml": (REEL, REEL.replace("destroy", "close"), None),
    "lib/demo/src/text/rows.tml": (None, STARS.replace("stars", "rows"), BROKEN),
    "tests/http/parts.test.tml": (
        USES_PARTS.replace("demo::", "demo::http::"),
        READS_AFTER,
        USES_PARTS.replace("demo::", "demo::http::").replace(
            "    let parts", "    // tmlfix: ignore[missing-release] it ends here\n    let parts"
        ),
        BROKEN,
        None,
    ),
    "tests/http/stars.test.tml": (ENDS_A_ROUND, f"{ENDS_A_ROUND}\n", "// stars\n", None),
    "tests/text/stars.test.tml": (None, ENDS_A_ROUND, READS_AFTER, BROKEN, "// -\n"),
    "tests/http/fields.test.tml": (USES_FEWER, USES_LISTS, None),
    "tests/http/helper.tml": (HELPER, f"{HELPER}\n{PARTS}", BROKEN, None),
    "tests/http/helped.test.tml": (USES_THE_HELPER, USES_THE_HELPER.replace("http::helper", "helper"), None),
    "tests/http/looks.tml": (LOOKS, LOOKS.replace("return text", 'return "***"')),
    "tests/http/looks.test.tml": (LETS_LOOK, None),
    "tests/reel.test.tml": (USES_A_REEL, f"// one more line\n{USES_A_REEL}", "@test\n", None),
    "tests/quiet.test.tml": ("// nothing that anybody asks for\n", "// or else\n", None),
    "docs/reel.tml": (None, USES_A_REEL, BROKEN),
}
"""The states of each file; None where it is not there."""


def tree(states: Mapping[str, int] | None = None) -> dict[str, bytes]:
    """The files in these states; those that are not named in their first."""
    chosen = {path: texts[(states or {}).get(path, 0)] for path, texts in STATES.items()}
    return {path: text.encode() for path, text in chosen.items() if text is not None}
