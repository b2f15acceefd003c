"""Measures of intervals: CV, CV2, LV, LvR, and what the frames' own clock adds to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from vision.model.arrays import FloatArray
from vision.twitch.trains import Train


def coefficient_of_variation(trains: Iterable[Train], smallest_count: int) -> float | None:
    """Standard deviation of the intervals ÷ their mean, each site held against its own mean.

    The variance of the relative intervals has one degree of freedom less for each site. None below `smallest_count`
    intervals or where every site has only one.
    """
    by_site: dict[int, list[FloatArray]] = {}
    for train in trains:
        by_site.setdefault(train.site, []).append(train.interval_s)
    return pooled_cv([np.concatenate(parts) for parts in by_site.values()], smallest_count)


def pooled_cv(intervals_s: Sequence[FloatArray], smallest_count: int) -> float | None:
    """CV of groups of intervals, each group held against its own mean; None below `smallest_count` intervals."""
    joined = [x for x in intervals_s if len(x) > 1]
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
    contrast = contrasts(intervals_s)
    return float(3.0 * np.mean(contrast**2)) if len(contrast) else None


def local_cv2(intervals_s: Sequence[FloatArray]) -> float | None:
    """CV2: the mean of 2 |a - b| / (a + b) over neighbouring intervals, 1 for chance.

    None where no two intervals are neighbours. Holt et al. 1996, doi:10.1152/jn.1996.75.5.1806.
    """
    contrast = contrasts(intervals_s)
    return float(2.0 * np.mean(np.abs(contrast))) if len(contrast) else None


def revised_variation(intervals_s: Sequence[FloatArray], dead_time_s: float) -> float | None:
    """LvR: LV with each term multiplied by 1 + 4R / (a + b), which takes out a dead time R to first order.

    None where no two intervals are neighbours. Shinomoto et al. 2009, doi:10.1371/journal.pcbi.1000433, equation 3;
    R there is 5 ms, a neuron's; here it is the detector's dead time.
    """
    pairs = [(x[:-1], x[1:]) for x in intervals_s if len(x) > 1]
    if not pairs:
        return None
    terms = [((a - b) / (a + b)) ** 2 * (1.0 + 4.0 * dead_time_s / (a + b)) for a, b in pairs]
    return float(3.0 * np.mean(np.concatenate(terms)))


def contrasts(intervals_s: Sequence[FloatArray]) -> FloatArray:
    """(a - b) / (a + b) of neighbours, along the last axis, all runs joined."""
    parts = [np.diff(x, axis=-1) / (x[..., 1:] + x[..., :-1]) for x in intervals_s if x.shape[-1] > 1]
    return np.concatenate(parts, axis=-1) if parts else np.empty(0)


def pair_count(intervals_s: Sequence[FloatArray]) -> int:
    """Count neighbouring intervals."""
    return sum(max(0, len(x) - 1) for x in intervals_s)


def frame_floor(intervals_s: Sequence[FloatArray], frame_s: float) -> tuple[float, float]:
    """CV and LV that frame times give to a perfect clock of the same rate.

    Notes
    -----
    Each onset is rounded by an error that is even over a frame, of variance f²/12. An interval holds the difference of
    two (f²/6), the contrast of two intervals that of three (f²/2 over (2 × interval)²): CV = f / (√6 × interval),
    LV = 3 f² / (8 × interval²). That is the mean over rates: an interval of whole frames shows nothing, one of half
    frames CV f / (2 × interval). Derived here; simulated in the tests.
    """
    joined = np.concatenate(list(intervals_s))
    relative = frame_s / float(np.mean(joined))
    return relative / np.sqrt(6.0), 3.0 * relative**2 / 8.0
