"""``tmlfix explain`` says who frees the values of a line, and why it has a finding or none."""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from codemods import engine
from codemods.engine.result_cache import ResultCache
from codemods.files.workspace import read_tree
from codemods.model.phases import PHASES, Phase, phase_of
from codemods.reports.explanation import explanation_lines
from codemods.review.explanations import explain_line
from codemods.review.value_facts import Ownership
from codemods.rules import RULES
from tests.support.command import Run

PRELUDE = files("codemods.rules").joinpath("prelude.tml").read_bytes()
LIBRARY = "lib/demo/src/http/example.tml"
TEST = "tests/http/example.test.tml"
MARK = "//?"
CLIENT = "tests/http/client.test.tml"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library that needs no git, with the prelude in it."""
    (tmp_path / "tml.toml").write_text("")
    prelude = tmp_path / "lib/demo/src/prelude.tml"
    prelude.parent.mkdir(parents=True)
    prelude.write_bytes(PRELUDE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def example(library: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bundled library, in the current folder."""
    monkeypatch.chdir(library)
    return library


def place(tree: Path, code: str) -> str:
    """Write the code to a file; where in it the mark stands."""
    path = TEST if "@test" in code else LIBRARY
    line = code[: code.index(MARK)].count("\n") + 1
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text(code)
    return f"{path}:{line}"


def value(document: Any, name: str) -> Any:
    (found,) = (entry for entry in document["values"] if entry["name"] == name)
    return found


HEAD = """\
use test
use core::str
use demo::prelude::*
"""

