"""Reference twitches put into a clip's own motion: the plainer they are, the more they explain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.twitch.motion_builders import film, surveyed
from vision.model.signals import MotionSignals
from vision.twitch.cleaning import clean
from vision.twitch.trial import explained_share


@pytest.fixture(scope="module")
def quiet() -> MotionSignals:
    return film(duration_s=8, seed=2)


def share(signals: MotionSignals, height_px: float) -> float:
    amplitude_px = np.full(len(signals.point_px), height_px)
    return explained_share(amplitude_px, signals, clean(signals), surveyed(signals))


def test_a_higher_twitch_explains_more(quiet: MotionSignals) -> None:
    shares = [share(quiet, height_px) for height_px in (0.02, 0.1, 0.5, 2.5)]
    assert shares == sorted(shares)
    assert shares[0] < 0.2
    assert shares[-1] > 0.6


def test_nothing_watched_explains_nothing(quiet: MotionSignals) -> None:
    nowhere = replace(quiet, region_of_point=np.full(len(quiet.point_px), -1))
    assert share(nowhere, 1.0) == 0.0
