"""Bursts: events that come in groups, with pauses between.

The method is the histogram of the logarithm of the intervals with its void parameter (Selinger et al. 2007,
doi:10.1016/j.jneumeth.2006.12.003; Pasquale et al. 2010, doi:10.1007/s10827-009-0175-1): where bursts exist the
intervals are of two kinds, and the deepest point of the valley between the two peaks tells them apart. A clip holds
tens of intervals, those papers had thousands, so two things are added: the histogram is smoothed by a Gaussian, and
the two kinds must lie farther apart than in trains drawn by chance with the same dead time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from vision.model.arrays import FloatArray
from vision.model.events import EventSet
from vision.settings import FeatureSettings
from vision.twitch.synchrony import of_leading_sites
from vision.twitch.trains import Train, chance_trains, require_usable, site_trains, tail_p

BIN_DECADES = 0.02  # bins of the histogram, log10 of seconds; ours: five to a smoothing width
SMOOTHING_DECADES = 0.1  # Pasquale 2010: ten bins a decade
EDGES_LOG10_S = np.arange(-3.0, 3.5, BIN_DECADES)  # 1 ms to 50 min: all that a clip can hold
VALLEY_SHARE = 0.05  # of the peaks: what counts as the valley's floor; our choice
NARROWEST_DECADES = 0.05  # spread of one kind of interval at least: the frame clock rounds 0.2 s by 0.07 decades


@dataclass(frozen=True, eq=False)
class Burst:
    """A group of events of one site: the onsets (K,) and when the last of them ended."""

    site: int
    onset_s: FloatArray
    offset_s: float


@dataclass(frozen=True, eq=False)
class Bursts:
    """The bursts of a clip in order of their first onset.

    threshold_s : intervals up to here lie within a burst; None where the intervals are of one kind.
    """

    trains: tuple[Train, ...]
    threshold_s: float | None
    bursts: tuple[Burst, ...]

    def of_site(self, site: int | None) -> tuple[Burst, ...]:
        """Pick the bursts of one site."""
        return tuple(burst for burst in self.bursts if burst.site == site)


def find_bursts(events: EventSet, settings: FeatureSettings, seed: int) -> Bursts:
    """Find the bursts of each site; the threshold is that of the intervals of all sites that move for themselves.

    Raises
    ------
    ShapeError
        Times are not finite, or the observed intervals do not add up.
    """
    require_usable(events)
    trains = site_trains(events)
    alone = of_leading_sites(events, settings)
    threshold_s = _tested_threshold_s(site_trains(alone), alone, settings, seed)
    if threshold_s is None:
        return Bursts(trains, None, ())
    bursts = tuple(
        Burst(train.site, group, _last_offset_s(events, train.site, float(group[-1])))
        for train in trains
        for group in split_train(train.onset_s, threshold_s)
        if len(group) >= settings.smallest_burst_event_count
    )
    if not bursts:
        return Bursts(trains, None, ())
    return Bursts(trains, threshold_s, tuple(sorted(bursts, key=lambda burst: float(burst.onset_s[0]))))


def split_train(onset_s: FloatArray, threshold_s: float) -> list[FloatArray]:
    """Cut a train wherever an interval exceeds the threshold; single events are groups of one."""
    return [np.asarray(part) for part in np.split(onset_s, np.flatnonzero(np.diff(onset_s) > threshold_s) + 1)]


def _last_offset_s(events: EventSet, site: int, onset_s: float) -> float:
    return max(event.offset_s for event in events.events if event.site == site and event.onset_s == onset_s)


def _tested_threshold_s(
    trains: tuple[Train, ...], events: EventSet, settings: FeatureSettings, seed: int
) -> float | None:
    interval_s = np.concatenate([train.interval_s for train in trains]) if trains else np.empty(0)
    threshold_s = interval_threshold_s(interval_s, settings)
    if threshold_s is None:
        return None
    generator = np.random.default_rng([seed, 1])
    drawn = np.concatenate(chance_trains(trains, events, settings.surrogate_count, generator), axis=1)
    chance = np.array([_separation_by_chance(row, settings) for row in drawn])
    p = tail_p(_separation(interval_s, threshold_s), chance, generator, larger=True)
    return threshold_s if p <= settings.burst_p else None


def interval_threshold_s(interval_s: FloatArray, settings: FeatureSettings) -> float | None:
    """Find the interval that parts the short ones from the long ones; None where they are of one kind.

    Parameters
    ----------
    interval_s : (K,) > 0.

    Returns
    -------
    Seconds: the lowest point of the smoothed log histogram between its highest peak up to
    ``longest_within_burst_s`` and its highest peak at least ``smallest_pause_ratio`` above that, if the void
    parameter ``1 - valley / sqrt(peak * peak)`` reaches ``burst_void`` and the threshold is at most
    ``longest_burst_threshold_s``.
    """
    if len(interval_s) < settings.smallest_interval_count:
        return None
    counts = np.histogram(np.log10(interval_s), bins=EDGES_LOG10_S)[0].astype(float)
    density = gaussian_filter1d(counts, SMOOTHING_DECADES / BIN_DECADES, mode="constant", truncate=5.0)
    centre = EDGES_LOG10_S[:-1] + BIN_DECADES / 2
    short = _highest(density, centre <= np.log10(settings.longest_within_burst_s))
    if short is None:
        return None
    long = _highest(density, centre >= centre[short] + np.log10(settings.smallest_pause_ratio))
    if long is None:
        return None
    between = density[short : long + 1]
    peak = np.sqrt(density[short] * density[long])
    void = 1.0 - between.min() / peak
    # A wide valley is flat: its middle is the threshold, or 1 s if it holds that too.
    floor_s = 10 ** centre[short + np.flatnonzero(between <= between.min() + VALLEY_SHARE * peak)]
    if void < settings.burst_void or floor_s[0] > settings.longest_burst_threshold_s:
        return None
    return float(min(floor_s[len(floor_s) // 2], settings.longest_burst_threshold_s))


def _highest(density: FloatArray, where: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int | None:
    """Find the highest local peak among some bins."""
    rises = density[1:-1] > density[:-2]
    falls = density[1:-1] >= density[2:]
    peaks = np.flatnonzero(rises & falls & where[1:-1]) + 1
    return int(peaks[np.argmax(density[peaks])]) if len(peaks) else None


def _separation_by_chance(interval_s: FloatArray, settings: FeatureSettings) -> float:
    threshold_s = interval_threshold_s(interval_s, settings)
    return 0.0 if threshold_s is None else _separation(interval_s, threshold_s)


def _separation(interval_s: FloatArray, threshold_s: float) -> float:
    """Distance between the mean logs of both kinds ÷ their spread (Ashman's D, doi:10.1086/117248)."""
    log_s = np.log10(interval_s)
    short, long = log_s[interval_s <= threshold_s], log_s[interval_s > threshold_s]
    if not len(short) or not len(long):
        return 0.0
    spread = np.sqrt((np.var(short) + np.var(long)) / 2 + NARROWEST_DECADES**2)
    return float((long.mean() - short.mean()) / spread)
