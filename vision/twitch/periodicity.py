"""Does one beat run through a train? Its autocorrelation and Z², each against chance behind the same dead time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import uniform_filter1d

from vision.model.arrays import FloatArray
from vision.model.events import EventSet
from vision.model.features import Periodicity
from vision.settings import FeatureSettings
from vision.twitch.trains import Train, chance_trains, tail_p

BINS_PER_FRAME = 2  # onsets lie between frames at best to half a frame
BLUR_BINS = 7  # lags closer than three frames are one: both onsets are known to a frame
NYQUIST_SHARE = 0.8  # of half the frame rate: above it, frame timing decides
FEWEST_CYCLES = 3  # in the longest train, of the slowest frequency; fewer are a trend
BLOCK_BINS = 4_000_000  # numbers held at once: 32 MB


def measure_periodicity(
    trains: tuple[Train, ...], events: EventSet, settings: FeatureSettings, seed: int
) -> Periodicity | None:
    """Look for a beat in the onsets of the busiest site.

    Returns
    -------
    None below ``rhythm_event_count`` onsets, or where the clip is too short for the slowest beat. Z² with two
    harmonics (Buccheri et al. 1983, A&A 128, 245; with one it is Rayleigh's), summed over the trains that gaps part,
    is searched from ``slowest_beat_hz`` to 80 % of the Nyquist frequency; the autocorrelation up to one over
    ``slowest_beat_hz``. Both p hold the largest value against the largest value of each surrogate, so that all
    frequencies and lags searched are counted.
    """
    own = _busiest(trains)
    if sum(len(train.onset_s) for train in own) < settings.rhythm_event_count:
        return None
    generator = np.random.default_rng([seed, 5])
    drawn = chance_trains(own, events, settings.surrogate_count, generator)
    steps = [np.concatenate([train.interval_s[None], rows]) for train, rows in zip(own, drawn, strict=True)]
    bin_s = events.frame_interval_s / BINS_PER_FRAME
    longest_s = max(float(rows[0].sum()) for rows in steps)
    lag_bins = np.arange(int(np.ceil(events.dead_time_s / bin_s)) + 1, int(1 / (settings.slowest_beat_hz * bin_s)) + 1)
    if not len(lag_bins):
        return None
    span_bins = int(np.ceil(max(float(rows.sum(1).max()) for rows in steps) / bin_s)) + 1
    # Twice the train, so that the correlation does not wrap; a train may be shorter than the slowest beat.
    width = next_fast_len(2 * max(span_bins, int(lag_bins[-1]) + BLUR_BINS), real=True)
    frequency_hz = np.arange(width // 4) / (width * bin_s)  # twice of each lies on the grid
    searched = (frequency_hz >= max(settings.slowest_beat_hz, FEWEST_CYCLES / longest_s)) & (
        frequency_hz <= NYQUIST_SHARE * 0.5 / events.frame_interval_s
    )
    if not searched.any():
        return None
    count = sum(len(train.onset_s) for train in own)
    z2, followed = _profiles(steps, bin_s, width, np.flatnonzero(searched), lag_bins)
    return _against_chance(z2 * 2 / count, frequency_hz[searched], followed, lag_bins * bin_s, count, generator)


def _busiest(trains: tuple[Train, ...]) -> tuple[Train, ...]:
    """Pick the trains of the site with most onsets that hold an interval at all."""
    sizes: dict[int, int] = {}
    for train in trains:
        sizes[train.site] = sizes.get(train.site, 0) + len(train.onset_s)
    busiest = max(sorted(sizes), key=lambda site: sizes[site], default=None)
    return tuple(train for train in trains if train.site == busiest and len(train.onset_s) > 1)


def _profiles(
    steps_s: Sequence[FloatArray],
    bin_s: float,
    width: int,
    searched: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
    lag_bins: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
) -> tuple[FloatArray, FloatArray]:
    """Power at each frequency and its double (S, F), and pairs of onsets at each lag (S, L), rows in blocks."""
    powers, pairs = [], []
    rows = len(steps_s[0])
    for first in range(0, rows, max(1, BLOCK_BINS // width)):
        block = slice(first, first + max(1, BLOCK_BINS // width))
        of_trains = [np.abs(rfft(_binned(steps[block], bin_s, width), axis=1)) ** 2 for steps in steps_s]
        power = np.sum(of_trains, axis=0)
        powers.append(power[:, searched] + power[:, 2 * searched])
        pairs.append(_smoothed(irfft(power, width, axis=1)[:, : lag_bins[-1] + BLUR_BINS])[:, lag_bins])
    return np.concatenate(powers), np.concatenate(pairs)


def _binned(steps_s: FloatArray, bin_s: float, width: int) -> FloatArray:
    """Count onsets in bins: (S, width), from the first onset on."""
    at = np.concatenate([np.zeros((len(steps_s), 1)), np.cumsum(steps_s, axis=1)], axis=1)
    index = np.minimum((at / bin_s + 1e-6).astype(np.intp), width - 1) + width * np.arange(len(steps_s))[:, None]
    return np.bincount(index.ravel(), minlength=width * len(steps_s)).reshape(len(steps_s), width).astype(float)


def _smoothed(pairs: FloatArray) -> FloatArray:
    """Add up neighbouring lags; onsets paired with themselves, at lag zero, left out."""
    pairs[:, 0] = 0.0
    return np.asarray(uniform_filter1d(pairs, BLUR_BINS, axis=1, mode="constant") * BLUR_BINS)


def _against_chance(
    z2: FloatArray, frequency_hz: FloatArray, followed: FloatArray, lag_s: FloatArray, count: int,
    generator: np.random.Generator,
) -> Periodicity:  # fmt: skip
    """Compare the first row, the measured one, with all others."""
    expected = followed.mean(axis=0)  # the measured train among the others: all are held against the same
    excess = (followed - expected) / np.sqrt(expected + 1.0)  # Poisson counts: their variance is their mean
    lag, top = int(np.argmax(excess[0])), int(np.argmax(z2[0]))
    return Periodicity(
        event_count=count,
        autocorrelation=float(followed[0, lag] / max(float(expected[lag]), 1.0 / len(followed))),
        lag_s=float(lag_s[lag]),
        autocorrelation_p=tail_p(float(excess[0, lag]), excess[1:].max(axis=1), generator, larger=True),
        z2=float(z2[0, top]),
        z2_hz=float(frequency_hz[top]),
        z2_p=tail_p(float(z2[0, top]), z2[1:].max(axis=1), generator, larger=True),
    )
