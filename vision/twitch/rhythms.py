"""Pulse, breath and a lamp: they go on throughout, and are known by their rhythm."""

from __future__ import annotations

import numpy as np

from vision.dsp import running_quantile
from vision.model.arrays import FloatArray
from vision.model.events import RejectedKind, RejectedMovement
from vision.model.regions import RegionTrack, region_label
from vision.model.signals import MotionSignals
from vision.twitch.artefacts import middle_path_px
from vision.twitch.light import Light

PULSE_HZ = (0.75, 3.0)  # 45 to 180 beats a minute
BREATH_HZ = (0.12, 0.6)  # adults at rest 0.2-0.35 (science.md), children and the restless faster
LEAST_CYCLES = 4.0  # that a film must hold
BESIDE = 1.35  # × a frequency: how far its own line reaches, and the band that it is compared with begins
# Our choice, all of them: what a line must hold of the power in its band; how much higher than beside it the power of
# movement must be at the pulse; at how many points; how far a breath must move what is in view.
COLOUR_SHARE, BREATH_SHARE = 0.35, 0.6  # a hand that wanders by chance reaches the latter in 3 of 400 courses of 24 s
MOVED_RATIO, MOVED_POINTS = 4.0, 0.2
SMALLEST_BREATH_PX = 0.3
BLOCK_POINTS = 32  # worked on at once: bounds the memory of a long clip
OVERTONES, OVERTONE_HZ = 3, 0.15  # of the pulse; how exactly a short film tells its rate
LARGEST_BREATH_PX = 20.0  # from lowest to highest; what goes farther nods. Our choice
MOSTLY = 0.5  # of the film, in which a region must be seen for its colour to count
FEWEST_BINS = 3  # of a spectrum, in a band


def rhythms(
    signals: MotionSignals, displacement_px: FloatArray, regions: RegionTrack, light: Light
) -> list[RejectedMovement]:
    """Name what goes on throughout; each spans the whole clip.

    Parameters
    ----------
    displacement_px : (T, N, 2) without gaps.
    """
    labels = tuple(region_label(name, side) for name, side in zip(regions.names, regions.sides, strict=True))
    kinds: list[RejectedKind] = []
    beat_hz = pulse_hz(regions)
    if beat_hz is not None and moved_share(signals.time_s, displacement_px, beat_hz) >= MOVED_POINTS:
        kinds.append("pulse")
    if breathing_hz(signals) is not None:
        kinds.append("breathing")
    if light.lamp_hz is not None and not _is_multiple(light.lamp_hz, beat_hz):
        kinds.append("flicker")
    first_s, last_s = float(signals.time_s[0]), float(signals.time_s[-1])
    return [RejectedMovement(kind, first_s, (first_s + last_s) / 2, last_s, labels) for kind in kinds]


def _is_multiple(line_hz: float, beat_hz: float | None) -> bool:
    """Say whether a line of the brightness is the pulse's, or one of its first overtones; higher ones are too faint."""
    if beat_hz is None:
        return False
    number = max(1, round(line_hz / beat_hz))
    return number <= OVERTONES and abs(line_hz - number * beat_hz) <= OVERTONE_HZ


def pulse_hz(regions: RegionTrack) -> float | None:
    """Rate at which the skin reddens: green against red, of all regions (Verkruysse 2008, doi:10.1364/OE.16.021434)."""
    colour = regions.skin_rgb
    known = np.isfinite(colour).all(2)
    colour = colour[:, known.mean(0) >= MOSTLY]
    seen = np.isfinite(colour).all((1, 2)) if colour.size else np.zeros(len(regions.time_s), bool)
    if seen.sum() < 2:
        return None
    mean = np.log(np.maximum(colour[seen].mean(1), 1.0))
    course = np.interp(regions.time_s, regions.time_s[seen], mean[:, 1] - mean[:, 0])
    return line_hz(regions.time_s, course, PULSE_HZ, COLOUR_SHARE)


def breathing_hz(signals: MotionSignals) -> float | None:
    """Rate at which all that is in view rises and falls slowly, by much enough to be seen."""
    path = middle_path_px(signals)
    seen = np.isfinite(path).all(1)
    if seen.sum() < 2:
        return None
    moved = np.stack([np.interp(signals.time_s, signals.time_s[seen], axis[seen]) for axis in path.T], 1)
    moved -= moved.mean(0)
    _, _, axes = np.linalg.svd(moved, full_matrices=False)
    along = moved @ axes[0]
    if not 2 * SMALLEST_BREATH_PX <= float(np.subtract(*np.quantile(along, [0.9, 0.1]))) <= LARGEST_BREATH_PX:
        return None
    return line_hz(signals.time_s, along, BREATH_HZ, BREATH_SHARE)


def line_hz(time_s: FloatArray, course: FloatArray, band_hz: tuple[float, float], share: float) -> float | None:
    """Frequency whose own line holds `share` of the power in and beside a band; None where none does."""
    length_s = float(time_s[-1] - time_s[0])
    lowest_hz = max(band_hz[0], LEAST_CYCLES / max(length_s, 1e-9))
    if lowest_hz >= band_hz[1]:
        return None
    frequency_hz, power = _power(time_s, course - running_quantile(time_s, course, 2 / band_hz[0]))
    inside = np.flatnonzero((frequency_hz >= lowest_hz) & (frequency_hz <= band_hz[1]))
    if len(inside) < FEWEST_BINS:
        return None
    peak = inside[int(np.argmax(power[inside]))]
    if peak in (inside[0], inside[-1]):  # the flank of what lies beside the band
        return None
    peak_hz = float(frequency_hz[peak])
    around = (frequency_hz >= band_hz[0] / 2) & (frequency_hz <= band_hz[1] * 2)
    half_width_hz = 2.0 / length_s  # of a line under the window
    own = np.abs(frequency_hz - peak_hz) <= half_width_hz
    total = float(power[around].sum())
    return peak_hz if total > 0 and float(power[around & own].sum()) >= share * total else None


def moved_share(time_s: FloatArray, displacement_px: FloatArray, beat_hz: float) -> float:
    """Share of the points that move at a rhythm, more than at the frequencies beside it."""
    length_s = float(time_s[-1] - time_s[0])
    moved = 0
    for start in range(0, displacement_px.shape[1], BLOCK_POINTS):
        frequency_hz, power = _power(time_s, displacement_px[:, start : start + BLOCK_POINTS])
        power = power.sum(-1)
        own = np.abs(frequency_hz - beat_hz) <= 2.0 / length_s
        beside = ~own & (frequency_hz > beat_hz / BESIDE) & (frequency_hz < beat_hz * BESIDE)
        if not beside.any():
            return 0.0
        moved += int((power[own].max(0) > MOVED_RATIO * power[beside].mean(0)).sum())
    return moved / max(displacement_px.shape[1], 1)


def _power(time_s: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(F,) frequencies, and (F, ...) power of (T, ...) values under a Hann window, on an even clock."""
    even_s = np.linspace(time_s[0], time_s[-1], len(time_s))
    flat = values.reshape(len(values), -1)
    if not np.allclose(even_s, time_s, atol=1e-3):
        flat = np.stack([np.interp(even_s, time_s, column) for column in flat.T], 1)
    window = np.hanning(len(flat))[:, None]
    power = np.abs(np.fft.rfft((flat - flat.mean(0)) * window, axis=0)) ** 2
    frequency_hz = np.fft.rfftfreq(len(flat), max(even_s[1] - even_s[0], 1e-9))
    return frequency_hz, np.asarray(power.reshape(len(power), *values.shape[1:]), dtype=float)
