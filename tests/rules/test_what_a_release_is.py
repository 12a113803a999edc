"""What counts as the release of a type: through which functions, modules and behaviors, and what does not."""

from __future__ import annotations

import pytest

from codemods.engine import analyse
from codemods.model.findings import Verdict

TEST = """\
use plant::dev::db::Db

@test
func test_db() -> I32 {{
    let d = Db::open(8)
    assert(d.ok(), "open")
{body}    return 0
}}
"""

LIBRARY = """\
use core::intrinsics::{{mem_alloc, mem_free}}
{uses}
pub type Db {{ handle: *Unit }}

impl Db {{
    pub func open(n: I64) -> Db {{
        let block: *Unit = lowlevel {{ mem_alloc(n) }}
        return Db {{ handle: block }}
    }}
    pub func ok(this) -> Bool {{ return this.handle != null }}
    {methods}
}}
{more}
"""

CLOSE = "pub func close(this) { lowlevel { mem_free(this.handle) } }"
CLOSE_ONCE = """\
pub func close(mut this) {
        if this.handle == null { return }
        lowlevel { mem_free(this.handle) }
        this.handle = null
    }"""
BEHAVIOR = "pub behavior Disposable { func destroy(this) }"


def library(methods: str, more: str = "", uses: str = "", **modules: str) -> dict[str, bytes]:
    """The library of a database handle with these methods, and further modules."""
    files = {f"lib/src/dev/{name}.tml": code.encode() for name, code in modules.items()}
    files["lib/src/dev/db.tml"] = LIBRARY.format(methods=methods, more=more, uses=uses).encode()
    return files


def fixed_test(files: dict[str, bytes], *lines: str) -> tuple[str, list[tuple[str, Verdict]]]:
    """What becomes of a test that opens a database and goes on with these lines, and the findings."""
    path = "tests/a.test.tml"
    code = TEST.format(body="".join(f"    {line}\n" for line in lines))
    result = analyse({**files, path: code.encode()}, [5])
    assert not result.errors
    change = result.phases[0].changes.get(path)
    return (change.after.decode() if change else code), [
        (finding.rule, finding.verdict) for finding in result.findings if finding.path == path
    ]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(library(f"{CLOSE}\n pub func destroy(this) {{ this.close() }}"), id="by close()"),
        pytest.param(
            library(
                "func a(this) { lowlevel { mem_free(this.handle) } }\n func b(this) { this.a() }\n"
                " pub func destroy(this) { this.b() }"
            ),
            id="in three steps",
        ),
        pytest.param(
            library(
                "pub func destroy(this) { shut(ref this) }",
                "func shut(d: ref Db) { lowlevel { mem_free(d.handle) } }",
            ),
            id="by a helper",
        ),
        pytest.param(
            library(
                "pub func destroy(this) { give_back(this.handle) }",
                uses="use plant::dev::low::give_back",
                low="use plant::dev::lower::really\n\npub func give_back(p: *Unit) { really(p) }\n",
                lower="use core::intrinsics::mem_free\n\n"
                "pub func really(p: *Unit) { lowlevel { mem_free(p) } }\n",
            ),
            id="by the handle, through two modules",
        ),
        pytest.param(
            library(
                "pub func destroy(this) { free_if(this.handle) }",
                "func free_if(p: *Unit) { if p != null { lowlevel { mem_free(p) } } }",
            ),
            id="by a helper that looks whether there is anything",
        ),
        pytest.param(
            library(
                "pub func close(mut this) {\n let block: *Unit = this.handle\n this.handle = null\n"
                " lowlevel { mem_free(block) }\n this.destroy()\n }\n"
                " pub func destroy(mut this) { if this.handle != null { this.close() } }"
            ),
            id="by two that call each other",
        ),
        pytest.param(
            library(
                "",
                f"{BEHAVIOR}\nimpl Disposable for Db {{ func destroy(this) {{ shut(ref this) }} }}\n"
                "func shut(d: ref Db) { lowlevel { mem_free(d.handle) } }",
            ),
            id="of a behavior",
        ),
        pytest.param(
            library(
                CLOSE,
                "impl Disposable for Db { func destroy(this) { this.close() } }",
                uses="use plant::dev::disposable::Disposable",
                disposable=BEHAVIOR,
            ),
            id="of a behavior of another module",
        ),
    ],
)
def test_its_release_is_missing(files: dict[str, bytes]) -> None:
    code, findings = fixed_test(files)
    assert findings == [("missing-release", Verdict.FIXABLE)]
    assert '"open")\n    d.destroy()\n    return 0\n' in code


@pytest.mark.parametrize(
    "methods",
    [
        pytest.param(f"{CLOSE_ONCE}\n pub func destroy(mut this) {{ this.close() }}", id="blanks its handle"),
        pytest.param(f"{CLOSE}\n pub func destroy(this) {{ this.close() }}", id="leaves its handle"),
        pytest.param(
            f"{CLOSE}\n pub func destroy(this) {{ lowlevel {{ mem_free(this.handle) }} }}", id="does the same"
        ),
    ],
)
def test_who_closes_need_not_destroy(methods: str) -> None:
    files = library(methods)
    assert fixed_test(files, "d.close()")[1] == []
    code, findings = fixed_test(files, "if d.ok() {", "    d.close()", "    return 1", "}")
    assert findings == [("missing-release", Verdict.FIXABLE)]
    assert code.endswith("    d.destroy()\n    return 0\n}\n")


