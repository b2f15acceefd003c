"""Reference twitches put into a clip's own displacement: how plainly would it have shown them?"""

from __future__ import annotations

import numpy as np

from vision.dsp import twitch_waveform
from vision.model.arrays import FloatArray, IntArray
from vision.model.signals import MotionSignals
from vision.twitch.cleaning import Cleaned
from vision.twitch.localise import COURSE_S, LEVEL_WINDOW_S, NEIGHBOURHOOD_SIGMA, fit_footprint, footprint_course
from vision.twitch.shape import share_in_time
from vision.twitch.sites import Survey

REFERENCE_SIGMA_IOD, REFERENCE_SIGMA_PX = 0.075, 16.0  # architecture.md, limit_of_detection_px
REFERENCE_RISE_S, REFERENCE_DECAY = 0.045, 1.6
TRIALS = 48  # places and moments: the share that four of five reach is then known to a twentieth
REACHED_BY = 0.2  # quantile of the shares: four of five trials reach it; places are counted apart
GOLDEN_ANGLE_RAD = 2.39996  # directions spread evenly, whatever their number
QUIET_S = 0.35  # before a peak that its level is not taken from, and after it


def reference_sigma_px(signals: MotionSignals) -> float:
    """Width of the reference twitch's footprint."""
    return REFERENCE_SIGMA_IOD * signals.scale_px if signals.scale_px else REFERENCE_SIGMA_PX


def explained_share(amplitude_px: FloatArray, signals: MotionSignals, cleaned: Cleaned, survey: Survey) -> float:
    """Share of the motion around a reference twitch, in space times in time, that it would have explained.

    Parameters
    ----------
    amplitude_px : (N,) height of the twitch at each grid point.

    Returns
    -------
    The share that `REACHED_BY` allows for, of trials spread over the watched places, moments and directions; 0 where
    nothing was watched.
    """
    points, frames = _trials(signals, survey)
    shares = [
        _share(int(point), int(frame), number * GOLDEN_ANGLE_RAD, float(amplitude_px[point]), signals, cleaned, survey)
        for number, (point, frame) in enumerate(zip(points, frames, strict=True))
    ]
    return max(0.0, float(np.quantile(shares, REACHED_BY))) if shares else 0.0


def _trials(signals: MotionSignals, survey: Survey) -> tuple[IntArray, IntArray]:
    """Points and frames of the trials: evenly through both, in orders that do not go together."""
    seen = np.flatnonzero(signals.region_of_point >= 0)
    quiet = np.flatnonzero(survey.usable)
    count = min(TRIALS, len(seen), len(quiet))
    step = np.arange(count)
    spread = np.argsort(step * GOLDEN_ANGLE_RAD % 1.0)
    points = seen[np.round(step * (len(seen) - 1) / max(count - 1, 1)).astype(int)]
    frames = quiet[np.round(spread * (len(quiet) - 1) / max(count - 1, 1)).astype(int)]
    return points, frames


def _share(
    point: int, frame: int, angle_rad: float, amplitude_px: float, signals: MotionSignals, cleaned: Cleaned,
    survey: Survey,
) -> float:  # fmt: skip
    time_s, centre_px = signals.time_s, signals.point_px[point]
    sigmas_px = [motion.sigma_px for motion in survey.motions]
    apart_px = np.hypot(*(signals.point_px - centre_px).T)
    near = apart_px < 2 * NEIGHBOURHOOD_SIGMA * float(np.median(sigmas_px))
    window = np.flatnonzero(np.abs(time_s - time_s[frame]) < max(COURSE_S, LEVEL_WINDOW_S))
    way = np.array([np.cos(angle_rad), np.sin(angle_rad)])
    in_space = amplitude_px * np.exp(-0.5 * (apart_px[near] / reference_sigma_px(signals)) ** 2)
    in_time = twitch_waveform(
        time_s[window], float(time_s[frame]) - REFERENCE_RISE_S, REFERENCE_RISE_S, REFERENCE_DECAY
    )
    motion = cleaned.displacement_px[window][:, near] + in_time[:, None, None] * in_space[:, None] * way
    quiet = np.abs(time_s[window] - time_s[frame]) > QUIET_S
    field = motion[window.tolist().index(frame)] - np.median(motion[quiet], axis=0) if quiet.any() else motion[0]
    found = fit_footprint(signals.point_px[near], signals.structure[near], field, centre_px, sigmas_px)
    course = footprint_course(found, signals.point_px[near], signals.structure[near], motion)
    return found.explained * share_in_time(course, cleaned.in_view[window], time_s[window], float(time_s[frame]))
