"""Lists of strings: which are destroyed with their strings, by what, and which must be left alone."""

from __future__ import annotations

import pytest

from codemods.engine import analyse
from codemods.model.findings import AnalysisResult, Verdict
from codemods.model.settings import Settings
from tests.support.demo_code import FIELDS, fields_test

MAKER = "lib/demo/src/http/fields.tml"
RESERVING = """\
use core::str

pub type Shelf {
    word: I64,
}

impl Shelf {
    @allocates
    pub func get(this, place: I64) -> Str {
        return str::repeat("x", place)
    }
}
"""
HELPER = """
/// Destroys a list of strings that were made for it, the strings first.
pub func destroy_parts(parts: ref List[Str]) {
    loop (parts.len() > 0) {
        let part: I64 = parts.pop() as I64
        // an empty part is a constant
        if str::len(part as Str) > 0 {
            lowlevel { mem_free(part as *Unit) }
        }
    }
    parts.destroy()
}
"""
HELPER_OF_TEST = HELPER.replace("pub ", "").replace("str::len(part as Str)", "(part as Str).len()")
TEST = "tests/http/fields.test.tml"


def run(body: str, **others: str) -> AnalysisResult:
    """The library, a test with this body, and further files of the library by their name."""
    files = {MAKER: FIELDS.encode(), TEST: fields_test(body).encode()}
    files |= {f"lib/demo/src/http/{name}.tml": code.encode() for name, code in others.items()}
    result = analyse(files, [1])
    assert not result.errors
    return result


def after(result: AnalysisResult, path: str) -> str | None:
    """What became of a file, if anything."""
    change = result.phases[0].changes.get(path)
    return change.after.decode() if change is not None else None


def test_the_module_that_makes_the_list_gets_one_function_for_tests() -> None:
    body = """\
    let one = fields("a,b", ",")
    let two = fields("c,d", ",")
    assert(one.len() == two.len(), "size")
    return 0
"""
    result = run(body)

    library, test = after(result, MAKER), after(result, TEST)
    assert library is not None and library == FIELDS.replace(
        "/// The first field", f"{HELPER[1:]}\n/// The first field"
    )
    release = """\
    fields::destroy_parts(ref one)
    fields::destroy_parts(ref two)
    return 0
"""
    assert test == fields_test(body.replace("    return 0\n", release))


def test_a_function_that_exists_is_used() -> None:
    body = """\
    let all = fields("a,b", ",")
    all.destroy()
    return 0
"""
    files = {MAKER: (FIELDS + HELPER).encode(), TEST: fields_test(body).encode()}
    result = analyse(files, [1])

    assert set(result.phases[0].changes) == {TEST}
    assert after(result, TEST) == fields_test(body.replace("all.destroy()", "fields::destroy_parts(ref all)"))


def test_a_function_that_keeps_the_list_goes_before_its_release() -> None:
    keeping = HELPER.replace("    parts.destroy()\n", "")
    body = """\
    let all = fields("a,b", ",")
    all.destroy()
    return 0
"""
    files = {MAKER: (FIELDS + keeping).encode(), TEST: fields_test(body).encode()}

    became = after(analyse(files, [1]), TEST)

    drained = "fields::destroy_parts(ref all)\n    all.destroy()"
    assert became == fields_test(body.replace("all.destroy()", drained))


def test_a_function_that_would_free_a_constant_is_not_used() -> None:
    careless = HELPER.replace("if str::len(part as Str) > 0 {", "if true {")
    body = """\
    let all = fields("a,b", ",")
    all.destroy()
    return 0
"""
    files = {MAKER: (FIELDS + careless).encode(), TEST: fields_test(body).encode()}

    became = after(analyse(files, [1]), TEST)

    assert became is not None and "fields::destroy_pieces(ref all)" in became


