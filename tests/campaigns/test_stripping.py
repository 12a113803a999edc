"""Releases are taken out of a source whole, and nothing else is."""

from __future__ import annotations

import pytest

from codemods.semantics.symbols import is_test_path
from tests.campaigns.stripping import Kind, strip
from tests.support.corpus import corpus_files
from tml_ast import TmlSyntaxError, nodes, parse

EVERY = tuple(Kind)


def shown(body: str, *kinds: Kind, ending: str = "\n") -> tuple[str, list[str]]:
    """The body of a function without its releases, and what they released."""
    source = f"func test_it() {{\n{body}}}\n".replace("\n", ending)
    stripped = strip(source.encode(), kinds or EVERY)
    lines = stripped.source.decode().splitlines(keepends=True)
    return "".join(lines[1:-1]), [release.owner for release in stripped.releases]


@pytest.mark.parametrize(
    ("before", "after", "released"),
    [
        ("    use_it(reel)\n    reel.destroy()\n", "    use_it(reel)\n", ["reel"]),
        ("    reel.free()\n    text.drop()\n    return\n", "    return\n", ["reel", "text"]),
        ("    reel.destroy()  // twice is harmless\n    reel.destroy();\n", "", ["reel", "reel"]),
        ("    pair.0.destroy()\n    shelf.get(1).destroy()\n", "", ["pair.0", "shelf.get(1)"]),
        ("    if done { reel.destroy() }\n", "    if done { }\n", ["reel"]),
        ("    if done { reel.destroy(); return }\n", "    if done { return }\n", ["reel"]),
        ("    when made { Ok(reel) => reel.destroy(), Err(_) => {} }\n",
         "    when made { Ok(reel) => {}, Err(_) => {} }\n", ["reel"]),
        ("    if a {\n        reel.destroy()\n        return\n    }\n    reel.destroy()\n",
         "    if a {\n        return\n    }\n", ["reel", "reel"]),
        ("    // last\n    reel.destroy()\n\n    return\n", "    // last\n\n    return\n", ["reel"]),
        ("    lowlevel { mem_free(word as *Unit) }\n", "", ["word"]),
        ("    mem_free(pair.1 as I64 as *Unit)\n", "", ["pair.1"]),
        ("    if str::len(text) > 0 { lowlevel { mem_free(text as I64 as *Unit) } }\n", "", ["text"]),
        ("    var i: I64 = 0\n    loop (i < parts.len()) {\n        let part = parts.get(i)\n"
         "        part.destroy()\n        i = i + 1\n    }\n    parts.destroy()\n",
         "", ["part", "part", "parts"]),
    ],
)  # fmt: skip
def test_a_release_goes_with_its_line(before: str, after: str, released: list[str]) -> None:
    assert shown(before) == (after, released)


@pytest.mark.parametrize(
    "body",
    [
        "    shelf.drop(3)\n",
        "    let left = reel.drop()\n",
        "    return reel.free()\n",
        "    lowlevel {\n        ptr_write(at, mem_free(at))\n    }\n",
        "    loop (i < 3) {\n        take(i)\n        i = i + 1\n    }\n",
        "    reel.close()\n",
    ],
)
def test_what_does_more_than_release_stays(body: str) -> None:
    assert shown(body) == (body, [])


def test_one_kind_leaves_the_other() -> None:
    body = "    reel.destroy()\n    lowlevel { mem_free(word) }\n"

    assert shown(body, Kind.DESTROY) == ("    lowlevel { mem_free(word) }\n", ["reel"])
    assert shown(body, Kind.DRAIN) == ("    reel.destroy()\n", ["word"])


def test_line_endings_stay() -> None:
    assert shown("    a.destroy()\n    go()\n    b.destroy()\n", ending="\r\n") == (
        "    go()\r\n",
        ["a", "b"],
    )


def test_a_part_depends_on_the_seed_alone() -> None:
    source = b"func test_it() {\n" + b"".join(b"    reel_%d.destroy()\n" % n for n in range(40)) + b"}\n"

    first, again, other = (strip(source, EVERY, part=0.5, seed=seed) for seed in ("7", "7", "8"))

    assert first == again != other
    assert 0 < len(first.releases) < 40
    assert len(strip(first.source, EVERY).releases) + len(first.releases) == 40


def test_nothing_else_changes_in_the_real_library() -> None:
    for file in corpus_files():
        source = file.read_bytes()
        if not is_test_path(file.as_posix()) or b".destroy()" not in source:
            continue
        try:
            stripped = strip(source, (Kind.DESTROY,))
        except TmlSyntaxError:
            continue
        statements = [
            sum(len(node.statements) for node in parse(code).walk() if isinstance(node, nodes.Block))
            for code in (source, stripped.source)
        ]
        gone = sum(not release.is_arm for release in stripped.releases)
        assert statements[0] - statements[1] == gone, file
        assert strip(stripped.source, (Kind.DESTROY,)).releases == (), file
