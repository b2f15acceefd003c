"""Chance inside and between bursts: it keeps what it must and is what it says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, truncexpon

from vision.twitch.chance import chance_pauses, chance_within
from vision.twitch.intervals import contrasts

BOUNDS_S = (0.1, 0.6)


def test_intervals_within_keep_their_sum_their_longest_and_their_bounds() -> None:
    rng = np.random.default_rng(1)
    bursts = [rng.uniform(*BOUNDS_S, n) for n in (3, 5, 1, 4)]
    drawn = chance_within(bursts, [1, 1, 2, 1], BOUNDS_S[0], None, 50, rng)
    assert [d.shape for d in drawn] == [(50, 3), (50, 5), (50, 1), (50, 4)]
    ones = np.concatenate([drawn[0], drawn[1], drawn[3]], axis=1)
    own = np.concatenate([bursts[i] for i in (0, 1, 3)])
    np.testing.assert_allclose(ones.sum(axis=1), own.sum())
    np.testing.assert_allclose(ones.max(axis=1), own.max())
    np.testing.assert_allclose(drawn[2], bursts[2][0])
    assert all((d >= BOUNDS_S[0] - 1e-9).all() for d in drawn)


def truncated(rng: np.random.Generator, scale_s: float, count: int) -> np.ndarray:
    width = BOUNDS_S[1] - BOUNDS_S[0]
    return np.asarray(truncexpon(width / scale_s, BOUNDS_S[0], scale_s).rvs(count, random_state=rng))


@pytest.mark.parametrize("scale_s", [0.1, 5.0])
def test_intervals_within_rank_evenly_whatever_bound_cut_them(scale_s: float) -> None:
    """The law of an exact test: the rank of a train among its own surrogates is even."""
    rng = np.random.default_rng(2)
    ranks = []
    for _ in range(400):
        own = truncated(rng, scale_s, 12)
        (drawn,) = chance_within([own], [1], BOUNDS_S[0], None, 99, rng)
        lv = np.mean(contrasts([np.concatenate([own[None], drawn])]) ** 2, axis=-1)
        ranks.append((np.sum(lv[1:] < lv[0]) + rng.uniform()) / 100)
    assert kstest(ranks, "uniform").pvalue > 1e-3


def test_pauses_rank_evenly_whatever_the_shortest_that_can_be() -> None:
    rng = np.random.default_rng(5)
    ranks = []
    for _ in range(400):
        own, lengths = 1.7 + rng.exponential(2.0, 10), np.zeros(11)
        (drawn,) = chance_pauses([own], [lengths], 99, rng)
        lv = np.mean(contrasts([np.concatenate([own[None], drawn])]) ** 2, axis=-1)
        ranks.append((np.sum(lv[1:] < lv[0]) + rng.uniform()) / 100)
    assert kstest(ranks, "uniform").pvalue > 1e-3


def test_sixty_sweeps_forget_the_start() -> None:
    rng = np.random.default_rng(3)
    even, uneven = np.append(np.full(20, 0.3), 0.5), np.append(np.repeat([0.12, 0.48], 10), 0.5)
    lvs = [3 * np.mean(contrasts(chance_within([x], [1], BOUNDS_S[0], None, 2000, rng)) ** 2) for x in (even, uneven)]
    assert lvs[0] == pytest.approx(lvs[1], rel=0.03)


def test_pauses_keep_the_bursts_and_the_sum() -> None:
    rng = np.random.default_rng(4)
    steps, lengths = np.array([3.0, 2.5, 6.0]), np.array([0.8, 0.6, 1.0, 0.4])
    (drawn,) = chance_pauses([steps], [lengths], 500, rng)
    np.testing.assert_allclose(drawn.sum(axis=1), steps.sum())
    np.testing.assert_allclose((drawn - lengths[:3]).min(axis=1), (steps - lengths[:3]).min())
    assert np.std(drawn) > 0.5
    (none,) = chance_pauses([np.empty(0)], [np.array([0.5])], 500, rng)
    assert none.shape == (500, 0)
