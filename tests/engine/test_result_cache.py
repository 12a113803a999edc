"""What is known from earlier runs changes nothing but the time that a run takes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codemods.engine import analyse, analysis_cache, plan_fixes, tasks
from codemods.engine.jobs import FilesResult, TestsJob
from codemods.engine.resources import Resources
from codemods.engine.result_cache import MOST_FILES, ResultCache, cache_folder
from codemods.model.findings import AnalysisResult
from codemods.model.fix_plan import always, everywhere, never
from codemods.model.progress import Progress
from codemods.model.settings import Settings
from tests.engine.small_library import STATES, tree
from tests.support.bundled import Example, environment
from tests.support.command import Run as Command
from tests.support.users import ordinary_user

COMPILER = "note: the fixes are for the compiler of commit cf79b64d\n"

# What is found


@dataclass(frozen=True)
class Run:
    """One analysis: the state of the files, and what is asked for."""

    states: Mapping[str, int]
    with_requirements: bool
    share: tuple[int, int] | None
    settings: Settings

    def result(self, cache: ResultCache | None) -> str:
        """All that is found, by a process that has done nothing else so far."""
        tasks.PROCESS = tasks.Memory()
        share = self.share
        plan = plan_fixes(
            tree(self.states),
            requirements=always if self.with_requirements else never,
            share=(lambda path: len(path) % share[1] == share[0]) if share else everywhere,
            settings=self.settings,
            cache=cache,
        )
        requires = sorted((key, sorted(needed)) for key, needed in (plan.requires or {}).items())
        phases = plan.together((1, 2, 3, 4, 5))
        return repr((plan.findings, plan.suppressed, plan.errors, requires, phases))


PATHS = sorted(STATES)
EDITS = st.sampled_from(PATHS).flatmap(
    lambda path: st.tuples(st.just(path), st.integers(0, len(STATES[path]) - 1))
)
OFTEN_PLAIN = st.sampled_from([True, True, True, False])
SETTINGS = [
    Settings(),
    Settings(disabled_rules=frozenset({"missing-allocates", "named-release"})),
    Settings(exclude=("tests/http/parts*",)),
    Settings(owning_types={"Reel": "close"}),
]


@st.composite
def histories(draw: st.DrawFn) -> list[Run]:
    """Runs, one after the other, with a few files edited in between."""
    states: dict[str, int] = dict(draw(st.lists(EDITS, max_size=6)))
    runs = []
    for _ in range(draw(st.integers(2, 6))):
        states = states | dict(draw(st.lists(EDITS, max_size=2)))
        runs.append(
            Run(
                states,
                draw(st.booleans()),
                None if draw(OFTEN_PLAIN) else draw(st.sampled_from([(0, 2), (1, 2)])),
                SETTINGS[0] if draw(OFTEN_PLAIN) else draw(st.sampled_from(SETTINGS)),
            )
        )
    return runs


@given(histories())
@settings(max_examples=8)
def test_runs_that_share_a_cache_find_what_they_find_without(runs: list[Run]) -> None:
    with TemporaryDirectory() as folder:
        cache = ResultCache(Path(folder), lambda _: None)
        for run in runs:
            assert run.result(cache) == run.result(None)


@pytest.mark.parametrize("path", PATHS)
def test_every_edit_of_a_file_counts(path: str, tmp_path: Path) -> None:
    runs = [Run({path: state}, True, None, Settings()) for state in range(len(STATES[path]))]
    expected = [run.result(None) for run in runs]
    for turn, (before, after) in enumerate(permutations(range(len(runs)), 2)):
        cache = ResultCache(tmp_path / str(turn), lambda _: None)
        runs[before].result(cache)
        assert runs[after].result(cache) == expected[after]


def test_the_order_of_the_files_is_no_matter(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path, lambda _: None)
    files = tree()
    turned = dict(reversed(files.items()))

    assert list(files) != list(turned)
    results = [analyse(given, (1, 5), cache=store) for store in (None, cache) for given in (files, turned)]

    assert len({repr(result) for result in results}) == 1


def test_what_is_known_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    cache = ResultCache(tmp_path, notes.append)
    files = tree()
    first = plan_fixes(files, cache=cache, requirements=always)
    done: list[str] = []
    monkeypatch.setattr(tasks, "fix_library", lambda *_: pytest.fail("is known"))
    monkeypatch.setattr(tasks, "find_needs", lambda *_: pytest.fail("is known"))

    def fix_tests(job: TestsJob, _report: Progress) -> list[FilesResult]:
        done.extend(job.tests)
        return [FilesResult() for _ in job.tests]

    monkeypatch.setattr(tasks, "fix_tests", fix_tests)

    known = plan_fixes(files, cache=cache, requirements=always)
    assert (known.findings, known.requires) == (first.findings, first.requires)
    assert not done
    plan_fixes(files | {"tests/quiet.test.tml": b"// other words\n"}, cache=cache)
    assert done == ["tests/quiet.test.tml"]

    assert notes == [
        "known from earlier runs: library 0 of 1, tests 0 of 9",
        "known from earlier runs: library 1 of 1, tests 9 of 9",
        "known from earlier runs: library 1 of 1, tests 8 of 9",
    ]


def test_tests_that_a_run_was_not_asked_for_stay_known(tmp_path: Path) -> None:
    notes: list[str] = []
    cache = ResultCache(tmp_path, notes.append)
    files = {path: source for path, source in tree().items() if path.startswith("tests/")}

    plan_fixes(files, share=lambda path: "parts" in path, cache=cache)
    plan_fixes(files, share=lambda path: "stars" in path, cache=cache)
    plan_fixes(files, cache=cache)

    assert notes[-1].endswith(", tests 2 of 9")


# The command


CHECK = ("check", "--format", "json")


def test_runs_before_change_nothing_of_what_is_printed(example: Example, run: Command) -> None:
    for before in (
        ["--phase", "5"],
        ["lib"],
        ["tests/http", "--phase", "1"],
        ["--shard", "2/3"],
        ["--fail-on", "findings"],
    ):
        run(*CHECK, *before)
    warm, cold = run(*CHECK), run(*CHECK, "--no-cache")
    assert warm == cold
    assert (warm.code, warm.err) == (1, "")
    assert run("check", "--format", "sarif") == run("check", "--format", "sarif", "--no-cache")

    verbose = run(*CHECK, "--verbose")
    assert verbose.out == cold.out
    assert verbose.err == f"note: known from earlier runs: library 1 of 1, tests 15 of 15\n{COMPILER}"

    example.write("tmlfix.toml", b"[rules]\nmissing-release = false\n")
    (example.folder / "tests/http/client.test.tml").rename(example.folder / "tests/http/shop.test.tml")
    (example.folder / "tests/events/quiet.test.tml").unlink()
    assert run(*CHECK) == run(*CHECK, "--no-cache") != cold


def real(example: Example, *options: str, **variables: str) -> subprocess.Popen[bytes]:
    """A check in a process of its own."""
    return subprocess.Popen(
        ["tmlfix", *CHECK, *options],
        cwd=example.folder,
        env=environment() | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def locales() -> list[str]:
    """Those of the system that may matter: where i is not the small letter of I, and plain ones."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
    return [*[locale for locale in known if locale.startswith("tr_TR")], "C", "C.UTF-8", "POSIX"]


