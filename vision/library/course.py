"""Does the rate of twitches change from film to film? Rates of several films with their own uncertainty, over days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from vision.model.arrays import FloatArray

Verdict = Literal["too-few", "none-seen", "more-often", "less-often", "fluctuating", "stable", "unclear"]
FEWEST_FILMS = 3  # fewer comparable films than this say nothing of a course
SHORTEST_DAYS = 14.0  # and so does a shorter time: benign twitches come and go within days (method.md)
FLUCTUATION_P = 0.01  # how often films of one steady course scatter as much; our choice, unvalidated
STABLE_RATIO = 2.0  # a change that the interval keeps below this, over the whole time, is called none; our choice
UNKNOWN_SPREAD = 2.0  # times the Poisson error, where too few bursts gave no interval; our choice
CURVE_POINTS = 25  # of the fitted course, from the first to the last day
CONTINUITY = 0.5  # added to counts, so that a film without a twitch has a logarithm (Haldane-Anscombe)


@dataclass(frozen=True)
class FilmRate:
    """What one film adds: day, twitches, watched time, and the rate's own 95 % interval where one was given."""

    day: float
    event_count: int
    observed_s: float
    interval_per_min: tuple[float, float] | None


@dataclass(frozen=True)
class CurvePoint:
    """The fitted rate on one day, with its 95 % interval."""

    day: float
    rate_per_min: float
    low_per_min: float
    high_per_min: float


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
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True)
class _Fit:
    """A weighted line through its centre. `scale`: Knapp and Hartung's factor of the variances, never below 1."""

    mean_x: float
    mean_y: float
    slope: float
    spread: float
    weight: float
    rest: float
    scale: float

    @property
    def slope_error(self) -> float:
        return math.sqrt(self.scale / self.spread)

    def at(self, x: float) -> tuple[float, float]:
        """Give the line's height and its standard error."""
        error = math.sqrt(self.scale * (1 / self.weight + (x - self.mean_x) ** 2 / self.spread))
        return self.mean_y + self.slope * (x - self.mean_x), error


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
    fit = _line(weeks, log_rate, 1 / (variance + between))
    t = float(special.stdtrit(len(films) - 2, 0.975))  # scipy.stats loads for a second
    low, high = fit.slope - t * fit.slope_error, fit.slope + t * fit.slope_error
    verdict = _verdict(low, high, days / 7, q_p)
    interval = (_exp(low), _exp(high))
    return Course(verdict, len(films), days, _exp(fit.slope), interval, q_p, _curve(fit, weeks, t))


def _curve(fit: _Fit, weeks: FloatArray, t: float) -> tuple[CurvePoint, ...]:
    points = []
    for week in np.linspace(weeks.min(), weeks.max(), CURVE_POINTS):
        height, error = fit.at(float(week))
        points.append(CurvePoint(7 * float(week), _exp(height), _exp(height - t * error), _exp(height + t * error)))
    return tuple(points)


def _log_variance(film: FilmRate) -> float:
    """Take the variance of a log rate from its interval; from the count where the interval begins at 0."""
    poisson = 1 / (film.event_count + CONTINUITY)
    if film.interval_per_min is None:
        return poisson * UNKNOWN_SPREAD**2
    low, high = film.interval_per_min
    if low <= 0 or high <= low:
        return poisson
    return max(poisson, (math.log(high / low) / (2 * 1.96)) ** 2)


def _line(x: FloatArray, y: FloatArray, weight: FloatArray) -> _Fit:
    """Fit a weighted line."""
    mean_x, mean_y = float(np.average(x, weights=weight)), float(np.average(y, weights=weight))
    spread = float(np.sum(weight * (x - mean_x) ** 2))
    slope = float(np.sum(weight * (x - mean_x) * (y - mean_y)) / spread)
    rest = float(np.sum(weight * (y - mean_y - slope * (x - mean_x)) ** 2))
    return _Fit(mean_x, mean_y, slope, spread, float(weight.sum()), rest, max(1.0, rest / (len(x) - 2)))


def _scatter(x: FloatArray, y: FloatArray, variance: FloatArray) -> tuple[float, float]:
    """Test what scatters beyond the films' own errors, and estimate its variance by the method of moments."""
    weight = 1 / variance
    q = _line(x, y, weight).rest
    design = np.stack([np.ones_like(x), x], axis=1)
    gram = np.linalg.inv(design.T @ (weight[:, None] * design))
    trace = float(weight.sum() - np.trace(gram @ (design.T @ (weight[:, None] ** 2 * design))))
    between = max(0.0, (q - (len(x) - 2)) / trace) if trace > 0 else 0.0
    return float(special.chdtrc(len(x) - 2, q)), between


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
