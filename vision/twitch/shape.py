"""Whether a movement has the course of a twitch: out and back in a fraction of a second, and nothing else around it."""

from __future__ import annotations

from itertools import product

import numpy as np

from vision.dsp import twitch_waveform
from vision.model.arrays import BoolArray, FloatArray
from vision.twitch.decode import DECAYS, RISES_S

BEFORE_S, AFTER_S = 0.3, 0.6  # around a peak that are looked at: what a twitch takes, and as much beside it
SHIFTS_FRAMES = np.linspace(-1.0, 1.0, 9)  # by which the peak may lie off the frame that shows it best
LONGEST_HELD_S = 0.4  # before or after a peak that a block may stay where it is, our choice
FEWEST_FRAMES = 8  # in that window; fewer fit anything


def share_in_time(course_px: FloatArray, seen: BoolArray, time_s: FloatArray, peak_s: float) -> float:
    """Share of a course around a peak that one twitch explains, less what one step explains.

    Parameters
    ----------
    course_px : (T,) displacement along the movement's direction, posture still in it. seen : (T,).

    Returns
    -------
    Up to 1; 0 or less where a step is as good an account of it, or nothing moves. A place that is lost and found
    again jumps to and fro; a finger that is put down goes and stays. Both pass a matched filter when they are large.
    """
    inside = _around(seen, time_s, peak_s)
    if inside.sum() < FEWEST_FRAMES:
        return 0.0
    moments_s, course = time_s[inside], course_px[inside].astype(float)
    steps = np.stack(
        [
            np.clip((moments_s - at_s) / rise_s + 1, 0, 1)
            for rise_s, at_s in product(RISES_S, _peaks_s(moments_s, peak_s))
        ]
    )
    twitches = _twitches(moments_s, peak_s)
    return _explained(course, twitches, outward=True) - _explained(course, steps, outward=False)


def is_held(course_px: FloatArray, seen: BoolArray, time_s: FloatArray, peak_s: float) -> bool:
    """Say whether displacement that comes at one frame and goes at another explains a course better than a twitch.

    So an encoder repeats a block that it has moved, until it draws it anew. Parameters as above.
    """
    inside = _around(seen, time_s, peak_s)
    if inside.sum() < FEWEST_FRAMES:
        return False
    moments_s, course = time_s[inside], course_px[inside].astype(float)
    of_twitch = _explained(course, _twitches(moments_s, peak_s), outward=True)
    return _explained(course, _held(moments_s, peak_s), outward=True) > of_twitch


def _around(seen: BoolArray, time_s: FloatArray, peak_s: float) -> BoolArray:
    return np.asarray(seen & (time_s >= peak_s - BEFORE_S) & (time_s < peak_s + AFTER_S))


def _peaks_s(time_s: FloatArray, peak_s: float) -> FloatArray:
    return np.asarray(peak_s + SHIFTS_FRAMES * float(np.median(np.diff(time_s))))


def _twitches(time_s: FloatArray, peak_s: float) -> FloatArray:
    """(S, t) twitches of every rise and fall."""
    rise_s, decay, at_s = np.array(list(product(RISES_S, DECAYS, _peaks_s(time_s, peak_s)))).T[..., None]
    return twitch_waveform(time_s, at_s - rise_s, rise_s, decay)


def _held(time_s: FloatArray, peak_s: float) -> FloatArray:
    """(S, t) displacements that come at one frame before a peak and go at another after it."""
    frames = np.arange(len(time_s))
    peak = int(np.abs(time_s - peak_s).argmin())
    near = frames[np.abs(time_s - peak_s) <= LONGEST_HELD_S]
    first, last = np.meshgrid(near[near <= peak], near[near >= peak])
    pairs = np.stack([first.ravel(), last.ravel()], 1)[(last - first).ravel() > 0]
    return np.asarray((frames >= pairs[:, :1]) & (frames <= pairs[:, 1:]), dtype=float).reshape(-1, len(time_s))


def _explained(course: FloatArray, shapes: FloatArray, *, outward: bool) -> float:
    """Share of a course's variance that the best of (S, t) shapes explains; `outward`: only by going along it."""
    centred = course - course.mean()
    shapes = shapes - shapes.mean(1, keepdims=True)
    score = shapes @ centred
    if outward:
        score = np.maximum(score, 0.0)
    if not len(shapes):
        return 0.0
    energy = np.maximum((shapes**2).sum(1), 1e-12) * max(float(centred @ centred), 1e-12)
    return float((score**2 / energy).max())
