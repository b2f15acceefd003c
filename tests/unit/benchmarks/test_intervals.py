from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.intervals import f1_interval, f1_of, poisson_upper, wilson_interval

COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=12)


@given(COUNTS)
def test_an_interval_holds_what_it_is_of_and_stays_between_0_and_1(counts: list[tuple[int, int, int]]) -> None:
    low, high = f1_interval(counts)
    assert 0 <= low <= high <= 1
    assert 0 <= f1_of(counts) <= 1
    if len(counts) == 1:
        assert low == high == pytest.approx(f1_of(counts))


@given(st.integers(0, 200), st.floats(0.5, 500))
def test_the_upper_bound_is_where_so_few_events_become_one_in_twenty(events: int, minutes: float) -> None:
    bound = poisson_upper(events, minutes)
    assert stats.poisson.cdf(events, bound * minutes) == pytest.approx(0.05, rel=1e-6)


def test_half_an_hour_without_an_event_bounds_a_tenth_a_minute() -> None:
    assert poisson_upper(0, 30) == pytest.approx(0.0999, abs=1e-4)


@given(st.integers(1, 300), st.data())
def test_wilson_holds_its_share(count: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, count))
    low, high = wilson_interval(hits, count)
    assert 0 <= low <= hits / count <= high <= 1


def test_wilson_by_hand() -> None:
    z, n, p = 1.959964, 200, 0.9
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    expected = [(middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1)]
    assert wilson_interval(180, 200) == pytest.approx(expected, abs=1e-6)
