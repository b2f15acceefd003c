"""The smallest reference twitch that a clip would have shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.twitch.motion_builders import SIGMA_PX, SPACING_PX, film, surveyed
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.limit import limit_of_detection_px

SETTINGS = DetectionSettings()


def limits(signals: MotionSignals, settings: DetectionSettings = SETTINGS) -> dict[int, float]:
    return limit_of_detection_px(surveyed(signals, settings), signals, settings)


@pytest.fixture(scope="module")
def quiet() -> MotionSignals:
    return film(duration_s=8, seed=2)


@pytest.fixture(scope="module")
def of_quiet(quiet: MotionSignals) -> dict[int, float]:
    return limits(quiet)


def test_every_region_has_one_and_it_is_above_the_pooled_noise(of_quiet: dict[int, float]) -> None:
    assert set(of_quiet) == {0, 1}
    pooled_px = 0.05 / np.sqrt(np.pi * SIGMA_PX**2 / SPACING_PX**2)
    assert all(4 * pooled_px < limit < 30 * pooled_px for limit in of_quiet.values())


def test_a_larger_twitch_is_needed_where_there_is_more_noise(quiet: MotionSignals, of_quiet: dict[int, float]) -> None:
    grow = np.where(quiet.region_of_point == 1, 3.0, 1.0).astype(np.float32)
    loud = limits(replace(quiet, displacement_px=quiet.displacement_px * grow[None, :, None]))
    assert loud[1] > 2 * of_quiet[1]
    assert loud[0] < 1.8 * of_quiet[0]


def test_it_scales_with_the_noise(quiet: MotionSignals, of_quiet: dict[int, float]) -> None:
    twice = limits(replace(quiet, displacement_px=2 * quiet.displacement_px))
    assert twice[0] == pytest.approx(2 * of_quiet[0], rel=0.01)


def test_a_stricter_bar_raises_it(quiet: MotionSignals, of_quiet: dict[int, float]) -> None:
    strict = SETTINGS.model_copy(
        update={"single_strength": 2 * SETTINGS.single_strength, "lone_evidence": 2 * SETTINGS.lone_evidence}
    )
    assert limits(quiet, strict)[0] == pytest.approx(2 * of_quiet[0], rel=0.02)


def test_points_of_no_region_have_none(quiet: MotionSignals) -> None:
    nowhere = replace(quiet, region_of_point=np.where(quiet.region_of_point == 1, -1, 0))
    assert set(limits(nowhere)) == {0}


def test_more_frames_a_second_show_smaller_twitches(of_quiet: dict[int, float]) -> None:
    assert limits(film(duration_s=8, seed=2, rate_hz=60.0))[0] < of_quiet[0]
