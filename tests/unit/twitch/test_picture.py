"""What a picture does by itself is named: crossings, steps of the exposure, a lens that hunts, redrawing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import face, film, limb
from vision.model.signals import MotionSignals
from vision.twitch.light import light_of
from vision.twitch.picture import crossing, picture_changes

SIGNALS = film(duration_s=16)
TIME_S = SIGNALS.time_s
OPEN = np.zeros(len(TIME_S), bool)
FROM_5_TO_6 = (TIME_S > 5) & (TIME_S < 6)


def changes(signals: MotionSignals, shut: np.ndarray = OPEN) -> list[tuple[str, float, float]]:
    found = picture_changes(signals, face(signals), light_of(signals), shut)
    return [(one.kind, one.onset_s, one.offset_s) for one in found]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999), st.floats(0.5, 2.0))
def test_a_steady_picture_does_nothing(seed: int, gain: float) -> None:
    random = np.random.default_rng(seed)
    light = gain * (1 + 0.003 * random.standard_normal(len(TIME_S)))
    sharp = gain**2 * (1 + 0.01 * random.standard_normal(len(TIME_S)))
    assert changes(replace(SIGNALS, luma_gain=light, sharpness=sharp)) == []


def test_a_step_of_the_exposure_takes_no_sharpness_away() -> None:
    light = np.where(TIME_S > 7, 0.8, 1.0)
    ((kind, onset_s, offset_s),) = changes(replace(SIGNALS, luma_gain=light, sharpness=light**2))
    assert kind == "exposure"
    assert 6.8 < onset_s < 7.05 < offset_s < 7.3


def test_a_lens_that_hunts_blurs_and_a_lid_that_closes_does_not() -> None:
    blurred = replace(SIGNALS, sharpness=np.where(FROM_5_TO_6, 0.6, 1.0))
    ((kind, onset_s, offset_s),) = changes(blurred)
    assert (kind, round(onset_s), round(offset_s)) == ("focus", 5, 6)
    assert changes(blurred, shut=FROM_5_TO_6) == []


def test_what_moves_fast_is_blurred_by_itself() -> None:
    camera = SIGNALS.camera.copy()
    camera[:, 0, 2] = np.where(FROM_5_TO_6, 20.0 * np.sin(9.0 * TIME_S), 0.0)
    sharp = np.where(np.abs(np.diff(camera[:, 0, 2], prepend=0)) > 2, 0.6, 1.0)
    assert changes(replace(SIGNALS, camera=camera, sharpness=sharp)) == []


def test_a_crossing_is_named_with_what_it_covers() -> None:
    covered = np.zeros(SIGNALS.valid.shape, bool)
    covered[np.ix_(FROM_5_TO_6, SIGNALS.point_px[:, 0] > 30)] = True
    signals = replace(SIGNALS, covered=covered)
    (found,) = picture_changes(signals, face(signals), light_of(signals), OPEN)
    assert (found.kind, found.regions) == ("occlusion", ("left cheek",))
    lids = replace(face(signals), names=("upper-eyelid", "upper-eyelid"))
    assert not crossing(signals, lids, FROM_5_TO_6).any()  # the lid came down by itself
    np.testing.assert_array_equal(crossing(signals, lids, OPEN), covered)
    np.testing.assert_array_equal(crossing(signals, face(signals), FROM_5_TO_6), covered)


def test_a_keyframe_is_named_where_the_picture_jumps_at_it() -> None:
    keyframes = np.arange(len(TIME_S)) % 60 == 0
    assert changes(film(keyframes=keyframes)) == []
    jumps = np.where(np.cumsum(keyframes) % 2, 1.0, 0.0)[:, None, None] * np.ones((1, SIGNALS.valid.shape[1], 2))
    found = changes(film(keyframes=keyframes, extra_px=jumps))
    assert [kind for kind, _, _ in found] == ["keyframe"] * 7
    assert [onset_s for _, onset_s, _ in found] == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]


def test_a_film_whose_light_is_not_known_has_no_steps() -> None:
    dark = replace(SIGNALS, luma_gain=np.full(len(TIME_S), np.nan), sharpness=np.full(len(TIME_S), np.nan))
    assert picture_changes(dark, limb(dark), light_of(dark), OPEN) == []
