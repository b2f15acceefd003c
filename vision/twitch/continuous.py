"""Lasting activity: a place that never rests has no quiet baseline to be measured against.

Its noise is taken from outside: from the texture, as all other places of the clip calibrate it, and from the motion
across its own direction. A twitching place moves along one line; noise, drift and the rest of the body's motion do not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.blocks import columns_at_once, each_block
from vision.dsp import robust_sd, running_quantile
from vision.model.arrays import BoolArray, FloatArray
from vision.settings import DetectionSettings
from vision.twitch.activity import clear_steps, is_active, skewness
from vision.twitch.course import extent_s, peak_height, peak_time_s
from vision.twitch.detect import Candidate
from vision.twitch.filtering import filtered, noise_model
from vision.twitch.pooling import PlaceMotion

CLIP_WIDTHS = 12.0  # a single jolt must not pass for lasting motion
SEED_DISTANCE_SIGMA = 2.0  # of two places of detection
# A site's twitches were 7 times as large as lasting activity that was but their trace; beside true lasting activity no
# other site was found (simulated and shared films). Our choice.
TRACE_SIGMA, TRACE_RATIO = 3.0, 4.0
APART_SIGMA = 1.5  # of two centres, once localised
FLOOR_QUANTILE, FLOOR_WINDOW_S = 0.15, 1.5  # the level between twitches where there is hardly any between
SMOOTHING = np.array([0.25, 0.5, 0.25])


def polarisation(
    motion: PlaceMotion, usable: BoolArray, frame_interval_s: float, settings: DetectionSettings
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Describe the motion of every place as a line.

    Returns
    -------
    (P,) height along the line in expected noise widths, (P,) ratio of along to across, (P, 2) the line's direction
    in pixels.
    """
    coefficients = noise_model(motion, usable, settings)
    vector = np.empty((int(usable.sum()), *motion.bound_px.shape), np.float32)

    def look(own: slice) -> None:
        moved = motion.displacement_px[:, own]
        vector[:, own] = filtered(moved, usable, frame_interval_s, settings.rise_s[0], coefficients, settings)[usable]

    each_block(look, len(motion.centre_px), columns_at_once(len(usable)))
    # A flat or frozen picture shows no noise to calibrate the bound by: it stands as it is.
    calibration = np.median(robust_sd(vector) / motion.bound_px) or 1.0
    expected = (calibration * motion.bound_px).astype(np.float32)
    vector /= expected
    scaled = np.clip(vector, -CLIP_WIDTHS, CLIP_WIDTHS, out=vector)
    spread, axes = np.linalg.eigh(np.einsum("tpi,tpj->pij", scaled, scaled) / len(scaled))
    along, across = np.sqrt(np.maximum(spread[:, 1], 0)), np.sqrt(np.maximum(spread[:, 0], 1e-9))
    line = axes[:, :, 1] * expected
    return along, along / across, line / np.hypot(line[:, 0], line[:, 1])[:, None]


def continuous_events(
    motion: PlaceMotion, usable: BoolArray, time_s: FloatArray, first_seed: int, settings: DetectionSettings,
    known: Sequence[Candidate] = (),
) -> list[Candidate]:  # fmt: skip
    """Find places of lasting activity and the twitches there, strongest place first; seeds count from `first_seed`.

    Where one place passes, others are looked for again at lower bars: lasting activity seldom keeps to one muscle.

    Parameters
    ----------
    known : twitches of sites that rest between them; smaller activity beside such a site is their trace.
    """
    lines = polarisation(motion, usable, float(np.median(np.diff(time_s))), settings)
    events: list[Candidate] = []
    for bars in (settings, in_company(settings)):
        found = _events_at(motion, lines, usable, time_s, first_seed, bars)
        events = [event for own in _by_seed(found) if not _is_trace(own, known) for event in own]
        if not events:
            break
    return events


def _is_trace(own: list[Candidate], known: Sequence[Candidate]) -> bool:
    """Say whether much larger twitches, with rest between them, come from beside a place of lasting activity."""

    def is_near(event: Candidate) -> bool:
        return bool(np.hypot(event.x_px - own[0].x_px, event.y_px - own[0].y_px) < TRACE_SIGMA * own[0].sigma_px)

    return any(is_near(site[0]) and _typical_px(site) > TRACE_RATIO * _typical_px(own) for site in _by_seed(known))


def _by_seed(events: Sequence[Candidate]) -> list[list[Candidate]]:
    seeds = dict.fromkeys(event.seed for event in events)
    return [[event for event in events if event.seed == seed] for seed in seeds]


def _typical_px(events: Sequence[Candidate]) -> float:
    return float(np.median([event.amplitude_px for event in events]))


