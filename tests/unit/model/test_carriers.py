"""Carriers refuse what does not fit together, and cannot be changed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import builders
from tests.unit.twitch.motion_builders import face, film
from vision.errors import ShapeError, TwitchscopeError
from vision.model.arrays import require_increasing, require_shape
from vision.model.clip import Frame
from vision.model.events import REJECTED_KINDS
from vision.model.features import PATTERN_LABELS, PATTERNS
from vision.model.regions import REGION_NAMES, VIEWS, region_label
from vision.model.result import ResultDocument
from vision.model.signals import PointTracks

SIGNALS = film(duration_s=1)
TRACK = face(SIGNALS)


@given(st.lists(st.integers(0, 4), max_size=4), st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=4))
def test_shapes_fit_or_are_refused(have, want) -> None:
    fits = len(have) == len(want) and all(w is None or h == w for h, w in zip(have, want, strict=True))
    if fits:
        require_shape("values", np.zeros(have), tuple(want))
    else:
        with pytest.raises(ShapeError, match="values has shape"):
            require_shape("values", np.zeros(have), tuple(want))


@pytest.mark.parametrize("times", [[0.0, 0.0], [1.0, 0.5], [0.0, np.nan], [0.0, np.inf]])
def test_time_goes_forward(times: list[float]) -> None:
    with pytest.raises(ShapeError, match="time_s is not strictly increasing"):
        require_increasing("time_s", np.array(times))


def test_no_times_and_one_time_are_in_order() -> None:
    require_increasing("time_s", np.array([]))
    require_increasing("time_s", np.array([3.0]))


ARRAYS = ("point_px", "region_of_point", "displacement_px", "noise_px", "valid", "structure", "camera", "luma_gain",
          "sharpness", "is_keyframe")  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_signals_that_do_not_fit_are_refused(name: str) -> None:
    with pytest.raises(ShapeError):
        replace(SIGNALS, **{name: getattr(SIGNALS, name)[..., :-1]})


def test_signals_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        SIGNALS.spacing_px = 3.0  # type: ignore[misc]


@pytest.mark.parametrize(
    "name",
    [
        "outline_px",
        "seen",
        "scale_px",
        "skin_rgb",
        "eye_aperture",
        "eye_outline_px",
        "head_pose_deg",
        "gaze",
        "background_px",
        "mouth_iod",
    ],
)
def test_regions_that_do_not_fit_are_refused(name: str) -> None:
    with pytest.raises(ShapeError):
        replace(TRACK, **{name: getattr(TRACK, name)[:-1]})


def tracks() -> PointTracks:
    return PointTracks(
        time_s=np.arange(3.0), point_px=np.zeros((4, 2)), position_px=np.zeros((3, 4, 2)),
        residual_luma=np.zeros((3, 4)),
        luma_ratio=np.ones((3, 4)), structure=np.zeros((4, 2, 2)), luma_gain=np.ones(3), sharpness=np.ones(3),
        is_keyframe=np.zeros(3, bool), reference_index=0, spacing_px=7.0,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["time_s", "position_px", "residual_luma", "luma_ratio", "structure", "is_keyframe"])
def test_tracks_that_do_not_fit_are_refused(name: str) -> None:
    with pytest.raises(ShapeError):
        replace(tracks(), **{name: getattr(tracks(), name)[:-1]})


@pytest.mark.parametrize(
    "changes", [{"luma": np.zeros((3, 3, 3), np.uint8)}, {"time_s": -0.1}, {"rgb_small": np.zeros((3, 3), np.uint8)}]
)
def test_frames_that_cannot_be_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ShapeError):
        Frame(**{"index": 0, "time_s": 0.0, "luma": np.zeros((3, 3), np.uint8), "is_keyframe": True, **changes})


@pytest.mark.parametrize("changes", [{"peak_s": 0.5}, {"peak_s": 9.0}, {"offset_s": 1.0}, {"onset_s": np.nan}])
def test_an_event_peaks_within_itself(changes: dict[str, float]) -> None:
    site = builders.make_site(1, "cheek", "left", 10, 10)
    with pytest.raises(ShapeError, match="peaks outside of itself"):
        replace(builders.make_event(1, 2.0, site), **changes)


def test_carriers_with_arrays_are_the_same_only_as_themselves() -> None:
    assert film(duration_s=1) != SIGNALS
    assert face(SIGNALS) != TRACK  # a bool, not an array that asks to be reduced
    assert len({SIGNALS, SIGNALS}) == 1


def test_regions_are_said_as_people_do() -> None:
    assert region_label("lower-eyelid", "right") == "right lower-eyelid"
    assert region_label("chin", "midline") == "chin"
    assert region_label("skin", None) == "skin"


def test_the_words_of_the_architecture() -> None:
    assert set(PATTERN_LABELS) == {*PATTERNS, "indeterminate"}
    assert VIEWS == ("face", "eye", "skin")
    assert len(REGION_NAMES) == 11
    assert len(REJECTED_KINDS) == 14


def test_a_result_survives_writing_and_reading() -> None:
    document = builders.focal_result().document
    assert ResultDocument.model_validate_json(document.model_dump_json()) == document


def test_every_error_says_what_was_found_expected_and_advised_in_one_line() -> None:
    error = TwitchscopeError("found\nthis", "that", "try  this")
    assert str(error) == "found this; expected that; try this"
    assert str(TwitchscopeError("found")) == "found"
