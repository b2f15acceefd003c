from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.simulate.wander import draw_wander


@given(seed=st.integers(0, 2**31), rms=st.floats(0, 5))
def test_a_wander_has_its_root_mean_square_on_each_axis(seed: int, rms: float) -> None:
    wander = draw_wander(np.random.default_rng(seed), rms, (1.0, 10.0))
    assert np.sqrt((wander.amplitude**2 / 2).sum(axis=0)) == pytest.approx([rms, rms])
    assert np.all((wander.hz >= 1.0) & (wander.hz <= 10.0))


def test_over_a_long_time_it_wanders_as_far_as_it_says() -> None:
    wander = draw_wander(np.random.default_rng(5), 2.0, (1.0, 10.0))
    values = np.array([wander.at(t) for t in np.arange(0, 200, 0.037)])
    assert np.sqrt((values**2).mean(axis=0)) == pytest.approx([2.0, 2.0], rel=0.1)


def test_two_wanders_of_one_seed_are_the_same() -> None:
    first, second = (draw_wander(np.random.default_rng(3), 1.0, (0.1, 1.0)).at(2.5) for _ in range(2))
    assert np.array_equal(first, second)
