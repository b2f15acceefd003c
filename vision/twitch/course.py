"""What one twitch looks like in the course of its site: where it begins, peaks and ends, and whether it returns."""

from __future__ import annotations

import numpy as np

from vision.dsp import running_quantile
from vision.model.arrays import BoolArray, FloatArray

OFF_SHARE = 0.2  # of its own peak, where a twitch counts as begun and ended (architecture.md, duration_s)
LONGEST_S = 1.0  # displacement of a fasciculation lasts 0.2-1 s (science.md)
RETURN_SHARE = 0.65  # of the peak to which a twitch must fall back by itself, or it is a step
RETURN_S = 1.5  # within which it must: a twitch and the rest of its burst
QUICKEST_FALL_S = 0.035  # relaxation is never quicker than contraction, 35 ms at least (science.md)
SNAP_S, SNAP_SLACK, SNAP_NOISE_SD = 0.2, 1.5, 4.0  # after a peak; for a peak between two frames; noise allowed. Ours
# Of the rise, that a fall must last: relaxation is never quicker than contraction, but noise cuts it. Of 172 single
# twitches of simulated and shared films 171 have 0.41 or more, of 11 false movements 2 have none. Our choice.
SHORTEST_FALL_SHARE = 0.3
REDRAW_SHARE = 0.4  # of the peak, lost in the one frame that is coded anew: the picture stood still before


def rebased(course_px: FloatArray, peaks: list[int], time_s: FloatArray) -> FloatArray:
    """Displacement against the level between the events: the baseline is taken again without them."""
    away = np.ones(len(time_s), bool)
    for frame in peaks:
        away &= ~((time_s > time_s[frame] - 0.1) & (time_s < time_s[frame] + 0.3))
    if away.sum() < len(time_s) // 4:
        return course_px
    level = np.interp(time_s, time_s[away], course_px[away])
    return course_px - running_quantile(time_s, level, 1.0)


def returns(course: FloatArray, peak: int, time_s: FloatArray, is_keyframe: BoolArray) -> bool:
    """Say whether displacement falls back by itself: a step, or what a keyframe redraws, is no twitch.

    Inside of a burst it may take until the burst's end.
    """
    for frame in range(peak + 1, len(course)):
        if time_s[frame] - time_s[peak] > RETURN_S:
            return False
        if is_keyframe[frame] and course[frame - 1] - course[frame] > REDRAW_SHARE * course[peak]:
            return False
        if course[frame] < RETURN_SHARE * course[peak]:
            return True
    return True


def snaps(course: FloatArray, peak: int, time_s: FloatArray, noise_px: float) -> bool:
    """Say whether displacement falls back faster than a muscle relaxes: a place that was lost and is found again.

    Parameters
    ----------
    noise_px : standard deviation of the course's steps from frame to frame, which may add to a fall.
    """
    stop = int(np.searchsorted(time_s, time_s[peak] + SNAP_S, side="right"))
    fall_px = -np.diff(course[peak:stop])
    d = 1.0 + np.diff(time_s[peak:stop]) / QUICKEST_FALL_S
    # The steepest part of d exp(1 - d) lies at d = 2: over a frame it falls by no more than there.
    steepest = np.minimum(1.0, (d - 1.0) * np.exp(-1.0))
    return bool((fall_px > (SNAP_SLACK * steepest * course[peak] + SNAP_NOISE_SD * noise_px)).any())


def drops(onset_s: float, peak_s: float, offset_s: float) -> bool:
    """Say whether a movement is over much sooner than it began: a muscle contracts quickly and relaxes slowly."""
    return offset_s - peak_s < SHORTEST_FALL_SHARE * (peak_s - onset_s)


def extent_s(course: FloatArray, peak: int, time_s: FloatArray) -> tuple[float, float]:
    """Onset and offset where displacement crosses `OFF_SHARE` of its peak, between frames; valleys end an event."""
    level = OFF_SHARE * course[peak]
    return _crossing_s(course, peak, -1, level, time_s), _crossing_s(course, peak, 1, level, time_s)


def _crossing_s(course: FloatArray, peak: int, step: int, level: float, time_s: FloatArray) -> float:
    lowest, where = float(course[peak]), peak
    frame = peak + step
    while 0 <= frame < len(course) and abs(time_s[frame] - time_s[peak]) < LONGEST_S / 2:
        value = float(course[frame])
        if value <= level:
            inside = float(course[frame - step])
            share = (inside - level) / max(inside - value, 1e-12)
            return float(time_s[frame - step] + share * (time_s[frame] - time_s[frame - step]))
        if value < lowest:
            lowest, where = value, frame
        elif value > lowest + 0.5 * (course[peak] - lowest):
            return float(time_s[where])  # the next twitch has begun: the valley between them ends this one
        frame += step
    return float(time_s[where])


def peak_time_s(course: FloatArray, peak: int, time_s: FloatArray) -> float:
    """Time of the peak by a parabola through three frames, no farther than half a frame off."""
    if not 0 < peak < len(course) - 1:
        return float(time_s[peak])
    before, top, after = course[peak - 1 : peak + 2]
    bend = before - 2 * top + after
    shift = 0.0 if bend >= 0 else float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))
    neighbour = time_s[peak + 1] if shift > 0 else time_s[peak - 1]
    return float(time_s[peak] + abs(shift) * (neighbour - time_s[peak]))


def peak_height(course: FloatArray, peak: int) -> float:
    """Height of the parabola through the peak and its neighbours: frames seldom meet the peak itself."""
    if not 0 < peak < len(course) - 1:
        return float(course[peak])
    before, top, after = course[peak - 1 : peak + 2]
    bend = before - 2 * top + after
    return float(top) if bend >= 0 else float(top - 0.125 * (before - after) ** 2 / bend)
