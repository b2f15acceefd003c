"""Where exactly a twitch sits and how large it is, from the displacement of the points around it.

A lattice of places finds a twitch; the centre of its footprint lies between them, or over the edge of what can be
tracked (a lid ends at the eyeball). So a footprint is fitted to the displacement of all points nearby.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vision.dsp import medians
from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.background import FEWEST_LEVEL_FRAMES, LEVEL_WINDOW_S, Background
from vision.twitch.cleaning import Cleaned
from vision.twitch.detect import Candidate
from vision.twitch.footprint import (
    Footprint,
    fit_footprint,
    footprint_course,
    height_without_best_points,
    neighbourhood,
)
from vision.twitch.shape import is_held, share_in_time

QUIET_MARGIN_S = 0.05  # around an event that is no level any more
COURSE_S = 0.7  # around a peak that its course is judged by; `vision.twitch.shape` looks at less
MOST_EVENTS = 40  # averaged for one site; more do not make its place any surer
LARGEST_EXTRAPOLATION = 4.0  # times what is seen beside it that a footprint's centre may have, our choice
AMPLITUDE_RANGE = (0.4, 1.6)  # by which a fit may correct the course's own height
# Of its height, that a movement keeps without the point that tells most of it. Of what was found at twitches, simulated
# or warped into real films, all but 3 of 607 keep 0.8 to 1.05; of what single points of a real wrist do all but 2 of 28
# keep -0.3 to 0.2. A footprint half as wide as the narrowest that is looked for would keep 0.45.
LEAST_BESIDE = 0.3
# The same of a single movement, which no other backs, without two points: of 140 at twitches all keep 0.83 and more, of
# seven that chance made of real rests whose points were shifted in time, none more than 0.64.
LONE_LEFT_OUT, LONE_BESIDE = 2, 0.7
PLAIN_EXPLAINED = 0.7  # of the motion around: such a fit stands for itself. Our choice, as the range


def localised(
    candidates: list[Candidate], signals: MotionSignals, cleaned: Cleaned, resting: Background,
    sigmas_px: Sequence[float], settings: DetectionSettings,
) -> list[Candidate]:  # fmt: skip
    """Move the events of each seed to the centre of their common footprint, and set their size by it.

    A single movement that no one twitch explains is left out: blocks that an encoder draws anew, hair and shadows
    jump here and there, skin over a muscle moves as one and comes back. So is any that one point or two alone show.
    """
    placed = []
    for seed in sorted({event.seed for event in candidates}):
        members, evidence = [event for event in candidates if event.seed == seed], np.inf
        start = np.array([members[0].x_px, members[0].y_px])
        near = neighbourhood(signals.point_px, start, sigmas_px)
        field = mean_field(members, signals, cleaned, near)
        found = fit_footprint(signals.point_px[near], signals.structure[near], field, start, sigmas_px)
        if not is_seen_by_several(members, found, signals, cleaned, near):
            continue
        if members[0].is_single:
            usual = resting.usual(near)
            evidence = _evidence(members[0], found, usual, signals, cleaned)
            if evidence < settings.least_evidence:
                continue
        if members[0].is_continuous and found.explained < settings.continuous_explained:
            continue
        height = float(np.mean([event.amplitude_px for event in _strongest(members)]))
        if members[0].is_continuous and found.amplitude_px > LARGEST_EXTRAPOLATION * height:
            continue  # the fit has left what is tracked
        factor = correction(found, height, float(np.hypot(*field.T).max(initial=0.0)), members[0])
        if factor * height < _smallest_px(members[0], settings):
            continue
        placed += [
            replace(
                event, x_px=found.x_px, y_px=found.y_px, sigma_px=found.sigma_px,
                amplitude_px=factor * event.amplitude_px, direction_rad=_direction_rad(event, found), evidence=evidence,
            )
            for event in members
        ]  # fmt: skip
    return placed


def is_seen_by_several(
    members: list[Candidate], found: Footprint, signals: MotionSignals, cleaned: Cleaned, near: BoolArray
) -> bool:
    """Say whether more than one point shows what most events of a seed are, and more than two what comes once; of
    lasting activity it is not asked.

    `found` : their common footprint. `near` : (N,) points around it.
    """
    if members[0].is_continuous or not found.explained:
        return True
    left_out, least = (LONE_LEFT_OUT, LONE_BESIDE) if members[0].is_single else (1, LEAST_BESIDE)
    points, structure = signals.point_px[near], signals.structure[near]
    fields = [mean_field([event], signals, cleaned, near) for event in members]
    beside = [height_without_best_points(found, points, structure, field, left_out) for field in fields]
    return float(np.median(beside)) >= least


def correction(found: Footprint, height_px: float, largest_px: float, event: Candidate) -> float:
    """By how much the height of a course is too large or small: it pools another width, from beside the centre.

    The mean movement of a site's twitches, most of it explained by one footprint, stands for itself. One movement, or
    one without a level at rest, may be fitted by too narrow and high a footprint, and a fit far above `largest_px`, all
    that any point shows, has left what is tracked.
    """
    if not found.explained:
        return 1.0
    ratio = found.amplitude_px / max(height_px, 1e-9)
    is_plain = found.explained >= PLAIN_EXPLAINED and not (event.is_single or event.is_continuous)
    if is_plain and ratio >= AMPLITUDE_RANGE[0] and found.amplitude_px <= LARGEST_EXTRAPOLATION * largest_px:
        return ratio
    return float(np.clip(ratio, *AMPLITUDE_RANGE))


def _smallest_px(event: Candidate, settings: DetectionSettings) -> float:
    """Height below which what repeats or lasts may be the encoder's, which moves blocks by quarter pixels."""
    if event.is_continuous:
        return settings.continuous_smallest_px
    return 0.0 if event.is_single else settings.repeated_smallest_px


