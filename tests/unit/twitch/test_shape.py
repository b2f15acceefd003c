"""A twitch goes out and comes back; a step, a drift and a place that jumps to and fro do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import FRAMES_S
from vision.dsp import twitch_waveform
from vision.twitch.shape import is_held, share_in_time

TIME_S = np.arange(150) * FRAMES_S
SEEN = np.ones(150, bool)


def share(course: np.ndarray, peak_s: float = 2.5, seen: np.ndarray = SEEN) -> float:
    return share_in_time(course, seen, TIME_S, peak_s)


@settings(max_examples=80, deadline=None)
@given(st.floats(0.035, 0.1), st.floats(1.0, 2.6), st.floats(0, FRAMES_S), st.floats(0.1, 9), st.floats(-50, 50))
def test_a_twitch_explains_its_own_course(tau_s, decay, shift_s, height, level) -> None:
    course = level + height * twitch_waveform(TIME_S, 2.5 + shift_s - tau_s, tau_s, decay)
    assert share(course) > (0.6 if tau_s * decay < 0.1 else 0.2)  # the slowest has not come back by the window's end


@settings(max_examples=80, deadline=None)
@given(st.floats(0.02, 0.2), st.floats(-0.05, 0.05), st.floats(0.1, 9))
def test_a_step_explains_a_step_better(rise_s, shift_s, height) -> None:
    assert share(height * np.clip((TIME_S - 2.5 - shift_s) / rise_s + 1, 0, 1)) < 0.1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_it_has_no_unit(seed: int, unit: float) -> None:
    course = np.random.default_rng(seed).standard_normal(150).cumsum()
    assert share(unit * course + 3.0) == pytest.approx(share(course), abs=1e-6)
    assert share(course) <= 1.0


def test_a_place_that_jumps_to_and_fro_has_no_such_course() -> None:
    """As measured where skin has no texture: out within a frame, half back, back, out again."""
    course = np.zeros(150)
    course[75:83] = [3.0, 1.7, 0.2, 1.4, 0.3, 0.1, 2.1, 2.4]
    assert share(course) < 0.5 * share(twitch_waveform(TIME_S, 2.45, 0.05, 1.6))


def test_the_opposite_way_counts_as_nothing() -> None:
    assert share(-twitch_waveform(TIME_S, 2.45, 0.05, 1.6)) < 0.2


def test_a_still_or_unseen_course_has_none() -> None:
    assert share(np.zeros(150)) == 0.0
    twitch = twitch_waveform(TIME_S, 2.45, 0.05, 1.6)
    assert share(twitch, seen=np.abs(TIME_S - 2.5) > 0.5) == 0.0


@settings(max_examples=80, deadline=None)
@given(st.floats(0.035, 0.1), st.floats(1.0, 2.2), st.floats(-FRAMES_S, FRAMES_S), st.integers(0, 10_000))
def test_no_plain_twitch_is_held(tau_s, decay, shift_s, seed) -> None:
    course = 10 * twitch_waveform(TIME_S, 2.5 + shift_s - tau_s, tau_s, decay)
    course += 0.3 * np.random.default_rng(seed).standard_normal(150)
    assert not is_held(course, SEEN, TIME_S, 2.5)


@settings(max_examples=80, deadline=None)
@given(st.integers(3, 11), st.floats(0.5, 9), st.integers(0, 10_000))
def test_what_comes_at_one_frame_and_goes_at_another_is_held(frames, height, seed) -> None:
    course = 0.03 * height * np.random.default_rng(seed).standard_normal(150)
    course[75 : 75 + frames] += height
    assert is_held(course, SEEN, TIME_S, float(TIME_S[75 + frames // 2]))


def test_a_block_that_an_encoder_moved_and_drew_anew_is_held() -> None:
    """As measured between keyframes: out within a frame, still for a third of a second, drawn anew bit by bit."""
    course = np.zeros(150)
    course[75:90] = [0.34, 0.37, 0.44, 0.46, 0.45, 0.45, 0.45, 0.45, 0.45, 0.44, 0.44, 0.40, 0.35, 0.31, 0.19]
    assert is_held(course, SEEN, TIME_S, float(TIME_S[79]))


def test_what_was_not_seen_is_not_held() -> None:
    assert not is_held(np.zeros(150), SEEN, TIME_S, 2.5)
    assert not is_held(np.ones(150), np.zeros(150, bool), TIME_S, 2.5)
