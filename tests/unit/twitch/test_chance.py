"""Chance inside and between bursts: it keeps what it must and is what it says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, truncexpon

from vision.twitch.chance import chance_pauses, chance_within
from vision.twitch.intervals import contrasts

BOUNDS_S = (0.1, 0.6)


def test_intervals_within_keep_their_sum_and_their_bounds() -> None:
    rng = np.random.default_rng(1)
    bursts = [rng.uniform(*BOUNDS_S, n) for n in (3, 5, 1, 4)]
    drawn = chance_within(bursts, [1, 1, 2, 1], BOUNDS_S, None, 50, rng)
    assert [d.shape for d in drawn] == [(50, 3), (50, 5), (50, 1), (50, 4)]
    ones = np.concatenate([drawn[0], drawn[1], drawn[3]], axis=1)
    np.testing.assert_allclose(ones.sum(axis=1), sum(bursts[i].sum() for i in (0, 1, 3)))
    np.testing.assert_allclose(drawn[2], bursts[2][0])
    assert all((d >= BOUNDS_S[0] - 1e-9).all() and (d <= BOUNDS_S[1] + 1e-9).all() for d in drawn)


@pytest.mark.parametrize("mean_s", [0.2, 0.35])
def test_intervals_within_are_truncated_exponentials(mean_s: float) -> None:
    """Of many intervals with a given sum each follows the exponential of that mean between the bounds."""
    rng = np.random.default_rng(2)
    start = np.full(200, mean_s)
    drawn = chance_within([start], [1], BOUNDS_S, None, 60, rng)[0][:, 0]
    width = BOUNDS_S[1] - BOUNDS_S[0]
    scales = np.geomspace(0.005, 50.0, 4000)
    means = BOUNDS_S[0] + truncexpon.mean(width / scales, scale=scales)
    scale = float(scales[np.argmin(np.abs(means - mean_s))])
    many = np.concatenate([chance_within([start], [1], BOUNDS_S, None, 60, rng)[0][:, 0] for _ in range(5)])
    assert kstest(np.concatenate([drawn, many]), truncexpon(width / scale, BOUNDS_S[0], scale).cdf).pvalue > 1e-3


def test_sixty_sweeps_forget_the_start() -> None:
    rng = np.random.default_rng(3)
    even, uneven = np.full(20, 0.3), np.repeat([0.12, 0.48], 10)
    lvs = [3 * np.mean(contrasts(chance_within([x], [1], BOUNDS_S, None, 2000, rng)) ** 2) for x in (even, uneven)]
    assert lvs[0] == pytest.approx(lvs[1], rel=0.03)


def test_pauses_keep_the_bursts_and_the_sum() -> None:
    rng = np.random.default_rng(4)
    steps, lengths = np.array([3.0, 2.5, 6.0]), np.array([0.8, 0.6, 1.0, 0.4])
    (drawn,) = chance_pauses([steps], [lengths], 0.7, 500, rng)
    np.testing.assert_allclose(drawn.sum(axis=1), steps.sum())
    assert (drawn - lengths[:3] >= 0.7 - 1e-9).all()
    assert np.std(drawn) > 0.5
    (none,) = chance_pauses([np.empty(0)], [np.array([0.5])], 0.7, 500, rng)
    assert none.shape == (500, 0)
