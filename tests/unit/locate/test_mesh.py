from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.locate.mesh import (
    EYE_MODEL_ORDER,
    LANDMARK_COUNT,
    OUTLINE_CORNERS,
    REGIONS,
    RIGHT_EYE,
    eye_aperture,
    gaze,
    mouth_iod,
    outline_index,
)


def ring(opening, width=30.0):
    """An eye as a lens of 16 corners in the order of RIGHT_EYE."""
    x = np.linspace(0, width, 9)
    half = opening * width / 2 * np.sin(np.linspace(0, np.pi, 9))
    return np.concatenate([np.column_stack([x, half]), np.column_stack([x, -half])[7:0:-1]])


@given(st.floats(0, 1), st.floats(-180, 180), st.floats(0.1, 50))
def test_aperture_does_not_depend_on_place_turn_or_size(opening, turn_deg, size):
    turn = np.radians(turn_deg)
    matrix = size * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = ring(opening) @ matrix.T + (100, -7)
    assert eye_aperture(moved) == pytest.approx(eye_aperture(ring(opening)), abs=1e-9)


def test_aperture_grows_with_the_opening_and_is_zero_for_a_closed_eye():
    assert eye_aperture(ring(0.0)) == 0.0
    assert eye_aperture(ring(0.4)) == pytest.approx(2 * eye_aperture(ring(0.2)))


def test_an_eye_without_width_has_no_aperture():
    assert np.isnan(eye_aperture(np.zeros((16, 2))))


def test_every_outline_has_the_same_number_of_corners():
    assert outline_index().shape == (len(REGIONS), OUTLINE_CORNERS)
    assert max(len(corners) for _, _, corners in REGIONS) <= OUTLINE_CORNERS


def test_every_side_has_the_same_regions():
    names = {side: [name for name, where, _ in REGIONS if where == side] for side in ("right", "left")}
    assert names["right"] == names["left"]


def test_eye_model_order_holds_each_corner_of_the_eye_once():
    assert len(EYE_MODEL_ORDER) == len(set(EYE_MODEL_ORDER)) == 71
    assert set(RIGHT_EYE) <= set(EYE_MODEL_ORDER)


def mouth(height=30.0, right=55.0, left=55.0):
    """A mesh of which only eyes, nose and mouth have a place; the eyes are 200 px apart."""
    points = np.zeros((LANDMARK_COUNT, 2))
    points[33], points[263], points[2] = (-100, -80), (100, -80), (0, 0)
    points[0], points[17], points[61], points[291] = (0, 30), (0, 30 + height), (-right, 45), (left, 45)
    return points


@given(st.floats(-5, 60), st.floats(20, 90), st.floats(20, 90), st.floats(-180, 180), st.floats(0.1, 9))
def test_a_mouth_is_measured_in_the_faces_own_axes(height, right, left, turn_deg, size):
    turn = np.radians(turn_deg)
    matrix = size * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = mouth(height, right, left) @ matrix.T + (300, 40)
    assert mouth_iod(moved) == pytest.approx([height / 200, right / 200, left / 200], abs=1e-9)


def test_a_face_without_width_has_no_mouth():
    assert np.isnan(mouth_iod(np.zeros((LANDMARK_COUNT, 3)))).all()


@given(st.floats(-0.4, 0.4), st.floats(-0.3, 0.3), st.floats(-180, 180), st.floats(0.1, 50))
def test_gaze_does_not_depend_on_place_turn_or_size(x, y, turn_deg, size):
    turn = np.radians(turn_deg)
    matrix = size * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    iris = np.array([15.0 + 30 * x, 30 * y])
    assert gaze(ring(0.3) @ matrix.T + (100, -7), matrix @ iris + (100, -7), outer_on_left=True) == pytest.approx(
        [x, y], abs=1e-9
    )
    mirrored = ring(0.3) * (-1, 1)  # the other eye: its outer corner lies on the picture's right
    assert gaze(mirrored, iris * (-1, 1), outer_on_left=False) == pytest.approx([-x, y], abs=1e-9)


def test_an_eye_without_width_looks_nowhere():
    assert np.isnan(gaze(np.zeros((16, 2)), np.zeros(2), outer_on_left=True)).all()