CASES = {
    "a leak at a return": (
        'let reel: Reel = Reel::new(4) //?\n    assert(reel.size() == 4, "size")\n    return 0',
        ("reel", "leaks", "leaks at the return on line 9: `reel.destroy()` is missing"),
        ["missing-release"],
    ),
    "a use of what leaks": (
        'let reel: Reel = Reel::new(4)\n    assert(measure(reel) == 4, "size") //?\n    return 0',
        ("reel", "leaks", "only read by `measure()`"),
        ["missing-release"],
    ),
    "the return where it leaks": (
        'let reel: Reel = Reel::new(4)\n    assert(reel.size() == 4, "size")\n    return 0 //?',
        ("reel", "leaks", "leaks at the return on line 9"),
        ["missing-release"],
    ),
    "released by hand": (
        "let reel: Reel = Reel::new(4) //?\n    reel.destroy()\n    return 0",
        ("reel", "released", "released on line 8"),
        [],
    ),
    "the line that releases": (
        "let reel: Reel = Reel::new(4)\n    reel.destroy() //?\n    return 0",
        ("reel", "released", "released by `destroy()`"),
        [],
    ),
    "kept by a container": (
        "let shelf: Shelf = Shelf { slot: lowlevel { mem_alloc(8) } }\n"
        "    let reel: Reel = Reel::new(4) //?\n    shelf.keep(reel)\n    return 0",
        ("reel", "moved", "kept by `keep()`, on line 9"),
        [],
    ),
    "two ways out": (
        "let reel: Reel = Reel::new(4) //?\n    if reel.size() < 4 {\n        return 1\n    }\n"
        "    reel.destroy()\n    return 0",
        ("reel", "leaks", "leaks at the return on line 9"),
        ["missing-release"],
    ),
    "a text that the compiler frees": (
        'let label: Label = Label { text: "a" }\n    let body: Str = label.render() //?\n'
        '    assert_eq(body, "a")\n    return 0',
        ("body", "dropped", "the compiler frees its string at the end of its block: the return on line 10"),
        [],
    ),
    "why such a text is not freed": (
        'let label: Label = Label { text: "a" }\n    let body: Str = label.render() //?\n'
        '    assert_eq(body, "a")\n    return 0',
        ("body", "dropped", "nothing is inserted: freeing it by hand as well would free it twice"),
        [],
    ),
    "a view": (
        'let label: Label = Label { text: "a" }\n    let seen: Str = label.peek() //?\n'
        '    assert_eq(seen, "a")\n    return 0',
        ("seen", "view", "it is a view, and `label` owns what it shows"),
        [],
    ),
    "a view that no variable holds": (
        'let label: Label = Label { text: "a" }\n    assert_eq(label.peek(), "a") //?\n    return 0',
        ("label.peek()", "view", "it is a view, and `label` owns what it shows"),
        [],
    ),
    "a text that a test makes in passing": (
        'let label: Label = Label { text: "a" }\n    assert_eq(label.render(), "a") //?\n    return 0',
        ("label.render()", "dropped", "the compiler frees it at the end of the statement"),
        [],
    ),
    "a struct of texts": (
        'let label: Label = Label { text: "a" } //?\n    assert_eq(label.peek(), "a")\n    return 0',
        ("label", "dropped", "the compiler frees `text`, and no other field,"),
        [],
    ),
    "a number": (
        'let count: I64 = 3 //?\n    assert(count == 3, "count")\n    return 0',
        ("count", "nothing", "a plain value: there is nothing to free"),
        [],
    ),
    "a constant": (
        'let name: Str = "reel" //?\n    assert_eq(name, "reel")\n    return 0',
        ("name", "nothing", "it is a constant, and freeing a constant would crash"),
        [],
    ),
    "a name in a tuple": (
        "let (first, second) = number_pair(1, 2) //?\n    assert(str::len(first) > 0, first)\n    return 0",
        ("first", "leaks", "in a nested pattern, in an if let or a let else is not registered"),
        ["foreign-string", "foreign-string"],
    ),
    "a payload": (
        "when open_reel(4) {\n        Ok(reel) => { //?\n            reel.destroy()\n            return 0\n"
        "        },\n"
        "        Err(e) => return 1,\n    }",
        ("reel", "released", "bound on line 8, to the payload of `open_reel(4)`"),
        [],
    ),
    "a Maybe or Outcome": (
        "let opened: Outcome[Reel, I32] = open_reel(4) //?\n    when opened {\n"
        '        Ok(reel) => reel.destroy(),\n        Err(e) => assert(false, "opens"),\n    }\n    return 0',
        ("opened", "released", "what it holds is released"),
        [],
    ),
    "an owner that no variable holds": (
        'assert(Reel::new(4).size() == 4, "size") //?\n    return 0',
        ("Reel::new(4)", "unclear", "the compiler drops what a variable holds, and no variable holds this"),
        ["missing-release", "discarded-owner"],
    ),
    "another value in its place": (
        "var reel: Reel = Reel::new(4)\n    reel = Reel::new(5) //?\n    reel.destroy()\n    return 0",
        ("reel", "leaks", "another value takes its place on line 8"),
        ["overwritten-owner"],
    ),
    "break": (
        'let label: Label = Label { text: "a" }\n    loop (true) {\n'
        "        let body: Str = label.render() //?\n"
        "        if str::len(body) > 0 {\n            break\n        }\n    }\n    return 0",
        ("body", "leaks", "break leaves the block without dropping anything"),
        ["break-path"],
    ),
    "a comment that suppresses": (
        "let reel: Reel = Reel::new(4) // tmlfix: ignore[missing-release] kept on purpose //?\n"
        '    assert(reel.size() == 4, "size")\n    return 0',
        ("reel", "leaks", "leaks at the return on line 9"),
        ["missing-release"],
    ),
}
"""Bodies of tests: the code, a value with who frees it and what is said, and the rules that are named."""


@pytest.mark.parametrize(("body", "expected", "rules"), CASES.values(), ids=CASES)
def test_values_of_a_test(
    run: Run, tree: Path, body: str, expected: tuple[str, str, str], rules: list[str]
) -> None:
    name, ownership, fact = expected
    where = place(
        tree, f"{HEAD}\n@test func test_it() -> I32 {{\n    {body}\n}}\n".replace("@test ", "@test\n")
    )
    document = run("explain", where, "--format", "json").document

    found = value(document, name)
    assert found["ownership"] == ownership
    assert fact in "; ".join(statement["text"] for statement in found["statements"])
    assert [finding["rule"] for finding in document["findings"]] == rules
    assert document["function"] == "test_it"


