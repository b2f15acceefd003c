"""Derivatives, and the difference between a frame and the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.motion.pictures import SETTINGS, inner, light_at, moved_by, picture, reference
from vision.motion.derivative import bends_of, slopes_of, twists_of
from vision.motion.level import compare, solve, without_own_light
from vision.motion.reference import make_reference, smoothed

IDENTITY = np.eye(2, 3)
Y, X = np.mgrid[:60, :70].astype(np.float64)
MIDDLE = np.s_[4:-4, 4:-4]


def wave(wx: float, wy: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    turn = wx * X + wy * Y
    return np.cos(turn).astype(np.float32), np.cos(turn), np.sin(turn)


@pytest.mark.parametrize("length_px", [6.0, 10.0, 30.0])
@pytest.mark.parametrize("angle", [0.0, 0.7, 2.0])
def test_derivatives_of_a_wave(length_px: float, angle: float) -> None:
    wx, wy = 2 * np.pi / length_px * np.array([np.cos(angle), np.sin(angle)])
    picture, cos, sin = wave(wx, wy)
    largest = 2 * np.pi / length_px
    for found, expected in zip(slopes_of(picture), (-wx * sin, -wy * sin), strict=True):
        np.testing.assert_allclose(found[MIDDLE], expected[MIDDLE], atol=0.02 * largest)
    for found, expected in zip(bends_of(picture), (-wx * wx * cos, -wx * wy * cos, -wy * wy * cos), strict=True):
        np.testing.assert_allclose(found[MIDDLE], expected[MIDDLE], atol=0.02 * largest**2)
    for found, expected in zip(twists_of(picture), (wx**3 * sin, wy**3 * sin), strict=True):
        np.testing.assert_allclose(found[MIDDLE], expected[MIDDLE], atol=0.12 * largest**3)


def test_a_gradient_is_in_grey_levels_a_full_pixel_at_every_reduction() -> None:
    gx, gy = slopes_of((3 * X - 2 * Y).astype(np.float32), 4)
    np.testing.assert_allclose(gx[MIDDLE], 3 / 4, atol=1e-4)
    np.testing.assert_allclose(gy[MIDDLE], -2 / 4, atol=1e-4)


def test_the_reference_does_not_differ_from_itself() -> None:
    own = reference()
    for level, picture_ in zip(own.levels[:1], [own.smooth], strict=True):
        found = compare(picture_, level, own.cells, IDENTITY, np.zeros((len(own.structure), 2)))
        assert np.abs(found.score).max() < 1e-2
        assert found.residual_luma.max() < 1e-3
        np.testing.assert_allclose(found.ratio, 1, atol=1e-6)


def test_brightness_explains_no_score() -> None:
    own = reference()
    still = np.zeros((len(own.structure), 2))
    found = compare(own.smooth * np.float32(1.3), own.levels[0], own.cells, IDENTITY, still)
    assert np.abs(found.score).max() < 0.05
    np.testing.assert_allclose(found.ratio, 1.3, rtol=1e-4)


def test_the_place_that_was_looked_at_is_told() -> None:
    """OpenCV rounds places to 1/32 px: the step that comes back is the one that was taken."""
    own = reference()
    asked = np.full((len(own.structure), 2), 0.01)
    found = compare(own.smooth, own.levels[0], own.cells, IDENTITY, asked)
    np.testing.assert_allclose(found.step_px * 32, np.round(found.step_px * 32), atol=1e-3)
    assert np.abs(found.step_px - asked).max() <= 1 / 64 + 1e-6


def test_brightness_that_a_movement_made_is_given_back() -> None:
    """A slope of brightness moves with the skin; the ratio takes it for light until the step is known."""

    def shaded(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (110 + 0.25 * (light_at(x, y) - 120)) * (0.4 + x / 180)

    own = reference()
    height, width = own.smooth.shape
    y, x = np.mgrid[:height, :width].astype(float)
    lit = smoothed(np.asarray(shaded(x, y), np.float32), SETTINGS.presmooth_px)
    sloped = make_reference(lit, own.weight, own.window, own.cells, SETTINGS)
    near = np.exp(-0.5 * ((x - width / 2) ** 2 + (y - height / 2) ** 2) / 16**2)
    seen = smoothed(np.asarray(shaded(x - 0.2 * near, y), np.float32), SETTINGS.presmooth_px)
    level, still = sloped.levels[0], np.zeros((len(sloped.structure), 2))
    found = compare(seen, level, sloped.cells, IDENTITY, still)
    column, row = own.cells.centre_px.T
    truth = 0.2 * np.exp(-0.5 * ((column - width / 2) ** 2 + (row - height / 2) ** 2) / 16**2)
    step = np.stack([truth, np.zeros_like(truth)], 1)
    expected = np.einsum("cij,cj->ci", level.cross, step)
    before = np.abs(found.score - expected)[inner()].mean()
    after = np.abs(without_own_light(found, level, sloped.cells, step) - expected)[inner()].mean()
    assert after < 0.5 * before


@given(st.floats(1, 50), st.floats(1, 50), st.floats(-0.9, 0.9), st.floats(-9, 9), st.floats(-9, 9))
def test_systems_of_two_are_solved(xx: float, yy: float, share: float, x: float, y: float) -> None:
    xy = share * np.sqrt(xx * yy)
    matrix = np.array([[xx, xy], [xy, yy]])
    found = solve(*(matrix[index][None] for index in np.ndindex(2, 2)), (matrix @ [x, y])[None])
    np.testing.assert_allclose(found, [[x, y]], atol=1e-6)


def test_a_shift_moves_the_score_by_the_structure() -> None:
    own = reference()
    shift = np.array([0.05, -0.03])
    seen = smoothed(picture(moved_by(np.column_stack([np.eye(2), shift]))), SETTINGS.presmooth_px)
    found = compare(seen, own.levels[0], own.cells, IDENTITY, np.zeros((len(own.structure), 2)))
    total = np.linalg.solve(own.levels[0].structure[inner()].sum(0), found.score[inner()].sum(0))
    np.testing.assert_allclose(total, shift, atol=0.004)
