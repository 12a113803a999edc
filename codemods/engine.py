"""Files in, findings and changed files out: parse, analyse, fix, check, to a fixpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from codemods.findings import AnalysisResult

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def analyse(
    files: Mapping[str, bytes],
    phases: Sequence[int],
    *,
    stacked: bool = False,
    only: Callable[[str], bool] | None = None,
    progress: Progress | None = None,
) -> AnalysisResult:
    """Find and fix what the ``phases`` cover in the tree ``files`` (posix path to content).

    Each phase starts from ``files`` alone, or from the result of the phase before it when
    ``stacked``. ``only`` limits which files may get findings; all of them inform the analysis.
    A file that does not parse becomes an error of the result, never an exception.
    """
    raise NotImplementedError
