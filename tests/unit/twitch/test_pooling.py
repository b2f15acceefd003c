"""Pooling points into places: signed vectors, each point by its share and its texture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.twitch.motion_builders import NOISE_PX, SIGMA_PX, SPACING_PX, STRUCTURE, Planted, film, grid
from vision.errors import ShapeError
from vision.twitch.pooling import PlaceMotion, footprint, lay_places, pool

CENTRE = np.array([[0.0, 0.0]])


def test_places_cover_the_points_without_crowding() -> None:
    places = lay_places(grid(), SIGMA_PX)
    apart = np.hypot(*(grid()[:, None] - places[None]).transpose(2, 0, 1)).min(1)
    assert apart.max() < 0.75 * SIGMA_PX
    assert len(places) == len(np.unique(places, axis=0))


def test_the_footprint_is_one_at_its_centre_and_ends() -> None:
    share = footprint(np.array([[0.0, 0.0], [SIGMA_PX, 0.0], [3 * SIGMA_PX, 0.0]]), CENTRE, SIGMA_PX)
    np.testing.assert_allclose(share[:, 0], [1.0, np.exp(-0.5), 0.0])


def test_a_twitch_of_the_footprint_is_pooled_to_its_height() -> None:
    signals = film([Planted(2.0, amplitude_px=1.0)], noise_px=0.0, duration_s=4)
    motion = pool(signals, signals.displacement_px, CENTRE, SIGMA_PX)
    peak = np.hypot(*motion.displacement_px[:, 0].T).max()
    assert peak == pytest.approx(1.0, abs=0.06)  # frames seldom meet the peak itself
    flow = motion.displacement_px[61, 0]
    assert np.arctan2(flow[1], flow[0]) == pytest.approx(-1.2, abs=1e-3)


def test_noise_averages_out_as_the_footprint_says() -> None:
    signals = film(seed=3)
    motion = pool(signals, signals.displacement_px, CENTRE, SIGMA_PX)
    expected = NOISE_PX / np.sqrt(np.pi * SIGMA_PX**2 / SPACING_PX**2)
    assert motion.displacement_px.std() == pytest.approx(expected, rel=0.1)


def test_opposite_motions_cancel_before_any_magnitude() -> None:
    signals = film(noise_px=0.0, duration_s=2)
    sign = np.where(np.arange(len(grid())) % 2 == 0, 1.0, -1.0)
    moved = np.broadcast_to(sign[None, :, None], signals.displacement_px.shape)
    assert np.abs(pool(signals, moved, CENTRE, SIGMA_PX).displacement_px).max() < 0.05


def test_points_with_more_texture_count_more() -> None:
    signals = film(noise_px=0.0, duration_s=2)
    strong = grid()[:, 0] > 0
    structure = signals.structure * np.where(strong, 9.0, 1.0)[:, None, None]
    moved = np.broadcast_to(np.where(strong, 1.0, 0.0)[None, :, None], signals.displacement_px.shape)
    pooled = pool(replace(signals, structure=structure), moved, CENTRE, SIGMA_PX).displacement_px
    plain = pool(signals, moved, CENTRE, SIGMA_PX).displacement_px
    assert pooled.mean() > 1.4 * plain.mean()


def test_an_edge_says_nothing_along_itself() -> None:
    signals = film(noise_px=0.0, duration_s=2)
    edge = np.broadcast_to(np.diag([1.0, 1e-4]) * STRUCTURE, signals.structure.shape)
    bound = pool(replace(signals, structure=edge), signals.displacement_px, CENTRE, SIGMA_PX).bound_px[0]
    assert bound[1] == pytest.approx(100 * bound[0])


def test_places_that_hang_over_the_edge_are_left_out() -> None:
    signals = film(noise_px=0.0, duration_s=2)
    places = np.vstack([CENTRE, [[20.0, 10.0]], [[300.0, 0.0]]])
    assert len(pool(signals, signals.displacement_px, places, SIGMA_PX).centre_px) == 2


def test_shapes_that_do_not_fit_are_our_own_defect() -> None:
    with pytest.raises(ShapeError, match="bound_px"):
        PlaceMotion(CENTRE, 1.0, np.zeros((5, 1, 2)), np.zeros((2, 2)))
