"""Change over the clip: does the rate rise or fall from its beginning to its end?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from scipy.special import chdtri, ndtr

from vision.model.arrays import FloatArray
from vision.model.features import Trend
from vision.twitch.trains import Span, total_s

COVERAGE = 0.95  # of the interval, as the field's name says
GRID_SIZE = 512  # moments that stand for the observed time
STEEPEST = float(np.log(1000.0))  # a rate that changes a thousandfold: no clip can tell more


def rate_trend(
    onset_s: FloatArray, observed_intervals_s: Sequence[Span], smallest_count: int, unit: Literal["event", "burst"]
) -> Trend | None:
    """Fit a rate that changes exponentially over the clip.

    Parameters
    ----------
    onset_s : (K,) of events, or of bursts where events clump: they must be independent of each other.
    smallest_count : below it no trend is given.

    Returns
    -------
    The rate at the end ÷ the rate at the beginning with its 95 % profile-likelihood interval, both within 1/1000 to
    1000, and the p of the score test of no change (Cox & Lewis 1966, The Statistical Analysis of Series of Events,
    chapter 3). None below `smallest_count` or with nothing observed. Given their number, onsets of an inhomogeneous
    Poisson process fall independently over the observed time, with its rate as their density.
    """
    if len(onset_s) < smallest_count or total_s(observed_intervals_s) <= 0:
        return None
    moments = _clip_share(_observed_grid_s(observed_intervals_s), observed_intervals_s)
    mean = float(np.mean(_clip_share(onset_s, observed_intervals_s)))
    slope = _root(lambda b: _tilted_mean(moments, b) - mean, -STEEPEST, STEEPEST)
    drop = float(chdtri(1, 1 - COVERAGE)) / (2 * len(onset_s))  # a quantile of chi-squared
    best = _log_likelihood(moments, mean, slope)
    low = _root(lambda b: _log_likelihood(moments, mean, b) - best + drop, -STEEPEST, slope)
    high = _root(lambda b: best - drop - _log_likelihood(moments, mean, b), slope, STEEPEST)
    z = (mean - moments.mean()) / (moments.std() / np.sqrt(len(onset_s)))
    ratios = [float(np.exp(b)) for b in (slope, low, high)]
    return Trend(ratios[0], (ratios[1], ratios[2]), float(2 * ndtr(-abs(z))), unit)


def _observed_grid_s(spans: Sequence[Span]) -> FloatArray:
    """Moments spread evenly over the observed time, gaps left out."""
    ordered = sorted(spans)
    ends = np.cumsum([b - a for a, b in ordered])
    watched_s = (np.arange(GRID_SIZE) + 0.5) / GRID_SIZE * ends[-1]
    span = np.searchsorted(ends, watched_s)
    before = ends - np.array([b - a for a, b in ordered])
    return np.asarray(np.array([a for a, _ in ordered])[span] + watched_s - before[span])


def _clip_share(time_s: FloatArray, spans: Sequence[Span]) -> FloatArray:
    """Times as a share of the clip, -1/2 at its beginning and 1/2 at its end."""
    first, last = min(a for a, _ in spans), max(b for _, b in spans)
    return np.asarray(np.clip((time_s - first) / (last - first), 0, 1) - 0.5)


def _tilted_mean(moments: FloatArray, slope: float) -> float:
    weight = np.exp(slope * moments)
    return float(weight @ moments / weight.sum())


def _log_likelihood(moments: FloatArray, mean: float, slope: float) -> float:
    """Log-likelihood of one onset, up to a constant."""
    return slope * mean - float(np.log(np.mean(np.exp(slope * moments))))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Find where a rising function is zero, or the end that comes nearest."""
    if function(low) >= 0:
        return low
    if function(high) <= 0:
        return high
    from scipy.optimize import brentq  # loads for long; needed once the film is read

    return float(brentq(function, low, high))
