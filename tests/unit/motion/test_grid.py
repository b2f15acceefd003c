"""Windows and cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tests.unit.motion.pictures import HEIGHT, SETTINGS, WIDTH, picture
from vision.errors import NothingToMeasureError
from vision.motion.grid import FEWEST_CELLS, Cells, Window, cell_side_px, lay_cells, window_for
from vision.settings import DetectionSettings


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400), st.floats(1.0, 6.0), st.floats(-50, 900), st.floats(-50, 900))
def test_places_survive_the_way_into_the_window_and_back(x, y, reduction, place_x, place_y) -> None:
    window = Window(x, y, 600, 600, reduction)
    native = np.array([[place_x, place_y]])
    working = (native - np.array([x, y]) + 0.5) / reduction - 0.5
    np.testing.assert_allclose(window.to_native(working), native, atol=1e-9)


def test_a_spot_is_where_the_window_says() -> None:
    luma = np.zeros((300, 400), np.uint8)
    luma[120:124, 200:204] = 200  # centre (201.5, 121.5)
    window = Window(40, 20, 320, 240, 4.0)
    small = window.cut(luma).astype(float)
    y, x = np.mgrid[: small.shape[0], : small.shape[1]]
    spot = np.array([[(x * small).sum(), (y * small).sum()]]) / small.sum()
    np.testing.assert_allclose(window.to_native(spot), [[201.5, 121.5]], atol=0.01)


def test_without_reduction_the_cut_is_the_picture() -> None:
    luma = picture()
    np.testing.assert_array_equal(Window(5, 7, 50, 40, 1.0).cut(luma), luma[7:47, 5:55])


def test_the_window_holds_the_area_and_stays_in_the_picture() -> None:
    area = np.zeros((900, 1200), bool)
    area[300:700, 200:800] = True
    window = window_for(area, 250.0, SETTINGS)
    assert window.x_px <= 200
    assert window.y_px <= 300
    assert 800 <= window.x_px + window.width_px <= 1200
    assert 700 <= window.y_px + window.height_px <= 900


def test_large_pictures_are_reduced_and_small_ones_are_not() -> None:
    assert window_for(np.ones((2160, 3840), bool), None, SETTINGS).reduction == 3840 / SETTINGS.working_side_px
    assert window_for(np.ones((480, 640), bool), None, SETTINGS).reduction == 1.0
    assert window_for(np.ones((1920, 1080), bool), 700.0, SETTINGS).reduction > 1.2


def test_no_area_is_refused() -> None:
    with pytest.raises(NothingToMeasureError, match="no skin to track"):
        window_for(np.zeros((50, 50), bool), None, SETTINGS)


def test_too_small_an_area_is_refused() -> None:
    weight = np.zeros((100, 100), np.float32)
    weight[:30, :30] = 1
    with pytest.raises(NothingToMeasureError, match=f"at least {FEWEST_CELLS}"):
        lay_cells(weight, 7)


def test_cells_without_skin_are_left_out() -> None:
    weight = np.ones((HEIGHT, WIDTH), np.float32)
    weight[:, : WIDTH // 2] = 0
    cells = lay_cells(weight, 7)
    assert cells.centre_px[:, 0].min() > WIDTH // 2 - 7
    assert cells.keep.sum() == len(cells.centre_px)


def test_cells_cover_a_fraction_of_the_footprint() -> None:
    window, weight = Window(0, 0, 600, 600, 2.0), np.ones((300, 300), np.float32)
    assert cell_side_px(weight, window, 300.0, SETTINGS) == round(0.03 * 300 / 2)
    assert cell_side_px(weight, window, None, SETTINGS) == 7
    assert cell_side_px(weight, window, 40.0, SETTINGS) == 4  # never smaller


@given(st.integers(40, 960), st.integers(40, 960))
def test_cells_of_skin_grow_with_it_and_not_with_the_picture(high_px: int, wide_px: int) -> None:
    weight = np.zeros((1000, 1000), np.float32)
    weight[20 : 20 + high_px, 15 : 15 + wide_px] = 0.6
    side = cell_side_px(weight, Window(0, 0, 2000, 2000, 2.0), None, SETTINGS)
    longer_px = max(high_px, wide_px)
    smallest_footprint_px = DetectionSettings().footprint_sigma_side[0] * longer_px
    if longer_px <= 640:
        assert side == 7
    else:
        assert 0.54 * smallest_footprint_px < side < 0.64 * smallest_footprint_px


def test_cells_spread_and_blur() -> None:
    random = np.random.default_rng(1)
    cells = Cells(3, 14, 15, random.random((14, 15)) > 0.3)
    values = np.arange(1.0, cells.keep.sum() + 1)
    lattice = cells.spread(values)
    np.testing.assert_array_equal(lattice[cells.keep], values)
    assert not lattice[~cells.keep].any()
    wide = cells.blurred(np.stack([values, np.ones_like(values)], 1), 1.5)
    expected = ndimage.gaussian_filter(lattice, 1.5, mode="constant", truncate=3.3)[cells.keep]
    np.testing.assert_allclose(wide[:, 0], expected, rtol=0.02)
    assert (wide[:, 1] <= 1.0).all()
