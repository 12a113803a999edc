"""Known findings stay known in a file that only moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.bundled import Example
from tests.support.command import Run

ADDRESS = "lib/src/net/addr.tml"
QUIET = "tests/events/quiet.test.tml"


@pytest.fixture
def example(example: Example, run: Run) -> Example:
    """The bundled library as the current folder, with all that is found in known.json."""
    assert run("check", "--write-baseline", "known.json").code == 0
    return example


@pytest.mark.parametrize("target", ["tests/events/silent.test.tml", "tests/more/quiet.test.tml"])
def test_a_file_that_only_moved_has_no_new_findings(run: Run, example: Example, target: str) -> None:
    Path(target).parent.mkdir(exist_ok=True)
    Path(QUIET).rename(target)

    outcome = run("check", "--baseline", "known.json")

    assert outcome.code == 0, outcome.out
    assert "nothing new" in outcome.out and "no longer found" not in outcome.out
    assert run("check", "--write-baseline", "known.json").code == 0
    assert target in Path("known.json").read_text() and QUIET not in Path("known.json").read_text()


def test_a_new_leak_in_a_file_that_moved_is_new(run: Run, example: Example) -> None:
    target = Path("tests/events/silent.test.tml")
    Path(QUIET).rename(target)
    source = target.read_text()
    more = source.replace("test_names", "test_more_names").partition("@test")
    target.write_text(source + "\n@test" + more[2])

    outcome = run("check", "--baseline", "known.json", "--format", "json")

    assert outcome.code == 1
    new = [finding for finding in outcome.document["findings"] if finding["standing"] == "new"]
    assert new and all("more" in finding["function"] for finding in new)


def test_another_file_is_no_file_that_moved(run: Run, example: Example) -> None:
    Path(QUIET).unlink()
    assert "no longer found" in run("check", "--baseline", "known.json").out

    Path("tests/events/other.test.tml").write_text("@test\nfunc test_other() -> I32 {\n    return 0\n}\n")
    assert "no longer found" in run("check", "--baseline", "known.json").out


def test_shards_follow_files_as_the_whole_check_does(run: Run, example: Example) -> None:
    Path(QUIET).rename("tests/events/silent.test.tml")
    options = ("--phase", "5", "--baseline", "known.json", "--format", "json")
    for number in ("1", "2"):
        run("check", "--shard", f"{number}/2", "-o", f"{number}.json", *options)

    assert run("merge", "1.json", "2.json").out == run("check", *options).out


def test_the_plan_follows_files_into_another_phase(run: Run, example: Example) -> None:
    Path(QUIET).rename("tests/http/quiet.test.tml")
    example.commit()

    document = run("plan", "--baseline", "known.json", "--format", "json").document
    done = {phase["name"]: phase["done"] for phase in document["phases"]}
    assert done["http"] == done["test-infra"] == 0
