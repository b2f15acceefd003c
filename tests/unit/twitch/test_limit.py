"""The smallest reference twitch that a clip would have shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import SIGMA_PX, SPACING_PX, Planted, film, findings, surveyed
from tests.unit.twitch.test_detect import candidate
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.limit import _undisturbed_px, limit_of_detection_px

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


@example(amplitude_px=0.3125, wait_s=1.2, seed=3)  # seen best by a wide place beside it, at a third of its height
@given(amplitude_px=st.floats(0.3, 1.0), wait_s=st.floats(1.0, 2.0), seed=st.integers(0, 3))
@settings(max_examples=5, deadline=None)
def test_what_twitches_is_no_noise_of_the_clip(amplitude_px: float, wait_s: float, seed: int) -> None:
    """Twitches of 3 to 10 times the limit."""
    train = [Planted(1.0 + wait_s * k, x_px=-20.0, amplitude_px=amplitude_px) for k in range(int(14 / wait_s))]
    told, without = findings(film(train, seed=seed)), findings(film(seed=seed))
    assert len(told.events.events) >= len(train) - 1
    assert 0.8 * without.limits_px[0] < told.limits_px[0] < 2 * without.limits_px[0]
    assert told.limits_px[1] == pytest.approx(without.limits_px[1], rel=0.25)


def test_a_place_that_never_rests_is_judged_by_those_that_do(quiet: MotionSignals) -> None:
    response = surveyed(quiet, SETTINGS).responses[0]
    apart_px = np.hypot(*(response.motion.centre_px - [40.0, 30.0]).T)
    near = apart_px < SIGMA_PX
    lasting = candidate(4.0, 40.0, y_px=30.0, onset_s=0.0, offset_s=8.0, sigma_px=SIGMA_PX)
    usable, own = np.ones(len(quiet.time_s), bool), np.where(near, 5.0, 1.2)
    judged_px = _undisturbed_px(response, own, usable, quiet.time_s, [lasting])
    usual_px = np.quantile(own[~near, None] * response.noise[~near], 0.95, axis=0)
    assert (judged_px[near] <= usual_px).all()
    everywhere = replace(lasting, sigma_px=1e3)
    assert np.array_equal(
        _undisturbed_px(response, own, usable, quiet.time_s, [everywhere]), own[:, None] * response.noise
    )