def test_runs_at_the_same_time_in_any_environment_print_the_same(example: Example, run: Command) -> None:
    expected = run(*CHECK, "--no-cache")
    for turn in range(2):
        processes = [
            real(example, "--jobs", str(number % 3 + 1), PYTHONHASHSEED=f"{turn}{number}", LC_ALL=locale)
            for number, locale in enumerate(locales()[:3])
        ]
        for process in processes:
            out, err = process.communicate()
            assert (out.decode(), err, process.returncode) == (expected.out, b"", expected.code)


# Folders and files that cannot be used


Harm = Callable[[Path], None]


def blocked(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("in the way\n")


def with_folders(folder: Path) -> None:
    for path in list(folder.iterdir()):
        path.unlink()
        path.mkdir()


def with_pipes(folder: Path) -> None:
    for path in list(folder.iterdir()):
        path.unlink()
        os.mkfifo(path)


def with_loops(folder: Path) -> None:
    for path in list(folder.iterdir()):
        path.unlink()
        path.symlink_to(path.name)


def elsewhere(folder: Path) -> None:
    there = folder.with_name("there")
    folder.rename(there)
    folder.symlink_to(there)


def linked(folder: Path) -> None:
    for path in list(folder.iterdir()):
        there = folder.parent / path.name
        path.rename(there)
        path.symlink_to(there)


def sealed(folder: Path) -> None:
    folder.chmod(0o500)
    for path in folder.iterdir():
        path.chmod(0o000)


def of_another_version(folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"results-1", b"results-2"))