def test_a_finding_is_about_what_is_lost_and_not_about_what_was_read_from_it(run: Run, tree: Path) -> None:
    where = place(
        tree,
        f"{HEAD}\n@test\nfunc test_it() -> I32 {{\n    let size: I64 = Reel::new(4).size() //?\n"
        '    assert(size == 4, "size")\n    return 0\n}\n',
    )
    document = run("explain", where, "--format", "json").document

    assert (value(document, "size")["ownership"], value(document, "size")["rules"]) == ("nothing", [])
    assert value(document, "Reel::new(4)")["rules"] == ["discarded-owner"]


LIBRARY_CASES = {
    "given away by a returned call": (
        "pub func width(label: Label) -> I64 {\n    let body: Str = label.render() //?\n"
        "    return measure_text(body)\n}",
        ("body", "leaks", "the name `body` counts as given away from line 7 on"),
        ["consumed-by-return"],
    ),
    "a parameter": (
        "pub func width(label: Label) -> I64 { //?\n    return measure_text(label.peek())\n}",
        ("label", "borrowed", "the caller owns it: the compiler drops no parameter"),
        [],
    ),
    "a parameter that is released": (
        "pub func scrap(reel: Reel) {\n    reel.destroy() //?\n}",
        ("reel", "released", "this function releases it on line 6"),
        [],
    ),
    "a string made in passing": (
        'pub func is_open(label: Label) -> Bool {\n    let open: Bool = label.render() == "open" //?\n'
        "    return open\n}",
        ("label.render()", "unclear", "the compiler frees it only in tests"),
        ["library-temporary"],
    ),
    "what is returned": (
        "pub func wind() -> Reel {\n    let reel: Reel = Reel::new(4) //?\n    return reel\n}",
        ("reel", "moved", "returned: the caller owns it then, on line 7"),
        [],
    ),
    "what is moved into a struct": (
        "pub func tag(label: Label) -> Label {\n    let body: Str = label.render() //?\n"
        "    return Label { text: body }\n}",
        ("body", "moved", "moved into the field `text` of a new value, on line 7"),
        [],
    ),
    "the end of a function without a result": (
        "pub func show(label: Label) {\n    let body: Str = label.render() //?\n    print(body)\n}",
        ("body", "leaks", "a function without a result drops nothing of its top level"),
        ["void-tail"],
    ),
    "a number that holds a string": (
        "pub func width(label: Label) -> I64 {\n    let word: I64 = label.render() as I64 //?\n"
        "    let count: I64 = measure_text(word as Str)\n"
        "    lowlevel { mem_free(word as *Unit) }\n    return count\n}",
        ("word", "released", "a number that holds an address: the compiler never frees what is there"),
        [],
    ),
    "a function of its own without @allocates": (
        "func tail(label: Label) -> Str {\n    return str::substring(label.peek(), 1, 2)\n}\n\n"
        "pub func width(label: Label) -> I64 {\n    let body: Str = tail(label) //?\n"
        "    let count: I64 = measure_text(body)\n    return count\n}",
        ("body", "leaks", "the compiler never registered it for a drop"),
        ["missing-allocates"],
    ),
}


@pytest.mark.parametrize(("code", "expected", "rules"), LIBRARY_CASES.values(), ids=LIBRARY_CASES)
def test_values_of_the_library(
    run: Run, tree: Path, code: str, expected: tuple[str, str, str], rules: list[str]
) -> None:
    name, ownership, fact = expected
    where = place(tree, f"use core::str\nuse core::intrinsics::mem_free\nuse demo::prelude::*\n\n{code}\n")
    document = run("explain", where, "--format", "json").document

    found = value(document, name)
    assert found["ownership"] == ownership
    assert fact in "; ".join(statement["text"] for statement in found["statements"])
    assert [finding["rule"] for finding in document["findings"]] == rules


