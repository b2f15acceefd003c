"""Pure array mathematics that several stages share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.linalg

from vision.blocks import columns_at_once, each_block
from vision.model.arrays import BoolArray, FloatArray

BLOCK_COLUMNS = 512  # worked on at once, of a long clip fewer: bounds its memory
MEDIAN_COLUMNS = 128  # the same of what is told from each column alone
BLOCK_VALUES = 1 << 14  # the same of windows: what fits into a processor's cache


def twitch_waveform(
    time_s: FloatArray, onset_s: float | FloatArray, tau_s: float | FloatArray, decay: float | FloatArray
) -> FloatArray:
    """Displacement of the skin during one twitch, as a share of its peak.

    Parameters
    ----------
    time_s : any shape; seconds.
    onset_s : the skin starts to move; like the next two a number, or what broadcasts against `time_s`.
    tau_s : onset to peak, > 0.
    decay : how many times slower it falls than it rises, > 0.

    Returns
    -------
    The shape to which they broadcast: 0 up to the onset, 1 at ``onset_s + tau_s``, back towards 0 afterwards.

    Notes
    -----
    ``d * exp(1 - d)`` with ``d = (time - onset) / tau``: the impulse response of a critically damped second-order
    system, the usual model of a muscle's twitch. Past the peak ``d`` runs `decay` times slower.
    """
    d = np.maximum((np.asarray(time_s, dtype=float) - onset_s) / tau_s, 0.0)
    d = np.where(d > 1.0, 1.0 + (d - 1.0) / decay, d)
    return np.asarray(d * np.exp(1.0 - d))


def points_in_polygon(point: FloatArray, polygon: FloatArray) -> BoolArray:
    """Say which points lie inside a polygon.

    Parameters
    ----------
    point : (N, 2).
    polygon : (K, 2) corners in order, either way round; repeated corners do no harm.

    Returns
    -------
    (N,) bool. Points on the border may fall on either side; none where a corner is NaN.

    Notes
    -----
    A ray to the right crosses the border of what it starts in an odd number of times.
    """
    x, y = point[:, :1], point[:, 1:]
    x0, y0 = polygon[:, 0], polygon[:, 1]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    spans = (y0 > y) != (y1 > y)
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    crosses = spans & (x < x0 + (y - y0) / rise * (x1 - x0))
    return np.asarray(crosses.sum(axis=1) % 2 == 1)


def distance_to_polygon(point: FloatArray, polygon: FloatArray) -> FloatArray:
    """Measure how far points lie from the border of a polygon, inside or outside.

    Parameters
    ----------
    point : (N, 2).
    polygon : (K, 2) corners in order.

    Returns
    -------
    (N,) distances >= 0 in the unit of the points; NaN where a corner is NaN.
    """
    along = np.roll(polygon, -1, axis=0) - polygon
    away = point[:, None] - polygon
    length = (along**2).sum(axis=1)
    share = np.clip((away * along).sum(axis=2) / np.where(length > 0, length, 1.0), 0.0, 1.0)
    nearest = away - share[..., None] * along
    return np.asarray(np.sqrt((nearest**2).sum(axis=2)).min(axis=1))


def robust_sd(values: FloatArray) -> FloatArray:
    """Standard deviation over axis 0 from the median absolute deviation, NaN left out.

    Notes
    -----
    median(|v - median v|) / 0.6745 (Quian Quiroga et al. 2004, doi:10.1162/089976604774201631). Columns without a
    finite value give NaN.
    """
    flat = values.reshape(len(values), int(np.prod(values.shape[1:])))
    widths = each_block(lambda own: _robust_sd(flat[:, own]), flat.shape[1], columns_at_once(len(flat), MEDIAN_COLUMNS))
    return np.asarray(np.concatenate([np.empty(0), *widths]).reshape(values.shape[1:]))


def _robust_sd(flat: FloatArray) -> FloatArray:
    whole = np.isfinite(flat).all(0)
    if not len(flat):
        return np.full(flat.shape[1], np.nan)
    if not whole.all():
        widths = np.empty(flat.shape[1])
        gaps = flat[:, ~whole]
        widths[~whole] = column_medians(np.abs(gaps - column_medians(gaps))) / 0.6745
        widths[whole] = _robust_sd(flat[:, whole]) if whole.any() else 0.0
        return widths
    away = np.abs(flat - medians(flat).astype(float))
    return medians(away) / 0.6745


def column_medians(values: FloatArray) -> FloatArray:
    """Median over axis 0, NaN left out; NaN where a column holds nothing else.

    NumPy's nanmedian goes column by column; only columns that miss a value need that.
    """
    flat = values.reshape(len(values), -1)
    finite = np.isfinite(flat)
    whole, some = finite.all(0), finite.any(0)
    if whole.all() and len(flat):
        return np.asarray(np.median(values, axis=0), dtype=float)
    found = np.full(flat.shape[1], np.nan)
    found[whole] = np.median(flat[:, whole], axis=0)
    partly = some & ~whole
    ordered, count = np.sort(np.where(finite[:, partly], flat[:, partly], np.nan), axis=0), finite[:, partly].sum(0)
    column = np.arange(len(count))
    found[partly] = (ordered[(count - 1) // 2, column] + ordered[count // 2, column]) / 2
    return found.reshape(values.shape[1:])


def median(values: FloatArray) -> float:
    """Median of (N,) values that are all finite, to the last bit NumPy's, which asks for gaps and axes first."""
    return float(medians(values))


