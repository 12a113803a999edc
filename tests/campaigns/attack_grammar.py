"""Attack the lexer and the parser for as long as you like.

\b
  .venv/bin/python -m tests.campaigns.attack_grammar fuzz --seconds 600
  .venv/bin/python -m tests.campaigns.attack_grammar mutate --count 20000
  .venv/bin/python -m tests.campaigns.attack_grammar nest --count 20000
  .venv/bin/python -m tests.campaigns.attack_grammar engines --count 5000
  .venv/bin/python -m tests.campaigns.attack_grammar growth --megabytes 20 --levels 100000
  .venv/bin/python -m tests.campaigns.attack_grammar check build/attack/mutate-0123456789.tml

Each ends with one line of figures, and with status 1 if something failed. An input that fails is saved
in build/attack, or the folder that --save names; `check` runs it again. `mutate` and `engines` take the
files of the bundled example, and those of the TML library where there is a copy (TMLFIX_CORPUS).
`fuzz` needs `pip install '.[fuzz]'`.
"""

from __future__ import annotations

import gc
import hashlib
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.support.corpus import corpus_folder
from tests.support.project import PROJECT
from tests.tml_ast.damage import example_files, mutated
from tests.tml_ast.generated_programs import LEXEMES, PROGRAMS, SOUPS, constructs, deeply_nested
from tests.tml_ast.laws import check_engines_agree, check_round_trip, check_time
from tml_ast import TmlSyntaxError, parse

TARGET = "tests.campaigns.fuzz_target"
LEVELS = 25
"""Enough for a time that doubles with each level to be seen, few enough for the limit of brackets."""

app = typer.Typer(
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)

Count = Annotated[int, typer.Option(help="How many inputs.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same inputs.")]
Save = Annotated[Path, typer.Option(help="Where inputs that fail are written.")]
BUILD = PROJECT / "build" / "attack"


@dataclass
class Attack:
    """Inputs that a check runs over, their results, and the summary line."""

    name: str
    save: Path
    check: Callable[[bytes], object]
    inputs: int = 0
    size: int = 0
    parsed: int = 0
    failures: int = 0
    started: float = field(default_factory=time.perf_counter)

    def run(self, source: bytes) -> None:
        """Check one input. If it fails, save it and say where."""
        self.inputs += 1
        self.size += len(source)
        try:
            self.parsed += bool(self.check(source))
        except Exception as error:
            self.failures += 1
            file = self.save / f"{self.name}-{hashlib.sha256(source).hexdigest()[:10]}.tml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(source)
            print(f"FAILED {file}: {type(error).__name__}: {error}", flush=True)

    def finish(self, *notes: str) -> None:
        """Print the summary; status 1 if an input failed."""
        seconds = time.perf_counter() - self.started
        print(
            f"{self.name}: {self.inputs} inputs, {self.size / 1e6:.1f} MB, {self.parsed} parsed,"
            f" {self.inputs - self.parsed - self.failures} refused, {self.failures} failures,"
            f" {seconds:.0f} s" + "".join(f", {note}" for note in notes)
        )
        raise typer.Exit(1 if self.failures else 0)


def _parses_in_time(source: bytes) -> bool:
    check_time(source)
    return check_round_trip(source) is not None


def _all_files() -> list[bytes]:
    files = list(example_files())
    library = [path.read_bytes() for path in sorted(corpus_folder().rglob("*.tml"))]
    if library:
        print(f"{len(files)} files of the example, {len(library)} of the library", flush=True)
    else:
        print(
            f"{len(files)} files of the example; SKIPPED the library: none at {corpus_folder()}", flush=True
        )
    return files + library


def _damaged(files: list[bytes], count: int, chance: Random) -> Iterator[bytes]:
    for _ in range(count):
        yield mutated(chance.choice(files), chance.choice(files), chance)


@app.command()
def mutate(count: Count = 20_000, seed: Seed = 0, save: Save = BUILD) -> None:
    """Damage real files: each prints as it was, or is refused with a place inside of it, in time."""
    attack = Attack("mutate", save, _parses_in_time)
    for source in _damaged(_all_files(), count, Random(seed)):
        attack.run(source)
    attack.finish(f"seed {seed}")


@app.command()
def nest(count: Count = 20_000, seed: Seed = 0, save: Save = BUILD) -> None:
    """Nest constructs in each other: no cycle of them takes more than time in proportion to its length."""
    attack = Attack("nest", save, _parses_in_time)
    chance = Random(seed)
    for _ in range(count):
        attack.run(deeply_nested(LEVELS, chance).encode())
    attack.finish(f"{LEVELS} levels", f"seed {seed}")


