"""How sure a count is: intervals of shares, rates and F1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 2000
Counts = tuple[int, int, int]
"""Hits, false events and misses of one clip."""


def f1_of(counts: Sequence[Counts]) -> float:
    """F1 of hits and errors summed over clips."""
    tp, fp, fn = (sum(column) for column in zip(*counts, strict=True))
    return 2 * tp / max(1, 2 * tp + fp + fn)


def f1_interval(counts: Sequence[Counts], seed: int = 0) -> tuple[float, float]:
    """95 % interval of the pooled F1: percentiles over resampled clips, since twitches of one clip share its luck."""
    table = np.array(counts)
    drawn = table[np.random.default_rng(seed).integers(len(table), size=(RESAMPLES, len(table)))].sum(1)
    f1 = 2 * drawn[:, 0] / np.maximum(1, 2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2])
    low, high = np.quantile(f1, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    found = stats.binomtest(hits, count).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def poisson_upper(events: int, minutes: float) -> float:
    """Exact one-sided 95 % upper bound of a rate a minute (Garwood 1936, doi:10.1093/biomet/28.3-4.437)."""
    return float(stats.chi2.ppf(CONFIDENCE, 2 * (events + 1)) / 2 / minutes)
