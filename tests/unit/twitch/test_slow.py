"""A movement that goes out and comes back at leisure is no train of twitches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.dsp import twitch_waveform
from vision.model.arrays import FloatArray
from vision.twitch.slow import CHAINED_S, chains, slow_peaks

TIME_S = np.arange(300) / 30
SEEN = np.ones(300, bool)
NARROW = np.zeros(300, bool)


def train(peaks_s: list[float], rise_s: float = 0.05) -> FloatArray:
    return np.asarray(sum(twitch_waveform(TIME_S, peak_s - rise_s, rise_s, 1.6) for peak_s in peaks_s))


def hump(from_s: float, to_s: float, turn_s: float) -> FloatArray:
    share = np.clip((TIME_S - from_s) / turn_s + 0.5, 0, 1) * np.clip((to_s - TIME_S) / turn_s + 0.5, 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


@given(st.lists(st.floats(0, 30), max_size=20))
def test_chains_hold_every_peak_once_and_no_pause(peaks: list[float]) -> None:
    peaks_s = np.sort(np.array(peaks))
    parts = chains(peaks_s)
    assert sum(part.stop - part.start for part in parts) == len(peaks_s)
    for part in parts:
        assert (np.diff(peaks_s[part]) <= CHAINED_S).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 8), st.floats(0.1, 0.3), st.integers(0, 99))
def test_a_burst_of_twitches_is_not_slow(count: int, apart_s: float, seed: int) -> None:
    peaks_s = [4.0 + apart_s * number for number in range(count)]
    course = train(peaks_s) + 0.05 * np.random.default_rng(seed).standard_normal(300)
    assert not slow_peaks(np.array(peaks_s), course, train(peaks_s), SEEN, TIME_S, wide=NARROW, swallows=False).any()


@pytest.mark.parametrize(("to_s", "turn_s"), [(5.0, 0.4), (4.7, 0.5), (5.5, 0.6)])
def test_a_swallow_and_a_smile_are_slow(to_s: float, turn_s: float) -> None:
    course = hump(4.0, to_s, turn_s) + 0.01 * np.random.default_rng(1).standard_normal(300)
    peaks_s = np.arange(4.05, to_s, 0.15)
    assert slow_peaks(peaks_s, course, 0.7 * train(peaks_s.tolist()), SEEN, TIME_S, wide=NARROW, swallows=False).all()


def test_where_most_of_a_site_is_slow_the_rest_of_it_is_too() -> None:
    peaks_s = np.r_[np.arange(4.05, 5.0, 0.15), 8.0]
    course = hump(4.0, 5.0, 0.4) + 0.1 * train([8.0])
    assert slow_peaks(
        peaks_s, course, 0.7 * train(peaks_s[:-1].tolist()) + 0.1 * train([8.0]), SEEN, TIME_S,
        wide=NARROW, swallows=False,
    ).all()  # fmt: skip


def test_nothing_is_slow_where_too_little_was_seen() -> None:
    peaks_s = np.arange(4.05, 5.0, 0.15)
    course = hump(4.0, 5.0, 0.4)
    assert not slow_peaks(
        peaks_s, course, train(peaks_s.tolist()), np.zeros(300, bool), TIME_S, wide=NARROW, swallows=False
    ).any()
    assert slow_peaks(np.array([]), course, course, SEEN, TIME_S, wide=NARROW, swallows=False).shape == (0,)


@pytest.mark.parametrize("hold_s", [0.3, 0.6, 1.0])
def test_a_muscle_that_holds_is_not_slow(hold_s: float) -> None:
    """Accident: twitches so fast that they run together, and a held contraction, were named expression and lost."""
    course = hump(4.0, 4.0 + hold_s, 0.12) + 0.01 * np.random.default_rng(1).standard_normal(300)
    peaks_s = np.arange(4.06, 4.0 + hold_s, 0.12)
    assert not slow_peaks(
        peaks_s, course, 0.7 * train(peaks_s.tolist()), SEEN, TIME_S, wide=NARROW, swallows=False
    ).any()


def test_what_is_held_while_all_around_it_moves_is_one_movement() -> None:
    """Accident: each grimace of one side counted as a train of ten twitches a second."""
    course = hump(4.0, 5.0, 0.15) + 0.01 * np.random.default_rng(1).standard_normal(300)
    peaks_s = np.arange(4.06, 5.0, 0.12)
    wide = np.abs(TIME_S - 4.0) < 0.2
    assert slow_peaks(peaks_s, course, 0.7 * train(peaks_s.tolist()), SEEN, TIME_S, wide=wide, swallows=False).all()
    burst = train(peaks_s.tolist(), rise_s=0.03)
    assert not slow_peaks(peaks_s, burst, burst, SEEN, TIME_S, wide=wide, swallows=False).any()


def test_chains_that_are_each_doubtful_are_told_together() -> None:
    """Accident: four swallows of eight stayed as a train of twitches of the chin."""
    starts_s = np.arange(1.0, 9.0, 2.0)
    smooth = sum((hump(start_s, start_s + 0.5, 0.28) for start_s in starts_s), np.zeros(300))
    course = smooth + 0.03 * np.random.default_rng(1).standard_normal(300)
    peaks_s = np.concatenate([start_s + np.array([0.12, 0.27, 0.42]) for start_s in starts_s])
    trains = smooth + 0.05 * np.sin(2 * np.pi * 8 * TIME_S)  # twice as far from the course as the best slow movement
    alone, elsewhere, together = (
        slow_peaks(peaks_s[:count], course, trains, SEEN, TIME_S, wide=NARROW, swallows=is_chin)
        for count, is_chin in ((3, True), (12, False), (12, True))
    )
    assert (alone.any(), elsewhere.any(), together.all()) == (False, False, True)
