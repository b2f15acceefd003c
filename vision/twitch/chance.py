"""Chance inside of bursts and between them: what the intervals there would be if only the rate and the rules were real.

Being in a burst means to lie below the threshold that made it one, and being a pause means to lie above it; that alone
looks regular. The threshold was found in these very intervals, so that it says little of the bounds that were at work.
But given the longest interval inside of bursts, or the shortest pause, the others are free on their side of it,
whatever the bound: chance keeps that one and draws the rest, which makes the p exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.model.arrays import FloatArray
from vision.twitch.trains import on_clock

SWEEPS = 60  # exchanges of each interval; after 20 the mean of LV no longer moves (tests)


def chance_within(
    intervals_s: Sequence[FloatArray],
    sites: Sequence[int],
    least_s: float,
    clock_s: float | None,
    count: int,
    generator: np.random.Generator,
) -> list[FloatArray]:
    """Draw the intervals of bursts by chance between the dead time and the longest of them.

    Parameters
    ----------
    intervals_s : (K,) of each burst. sites : the site of each burst. least_s : dead time.

    Returns
    -------
    For each burst (count, K) intervals; those of one site add up to what was measured and have the same longest one,
    to the frame clock's rounding.

    Notes
    -----
    Exponential intervals between two bounds are, given their sum and the longest of them, even over all combinations
    between the dead time and that one. They are reached by exchange: two intervals at a time are drawn anew with the
    same sum.
    """
    rows: dict[int, FloatArray] = {}
    for site in sorted(set(sites)):
        own = [i for i, name in enumerate(sites) if name == site]
        start = np.concatenate([intervals_s[i] for i in own])
        drawn = _exchanged(start, least_s, count, generator)
        rows.update(zip(own, np.split(drawn, np.cumsum([len(intervals_s[i]) for i in own])[:-1], axis=1), strict=True))
    ordered = [rows[i] for i in range(len(sites))]
    return ordered if clock_s is None else [on_clock(steps_s, clock_s, generator) for steps_s in ordered]


def _exchanged(start_s: FloatArray, least_s: float, count: int, generator: np.random.Generator) -> FloatArray:
    """Exchange between random pairs of all intervals but the longest, all pairs of a sweep at once: (count, K)."""
    ordered = np.sort(np.maximum(start_s, least_s))
    low, high, size = least_s, ordered[-1], len(ordered) - 1
    value = np.tile(ordered, (count, 1))
    half = size // 2
    for _ in range(SWEEPS if half else 0):
        order = generator.permuted(np.tile(np.arange(size), (count, 1)), axis=1)
        first, second = order[:, :half], order[:, half : 2 * half]
        both = np.take_along_axis(value, first, 1) + np.take_along_axis(value, second, 1)
        least, most = np.maximum(low, both - high), np.minimum(high, both - low)
        drawn = least + generator.random(both.shape) * (most - least)
        np.put_along_axis(value, first, drawn, 1)
        np.put_along_axis(value, second, both - drawn, 1)
    return generator.permuted(value, axis=1)


def chance_pauses(
    intervals_s: Sequence[FloatArray],
    lengths_s: Sequence[FloatArray],
    count: int,
    generator: np.random.Generator,
) -> list[FloatArray]:
    """Draw the times from burst to burst by chance: each burst keeps its length, the pauses are drawn anew.

    Parameters
    ----------
    intervals_s : (B - 1,) from onset to onset, for each run of bursts. lengths_s : (B,) first to last onset of each.

    Returns
    -------
    For each run (count, B - 1): a burst's length, the shortest pause, and for all but one of them an exponential rest,
    the rests adding up to what was measured.
    """
    drawn = []
    for onset_to_onset, length in zip(intervals_s, lengths_s, strict=True):
        own = length[: len(onset_to_onset)]
        drawn.append(own + _pauses(onset_to_onset - own, count, generator))
    return drawn


def _pauses(pause_s: FloatArray, count: int, generator: np.random.Generator) -> FloatArray:
    """Draw (count, B - 1) pauses with the measured sum, the measured shortest one at a random place."""
    if len(pause_s) < 2:
        return np.tile(pause_s, (count, 1))
    rest = generator.exponential(1.0, (count, len(pause_s)))
    rest[np.arange(count), generator.integers(0, len(pause_s), count)] = 0.0
    least_s = float(pause_s.min())
    rest_s = float(pause_s.sum()) - len(pause_s) * least_s
    return np.asarray(least_s + rest * (rest_s / rest.sum(axis=1, keepdims=True)))
