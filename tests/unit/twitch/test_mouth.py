"""Talking and smiling are told from a mouth that twitches on one side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import Planted, face, film, findings, found, limb
from vision.model.arrays import FloatArray
from vision.model.events import RejectedMovement
from vision.settings import FeatureSettings
from vision.twitch.artefacts import movement_frames
from vision.twitch.mouth import mouth_movements

SIGNALS = film(duration_s=20)
TIME_S = SIGNALS.time_s
REST = np.array([0.16, 0.27, 0.27])
UNSEEN = np.full((len(TIME_S), 2), np.nan)  # the skin of the corners
TALK = np.where((TIME_S > 6) & (TIME_S < 9), np.sin(np.pi * 4 * TIME_S) ** 2, 0.0)  # four syllables a second
HELD = ((TIME_S > 6) & (TIME_S < 8)).astype(float)


def movements(course: FloatArray, way: tuple[float, float, float]) -> tuple[RejectedMovement, ...]:
    """Move the mouth of a face by (T,) `course` along `way`: height, right corner, left corner, in iod."""
    return mouth_movements(face(SIGNALS, mouth_iod=REST + course[:, None] * np.array(way)), FeatureSettings(), UNSEEN)


@given(st.floats(0.04, 0.2), st.floats(-0.02, 0.02))
def test_talk_of_any_size_is_one_span_of_speech(gap: float, corners: float) -> None:
    (talk,) = movements(TALK, (gap, corners, corners))
    assert talk.kind == "speech"
    assert talk.onset_s == pytest.approx(6, abs=0.4)
    assert talk.offset_s == pytest.approx(9, abs=0.4)


@given(st.floats(0.0, 0.2), st.sampled_from([0, 1]))
def test_a_mouth_that_is_pulled_to_one_side_does_not_talk(pull: float, side: int) -> None:
    way = (0.3 * pull, pull, 0.0) if side == 0 else (0.3 * pull, 0.0, pull)
    assert movements(TALK, way) == ()
    assert movements(HELD, way) == ()


@given(st.integers(0, 2**16))
def test_the_jitter_of_landmarks_at_rest_says_nothing(seed: int) -> None:
    jitter = 0.004 * np.random.default_rng(seed).standard_normal((len(TIME_S), 3)).clip(-3.5, 3.5)
    assert mouth_movements(face(SIGNALS, mouth_iod=REST + jitter), FeatureSettings(), UNSEEN) == ()


def test_a_smile_and_a_yawn_are_expressions() -> None:
    assert [one.kind for one in movements(HELD, (0.0, 0.05, 0.05))] == ["expression"]
    assert [one.kind for one in movements(HELD, (0.2, -0.01, -0.01))] == ["expression"]


def test_an_open_mouth_is_not_a_moving_one() -> None:
    assert movements(np.ones(len(TIME_S)), (0.15, 0.0, 0.0)) == ()


def test_what_is_not_seen_says_nothing() -> None:
    nowhere = np.full((len(TIME_S), 3), np.nan)
    assert mouth_movements(face(SIGNALS, mouth_iod=nowhere), FeatureSettings(), UNSEEN) == ()
    assert mouth_movements(limb(SIGNALS), FeatureSettings(), UNSEEN) == ()
    half = REST + TALK[:, None] * np.array([0.1, 0.0, 0.0])
    half[TIME_S > 5] = np.nan
    assert mouth_movements(face(SIGNALS, mouth_iod=half), FeatureSettings(), UNSEEN) == ()


def test_a_chin_that_moves_in_talk_does_not_twitch() -> None:
    syllables = [Planted(6.1 + 0.25 * step, amplitude_px=1.0) for step in range(11)]
    signals = film(syllables, duration_s=20)
    assert len(found(signals).events) >= 8
    talk = face(signals, mouth_iod=REST + TALK[:, None] * np.array([0.1, 0.0, 0.0]))
    events = found(signals, talk)
    assert events.events == ()
    assert "speech" in {movement.kind for movement in events.rejected}
    assert events.observed_s == pytest.approx(20 - 3, abs=0.8)


def test_who_talks_all_the_time_has_a_result_that_says_so() -> None:
    """A signed sentence of 2.6 s ended in a crash: no frame was left to learn the noise from."""
    talk = 0.1 * np.sin(np.pi * 4 * TIME_S) ** 2
    told = findings(SIGNALS, face(SIGNALS, mouth_iod=REST + talk[:, None] * np.array([1.0, 0.0, 0.0])))
    assert told.events.events == ()
    assert {movement.kind for movement in told.events.rejected} == {"speech"}
    assert told.events.observed_s < 1.5
    assert told.limits_px == {}


def test_frames_of_a_movement_are_those_between_its_ends() -> None:
    one = RejectedMovement("speech", 1.0, 1.5, 2.0, ("chin",))
    time_s = np.array([0.9, 1.0, 1.7, 2.0, 2.1])
    np.testing.assert_array_equal(movement_frames((one,), time_s), [0, 1, 1, 1, 0])
    np.testing.assert_array_equal(movement_frames((one,), time_s, margin_s=0.1), [1, 1, 1, 1, 1])


def test_who_talks_aloud_is_heard_when_the_lips_part_by_less() -> None:
    aloud = np.where((TIME_S > 2) & (TIME_S < 4), np.sin(np.pi * 4 * TIME_S) ** 2, 0.0)
    quiet = np.where((TIME_S > 12) & (TIME_S < 14), np.sin(np.pi * 4 * TIME_S) ** 2, 0.0)
    assert movements(0.015 * quiet, (1.0, 0.0, 0.0)) == ()
    first, second = movements(0.05 * aloud + 0.015 * quiet, (1.0, 0.0, 0.0))
    assert (first.kind, second.kind) == ("speech", "speech")
    assert second.onset_s == pytest.approx(12.0, abs=0.3)


@pytest.mark.parametrize(
    ("right_px", "left_px", "smiles"), [(1.5, 1.4, True), (-1.5, -1.4, True), (3.0, 0.0, False), (1.5, -1.5, False)]
)
def test_a_smile_that_landmarks_hide_is_told_by_the_skin_of_both_corners(
    right_px: float, left_px: float, smiles: bool
) -> None:
    """Accident: of five smiles the mouth's outline showed two; the cheeks of the others twitched 48 times."""
    tremble = 0.05 * np.random.default_rng(1).standard_normal((len(TIME_S), 2))
    corners_px = HELD[:, None] * np.array([right_px, left_px]) + tremble
    track = face(SIGNALS, mouth_iod=np.tile(REST, (len(TIME_S), 1)))
    found = mouth_movements(track, FeatureSettings(), corners_px)
    assert [one.kind for one in found] == ["expression"] * smiles
    for one in found:
        assert (one.onset_s, one.offset_s) == (pytest.approx(6, abs=0.4), pytest.approx(8, abs=0.4))
