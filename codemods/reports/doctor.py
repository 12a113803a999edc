"""What ``tmlfix doctor`` found, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from codemods.model.compiler_profile import CompilerProfile
from codemods.reports.console import count, make_console, make_table, print_table, visible
from codemods.reports.documents import error_document, print_json, profile_document
from codemods.verification.doctor import Diagnosis, Observation, State
from codemods.verification.test_runs import RANKS, Status

JSON_VERSION = 1
STYLES = {State.HOLDS: "green", State.MENDED: "yellow", State.CHANGED: "red"}


def print_text(diagnosis: Diagnosis) -> None:
    """Print a line for each defect, and whether the profile in force is right."""
    console = make_console()
    programs = count(len(diagnosis.observations), "program")
    console.print(f"{programs}, run beside the library of commit {diagnosis.commit[:12]}")
    table = make_table("defect", "now", "was measured", "is", right=())
    for entry in diagnosis.observations:
        seen = Text(str(entry.state), STYLES[entry.state])
        table.add_row(Text(entry.defect.name), seen, _expected(entry), _seen(entry))
    print_table(table, console)
    for name, reason in diagnosis.unjudged.items():
        console.print(f"not judged: {name}, as {reason}")
    counts = Counter(entry.state for entry in diagnosis.observations)
    console.print(", ".join(f"{counts[state]} {_plural(state, counts[state])}" for state in State))
    for line in _verdict(diagnosis):
        console.print(Text(visible(line), "green" if diagnosis.agrees else "bold red"))
    if diagnosis.written is not None:
        console.print(f"written to {visible(str(diagnosis.written))}")


def _plural(state: State, number: int) -> str:
    return "hold" if state is State.HOLDS and number != 1 else str(state)


def _expected(entry: Observation) -> str:
    leaks = entry.defect.leaks
    return entry.defect.effect if leaks is None else count(leaks, "leak")


def _seen(entry: Observation) -> str:
    run = entry.measured
    if run.status not in RANKS:
        return str(run.status)
    if run.status is Status.FAILED:
        return "test fails"
    return "leaks unknown" if run.leaks is None else count(run.leaks.leaks, "leak")


def _verdict(diagnosis: Diagnosis) -> Iterator[str]:
    trusted = diagnosis.trusted
    if diagnosis.agrees:
        yield f"tmlfix trusts {trusted}, and this one behaves the same"
        return
    yield f"tmlfix trusts {trusted}, and this one is another:"
    for name, before, now in _differences(diagnosis):
        yield f"- {name}: {before} there, {now} here"
    if diagnosis.written is None:
        yield "tmlfix doctor --write lets tmlfix know"


def _differences(diagnosis: Diagnosis) -> Iterator[tuple[str, State, State]]:
    for entry in diagnosis.observations:
        before = _in_profile(diagnosis.trusted, entry.defect.name)
        if before is not entry.state:
            yield entry.defect.name, before, entry.state


def _in_profile(profile: CompilerProfile, name: str) -> State:
    if name in profile.mended:
        return State.MENDED
    return State.CHANGED if name in profile.changed else State.HOLDS


def print_document(diagnosis: Diagnosis) -> None:
    """Print the same as JSON, for programs."""
    print_json(
        {
            "version": JSON_VERSION,
            "commit": diagnosis.commit,
            "agrees": diagnosis.agrees,
            "trusted": profile_document(diagnosis.trusted),
            "seen": profile_document(diagnosis.seen),
            "defects": [_defect_document(entry) for entry in diagnosis.observations],
            "written": str(diagnosis.written) if diagnosis.written is not None else None,
            "unjudged": dict(diagnosis.unjudged),
            "errors": [error_document(error) for error in diagnosis.errors],
        }
    )


def _defect_document(entry: Observation) -> dict[str, Any]:
    leaks = entry.measured.leaks
    return {
        "name": entry.defect.name,
        "state": entry.state.value,
        "expected_leaks": entry.defect.leaks,
        "status": entry.measured.status.value,
        "leaks": leaks.leaks if leaks is not None else None,
    }
