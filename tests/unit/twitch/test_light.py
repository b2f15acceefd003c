"""Brightness is taken out of motion: a lamp's line whole, all else by no more than light can do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import film
from vision.dsp import twitch_waveform
from vision.twitch.light import Light, lamp_share, light_of, without_light

ALL = np.ones(240, bool)


def lit(gain: np.ndarray) -> Light:
    """Describe the light of a film of 8 s whose log brightness is `gain`."""
    return light_of(replace(film(duration_s=8, noise_px=0.0), luma_gain=np.exp(gain)))


@given(st.floats(2.6, 14.4), st.floats(0, 6), st.floats(0.05, 20), st.integers(0, 2**16))
def test_of_what_a_lamp_moves_a_tenth_stays_at_most_and_of_a_twitch_most(
    hz: float, phase: float, px: float, seed: int
) -> None:
    time_s = film(duration_s=8, noise_px=0.0).time_s
    trembling = 2e-4 * np.random.default_rng(seed).standard_normal(240)
    light = lit(0.01 * np.sin(2 * np.pi * hz * time_s) + trembling)
    twitch = twitch_waveform(time_s, 3.0, 0.06, 1.6)[:, None, None] * np.ones((1, 1, 2))
    lamp = px * np.sin(2 * np.pi * hz * time_s + phase)[:, None, None] * np.ones((1, 1, 2))
    rest = without_light(twitch + lamp, light, ALL)
    assert light.lamp.shape[1]
    assert np.abs(rest - twitch).max() < 0.3 + 0.1 * px


@given(st.floats(2.6, 14.4), st.floats(0, 3), st.floats(0.2, 3))
def test_the_share_of_a_lamp_is_that_of_its_power(hz: float, lamp_px: float, noise_px: float) -> None:
    time_s = film(duration_s=8, noise_px=0.0).time_s
    flicker = np.sqrt(2) * np.sin(2 * np.pi * hz * time_s)
    noise = np.random.default_rng(7).standard_normal((240, 5, 2))
    share = lamp_share(lamp_px * flicker[:, None, None] + noise_px * noise, lit(0.01 * flicker), ALL)
    assert share == pytest.approx(lamp_px**2 / (lamp_px**2 + noise_px**2), abs=0.12)


@given(st.integers(0, 2**16), st.floats(1e-4, 1e-2))
def test_brightness_that_only_trembles_is_no_lamp(seed: int, size: float) -> None:
    assert not lit(size * np.random.default_rng(seed).standard_normal(240)).lamp.shape[1]


def test_a_beat_that_wanders_as_muscles_do_is_no_lamp() -> None:
    intervals_s = np.random.default_rng(4).normal(0.2, 0.03, 60)
    time_s = film(duration_s=8, noise_px=0.0).time_s
    beats = sum(twitch_waveform(time_s, onset_s, 0.05, 1.6) for onset_s in np.cumsum(intervals_s))
    assert not lit(0.005 * np.asarray(beats)).lamp.shape[1]


def test_a_film_too_short_to_tell_a_lamp_from_a_twitch_has_none() -> None:
    short = film(duration_s=4, noise_px=0.0)
    gain = np.exp(0.02 * np.sin(2 * np.pi * 10 * short.time_s))
    assert not light_of(replace(short, luma_gain=gain)).lamp.shape[1]


def test_flicker_is_regressed_out_and_twitches_are_not() -> None:
    signals = film(duration_s=8, noise_px=0.0)
    flicker = 0.05 * np.sin(2 * np.pi * 4 * signals.time_s)
    light = light_of(replace(signals, luma_gain=np.exp(flicker)))
    random = np.random.default_rng(2).standard_normal((240, 5, 2))
    motion = random + 10 * np.roll(flicker, 1)[:, None, None]
    rest = without_light(motion, light, np.ones(len(motion), bool))
    assert rest.shape == motion.shape
    assert abs(np.corrcoef(rest[:, 0, 0], np.roll(flicker, 1))[0, 1]) < 0.05
    assert rest.std() == pytest.approx(random.std(), rel=0.05)


def test_a_trace_of_brightness_that_movement_makes_takes_no_movement() -> None:
    """A swinging texture brightens the picture by a ten-thousandth: light cannot move what is followed by a pixel."""
    signals = film(duration_s=8, noise_px=0.0)
    swing = np.sin(2 * np.pi * 5 * signals.time_s)
    light = light_of(replace(signals, luma_gain=np.exp(2e-4 * swing)))
    motion = np.tile(swing[:, None, None], (1, 5, 2))
    assert np.abs(without_light(motion, light, np.ones(len(motion), bool)) - motion).max() < 0.07


def test_steady_light_leaves_motion_alone() -> None:
    signals = film(duration_s=4)
    motion = np.random.default_rng(3).standard_normal((120, 5, 2))
    for gain in (signals.luma_gain, np.full(120, np.nan), signals.luma_gain * 1.4):
        light = light_of(replace(signals, luma_gain=gain))
        np.testing.assert_array_equal(without_light(motion, light, np.ones(len(motion), bool)), motion)
