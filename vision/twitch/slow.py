"""Movements slower than twitches: skin that goes somewhere, stays, and comes back at leisure.

A swallowing chin, a smile: to a search for twitches each is a train of them, one upon the other, without the valleys
between. One movement out and back explains such a course as well as the train does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from vision.model.arrays import BoolArray, FloatArray

CHAINED_S = 0.35  # between peaks of one chain: at less than 3 a second the valleys between twitches reach the level
BEFORE_S, AFTER_S = 0.3, 0.5  # of a chain, that are looked at with it
# That going out or back takes: a swallow 0.25-0.5, a smile more. Twitches that run together, and a muscle that holds,
# are out within 0.2 s, and are no slow movement; glances are known by the irises.
TURNS_S, QUICK_TURNS_S = (0.3, 0.4, 0.7), (0.03, 0.08, 0.15, 0.2)
SHORTEST_S = 0.3  # from the middle of going out to the middle of going back: twitches have 0.06-0.3, our choice
LONGEST_S = 4.0  # of a chain; beyond it posture has taken the movement out
FEWEST_FRAMES = 10
MOST_MOMENTS = 30  # at which a slow movement may turn
# By how much less a slow movement must leave unexplained than the train: simulated and shared films have 0.1-2.7 where
# several twitches follow each other, single ones of 0.3 px up to 8, copies up to 12; swallows 3-27. Our choice.
CHAIN_RATIO, SINGLE_RATIO = 3.5, 9.0
QUICK_SHARE = 0.35  # of what the best quick movement leaves, that a slow one may leave: between them nothing is named
MOST_LEFT = 0.03  # of the course: swallows leave 0.002-0.03; twitches that run together, and noise, 0.03 and more
# The same of what is typical of a chin's chains: several agree. Twitches have 0.1-1.3, swallows 1.5-18 (simulated).
FEWEST_CHAINS, TYPICAL_RATIO, TYPICAL_QUICK = 3, 2.0, 0.8
SITE_SHARE = 0.5  # of a site's twitches: where more are slow, the rest are what is left of such movements


class Left(NamedTuple):
    """What different explanations leave of a course around a chain, sums of squares; `by_none` is all of it."""

    by_train: float
    by_slow: float
    by_quick: float
    by_none: float


def slow_peaks(
    peaks_s: FloatArray, course_px: FloatArray, train_px: FloatArray, seen: BoolArray, time_s: FloatArray,
    *, wide: BoolArray, swallows: bool,
) -> BoolArray:  # fmt: skip
    """(K,) which twitches of a site are no twitches but a slower movement.

    Parameters
    ----------
    peaks_s : (K,) of the twitches by which the course was explained. course_px : (T,) displacement of the site, its
        level taken out. train_px : (T,) the sum of the twitches. seen : (T,) frames that count. wide : (T,) frames in
        which far more than one place moves. swallows : the site lies where swallowing lifts the skin.
    """
    slow, order, fits = np.zeros(len(peaks_s), bool), np.argsort(peaks_s), []
    for chain in chains(peaks_s[order]):
        own = order[chain]
        span_s = float(peaks_s[own[0]]), float(peaks_s[own[-1]])
        left = _left_of(course_px, train_px, seen, time_s, span_s)
        if left is not None:
            onset = np.abs(time_s - span_s[0]) <= BEFORE_S
            slow[own] = _is_slow(left, len(own), is_wide=bool(wide[onset].any()))
            fits += [left] if len(own) > 1 else []
    return slow | bool(slow.sum() > SITE_SHARE * len(slow)) | (swallows and _are_swallows(fits))


def _is_slow(left: Left, count: int, *, is_wide: bool) -> bool:
    """Say whether one movement out and back explains a chain better than so many twitches.

    A movement that is out within 0.2 s, and held, is not slow, whatever a slower one leaves, unless all moves with it.
    """
    ratio, held = CHAIN_RATIO if count > 1 else SINGLE_RATIO, min(left.by_slow, left.by_quick)
    if is_wide and count > 1 and left.by_train > ratio * held and held < MOST_LEFT * left.by_none:
        return True
    is_apart = left.by_slow < QUICK_SHARE * left.by_quick and left.by_slow < MOST_LEFT * left.by_none
    return is_apart and left.by_train > ratio * left.by_slow


def _are_swallows(fits: Sequence[Left]) -> bool:
    """Say whether the chains of a site, each of which may be doubtful, are swallows by what is typical of them.

    Elsewhere bursts of 18 twitches a second would be so, too.
    """
    if len(fits) < FEWEST_CHAINS:
        return False
    train, quick, share = np.median(
        [(left.by_train / left.by_slow, left.by_quick / left.by_slow, left.by_slow / left.by_none) for left in fits],
        axis=0,
    )
    return bool(train > TYPICAL_RATIO and quick > TYPICAL_QUICK and share < MOST_LEFT)


def chains(peaks_s: FloatArray) -> list[slice]:
    """Cut increasing times of peaks where they are far apart."""
    cuts = np.flatnonzero(np.diff(peaks_s) > CHAINED_S) + 1
    edges = [0, *cuts.tolist(), len(peaks_s)]
    return [slice(first, stop) for first, stop in pairwise(edges) if stop > first]


def _left_of(
    course_px: FloatArray, train_px: FloatArray, seen: BoolArray, time_s: FloatArray, span_s: tuple[float, float]
) -> Left | None:
    """What a train, and one movement out and back, leave of a course around a chain; None where none can be."""
    inside = seen & (time_s >= span_s[0] - BEFORE_S) & (time_s <= span_s[1] + AFTER_S)
    if span_s[1] - span_s[0] > LONGEST_S or inside.sum() < FEWEST_FRAMES:
        return None
    course = course_px[inside]
    by_slow, by_quick = (_left(course, _out_and_back(time_s[inside], turns_s)) for turns_s in (TURNS_S, QUICK_TURNS_S))
    by_none = max(float(((course - course.mean()) ** 2).sum()), 1e-12)
    return Left(_left(course, train_px[None, inside]), by_slow, by_quick, by_none)


def _out_and_back(time_s: FloatArray, paces_s: tuple[float, ...]) -> FloatArray:
    """(S, t) movements out and back of some paces."""
    turns_s = time_s[:: max(1, len(time_s) // MOST_MOMENTS)]
    first, last = np.nonzero(turns_s[None] - turns_s[:, None] >= SHORTEST_S)
    shapes = []
    for out_s, back_s in product(paces_s, paces_s):
        out, back = (_smooth((time_s - turns_s[:, None]) / pace_s + 0.5) for pace_s in (out_s, back_s))
        shapes.append(out[first] - back[last])
    return np.concatenate(shapes)


def _smooth(share: FloatArray) -> FloatArray:
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share))


def _left(course: FloatArray, shapes: FloatArray) -> float:
    """Sum of squares that the best of (S, t) shapes leaves of a course, its level free."""
    centred = course - course.mean()
    shapes = shapes - shapes.mean(1, keepdims=True)
    score = np.maximum(shapes @ centred, 0.0) ** 2 / np.maximum((shapes**2).sum(1), 1e-12)
    return float(max(centred @ centred - score.max(initial=0.0), 1e-12))
