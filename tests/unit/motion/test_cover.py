"""What comes over the skin is told from the skin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import PointTracks
from vision.motion.cover import covered_points

FRAMES, SIDE = 90, 24
POINT_PX = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).reshape(-1, 2) * 6.0
TIME_S = np.arange(FRAMES) / 30


def tracks(luma_ratio: FloatArray, residual_luma: FloatArray) -> PointTracks:
    points = len(POINT_PX)
    return PointTracks(
        time_s=TIME_S, point_px=POINT_PX, position_px=np.broadcast_to(POINT_PX, (FRAMES, points, 2)),
        residual_luma=residual_luma, luma_ratio=luma_ratio, structure=np.broadcast_to(np.eye(2), (points, 2, 2)),
        luma_gain=np.ones(FRAMES), sharpness=np.ones(FRAMES), is_keyframe=np.zeros(FRAMES, bool), reference_index=0,
        spacing_px=6.0,
    )  # fmt: skip


def noisy(seed: int) -> tuple[FloatArray, FloatArray]:
    random = np.random.default_rng(seed)
    shape = (FRAMES, len(POINT_PX))
    return 1 + 0.001 * random.standard_normal(shape), 1 + 0.1 * np.abs(random.standard_normal(shape))


def under_a_strand(width_px: float = 6.0) -> BoolArray:
    """(T, N) a line that goes from left to right in the middle second of the film."""
    across = (TIME_S - 1.0)[:, None] * SIDE * 6.0
    return np.asarray((np.abs(POINT_PX[:, 0] - across) < width_px) & ((TIME_S > 1) & (TIME_S < 2))[:, None])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.floats(0.4, 2.5), st.floats(1.0, 6.0))
def test_light_and_blur_that_all_points_share_cover_nothing(seed: int, gain: float, blur: float) -> None:
    light, residual = noisy(seed)
    light[40:], residual[40:60] = gain * light[40:], blur * residual[40:60]
    assert not covered_points(tracks(light, residual)).any()


@pytest.mark.parametrize(("darkness", "mismatch"), [(0.06, 2.0), (0.012, 5.0)])
def test_a_strand_covers_where_it_lies_and_little_else(darkness: float, mismatch: float) -> None:
    light, residual = noisy(1)
    strand = under_a_strand()
    found = covered_points(tracks(light * (1 - darkness * strand), residual * np.where(strand, mismatch, 1.0)))
    assert found[strand].mean() > 0.95
    assert not found[(TIME_S < 0.85) | (TIME_S > 2.15)].any()
    assert found.sum() < 4 * strand.sum()


def test_the_edge_of_a_shadow_covers_and_its_middle_does_not() -> None:
    light, residual = noisy(2)
    away = np.abs(POINT_PX[:, 0] - (TIME_S - 1.0)[:, None] * 60.0)
    inside = np.clip(0.5 + (24.0 - away) / 8.0, 0, 1)
    found = covered_points(tracks(light * (1 - 0.2 * inside), residual))
    edge = (inside > 0.3) & (inside < 0.7)
    deep = away < 3.0
    assert found[edge].mean() > 0.9
    assert found[deep].mean() < 0.1


def test_skin_that_is_shaded_by_its_own_movement_is_not_covered() -> None:
    light, residual = noisy(3)
    near = np.hypot(*(POINT_PX - 40.0).T) < 12
    light[50:60, near] *= 0.98
    assert not covered_points(tracks(light, residual)).any()


def test_frames_in_which_nothing_was_seen_cover_nothing() -> None:
    light, residual = noisy(4)
    light[20:30], residual[20:30] = np.nan, np.nan
    assert not covered_points(tracks(light, residual)).any()
    light[:], residual[:] = np.nan, np.nan
    assert not covered_points(tracks(light, residual)).any()