def _evidence(event: Candidate, found: Footprint, usual: float, signals: MotionSignals, cleaned: Cleaned) -> float:
    """Strength of a single movement, times the share of the motion around it that one twitch explains.

    In space: what its footprint explains at the peak, beyond the energy that is usual there. In time: what a twitch's
    course explains of the footprint's; 0 where what an encoder holds explains it better.
    """
    near = np.flatnonzero(np.abs(signals.time_s - event.peak_s) < COURSE_S)
    window = slice(int(near[0]), int(near[-1]) + 1)
    course = footprint_course(found, signals.point_px, signals.structure, cleaned.displacement_px[window])
    seen, time_s = cleaned.in_view[window], signals.time_s[window]
    if is_held(course, seen, time_s, event.peak_s):
        return 0.0
    in_time = share_in_time(course, seen, time_s, event.peak_s)
    return event.strength * found.explained_beyond(usual) * in_time


def _direction_rad(event: Candidate, found: Footprint) -> float:
    """Way of the footprint; lasting activity keeps its own, for its level is unknown."""
    if event.is_continuous or not found.explained:
        return event.direction_rad
    return float(np.arctan2(found.displacement_px[1], found.displacement_px[0]))


def _strongest(members: list[Candidate]) -> list[Candidate]:
    return sorted(members, key=lambda event: -event.strength)[:MOST_EVENTS]


def mean_field(
    members: list[Candidate], signals: MotionSignals, cleaned: Cleaned, near: BoolArray | None = None
) -> FloatArray:
    """(N, 2) mean displacement at the peaks of some events, against the level of quiet frames around each.

    `near` : (M,) of all points, those N that are looked at.
    """
    points = np.arange(len(signals.point_px)) if near is None else np.flatnonzero(near)
    quiet = np.ones(len(signals.time_s), bool)
    for event in members:
        quiet &= (signals.time_s < event.onset_s - QUIET_MARGIN_S) | (signals.time_s > event.offset_s + QUIET_MARGIN_S)
    fields = []
    for event in _strongest(members):
        around = np.abs(signals.time_s - event.peak_s) < LEVEL_WINDOW_S
        level_frames = np.flatnonzero(around & quiet)
        if len(level_frames) < FEWEST_LEVEL_FRAMES:  # no quiet in lasting activity: the valleys beside it are the best
            level_frames = np.abs(signals.time_s[:, None] - [event.onset_s, event.offset_s]).argmin(0)
        level_px = medians(cleaned.displacement_px[level_frames[:, None], points])
        fields.append(cleaned.displacement_px[event.frame, points] - level_px)
    caught = float(np.mean([event.caught for event in _strongest(members)]))
    return np.asarray(np.mean(fields, axis=0) / caught, dtype=float)
