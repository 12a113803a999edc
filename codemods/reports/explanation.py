"""An explanation of a line as text: the line with marks, then what is known of each value."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from codemods.compiler_defects import cause_of, defect_of
from codemods.model.findings import Finding, Verdict
from codemods.model.home import defect_page
from codemods.reports.console import make_console, visible
from codemods.reports.text import VERDICT_STYLES, diff_style
from codemods.review.explained_values import ExplainedValue
from codemods.review.explanations import ExplainedFinding, Explanation
from codemods.review.value_facts import Ownership

_STYLES = {Ownership.LEAKS: "red", Ownership.UNCLEAR: "yellow"}
_VERDICTS = {
    Verdict.FIXABLE: "tmlfix fixes this",
    Verdict.REVIEW: "tmlfix offers a fix, for review",
    Verdict.REPORTED: "tmlfix has no fix for this",
}


def print_explanation(explanation: Explanation) -> None:
    """Print an explanation."""
    console = make_console()
    for line in explanation_lines(explanation):
        console.print(line)


def explanation_lines(explanation: Explanation) -> list[Text]:
    """The lines of an explanation."""
    place = f"{visible(explanation.path)}:{explanation.line}"
    where = f", in {visible(explanation.function)}" if explanation.function else ""
    number = str(explanation.line)
    lines = [
        Text.assemble((place, "bold"), where),
        Text.assemble((f"{number} | ", "blue"), visible(explanation.source)),
    ]
    marks = _marks(explanation)
    if marks:
        lines.append(Text.assemble((f"{' ' * len(number)} | ", "blue"), (marks, "green")))
    for value in explanation.values:
        lines += [Text(), *_value_lines(value)]
    for finding in explanation.findings:
        lines += [Text(), *_finding_lines(finding, explanation.path)]
    if explanation.notes:
        lines.append(Text())
    lines += [Text(f"note: {visible(note)}", "dim") for note in explanation.notes]
    return lines


def _marks(explanation: Explanation) -> str:
    """A line of carets under the code of the values; a tab stays a tab."""
    encoded = explanation.source.encode("utf-8", "surrogateescape")
    marked = {
        offset - explanation.line_start
        for value in explanation.values
        for offset in range(value.offset, value.offset + value.length)
    }
    marks, offset = "", 0
    for character in encoded.decode("utf-8", "surrogateescape"):
        mark = "^" if offset in marked else " "
        marks += "\t" if character == "\t" else mark * cell_len(visible(character))
        offset += len(character.encode("utf-8", "surrogateescape"))
    return marks.rstrip()


def _value_lines(value: ExplainedValue) -> list[Text]:
    style = _STYLES.get(value.ownership, "green") if not value.rules else "yellow"
    title = Text.assemble(
        (f"`{visible(value.name)}`", "bold"), f" ({visible(value.type)}): ", (value.headline, style)
    )
    return [title, *(Text(f"  - {visible(statement.text)}") for statement in value.statements)]


def _finding_lines(explained: ExplainedFinding, path: str) -> list[Text]:
    finding = explained.finding
    if explained.suppressed:
        verdict = Text("a comment suppresses this", "yellow")
    else:
        verdict = Text(_VERDICTS[finding.verdict], VERDICT_STYLES[finding.verdict])
    place = f"line {finding.line}" if finding.path == path else f"{visible(finding.path)}:{finding.line}"
    lines = [
        Text.assemble((finding.rule, "bold"), f" on {place}: ", verdict),
        Text(f"  - {visible(finding.message)}"),
        Text(f"  - {_origin(finding)}"),
    ]
    if explained.reason:
        lines.append(Text(f"  - why: {visible(explained.reason)}"))
    lines += [
        Text(f"    {visible(line.removesuffix(chr(10)).removesuffix(chr(13)))}", diff_style(line))
        for line in explained.diff
    ]
    return lines


def _origin(finding: Finding) -> str:
    """What a finding comes from, and on which paths it leaks."""
    defect = defect_of(finding.rule)
    page = f" ({defect_page(defect.name)})" if defect is not None else ""
    return f"cause: {cause_of(finding.rule)}{page}, paths: {finding.paths}"
