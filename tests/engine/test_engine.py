"""The engine: which files it looks at, how fixes call for others, and that it trusts no rule."""

from __future__ import annotations

import gc
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.resources import files as resources
from typing import Any

import pytest

from codemods.engine import analyse, tasks
from codemods.fixes.context import Context
from codemods.fixes.diagnostics import Diagnostic
from codemods.model.findings import AnalysisResult, Finding, PhaseResult, Verdict
from codemods.model.phases import PHASES
from codemods.ownership.analysis import Analysis
from codemods.rules import RULES
from codemods.semantics.symbols import FunctionInfo, Index, SourceFile
from tests.support.demo_code import ENDS_A_ROUND, PARTS, REEL, STARS, USES_A_REEL, USES_PARTS
from tests.support.project import EXAMPLE
from tml_ast.edit import SourceEdit


def run(files: Mapping[str, str], *phases: int, **options: Any) -> AnalysisResult:
    """Analyse files given as text; all phases if none is named."""
    encoded = {path: text.encode() for path, text in files.items()}
    return analyse(encoded, phases or tuple(phase.number for phase in PHASES), **options)


def changed(result: AnalysisResult) -> dict[str, list[int]]:
    """The files that each phase changes: path to numbers of the phases."""
    found: dict[str, list[int]] = {}
    for phase in result.phases:
        for path in phase.changes:
            found.setdefault(path, []).append(phase.phase)
    return found


def after(result: AnalysisResult, path: str) -> str:
    """What the last phase that changes the file makes of it."""
    return [phase.changes[path].after for phase in result.phases if path in phase.changes][-1].decode()


# Fixes that call for others


def test_a_fix_in_the_library_puts_tests_under_obligation() -> None:
    library, test = "lib/demo/src/http/parts.tml", "tests/http/parts.test.tml"
    files = {library: PARTS, test: USES_PARTS.replace("demo::", "demo::http::")}

    result = run(files, 1)

    assert changed(result) == {path: [1] for path in files}
    assert "this.texts.destroy()" in after(result, library)
    assert "    parts.destroy()\n    return 0\n" in after(result, test)
    rules = [finding.rule for finding in result.findings if finding.verdict is Verdict.FIXABLE]
    assert rules == ["incomplete-destroy", "missing-release"]


def test_a_phase_takes_what_it_needs_from_others() -> None:
    library, test = "lib/demo/src/parts.tml", "tests/http/parts.test.tml"

    result = run({library: PARTS, test: USES_PARTS}, 1)

    assert changed(result) == {library: [1], test: [1]}
    (phase,) = result.phases
    assert [finding.path for finding in phase.findings] == [test]
    assert [finding.path for finding in phase.required] == [library]


def test_a_fixed_tree_has_nothing_left_to_fix() -> None:
    files = {"lib/demo/src/reel.tml": REEL, "tests/http/reel.test.tml": USES_A_REEL}

    again = run(files | {"tests/http/reel.test.tml": after(run(files, 1), "tests/http/reel.test.tml")}, 1)

    assert not list(again.findings) and not changed(again)


# Phases


ACROSS_PHASES = {
    "lib/demo/src/collections/parts.tml": PARTS,
    "tests/collections/parts.test.tml": USES_PARTS.replace("demo::", "demo::collections::"),
    "tests/url/parts.test.tml": USES_PARTS.replace("demo::", "demo::collections::"),
}


def test_independent_phases_all_start_from_the_same_tree_and_take_what_they_need() -> None:
    result = run(ACROSS_PHASES)

    assert changed(result) == {
        "lib/demo/src/collections/parts.tml": [3, 4],
        "tests/collections/parts.test.tml": [3],
        "tests/url/parts.test.tml": [4],
    }
    required = {phase.phase: [finding.path for finding in phase.required] for phase in result.phases}
    assert required[3] == []
    assert required[4] == ["lib/demo/src/collections/parts.tml"]


def test_stacked_phases_start_from_the_one_before() -> None:
    result = run(ACROSS_PHASES, stacked=True)

    assert changed(result) == {
        "lib/demo/src/collections/parts.tml": [3],
        "tests/collections/parts.test.tml": [3],
        "tests/url/parts.test.tml": [4],
    }


