"""Known displacements are recovered, whatever the light does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.motion.pictures import (
    HEIGHT,
    SETTINGS,
    SIGMA_PX,
    WIDTH,
    another,
    around_middle,
    bump,
    footprint,
    inner,
    moved_by,
    nowhere,
    picture,
    reference,
)
from vision.motion.derivative import slopes_of
from vision.motion.register import Registration, register

IDENTITY = np.eye(2, 3)


def registered(luma: np.ndarray, guess: np.ndarray = IDENTITY) -> Registration:
    return register(luma, reference(), guess, SETTINGS)


def displacement(found: Registration) -> np.ndarray:
    return found.position_px - reference().cells.centre_px


def height_of(found: Registration) -> np.ndarray:
    """(2,) least-squares amplitude of the footprint in the middle of the picture."""
    share = footprint(*reference().cells.centre_px.T)
    return share @ displacement(found) / (share @ share)


def test_the_reference_itself_does_not_move() -> None:
    found = registered(picture())
    assert np.abs(displacement(found)).max() < 0.01
    assert found.gain == pytest.approx(1.0, abs=0.01)
    assert found.sharpness == pytest.approx(1.0, abs=0.01)
    assert found.residual_luma.max() < 0.5


@pytest.mark.parametrize("size_px", [0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("direction_rad", [0.4, -2.0])
def test_translation(size_px: float, direction_rad: float) -> None:
    way = size_px * np.array([np.cos(direction_rad), np.sin(direction_rad)])
    found = displacement(registered(picture(moved_by(np.column_stack([np.eye(2), way])))))[inner()]
    np.testing.assert_allclose(np.median(found, axis=0), way, atol=0.055)
    assert np.abs(found - way).max() < 0.1


@settings(max_examples=25, deadline=None)
@given(st.floats(-4, 4), st.floats(-4, 4))
def test_any_translation_to_a_hundredth_of_a_pixel(x_px: float, y_px: float) -> None:
    way = np.array([x_px, y_px])
    found = displacement(registered(picture(moved_by(np.column_stack([np.eye(2), way])))))[inner()]
    np.testing.assert_allclose(np.median(found, axis=0), way, atol=0.01)


@pytest.mark.parametrize(("turn_rad", "scale"), [(0.01, 1.0), (-0.03, 1.0), (0.0, 1.02), (0.02, 0.98)])
def test_rotation_and_scale(turn_rad: float, scale: float) -> None:
    matrix = around_middle(turn_rad, scale)
    found = registered(picture(moved_by(matrix)))
    centre = reference().cells.centre_px
    expected = centre @ matrix[:, :2].T + matrix[:, 2] - centre
    error = (displacement(found) - expected)[inner()]
    assert np.hypot(*error.T).mean() < 0.05
    np.testing.assert_allclose(found.affine[:, :2], matrix[:, :2], atol=0.003)


@pytest.mark.parametrize("amplitude_px", [0.1, 0.3, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("direction_rad", [0.0, -1.2, 2.5])
def test_a_local_twitch_is_measured_at_its_full_size(amplitude_px: float, direction_rad: float) -> None:
    height = height_of(registered(picture(bump(amplitude_px, direction_rad))))
    way = np.array([np.cos(direction_rad), np.sin(direction_rad)])
    assert height @ way / amplitude_px == pytest.approx(1.0, abs=0.05)
    assert abs(height[0] * -way[1] + height[1] * way[0]) < 0.02 + 0.03 * amplitude_px


def test_only_the_footprint_moves() -> None:
    found = displacement(registered(picture(bump(1.0, 0.3))))
    far = footprint(*reference().cells.centre_px.T) < 0.01
    assert np.abs(found[far & inner()]).max() < 0.08


def test_a_twitch_is_found_under_a_known_shift_of_the_camera() -> None:
    shift = np.column_stack([np.eye(2), [9.0, -6.0]])

    def both(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        dx, dy = bump(1.0, 0.5)(x, y)
        return dx + 9.0, dy - 6.0

    still, moved = (registered(picture(move), shift) for move in (moved_by(shift), both))
    way = np.array([np.cos(0.5), np.sin(0.5)])
    assert (height_of(moved) - height_of(still)) @ way == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("gain", [0.6, 0.8, 0.95, 1.1, 1.4])
def test_brightness_changes_nothing(gain: float) -> None:
    found = registered(picture(bump(1.0, 0.5), gain=gain))
    np.testing.assert_allclose(height_of(found), height_of(registered(picture(bump(1.0, 0.5)))), atol=0.02)
    assert found.gain == pytest.approx(gain, abs=0.01)


@pytest.mark.parametrize("slope", [np.array([0.25, 0.0]), np.array([-0.1, 0.2])])
def test_a_shadow_across_the_picture_changes_little(slope: np.ndarray) -> None:
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, WIDTH), np.linspace(-0.5, 0.5, HEIGHT))
    found = registered(picture(bump(1.0, 0.5), gain=1 + slope[0] * x + slope[1] * y))
    np.testing.assert_allclose(height_of(found), height_of(registered(picture(bump(1.0, 0.5)))), atol=0.03)


def test_noise_stays_near_the_bound_of_its_texture() -> None:
    """Cramer-Rao: variance of the noise times the inverse of the structure, here for uncorrelated grey levels."""
    found = displacement(registered(picture(noise_sd=2.0)))[inner()]
    exact = make_plain_structure()[inner()]
    bound = 2.0 * np.sqrt(np.diagonal(np.linalg.inv(exact), axis1=1, axis2=2))
    ratio = np.sqrt(np.mean((found / bound) ** 2))
    assert 0.6 < ratio < 1.5


def make_plain_structure() -> np.ndarray:
    """Structure of the cells from the picture's own gradients, without smoothing or prior."""
    side = SETTINGS.cell_px
    patches = np.s_[: int(HEIGHT // side * side), : int(WIDTH // side * side)]
    gx, gy = (slope[patches] for slope in slopes_of(picture().astype(np.float32)))
    xx, xy, yy = (block_sums(product, int(side)) for product in (gx * gx, gx * gy, gy * gy))
    return np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2)


def block_sums(layer: np.ndarray, side: int) -> np.ndarray:
    rows, columns = layer.shape[0] // side, layer.shape[1] // side
    return layer.reshape(rows, side, columns, side).sum((1, 3)).ravel()


def test_another_picture_does_not_fit() -> None:
    assert np.median(registered(another()).residual_luma) > SETTINGS.lost_luma
    same = registered(picture(nowhere, noise_sd=2.0))
    assert np.median(same.residual_luma) < 3.0


def test_a_blurred_picture_is_less_sharp() -> None:
    blurred = np.mean([np.roll(picture().astype(float), shift, 1) for shift in range(-3, 4)], axis=0)
    assert registered(blurred.astype(np.uint8)).sharpness < 0.8


def test_the_reference_footprint_is_the_one_of_the_architecture() -> None:
    assert SIGMA_PX == 16.0
    assert SETTINGS.cell_px == pytest.approx(0.4 * SIGMA_PX, abs=1.0)