def test_a_module_that_must_stay_as_it_is_is_left_alone_and_the_test_gets_the_function() -> None:
    body = '    let all = fields("a,b", ",")\n    return 0\n'
    files = {MAKER: FIELDS.encode(), TEST: fields_test(body).encode()}

    result = analyse(files, [1], settings=Settings(exclude=(MAKER,)))

    became = after(result, TEST)
    assert after(result, MAKER) is None
    assert became is not None and "    destroy_parts(ref all)\n    return 0" in became
    assert HELPER_OF_TEST in became


def test_a_test_gets_the_function_for_a_list_that_only_another_fix_gives_a_name() -> None:
    became = after(run('    fields("a,b", ",")\n    return 0\n'), TEST)

    assert became is not None and "    destroy_parts(ref list)\n" in became
    assert HELPER_OF_TEST in became


def test_a_test_gets_no_function_where_the_compiler_frees_what_it_takes_out() -> None:
    body = '    let all = fields("a,b", ",")\n    return 0\n'
    files = {
        MAKER: FIELDS,
        TEST: fields_test(body),
        "lib/demo/src/shelf.tml": RESERVING.replace("get(", "pop("),
    }
    settings = Settings(exclude=(MAKER,))

    result = analyse({path: code.encode() for path, code in files.items()}, [1], settings=settings)

    assert not result.phases[0].changes
    assert [finding.verdict for finding in result.findings] == [Verdict.REPORTED]


def test_a_string_that_counts_as_new_is_cast_where_it_is_read() -> None:
    body = """\
    let all = fields("a,b", ",")
    assert(width(all) == 2, "width")
    return 0
"""
    plain, reserved = run(body), run(body, shelf=RESERVING)

    cast = """\
        // compiler defect allocates-goes-by-bare-name: the cast keeps it from being freed
        let field: Str = fields.get(i) as Str
"""
    assert cast not in (after(plain, MAKER) or "")
    assert cast in (after(reserved, MAKER) or "")
    for result in (plain, reserved):
        assert "fields::destroy_parts(ref all)" in (after(result, TEST) or "")


def test_a_string_that_counts_as_new_is_cast_beside_the_list() -> None:
    code = """\
use core::str
use std::collections::List

pub func first_length(line: Str) -> I64 {
    let words = str::split(line, " ")
    let first: Str = words.get(0)
    let length: I64 = str::len(first)
    words.destroy()
    return length
}
"""
    path = "lib/demo/src/http/words.tml"
    result = analyse({path: code.encode(), "lib/demo/src/http/shelf.tml": RESERVING.encode()}, [1])

    became = after(result, path)
    assert became is not None
    assert "let first: Str = words.get(0) as Str" in became
    assert "    destroy_parts(ref words)\n    return length" in became


