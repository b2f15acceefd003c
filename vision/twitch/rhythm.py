"""How regular: the intervals between onsets, and whether chance behind the same dead time would look as regular."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from vision.model.arrays import FloatArray
from vision.model.events import EventSet
from vision.model.features import Rhythmicity, RhythmVerdict
from vision.settings import FeatureSettings
from vision.twitch.bursts import Bursts, find_bursts
from vision.twitch.trains import Train, chance_trains, tail_p


def measure_rhythm(
    events: EventSet, settings: FeatureSettings, seed: int, *, spectral_peak_hz: float | None = None
) -> Rhythmicity:
    """Describe how regular the twitches are.

    Intervals are taken site by site and never across an unobserved gap, then pooled.

    Returns
    -------
    `cv`, `cv2`, `lv` over all intervals, None below ``smallest_interval_count`` of them (for `cv2` and `lv`: of pairs
    of neighbours). `within_burst_lv` over neighbours inside of bursts, `between_burst_lv` over the times from one
    burst's onset to the next of the same site. `surrogate_p` is the share of trains drawn by chance, with the same
    rate, dead time and frame clock, whose LV is as low. The verdict needs ``rhythm_event_count`` events at one site
    or as many pairs of neighbouring intervals from several. `spectral_peak_hz` is passed on.

    Raises
    ------
    ShapeError
        Times are not finite, or the observed intervals do not add up to the observed time.
    """
    bursts = find_bursts(events, settings, seed)
    intervals = [train.interval_s for train in bursts.trains]
    lv, pairs = local_variation(intervals), _pair_count(intervals)
    enough = pairs >= settings.smallest_interval_count
    p = _regularity_p(bursts.trains, events, settings, seed) if enough else None
    return Rhythmicity(
        interval_count=sum(map(len, intervals)),
        cv=coefficient_of_variation(bursts.trains, settings.smallest_interval_count),
        cv2=local_cv2(intervals) if enough else None,
        lv=lv if enough else None,
        within_burst_lv=_lv_if_enough([np.diff(burst.onset_s) for burst in bursts.bursts], settings),
        between_burst_lv=_lv_if_enough(_between_bursts(bursts), settings),
        spectral_peak_hz=spectral_peak_hz,
        surrogate_p=p,
        verdict=_verdict(lv, p, pairs, settings),
    )


def coefficient_of_variation(trains: Iterable[Train], smallest_count: int) -> float | None:
    """Standard deviation of the intervals ÷ their mean, each site held against its own mean.

    The variance of the relative intervals has one degree of freedom less for each site. None below `smallest_count`
    intervals or where every site has only one.
    """
    by_site: dict[int, list[FloatArray]] = {}
    for train in trains:
        by_site.setdefault(train.site, []).append(train.interval_s)
    joined = [x for x in map(np.concatenate, by_site.values()) if len(x) > 1]
    count = sum(map(len, joined))
    if count < smallest_count or count <= len(joined):
        return None
    squares = sum(float(np.sum((x / x.mean() - 1.0) ** 2)) for x in joined)
    return float(np.sqrt(squares / (count - len(joined))))


def local_variation(intervals_s: Sequence[FloatArray]) -> float | None:
    """LV: 3 × the mean of ((a - b) / (a + b))² over neighbouring intervals a, b; 0 for a clock, 1 for chance.

    Parameters
    ----------
    intervals_s : runs of neighbouring intervals, (K,) each; no pair is taken across runs.

    Returns
    -------
    None where no two intervals are neighbours.

    Notes
    -----
    Shinomoto, Shima & Tanji 2003, doi:10.1162/089976603322518759.
    """
    contrast = _contrasts(intervals_s)
    return float(3.0 * np.mean(contrast**2)) if len(contrast) else None


def local_cv2(intervals_s: Sequence[FloatArray]) -> float | None:
    """CV2: the mean of 2 |a - b| / (a + b) over neighbouring intervals, 1 for chance.

    None where no two intervals are neighbours. Holt et al. 1996, doi:10.1152/jn.1996.75.5.1806.
    """
    contrast = _contrasts(intervals_s)
    return float(2.0 * np.mean(np.abs(contrast))) if len(contrast) else None


def _contrasts(intervals_s: Sequence[FloatArray]) -> FloatArray:
    """(a - b) / (a + b) of neighbours, along the last axis, all runs joined."""
    parts = [np.diff(x, axis=-1) / (x[..., 1:] + x[..., :-1]) for x in intervals_s if x.shape[-1] > 1]
    return np.concatenate(parts, axis=-1) if parts else np.empty(0)


def _pair_count(intervals_s: Sequence[FloatArray]) -> int:
    return sum(max(0, len(x) - 1) for x in intervals_s)


def _lv_if_enough(intervals_s: Sequence[FloatArray], settings: FeatureSettings) -> float | None:
    return local_variation(intervals_s) if _pair_count(intervals_s) >= settings.smallest_interval_count else None


def _between_bursts(bursts: Bursts) -> list[FloatArray]:
    """Times from burst to burst: one run for each train, so that none crosses an unobserved gap."""
    runs = []
    for train in bursts.trains:
        starts = [float(burst.onset_s[0]) for burst in bursts.of_site(train.site)]
        runs.append(np.diff([t for t in starts if train.onset_s[0] <= t <= train.onset_s[-1]]))
    return runs


def _regularity_p(trains: tuple[Train, ...], events: EventSet, settings: FeatureSettings, seed: int) -> float:
    """Share of trains drawn by chance whose LV is as low as the measured one."""
    generator = np.random.default_rng([seed, 3])
    drawn = chance_trains(trains, events, settings.surrogate_count, generator)
    chance = 3.0 * np.mean(_contrasts(drawn) ** 2, axis=-1)
    measured = local_variation([train.interval_s for train in trains])
    assert measured is not None
    return tail_p(measured, chance, generator, larger=False)


def _verdict(lv: float | None, p: float | None, pairs: int, settings: FeatureSettings) -> RhythmVerdict:
    """Name the regularity: ten events of one site make eight pairs of neighbouring intervals."""
    if lv is None or p is None or pairs < settings.rhythm_event_count - 2:
        return "too-few-events"
    if p > settings.rhythm_p or lv > settings.semi_rhythmic_lv:
        return "irregular"
    return "rhythmic" if lv <= settings.rhythmic_lv else "semi-rhythmic"
