"""Events: when the twitches of each site happen, and what each looks like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.dsp import running_quantile
from vision.model.arrays import BoolArray, FloatArray
from vision.settings import DetectionSettings
from vision.twitch.sites import Seed, peaks_of

OFF_SHARE = 0.2  # of its own peak, where a twitch counts as begun and ended (architecture.md, duration_s)
LONGEST_S = 1.0  # displacement of a fasciculation lasts 0.2-1 s (science.md)
RETURN_SHARE = 0.65  # of the peak to which a twitch must fall back by itself, or it is a step
RETURN_S = 1.5  # within which it must: a twitch and the rest of its burst
REDRAW_SHARE = 0.4  # of the peak, lost in the one frame that is coded anew: the picture stood still before
PLACE_REACH_SIGMA = 2.0  # around a seed within which a single event may lie
SAME_SIGMA = 3.0  # two seeds nearer than this may see one twitch


@dataclass(frozen=True)
class Candidate:
    """One twitch as detected, before sites are named."""

    frame: int
    onset_s: float
    peak_s: float
    offset_s: float
    x_px: float
    y_px: float
    amplitude_px: float
    direction_rad: float
    sigma_px: float
    strength: float
    margin_sd: float
    seed: int
    is_continuous: bool = False
    is_single: bool = False


def detect_at_seed(
    seed: Seed, index: int, time_s: FloatArray, is_keyframe: BoolArray, settings: DetectionSettings
) -> list[Candidate]:
    """Find the events of one seed along its own direction.

    The threshold fits the site: it is `event_strength`, but not less than `event_share` of the site's typical
    twitch, so that a strong site's echoes do not count.
    """
    strength = seed.along()
    if seed.frame is not None:
        course = rebased(seed.displacement_px(), [seed.frame], time_s)
        only = _measured(seed, index, seed.frame, course, seed.strength, settings.single_strength, time_s, is_keyframe)
        return [] if only is None else [only]
    peaks = peaks_of(strength, time_s, settings.event_strength, settings.dead_time_s)
    if not peaks:
        return []
    typical = float(np.median(strength[peaks[: max(1, len(peaks) // 2)]]))
    threshold = max(settings.event_strength, settings.event_share * typical)
    course = rebased(seed.displacement_px(), [frame for frame in peaks if strength[frame] > threshold], time_s)
    events = []
    for frame in sorted(peaks):
        if strength[frame] <= threshold:
            continue
        event = _measured(seed, index, frame, course, float(strength[frame]), threshold, time_s, is_keyframe)
        if event is not None:
            events.append(event)
    return events


def rebased(course_px: FloatArray, peaks: list[int], time_s: FloatArray) -> FloatArray:
    """Displacement against the level between the events: the baseline is taken again without them."""
    away = np.ones(len(time_s), bool)
    for frame in peaks:
        away &= ~((time_s > time_s[frame] - 0.1) & (time_s < time_s[frame] + 0.3))
    if away.sum() < len(time_s) // 4:
        return course_px
    level = np.interp(time_s, time_s[away], course_px[away])
    return course_px - running_quantile(time_s, level, 1.0)


def _measured(
    seed: Seed, index: int, frame: int, course: FloatArray, strength: float, threshold: float,
    time_s: FloatArray, is_keyframe: BoolArray,
) -> Candidate | None:  # fmt: skip
    """Measure one event; None where the movement is a step or goes with a keyframe."""
    near = slice(max(0, frame - 1), frame + 2)
    peak = near.start + int(np.argmax(course[near]))
    height = float(course[peak])
    if height <= 0 or not returns(course, peak, time_s, is_keyframe):
        return None
    onset_s, offset_s = extent_s(course, peak, time_s)
    peak_s = float(np.clip(peak_time_s(course, peak, time_s), onset_s, offset_s))
    place, direction = _place_and_direction(seed, frame)
    return Candidate(
        frame, onset_s, peak_s, offset_s, float(place[0]), float(place[1]),
        peak_height(course, peak), float(np.arctan2(direction[1], direction[0])), seed.response.motion.sigma_px,
        strength, strength - threshold, index, is_single=seed.frame is not None,
    )  # fmt: skip


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


def _place_and_direction(seed: Seed, frame: int) -> tuple[FloatArray, FloatArray]:
    """Centroid of the places around the seed that moved with it at that frame, and the way the skin went there."""
    response, motion = seed.response, seed.response.motion
    apart = np.hypot(*(motion.centre_px - seed.centre_px).T)
    near = apart < PLACE_REACH_SIGMA * motion.sigma_px
    along = np.einsum("pi,i->p", response.vector[frame, near], seed.direction)
    weight = np.maximum(along, 0.0) ** 4
    if weight.sum() <= 0:
        return seed.centre_px, seed.pixel_direction()
    return np.asarray(weight @ motion.centre_px[near] / weight.sum()), seed.pixel_direction()


def without_repeats(candidates: list[Candidate], settings: DetectionSettings) -> list[Candidate]:
    """Keep one event of each twitch: the strongest of neighbouring seeds, and no weaker echo elsewhere."""
    kept: list[Candidate] = []
    for event in sorted(candidates, key=lambda e: -e.strength):
        if not any(_is_same(event, other, settings) or _is_echo(event, other, settings) for other in kept):
            kept.append(event)
    return sorted(kept, key=lambda e: e.onset_s)


def _is_same(event: Candidate, other: Candidate, settings: DetectionSettings) -> bool:
    apart_px = float(np.hypot(event.x_px - other.x_px, event.y_px - other.y_px))
    reach_px = SAME_SIGMA * max(event.sigma_px, other.sigma_px)
    return apart_px < reach_px and abs(event.peak_s - other.peak_s) < settings.dead_time_s


def _is_echo(event: Candidate, other: Candidate, settings: DetectionSettings) -> bool:
    if event.seed == other.seed:
        return False
    near_s = abs(event.peak_s - other.peak_s) < settings.echo_s
    return near_s and event.strength < settings.echo_share * other.strength
