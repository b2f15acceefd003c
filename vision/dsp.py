"""Pure array mathematics that several stages share."""

from __future__ import annotations

import numpy as np

from vision.model.arrays import BoolArray, FloatArray


def twitch_waveform(time_s: FloatArray, onset_s: float, tau_s: float, decay: float) -> FloatArray:
    """Displacement of the skin during one twitch, as a share of its peak.

    Parameters
    ----------
    time_s : any shape; seconds.
    onset_s : the skin starts to move.
    tau_s : onset to peak, > 0.
    decay : how many times slower it falls than it rises, > 0.

    Returns
    -------
    Same shape: 0 up to the onset, 1 at ``onset_s + tau_s``, back towards 0 afterwards.

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
