"""What places move without twitching: noise beside bursts, unrest, and the filter's own swing back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import FRAMES_S
from vision.twitch.noise import excursion_scale, noise_and_calm, noise_at_rest, recoils, still_share, unrest

FRAMES = 720


def normal(seed: int, places: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((FRAMES, places, 2))


def at_rest(vector: np.ndarray, frame_interval_s: float) -> np.ndarray:
    return noise_at_rest(*noise_and_calm(vector, frame_interval_s))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16), st.floats(0.01, 100))
def test_noise_grows_with_the_motion(seed: int, factor: float) -> None:
    vector = normal(seed)
    once = at_rest(vector, FRAMES_S)
    np.testing.assert_allclose(at_rest(factor * vector, FRAMES_S), factor * once, rtol=1e-6)
    assert once == pytest.approx(np.ones((40, 2)), rel=0.25)


def test_bursts_of_a_third_of_the_film_are_no_noise() -> None:
    vector = normal(1)
    active = (np.arange(FRAMES) // 60) % 3 == 0  # two seconds of six
    vector[active, 7] *= 20
    noise = at_rest(vector, FRAMES_S)
    assert (noise[7] < 1.6).all()
    assert np.delete(noise, 7, 0).max() < 1.25


def test_what_is_noisy_throughout_stays_noisy() -> None:
    vector = normal(2)
    vector[:, 7] *= 20
    assert at_rest(vector, FRAMES_S)[7] == pytest.approx(20, rel=0.15)


def test_where_all_places_come_and_go_none_is_quiet() -> None:
    """A starved encoder lets everything stand and jump: its still moments are no measure of anything."""
    vector = normal(3)
    vector[(np.arange(FRAMES) // 60) % 3 == 0] *= 20
    whole = np.median(np.abs(vector - np.median(vector, 0)), 0) / 0.6745
    np.testing.assert_allclose(at_rest(vector, FRAMES_S), whole, rtol=0.4)


def test_quiet_places_have_no_unrest_and_shaken_ones_have() -> None:
    vector = normal(1, 300)
    vector[50] *= 5
    level = unrest(vector)
    assert (level >= 1).all()
    assert level[50] == pytest.approx(5, rel=0.1)
    assert np.delete(level, 50).max() < 1.25


@given(st.floats(0.05, 0.6))
def test_in_a_close_up_a_twitch_of_most_places_is_no_unrest(moved: float) -> None:
    vector = normal(4, 200)
    vector[100, : int(moved * 200)] *= 30
    assert unrest(vector, still_share(0.4))[100] < 2.2
    vector[100] *= 30
    assert unrest(vector, still_share(0.4))[100] > 15  # all of them: that is unrest


def swinging(back: float, level: float) -> tuple[np.ndarray, np.ndarray]:
    along, course = np.zeros((FRAMES, 1)), np.zeros((FRAMES, 1))
    for peak in range(30, FRAMES - 30, 60):
        along[peak, 0], along[peak + 4, 0] = 30.0, -back * 30.0
        course[peak, 0], course[peak + 4, 0] = 3.0, level
    return along, course


def test_the_filter_may_swing_back_while_the_skin_is_still_out() -> None:
    usable = np.ones(FRAMES, bool)

    def scale_of(back: float, level: float) -> float:
        along, course = swinging(back, level)
        recoil = recoils(along, course, FRAMES_S)
        return float(excursion_scale(along, np.zeros_like(along), recoil, usable)[0])

    assert scale_of(0.4, 1.0) == 1.0  # nothing went the wrong way
    assert scale_of(0.4, -1.0) == pytest.approx(4.0)  # the skin crossed over: it did
    assert scale_of(0.9, 1.0) == pytest.approx(9.0)  # as large as the peak: no swing of the filter


def test_noise_has_no_recoil() -> None:
    along = normal(5)[..., 0]
    assert not recoils(along, np.ones_like(along), FRAMES_S).any()
