"""The watched heap sees each mistake of a test library, with where the block came from, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.campaigns.runner_in_c import CAN_RUN, RUNNER, RUNTIME
from tests.campaigns.watch_heap import Heap, Watcher, compiled, main

pytestmark = pytest.mark.skipif(not CAN_RUN, reason="NOT TESTED: needs Linux on x86-64 and a C compiler")

Watch = Callable[[str], Heap]


@pytest.fixture(scope="module")
def allocator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(__file__).with_name("watch_heap.c")
    return compiled(source, tmp_path_factory.mktemp("allocator"))


@pytest.fixture
def watch(allocator: Path, tmp_path: Path) -> Watch:
    """Runs a test library whose test() has a body in C."""

    def compile_(name: str, source: str, *options: str) -> Path:
        (tmp_path / f"{name}.c").write_text(source)
        made = tmp_path / name
        command = ["cc", "-O0", "-fno-builtin", *options, "-o", made, f"{made}.c", "-ldl"]
        subprocess.run(command, check=True)
        return made

    def run(body: str) -> Heap:
        runner = compile_("runner", RUNNER)
        compile_("suite.so", f"{RUNTIME}\nint test(void) {{ {body} return 0; }}", "-shared", "-fPIC")
        return Watcher(tmp_path, (str(runner), "{}"), "suite.so", (allocator,)).run("./suite.so")

    return run


def test_a_test_without_a_mistake(watch: Watch) -> None:
    heap = watch(
        'tml_str_free(make_string()); tml_str_free("constant"); tml_str_free(NULL); free(malloc(8));'
    )

    assert heap.result == "passed"
    assert not heap.events


def test_a_block_that_is_never_released(watch: Watch) -> None:
    heap = watch("make_string(); malloc(8); free(calloc(1, 8));")

    assert heap.count("live") == len(heap.events) == 2
    made = {event.places[0][:3] for event in heap.events}
    assert made == {("mem_alloc", "make_string", "test"), ("test",)}


def test_a_string_that_is_released_twice_is_seen_although_the_runtime_ignores_it(watch: Watch) -> None:
    heap = watch("char *string = make_string(); tml_str_free(string); tml_str_free(string);")

    assert heap.result == "passed"
    (event,) = heap.events
    made, released, again = event.places
    assert (event.kind, event.size, event.content) == ("double", 4, b"abc\0")
    assert (made[1], again[0]) == ("make_string", "test")
    assert released[-1] == "test"


def test_a_block_that_is_released_twice_does_not_end_the_program(watch: Watch) -> None:
    heap = watch("void *block = mem_alloc(8); mem_free(block); mem_free(block); mem_free(block);")

    assert heap.result == "passed"
    assert heap.count("double") == len(heap.events) == 2


def test_the_middle_of_a_string_is_nobodys_to_release(watch: Watch) -> None:
    heap = watch("char *string = make_string(); tml_str_free(string + 1); tml_str_free(string);")

    assert heap.count("foreign") == len(heap.events) == 1


def test_a_write_after_the_release(watch: Watch) -> None:
    heap = watch("char *string = make_string(); tml_str_free(string); string[1] = 'x';")

    assert heap.count("write") == len(heap.events) == 1


def test_a_released_block_is_filled_and_not_handed_out_again(watch: Watch) -> None:
    heap = watch(
        "char *string = make_string(); tml_str_free(string); char *other = make_string();"
        "if (other == string || string[0] != '\\xA5') return 1; tml_str_free(other);"
    )

    assert heap.result == "passed"
    assert not heap.events


def test_a_block_that_grows_stays_one_block(watch: Watch) -> None:
    heap = watch(
        'char *string = make_string(); string = realloc(string, 64); if (strcmp(string, "abc")) return 1;'
        "free(string); string = realloc(NULL, 8);"
    )

    assert heap.result == "passed"
    assert heap.count("live") == len(heap.events) == 1


def test_a_program_can_mark_its_blocks(watch: Watch) -> None:
    heap = watch(
        "void watch_mark(long); watch_mark(1); char *string = make_string(); watch_mark(2); make_string();"
        "tml_str_free(string); tml_str_free(string); tml_str_free(string + 1);"
    )

    assert {(event.kind, event.mark) for event in heap.events} == {("double", 1), ("live", 2), ("foreign", 2)}


def test_a_crash_keeps_what_was_seen_before(watch: Watch) -> None:
    heap = watch("char *string = make_string(); tml_str_free(string); tml_str_free(string); abort();")

    assert heap.result == "crashed"
    assert heap.count("double") == 1


def test_the_command_prints_a_row_for_each_file(
    watch: Watch, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch("char *string = make_string(); tml_str_free(string); tml_str_free(string); malloc(8);")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        sys,
        "argv",
        ["watch_heap", ".", "./suite.so", "--tml", "./runner", "--suite", "suite.so", "--places"],
    )

    assert main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "file\tresult\tdetected\tlive\tdouble\tforeign\twrite",
        "./suite.so\tpassed\t0\t1\t1\t0\t0",
        "    1 double b'abc': mem_alloc < make_string < test / mem_free < test / test",
        "    1 live b'': test",
        "live 1, double 1, foreign 0, write 0, detected 0, passed 1",
    ]
