"""The second opinion reads what a file says on each platform."""

from __future__ import annotations

import pytest

from tests.second_opinion.comparison import compare
from tests.second_opinion.preprocessing import PLATFORMS, on_platform, platforms_of, variants_of
from tests.second_opinion.writing.support import SUPPORT


@pytest.mark.parametrize(
    ("condition", "where"),
    [
        ("LINUX", ["Linux"]),
        ("UNIX", ["Linux", "macOS"]),
        ("not UNIX", ["Windows"]),
        ("!defined(WINDOWS) && ARM64", ["macOS"]),
        ("WINDOWS or (UNIX and not LINUX)", ["Windows", "macOS"]),
        ("defined LINUX || defined MACOS", ["Linux", "macOS"]),
        ("FREEBSD", []),
    ],
)
def test_conditions(condition: str, where: list[str]) -> None:
    source = f"#if {condition}\nyes\n#endif\n".encode()

    assert [name for name in PLATFORMS if b"yes" in on_platform({"a": source}, name)["a"]] == where


def test_one_branch_is_taken_and_lines_keep_their_number() -> None:
    source = b"a\n#if WINDOWS\nb\n#elif UNIX\nc\n# ifdef MACOS\nd\n#else\ne\n#endif\n#else\nf\n#endif\ng\n"

    lines = {name: on_platform({"a": source}, name)["a"].split(b"\n") for name in PLATFORMS}

    assert {name: b"".join(found) for name, found in lines.items()} == {
        "Linux": b"aceg",
        "Windows": b"abg",
        "macOS": b"acdg",
    }
    assert all(found[13] == b"g" for found in lines.values())


def test_a_program_without_directives_is_the_same_everywhere() -> None:
    assert platforms_of({"a": b"func f() {\n}\n"}, {"a": b"// #if\n"}) == ["Linux"]
    assert platforms_of({"a": b"func f() {\n}\n"}, {"a": b"  #if UNIX\n#endif\n"}) == list(PLATFORMS)


def test_every_form_of_a_file() -> None:
    source = b"#if LINUX or not defined(UNIX)\na\n#elif UNIX && !MACOS\nb\n#endif\n"

    assert {variant["a"].strip() for variant in variants_of({"a": source})} == {b"a", b"b", b""}
    assert variants_of({"a": b"c\n"}) == [{"a": b"c\n"}]


def test_every_platform_is_compared() -> None:
    start = "use demo::kinds::Reel\n@test\nfunc t() -> I32 {\n    let r = Reel::new(1)\n"
    before = f"{start}#if WINDOWS\n    r.destroy()\n#endif\n    return 0\n}}\n".encode()
    right = before.replace(b"#endif\n", b"#else\n    r.destroy()\n#endif\n")
    wrong = before.replace(b"    return", b"    r.destroy()\n    return")

    fixed, broken = (
        compare(SUPPORT | {"t.test.tml": before}, SUPPORT | {"t.test.tml": after}, "t", library=SUPPORT)
        for after in (right, wrong)
    )

    assert fixed is not None and broken is not None
    assert (fixed.leaks_before, fixed.leaks_after, fixed.complaints) == (4, 0, [])
    assert ["on Windows" in complaint for complaint in broken.complaints] == [True, True]
