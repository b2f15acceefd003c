"""What a single movement is held against: how much the points around it move when nothing happens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import NOISE_PX, Planted, film
from vision.model.signals import MotionSignals
from vision.twitch.background import Background, background
from vision.twitch.cleaning import clean
from vision.twitch.footprint import Footprint


def resting(signals: MotionSignals, quiet: np.ndarray | None = None) -> Background:
    every = np.ones(len(signals.time_s), bool)
    return background(signals, clean(signals), every if quiet is None else quiet)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 1), st.floats(0, 1e5), st.floats(0, 1e5))
def test_what_is_usual_takes_nothing_from_what_is_explained(explained, energy, usual) -> None:
    found = Footprint(0.0, 0.0, 5.0, (1.0, 0.0), explained, energy)
    share = found.explained_beyond(usual)
    assert 0.0 <= share <= 1.0 + 1e-9
    assert share >= found.explained_beyond(0.5 * usual) - 1e-9
    if energy > 1e-3:
        assert found.explained_beyond(0.0) == pytest.approx(explained, rel=1e-6)
        assert found.explained_beyond(energy) == pytest.approx(1.0, rel=1e-6)


def test_noise_has_the_energy_of_its_variance_and_its_level() -> None:
    signals = film(seed=5, duration_s=12)
    per_point = 2 * NOISE_PX**2 * signals.structure[0, 0, 0]
    near = np.zeros(len(signals.point_px), bool)
    near[:100] = True
    usual = resting(signals).usual(near)
    assert usual == pytest.approx(100 * per_point, rel=0.15)


def test_a_few_twitches_do_not_make_it_restless() -> None:
    plain = film(seed=5, duration_s=12)
    twitching = film([Planted(1.0 + 2 * k, 0.0, 0.0, 2.0) for k in range(5)], seed=5, duration_s=12)
    every = np.ones(len(plain.point_px), bool)
    assert resting(twitching).usual(every) < 1.1 * resting(plain).usual(every)


def test_a_clip_without_a_quiet_moment_has_none() -> None:
    signals = film(seed=5, duration_s=12)
    nothing = resting(signals, np.zeros(len(signals.time_s), bool))
    assert nothing.energy.shape == (0, len(signals.point_px))
    assert nothing.usual(np.ones(len(signals.point_px), bool)) == 0.0
