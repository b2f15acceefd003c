"""Intervals of a rate: exact for events that come singly, by resampling bursts for those that clump."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincc, gammaincinv

from vision.model.arrays import IntArray

COVERAGE = 0.95  # of the interval, as the fields' names say


def poisson_interval(count: int, coverage: float = COVERAGE) -> tuple[float, float]:
    """Exact interval of a Poisson mean of which `count` was seen (Garwood 1936, doi:10.1093/biomet/28.3-4.437)."""
    tail = (1.0 - coverage) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    return low, float(gammaincinv(count + 1, 1 - tail))


def mid_p_interval(count: int, coverage: float = COVERAGE) -> tuple[float, float]:
    """Mid-P interval of a Poisson mean of which `count` was seen (Cohen & Yang 1994, Stat. Med. 13).

    Half of the probability of the count itself is left out of each tail: the coverage is 95 % on average over means,
    where the exact interval covers 95 % at least.
    """
    from scipy.optimize import brentq  # loads for long; needed once the film is read

    tail = (1.0 - coverage) / 2
    low, high = poisson_interval(count, coverage)
    edge = 1e-9  # keeps the mean above zero

    def below(mean: float) -> float:
        return float(gammaincc(count, mean) + gammaincc(count + 1, mean)) / 2  # of fewer, and of at most as many

    upper = brentq(lambda mean: below(mean) - tail, max(low, edge), high)
    lower = brentq(lambda mean: 1.0 - below(mean) - tail, max(low, edge), max(high, 1.0)) if count else 0.0
    return float(lower), float(upper)


def clumped_interval(sizes: IntArray, resamples: int, generator: np.random.Generator) -> tuple[float, float]:
    """Interval of a mean count whose events come in groups, by a bootstrap over the groups.

    Parameters
    ----------
    sizes : (B,) events of each group, single events as groups of one.

    Notes
    -----
    Each resample holds a Poisson number of groups with mean B, so that the number of bursts varies too, and the sizes
    are drawn from those seen: a compound Poisson process. Bursts that follow each other more evenly than by chance get
    an interval that is too wide rather than too narrow. Percentiles of the square root of the sum (which steadies its
    variance) are reflected about the measured one: the basic bootstrap of Davison & Hinkley 1997, chapter 5.
    """
    counts = generator.poisson(len(sizes), resamples)
    drawn = generator.choice(sizes, int(counts.sum()))
    ends = np.concatenate([[0], np.cumsum(counts)])
    running = np.concatenate([[0], np.cumsum(drawn)])
    roots = np.sqrt((running[ends[1:]] - running[ends[:-1]]).astype(float))
    own = float(np.sqrt(sizes.sum()))
    tail = 50.0 * (1.0 - COVERAGE)
    low, high = np.percentile(roots, [tail, 100.0 - tail])
    return max(0.0, 2 * own - float(high)) ** 2, (2 * own - float(low)) ** 2