def cut_off(folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("harm", "note"),
    [
        (blocked, "cannot write the cache"),
        (with_folders, "a file of the cache is damaged"),
        (with_pipes, "a file of the cache is damaged"),
        (with_loops, "cannot read the cache"),
        (sealed, "cannot read the cache"),
        (of_another_version, "a file of the cache is damaged"),
        (cut_off, "a file of the cache is damaged"),
        (elsewhere, None),
        (linked, None),
    ],
)
def test_a_cache_that_cannot_be_used_is_as_good_as_none(
    harm: Harm, note: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Command
) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    monkeypatch.setenv("TMLFIX_CACHE", str(folder))
    library = tmp_path / "library"
    for path, source in tree().items():
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        (library / path).write_bytes(source)
    monkeypatch.chdir(library)
    expected = run(*CHECK)
    if harm is blocked:
        shutil.rmtree(folder)
        folder.mkdir()
    with ordinary_user(tmp_path):
        harm(folder)
        plain = run(*CHECK)
        if harm in (with_pipes, with_loops, of_another_version, cut_off):  # a run repairs them
            harm(folder)
        verbose = run(*CHECK, "--verbose")
        without = run(*CHECK, "--no-cache", "--verbose")
        folder.chmod(0o700)

    assert plain == expected
    assert without == replace(expected, err=COMPILER)
    assert (plain.err, plain.code) == ("", 1)
    assert (verbose.out, verbose.code) == (plain.out, plain.code)
    assert (note or "library 1 of 1") in verbose.err
    assert all(line.startswith("note: ") for line in verbose.err.splitlines())


