"""Gaps are bridged and known; brightness is taken out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.twitch.motion_builders import film
from vision.twitch.cleaning import clean, regress_out


def gap_of(*frames: int, count: int = 120) -> np.ndarray:
    gap = np.zeros(count, bool)
    gap[list(frames)] = True
    return gap


def test_whole_signals_pass_through() -> None:
    signals = film(duration_s=4)
    cleaned = clean(signals)
    np.testing.assert_array_equal(cleaned.displacement_px, signals.displacement_px)
    assert cleaned.in_view.all()
    assert cleaned.usable.all()


def test_a_gap_is_bridged_by_a_line_and_not_usable() -> None:
    signals = film(duration_s=4, gap=gap_of(*range(50, 60)))
    cleaned = clean(signals)
    assert np.isfinite(cleaned.displacement_px).all()
    bridge = cleaned.displacement_px[49:61, 7, 0]
    np.testing.assert_allclose(np.diff(bridge, 2), 0, atol=1e-6)
    assert not cleaned.in_view[50:60].any()
    assert not cleaned.usable[50:61].any()
    assert cleaned.usable[:50].all()
    assert cleaned.usable[63:].all()


def test_the_input_is_left_as_it_was() -> None:
    signals = film(duration_s=4, gap=gap_of(5))
    clean(signals)
    assert np.isnan(signals.displacement_px[5]).all()


def test_a_point_that_is_hardly_ever_seen_does_not_move() -> None:
    signals = film(duration_s=4)
    valid = signals.valid.copy()
    valid[10:110, 3] = False
    cleaned = clean(replace(signals, valid=valid))
    assert not cleaned.displacement_px[:, 3].any()
    assert cleaned.in_view.all()


def test_the_jump_into_a_keyframe_is_left_out_and_nothing_else() -> None:
    keyframes = gap_of(30, 60)
    np.testing.assert_array_equal(clean(film(duration_s=4, keyframes=keyframes)).usable, ~keyframes)


def test_flicker_is_regressed_out_and_twitches_are_not() -> None:
    signals = film(duration_s=8, noise_px=0.0)
    flicker = 0.05 * np.sin(2 * np.pi * 4 * signals.time_s)
    cleaned = clean(replace(signals, luma_gain=np.exp(flicker)))
    random = np.random.default_rng(2).standard_normal((240, 5, 2))
    motion = random + 10 * np.roll(flicker, 1)[:, None, None]
    rest = regress_out(motion, cleaned.nuisance, cleaned.usable)
    assert rest.shape == motion.shape
    assert abs(np.corrcoef(rest[:, 0, 0], np.roll(flicker, 1))[0, 1]) < 0.05
    assert rest.std() == pytest.approx(random.std(), rel=0.05)


def test_steady_light_leaves_motion_alone() -> None:
    signals = film(duration_s=4)
    motion = np.random.default_rng(3).standard_normal((120, 5, 2))
    for gain in (signals.luma_gain, np.full(120, np.nan), signals.luma_gain * 1.4):
        cleaned = clean(replace(signals, luma_gain=gain))
        np.testing.assert_array_equal(regress_out(motion, cleaned.nuisance, cleaned.usable), motion)