@app.command()
def engines(count: Count = 5_000, seed: Seed = 0, save: Save = BUILD) -> None:
    """Compare the engine with parsimonious' own: damaged files, generated programs, soups of tokens."""
    attack = Attack("engines", save, check_engines_agree)
    for source in _damaged(_all_files(), count, Random(seed)):
        attack.run(source)
    _generate(PROGRAMS, count, seed, attack)
    _generate(SOUPS, count, seed, attack)
    attack.finish(f"seed {seed}")


def _generate(strategy: object, count: int, number: int, attack: Attack) -> None:
    """Run the attack over so many examples of a strategy."""

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(text: str) -> None:
        attack.run(text.encode())

    run()


@app.command()
def check(files: list[Path]) -> None:
    """Run inputs that failed again; the first that still fails ends in its traceback."""
    for file in files:
        source = file.read_bytes()
        check_time(source)
        check_engines_agree(source)
        print(f"{file}: holds")


@app.command()
def fuzz(
    seconds: Annotated[int, typer.Option(help="How long.")] = 600,
    seed: Annotated[int, typer.Option(help="Of libFuzzer's; 0 is another one each time.")] = 0,
    longest: Annotated[int, typer.Option(help="Bytes of the longest input.")] = 4096,
    save: Save = BUILD,
) -> None:
    """Let the coverage of lexer and parser guide what comes next, beginning with the bundled example."""
    if find_spec("atheris") is None:
        print("fuzz needs atheris; install it with: pip install '.[fuzz]'", file=sys.stderr)
        raise typer.Exit(2)
    save.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        corpus, words = Path(scratch, "corpus"), Path(scratch, "words")
        corpus.mkdir()
        for number, source in enumerate(_seeds()):
            (corpus / f"{number}.tml").write_bytes(source)
        words.write_text("".join(f'"{_escaped(lexeme)}"\n' for lexeme in LEXEMES))
        command = [sys.executable, "-m", TARGET, str(corpus)]
        options = (
            f"-max_total_time={seconds} -seed={seed} -max_len={longest} -print_final_stats=1 -timeout=120"
        )
        log = save / "fuzz.log"
        with log.open("wb") as output:
            status = subprocess.run(
                [*command, *options.split(), f"-dict={words}", f"-artifact_prefix={save}/fuzz-"],
                stdout=output,
                stderr=subprocess.STDOUT,
            ).returncode
    printed = log.read_text(errors="replace")
    executed = _last("number_of_executed_units", printed)
    crashes = sorted(set(re.findall(r"Test unit written to (\S+)", printed)))
    if status != 0:
        print(printed[-3000:])
    for crash in crashes:
        print(f"FAILED {crash}")
    print(
        f"fuzz: {executed} inputs, {_last('cov', printed)} branches covered,"
        f" {_last('ft', printed)} features, {_last('corp', printed)} inputs kept,"
        f" {len(crashes)} crashes, {seconds} s, log in {log}"
    )
    raise typer.Exit(0 if status == 0 and executed.isdigit() else 1)


def _seeds() -> Iterator[bytes]:
    """Each declaration of the example, and each construct by itself."""
    for source in example_files():
        yield from (item.code() for item in parse(source).items)
    for construct in constructs():
        yield construct.encode()


def _escaped(lexeme: str) -> str:
    return lexeme.replace("\\", "\\\\").replace('"', '\\"')


def _last(name: str, text: str) -> str:
    """The last figure of this name that libFuzzer printed."""
    return (re.findall(rf"\b{name}: *(\d+)", text) or ["no"])[-1]


# ---- growth ----

