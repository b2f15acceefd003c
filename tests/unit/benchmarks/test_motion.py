"""The benchmark's own yardstick: pictures that move as they say, and the bound of a window."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.body import head, nothing
from benchmarks.drift import Film
from benchmarks.motion import AMPLITUDE_PX, PULSE_S, _along, _gains, pulses
from benchmarks.scenes import ROUNDING_VARIANCE, Scene, bound_px, filmed

HEIGHT, WIDTH = 60, 80
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(float)


def wavy() -> Scene:
    light = 120 + 20 * np.sin(2 * np.pi * X / 11) + 15 * np.cos(2 * np.pi * Y / 8)
    return Scene("waves", light, np.ones((HEIGHT, WIDTH), bool), None, 16.0)


def test_a_scene_moves_by_what_it_is_told() -> None:
    shift = np.stack([np.full_like(X, 0.37), np.full_like(Y, -1.2)])
    expected = 120 + 20 * np.sin(2 * np.pi * (X - 0.37) / 11) + 15 * np.cos(2 * np.pi * (Y + 1.2) / 8)
    inner = np.s_[8:-8, 8:-8]
    np.testing.assert_allclose(wavy().moved(shift)[inner], expected[inner], atol=0.02)


def test_the_bound_is_that_of_a_wave() -> None:
    """Over whole periods the sum of squared slopes of a sin(kx) is a² k² / 2 a pixel."""
    scene = wavy()
    side, centre = 44, np.array([[29.5, 29.5]])
    found = bound_px(scene, centre, side, 2.0)[0]
    slope = 20 * 2 * np.pi / 11
    assert found[0] == pytest.approx(np.sqrt((4 + ROUNDING_VARIANCE) / (side**2 * slope**2 / 2)), rel=0.02)


def test_the_best_estimate_of_one_wave_reaches_the_bound() -> None:
    scene, rng = wavy(), np.random.default_rng(1)
    patch = np.s_[8:52, 8:52]
    gx, gy = (slope[patch].ravel() for slope in scene.slopes())
    basis = np.stack([-gx, -gy], 1)
    films = [filmed(scene.light, 2.0, rng)[patch].ravel() - scene.light[patch].ravel() for _ in range(400)]
    found = np.array([np.linalg.lstsq(basis, film, rcond=None)[0] for film in films])
    np.testing.assert_allclose(found.std(0), bound_px(scene, np.array([[29.5, 29.5]]), 44, 2.0)[0], rtol=0.15)


def test_gains_are_those_of_the_pulses() -> None:
    shown = pulses()
    assert {(pulse.amplitude_px, pulse.length_s) for pulse in shown} == {(a, t) for a in AMPLITUDE_PX for t in PULSE_S}
    assert all(0 <= pulse.size_px <= pulse.amplitude_px for pulse in shown)
    truth = np.random.default_rng(2).standard_normal((9, 2))
    sizes = np.array([pulse.size_px for pulse in shown])
    seen = 0.9 * sizes[:, None, None] * truth
    seen[:, 3] = np.nan  # a cell that the method does not measure
    np.testing.assert_allclose(_gains(_along(seen, truth), shown), 0.9)


def test_a_head_at_rest_does_not_move_and_a_nose_goes_farther_than_the_cheek() -> None:
    x, y = np.array([0.0, 100.0]), np.array([30.0, 30.0])
    turn = head("turn", 3.0, 0.25, 200.0)
    np.testing.assert_allclose(turn(x, y, 0.0), nothing(x, y, 0.0), atol=1e-9)
    nose, cheek = turn(x, y, 1.0)[0]
    assert abs(nose) > abs(cheek) > 1.0


def test_the_drifting_film_starts_at_rest_and_moves_as_it_says() -> None:
    film = Film()
    np.testing.assert_allclose(film.place_px(np.array([0.0, 0.5, 1.0])), 0)
    assert np.ptp(film.place_px(np.arange(0, 60, 0.5)), axis=0).min() > 2