def test_the_string_of_a_response_is_not_freed_and_the_response_is(run: Run, example: Path) -> None:
    outcome = run("explain", f"{CLIENT}:20")

    assert outcome.code == 0
    assert outcome.out.startswith(
        f"{CLIENT}:20, in test_get_reads_the_page\n"
        "20 |             let body: Str = resp.text()\n"
        "   |                 ^^^^        ^^^^\n"
        "\n"
        "`body` (Str): the compiler frees it\n"
        "  - created on line 20 by `resp.text()`\n"
        "  - the compiler frees its string at the end of its block: the return on line 23\n"
        "  - nothing is inserted: freeing it by hand as well would free it twice\n"
        "\n"
        "`resp` (Response): leaks\n"
    )
    assert "\nmissing-release on line 17: tmlfix fixes this\n" in outcome.out
    assert "\n    +            resp.destroy()\n" in outcome.out


def test_a_view_is_kept_by_what_it_is_read_from(run: Run, example: Path) -> None:
    document = run("explain", f"{CLIENT}:19", "--format", "json").document

    seen = value(document, 'resp.header("server")')
    assert seen["ownership"] == "view"
    assert "`resp` owns what it shows" in seen["statements"][-1]["text"]


def test_a_column_chooses_one_value(run: Run, example: Path) -> None:
    values = run("explain", f"{CLIENT}:20:30", "--format", "json").document["values"]

    assert [entry["name"] for entry in values] == ["resp"]


def test_a_leak_names_the_finding_in_another_file(run: Run, example: Path) -> None:
    out = run("explain", "lib/src/http/client.tml:61").out

    assert "missing-allocates on lib/src/http/request.tml:97: tmlfix fixes this" in out
    assert "    +    @allocates" in out


def test_a_line_that_a_finding_changes_names_it(run: Run, example: Path) -> None:
    edited = run("apply", "--phase", "1", "--dry-run", "--in-place", "--format", "json").document["findings"]
    path = "lib/src/http/request.tml"
    (finding,) = (
        finding for finding in edited if finding["path"] == path and finding["rule"] == "incomplete-destroy"
    )
    source = (example / path).read_bytes()
    changed = {source.count(b"\n", 0, edit["start"]) + 1 for edit in finding["edits"]} - {finding["line"]}

    for line in changed:
        found = run("explain", f"{path}:{line}", "--format", "json").document["findings"]
        assert [finding["rule"] for finding in found] == ["incomplete-destroy"]
    assert changed


def test_it_says_what_apply_says(run: Run, example: Path) -> None:
    applied = run("apply", "--phase", "1", "--dry-run", "--in-place", "--format", "json").document
    explained = run("explain", f"{CLIENT}:17", "--format", "json").document["findings"]

    keys = ("rule", "path", "line", "column", "message", "verdict", "edits")
    assert [[finding[key] for key in keys] for finding in explained] == [
        [finding[key] for key in keys]
        for finding in applied["findings"]
        if (finding["path"], finding["line"]) == (CLIENT, 17)
    ]


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.slug)
def test_every_line_can_be_explained(example: Path, phase: Phase) -> None:
    sources = read_tree(example).files
    plan = engine.plan_fixes(sources)
    for path in sources:
        if phase_of(path) is not phase:
            continue
        rules: dict[int, set[str]] = defaultdict(set)
        for finding in plan.findings:
            if finding.path == path:
                rules[finding.line].add(finding.rule)
        analysis = engine.facts(sources, path)
        for line in range(1, sources[path].count(b"\n") + 2):
            explained = explain_line(analysis, analysis.index.files[path], plan, line)
            named = {finding.finding.rule for finding in explained.findings}
            assert rules[line] <= named, f"{path}:{line}"
            leaking = [entry.name for entry in explained.values if entry.ownership is Ownership.LEAKS]
            assert named or not leaking, f"{path}:{line}: {leaking}"
            assert explanation_lines(explained)


def test_a_library_that_is_known_is_parsed_only_where_it_is_looked_at(example: Path, tmp_path: Path) -> None:
    sources = read_tree(example).files
    cache = ResultCache(tmp_path / "cache", lambda _: None)
    plan = engine.plan_fixes(sources, cache=cache)
    for path in (CLIENT, "lib/src/http/client.tml", "lib/src/http/router.tml"):
        known = engine.facts(sources, path, cache=cache)
        library = [file for name, file in known.index.files.items() if name in sources and not file.is_test]
        assert not [file for file in library if "tree" in vars(file)]

        parsed = engine.facts(sources, path)
        for line in range(1, sources[path].count(b"\n") + 2):
            shown = [
                explanation_lines(explain_line(analysis, analysis.index.files[path], plan, line))
                for analysis in (parsed, known)
            ]
            assert shown[0] == shown[1], f"{path}:{line}"
        assert [file for file in library if "tree" not in vars(file)]


