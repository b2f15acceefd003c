"""The level at which an expression holds the skin."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vision.dsp import twitch_waveform
from vision.twitch.posture import held_px

TIME_S = np.arange(0, 20, 1 / 30)
SMILE = (TIME_S > 6) & (TIME_S < 10)
BURST_S = np.array([7.0, 7.2, 7.4, 7.6, 7.8])


def smiled(height_px: float) -> np.ndarray:
    """Out within half a second, held, and back."""
    return height_px * np.interp(TIME_S, [6.0, 6.4, 9.6, 10.0], [0.0, 1.0, 1.0, 0.0])


def burst(height_px: float) -> np.ndarray:
    return height_px * twitch_waveform(TIME_S[:, None], BURST_S - 0.045, 0.045, 1.6).sum(1)


@given(st.floats(-5, 5), st.floats(0.3, 3), st.integers(0, 1000))
def test_what_is_held_is_taken_away_and_twitches_stay(height_px: float, twitch_px: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.05, TIME_S.size)
    course = smiled(height_px) + burst(twitch_px) + noise
    left = course - held_px(course, SMILE, TIME_S)
    middle = (TIME_S > 6.8) & (TIME_S < 9.2)
    assert np.median(np.abs(left[middle & (TIME_S > 8.2)])) < 0.15
    peaks = [left[np.abs(TIME_S - peak_s).argmin()] for peak_s in BURST_S]
    assert np.median(peaks) > 0.6 * twitch_px - 0.15
    assert min(peaks) > 0.3 * twitch_px - 0.15


@given(st.integers(0, 1000))
def test_where_nobody_smiles_nothing_is_taken(seed: int) -> None:
    course = np.random.default_rng(seed).normal(0, 1, TIME_S.size)
    held = held_px(course, SMILE, TIME_S)
    assert not held[~SMILE].any()
    assert not held_px(course, np.zeros_like(SMILE), TIME_S).any()
    assert not held_px(course, np.ones_like(SMILE), TIME_S).any()


def test_one_twitch_is_not_held() -> None:
    course = 2.0 * twitch_waveform(TIME_S, 7.955, 0.045, 1.6)
    assert np.abs(held_px(course, SMILE, TIME_S)).max() < 0.02