HAZARDS = {
    "two variables hold one list": """\
    let all = fields("a,b", ",")
    let same = all
    same.destroy()
    return 0
""",
    "a reference to the list lives beside it": """\
    let all = fields("a,b", ",")
    let same: ref List[Str] = ref all
    assert(same.len() == 2, "size")
    return 0
""",
    "another list takes its place": """\
    var all = fields("a,b", ",")
    all = names()
    assert(all.len() == 1, "size")
    return 0
""",
    "the strings are constants": """\
    let all = names()
    all.destroy()
    return 0
""",
    "the delimiter may be empty, and the string is the caller's": """\
    let delimiter: Str = ""
    let all = fields("a,b", delimiter)
    all.destroy()
    return 0
""",
    "the list is released twice": """\
    let all = fields("a,b", ",")
    all.destroy()
    all.destroy()
    return 0
""",
    "the list is released on some paths only": """\
    let all = fields("a,b", ",")
    if all.len() == 2 {
        all.destroy()
    }
    return 0
""",
    "a function ends the list": """\
    let all = fields("a,b", ",")
    finish(all)
    return 0
""",
    "a string is read after the release": """\
    let all = fields("a,b", ",")
    let first: Str = all.get(0)
    all.destroy()
    assert(first == "a", "first")
    return 0
""",
    "a string outlives the block of the list": """\
    var first: Str = ""
    if true {
        let all = fields("a,b", ",")
        first = all.get(0)
    }
    assert(first == "a", "first")
    return 0
""",
    "a string goes into another list": """\
    let all = fields("a,b", ",")
    let others = List[Str]::new(2)
    others.push(all.get(0))
    return 0
""",
    "interpolation frees a string": """\
    let all = fields("a,b", ",")
    let first: Str = all.get(0)
    let line: Str = "<{first}>"
    assert(line == "<a>", "line")
    return 0
""",
    "interpolation frees a string as it is read": """\
    let all = fields("a,b", ",")
    let line: Str = "<{all.get(0)}>"
    assert(line == "<a>", "line")
    return 0
""",
    "a function frees a string by showing it": """\
    let all = fields("a,b", ",")
    assert(shown(all.get(0)) == 3, "line")
    return 0
""",
    "the end of an arm frees a string": """\
    let all = fields("a,b", ",")
    when first_field(all) {
        Just(first) => assert(first == "a", "first"),
        Nothing => return 1,
    }
    return 0
""",
    "a string is freed by hand": """\
    let all = fields("a,b", ",")
    let first: Str = all.get(0)
    lowlevel { mem_free(first as I64 as *Unit) }
    return 0
""",
    "the test fills the list": """\
    let all = fields("a,b", ",")
    all.push(copy_of("c"))
    all.destroy()
    return 0
""",
    "the test makes the list": """\
    let all = List[Str]::new(2)
    all.push(copy_of("c"))
    all.destroy()
    return 0
""",
    "an inner variable has the name of the list": """\
    let all = fields("a,b", ",")
    if true {
        let all: I64 = 2
        return 1
    }
    return 0
""",
    "a closure holds the list": """\
    let all = fields("a,b", ",")
    let size = do() all.len()
    assert(size() == 2, "size")
    return 0
""",
}


@pytest.mark.parametrize("making", [FIELDS, FIELDS + HELPER], ids=["without", "with a function for it"])
@pytest.mark.parametrize("body", HAZARDS.values(), ids=HAZARDS)
def test_a_list_is_left_alone(body: str, making: str) -> None:
    result = analyse({MAKER: making.encode(), TEST: fields_test(body).encode()}, [1])

    fixed = [finding for finding in result.findings if finding.verdict is Verdict.FIXABLE]
    assert "undrained-elements" not in {finding.rule for finding in fixed}
    assert not result.errors


def test_a_test_does_not_read_by_a_reserved_name() -> None:
    body = """\
    let all = fields("a,b", ",")
    assert_eq(all.get(0), "a")
    return 0
"""
    plain, reserved = run(body), run(body, shelf=RESERVING)

    assert "fields::destroy_parts(ref all)" in (after(plain, TEST) or "")
    assert not reserved.phases[0].changes
    assert any("treats one of its strings as new" in finding.message for finding in reserved.findings)


USER = "lib/demo/src/http/user.tml"
USES = """\
use core::str
use std::collections::List
use demo::http::fields

pub func width(record: Str) -> I64 {
    let all: List[Str] = fields::fields(record, ",")
    let count: I64 = all.len()
    all.destroy()
    return count
}
"""


def test_another_module_uses_the_function_of_the_module_that_makes_the_list() -> None:
    result = analyse({MAKER: FIELDS.encode(), USER: USES.encode()}, [1])

    assert "fields::destroy_parts(ref all)" in (after(result, USER) or "")
    assert "func destroy_parts" not in (after(result, USER) or "")
    assert "pub func destroy_parts" in (after(result, MAKER) or "")


def test_another_module_gets_the_function_where_the_maker_must_stay_as_it_is() -> None:
    files = {MAKER: FIELDS.encode(), USER: USES.encode()}

    result = analyse(files, [1], settings=Settings(exclude=(MAKER,)))

    assert after(result, MAKER) is None
    assert "func destroy_parts" in (after(result, USER) or "")
