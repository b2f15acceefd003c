"""Whether a movement has the course of a twitch: out and back in a fraction of a second, and nothing else around it."""

from __future__ import annotations

from itertools import product

import numpy as np

from vision.dsp import twitch_waveform
from vision.model.arrays import BoolArray, FloatArray
from vision.twitch.decode import DECAYS, RISES_S

BEFORE_S, AFTER_S = 0.3, 0.6  # around a peak that are looked at: what a twitch takes, and as much beside it
SHIFTS_FRAMES = np.linspace(-1.0, 1.0, 9)  # by which the peak may lie off the frame that shows it best
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
    inside = seen & (time_s >= peak_s - BEFORE_S) & (time_s < peak_s + AFTER_S)
    if inside.sum() < FEWEST_FRAMES:
        return 0.0
    moments_s, course = time_s[inside], course_px[inside].astype(float)
    shifts_s = SHIFTS_FRAMES * float(np.median(np.diff(time_s)))
    twitches = np.stack(
        [
            twitch_waveform(moments_s, peak_s + shift_s - rise_s, rise_s, decay)
            for rise_s, decay, shift_s in product(RISES_S, DECAYS, shifts_s)
        ]
    )
    steps = np.stack(
        [np.clip((moments_s - peak_s - shift_s) / rise_s + 1, 0, 1) for rise_s, shift_s in product(RISES_S, shifts_s)]
    )
    return _explained(course, twitches, outward=True) - _explained(course, steps, outward=False)


def _explained(course: FloatArray, shapes: FloatArray, *, outward: bool) -> float:
    """Share of a course's variance that the best of (S, t) shapes explains; `outward`: only by going along it."""
    centred = course - course.mean()
    shapes = shapes - shapes.mean(1, keepdims=True)
    score = shapes @ centred
    if outward:
        score = np.maximum(score, 0.0)
    energy = np.maximum((shapes**2).sum(1), 1e-12) * max(float(centred @ centred), 1e-12)
    return float((score**2 / energy).max())
