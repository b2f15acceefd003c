from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.dsp import distance_to_polygon, points_in_polygon
from vision.errors import ShapeError
from vision.locate.assign import region_of_points
from vision.model.regions import RegionTrack

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
BESIDE = SQUARE + np.array([20, 0])
coordinate = st.floats(-30, 30).filter(lambda value: min(abs(value), abs(value - 10)) > 1e-6)


@given(coordinate, coordinate, st.booleans())
def test_inside_a_square_is_what_everyone_thinks(x, y, is_reversed):
    polygon = SQUARE[::-1] if is_reversed else np.vstack([SQUARE, SQUARE[-1:]])
    assert points_in_polygon(np.array([[x, y]]), polygon)[0] == (0 < x < 10 and 0 < y < 10)


@given(coordinate, coordinate)
def test_distance_to_a_square_is_that_to_its_nearest_side(x, y):
    outside = np.hypot(max(-x, 0, x - 10), max(-y, 0, y - 10))
    inside = min(x, 10 - x, y, 10 - y)
    expected = inside if inside > 0 else outside
    assert distance_to_polygon(np.array([[x, y]]), SQUARE)[0] == pytest.approx(expected)


def track(outlines, scale_px=100.0, seen=True):
    regions = len(outlines)
    return RegionTrack(
        view="face",
        time_s=np.array([0.0]),
        names=("cheek",) * regions,
        sides=("left",) * regions,
        outline_px=np.array([outlines], float),
        seen=np.full((1, regions), seen),
        scale_px=np.array([scale_px]),
        skin_rgb=np.full((1, regions, 3), np.nan),
        eye_aperture=np.full((1, 2), np.nan),
        eye_outline_px=np.full((1, 2, 4, 2), np.nan),
        head_pose_deg=np.full((1, 3), np.nan),
        gaze=np.full((1, 2, 2), np.nan),
        background_px=np.full((1, 2), np.nan),
        mouth_iod=np.full((1, 3), np.nan),
    )


POINTS = np.array([[5, 5], [25, 5], [14, 5], [60, 5], [31, 5]], float)


def test_points_go_to_the_region_that_holds_them_or_the_nearest_within_reach():
    regions = track([SQUARE, BESIDE])
    assert region_of_points(regions, 0, POINTS).tolist() == [0, 1, 0, -1, 1]


def test_without_a_scale_only_the_inside_counts():
    regions = track([SQUARE, BESIDE], scale_px=float("nan"))
    assert region_of_points(regions, 0, POINTS).tolist() == [0, 1, -1, -1, -1]


def test_a_region_out_of_view_holds_nothing():
    assert region_of_points(track([SQUARE], seen=False), 0, POINTS).tolist() == [-1] * 5


def test_where_two_regions_overlap_the_first_counts():
    assert region_of_points(track([SQUARE, SQUARE]), 0, POINTS[:1]).tolist() == [0]


def test_points_of_another_shape_are_refused():
    with pytest.raises(ShapeError):
        region_of_points(track([SQUARE]), 0, np.zeros((3, 3)))
