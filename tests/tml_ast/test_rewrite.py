"""A change written as marked lines finds its shape and touches nothing else."""

from __future__ import annotations

import pytest

from tml_ast import TmlSyntaxError, parse
from tml_ast.edit import apply
from tml_ast.rewrite import CodeChange


def changed(change: CodeChange, source: str, **bindings: str) -> str:
    """The source with the change made wherever it fits."""
    code = source.encode()
    edits = [
        edit
        for match in change.search(parse(code))
        for edit in change.edits(code, match, {**match.bindings, **bindings})
    ]
    return apply(code, edits).decode()


def test_new_lines_go_between_the_lines_that_stay() -> None:
    change = CodeChange(
        """
         let $old: I64 = read($place)
        +keep($old)
         write($place, $new)
        +release($old)
        """
    )
    source = (
        "func f(at: I64) {\n"
        "    let word: I64 = read(at + 8)  // what was there\n"
        "\n"
        "    // now the new one\n"
        "    write(at + 8, 1)\n"
        "}\n"
    )
    assert changed(change, source) == (
        "func f(at: I64) {\n"
        "    let word: I64 = read(at + 8)  // what was there\n"
        "    keep(word)\n"
        "\n"
        "    // now the new one\n"
        "    write(at + 8, 1)\n"
        "    release(word)\n"
        "}\n"
    )


def test_lines_are_replaced_and_keep_the_comment_above_them() -> None:
    change = CodeChange(
        """
        -close($x)
        +let done: Bool = close($x)
        +note(done)
         $then
        """
    )
    source = "func f() {\n    // at last\n    close(file)\n    go()\n}\n"
    assert changed(change, source) == (
        "func f() {\n    // at last\n    let done: Bool = close(file)\n    note(done)\n    go()\n}\n"
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("    close(a)\n", ""),
        ("    // not needed\n    close(a);\n", "    // not needed\n"),
        ("    close(a)  // why\n", "    // why\n"),
        ("    close(\n        a,\n    )\n", ""),
        ("    go(); close(a); stay()\n", "    go(); stay()\n"),
        ("    go(); close(a)\n", "    go();\n"),
        ("    close(a)\r\n", ""),
    ],
    ids=["alone", "below a comment", "before a comment", "on several lines", "among others", "last", "CRLF"],
)
def test_lines_that_go_leave_the_comments_and_no_empty_line(source: str, expected: str) -> None:
    change = CodeChange("-close($x)\n")
    assert (
        changed(change, f"func f() {{\n{source}    end()\n}}\n") == f"func f() {{\n{expected}    end()\n}}\n"
    )


def test_a_decorator_comes_below_the_comments() -> None:
    change = CodeChange("+@allocates\n func $f() -> Str {\n     $...body\n }\n")
    source = "/// Its name.\npub func name() -> Str {\n    return s\n}\n"
    assert changed(change, source) == source.replace("pub", "@allocates\npub")


def test_a_change_knows_if_it_fits_what_it_makes() -> None:
    assert CodeChange("-$a + $b\n+$b + $a\n").fits_its_result
    assert CodeChange(" func $f() {\n+    start()\n     $...body\n }\n").fits_its_result
    assert not CodeChange("-open($x)\n+close($x)\n").fits_its_result
    assert not CodeChange("-open($x)\n").fits_its_result


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("-open($x\n+close($x)\n", 1, 9),
        (" a()\n+go()\n-    open($x))\n", 3, 14),
        ("-open($x)\n+close($x))\n", 2, 11),
    ],
)
def test_a_fault_of_a_change_has_its_place_there(text: str, line: int, column: int) -> None:
    with pytest.raises(TmlSyntaxError) as failure:
        CodeChange(text).check_result()
    assert (failure.value.line, failure.value.column) == (line, column)


def test_depth_follows_the_source_and_not_the_change() -> None:
    change = CodeChange(
        """
         if $key == $wanted {
        +    found($key)
             return
         }
        """
    )
    source = "func f() {\n\tloop (true) {\n\t\tif k == w {\n\t\t\treturn\n\t\t}\n\t}\n}\n"
    assert "\n\t\t\tfound(k)\n\t\t\treturn\n" in changed(change, source)


def test_line_ends_of_the_source_are_kept() -> None:
    change = CodeChange(" open($x)\n+close($x)\n")
    assert changed(change, "func f() {\r\n    open(a)\r\n}\r\n") == (
        "func f() {\r\n    open(a)\r\n    close(a)\r\n}\r\n"
    )


