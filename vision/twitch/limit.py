"""Limit of detection: the smallest reference twitch that this clip would have shown.

What twitches in the clip is no noise of it: a place is judged by the moments at which nothing found moves it. So the
limit is that of places other than those found; at such a place, what is below a share of its own twitches is not
counted, and a single movement of another kind hardly stands out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.spatial import cKDTree

from vision.blocks import blocks, columns_at_once, each_block
from vision.dsp import matched_filter, quantiles, robust_sd, twitch_waveform, whiten
from vision.model.arrays import BoolArray, FloatArray, IntArray
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.detect import Candidate
from vision.twitch.filtering import whitened_twitch
from vision.twitch.sites import SAME_SIGMA
from vision.twitch.strength import Response
from vision.twitch.survey import RAYLEIGH_95, Survey

REFERENCE_SIGMA_IOD, REFERENCE_SIGMA_PX = 0.075, 16.0  # architecture.md, limit_of_detection_px
REFERENCE_RISE_S = 0.045
EXPLAINED = 0.55  # of the motion around a twitch near the limit, by one twitch: four in five show more (docs/method.md)
PHASES = 8  # of the frame clock at which the reference twitch is put in
POWER = 0.9
FEWEST_FREE_S = 2.0  # of film, from which a 95th percentile is read: 3 frames of 60 lie above it. Our choice
RING_RISES = 2.0  # rise times by which the filter spreads a twitch before and after, to a twentieth of it


def limit_of_detection_px(
    survey: Survey, signals: MotionSignals, settings: DetectionSettings, found: Sequence[Candidate] = ()
) -> dict[int, float]:
    """Limit for each region: a single reference twitch, found with 90 % probability wherever it falls in it.

    The twitch is put into the displacement signals at every grid point of a region and along both axes; whichever
    footprint and rise time shows it best finds it. The limit is the 90th percentile over points and axes, for the
    place is unknown; noise lifts as many twitches over the bar as it drops below.

    Parameters
    ----------
    found : what twitches in the clip; a place is judged by its other moments, where there are enough, or else by the
        places that are so judged.

    Returns
    -------
    region index -> px in the film; what its encoder had dropped before is not part of it.
    """
    needed = np.full((len(signals.point_px), 2), np.inf)
    for response, (own_scale, tail) in zip(survey.responses, survey.tails, strict=True):
        unit_px = _undisturbed_px(response, own_scale, survey.usable, signals.time_s, found)
        bar_px = _bar(tail, settings) * unit_px / _response_per_px(response, signals, settings)
        needed = np.minimum(needed, bar_px[cKDTree(response.motion.centre_px).query(signals.point_px)[1]])
    regions = np.unique(signals.region_of_point[signals.region_of_point >= 0])
    return {int(index): float(np.quantile(needed[signals.region_of_point == index], POWER)) for index in regions}


def _bar(tail: float, settings: DetectionSettings) -> float:
    """Strength that lifts a single twitch over both bars; `tail` as in `Survey.tails`."""
    return tail * max(settings.single_strength, settings.lone_evidence / EXPLAINED)


def _undisturbed_px(
    response: Response, scale: FloatArray, usable: BoolArray, time_s: FloatArray, found: Sequence[Candidate]
) -> FloatArray:
    """(P, 2) filter output, px-like, that makes one unit of strength where and when nothing found moves a place."""
    margin_s = RING_RISES * response.sought.rise_s
    moved = np.zeros((len(time_s), len(scale)), bool)
    for event in found:
        during = (time_s >= event.onset_s - margin_s) & (time_s <= event.offset_s + margin_s)
        apart_px = np.hypot(*(response.motion.centre_px - np.array([event.x_px, event.y_px])).T)
        near = apart_px < SAME_SIGMA * max(event.sigma_px, response.motion.sigma_px)
        moved[np.ix_(during, near)] = True
    touched = moved.any(0)
    free_s = (usable[:, None] & ~moved).sum(0) * float(np.median(np.diff(time_s)))
    rests = ~touched | (free_s >= FEWEST_FREE_S)
    unit_px = scale[:, None] * response.noise
    groups = list(_alike(moved, np.flatnonzero(touched & rests)))

    def look(own: slice) -> None:
        places = groups[own.start]
        moving_px = response.vector(places)[usable & ~moved[:, places[0]]] * response.noise[places]
        width = np.maximum(robust_sd(moving_px), 1e-12)
        far = quantiles(np.hypot(*np.moveaxis(moving_px / width, 2, 0)), [0.95])[0]
        unit_px[places] = np.minimum(unit_px[places], width * np.maximum(1.0, far / RAYLEIGH_95)[:, None])

    each_block(look, len(groups), 1)
    if rests.any():
        unit_px[~rests] = np.minimum(unit_px[~rests], np.quantile(unit_px[rests], POWER, axis=0))
    return np.asarray(unit_px)


def _alike(moved: BoolArray, places: IntArray) -> Iterator[IntArray]:
    """Blocks of the places, those together whose columns of (T, P) flags are the same."""
    groups: dict[bytes, list[int]] = {}
    for place, flags in zip(places.tolist(), np.packbits(moved[:, places], axis=0).T, strict=True):
        groups.setdefault(flags.tobytes(), []).append(place)
    for members in groups.values():
        yield from (np.array(members[own]) for own in blocks(len(members), columns_at_once(len(moved))))


def _response_per_px(response: Response, signals: MotionSignals, settings: DetectionSettings) -> float:
    """Filter output for a reference twitch of 1 px, the mean over phases of the frame clock."""
    reference = REFERENCE_SIGMA_IOD * signals.scale_px if signals.scale_px else REFERENCE_SIGMA_PX
    own = response.motion.sigma_px
    footprint = 2 * reference**2 / (reference**2 + own**2)  # least-squares amplitude of one Gaussian fitted by another
    coefficients, interval_s = response.sought.coefficients, response.sought.frame_interval_s
    times = np.arange(-10, 41) * interval_s
    template, before = whitened_twitch(response.sought.rise_s, interval_s, coefficients, settings)
    seen = np.ones(len(times), bool)
    heights = [
        matched_filter(
            whiten(twitch_waveform(times, phase * interval_s, REFERENCE_RISE_S, settings.decay), coefficients),
            seen, template, before,
        ).max()
        for phase in np.arange(PHASES) / PHASES
    ]  # fmt: skip
    return max(float(np.mean(heights)) * min(footprint, 1.0), 1e-9)