def test_phases_come_in_the_order_of_the_plan() -> None:
    assert [phase.phase for phase in run(ACROSS_PHASES, 4, 1, 3).phases] == [1, 3, 4]


@pytest.mark.parametrize("phase", [1, 5])
def test_what_a_fix_would_make_wrong_is_fixed_with_it(phase: int) -> None:
    library = "lib/demo/src/http/stars.tml"
    test = "tests/text/stars.test.tml"

    result = run({library: STARS, test: ENDS_A_ROUND}, phase)

    assert "@allocates\n" in after(result, library)
    assert "        let round_stars: Str = stars(round)\n" in after(result, test)


# Which files


def test_paths_limit_the_findings_and_all_files_inform_them() -> None:
    files = {
        "lib/demo/src/reel.tml": REEL,
        "tests/http/one.test.tml": USES_A_REEL,
        "tests/http/two.test.tml": USES_A_REEL,
    }

    result = run(files, 1, includes=lambda path: path.endswith("two.test.tml"))

    assert changed(result) == {"tests/http/two.test.tml": [1]}
    assert {finding.path for finding in result.findings} == {"tests/http/two.test.tml"}


@pytest.mark.parametrize(
    "code", ["- " * 50_000 + "a", "a = " * 20_000 + "a", "do() " * 10_000 + "a", "a" + ".b(1)" * 20_000]
)
def test_a_file_too_deep_to_analyse_is_an_error_with_its_place(code: str) -> None:
    files = {"lib/demo/src/http/deep.tml": f"func f() {{ {code} }}", "tests/http/reel.test.tml": USES_A_REEL}

    (error,) = run(files, 1).errors

    assert (error.path, error.line) == ("lib/demo/src/http/deep.tml", 1)
    assert error.message == "nested too deeply to analyse"


def test_a_file_that_does_not_parse_is_an_error_and_the_others_are_fixed() -> None:
    files = {
        "tests/http/reel.test.tml": USES_A_REEL,
        "lib/demo/src/http/worse.tml": "}",
        "lib/demo/src/http/bad.tml": "func good() {}\nfunc = 3\n",
        "lib/demo/src/reel.tml": REEL,
    }

    result = run(files, 1)

    assert [(error.path, error.line, error.column) for error in result.errors] == [
        ("lib/demo/src/http/bad.tml", 2, 6),
        ("lib/demo/src/http/worse.tml", 1, 1),
    ]
    assert changed(result) == {"tests/http/reel.test.tml": [1]}


def test_progress_is_reported_until_the_end() -> None:
    steps: list[tuple[str, int, int]] = []

    run({"lib/demo/src/reel.tml": REEL}, 1, progress=lambda *step: steps.append(step))

    assert steps[0] == ("parsing", 0, 1)
    assert ("parsing", 1, 1) in steps
    assert all(done <= total for _, done, total in steps)


# What findings say


def edited(before: bytes, findings: Iterable[Finding]) -> bytes:
    """The text with all edits of the findings; edits that several share count once."""
    edits = sorted({edit for finding in findings for edit in finding.edits}, reverse=True)
    for edit in edits:
        before = before[: edit.start] + edit.text.encode() + before[edit.end :]
    return before


@pytest.fixture(scope="module")
def example() -> dict[str, bytes]:
    """The bundled library."""
    return {path.relative_to(EXAMPLE).as_posix(): path.read_bytes() for path in EXAMPLE.rglob("*.tml")}


@pytest.fixture(scope="module")
def analysed(example: dict[str, bytes]) -> AnalysisResult:
    """What all phases find in the bundled library."""
    return analyse(example, [phase.number for phase in PHASES])


def fixed(phase: PhaseResult, path: str) -> list[Finding]:
    """The findings of a file that were fixed."""
    return [
        finding for finding in phase.findings if finding.path == path and finding.verdict is Verdict.FIXABLE
    ]


def test_edits_of_the_findings_are_the_change(analysed: AnalysisResult) -> None:
    changes = [(phase, path, change) for phase in analysed.phases for path, change in phase.changes.items()]

    assert len(changes) > 10
    for phase, path, change in changes:
        assert edited(change.before, fixed(phase, path)) == change.after, path


