"""How regular: the intervals between onsets, and whether chance behind the same dead time would look as regular."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vision.model.arrays import FloatArray
from vision.model.events import EventSet
from vision.model.features import IntervalRhythm, Rhythmicity, RhythmVerdict
from vision.settings import FeatureSettings
from vision.twitch.bursts import Bursts, find_bursts
from vision.twitch.chance import chance_pauses, chance_within
from vision.twitch.intervals import (
    coefficient_of_variation,
    contrasts,
    frame_floor,
    local_cv2,
    local_variation,
    pair_count,
    pooled_cv,
    revised_variation,
)
from vision.twitch.periodicity import measure_periodicity
from vision.twitch.synchrony import of_leading_sites
from vision.twitch.trains import (
    SHORTEST_INTERVAL_S,
    chance_trains,
    counted_once,
    effective_dead_time_s,
    is_on_clock,
    tail_p,
)

Draw = Callable[[np.random.Generator], Sequence[FloatArray]]


def measure_rhythm(
    events: EventSet, settings: FeatureSettings, seed: int, *, spectral_peak_hz: float | None = None
) -> Rhythmicity:
    """Describe how regular the twitches are.

    Intervals are taken site by site and never across an unobserved gap, then pooled. Of sites that move together one
    is looked at: the same movement seen at three places is no threefold evidence.

    Returns
    -------
    `cv`, `cv2`, `lv`, `lvr` over all intervals, None below ``smallest_interval_count`` of them (for all but `cv`: of
    pairs of neighbours). The same in `within_bursts` over neighbours inside of bursts, and in `between_bursts` over
    the times from one burst's onset to the next of the same site; None without bursts. `surrogate_p` is the share of
    trains drawn by chance, with the same rate, dead time and frame clock, that are as regular, by LV or by the evenness
    of what the intervals have beyond the dead time, whichever tells more. The verdict needs
    ``rhythm_event_count`` events at one site or as many pairs of neighbouring intervals from several; from its LV
    the floor of the frame clock is subtracted. `spectral_peak_hz` is passed on.

    Raises
    ------
    ShapeError
        Times are not finite, or the observed intervals do not add up to the observed time.
    """
    events = of_leading_sites(counted_once(events), settings)
    bursts = find_bursts(events, settings, seed)
    trains = bursts.trains
    intervals = [train.interval_s for train in trains]
    clock_s = events.frame_interval_s if is_on_clock(trains, events.frame_interval_s) else None
    dead_s = effective_dead_time_s(trains, events)

    def draw(generator: np.random.Generator) -> Sequence[FloatArray]:
        return chance_trains(trains, events, settings.surrogate_count, generator)

    found = _judged(intervals, draw, clock_s, dead_s, settings, np.random.default_rng([seed, 3]))
    floor = frame_floor(intervals, clock_s) if clock_s is not None and found.interval_count else (None, None)
    return Rhythmicity(
        interval_count=found.interval_count,
        cv=coefficient_of_variation(trains, settings.smallest_interval_count),
        cv2=found.cv2,
        lv=found.lv,
        within_burst_lv=None if (within := _within(bursts, clock_s, dead_s, settings, seed)) is None else within.lv,
        between_burst_lv=None if (between := _between(bursts, clock_s, settings, seed)) is None else between.lv,
        spectral_peak_hz=spectral_peak_hz,
        surrogate_p=found.surrogate_p,
        verdict=found.verdict,
        pair_count=pair_count(intervals),
        lvr=found.lvr,
        frame_floor_cv=floor[0],
        frame_floor_lv=floor[1],
        within_bursts=within,
        between_bursts=between,
        periodicity=measure_periodicity(trains, events, settings, seed),
    )


def _judged(
    intervals_s: Sequence[FloatArray], draw: Draw, clock_s: float | None, dead_s: float, settings: FeatureSettings,
    generator: np.random.Generator,
) -> IntervalRhythm:  # fmt: skip
    """Measure runs of neighbouring intervals and hold them against what `draw` gives by chance."""
    enough = pair_count(intervals_s) >= settings.smallest_interval_count
    lv = local_variation(intervals_s) if enough else None
    p = None
    if lv is not None:
        rows = [np.concatenate([x[None], drawn]) for x, drawn in zip(intervals_s, draw(generator), strict=True)]
        p = _smaller_p([3.0 * np.mean(contrasts(rows) ** 2, axis=-1), _unevenness(rows, dead_s, clock_s)], generator)
    floor_lv = frame_floor(intervals_s, clock_s)[1] if clock_s is not None and enough else 0.0
    return IntervalRhythm(
        interval_count=sum(map(len, intervals_s)),
        cv=pooled_cv(intervals_s, settings.smallest_interval_count),
        cv2=local_cv2(intervals_s) if enough else None,
        lv=lv,
        lvr=revised_variation(intervals_s, dead_s) if enough else None,
        surrogate_p=p,
        verdict=_verdict(lv, p, floor_lv, pair_count(intervals_s), settings),
    )


def _unevenness(rows: Sequence[FloatArray], dead_s: float, clock_s: float | None) -> FloatArray:
    """Minus the sum of the logs of what intervals have beyond the dead time: (S,), the lower, the more even.

    Of all tests of exponential rests against gamma ones the best (Moran 1951, J. R. Stat. Soc. B 13, 147);
    unlike LV it takes a slow drift of the rate for unevenness. On the frames' clock a rest is known to half a frame.
    """
    blur_s = clock_s or 0.0
    rest_s = np.concatenate(list(rows), axis=-1) - dead_s + blur_s / 2
    return np.asarray(-np.log(np.maximum(rest_s, max(blur_s / 4, SHORTEST_INTERVAL_S))).sum(axis=-1))


def _smaller_p(statistics: Sequence[FloatArray], generator: np.random.Generator) -> float:
    """P of the first row, the measured one, by the statistic that sets it apart most; all rows choose alike.

    Each statistic becomes its rank among all rows, ties in random order, and each row keeps its lowest rank (min-p of
    Westfall & Young 1993): as the surrogates may choose too, the p stays exact.
    """
    ranks = [np.argsort(np.lexsort([generator.random(len(row)), np.round(row, 9)])) for row in statistics]
    lowest = np.min(ranks, axis=0).astype(float)
    return tail_p(float(lowest[0]), lowest[1:], generator, larger=False)


def _within(
    bursts: Bursts, clock_s: float | None, dead_s: float, settings: FeatureSettings, seed: int
) -> IntervalRhythm | None:
    """Intervals inside of bursts: chance lies between the dead time and the longest of them."""
    if bursts.threshold_s is None:
        return None
    sites = [burst.site for burst in bursts.bursts]
    intervals = [np.diff(burst.onset_s) for burst in bursts.bursts]

    def draw(generator: np.random.Generator) -> Sequence[FloatArray]:
        return chance_within(intervals, sites, dead_s, clock_s, settings.surrogate_count, generator)

    return _judged(intervals, draw, clock_s, dead_s, settings, np.random.default_rng([seed, 6]))


def _between(bursts: Bursts, clock_s: float | None, settings: FeatureSettings, seed: int) -> IntervalRhythm | None:
    """Times from burst to burst: by chance the bursts keep their lengths and the pauses are drawn anew."""
    if bursts.threshold_s is None:
        return None
    starts, lengths = _burst_runs(bursts)
    intervals = [np.diff(x) for x in starts]
    threshold_s = bursts.threshold_s

    def draw(generator: np.random.Generator) -> Sequence[FloatArray]:
        return chance_pauses(intervals, lengths, settings.surrogate_count, generator)

    return _judged(intervals, draw, clock_s, threshold_s, settings, np.random.default_rng([seed, 7]))


def _burst_runs(bursts: Bursts) -> tuple[list[FloatArray], list[FloatArray]]:
    """First onsets, and times from first to last onset, of the bursts of each train: none crosses a gap."""
    starts, lengths = [], []
    for train in bursts.trains:
        inside = [b for b in bursts.of_site(train.site) if train.onset_s[0] <= b.onset_s[0] <= train.onset_s[-1]]
        starts.append(np.array([float(b.onset_s[0]) for b in inside]))
        lengths.append(np.array([float(b.onset_s[-1] - b.onset_s[0]) for b in inside]))
    return starts, lengths


def _verdict(
    lv: float | None, p: float | None, floor_lv: float, pairs: int, settings: FeatureSettings
) -> RhythmVerdict:
    """Name the regularity: ten events of one site make eight pairs of neighbouring intervals."""
    if lv is None or p is None or pairs < settings.rhythm_event_count - 2:
        return "too-few-events"
    own = lv - floor_lv
    if p > settings.rhythm_p or own > settings.semi_rhythmic_lv:
        return "irregular"
    return "rhythmic" if own <= settings.rhythmic_lv else "semi-rhythmic"
