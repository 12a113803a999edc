"""What a reviewer judges: which finding changes which lines, and which findings belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

from codemods.files.diffs import hunk_heading, split_lines
from codemods.model.findings import Edit, Finding, FindingKey, PhaseResult, Verdict
from tml_ast.source_edit import SourceEdit, apply

CONTEXT = 3
"""Unchanged lines that are shown before and after a change."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that are replaced by others, both counted from 0, and the findings that replace them."""

    start: int
    end: int
    new_start: int
    new_end: int
    keys: frozenset[FindingKey]


@dataclass(frozen=True, slots=True)
class Hunk:
    """Changes that are close together, with the unchanged lines around them."""

    phase: int
    path: str
    before: Sequence[str]
    """All lines of the file, each with its end."""
    after: Sequence[str]
    blocks: tuple[Block, ...]
    is_offered: bool = False
    """Whether these changes are made only on request."""

    @property
    def keys(self) -> frozenset[FindingKey]:
        """The findings whose edits lie here."""
        return frozenset().union(*(block.keys for block in self.blocks))

    @property
    def start(self) -> int:
        """The first line shown of the file as it is, counted from 0."""
        return max(0, self.blocks[0].start - CONTEXT)

    @property
    def end(self) -> int:
        """The line after the last one shown."""
        return min(len(self.before), self.blocks[-1].end + CONTEXT)

    @property
    def new_start(self) -> int:
        """The first line shown of the file as it becomes."""
        return self.blocks[0].new_start - (self.blocks[0].start - self.start)

    @property
    def heading(self) -> str:
        """The hunk's place, as in a unified diff."""
        new_end = self.blocks[-1].new_end + self.end - self.blocks[-1].end
        return hunk_heading(self.start, self.end, self.new_start, new_end)

    def pieces(self) -> Iterator[tuple[Sequence[str], Sequence[str], Block | None]]:
        """The lines before and after, piece by piece: unchanged ones have no block."""
        shown = self.start
        for block in self.blocks:
            yield self.before[shown : block.start], self.before[shown : block.start], None
            yield self.before[block.start : block.end], self.after[block.new_start : block.new_end], block
            shown = block.end
        yield self.before[shown : self.end], self.before[shown : self.end], None


@dataclass(frozen=True, slots=True)
class FileReview:
    """The findings and changes to judge in one file."""

    phase: int
    path: str
    content: bytes
    findings: tuple[Finding, ...]
    """By place, each with a key of its own."""
    hunks: tuple[Hunk, ...]
    """By place; offered changes are among those that are made."""


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that there is to judge."""

    files: tuple[FileReview, ...]
    requires: Mapping[FindingKey, frozenset[FindingKey]] = field(default_factory=dict)
    """The fixes that others cannot be made without."""

    def phases(self, phases: Iterable[PhaseResult]) -> tuple[PhaseResult, ...]:
        """The ``phases`` with the findings to judge; findings with the same key are merged."""
        findings: dict[int, list[Finding]] = {}
        for file in self.files:
            findings.setdefault(file.phase, []).extend(file.findings)
        return tuple(replace(phase, findings=tuple(findings.get(phase.phase, ()))) for phase in phases)


def make_review(
    phases: Iterable[PhaseResult],
    contents: Mapping[str, bytes],
    *,
    requires: Mapping[FindingKey, frozenset[FindingKey]],
) -> Review:
    """The review of all findings of the ``phases``, in files whose ``contents`` are those before."""
    files = tuple(review for phase in phases for review in _file_reviews(phase, contents))
    shown = {finding.key for file in files for finding in file.findings}
    return Review(files, {key: needed for key, needed in requires.items() if needed and key in shown})


def hunks_of(findings: Sequence[Finding], content: bytes) -> tuple[Hunk, ...]:
    """The hunks that the edits of findings in one file make when they alone are made."""
    blocks, after = change_blocks(content, findings)
    return _hunks(findings[0].phase, findings[0].path, content, after, blocks)


def change_blocks(
    before: bytes, findings: Sequence[Finding], after: bytes | None = None
) -> tuple[list[Block], bytes]:
    """The blocks of lines that the findings' edits change in ``before``, and the content that results.

    ``after`` is that content if it is known: edits do not say how insertions at one point are ordered.
    """
    owners: dict[Edit, set[FindingKey]] = {}
    for finding in findings:
        for edit in finding.edits:
            owners.setdefault(edit, set()).add(finding.key)
    edits = sorted(owners, key=lambda edit: (edit.start, edit.end))
    made = apply(before, [SourceEdit(edit.start, edit.end, _encoded(edit)) for edit in edits])
    after = made if after is None else after
    if len(made) != len(after):  # two findings make the same edit independently
        return list(_compared(before, after, findings)), after
    return list(_refined(before, after, _groups(before, edits, owners))), after


def _file_reviews(phase: PhaseResult, contents: Mapping[str, bytes]) -> Iterator[FileReview]:
    for path in sorted({finding.path for finding in phase.findings}):
        content = contents[path]
        findings = _merged(finding for finding in phase.findings if finding.path == path)
        fixed = [finding for finding in findings if finding.verdict is Verdict.FIXABLE]
        hunks: list[Hunk] = []
        if path in phase.changes:
            after = phase.changes[path].after
            blocks, _ = change_blocks(content, fixed, after)
            hunks += _hunks(phase.phase, path, content, after, blocks)
        for finding in findings:
            if finding.verdict is Verdict.REVIEW:
                hunks += (replace(hunk, is_offered=True) for hunk in hunks_of([finding], content))
        hunks.sort(key=lambda hunk: (hunk.blocks[0].start, hunk.is_offered))
        yield FileReview(phase.phase, path, content, findings, tuple(hunks))


def _merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings; those with the same key are merged into one."""
    groups: dict[FindingKey, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.key, []).append(finding)
    return tuple(_taken_together(groups[key]) for key in sorted(groups))


