"""Eyes that turn are told from irises that tremble and from lids that close."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import face, film, limb
from vision.model.arrays import FloatArray
from vision.model.events import RejectedMovement
from vision.model.regions import RegionTrack
from vision.twitch.gaze import eye_movements, looks_elsewhere

SIGNALS = film(duration_s=16)
TIME_S = SIGNALS.time_s
OPEN = np.zeros(len(TIME_S), bool)
STILL = np.full((len(TIME_S), 2), np.nan)  # no lid is followed


def looking(right: FloatArray, left: FloatArray, seed: int = 1) -> RegionTrack:
    """A face whose irises follow two (T, 2) courses, seen by landmarks that tremble."""
    tremble = 0.002 * np.random.default_rng(seed).standard_normal((len(TIME_S), 2, 2))
    names = ("upper-eyelid", "upper-eyelid")
    return face(SIGNALS, names=names, gaze=np.stack([right, left], 1) + tremble)


def glance(size: float, way_rad: float, from_s: float = 5.0, to_s: float = 6.0) -> FloatArray:
    share = np.clip((TIME_S - from_s) / 0.08, 0, 1) - np.clip((TIME_S - to_s) / 0.08, 0, 1)
    return size * share[:, None] * np.array([np.cos(way_rad), np.sin(way_rad)])


@settings(max_examples=25, deadline=None)
@given(st.floats(0.06, 0.3), st.floats(-np.pi, np.pi), st.integers(0, 99))
def test_a_glance_is_two_turns_and_the_time_between(size: float, way_rad: float, seed: int) -> None:
    track = looking(glance(size, way_rad), glance(size, way_rad), seed)
    there, back = eye_movements(track, OPEN, STILL)
    assert there.onset_s <= 5.04 <= there.offset_s
    assert back.onset_s <= 6.04 <= back.offset_s
    assert there.kind == "eye-movement"
    assert there.regions == ("right upper-eyelid", "left upper-eyelid")
    away = looks_elsewhere(track, OPEN, STILL)
    assert away[(TIME_S > 5.1) & (TIME_S < 6.0)].all()
    assert not away[(TIME_S < 4.9) | (TIME_S > 6.2)].any()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999))
def test_trembling_landmarks_look_nowhere(seed: int) -> None:
    still = np.zeros((len(TIME_S), 2))
    track = looking(still, still, seed)
    assert eye_movements(track, OPEN, STILL) == ()
    assert not looks_elsewhere(track, OPEN, STILL).any()


@pytest.mark.parametrize("other", [0.0, -1.0])
def test_one_eye_alone_or_both_apart_are_no_glance(other: float) -> None:
    one = glance(0.1, 0.0)
    assert eye_movements(looking(one, other * one), OPEN, STILL) == ()


def test_what_irises_do_under_closed_lids_is_not_seen() -> None:
    both = glance(0.1, 0.0)
    assert eye_movements(looking(both, both), (TIME_S > 4.7) & (TIME_S < 6.4), STILL) == ()


def test_a_single_eye_in_view_is_enough_and_no_eye_is_none() -> None:
    track = looking(glance(0.1, 0.0), np.full((len(TIME_S), 2), np.nan))
    assert len(eye_movements(track, OPEN, STILL)) == 2
    found: tuple[RejectedMovement, ...] = eye_movements(limb(SIGNALS), OPEN, STILL)
    assert found == ()
    assert not looks_elsewhere(limb(SIGNALS), OPEN, STILL).any()


def lids(right_px: float, left_px: float, seed: int = 1) -> FloatArray:
    """(T, 2) both upper lids, that go along with a glance by so much, seen by a tracker that trembles."""
    course = glance(1.0, 0.0)[:, :1] * np.array([right_px, left_px])
    return course + 0.05 * np.random.default_rng(seed).standard_normal((len(TIME_S), 2))


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.015, 0.02),
    st.floats(-np.pi, np.pi),
    st.floats(0.6, 3.0),
    st.sampled_from([-1.0, 1.0]),
    st.integers(0, 99),
)
@example(0.015625, 0.0, 1.0, -1.0, 86)  # once found late by 0.17 s
def test_a_glance_that_irises_hardly_show_is_known_by_both_lids(
    size: float, way_rad: float, lift_px: float, way: float, seed: int
) -> None:
    track, upper_px = (
        looking(glance(size, way_rad), glance(size, way_rad), seed),
        lids(way * lift_px, way * lift_px, seed),
    )
    assert eye_movements(track, OPEN, STILL) == ()
    there, back = eye_movements(track, OPEN, upper_px)
    assert abs(there.peak_s - 5.04) < 0.2
    assert abs(back.peak_s - 6.04) < 0.2
    assert looks_elsewhere(track, OPEN, upper_px)[(TIME_S > 5.2) & (TIME_S < 5.9)].all()


@pytest.mark.parametrize(("right_px", "left_px"), [(2.0, 0.0), (2.0, -2.0)])
def test_one_lid_alone_or_both_apart_tell_of_no_glance(right_px: float, left_px: float) -> None:
    track = looking(glance(0.015, 0.0), glance(0.015, 0.0))
    assert eye_movements(track, OPEN, lids(right_px, left_px)) == ()


def test_both_lids_that_move_while_the_irises_rest_are_no_glance() -> None:
    still = np.zeros((len(TIME_S), 2))
    assert eye_movements(looking(still, still), OPEN, lids(2.0, 2.0)) == ()


@pytest.mark.parametrize("left", [0.0, -0.015])
def test_irises_that_do_not_go_alike_make_no_glance_of_two_lids(left: float) -> None:
    track = looking(glance(0.04, 0.0), glance(left, 0.0))
    assert eye_movements(track, OPEN, lids(2.0, 2.0)) == ()
