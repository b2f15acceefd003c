from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.locate.mesh import EYE_MODEL_ORDER, OUTLINE_CORNERS, REGIONS, RIGHT_EYE, eye_aperture, outline_index


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