# Lines that have nothing, and places that are not there


def test_a_line_without_values_names_the_nearest_findings(run: Run, example: Path) -> None:
    out = run("explain", f"{CLIENT}:14").out

    assert "note: no value on this line could own anything\n" in out
    assert "note: the nearest findings of `test_get_reads_the_page`: line 17 (missing-release)\n" in out
    assert "note: this line is in no function\n" in run("explain", f"{CLIENT}:1").out


@pytest.mark.parametrize(
    ("setting", "note"),
    [
        ('exclude = ["tests/*"]', "the configuration leaves this file out, so it gets no findings"),
        ('[rules]\ndisable = ["missing-release"]', "the configuration turns off missing-release here"),
    ],
)
def test_the_configuration_is_noted(run: Run, example: Path, setting: str, note: str) -> None:
    (example / "tmlfix.toml").write_text(f"{setting}\n")

    document = run("explain", f"{CLIENT}:17", "--format", "json").document

    assert note in document["notes"]
    assert "missing-release" not in [finding["rule"] for finding in document["findings"]]
    assert value(document, "resp")["ownership"] == "leaks"


def test_a_suppressed_finding_is_shown(run: Run, tree: Path) -> None:
    code = HEAD + (
        "@test\nfunc test_it() -> I32 {\n"
        "    let reel: Reel = Reel::new(4) // tmlfix: ignore[missing-release] kept //?\n"
        '    assert(reel.size() == 4, "size")\n    return 0\n}\n'
    )

    assert "missing-release on line 6: a comment suppresses this\n" in run("explain", place(tree, code)).out


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (f"{CLIENT}:91", f"{CLIENT} has no line 999; it has 90"),
        (f"{CLIENT}:0", f"{CLIENT} has no line 0; it has 90"),
        (f"{CLIENT}:20:99", f"line 20 of {CLIENT} has no column 99; it has 39"),
        (
            "tests/http/clinet.test.tml:3",
            "tests/http/clinet.test.tml: names no .tml file of the working tree; ",
        ),
        ("/etc/hostname:1", "/etc/hostname: "),
        ("tools/draw.tml:1", "tools/draw.tml is in no phase: tmlfix neither fixes it nor reads it"),
        ("lib/src/http/broken.tml:1", "lib/src/http/broken.tml:2:1: unexpected"),
        ("tests:3", "tests: is no .tml file"),
    ],
)
def test_a_place_that_cannot_be_explained(run: Run, example: Path, where: str, message: str) -> None:
    (example / "tools").mkdir()
    (example / "tools/draw.tml").write_text("func main() {\n}\n")
    (example / "lib/src/http/broken.tml").write_text("func main() {\n")

    outcome = run("explain", where.replace(":91", ":999"))

    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith(f"tmlfix: {message}")
    assert outcome.err.count("\n") == 1


def test_without_a_subject_the_rules_are_listed(run: Run) -> None:
    lines = run("explain").out.splitlines()

    assert [line.split()[0] for line in lines] == list(RULES)
    assert [line.partition("  ")[2].strip() for line in lines] == [rule.summary for rule in RULES.values()]
    assert run("explain", "--format", "json").document["rules"][0]["rule"] == next(iter(RULES))
    assert run("explain", "void-tail", "--format", "json").document["summary"] == RULES["void-tail"].summary


def test_carets_stand_under_wide_and_unprintable_text(run: Run, tree: Path) -> None:
    code = HEAD + (
        "@test\nfunc test_it() -> I32 {\n"
        '\tassert_eq("\u202e\U0001f600", "x"); let reel: Reel = Reel::new(4) //?\n'
        "    reel.destroy()\n    return 0\n}\n"
    )
    line, marks = run("explain", place(tree, code)).out.splitlines()[1:3]

    assert "\\u202e" in line
    assert marks.index("^") == cell_len(line[: line.index("reel")])
