"""Stands in for ``tml test``: counts what the test functions of a file bind and never release.

stand_in_tml.py test [--quiet] PATH

PATH is a test file, or a folder of them. What is printed has the shape of the real compiler's output. A
value counts as made where a name is bound to one of the example's types that have a destroy(), and as
leaked if the function never calls NAME.destroy(). A comment ``// stand-in: BEHAVIOUR`` in a file makes it

    crash              die of a signal
    hang               start a second program and wait for ever; both write their ids to $STAND_IN_PIPE
    chatter            print without end
    does-not-compile   not compile
    fail               fail, with all of its tests but one passed
    exit               end with status 1 and print nothing
    leak               leak one allocation of 7 bytes more
    no-report          print its result, and nothing about leaks
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

OWNERS = "Response|Request|RouteMatch"
BOUND = re.compile(rf"\b(?:let|var) (\w+): (?:{OWNERS})\b|\b(?:Ok|Just)\((\w+)\)(?= =>)")
RULE = "=" * 80


def functions(source: str) -> list[str]:
    """The text of every test function."""
    return re.split(r"(?m)^@test$", source)[1:]


def leaks(source: str) -> list[int]:
    """The sizes of what is never released."""
    found = []
    for function in functions(source):
        for match in BOUND.finditer(function):
            name = match[1] or match[2]
            if name != "_" and f"{name}.destroy()" not in function:
                found.append(8 + len(name))
    return found + [7] * source.count("// stand-in: leak\n")


def say(module: str, text: str) -> None:
    """A line of the log, in colour."""
    print(f"07:58:45.633 \x1b[32mINFO \x1b[0m [{module}] {text}")


def hang() -> None:
    """Wait for ever, and have another program do the same."""
    other = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    if "STAND_IN_PIPE" in os.environ:
        Path(os.environ["STAND_IN_PIPE"]).write_text(f"{os.getpid()} {other.pid}\n")
    signal.pause()


def behave(source: str) -> None:
    """End the way that a comment says."""
    if "// stand-in: hang\n" in source:
        hang()
    while "// stand-in: chatter\n" in source:
        print("chatter " * 1000)
    if "// stand-in: crash\n" in source:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "// stand-in: does-not-compile\n" in source:
        say("test", "COMPILATION FAILED")
        sys.exit(1)
    if "// stand-in: exit\n" in source:
        sys.exit(1)


def report(found: dict[str, list[int]]) -> None:
    """What the runtime prints of the leaks, then the runner."""
    everything = [size for sizes in found.values() for size in sizes]
    if not everything:
        say("test", "Memory Leaks none detected")
        return
    print(f"\n{RULE}\n{'TML MEMORY LEAK REPORT':>47}\n{RULE}\n")
    print(f"Detected {len(everything)} unfreed allocation(s) totaling {sum(everything)} bytes:\n")
    print("  Leaks by test:")
    for path, sizes in found.items():
        if sizes:
            name = Path(path).name.removesuffix(".tml")
            print(f"    {name:32} {len(sizes)} leak(s), {sum(sizes)} bytes  [{Path.cwd() / path}]")
    print(f"\n{RULE}\nSummary: {len(everything)} leak(s), {sum(everything)} bytes lost\n{RULE}")
    say("test", f"Memory Leaks ({len(everything)} leaks, {sum(everything)} bytes)")


def main() -> None:
    """Run the tests of a file or folder."""
    assert sys.argv[1] == "test"
    arguments = sys.argv[2:]
    quiet = "--quiet" in arguments
    (path,) = (Path(argument) for argument in arguments if not argument.startswith("--"))
    files = sorted(path.rglob("*.test.tml")) if path.is_dir() else [path]
    sources = {str(file): file.read_text() for file in files}
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    say("test", f"running {len(files)} test file")
    for source in sources.values():
        behave(source)
    tests = sum(len(functions(source)) for source in sources.values())
    failed = sum("// stand-in: fail\n" in source for source in sources.values())
    if quiet:
        sys.exit(1 if failed else 0)
    state = "FAILED" if failed else "ok"
    say(
        "test", f"test result: {state}. {tests - failed} passed; {failed} failed; {len(files)} file; finished"
    )
    if not any("// stand-in: no-report\n" in source for source in sources.values()):
        report({file: leaks(source) for file, source in sources.items()})
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
