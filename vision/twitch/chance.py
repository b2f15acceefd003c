"""Chance inside of bursts and between them: what the intervals there would be if only the rate and the rules were real.

Being in a burst means to lie below the threshold that made it one, and that alone looks regular; so chance is drawn
between the same bounds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.model.arrays import FloatArray
from vision.twitch.trains import SHORTEST_INTERVAL_S, chance_steps_s, on_clock

SWEEPS = 60  # exchanges of each interval; after 20 the mean of LV no longer moves (tests)


def chance_within(
    intervals_s: Sequence[FloatArray],
    sites: Sequence[int],
    bounds_s: tuple[float, float],
    clock_s: float | None,
    count: int,
    generator: np.random.Generator,
) -> list[FloatArray]:
    """Draw the intervals of bursts by chance between two bounds.

    Parameters
    ----------
    intervals_s : (K,) of each burst. sites : the site of each burst. bounds_s : dead time and threshold.

    Returns
    -------
    For each burst (count, K) intervals; those of one site add up to what was measured, to the frame clock's rounding.

    Notes
    -----
    Exponential intervals between two bounds are, given their sum, even over all combinations within the bounds. They
    are reached by exchange: two intervals at a time are drawn anew with the same sum.
    """
    rows: dict[int, FloatArray] = {}
    for site in sorted(set(sites)):
        own = [i for i, name in enumerate(sites) if name == site]
        start = np.concatenate([intervals_s[i] for i in own])
        drawn = _exchanged(start, bounds_s, count, generator)
        rows.update(zip(own, np.split(drawn, np.cumsum([len(intervals_s[i]) for i in own])[:-1], axis=1), strict=True))
    ordered = [rows[i] for i in range(len(sites))]
    return ordered if clock_s is None else [on_clock(steps_s, clock_s, generator) for steps_s in ordered]


def _exchanged(
    start_s: FloatArray, bounds_s: tuple[float, float], count: int, generator: np.random.Generator
) -> FloatArray:
    """Exchange between random pairs of intervals, all pairs of a sweep at once: (count, K)."""
    low, high = bounds_s
    value = np.tile(np.clip(start_s, low, high), (count, 1))
    half = len(start_s) // 2
    for _ in range(SWEEPS if half else 0):
        order = generator.permuted(np.tile(np.arange(len(start_s)), (count, 1)), axis=1)
        first, second = order[:, :half], order[:, half : 2 * half]
        both = np.take_along_axis(value, first, 1) + np.take_along_axis(value, second, 1)
        least, most = np.maximum(low, both - high), np.minimum(high, both - low)
        drawn = least + generator.random(both.shape) * (most - least)
        np.put_along_axis(value, first, drawn, 1)
        np.put_along_axis(value, second, both - drawn, 1)
    return value


def chance_pauses(
    intervals_s: Sequence[FloatArray],
    lengths_s: Sequence[FloatArray],
    threshold_s: float,
    count: int,
    generator: np.random.Generator,
) -> list[FloatArray]:
    """Draw the times from burst to burst by chance: each burst keeps its length, the pauses are drawn anew.

    Parameters
    ----------
    intervals_s : (B - 1,) from onset to onset, for each run of bursts. lengths_s : (B,) first to last onset of each.

    Returns
    -------
    For each run (count, B - 1): a burst's length, the threshold, and an exponential rest, the rests adding up to
    what was measured.
    """
    drawn = []
    for onset_to_onset, length in zip(intervals_s, lengths_s, strict=True):
        own = length[: len(onset_to_onset)]
        pause = float(np.sum(onset_to_onset - own))
        least = min(threshold_s, pause / len(own) - SHORTEST_INTERVAL_S) if len(own) else 0.0
        steps = chance_steps_s(len(own), pause, max(least, 0.0), count, generator)
        drawn.append(own + steps)
    return drawn
