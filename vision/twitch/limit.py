"""Limit of detection: the smallest reference twitch that this clip would have shown."""

from __future__ import annotations

import numpy as np

from vision.dsp import matched_filter, twitch_waveform, whiten
from vision.model.arrays import FloatArray
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.cleaning import Cleaned
from vision.twitch.sites import RAYLEIGH_95, Survey, tail_weight
from vision.twitch.strength import Response
from vision.twitch.trial import REFERENCE_DECAY, REFERENCE_RISE_S, explained_share, reference_sigma_px

STEP = 1.15  # of the strength that is tried: the limit is known to half of it
HOPELESS = 20.0  # times what is looked at; a twitch that needs more would be no small one
PHASES = 8  # of the frame clock at which the reference twitch is put in
POWER = 0.9


def limit_of_detection_px(
    survey: Survey, signals: MotionSignals, cleaned: Cleaned, settings: DetectionSettings
) -> dict[int, float]:
    """Limit for each region: a single reference twitch, found with 90 % probability wherever it falls in it.

    The twitch is put into the displacement signals at every grid point of a region and along both axes; whichever
    footprint and rise time shows it best finds it. The limit is the 90th percentile over points and axes, for the
    place is unknown; noise lifts as many twitches over the bar as it drops below. How much of the motion around it
    such a twitch explains, which its evidence rests on too, is tried at places and moments of the clip.

    Returns
    -------
    region index -> px; none where no twitch would have been plain. The tracker's own gain is not part of it.
    """
    per_strength = np.full((len(signals.point_px), 2), np.inf)
    for response in survey.responses:
        apart = ((signals.point_px[:, None] - response.motion.centre_px[None]) ** 2).sum(-1)
        needed = _px_per_strength(response, survey, signals, settings)
        per_strength = np.minimum(per_strength, needed[apart.argmin(1)])
    strength = _plain_strength(per_strength.mean(1), survey, signals, cleaned, settings)
    regions = np.unique(signals.region_of_point[signals.region_of_point >= 0])
    return {
        int(index): strength * float(np.quantile(per_strength[signals.region_of_point == index], POWER))
        for index in regions
    }


def _plain_strength(
    px_per_strength: FloatArray, survey: Survey, signals: MotionSignals, cleaned: Cleaned, settings: DetectionSettings
) -> float:
    """Strength at which a lone twitch has evidence enough: the higher it is, the more of the motion it explains."""
    strength = settings.single_strength
    while strength < HOPELESS * settings.single_strength:
        explained = explained_share(strength * px_per_strength, signals, cleaned, survey)
        if strength * explained >= settings.lone_evidence:
            break
        strength *= STEP
    return strength


def _px_per_strength(
    response: Response, survey: Survey, signals: MotionSignals, settings: DetectionSettings
) -> FloatArray:
    """(P, 2) amplitude that raises the strength of a single twitch by one at each place, along x and y."""
    size = np.hypot(response.vector[..., 0], response.vector[..., 1])[survey.usable]
    scale = np.maximum(1.0, np.quantile(size, 0.95, axis=0) / RAYLEIGH_95)
    unit = tail_weight(size) * scale
    return np.asarray(unit[:, None] * response.noise / _response_per_px(response, signals, settings))


def _response_per_px(response: Response, signals: MotionSignals, settings: DetectionSettings) -> float:
    """Filter output for a reference twitch of 1 px, the mean over phases of the frame clock."""
    reference = reference_sigma_px(signals)
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
            whiten(twitch_waveform(times, phase * interval_s, REFERENCE_RISE_S, REFERENCE_DECAY), coefficients),
            seen, template, before,
        ).max()
        for phase in np.arange(PHASES) / PHASES
    ]  # fmt: skip
    return max(float(np.mean(heights)) * min(footprint, 1.0), 1e-9)