UNIT = "func add(a: I32, b: I32) -> I32 {\n    let c = a + b\n    return c.abs(1)\n}\n"
LARGE: dict[str, tuple[str, str, str]] = {
    "small functions": ("", UNIT, ""),
    "an error at the end": ("", UNIT, "func ("),
    "one long line": ("func f() { ", "a = b; ", "}"),
    "a chain of calls": ("func f() { a", ".b(1)", " }"),
    "a long sum": ("func f() { a", " + b * c", " }"),
    "a chain of else if": ("func f() { if a() { b() }", " else if c() { d() }", " }"),
    "a list": ("func f() { [a", ", a", "] }"),
    "prefixes": ("func f() { ", "- ", "a }"),
    "line comments": ("", "// a comment as long as they are\n", ""),
    "block comments": ("", "/* a /* b */ c */ ", ""),
    "nested comments": ("", "/* ", ""),
    "preprocessor lines": ("", "#if X\n", ""),
    "blank lines": ("", "    \r\n", ""),
    "interpolation": ("func f() { ", '"a{b}c{f("d{e}")}" ', "}"),
    "one long string": ('func f() { "', "text ", '" }'),
    "one string of braces": ('func f() { "', "{} ", '" }'),
    "one string of escapes": ('func f() { "', "\\n", '" }'),
    "a template left open": ("func f() { `", "{}\n", ""),
    "quotes left open": ("func f() { ", '"a\n', "}"),
    "one long number": ("const A: I32 = ", "1", ""),
    "one long name": ("const ", "a", ": I32 = 1"),
}
"""What is before, what is repeated until the size is reached, and what comes after."""

DEEP: dict[str, tuple[str, str]] = {
    "(": ("(", ")"),
    "[": ("[", "]"),
    "{": ("{ ", " }"),
    "f(": ("f(", ")"),
    "x.a[": ("x.a[", "]"),
    "x.m[T](": ("x.m[T](", ")"),
    "Map[": ("x as Map[", "]"),
    "P { a: ": ("P { a: ", " }"),
    "if": ("if (a) { ", " }"),
    "when": ("when a() { A => ", " }"),
    "do() {": ("do() { ", " }"),
    "do()": ("do() ", ""),
    "a = ": ("a = ", ""),
    "a ? ": ("a ? ", " : b"),
    "return": ("return ", ""),
    "a hole": ('"{f(', ')}"'),
    "a template": ("`{f(", ")}`"),
    "a comment": ("/* ", "*/ "),
    "( left open": ("(", ""),
    "[ left open": ("[", ""),
    "{ left open": ("{ ", ""),
    ") too many": ("", ")"),
}


@app.command()
def growth(
    megabytes: Annotated[float, typer.Option(help="The largest size.")] = 20,
    levels: Annotated[int, typer.Option(help="The deepest nesting.")] = 100_000,
    factor: Annotated[
        float, typer.Option(help="How much longer than in proportion the larger may take.")
    ] = 4,
) -> None:
    """Measure time against size and depth; more than in proportion, by a generous factor, is a failure."""
    failures = 0
    print(f"{'input':24}{'size':>12}{'seconds':>9}{'MB/s':>7}  result")
    sizes = [int(megabytes * 1e6 / divisor) for divisor in (16, 4, 1)]
    for name, (before, unit, after) in LARGE.items():
        made = [(before + unit * (size // len(unit)) + after).encode() for size in sizes]
        failures += _grows(name, made, [f"{len(source) / 1e6:.2f} MB" for source in made], factor)
    depths = [levels // divisor for divisor in (16, 4, 1)]
    for name, (opener, closer) in DEEP.items():
        made = [f"func f() {{ {opener * depth}a{closer * depth} }}".encode() for depth in depths]
        failures += _grows(name, made, [f"{depth} levels" for depth in depths], factor)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"growth: {len(LARGE)} shapes up to {megabytes} MB, {len(DEEP)} up to {levels} levels,"
        f" {failures} that grow more than {factor} times the proportion, at most {peak:.0f} MB of memory"
    )
    raise typer.Exit(1 if failures else 0)


SETTLED = 0.05
"""Seconds below which a measurement says little; it then counts as so many."""


def _grows(name: str, made: list[bytes], labels: list[str], factor: float) -> bool:
    """Whether one shape takes more than time in proportion to its size."""
    grows = False
    rate = None
    for source, label in zip(made, labels, strict=True):
        gc.collect()
        started = time.process_time()
        try:
            parse(source)
            result = "parsed"
        except TmlSyntaxError as error:
            result = f"refused: {error}"
        seconds = time.process_time() - started
        per_byte = max(seconds, SETTLED) / len(source)
        if rate is not None and per_byte > factor * rate:
            grows = True
            result = f"GROWS MORE THAN IN PROPORTION; {result}"
        rate = rate or per_byte
        speed = f"{len(source) / 1e6 / seconds:.1f}" if seconds else ""
        print(f"{name:24}{label:>12}{seconds:9.2f}{speed:>7}  {result[:70]}", flush=True)
    return grows


if __name__ == "__main__":
    app()