def in_company(settings: DetectionSettings) -> DetectionSettings:
    """Bars for further places of a clip in which one is known to be active."""
    lowered = (
        "polarised_ratio",
        "polarised_height",
        "continuous_noise_sd",
        "continuous_duty",
        "continuous_quick_share",
    )
    bars = {name: settings.continuous_company_share * getattr(settings, name) for name in lowered}
    return settings.model_copy(update={**bars, "continuous_skew": -np.inf})  # weak places show too little of it


def _events_at(
    motion: PlaceMotion, lines: tuple[FloatArray, FloatArray, FloatArray], usable: BoolArray, time_s: FloatArray,
    first_seed: int, settings: DetectionSettings,
) -> list[Candidate]:  # fmt: skip
    along, ratio, line = lines
    chosen: list[int] = []
    events: list[Candidate] = []
    for place in np.argsort(-along * ratio):
        if ratio[place] < settings.polarised_ratio or along[place] < settings.polarised_height:
            continue
        if motion.lamp_share is not None and motion.lamp_share[place] > settings.continuous_lamp_share:
            continue
        apart = np.hypot(*(motion.centre_px[chosen] - motion.centre_px[place]).T) if chosen else np.array([np.inf])
        if apart.min() < SEED_DISTANCE_SIGMA * motion.sigma_px:
            continue
        found = _activity(motion, int(place), line[place], usable, time_s, first_seed + len(chosen), settings)
        if found:
            chosen.append(int(place))
            events += found
    return events


def _activity(
    motion: PlaceMotion, place: int, line: FloatArray, usable: BoolArray, time_s: FloatArray,
    seed: int, settings: DetectionSettings,
) -> list[Candidate]:  # fmt: skip
    """Read the twitches of one place; empty where it is not continuously active."""
    from scipy.signal import find_peaks  # loads for long; needed once the film is read

    displacement = motion.displacement_px[:, place].astype(float)
    raw = displacement @ line
    course = np.convolve(raw, SMOOTHING, "same")
    if skewness(clear_steps(course, usable)) < 0:
        course, line = -course, -line  # skin is pushed out faster than it comes back: the quick way is out
    noise = float(robust_sd(np.convolve(displacement @ np.array([-line[1], line[0]]), SMOOTHING, "same")[usable]))
    course = course - running_quantile(time_s, course, FLOOR_WINDOW_S, FLOOR_QUANTILE)
    peaks, shape = find_peaks(course, prominence=settings.continuous_noise_sd * noise)
    if not len(peaks):
        return []
    typical = float(np.median(shape["prominences"]))
    # A peak below the floor has no height from which an extent could be taken.
    peaks = peaks[(shape["prominences"] >= settings.continuous_peak_share * typical) & (course[peaks] > 0)]
    if not len(peaks):
        return []
    spans = [extent_s(course, int(peak), time_s) for peak in peaks]
    if not is_active(course, raw, peaks, np.array(spans), usable, time_s, settings):
        return []
    angle = float(np.arctan2(line[1], line[0]))
    x_px, y_px = (float(value) for value in motion.centre_px[place])
    height = course / max(noise, 1e-9)
    return [
        Candidate(
            int(peak), onset_s, float(np.clip(peak_time_s(course, int(peak), time_s), onset_s, offset_s)), offset_s,
            x_px, y_px, peak_height(course, int(peak)), angle, motion.sigma_px,
            float(height[peak]), float(height[peak]) - settings.continuous_noise_sd, seed, is_continuous=True,
        )
        for peak, (onset_s, offset_s) in zip(peaks, spans, strict=True)
    ]  # fmt: skip


def without_shadows(events: list[Candidate], seen: Sequence[Candidate], settings: DetectionSettings) -> list[Candidate]:
    """Keep one seed of each place of lasting activity, and none that is but a shadow of a larger one.

    Seeds on both flanks of one footprint lie, once localised, on its centre; what the smooth model of body motion
    could not follow moves the rest of the part a little at the same rate.

    Parameters
    ----------
    events : localised. seen : the same before, as large as each place shows them: where all places of a face move at
        once, footprints that overlap leave each other less than their own.
    """
    members = {own[0].seed: own[0] for own in _by_seed(events)}
    size = {own[0].seed: _typical_px(own) for own in _by_seed(seen) if own[0].seed in members}
    kept: list[int] = []
    for seed in sorted(members, key=lambda seed: -size[seed]):
        alone = all(_is_apart(members[seed], members[other]) for other in kept)
        if alone and size[seed] >= settings.shadow_share * max(size.values()):
            kept.append(seed)
    return [event for event in events if event.seed in kept]


def _is_apart(event: Candidate, other: Candidate) -> bool:
    apart_px = np.hypot(event.x_px - other.x_px, event.y_px - other.y_px)
    return bool(apart_px > APART_SIGMA * min(event.sigma_px, other.sigma_px))
