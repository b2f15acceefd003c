"""What one twitch explains, and what two do."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from vision.twitch.overlap import Overlap


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 6))
def test_the_best_pair_is_the_one_that_least_squares_finds_by_trying_all(seed, count) -> None:
    rng = np.random.default_rng(seed)
    design, target = rng.normal(size=(12, count)), rng.normal(size=12)
    score, allowed = design.T @ target, rng.random((count, count)) < 0.7
    one, two = Overlap(design.T @ design).best(score, allowed)
    explained = {}
    for pair in permutations(range(count), 2):
        heights, left = nnls(design[:, pair], target)
        if allowed[pair] and (heights > 0).all():
            explained[pair] = target @ target - left**2
    assert one == pytest.approx(max(target @ target - nnls(design[:, [i]], target)[1] ** 2 for i in range(count)))
    assert (two is None) == (not explained)
    if two is not None:
        assert two[0] == pytest.approx(max(explained.values()))
        assert two[0] == pytest.approx(explained[two[1:]])


def test_the_strongest_place_is_told_by_height_over_error_not_by_height() -> None:
    large_and_dim, small_and_bright = np.array([3.0, 0.0]), np.array([0.0, 1.0])
    design = np.stack([large_and_dim, small_and_bright], 1)
    assert Overlap(design.T @ design).strongest(design.T @ np.array([1.0, 2.0])) == 1


def test_two_places_that_cannot_be_told_apart_are_no_pair() -> None:
    course = np.array([1.0, 2.0, 1.0])
    design = np.stack([course, course * (1 + 1e-9)], 1)
    _, two = Overlap(design.T @ design).best(design.T @ course, np.ones((2, 2), bool))
    assert two is None
