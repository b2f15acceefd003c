"""The spectrum of the busiest site: what a rhythm shows, and what chance does not."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lombscargle

from vision.model.events import EventSet, Site
from vision.model.features import SiteSpectrum
from vision.model.signals import MotionSignals
from vision.twitch.spectrum import (
    SLOWEST_HZ,
    alias_hz,
    busiest_peak_hz,
    false_alarm_p,
    lomb_scargle,
    site_course,
    site_spectra,
)


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
        covered=np.zeros((frames, points), bool),
        structure=np.tile(np.eye(2) * 100.0, (points, 1, 1)), camera=np.tile(np.eye(2, 3), (frames, 1, 1)),
        luma_gain=np.ones(frames), sharpness=np.ones(frames), is_keyframe=np.zeros(frames, bool), scale_px=200.0,
        spacing_px=6.0, reference_index=0,
    )  # fmt: skip


def spectral_peak_hz(events: EventSet, signals: MotionSignals) -> float | None:
    return busiest_peak_hz(events, site_spectra(events, signals))


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


def one(events: EventSet, signals: MotionSignals) -> SiteSpectrum:
    (spectrum,) = site_spectra(events, signals)
    return spectrum


def test_false_alarm_is_that_of_astropy_for_white_noise_and_errs_on_the_safe_side() -> None:
    timeseries = importlib.import_module("astropy.timeseries")
    rng = np.random.default_rng(5)
    time_s = np.cumsum(rng.uniform(0.025, 0.045, 900))
    noise = rng.normal(0, 1, 900)
    span_s, fastest_hz = time_s[-1] - time_s[0], 12.0
    frequency_hz = np.arange(1 / (4 * span_s), fastest_hz, 1 / (4 * span_s))
    theirs = timeseries.LombScargle(time_s, noise, dy=1.0, fit_mean=False, normalization="psd")
    ours = lombscargle(time_s, noise - noise.mean(), 2 * np.pi * frequency_hz)
    np.testing.assert_allclose(theirs.power(frequency_hz, method="slow"), ours, rtol=1e-6)
    for height in (7.0, 9.0, 12.0):
        found = false_alarm_p(height, len(frequency_hz))
        independent = timeseries.LombScargle(time_s, noise, dy=1.0, normalization="psd").false_alarm_probability(
            height, method="naive", maximum_frequency=fastest_hz, samples_per_peak=1
        )
        bound = theirs.false_alarm_probability(height, method="baluev", maximum_frequency=fastest_hz)
        assert independent < found < 6 * independent  # four frequencies for each independent one
        assert bound / 3 < found < 3 * bound


def test_false_alarms_of_noise_keep_to_their_probability() -> None:
    time_s = np.arange(600) / 30
    ps = [one(events_of(time_s), signals_of(time_s, 0 * time_s, seed=seed)).false_alarm_p for seed in range(60)]
    assert sum(p is not None and p < 0.05 for p in ps) <= 8  # 3 expected; 99.5 % of a binomial


def test_the_lowest_of_the_harmonics_is_given() -> None:
    time_s = np.arange(900) / 30
    pulses = ((time_s * 2.0) % 1.0 < 0.15).astype(float)
    found = one(events_of(time_s), signals_of(time_s, pulses))
    assert found.peak_hz == pytest.approx(2.0, abs=0.05)
    assert found.resolution_hz == pytest.approx(1 / 30, rel=0.01)
    assert found.searched_hz == pytest.approx((1.0, 12.0), abs=0.05)


def test_lamps_and_keyframes_are_marked() -> None:
    time_s = np.arange(900) / 30
    lamp = one(events_of(time_s), signals_of(time_s, 0.3 * np.sin(2 * np.pi * 10.0 * time_s)))
    assert lamp.marks == ("alias of 100 Hz light", "alias of 200 Hz light")
    keyed = replace(signals_of(time_s, 0.3 * np.sin(2 * np.pi * 3.0 * time_s)), is_keyframe=np.arange(900) % 30 == 0)
    assert one(events_of(time_s), keyed).marks == ("keyframes, harmonic 3",)
    beside = replace(keyed, displacement_px=signals_of(time_s, 0.3 * np.sin(2 * np.pi * 3.4 * time_s)).displacement_px)
    assert one(events_of(time_s), beside).marks == ()


def test_aliases_fold_at_half_the_rate() -> None:
    assert alias_hz(100.0, 24.0) == pytest.approx(4.0)
    assert alias_hz(100.0, 30.0) == pytest.approx(10.0)
    assert alias_hz(120.0, 25.0) == pytest.approx(5.0)
    assert alias_hz(100.0, 60.0) == pytest.approx(20.0)


def test_each_site_has_its_own_spectrum() -> None:
    time_s = np.arange(900) / 30
    events = events_of(time_s)
    second = replace(events.sites[0], id=2, x_px=5.0, y_px=5.0, footprint_sigma_px=3.0)
    found = site_spectra(replace(events, sites=(*events.sites, second)), signals_of(time_s, np.sin(30 * time_s)))
    assert [spectrum.site for spectrum in found] == [1, 2]
    assert found[0].peak_hz == pytest.approx(30 / (2 * np.pi), abs=0.05)


@pytest.mark.parametrize(("frames", "count"), [(60, 7), (900, 640), (5000, 1201)])
def test_the_periodogram_is_scipys_on_any_times(frames: int, count: int) -> None:
    """Two small sets of waves make what SciPy makes of one large one, whose memory grows with the square of a clip."""
    rng = np.random.default_rng(frames)
    time_s = np.cumsum(rng.uniform(0.01, 0.06, frames))
    course = rng.standard_normal(frames) + np.sin(2 * np.pi * 3.3 * time_s)
    course -= course.mean()
    step_hz = 0.21 / time_s[-1]
    frequency_hz = SLOWEST_HZ + step_hz * np.arange(count)
    expected = lombscargle(time_s, course, 2 * np.pi * frequency_hz)
    np.testing.assert_allclose(lomb_scargle(time_s, course, step_hz, count), expected, atol=1e-9 * expected.max())
