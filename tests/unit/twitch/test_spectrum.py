"""The spectrum of the busiest site: what a rhythm shows, and what chance does not."""

from __future__ import annotations

import numpy as np
import pytest

from vision.model.events import EventSet, Site
from vision.model.signals import MotionSignals
from vision.twitch.spectrum import site_course, spectral_peak_hz


def signals_of(time_s: np.ndarray, course: np.ndarray, noise_px: float = 0.05, seed: int = 1) -> MotionSignals:
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(0, 60, 6.0), np.arange(0, 60, 6.0)), -1).reshape(-1, 2)
    share = np.exp(-0.5 * ((grid - 30.0) ** 2).sum(1) / 12.0**2)
    moved = rng.normal(0, noise_px, (len(time_s), len(grid), 2))
    moved[..., 1] += course[:, None] * share
    frames, points = moved.shape[:2]
    return MotionSignals(
        time_s=time_s, point_px=grid, region_of_point=np.zeros(points, int), displacement_px=moved,
        noise_px=np.full((1, points), noise_px), valid=np.ones((frames, points), bool),
        structure=np.tile(np.eye(2) * 100.0, (points, 1, 1)), camera=np.tile(np.eye(2, 3), (frames, 1, 1)),
        luma_gain=np.ones(frames), sharpness=np.ones(frames), is_keyframe=np.zeros(frames, bool), scale_px=200.0,
        spacing_px=6.0, reference_index=0,
    )  # fmt: skip


def events_of(time_s: np.ndarray, direction_rad: float = np.pi / 2) -> EventSet:
    site = Site(1, "cheek", "left", 30.0, 30.0, 5, direction_rad=direction_rad, footprint_sigma_px=12.0)
    span = float(time_s[-1] - time_s[0])
    interval = float(np.median(np.diff(time_s)))
    return EventSet((), (), (site,), (), (), span, ((0.0, span),), interval, 0.1)


@pytest.mark.parametrize("rate_hz", [2.3, 5.0, 7.9])
def test_a_rhythm_is_read_on_uneven_timestamps(rate_hz: float) -> None:
    rng = np.random.default_rng(3)
    time_s = np.cumsum(rng.uniform(0.025, 0.045, 900))
    found = spectral_peak_hz(events_of(time_s), signals_of(time_s, 0.3 * np.sin(2 * np.pi * rate_hz * time_s)))
    assert found == pytest.approx(rate_hz, abs=0.05)


def test_noise_alone_seldom_shows_a_peak() -> None:
    time_s = np.arange(600) / 30
    found = [spectral_peak_hz(events_of(time_s), signals_of(time_s, 0 * time_s, seed=seed)) for seed in range(40)]
    assert sum(peak is not None for peak in found) <= 3  # 0.4 expected at a false-alarm probability of 0.01


def test_a_slope_of_the_spectrum_is_no_peak() -> None:
    time_s = np.arange(900) / 30
    drifts = [np.cumsum(np.random.default_rng(seed).normal(0, 0.02, 900)) for seed in range(20)]
    found = [spectral_peak_hz(events_of(time_s), signals_of(time_s, drift)) for drift in drifts]
    assert sum(peak is not None for peak in found) <= 4


def test_nothing_to_read_is_none() -> None:
    time_s = np.arange(60) / 30
    no_site = EventSet((), (), (), (), (), 2.0, ((0.0, 2.0),), 1 / 30, 0.1)
    assert spectral_peak_hz(no_site, signals_of(time_s, 0 * time_s)) is None
    assert spectral_peak_hz(events_of(time_s), signals_of(time_s, np.sin(30 * time_s))) is None  # too short


def test_the_course_is_the_displacement_at_the_centre() -> None:
    time_s = np.arange(300) / 30
    wanted = 0.5 * np.sin(2 * np.pi * 3 * time_s)
    _, course = site_course(events_of(time_s).sites[0], signals_of(time_s, wanted, noise_px=0.0))
    np.testing.assert_allclose(course, wanted, atol=1e-6)
