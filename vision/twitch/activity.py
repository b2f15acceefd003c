"""Whether a place's course is that of muscle that never rests, and not of blocks, jolts or posture."""

from __future__ import annotations

import numpy as np

from vision.dsp import robust_sd
from vision.model.arrays import BoolArray, FloatArray, IntArray
from vision.settings import DetectionSettings
from vision.twitch.course import peak_height, peak_time_s

SLOWEST_POSTURE_HZ = 0.5  # slower movement is posture, taken out before
FRAMES_THAT_SKEW = 6  # from peak to peak: of quicker twitches too few frames show which way is the quicker one
FEWEST_INTERVALS = 6  # fewer are even by chance; a swing of 5 Hz has them within 1.5 s. Our choice
DRAWN_IN = 0.005  # of the steps at either end: single jumps tell nothing


def is_active(
    course: FloatArray, raw: FloatArray, peaks: IntArray, spans_s: FloatArray, usable: BoolArray, time_s: FloatArray,
    settings: DetectionSettings,
) -> bool:  # fmt: skip
    """Judge a place by its clear frames alone: a blink is quick and large, and would lend a lid what it lacks."""
    clear = usable[peaks]
    watched_s = float(usable.mean()) * float(time_s[-1] - time_s[0])
    if not clear.any() or clear.sum() < settings.continuous_rate_hz * watched_s:
        return False
    heights_px = np.array([peak_height(course, int(peak)) for peak in peaks[clear]])
    if np.median(heights_px) < settings.continuous_smallest_px or uneven(heights_px) > settings.continuous_uneven:
        return False
    if float(np.diff(spans_s[clear]).sum()) < settings.continuous_duty * watched_s:
        return False
    peak_s = np.array([peak_time_s(course, int(peak), time_s) for peak in peaks[clear]])  # finer than a frame
    if not (snaps_out(course, peaks[clear], usable, settings) or is_steady(peak_s, settings)):
        return False
    bridged_px = np.interp(time_s, time_s[usable], raw[usable])
    return quick_share(bridged_px, time_s, settings.continuous_slowest_hz) >= settings.continuous_quick_share


def snaps_out(course: FloatArray, peaks: IntArray, usable: BoolArray, settings: DetectionSettings) -> bool:
    """Say whether it goes out quicker than it comes back, as far as so few frames can show."""
    is_quick = len(peaks) < 2 or np.median(np.diff(peaks)) < FRAMES_THAT_SKEW
    return bool(is_quick or skewness(clear_steps(course, usable)) >= settings.continuous_skew)


def is_steady(peak_s: FloatArray, settings: DetectionSettings) -> bool:
    """Say whether peaks come as evenly as no erratic block's: an even swing need not be quicker one way."""
    interval_s = np.diff(peak_s)
    if len(interval_s) < FEWEST_INTERVALS:
        return False
    return bool(robust_sd(interval_s) <= settings.continuous_steady * np.median(interval_s))


def clear_steps(course: FloatArray, usable: BoolArray) -> FloatArray:
    """Steps between frames that are both clear."""
    return np.asarray(np.diff(course)[usable[1:] & usable[:-1]])


def skewness(values: FloatArray) -> float:
    """Third standardised moment of (T,) values, the farthest of them drawn in."""
    drawn_in = np.clip(values, *np.quantile(values, (DRAWN_IN, 1 - DRAWN_IN))) if len(values) else np.zeros(1)
    centred = drawn_in - drawn_in.mean()
    return float((centred**3).mean() / max(float((centred**2).mean()) ** 1.5, 1e-12))


def uneven(heights_px: FloatArray) -> float:
    """Coefficient of variation of the heights of peaks: units fire with much the same force, blocks jump by any."""
    return float(np.std(heights_px) / max(float(np.mean(heights_px)), 1e-12))


def quick_share(course_px: FloatArray, time_s: FloatArray, slowest_hz: float) -> float:
    """Share of a course's power above `slowest_hz`, of all above SLOWEST_POSTURE_HZ, single jolts clipped.

    Lasting twitches come several a second; expression, gaze and breathing are slower.
    """
    from scipy.signal import welch  # loads for long; needed once the film is read

    width = float(robust_sd(course_px))
    clipped = np.clip(course_px - np.median(course_px), -4 * width, 4 * width)
    rate_hz = (len(time_s) - 1) / (time_s[-1] - time_s[0])
    frequency_hz, power = welch(clipped, rate_hz, nperseg=min(len(clipped), round(4 * rate_hz)))
    counted = float(power[frequency_hz > SLOWEST_POSTURE_HZ].sum())
    return float(power[frequency_hz > slowest_hz].sum()) / counted if counted > 0 else 0.0
