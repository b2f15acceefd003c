"""Limit of detection: the smallest reference twitch that this clip would have shown."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from vision.dsp import matched_filter, twitch_waveform, whiten
from vision.model.arrays import FloatArray
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.sites import Survey
from vision.twitch.strength import Response

REFERENCE_SIGMA_IOD, REFERENCE_SIGMA_PX = 0.075, 16.0  # architecture.md, limit_of_detection_px
REFERENCE_RISE_S = 0.045
USUAL_EXPLAINED = 0.6  # of the motion around a twitch near the limit, which most explain; our choice, docs/method.md
PHASES = 8  # of the frame clock at which the reference twitch is put in
POWER = 0.9


def limit_of_detection_px(survey: Survey, signals: MotionSignals, settings: DetectionSettings) -> dict[int, float]:
    """Limit for each region: a single reference twitch, found with 90 % probability wherever it falls in it.

    The twitch is put into the displacement signals at every grid point of a region and along both axes; whichever
    footprint and rise time shows it best finds it. The limit is the 90th percentile over points and axes, for the
    place is unknown; noise lifts as many twitches over the bar as it drops below.

    Returns
    -------
    region index -> px. The tracker's own gain is not part of it.
    """
    needed = np.full((len(signals.point_px), 2), np.inf)
    for response, (scale, tail) in zip(survey.responses, survey.tails, strict=True):
        nearest = cKDTree(response.motion.centre_px).query(signals.point_px)[1]
        needed = np.minimum(needed, _needed_px(response, tail, scale, signals, settings)[nearest])
    regions = np.unique(signals.region_of_point[signals.region_of_point >= 0])
    return {int(index): float(np.quantile(needed[signals.region_of_point == index], POWER)) for index in regions}


def _needed_px(
    response: Response, tail: float, scale: FloatArray, signals: MotionSignals, settings: DetectionSettings
) -> FloatArray:
    """(P, 2) amplitude that lifts a single twitch over the bar at each place, along x and y; see `Survey.tails`."""
    lowest = max(settings.single_strength, settings.lone_evidence / USUAL_EXPLAINED)
    bar = lowest * tail * scale
    height = _response_per_px(response, signals, settings)
    return np.asarray(bar[:, None] * response.noise / height)


def _response_per_px(response: Response, signals: MotionSignals, settings: DetectionSettings) -> float:
    """Filter output for a reference twitch of 1 px, the mean over phases of the frame clock."""
    reference = REFERENCE_SIGMA_IOD * signals.scale_px if signals.scale_px else REFERENCE_SIGMA_PX
    own = response.motion.sigma_px
    footprint = 2 * reference**2 / (reference**2 + own**2)  # least-squares amplitude of one Gaussian fitted by another
    coefficients = response.coefficients
    interval_s = float(np.median(np.diff(signals.time_s)))
    times = np.arange(-10, 41) * interval_s
    before = int(np.ceil(response.rise_s / interval_s))
    after = int(np.ceil(6.0 * response.rise_s / interval_s))
    own_times = np.arange(-before, after + 1) * interval_s
    template = np.convolve(
        twitch_waveform(own_times, -response.rise_s, response.rise_s, settings.decay), np.r_[1.0, -coefficients]
    )
    seen = np.ones(len(times), bool)
    heights = [
        matched_filter(
            whiten(twitch_waveform(times, phase * interval_s, REFERENCE_RISE_S, settings.decay), coefficients),
            seen, template, before,
        ).max()
        for phase in np.arange(PHASES) / PHASES
    ]  # fmt: skip
    return max(float(np.mean(heights)) * min(footprint, 1.0), 1e-9)