def test_a_signature_changes_and_the_visibility_in_front_of_it_stays() -> None:
    change = CodeChange(
        """
        -func $release(this) {
        +func $release(mut this) {
             free(this.$handle)
        +    this.$handle = null
         }
        """
    )
    source = "impl T {\n    /// Ends it.\n    pub func end(this) {\n        free(this.block)\n    }\n}\n"
    assert changed(change, source) == (
        "impl T {\n    /// Ends it.\n    pub func end(mut this) {\n        free(this.block)\n"
        "        this.block = null\n    }\n}\n"
    )


def test_new_items_stand_above_the_comments_of_the_one_they_precede() -> None:
    change = CodeChange(
        """
        +// Helps.
        +func help() {}
        +
         func $f($n: I64) {
             $...body
         }
        """
    )
    source = "/// Goes on.\n/// And on.\npub func go(n: I64) {\n    go(n)\n}\n"
    assert changed(change, source) == f"// Helps.\nfunc help() {{}}\n\n{source}"


def test_new_members_come_after_the_others() -> None:
    change = CodeChange(
        """
         impl[$K] $T[$K] {
             $...members
        +
        +    func size_of(word: I64) -> I64 { return width[$K](word, $unit) }
         }
        """
    )
    source = "impl[A] Bag[A] {\n    func one() -> I64 { return 1 }\n}\n"
    assert changed(change, source, unit="8") == (
        "impl[A] Bag[A] {\n    func one() -> I64 { return 1 }\n\n"
        "    func size_of(word: I64) -> I64 { return width[A](word, 8) }\n}\n"
    )


def test_metavariables_reach_into_the_holes_of_strings() -> None:
    change = CodeChange(' let $a: Str = $value\n-put("{$a}, {$b}")\n+put("{$b}, {$a}")\n')
    source = 'func f(y: Str) {\n    let x: Str = g()\n    put("{x}, {y}")\n}\n'
    assert '\n    put("{y}, {x}")\n' in changed(change, source)


def test_a_repeated_metavariable_is_the_same_code() -> None:
    change = CodeChange(" write($at + 8, $x)\n+read($at + 8)\n write($at + 16, $x)\n")
    source = "func f() {\n    write(a.b(c) + 8, one)\n    write(a.b(c) + 16, one)\n}\n"
    assert changed(change, source).count("\n    read(a.b(c) + 8)\n") == 1
    assert changed(change, source.replace("16, one", "16, two")).count("read") == 0


@pytest.mark.parametrize(
    ("before", "after", "source", "expected"),
    [
        ("f($x, $...m)", "g($x, $...m)", "f(b)", "g(b)"),
        ("f($x, $...m)", "g($x, $...m)", "f(b,)", "g(b)"),
        ("f($x, $...m)", "g($x, $...m)", "f(b, 1, 2)", "g(b, 1, 2)"),
        ("f($...m, $x)", "g($x, $...m)", "f(b)", "g(b)"),
        ("f($x, $...m)", "g($x)", "f(b)", "g(b)"),
        ("[1, $...m]", "[2, $...m]", "[1]", "[2]"),
        ("$o.f($x, $...m)", "$o.g($x, $...m)", "o.f(h(1, 2))", "o.g(h(1, 2))"),
    ],
)
def test_no_neighbours_at_all_have_no_comma(before: str, after: str, source: str, expected: str) -> None:
    change = CodeChange(f"-{before}\n+{after}\n")

    assert changed(change, f"func all() {{\n    let x = {source}\n}}\n") == (
        f"func all() {{\n    let x = {expected}\n}}\n"
    )


def test_what_is_not_there_is_left_alone() -> None:
    change = CodeChange(" open($x)\n+close($x)\n")
    source = "func f() {\n    shut(a)\n}\n"
    assert changed(change, source) == source


def test_a_line_without_a_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="this line has no mark: close"):
        CodeChange(" open($x)\nclose($x)\n+go()\n")


def test_a_shape_that_is_no_code_is_refused() -> None:
    with pytest.raises(TmlSyntaxError):
        CodeChange(" open($x\n+close($x)\n")


@pytest.mark.parametrize("unit", ["\t", "  "])
def test_new_lines_have_the_indentation_of_the_file(unit: str) -> None:
    change = CodeChange(
        """
         open($x)
        +if $x > 0 {
        +    loop (true) {
        +        close($x)
        +    }
        +}
        """
    )
    lines = ["func f(at: I64) {", "\topen(at)"]
    added = ["\tif at > 0 {", "\t\tloop (true) {", "\t\t\tclose(at)", "\t\t}", "\t}"]
    source, expected = ("\n".join([*code, "}\n"]).replace("\t", unit) for code in (lines, lines + added))
    assert changed(change, source) == expected
