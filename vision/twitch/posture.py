"""What slow movement and brightness add to the motion of a place, taken out before twitches are looked for."""

from __future__ import annotations

import numpy as np

from vision.blocks import columns_at_once, each_block
from vision.dsp import robust_sd, running_quantile
from vision.model.arrays import BoolArray, FloatArray
from vision.settings import DetectionSettings
from vision.twitch.cleaning import Cleaned
from vision.twitch.light import lamp_share, without_light
from vision.twitch.pooling import PlaceMotion

OUT_WIDTHS, FEWEST_OUT = 5.0, 8  # noise widths, and frames: what is farther out is no posture. Our choice
MOST_OUT = 0.5  # of the frames; where more are out, they are the posture
LONGER_WINDOW = 3.0  # times that of posture, of the level from which it is out: no burst fills half of it
HELD_S, HELD_QUANTILE = 0.5, 0.1  # two or three twitches of a burst, and the valleys between them. Our choice
# Of the height of peaks above valleys, that valleys lie above the level: by their waveform 0.25 to 0.7 at 3 twitches a
# second, 0.8 to 1.7 at 5. Our choice
VALLEY_SHARE = 0.5


def settled(
    motion: PlaceMotion, cleaned: Cleaned, away: BoolArray, time_s: FloatArray, settings: DetectionSettings
) -> PlaceMotion:
    """Take posture and brightness out of pooled motion.

    Parameters
    ----------
    away : (T,) frames of expression, which is no posture: beside a smile the skin at rest is where it was before.
    """
    quick, lit = np.empty_like(motion.displacement_px), np.zeros(len(motion.centre_px))

    def settle(own: slice) -> None:
        moved = motion.displacement_px[:, own]
        resting = _bridged_over(moved, away, time_s)
        moved = (moved - posture(time_s, resting, cleaned.usable, settings.baseline_window_s)).astype(np.float32)
        lit[own] = lamp_share(moved, cleaned.light, cleaned.usable)
        quick[:, own] = without_light(moved, cleaned.light, cleaned.usable)

    each_block(settle, len(motion.centre_px), columns_at_once(len(time_s)))
    return PlaceMotion(motion.centre_px, motion.sigma_px, quick, motion.bound_px, lit)


def _bridged_over(moved_px: FloatArray, away: BoolArray, time_s: FloatArray) -> FloatArray:
    """(T, P, 2) motion, straight lines in the frames that are away; as it is where they are most of all."""
    kept = np.flatnonzero(~away)
    if len(kept) == len(away) or len(kept) < (1 - MOST_OUT) * len(away):
        return moved_px
    gone = np.flatnonzero(away)
    after = np.searchsorted(kept, gone)
    left, right = kept[np.maximum(after - 1, 0)], kept[np.minimum(after, len(kept) - 1)]
    share = ((time_s[gone] - time_s[left]) / np.maximum(time_s[right] - time_s[left], 1e-9))[:, None, None]
    bridged = moved_px.copy()
    bridged[gone] = moved_px[left] * (1 - share) + moved_px[right] * share
    return bridged


def posture(time_s: FloatArray, moved_px: FloatArray, usable: BoolArray, window_s: float) -> FloatArray:
    """(T, P, 2) level that slow movement takes, the frames of twitches left out.

    A burst of twitches that fills most of a window would lift its median; beside the burst, the skin at rest would
    then seem to move the wrong way.
    """
    flat = moved_px.reshape(len(moved_px), -1)
    known = running_quantile(time_s, flat, window_s)
    away = flat - running_quantile(time_s, flat, LONGER_WINDOW * window_s)
    out = np.abs(away) > OUT_WIDTHS * robust_sd(away[usable])
    some = np.flatnonzero((out.sum(0) >= FEWEST_OUT) & (out.mean(0) <= MOST_OUT))
    if len(some):
        bridged = flat[:, some].copy()
        for column, gone in zip(bridged.T, out[:, some].T, strict=True):
            column[gone] = np.interp(time_s[gone], time_s[~gone], column[~gone])
        known[:, some] = running_quantile(time_s, bridged, window_s)
    return known.reshape(moved_px.shape)


def held_px(course_px: FloatArray, away: BoolArray, time_s: FloatArray) -> FloatArray:
    """(T,) level at which an expression holds a course, posture taken out; 0 where there is none.

    A smile keeps a lid lifted for seconds. Explained by twitches alone that would be a train of them, one upon the
    other; but twitches leave valleys. The level is what stays when all that is shorter than half a second is taken
    away (a morphological opening; quantiles stand for its extremes, which noise would set), less what twitches would
    themselves leave between them.

    Parameters
    ----------
    course_px : (T,) displacement along the way that twitches go.
    away : (T,) frames of expression; the level in the others is where the skin rests.
    """
    if away.all() or not away.any():
        return np.zeros_like(course_px)
    course = course_px[:, None]
    low, high = (running_quantile(time_s, course, HELD_S, quantile) for quantile in (HELD_QUANTILE, 1 - HELD_QUANTILE))
    level = running_quantile(time_s, low, HELD_S, 1 - HELD_QUANTILE)
    swing, level = ((high - low)[:, 0], level[:, 0])
    swing, level = np.maximum(swing - np.median(swing[~away]), 0.0), level - np.median(level[~away])
    return np.asarray(np.where(level > 0, np.maximum(level - VALLEY_SHARE * swing, 0.0), level) * away)
