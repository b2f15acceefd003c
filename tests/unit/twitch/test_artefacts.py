"""Movements that are no twitch, with their reasons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import face, film, limb
from vision.model.arrays import FloatArray
from vision.model.events import REJECTED_KINDS, EyeClosureEvent
from vision.settings import FeatureSettings
from vision.twitch.artefacts import (
    camera_steps,
    closure_frames,
    rejected_closures,
    rejected_wide,
    runs,
    whole_movements,
)

BLINK = EyeClosureEvent(2.0, 2.1, 2.2, ("right", "left"), True, True)
SPASM = EyeClosureEvent(5.0, 5.2, 6.0, ("right",), True, False)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=40))
def test_runs_are_the_flags_again(flags) -> None:
    flags = np.array(flags, bool)
    again = np.zeros(len(flags), bool)
    for first, last in runs(flags):
        assert first <= last
        assert first == 0 or not flags[first - 1]
        again[first : last + 1] = True
    np.testing.assert_array_equal(again, flags)


def test_blinks_are_rejected_and_findings_are_not() -> None:
    rejected = rejected_closures([BLINK, SPASM])
    assert [(movement.kind, movement.onset_s) for movement in rejected] == [("blink", 2.0)]
    assert rejected[0].regions == ("right upper-eyelid", "left upper-eyelid")
    assert rejected_closures([replace(BLINK, sides=())])[0].regions == ("upper-eyelid",)


def test_every_closure_covers_its_frames_and_a_margin() -> None:
    time_s = np.arange(300) / 30
    covered = closure_frames([BLINK, SPASM], time_s, FeatureSettings())
    assert covered[(time_s >= 2.0) & (time_s < 2.2)].all()
    assert covered[(time_s >= 5.0) & (time_s < 6.0)].all()
    assert covered.sum() < 30 * (0.2 + 1.0 + 3 * 0.16 + 0.6) + 2
    assert covered[(time_s >= 6.0) & (time_s < 6.5)].all()  # pressed lids settle
    assert not covered[(time_s >= 2.4) & (time_s < 4.8)].any()
    assert not closure_frames([], time_s, FeatureSettings()).any()


def wide_at(count: int, first: int, last: int) -> np.ndarray:
    return (np.arange(count) >= first) & (np.arange(count) <= last)


def test_wide_movement_of_a_face_is_expression_or_the_head() -> None:
    signals = film(duration_s=4)
    wide = wide_at(120, 50, 60)
    still = rejected_wide(wide, signals, face(signals))
    camera = signals.camera.copy()
    camera[55:, 0, 2] += 9.0
    camera += 0.02 * np.random.default_rng(1).standard_normal(camera.shape) * np.array([0, 0, 1.0])
    jolted = rejected_wide(wide, replace(signals, camera=camera), face(signals))
    assert [movement.kind for movement in still] == ["expression"]
    assert [movement.kind for movement in jolted] == ["head-motion"]
    assert jolted[0].peak_s == signals.time_s[55]
    assert (still[0].onset_s, still[0].offset_s) == (signals.time_s[50], signals.time_s[60])
    assert still[0].regions == ("right cheek", "left cheek")


def test_wide_movement_of_a_limb_is_the_camera() -> None:
    signals = film(duration_s=4)
    rejected = rejected_wide(wide_at(120, 50, 60), signals, limb(signals))
    assert [movement.kind for movement in rejected] == ["camera-motion"]
    assert all(movement.kind in REJECTED_KINDS for movement in rejected)


def test_the_first_frames_are_no_movement_and_a_clip_that_moves_throughout_is() -> None:
    """The noise model has no frames before the first: a still portrait began with an expression."""
    signals = film(duration_s=4)
    assert rejected_wide(wide_at(120, 0, 8), signals, face(signals)) == []
    assert len(rejected_wide(wide_at(120, 0, 40), signals, face(signals))) == 1
    assert len(rejected_wide(wide_at(120, 6, 14), signals, face(signals))) == 1


def test_no_wide_movement_no_rejection() -> None:
    signals = film(duration_s=4)
    assert rejected_wide(np.zeros(120, bool), signals, face(signals)) == []


def test_camera_steps_are_in_their_own_widths() -> None:
    signals = film(duration_s=4)
    assert not camera_steps(signals).any()
    camera = signals.camera.copy()
    camera[:, 0, 2] += np.random.default_rng(1).standard_normal(120)
    small = camera_steps(replace(signals, camera=camera))
    large = camera_steps(replace(signals, camera=camera * np.array([1, 1, 10.0])))
    np.testing.assert_allclose(small, large, rtol=1e-6)
    assert 0.5 < np.median(small) < 1.0


def moved_camera(size_px: float, turn_s: float, from_s: float = 5.0, to_s: float = 6.0) -> FloatArray:
    """(T,) way of a camera or a head that goes and comes back."""
    time_s = np.arange(480) / 30
    return size_px * (np.clip((time_s - from_s) / turn_s, 0, 1) - np.clip((time_s - to_s) / turn_s, 0, 1))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999), st.floats(0.01, 0.5))
def test_sway_is_no_movement_of_the_whole(seed: int, size_px: float) -> None:
    signals = film(duration_s=16)
    camera = signals.camera.copy()
    camera[:, :, 2] += size_px * np.sin(2 * np.pi * 0.4 * signals.time_s + seed)[:, None]
    assert whole_movements(replace(signals, camera=camera), face(signals)) == []


@pytest.mark.parametrize("turn_s", [0.05, 0.4])
def test_a_jolt_and_a_nod_are_the_heads_unless_the_background_goes_along(turn_s: float) -> None:
    signals = film(duration_s=16)
    way = moved_camera(8.0, turn_s)
    camera = signals.camera.copy()
    camera[:, 1, 2] += way
    moved = replace(signals, camera=camera)
    kinds = {one.kind for one in whole_movements(moved, face(moved))}
    assert kinds == {"head-motion"}
    behind = face(moved, background_px=np.stack([0 * way, way], 1))
    assert {one.kind for one in whole_movements(moved, behind)} == {"camera-motion"}
    unknown = face(moved, background_px=np.full((len(way), 2), np.nan))
    assert {one.kind for one in whole_movements(moved, unknown)} == {"head-motion"}
    assert {one.kind for one in whole_movements(moved, limb(moved))} == {"camera-motion"}
    assert whole_movements(moved, behind)[0].onset_s == pytest.approx(5.0, abs=0.4)
