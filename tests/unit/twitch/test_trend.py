"""Change over the clip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.twitch.trend import rate_trend

WHOLE = ((0.0, 30.0),)


def thinned(rng: np.random.Generator, ratio: float, count: int) -> np.ndarray:
    """Onsets whose density grows by a ratio over 30 s, drawn by rejection: not as the code under test inverts it."""
    drawn: list[float] = []
    while len(drawn) < count:
        t, height = rng.uniform(0, 30), rng.uniform(0, max(1.0, ratio))
        if height < ratio ** (t / 30):
            drawn.append(float(t))
    return np.array(drawn)


@given(st.lists(st.integers(0, 299), min_size=8, max_size=60))
def test_a_clip_run_backward_has_the_inverse_trend(tenths: list[int]) -> None:
    onset_s = np.array(tenths) / 10 + 0.05
    here, back = rate_trend(onset_s, WHOLE, 8, "event"), rate_trend(30.0 - onset_s, WHOLE, 8, "event")
    assert here is not None
    assert back is not None
    assert back.ratio == pytest.approx(1 / here.ratio, rel=1e-3)
    assert back.ratio_ci95[0] == pytest.approx(1 / here.ratio_ci95[1], rel=1e-3)
    assert here.ratio_ci95[0] <= here.ratio <= here.ratio_ci95[1]
    assert 0 <= here.p <= 1


@pytest.mark.parametrize("ratio", [0.25, 1.0, 4.0])
def test_the_interval_holds_the_truth(ratio: float) -> None:
    rng = np.random.default_rng(3)
    found = [rate_trend(thinned(rng, ratio, 25), WHOLE, 8, "event") for _ in range(200)]
    inside = sum(x is not None and x.ratio_ci95[0] <= ratio <= x.ratio_ci95[1] for x in found)
    assert inside >= 180
    assert np.median([x.ratio for x in found if x is not None]) == pytest.approx(ratio, rel=0.25)


def test_a_gap_is_not_a_lull() -> None:
    onset_s = np.concatenate([np.arange(0.25, 5, 0.5), np.arange(20.25, 25, 0.5)])
    found = rate_trend(onset_s, ((0.0, 5.0), (20.0, 25.0)), 8, "event")
    assert found is not None
    assert found.ratio == pytest.approx(1.0, abs=0.05)
    assert found.p > 0.9


def test_too_few_or_unwatched_is_none_and_one_end_is_bounded() -> None:
    assert rate_trend(np.arange(7.0), WHOLE, 8, "event") is None
    assert rate_trend(np.arange(9.0), (), 8, "event") is None
    found = rate_trend(np.full(9, 30.0), WHOLE, 8, "burst")
    assert found is not None
    assert found.ratio == pytest.approx(1000.0)
    assert found.ratio_ci95[1] == pytest.approx(1000.0)
    assert found.unit == "burst"
