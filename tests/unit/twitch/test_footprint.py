"""Footprints fitted to displacement, and what one point alone shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import NOISE_PX, SIGMA_PX, STRUCTURE, Planted, face, film, grid, local_motion
from vision.model.arrays import FloatArray
from vision.model.signals import MotionSignals
from vision.settings import Settings
from vision.twitch import localise
from vision.twitch.find import find_twitches
from vision.twitch.footprint import fit_footprint, height_without_best_points

POINTS = grid()
SIGMAS_PX = (SIGMA_PX,)
PLACES = st.floats(-20.0, 20.0)
TELLING = st.floats(1.0, 1e4)  # how much more the one point tells than the others


def structure_with(point: int, telling: float) -> FloatArray:
    """(N, 2, 2) information, the same everywhere but at one point."""
    return np.eye(2) * STRUCTURE * np.where(np.arange(len(POINTS)) == point, telling, 1.0)[:, None, None]


@given(PLACES, PLACES, st.floats(0.05, 5.0), st.integers(0, len(POINTS) - 1), TELLING, st.integers(1, 2))
def test_all_points_of_a_footprint_agree_on_its_height(x_px, y_px, height_px, point, telling, left_out) -> None:
    twitch = Planted(0.0, x_px, y_px, height_px)
    field = local_motion(np.array([twitch.peak_s]), POINTS, [twitch])[0]
    structure = structure_with(point, telling)
    found = fit_footprint(POINTS, structure, field, np.array([x_px, y_px]), SIGMAS_PX)
    # the centre is found to 0.2 of its width; a point at the rim that tells most then sees it a little low
    assert height_without_best_points(found, POINTS, structure, field, left_out) > 0.75


@given(st.integers(0, len(POINTS) - 1), st.floats(0.05, 5.0), st.floats(-np.pi, np.pi), TELLING)
def test_what_one_point_does_is_seen_by_no_other(point: int, height_px: float, way_rad: float, telling: float) -> None:
    field = np.zeros_like(POINTS)
    field[point] = height_px * np.array([np.cos(way_rad), np.sin(way_rad)])
    structure = structure_with(point, telling)
    found = fit_footprint(POINTS, structure, field, POINTS[point] + 1.0, SIGMAS_PX)
    assume(found.explained > 0)
    assert height_without_best_points(found, POINTS, structure, field) == pytest.approx(0.0, abs=1e-6)


@given(st.integers(0, len(POINTS) - 1), st.floats(0.05, 5.0), st.floats(-np.pi, np.pi))
def test_what_two_points_do_at_once_is_seen_by_no_third(point: int, height_px: float, way_rad: float) -> None:
    field, beside = np.zeros_like(POINTS), np.argsort(np.hypot(*(POINTS - POINTS[point]).T), kind="stable")[:2]
    field[beside] = height_px * np.array([np.cos(way_rad), np.sin(way_rad)])
    structure = structure_with(point, 1.0)
    found = fit_footprint(POINTS, structure, field, POINTS[point] + 1.0, SIGMAS_PX)
    assert height_without_best_points(found, POINTS, structure, field, 2) == pytest.approx(0.0, abs=1e-6)


def flashes() -> MotionSignals:
    """Skin at rest but for four glossy points side by side, each of which jumps once and comes back."""
    quiet = film(duration_s=16, noise_px=NOISE_PX)
    points = np.argsort(np.hypot(*POINTS.T), kind="stable")[:4]
    moved, structure = quiet.displacement_px.copy(), quiet.structure.copy()
    for point, onset_s in zip(points, (2.0, 5.5, 8.0, 12.5), strict=True):
        structure[point] *= 50
        jump = local_motion(quiet.time_s, np.zeros((1, 2)), [Planted(onset_s, amplitude_px=0.9)])[:, 0]
        moved[:, point] = moved[:, point] / np.sqrt(50) + jump
    return replace(quiet, displacement_px=moved, structure=structure)


def test_points_that_jump_one_by_one_make_no_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real skin at rest, each of its points shifted in time: 29 false twitches in 3 minutes."""
    signals = flashes()
    assert find_twitches(signals, face(signals), Settings()).events.events == ()
    monkeypatch.setattr(localise, "LEAST_BESIDE", -np.inf)
    assert len(find_twitches(signals, face(signals), Settings()).events.events) >= 3


def test_two_points_that_jump_at_once_make_no_lone_twitch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real skin at rest, each of its points shifted in time: seven lone movements in 22 minutes, by chance."""
    quiet = film(duration_s=16, noise_px=NOISE_PX)
    points = np.argsort(np.hypot(*POINTS.T), kind="stable")[:2]
    moved, structure = quiet.displacement_px.copy(), quiet.structure.copy()
    structure[points] *= 20
    jump = local_motion(quiet.time_s, np.zeros((1, 2)), [Planted(6.0, amplitude_px=1.5)])
    moved[:, points] = moved[:, points] / np.sqrt(20) + jump
    signals = replace(quiet, displacement_px=moved, structure=structure)
    assert find_twitches(signals, face(signals), Settings()).events.events == ()
    monkeypatch.setattr(localise, "LONE_BESIDE", -np.inf)
    assert len(find_twitches(signals, face(signals), Settings()).events.events) == 1