def medians(values: FloatArray) -> FloatArray:
    """Median over axis 0 of values that are all finite, in their own precision as NumPy's."""
    below, above = (len(values) - 1) // 2, len(values) // 2
    parted = np.partition(values, (below, above), axis=0)
    return np.asarray(np.divide(parted[below] + parted[above], 2, dtype=values.dtype))  # NumPy 1: a lone one is float64


def quantiles(values: FloatArray, shares: Sequence[float]) -> FloatArray:
    """(S, ...) quantiles over axis 0, to the last bit NumPy's, which is slow to begin and takes each share anew."""
    last = len(values) - 1
    places = [share * last for share in shares]
    ranks = [(int(place), min(int(place) + 1, last)) for place in places]
    parted = np.partition(values, sorted({rank for pair in ranks for rank in pair}), axis=0)
    return np.stack([_between(parted[i], parted[j], place % 1) for (i, j), place in zip(ranks, places, strict=True)])


def _between(low: FloatArray, high: FloatArray, part: float) -> FloatArray:
    rise = np.subtract(high, low).astype(float)
    return np.asarray(high - rise * (1 - part) if part >= 0.5 else low + rise * part)


def running_quantile(time_s: FloatArray, values: FloatArray, window_s: float, quantile: float = 0.5) -> FloatArray:
    """Baseline of (T, ...) values: the quantile of a window around each time, on real timestamps.

    The quantile is taken every eighth of the window and joined by straight lines; at the ends the window is what
    there is. Values must be finite.
    """
    hop_s = window_s / 8
    knots_s = np.arange(time_s[0], time_s[-1] + hop_s, hop_s)
    first = np.minimum(np.searchsorted(time_s, knots_s - window_s / 2), len(time_s) - 1)
    lengths = np.maximum(np.searchsorted(time_s, knots_s + window_s / 2, side="right") - first, 1)
    level = np.empty((len(knots_s), *values.shape[1:]))
    for length in np.unique(lengths).tolist():  # windows of one length are taken together: each costs a call
        alike = np.flatnonzero(lengths == length)
        at_once = max(1, BLOCK_VALUES * len(values) // (length * values.size))
        for some in (alike[start : start + at_once] for start in range(0, len(alike), at_once)):
            level[some] = quantiles(values[first[some] + np.arange(length)[:, None]], [quantile])[0]
    left = np.clip(np.searchsorted(knots_s, time_s, side="right") - 1, 0, max(0, len(knots_s) - 2))
    right = np.minimum(left + 1, len(knots_s) - 1)
    share = np.clip((time_s - knots_s[left]) / hop_s, 0.0, 1.0).reshape((-1,) + (1,) * (values.ndim - 1))
    return np.asarray(level[left] * (1 - share) + level[right] * share)


def step_around(time_s: FloatArray, values: FloatArray, window_s: float) -> FloatArray:
    """(T, K) by how much (T, K) values differ between half a window after each time and half a window before it."""
    ends = [
        np.stack([np.interp(time_s + way * window_s / 2, time_s, column) for column in values.T], 1) for way in (1, -1)
    ]
    return np.asarray(ends[0] - ends[1])


def fit_autoregression(values: FloatArray, order: int, seen: BoolArray) -> FloatArray:
    """(order,) coefficients of one autoregression that all (T, M) columns share, by Yule-Walker.

    Columns are scaled by their robust width and clipped at three of it, so that twitches do not shape the noise
    model. Samples that were not seen count as zero.
    """
    count = len(values)

    def lagged_of(own: slice) -> FloatArray:
        width = _robust_sd(values[seen, own])
        scaled = values[:, own] / np.where(width > 0, width, 1.0)
        np.clip(scaled, -3.0, 3.0, out=scaled)
        scaled *= seen[:, None]
        return np.array([np.vdot(scaled[: count - lag], scaled[lag:]) for lag in range(order + 1)])

    lagged = np.sum(
        [np.zeros(order + 1), *each_block(lagged_of, values.shape[1], columns_at_once(count, BLOCK_COLUMNS))], axis=0
    )
    if lagged[0] <= 0:
        return np.zeros(order)
    lagged[0] *= 1.001  # a grain of white noise keeps the equations solvable
    return np.asarray(scipy.linalg.solve_toeplitz(lagged[:-1], lagged[1:]))


def whiten(values: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Innovations of (T, ...) values under an autoregression; the past before the first sample counts as zero."""
    innovations = values.copy()
    for lag, coefficient in enumerate(coefficients, 1):
        innovations[lag:] -= coefficient * values[:-lag]
    return innovations


def matched_filter(innovations: FloatArray, seen: BoolArray, template: FloatArray, peak_index: int) -> FloatArray:
    """Correlate (T, ...) innovations with a template whose peak lies at `peak_index`.

    Returns
    -------
    (T, ...) in units of the innovations' standard deviation: the template is scaled, at each time, to the energy
    that falls on seen samples. Zero where less than half of its energy does.
    """
    count, energy = len(innovations), np.zeros(len(innovations))
    shape = (-1,) + (1,) * (innovations.ndim - 1)
    known, total = innovations * seen.reshape(shape), np.zeros_like(innovations)
    for position, height in enumerate(template.tolist()):
        shift = position - peak_index
        start, stop = max(0, -shift), min(count, count - shift)
        if start < stop:
            total[start:stop] += height * known[start + shift : stop + shift]
            energy[start:stop] += height**2 * seen[start + shift : stop + shift]
    enough = energy >= 0.5 * float(np.sum(template**2))
    scale = np.where(enough, 1 / np.sqrt(np.maximum(energy, 1e-12)), 0.0)
    total *= scale.astype(total.dtype).reshape(shape)
    return total
