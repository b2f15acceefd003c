from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.errors import SettingsError
from vision.model.arrays import ByteArray, FloatArray
from vision.simulate.distractors import plan_distractors
from vision.simulate.movement import draw_movement
from vision.simulate.named import scenario_from_options, scenario_named
from vision.simulate.render import render_frames
from vision.simulate.scenario import FACE_ONLY, DistractorName, Scenario
from vision.simulate.scene import set_stage
from vision.simulate.schedule import plan_closures, plan_twitches
from vision.simulate.truth import truth_of

Still = Callable[..., Scenario]
NAMES: tuple[DistractorName, ...] = get_args(DistractorName)
SEEDS = st.integers(0, 2**31)


def luma_of(scenario: Scenario) -> list[ByteArray]:
    return [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for _, rgb in render_frames(scenario)]


def changed_at(scenario: Scenario) -> tuple[FloatArray, list[ByteArray]]:
    """Mean absolute change from the first frame, and the frames."""
    frames = luma_of(scenario)
    return np.array([np.abs(frame.astype(float) - frames[0]).mean() for frame in frames]), frames


@given(seed=SEEDS, names=st.sets(st.sampled_from(NAMES), min_size=1), per_min=st.floats(2, 60))
def test_distractors_follow_each_other_within_the_clip(seed: int, names: set[DistractorName], per_min: float) -> None:
    scenario = scenario_named("rest", seed=seed, distractors=tuple(names), distractors_per_min=per_min)
    planned = plan_distractors(scenario)
    assert {one.name for one in planned} <= names
    for one in planned:
        assert 0 < one.onset_s < one.there_s < one.leaving_s < one.offset_s < scenario.duration_s
        assert one.share_at(one.onset_s) == one.share_at(one.offset_s) == 0
        assert one.share_at((one.there_s + one.leaving_s) / 2) == pytest.approx(one.size)
        assert abs(one.swing_at(one.there_s)) <= one.size
        assert 0 <= one.syllables_at(one.there_s) <= one.size
    assert all(a.offset_s < b.onset_s for a, b in itertools.pairwise(planned))


@given(seed=SEEDS, names=st.sets(st.sampled_from(NAMES), min_size=1))
def test_they_leave_twitches_and_blinks_where_they_were(seed: int, names: set[DistractorName]) -> None:
    plain = scenario_named("eyelid", seed=seed)
    busy = scenario_named("eyelid", seed=seed, distractors=tuple(names), travel_px=5.0, shutter_s=0.02)
    assert plan_twitches(busy) == plan_twitches(plain)
    assert plan_closures(busy) == plan_closures(plain)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, name=st.sampled_from(NAMES))
def test_the_truth_lists_each_with_its_kind_and_times(seed: int, name: DistractorName) -> None:
    truth = truth_of(scenario_named("rest", seed=seed, distractors=(name,), distractors_per_min=20.0, breathing_px=0.0))
    assert truth.distractors
    assert len({one.kind for one in truth.distractors}) == 1
    assert all(0 < one.onset_s < one.offset_s < truth.duration_s for one in truth.distractors)
    assert truth.label == "no-twitch"


@pytest.mark.parametrize("name", NAMES)
def test_each_changes_the_picture_while_it_lasts_and_leaves_it_as_it_was(name: DistractorName, still: Still) -> None:
    scenario = still("rest", distractors=(name,), distractors_per_min=30.0, duration_s=8.0, rate_hz=10.0)
    planned = plan_distractors(scenario)
    assert planned
    change, _ = changed_at(scenario)
    times = np.arange(len(change)) / 10
    inside = np.any([(times > one.onset_s) & (times < one.offset_s) for one in planned], axis=0)
    assert np.all(change[~inside] == 0)
    # A jolt and a mouth between syllables pass through rest.
    assert np.mean(change[inside] > 0) > (0.3 if name in ("body-jolt", "camera-jolt", "speech") else 0.7)


@pytest.mark.parametrize("name", ["turn", "nod", "lean", "body-jolt", "camera-jolt", "focus"])
@pytest.mark.parametrize("view", ["rest", "skin-rest"])
def test_the_truth_s_place_goes_along(view: str, name: DistractorName, still: Still) -> None:
    if view == "skin-rest" and name in FACE_ONLY:
        return
    scenario = still(view, distractors=(name,), distractors_per_min=40.0, duration_s=4.0, rate_hz=15.0, texture_sd=6.0)
    stage = set_stage(scenario)
    movement = draw_movement(scenario, stage)
    point = movement.centre_px + np.array([55.0, 35.0])
    frames, first = luma_of(scenario), movement.show(point, 0.0)
    way_px = np.array([movement.show(point, k / 15) - first for k in range(len(frames))])
    k = int(np.argmax(np.hypot(*way_px.T)))
    assert np.hypot(*way_px[k]) > 0.25
    whole = np.round(way_px[k]).astype(int)
    undone = np.roll(frames[k], (-whole[1], -whole[0]), axis=(0, 1))
    place = first.astype(np.float32).reshape(1, 1, 2)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-4)
    found, _, _ = cv2.calcOpticalFlowPyrLK(frames[0], undone, place, None, winSize=(31, 31), maxLevel=0, criteria=stop)
    assert found[0, 0] - first + whole == pytest.approx(way_px[k], abs=0.25)


