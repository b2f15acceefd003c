"""Intervals of a count against scipy and by exact coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from vision.twitch.rates import mid_p_interval, poisson_interval


@given(st.integers(0, 500))
def test_mid_p_lies_within_the_exact_interval(count: int) -> None:
    exact, mid = poisson_interval(count), mid_p_interval(count)
    assert exact[0] <= mid[0] <= max(count, mid[0]) <= mid[1] <= exact[1]


@pytest.mark.parametrize("count", [1, 4, 30])
def test_mid_p_halves_the_probability_of_the_count(count: int) -> None:
    low, high = mid_p_interval(count)
    assert poisson.cdf(count - 1, high) + poisson.pmf(count, high) / 2 == pytest.approx(0.025, abs=1e-6)
    assert poisson.sf(count, low) + poisson.pmf(count, low) / 2 == pytest.approx(0.025, abs=1e-6)


def test_mid_p_covers_95_percent_on_average() -> None:
    ends = np.array([mid_p_interval(k) for k in range(120)])
    means = np.arange(5.0, 50.0, 0.25)
    inside = (ends[:, 0] <= means[:, None]) & (means[:, None] <= ends[:, 1])
    cover = (inside * poisson.pmf(np.arange(120), means[:, None])).sum(axis=1)
    assert cover.mean() == pytest.approx(0.95, abs=0.005)
    assert cover.min() > 0.925
