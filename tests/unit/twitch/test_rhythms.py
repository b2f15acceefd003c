"""Pulse, breath and lamp are known by their rhythm, and by nothing less."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import face, film
from vision.model.arrays import FloatArray
from vision.model.regions import RegionTrack
from vision.model.signals import MotionSignals
from vision.twitch.light import light_of
from vision.twitch.rhythms import breathing_hz, line_hz, moved_share, pulse_hz, rhythms

SIGNALS = film(duration_s=24)
TIME_S = SIGNALS.time_s


def beat(hz: float) -> FloatArray:
    return np.sin(2 * np.pi * hz * TIME_S)


def reddened(share: FloatArray, seed: int = 1) -> RegionTrack:
    noise = 0.2 * np.random.default_rng(seed).standard_normal((len(TIME_S), 2, 3))
    rgb = np.array([180.0, 130.0, 110.0]) * (1 - share[:, None] * np.array([0.3, 1.0, 0.6]))
    return face(SIGNALS, skin_rgb=rgb[:, None] + noise)


def named(signals: MotionSignals, regions: RegionTrack) -> list[str]:
    return [one.kind for one in rhythms(signals, signals.displacement_px, regions, light_of(signals))]


def swaying(seed: int) -> MotionSignals:
    """A hand that wanders as chance takes it."""
    sway = np.cumsum(np.random.default_rng(seed).standard_normal((len(TIME_S), 2)), axis=0) * 0.05
    camera = SIGNALS.camera.copy()
    camera[:, :, 2] += sway - sway.mean(0)
    return replace(SIGNALS, camera=camera)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999))
def test_noise_of_the_colour_is_no_pulse(seed: int) -> None:
    assert pulse_hz(reddened(np.zeros(len(TIME_S)), seed)) is None


def test_a_hand_that_wanders_seldom_breathes() -> None:
    """Of 400 such courses three passed for a breath."""
    assert sum(breathing_hz(swaying(seed)) is not None for seed in range(100)) <= 3


@settings(max_examples=20, deadline=None)
@given(st.floats(0.85, 2.6))
def test_the_pulse_is_read_off_the_colour(hz: float) -> None:
    found = pulse_hz(reddened(0.01 * beat(hz)))
    assert found == pytest.approx(hz, abs=0.06)


def test_a_pulse_is_set_apart_where_the_skin_moves_with_it() -> None:
    red = reddened(0.01 * beat(1.2))
    assert named(SIGNALS, red) == []
    moved = film(duration_s=24, extra_px=0.1 * beat(1.2)[:, None, None] * np.ones((1, SIGNALS.valid.shape[1], 2)))
    assert named(moved, red) == ["pulse"]
    assert named(moved, reddened(np.zeros(len(TIME_S)))) == []
    assert moved_share(TIME_S, moved.displacement_px, 1.2) > 0.8
    assert moved_share(TIME_S, moved.displacement_px, 1.9) < 0.1


def test_a_breath_lifts_all_that_is_in_view() -> None:
    camera = SIGNALS.camera.copy()
    camera[:, 1, 2] += 2.0 * beat(0.25)
    assert named(replace(SIGNALS, camera=camera), face(SIGNALS)) == ["breathing"]
    camera[:, 1, 2] = 0.05 * beat(0.25)
    assert named(replace(SIGNALS, camera=camera), face(SIGNALS)) == []


def test_a_lamp_flickers_and_the_pulse_of_the_skin_is_no_lamp() -> None:
    lit = replace(SIGNALS, luma_gain=1 + 0.02 * beat(4.0))
    assert named(lit, face(SIGNALS)) == ["flicker"]
    overtone = replace(SIGNALS, luma_gain=1 + 0.01 * beat(2.4))
    assert named(overtone, reddened(0.01 * beat(1.2))) == []
    (found,) = rhythms(lit, lit.displacement_px, face(lit), light_of(lit))
    assert (found.onset_s, found.offset_s) == (TIME_S[0], TIME_S[-1])


@pytest.mark.parametrize("length_s", [0.5, 3.0])
def test_a_film_with_too_few_cycles_has_no_rhythm(length_s: float) -> None:
    time_s = np.arange(round(length_s * 30)) / 30
    assert line_hz(time_s, np.sin(2 * np.pi * time_s), (0.75, 3.0), 0.3) is None
