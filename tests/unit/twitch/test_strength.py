"""How much places stand out; flags and directions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import FRAMES_S, SIGMA_PX, Planted, film, surveyed
from vision.dsp import running_quantile, twitch_waveform
from vision.settings import DetectionSettings
from vision.twitch.filtering import filtered
from vision.twitch.posture import posture
from vision.twitch.strength import grow, preferred_direction
from vision.twitch.survey import Survey

SETTINGS = DetectionSettings()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=60), st.floats(0, 0.5))
def test_grown_flags_are_the_frames_near_one(flags, margin_s) -> None:
    flags = np.array(flags)
    time_s = np.arange(len(flags)) / 30
    near = np.abs(time_s[:, None] - time_s[None])[:, flags] <= margin_s + 1e-9
    np.testing.assert_array_equal(grow(flags, time_s, margin_s), near.any(1))


@settings(max_examples=30, deadline=None)
@given(st.floats(-3.1, 3.1), st.integers(0, 1000))
def test_the_direction_is_that_of_the_largest(angle, seed) -> None:
    vector = np.random.default_rng(seed).standard_normal((200, 1, 2))
    vector[[40, 90, 150], 0] += 15 * np.array([np.cos(angle), np.sin(angle)])
    way = preferred_direction(vector)[0]
    assert np.hypot(*way) == pytest.approx(1.0)
    assert way @ [np.cos(angle), np.sin(angle)] > 0.97


def test_no_motion_has_some_unit_direction() -> None:
    np.testing.assert_allclose(np.hypot(*preferred_direction(np.zeros((50, 3, 2))).T), 1.0)


def test_the_filter_peaks_at_the_twitch_and_keeps_shape() -> None:
    signals = film([Planted(2.0, amplitude_px=1.0)], duration_s=6)
    usable = np.ones(180, bool)
    out = filtered(signals.displacement_px, usable, FRAMES_S, 0.045, np.zeros(6), SETTINGS)
    assert out.shape == signals.displacement_px.shape
    middle = int(np.abs(signals.point_px).sum(1).argmin())
    assert abs(int(np.hypot(*out[:, middle].T).argmax()) / 30 - 2.05) <= 1.5 / 30


def test_the_strongest_place_is_where_the_twitches_are() -> None:
    twitches = [Planted(t, -20.0, 8.0) for t in (2.0, 5.0, 7.5)]
    for response in surveyed(film(twitches, duration_s=10)).responses:
        best = int(response.strength.argmax())
        assert np.hypot(*(response.motion.centre_px[best] - [-20, 8])) < 1.5 * SIGMA_PX
        assert response.along(best).shape == (300,)
        assert response.along(best).max() > 3 * np.median(response.strength)


@pytest.fixture(scope="module")
def jolted() -> Survey:
    """A film in which the whole part moves once, so that some frames are filtered apart from the quiet ones."""
    signals = film([Planted(t, -20.0, 8.0) for t in (2.0, 5.0, 7.5)], duration_s=10)
    jolt = twitch_waveform(signals.time_s, 4.0, 0.1, 1.6)[:, None] * np.hypot(*signals.point_px.T) / 20.0
    moved = signals.displacement_px + jolt[..., None].astype(np.float32)
    looked = surveyed(replace(signals, displacement_px=moved))
    assert looked.wide.any()
    return looked


@given(frame=st.integers(0, 299), first=st.integers(0, 20), which=st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_one_frame_is_filtered_as_all_of_them(jolted: Survey, frame: int, first: int, which: int) -> None:
    response = jolted.responses[which]
    places = np.arange(first, first + 3)
    np.testing.assert_array_equal(response.vector_at(frame, places), response.vector(places)[frame])


def test_what_is_kept_of_filtered_motion_is_true_of_it(jolted: Survey) -> None:
    for response in jolted.responses:
        vector = response.vector(np.arange(len(response.scale)))
        size = np.hypot(vector[..., 0], vector[..., 1])
        np.testing.assert_array_equal(response.largest, size.max(0))
        middle, _, far = np.quantile(size[jolted.usable], [0.5, 0.95, 0.99], axis=0)
        np.testing.assert_allclose(response.lengths[[0, 2]], [middle, far], rtol=1e-5)


def test_twitches_that_go_both_ways_raise_their_own_bar() -> None:
    one_way = [Planted(t, -20.0, 8.0) for t in (2.0, 4.0, 6.0, 8.0)]
    both_ways = [Planted(t, -20.0, 8.0, direction_rad=-1.2 + np.pi * (k % 2)) for k, t in enumerate((2.0, 4, 6, 8))]
    strong, weak = (
        max(float(response.strength.max()) for response in surveyed(film(plan, duration_s=10)).responses)
        for plan in (one_way, both_ways)
    )
    assert weak < 0.75 * strong


TIME_S = np.arange(600) * FRAMES_S


def resting(seed: int) -> np.ndarray:
    """(T, 1, 2) noise about a slow sway."""
    noise = 0.05 * np.random.default_rng(seed).standard_normal((len(TIME_S), 1, 2))
    return noise + np.sin(2 * np.pi * TIME_S / 15.0)[:, None, None]


@given(st.integers(0, 1000), st.floats(3.0, 15.0), st.floats(0.8, 1.4))
def test_a_burst_does_not_move_the_posture_beside_it(seed: int, start_s: float, length_s: float) -> None:
    still, usable = resting(seed), np.ones(len(TIME_S), bool)
    during = (start_s <= TIME_S) & (start_s + length_s > TIME_S)
    moved = still + 3.0 * (during & (np.arange(len(TIME_S)) % 6 != 0))[:, None, None]
    off = posture(TIME_S, moved, usable, 2.0) - posture(TIME_S, still, usable, 2.0)
    beside = (start_s - 0.5 < TIME_S) & (start_s + length_s + 0.5 > TIME_S) & ~during
    assert np.abs(off[beside]).max() < 0.2  # of 3; the plain running median is lifted by 0.26, typically


@given(st.integers(0, 1000))
def test_the_posture_of_skin_at_rest_is_the_running_median(seed: int) -> None:
    still = resting(seed)
    plain = running_quantile(TIME_S, still, 2.0)
    apart = np.abs(posture(TIME_S, still, np.ones(len(TIME_S), bool), 2.0) - plain)  # of a sway of 1
    assert np.quantile(apart, 0.99) < 0.15  # a second of chance may look like a movement
    assert apart.max() < 0.5


def test_a_film_that_is_all_movement_keeps_a_posture() -> None:
    moved = np.where(np.arange(len(TIME_S)) % 2 == 0, 5.0, -5.0)[:, None, None] * np.ones((1, 2, 2))
    assert np.isfinite(posture(TIME_S, moved, np.ones(len(TIME_S), bool), 2.0)).all()
    flat = np.zeros((len(TIME_S), 1, 2))
    flat[100:160] = 2.0
    assert np.isfinite(posture(TIME_S, flat, np.ones(len(TIME_S), bool), 2.0)).all()


def test_a_place_that_is_out_of_its_few_usable_frames_keeps_its_running_median() -> None:
    """A film of a boat, of which few frames count, once ended in an error."""
    still = resting(3)
    usable = np.zeros(len(TIME_S), bool)
    usable[300:330] = True
    still[300:330] = still[300]
    np.testing.assert_array_equal(posture(TIME_S, still, usable, 2.0), running_quantile(TIME_S, still, 2.0))