def test_a_look_elsewhere_moves_both_irises_and_hardly_any_skin(still: Still) -> None:
    scenario = still("rest", distractors=("gaze",), distractors_per_min=40.0, duration_s=4.0, rate_hz=10.0)
    one, stage = plan_distractors(scenario)[0], set_stage(scenario)
    frames = luma_of(scenario)
    change = np.abs(frames[round(10 * (one.there_s + one.leaving_s) / 2)].astype(float) - frames[0])
    near = np.zeros(change.shape, bool)
    for eye in stage.eyes:
        x, y = (round(value) - stage.margin_px for value in eye.centre_px)
        half = round(eye.width_px)
        assert change[y - 4 : y + 5, x - 12 : x + 13].mean() > 5
        near[y - half : y + half, x - half : x + half + 1] = True
    assert change[~near].max() <= 1


def test_a_grimace_stays_on_its_side(still: Still) -> None:
    change, frames = changed_at(
        still("rest", distractors=("grimace",), distractors_per_min=40.0, duration_s=4.0, rate_hz=10.0, side="left")
    )
    most = np.abs(frames[int(np.argmax(change))].astype(float) - frames[0])
    width = most.shape[1]
    assert most[:, : width // 3].max() <= 1 < most[:, width // 2 :].max()


def test_speech_moves_the_chin_and_not_the_brow(still: Still) -> None:
    scenario = still("rest", distractors=("speech",), distractors_per_min=40.0, duration_s=4.0, rate_hz=10.0)
    change, frames = changed_at(scenario)
    most = np.abs(frames[int(np.argmax(change))].astype(float) - frames[0])
    eye_row = round(set_stage(scenario).eyes[0].centre_px[1])
    assert most[: eye_row + 10].max() <= 1
    assert most.max() > 10


def test_an_exposure_step_scales_the_light_and_flow_sees_no_motion(still: Still) -> None:
    scenario = still("skin-rest", distractors=("exposure",), distractors_per_min=40.0, duration_s=4.0, rate_hz=10.0)
    one, frames = plan_distractors(scenario)[0], luma_of(scenario)
    ratio = frames[round(10 * (one.there_s + one.leaving_s) / 2)].mean() / frames[0].mean()
    assert ratio == pytest.approx(1 + 0.12 * one.size * np.sign(one.angle_rad), abs=0.01)


def test_the_pulse_shows_in_green_before_all_at_its_own_rate(still: Still) -> None:
    scenario = still("skin-rest", pulse_px=0.0, pulse_colour_share=0.05, pulse_hz=1.5, duration_s=4.0, rate_hz=15.0)
    course = np.array([rgb[160:240, 100:220].mean((0, 1)) for _, rgb in render_frames(scenario)])
    swing = np.ptp(course, axis=0) / course.mean(0)
    assert swing[1] > swing[2] > swing[0] > 0
    assert np.argmax(np.abs(np.fft.rfft(course[:, 1] - course[:, 1].mean()))) == 6
    assert [one.kind for one in truth_of(scenario).distractors] == ["pulse"]


def test_a_rolling_shutter_skews_what_a_hand_shakes(still: Still) -> None:
    scenario = still("skin-rest", shake_px=3.0, shutter_s=0.03, duration_s=2.0)
    movement = draw_movement(scenario, set_stage(scenario))
    assert draw_movement(still("skin-rest", shake_px=3.0), set_stage(scenario)).pose_at(1.0).skew_px is None
    skew_px = movement.pose_at(1.0).skew_px
    assert skew_px is not None
    assert skew_px.shape == (400, 2)
    assert skew_px[0] == pytest.approx(np.zeros(2))
    later = movement.pose_at(1.03).shake_px - movement.pose_at(1.0).shake_px
    assert skew_px[-1] == pytest.approx(later, abs=0.01)


def test_a_drifting_limb_has_gone_its_way_by_the_end(still: Still) -> None:
    scenario = still("skin-rest", travel_px=12.0, duration_s=2.0)
    movement = draw_movement(scenario, set_stage(scenario))
    way = movement.show(movement.centre_px, 2.0) - movement.show(movement.centre_px, 0.0)
    assert np.hypot(*way) == pytest.approx(12.0)
    assert [one.kind for one in truth_of(scenario).distractors] == ["drift"]


def test_keyframes_are_told() -> None:
    truth = truth_of(scenario_named("rest", keyframe_interval_s=1.0, duration_s=4.0, breathing_px=0.0))
    assert [(one.kind, one.onset_s) for one in truth.distractors] == [("keyframe", float(k)) for k in range(4)]


def test_a_list_of_names_is_read_and_checked() -> None:
    assert scenario_from_options("rest", distractors="gaze, smile").distractors == ("gaze", "smile")
    with pytest.raises(SettingsError, match="gaze"):
        scenario_from_options("rest", distractors="glance")
    with pytest.raises(SettingsError, match="no smile in a skin view"):
        scenario_named("calf", distractors=("smile",))