def test_a_close_and_a_destroy_of_the_same_handle_are_two_releases() -> None:
    twice = ("d.close()", "d.destroy()")
    assert (
        fixed_test(library(f"{CLOSE_ONCE}\n pub func destroy(mut this) {{ this.close() }}"), *twice)[1] == []
    )
    _, findings = fixed_test(library(f"{CLOSE}\n pub func destroy(this) {{ this.close() }}"), *twice)
    assert findings == [("double-release", Verdict.FIXABLE)]


@pytest.mark.parametrize(
    ("methods", "line"),
    [
        pytest.param("pub func close(this) { this.ok() }", "d.close()", id="a close that frees nothing"),
        pytest.param("pub func free(this) { this.ok() }", "d.free()", id="a free that frees nothing"),
        pytest.param("pub func free(this) -> I64 { return 3 }", "d.free()", id="a free that asks"),
        pytest.param(
            "pub func reopen(mut this) {\n lowlevel { mem_free(this.handle) }\n"
            " this.handle = lowlevel { mem_alloc(4) }\n }",
            "d.reopen()",
            id="another handle in its place",
        ),
    ],
)
def test_what_leaves_the_handle_is_no_release(methods: str, line: str) -> None:
    destroy = "pub func destroy(this) { lowlevel { mem_free(this.handle) } }"
    _, findings = fixed_test(library(f"{methods}\n {destroy}"), line)
    assert ("missing-release", Verdict.FIXABLE) in findings


@pytest.mark.parametrize(
    ("methods", "line"),
    [
        pytest.param(
            "pub func shut(this, hard: Bool) { if hard { lowlevel { mem_free(this.handle) } } }\n"
            " pub func destroy(this) { this.shut(true) }",
            "d.shut(d.ok())",
            id="only under a flag",
        ),
        pytest.param(
            "pub func shut(this) { channel_close(this.handle) }\n"
            " pub func destroy(this) { channel_destroy(this.handle) }",
            "d.shut()",
            id="by another foreign function",
        ),
    ],
)
def test_what_may_release_is_no_reason_for_a_fix(methods: str, line: str) -> None:
    foreign = "".join(
        f'@extern("channel_{verb}")\nfunc channel_{verb}(handle: *Unit)\n' for verb in ("close", "destroy")
    )
    _, findings = fixed_test(library(methods, foreign), line)
    assert findings == [("missing-release", Verdict.REPORTED)]


@pytest.mark.parametrize(
    ("methods", "more"),
    [
        pytest.param("pub func destroy(this) { this.ok() }", "", id="only asks"),
        pytest.param(
            "pub func destroy(this) { this.close() }\n pub func close(this) { }", "", id="does nothing"
        ),
        pytest.param(
            "pub func destroy(this) { shut(this) }",
            "func shut(d: Db) { lowlevel { mem_free(d.handle) } }",
            id="is refused by the compiler",
        ),
    ],
)
def test_a_destroy_that_releases_nothing_is_not_missing(methods: str, more: str) -> None:
    assert fixed_test(library(methods, more))[1] == []


HOLDER = """\
use plant::dev::db::Db

pub type Holder {{ db: Db }}

impl Holder {{
    pub func open(n: I64) -> Holder {{ return Holder {{ db: Db::open(n) }} }}
    pub func change(mut this, n: I64) {{
        {body}
    }}
    pub func destroy(this) {{ this.db.destroy() }}
}}
"""


def holder_test(body: str) -> str:
    """What becomes of a test that changes a holder and never destroys it; ``body`` is that of change()."""
    path = "tests/a.test.tml"
    code = (
        "use plant::dev::holder::Holder\n\n@test\nfunc test_holder() -> I32 {\n"
        "    var holder = Holder::open(8)\n    holder.change(9)\n    return 0\n}\n"
    )
    files = library("pub func destroy(this) { lowlevel { mem_free(this.handle) } }")
    files["lib/src/dev/holder.tml"] = HOLDER.format(body=body).encode()
    result = analyse({**files, path: code.encode()}, [5])
    assert not result.errors
    change = result.phases[0].changes.get(path)
    return change.after.decode() if change else code


def test_an_owner_owes_as_much_as_before_when_a_field_is_released_and_replaced() -> None:
    assert "holder.destroy()" in holder_test("this.db.destroy()\n        this.db = Db::open(n)")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("this.db = Db::open(n)\n        this.db.destroy()", id="released after that"),
        pytest.param(
            "this.db.destroy()\n        if n > 10 {\n            this.db = Db::open(n)\n        }",
            id="replaced on a condition",
        ),
        pytest.param(
            "this.db.destroy()\n        if n < 10 { return }\n        this.db = Db::open(n)",
            id="left in between",
        ),
        pytest.param("this.db.destroy()", id="never replaced"),
    ],
)
def test_a_field_that_may_stay_released_is_not_released_again(body: str) -> None:
    assert "holder.destroy()" not in holder_test(body)
