"""Does the rate of twitches change from film to film? Rates of several films with their own uncertainty, over days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from vision.model.arrays import FloatArray

Verdict = Literal["too-few", "none-seen", "more-often", "less-often", "fluctuating", "stable", "unclear"]
FEWEST_FILMS = 3  # fewer comparable films than this say nothing of a course
SHORTEST_DAYS = 14.0  # and so does a shorter time: benign twitches come and go within days (method.md)
FLUCTUATION_P = 0.01  # how often films of one steady course scatter as much; our choice, unvalidated
STABLE_RATIO = 2.0  # a change that the interval keeps below this, over the whole time, is called none; our choice
UNKNOWN_SPREAD = 2.0  # times the Poisson error, where too few bursts gave no interval; our choice
CONTINUITY = 0.5  # added to counts, so that a film without a twitch has a logarithm (Haldane-Anscombe)


@dataclass(frozen=True)
class FilmRate:
    """What one film adds: day, twitches, watched time, and the rate's own 95 % interval where one was given."""

    day: float
    event_count: int
    observed_s: float
    interval_per_min: tuple[float, float] | None


@dataclass(frozen=True)
class Course:
    """How the rate went: `ratio_per_week` with its 95 % interval; None where it was not computed.

    fluctuation_p : how often films of one steady course would scatter around it as much.
    """

    verdict: Verdict
    film_count: int
    days: float
    ratio_per_week: float | None = None
    ratio_per_week_ci95: tuple[float, float] | None = None
    fluctuation_p: float | None = None


def course_of(films: Sequence[FilmRate]) -> Course:
    """Fit one steady exponential course through comparable films.

    Notes
    -----
    Random-effects meta-regression of the log rate on the day: each film's variance is that of its own interval, which
    knows of bursts; what scatters beyond it is a variance between films by the method of moments (DerSimonian and
    Laird 1986, doi:10.1016/0197-2456(86)90046-2). The interval is that of Knapp and Hartung (2003,
    doi:10.1002/sim.1482), a t distribution with n - 2 degrees of freedom. Cochran's Q tests the scatter.
    """
    days = max((film.day for film in films), default=0.0) - min((film.day for film in films), default=0.0)
    if len(films) < FEWEST_FILMS or days < SHORTEST_DAYS:
        return Course("too-few", len(films), days)
    if not any(film.event_count for film in films):
        return Course("none-seen", len(films), days)
    weeks = np.array([film.day for film in films]) / 7
    log_rate = np.log([60 * (film.event_count + CONTINUITY) / film.observed_s for film in films])
    variance = np.array([_log_variance(film) for film in films])
    q_p, between = _scatter(weeks, log_rate, variance)
    slope, error, _ = _line(weeks, log_rate, 1 / (variance + between))
    reach = float(stats.t.ppf(0.975, len(films) - 2)) * error
    low, high = slope - reach, slope + reach
    verdict = _verdict(low, high, days / 7, q_p)
    interval = (_exp(low), _exp(high))
    return Course(verdict, len(films), days, _exp(slope), interval, q_p)


def _log_variance(film: FilmRate) -> float:
    """Take the variance of a log rate from its interval; from the count where the interval begins at 0."""
    poisson = 1 / (film.event_count + CONTINUITY)
    if film.interval_per_min is None:
        return poisson * UNKNOWN_SPREAD**2
    low, high = film.interval_per_min
    if low <= 0 or high <= low:
        return poisson
    return max(poisson, (math.log(high / low) / (2 * 1.96)) ** 2)


def _line(x: FloatArray, y: FloatArray, weight: FloatArray) -> tuple[float, float, float]:
    """Fit a weighted line; give its slope, the slope's standard error (Knapp-Hartung), and the weighted residuals."""
    mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
    spread = float(np.sum(weight * (x - mean_x) ** 2))
    slope = float(np.sum(weight * (x - mean_x) * (y - mean_y)) / spread)
    rest = float(np.sum(weight * (y - mean_y - slope * (x - mean_x)) ** 2))
    return slope, math.sqrt(max(1.0, rest / (len(x) - 2)) / spread), rest


def _scatter(x: FloatArray, y: FloatArray, variance: FloatArray) -> tuple[float, float]:
    """Test what scatters beyond the films' own errors, and estimate its variance by the method of moments."""
    weight = 1 / variance
    _, _, q = _line(x, y, weight)
    design = np.stack([np.ones_like(x), x], axis=1)
    gram = np.linalg.inv(design.T @ (weight[:, None] * design))
    trace = float(weight.sum() - np.trace(gram @ (design.T @ (weight[:, None] ** 2 * design))))
    between = max(0.0, (q - (len(x) - 2)) / trace) if trace > 0 else 0.0
    return float(stats.chi2.sf(q, len(x) - 2)), between


def _verdict(low: float, high: float, weeks: float, fluctuation_p: float) -> Verdict:
    if low > 0:
        return "more-often"
    if high < 0:
        return "less-often"
    if fluctuation_p < FLUCTUATION_P:
        return "fluctuating"
    bound = math.log(STABLE_RATIO)
    return "stable" if -bound < low * weeks and high * weeks < bound else "unclear"


def _exp(value: float) -> float:
    return math.exp(min(max(value, -50.0), 50.0))
