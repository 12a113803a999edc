"""Progress as one number that only grows, whatever is reported."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codemods.model.progress import Way

REPORTS = st.lists(
    st.tuples(
        st.sampled_from(["reading", "phase 1, round 1", "analysing"]), st.integers(0, 50), st.integers(0, 40)
    )
)


@given(REPORTS)
def test_it_never_runs_backwards_and_never_says_that_all_is_done(reports: list[tuple[str, int, int]]) -> None:
    way = Way()
    shares = [way.report(*report) for report in reports]

    assert shares == sorted(shares)
    assert all(0 <= share < 1 for share in shares)


def test_it_moves_with_the_work() -> None:
    way = Way()

    assert [way.report("one", done, 4) for done in (0, 2, 4)] == [0, 0.25, 0.5]
    assert [way.report("two", done, 2) for done in (0, 1, 2)] == [0.5, 0.625, 0.75]


def test_more_work_that_turns_up_is_waited_for() -> None:
    way = Way()
    shares = [way.report("analysing", done, total) for done, total in ((1, 2), (2, 8), (3, 8), (8, 8))]

    assert shares == [0.25, 0.25, 0.25, 0.5]