@pytest.mark.parametrize("name", RULES)
def test_edits_of_the_findings_are_the_change_in_the_examples_of_a_rule(name: str) -> None:
    prelude = resources("codemods.rules").joinpath("prelude.tml").read_text()
    for number, example in enumerate(RULES[name].fixed):
        is_test = "@test" in example.before
        path = f"tests/http/{number}.test.tml" if is_test else f"lib/demo/src/http/e{number}.tml"
        result = run({"lib/demo/src/prelude.tml": prelude, path: example.before}, 1)
        change = result.phases[0].changes[path]
        assert edited(change.before, fixed(result.phases[0], path)) == change.after


def test_every_fixed_finding_has_an_edit_and_no_other_has_one(analysed: AnalysisResult) -> None:
    for finding in analysed.findings:
        assert bool(finding.edits) is (finding.verdict is Verdict.FIXABLE), finding


def test_line_and_column_refer_to_the_original_and_count_characters() -> None:
    test = USES_A_REEL.replace("    let reel", "    /* größer */ let reel").replace("@test", "// é\n@test")
    twice = test + test.replace("test_reel", "test_again").replace("use demo::reel::Reel\n", "")

    findings = list(run({"lib/demo/src/reel.tml": REEL, "tests/http/reel.test.tml": twice}, 1).findings)

    lines = twice.splitlines()
    assert [finding.function for finding in findings] == ["test_reel", "test_again"]
    for finding in findings:
        assert lines[finding.line - 1][finding.column - 1 :].startswith("reel = Reel::new")
        assert re.search(rf"\bline {finding.line}\b", finding.message)


def test_a_finding_of_a_later_round_refers_to_the_original_too(
    example: dict[str, bytes], analysed: AnalysisResult
) -> None:
    for finding in analysed.findings:
        line = example[finding.path].decode().splitlines()[finding.line - 1]
        place = line[finding.column - 1 :].removeprefix("var ")
        assert place, finding
        if finding.rule == "missing-release":
            (code,) = re.findall(r"^`([^`]+)` ", finding.message)
            assert place.startswith(code) or ("(" in code and code in line), finding


def test_results_do_not_depend_on_the_order_of_the_files(
    example: dict[str, bytes], analysed: AnalysisResult
) -> None:
    shuffled = list(example.items())
    random.Random(1).shuffle(shuffled)

    assert analyse(dict(shuffled), [phase.number for phase in PHASES]) == analysed


# Rules that are wrong


ONE = "tests/http/one.test.tml"
TWO = "tests/http/two.test.tml"
WITH_A_WRONG_RULE = {"lib/demo/src/reel.tml": REEL, ONE: USES_A_REEL, TWO: USES_A_REEL}

Spoil = Callable[[Diagnostic, bytes], Diagnostic]


def insertion(at: int, text: bytes) -> SourceEdit:
    return SourceEdit(at, at, text)


def insert_twice(diagnostic: Diagnostic, _source: bytes) -> Diagnostic:
    """The same release twice in a row."""
    edits = tuple(SourceEdit(edit.start, edit.end, edit.text * 2) for edit in diagnostic.edits)
    return replace(diagnostic, edits=edits)