def test_a_full_disk_is_no_failure_and_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []

    def full(_source: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    ResultCache(tmp_path, notes.append).put("key", [1])

    assert notes == [f"cannot write the cache: {tmp_path}: No space left on device"]
    assert not list(tmp_path.iterdir())


def test_the_documents_that_were_used_last_are_kept_and_other_files_too(tmp_path: Path) -> None:
    mine = [tmp_path / "notes.txt", tmp_path / "data.json"]
    for path in mine:
        path.write_text("mine\n")
        os.utime(path, (1, 1))
    cache = ResultCache(tmp_path, pytest.fail)
    for number in range(MOST_FILES):
        cache.put(f"key-{number}", number)
        (path,) = tmp_path.glob(f"key-{number}.*")
        os.utime(path, (number + 1000, number + 1000))

    assert cache.get("key-0", int) == 0
    for number in range(10):
        cache.put(f"new-{number}", number)

    assert all(path.exists() for path in mine)
    assert len(list(tmp_path.iterdir())) == MOST_FILES + len(mine)
    assert [cache.get(f"key-{number}", int) for number in (0, 1, 10, 11)] == [0, None, None, 11]


def test_the_folder_is_private_and_what_it_lies_in_need_not_be_there(tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    ResultCache(folder, pytest.fail).put("key", {})

    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMLFIX_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path

    monkeypatch.delenv("TMLFIX_CACHE")
    assert cache_folder() is not None


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    monkeypatch.delenv("TMLFIX_CACHE")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: Path("~/.cache/tmlfix"))

    assert Resources(note=notes.append).cache() is None
    assert notes == ["no results are kept, for there is no home; TMLFIX_CACHE names a folder"]


# Damaged documents


def documents(folder: Path) -> Iterator[tuple[Path, Any]]:
    """The files of a cache with what they hold."""
    for path in sorted(folder.iterdir()):
        yield path, json.loads(path.read_bytes().partition(b"\n")[2])


def rewrite(path: Path, document: object) -> None:
    """Let a file hold another document, with a checksum that is right."""
    body = json.dumps(document).encode()
    digest = hashlib.sha256(body).hexdigest().encode()
    path.write_bytes(path.read_bytes().split()[0] + b" " + digest + b"\n" + body)


def with_one_replaced(document: Any) -> Iterator[Any]:
    """The document, each time with another of its values replaced by one of another type, or gone."""
    others: tuple[Any, ...] = (None, True, 7, 0.5, "text", [], {}, [[]], {"text": []})
    for other in others:
        is_empty = document in ([], {}) and other != document
        if type(other) is not type(document) or is_empty:
            yield other
    if isinstance(document, list):
        for number, value in enumerate(document):
            for changed in with_one_replaced(value):
                yield [*document[:number], changed, *document[number + 1 :]]
    if isinstance(document, dict):
        for name, value in document.items():
            for changed in with_one_replaced(value):
                yield {**document, name: changed}


SHAPES = {
    "library": analysis_cache._LIBRARY,
    "tests": analysis_cache._TESTS,
    "library-needs": analysis_cache._LIBRARY_NEEDS,
    "test-needs": analysis_cache._TEST_NEEDS,
    "declarations": analysis_cache._DECLARATIONS,
}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The folder of a cache that knows five small documents, of a library and of tests."""
    folder = tmp_path / "kept"
    assert analyse_some(ResultCache(folder, lambda _: None)).findings
    return folder


def analyse_some(cache: ResultCache | None) -> AnalysisResult:
    """An analysis of a few files, with a finding of every kind."""
    names = ("stars", "helper.tml")
    suppressed = "tests/http/parts.test.tml"
    files = {path: source for path, source in tree().items() if any(name in path for name in names)}
    files |= {path: source for path, source in tree({suppressed: 2}).items() if "parts" in path}
    files |= {"lib/demo/src/http/bad.tml": b"}", "tests/http/bad.test.tml": b"}"}
    plan = plan_fixes(files, requirements=always, cache=cache)
    return AnalysisResult(plan.together((1, 2, 3, 4, 5)), plan.errors)


def test_a_document_of_another_structure_is_refused(kept: Path) -> None:
    expected = analyse_some(None)
    notes: list[str] = []
    cache = ResultCache(kept, notes.append)
    remember = {path: path.read_bytes() for path in kept.iterdir()}
    tried = 0
    for path, document in documents(kept):
        for changed in with_one_replaced(document):
            rewrite(path, changed)
            known = cache.get(
                path.name.partition(".")[0], SHAPES[path.name.partition(".")[0].rpartition("-")[0]]
            )
            assert known is None and "damaged" in notes.pop(), changed
            tried += 1
        path.write_bytes(remember[path])
    assert tried > 1000

    for path, document in documents(kept):
        rewrite(path, {**document, next(iter(document)): 7})
    assert analyse_some(cache) == expected
    assert len([note for note in notes if "damaged" in note]) == 4
    assert analyse_some(cache) == expected
    assert notes[-1] == "known from earlier runs: library 1 of 1, tests 4 of 4"


def test_texts_that_mean_nothing_are_refused(kept: Path) -> None:
    expected = analyse_some(None)
    notes: list[str] = []
    for path, document in documents(kept):
        text = json.dumps(document)
        for before, after in (('"fixable"', '"healed"'), ('": ["', '\\u20ac": ["')):
            rewrite(path, json.loads(text.replace(before, after)))
        assert analyse_some(ResultCache(kept, notes.append)) == expected


def test_every_bit_counts(kept: Path) -> None:
    cache = ResultCache(kept, lambda _: None)
    path = min(kept.iterdir(), key=lambda path: path.stat().st_size)
    key, shape = path.name.partition(".")[0], SHAPES[path.name.partition(".")[0].rpartition("-")[0]]
    content = path.read_bytes()
    assert cache.get(key, shape) is not None

    for place in range(len(content)):
        path.write_bytes(content[:place])
        assert cache.get(key, shape) is None
    for place in range(0, len(content), 3):
        flipped = content[place] ^ (1 << place % 8)
        path.write_bytes(content[:place] + bytes([flipped]) + content[place + 1 :])
        assert cache.get(key, shape) is None