def _taken_together(findings: Sequence[Finding]) -> Finding:
    """One finding with the messages and edits of all."""
    if len(findings) == 1:
        return findings[0]
    messages = dict.fromkeys(finding.message for finding in findings)
    distinct = [
        message
        for message in messages
        if not any(message != other and message in other for other in messages)
    ]
    edits = sorted({edit for finding in findings for edit in finding.edits})
    return replace(findings[0], message="; ".join(distinct), edits=tuple(edits))


# Lines


@dataclass(slots=True)
class _Group:
    """Edits that change the same lines, with these lines before and after, counted from 0."""

    start: int
    end: int
    new_start: int
    new_end: int
    keys: set[FindingKey]


def _groups(before: bytes, edits: Sequence[Edit], owners: Mapping[Edit, set[FindingKey]]) -> list[_Group]:
    starts = _line_starts(before)
    groups: list[_Group] = []
    grown = 0
    for edit in edits:
        start, end = _lines_of(edit, before, starts)
        growth = edit.text.count("\n") - before.count(b"\n", edit.start, edit.end)
        last = groups[-1] if groups else None
        if last is not None and (start < last.end or start == end == last.start == last.end):
            if start < end and not edit.text:
                end += 1  # what is left of the line may be joined with the next one
            last.new_end += growth + max(0, end - last.end)
            last.end = max(last.end, end)
            last.keys |= owners[edit]
        else:
            new_start = start + grown
            groups.append(_Group(start, end, new_start, new_start + end - start + growth, set(owners[edit])))
        grown += growth
    return groups


def _lines_of(edit: Edit, before: bytes, starts: Sequence[int]) -> tuple[int, int]:
    """The lines that an edit changes; none where it inserts whole lines between two.

    What follows the last line end counts as a line, even if it is empty.
    """
    first = before.count(b"\n", 0, edit.start)
    last = before.count(b"\n", 0, edit.end)
    whole = edit.start == starts[first] and edit.end == starts[last]
    if whole and (edit.text.endswith("\n") or not edit.text):
        return first, last
    return first, last + 1


def _line_starts(content: bytes) -> list[int]:
    """Where each line starts, and where a line after the last line end would start."""
    return [0, *accumulate(len(line) + 1 for line in content.split(b"\n"))]


def _refined(before: bytes, after: bytes, groups: Sequence[_Group]) -> Iterator[Block]:
    """Blocks without the lines at their edges and inside that stay the same."""
    old, new = split_lines(before), split_lines(after)
    for group in groups:
        # A last line without a line end is a line all the same.
        is_last = group is groups[-1] and group.end >= len(old)
        new_end = len(new) if is_last else group.new_end
        lines, new_lines = old[group.start : group.end], new[group.new_start : new_end]
        matcher = SequenceMatcher(None, lines, new_lines, autojunk=False)
        for kind, start, end, new_start, new_end in matcher.get_opcodes():
            if kind != "equal":
                yield Block(
                    group.start + start,
                    group.start + end,
                    group.new_start + new_start,
                    group.new_start + new_end,
                    frozenset(group.keys),
                )


def _compared(before: bytes, after: bytes, findings: Sequence[Finding]) -> Iterator[Block]:
    """Blocks found by comparing the contents; each belongs to the findings with an edit in or near it."""
    old, new = split_lines(before), split_lines(after)
    starts = _line_starts(before)
    touched = [
        (finding.key, _lines_of(edit, before, starts)) for finding in findings for edit in finding.edits
    ]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        near = {key for key, (first, last) in touched if first <= end + CONTEXT and start - CONTEXT <= last}
        keys = near or {finding.key for finding in findings}
        yield Block(start, end, new_start, new_end, frozenset(keys))


def _hunks(phase: int, path: str, before: bytes, after: bytes, blocks: Sequence[Block]) -> tuple[Hunk, ...]:
    """The hunks of the blocks: blocks whose context lines meet are in one."""
    old, new = split_lines(before), split_lines(after)
    together: list[list[Block]] = [[block] for block in blocks[:1]]
    for block, following in pairwise(blocks):
        if following.start - block.end > 2 * CONTEXT:
            together.append([])
        together[-1].append(following)
    return tuple(Hunk(phase, path, old, new, tuple(group)) for group in together)


def _encoded(edit: Edit) -> bytes:
    return edit.text.encode("utf-8", "surrogateescape")
