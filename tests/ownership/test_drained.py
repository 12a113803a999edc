"""What a method does with the list in a field, by itself and through what it calls."""

from __future__ import annotations

import pytest

from codemods.ownership.analysis import Analysis
from codemods.ownership.drained import reaches_elements
from codemods.semantics.catalogue import catalogue_files
from codemods.semantics.symbols import Index, SourceFile

SOURCE = """\
use std::collections::List

pub type Shelf {{ words: List[Str], other: List[Str] }}

impl Shelf {{
    func destroy(this) {{
        {body}
        this.words.destroy()
    }}

    func empty(this) {{
        let first: Str = this.words.get(0)
        free_it(first)
    }}

    func count(this) -> I64 {{
        return this.words.len() + this.other.get(0).len()
    }}

    func again(this) {{
        this.destroy()
    }}
}}

func emptied(shelf: Shelf) {{
    shelf.empty()
}}

func unused(shelf: Shelf) {{
}}
"""


@pytest.mark.parametrize(
    ("body", "reaches"),
    [
        ("", False),
        ("let size = this.words.len()", False),
        ("if this.words.is_empty() { return }", False),
        ("let first = this.words.get(0)", True),
        ("let words = this.words", True),
        ("let other = this.other.get(0)", False),
        ("this.empty()", True),
        ("this.count()", False),
        ("this.again()", False),
        ("this.unknown()", False),
        ("elsewhere(this)", False),
        ("unused(this)", False),
    ],
)
def test_a_release_reaches_the_elements_of_a_field(body: str, reaches: bool) -> None:
    file = SourceFile.read("lib/std/src/sample.tml", SOURCE.format(body=body).encode())
    index = Index([file, *catalogue_files()])
    release = index.functions_in(file)[0]

    found = reaches_elements(Analysis(index).summaries, index, release, "words", frozenset())
    assert found is reaches