def insert_after_the_return(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """A release that is never reached."""
    end = source.index(b"    return 0\n") + len(b"    return 0\n")
    return replace(diagnostic, edits=(insertion(end, b"    reel.destroy()\n"),))


def release_in_a_branch_too_many(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """A second release on one path only."""
    branch = source.index(b'        print("odd")')
    return replace(diagnostic, edits=(*diagnostic.edits, insertion(branch, b"        reel.destroy()\n")))


def release_too_early(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """A release in front of the last use."""
    use = source.index(b"    assert(reel.size()")
    return replace(diagnostic, edits=(insertion(use, b"    reel.destroy()\n"),))


def overlap_with_itself(diagnostic: Diagnostic, _source: bytes) -> Diagnostic:
    """Two replacements of the same bytes."""
    return replace(diagnostic, edits=(SourceEdit(0, 3, b"use"), SourceEdit(1, 4, b"se ")))


def raise_an_error(_diagnostic: Diagnostic, _source: bytes) -> Diagnostic:
    """A rule that does not know what it looks at."""
    raise KeyError("reel")


def write_what_does_not_parse(diagnostic: Diagnostic, _source: bytes) -> Diagnostic:
    """A release without its last character."""
    edits = tuple(replace(edit, text=edit.text.replace(b")", b"")) for edit in diagnostic.edits)
    return replace(diagnostic, edits=edits)


def write_nothing(diagnostic: Diagnostic, _source: bytes) -> Diagnostic:
    """A fix that fixes nothing."""
    return replace(diagnostic, edits=())


def never_be_content(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """A fix that leaves the leak and finds a new reason for each round."""
    message = f"attempt {source.count(b'//')}"
    return replace(diagnostic, message=message, edits=(insertion(0, b"//\n"),))


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (insert_twice, "a path of test_reel would release a value twice"),
        (insert_after_the_return, "missing-release finds test_reel again after its fix"),
        (release_in_a_branch_too_many, "a path of test_reel would release a value twice"),
        (release_too_early, "a path of test_reel would release a value twice or use it afterwards"),
        (overlap_with_itself, "the edits of missing-release for test_reel overlap"),
        (raise_an_error, "missing-release failed (KeyError: 'reel')"),
        (write_what_does_not_parse, "with its fixes it would not parse (12:1: "),
        (write_nothing, "missing-release finds test_reel again after its fix"),
        (never_be_content, "its fixes call for ever more fixes"),
    ],
)
def test_a_fix_that_does_not_hold_is_not_made_and_called_a_fault(
    monkeypatch: pytest.MonkeyPatch, spoil: Spoil, fault: str
) -> None:
    right = RULES["missing-release"]

    def wrong(context: Context) -> Iterator[Diagnostic]:
        for diagnostic in right.check(context):
            is_one = context.file.path == ONE
            yield spoil(diagnostic, context.file.source) if is_one else diagnostic

    monkeypatch.setitem(RULES, "missing-release", replace(right, check=wrong))
    result = run(WITH_A_WRONG_RULE, 1)

    (error,) = result.errors
    assert error.path == ONE
    assert error.message.startswith(f"left as it was: {fault}")
    assert error.message.endswith("; this is a fault of tmlfix")
    assert changed(result) == {TWO: [1]}
    assert [finding.path for finding in result.findings if finding.verdict is Verdict.FIXABLE] == [TWO]
    left = [finding for finding in result.findings if finding.path == ONE]
    assert all(finding.verdict is Verdict.REPORTED and not finding.edits for finding in left)


WIDTH = """\
use core::str
use core::intrinsics::mem_free

@extern("f64_to_string")
func number_text(value: F64) -> Str

pub func width(value: I64) -> I64 {
    let kept: Str = str::repeat("a", 2)
    let text: Str = number_text(value as F64)
    if value == 9 {
        print("odd")
    }
    let n: I64 = str::len(text) + str::len(kept)
    return n
}
"""
"""The compiler frees `kept` by itself; `text` is freed by hand after the fix."""

FREE_TEXT = b"    lowlevel { mem_free(text as I64 as *Unit) }\n"


def free_in_a_branch_too_many(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """A second free on one path only."""
    branch = source.index(b'        print("odd")')
    return replace(diagnostic, edits=(*diagnostic.edits, insertion(branch, FREE_TEXT)))


def free_too_early(diagnostic: Diagnostic, source: bytes) -> Diagnostic:
    """A free in front of the last use."""
    return replace(diagnostic, edits=(insertion(source.index(b"    let n: I64"), FREE_TEXT),))


def free_what_the_compiler_frees(diagnostic: Diagnostic, _source: bytes) -> Diagnostic:
    """A free of a string that is dropped at the end of its block."""
    edits = tuple(replace(edit, text=edit.text.replace(b"text", b"kept")) for edit in diagnostic.edits)
    return replace(diagnostic, edits=(*diagnostic.edits, *edits))


@pytest.mark.parametrize(
    "spoil", [insert_twice, free_in_a_branch_too_many, free_too_early, free_what_the_compiler_frees]
)
def test_a_string_is_not_freed_twice_either(monkeypatch: pytest.MonkeyPatch, spoil: Spoil) -> None:
    right = RULES["foreign-string"]
    path = "lib/demo/src/http/width.tml"

    def wrong(context: Context) -> Iterator[Diagnostic]:
        return (spoil(diagnostic, context.file.source) for diagnostic in right.check(context))

    assert FREE_TEXT.decode() in after(run({path: WIDTH}, 1), path)
    monkeypatch.setitem(RULES, "foreign-string", replace(right, check=wrong))
    result = run({path: WIDTH}, 1)

    (error,) = result.errors
    assert "a path of width would release a value twice or use it afterwards" in error.message
    assert not changed(result)


def test_a_payload_is_not_released_twice_either(monkeypatch: pytest.MonkeyPatch) -> None:
    right = RULES["unopened-payload"]
    opens = """

pub func open_reel(size: I64) -> Outcome[Reel, I64] {
    if size < 1 {
        return Err(size)
    }
    return Ok(Reel::new(size))
}
"""
    test = """\
use demo::reel::open_reel

@test
func test_opened() -> I32 {
    let opened = open_reel(4)
    assert(opened.is_ok(), "opened")
    return 0
}
"""
    files = {"lib/demo/src/reel.tml": REEL + opens, ONE: test}

    def wrong(context: Context) -> Iterator[Diagnostic]:
        return (insert_twice(diagnostic, context.file.source) for diagnostic in right.check(context))

    assert after(run(files, 1), ONE).count("opened.unwrap().destroy()") == 1
    monkeypatch.setitem(RULES, "unopened-payload", replace(right, check=wrong))
    result = run(files, 1)

    (error,) = result.errors
    assert "a path of test_opened would release a value twice or use it afterwards" in error.message
    assert not changed(result)


def test_a_double_release_that_was_there_before_does_not_prevent_a_fix() -> None:
    twice = """\
use demo::reel::Reel

@test
func test_released_twice() -> I32 {
    let old = Reel::new(1)
    old.destroy()
    old.destroy()
    let reel = Reel::new(4)
    assert(reel.size() == 4, "size")
    return 0
}
"""
    result = run({"lib/demo/src/reel.tml": REEL, ONE: twice}, 1)

    assert not result.errors
    assert "    reel.destroy()\n    return 0\n" in after(result, ONE)


# What is carried over from round to round and from phase to phase


def test_what_is_carried_over_is_what_would_be_found_fresh(
    example: dict[str, bytes], analysed: AnalysisResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = tasks.analysis_of
    monkeypatch.setattr(tasks, "analysis_of", lambda files, settings, _previous=None: fresh(files, settings))
    monkeypatch.setattr(tasks, "PROCESS", tasks.Memory())

    assert analyse(example, [phase.number for phase in PHASES]) == analysed


def test_a_call_finds_the_function_that_came_in_meanwhile() -> None:
    user = SourceFile.read("lib/demo/src/user.tml", b"use demo::maker::make\n\nfunc use_it() { make() }\n")
    empty = SourceFile.read("lib/demo/src/maker.tml", b"\n")
    maker = SourceFile.read("lib/demo/src/maker.tml", b"pub func make() -> I64 { return 1 }\n")
    before = Analysis(Index([user, empty]))
    (function,) = before.index.functions_in(user)
    assert called_from(before, function) == [None]

    after = Analysis(Index([user, maker], previous=before.index), before)

    assert after.index.functions_in(user) == [function]
    assert called_from(after, function) == ["make"]


def called_from(analysis: Analysis, function: FunctionInfo) -> list[str | None]:
    """The functions that a function calls, None for one that nothing declares."""
    graph = analysis.summaries.graph(function)
    assert graph is not None
    return [call.callee.name if call.callee is not None else None for call in graph.calls]


def test_the_collector_of_garbage_is_as_before() -> None:
    before = gc.get_threshold()
    run({"lib/demo/src/parts.tml": PARTS})
    assert gc.get_threshold() == before
