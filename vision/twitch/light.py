"""What light adds to motion: brightness that comes and goes displaces what is followed, most where texture is faint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.dsp import running_quantile
from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import MotionSignals

POSTURE_S = 2.0  # window of the level that brightness is held against
FAINTEST = 1e-6  # standard deviation of a course of log brightness, below which it is a still picture's rounding
# px per unit of log brightness. It displaces what is followed by its share times level ÷ gradient: 120 ÷ 0.4 grey
# levels a pixel, below which there is hardly a texture. Lamps did up to 90; where far more is fitted, movement made it.
LARGEST_PX_PER_GAIN = 300.0
SLOWEST_LAMP_HZ = 2.0  # slower, the pulse in the skin's colour is as steady a line
SMALLEST_LAMP = 1e-3  # standard deviation of log brightness; movement makes a ten-thousandth of it
LAMP_SHARE = 0.5  # of the quick power of brightness that a lamp's own line holds; it ticks, muscles do not. Our choice
LAMP_HALF_WIDTH_HZ = 0.05  # mains keep their frequency to 0.02 Hz (ENTSO-E), their light to twice that
SHORTEST_S = 5.0  # of a film whose lamp is looked for: in a shorter one its line is as wide as a twitch's spectrum
FINER = 8  # steps of the spectrum for each that the film's length tells apart, so that a line is met at its middle
LINE_BINS = 2  # of the spectrum, by which a window widens a line


@dataclass(frozen=True, eq=False)
class Light:
    """Brightness over T frames.

    courses : (T, K) log brightness with its neighbours in time, free of slow change. lamp : (T, L) sines and cosines
    that make up a lamp's line, none where no lamp flickers; lamp_hz : its frequency, or its alias.
    """

    courses: FloatArray
    lamp: FloatArray
    lamp_hz: float | None = None


def light_of(signals: MotionSignals) -> Light:
    """Describe the brightness of a clip; where it is not known, nothing is."""
    seen = np.isfinite(signals.luma_gain)
    none = np.zeros((len(seen), 0))
    if seen.sum() < 2:
        return Light(none, none)
    gain = np.interp(signals.time_s, signals.time_s[seen], np.log(np.maximum(signals.luma_gain[seen], 1e-3)))
    quick = gain - running_quantile(signals.time_s, gain, POSTURE_S)
    lagged = np.stack([np.roll(quick, lag) for lag in (-1, 0, 1)], 1)
    lagged[0, 2] = lagged[-1, 0] = 0.0
    line_hz = _lamp_hz(signals.time_s, quick)
    return Light(lagged, none if line_hz is None else _line(signals.time_s, line_hz), line_hz)


def _lamp_hz(time_s: FloatArray, quick: FloatArray) -> float | None:
    """Frequency at which a lamp, or its alias, flickers; None where no steady line holds the power of brightness."""
    if time_s[-1] - time_s[0] < SHORTEST_S:
        return None
    even_s = np.linspace(time_s[0], time_s[-1], len(time_s))
    count = FINER * len(quick)
    power = np.abs(np.fft.rfft(np.interp(even_s, time_s, quick) * np.hanning(len(quick)), count)) ** 2
    frequency_hz = np.fft.rfftfreq(count, even_s[1] - even_s[0])
    power[frequency_hz < SLOWEST_LAMP_HZ] = 0.0
    line_hz = float(frequency_hz[int(power.argmax())])
    own = np.abs(frequency_hz - line_hz) <= _half_width_hz(time_s)
    if power.sum() <= 0 or power[own].sum() < LAMP_SHARE * power.sum():
        return None
    line = _line(time_s, line_hz)
    return line_hz if _fitted(line, quick[:, None]).std() >= SMALLEST_LAMP else None


def _half_width_hz(time_s: FloatArray) -> float:
    return LAMP_HALF_WIDTH_HZ + LINE_BINS / float(time_s[-1] - time_s[0])


def _line(time_s: FloatArray, line_hz: float) -> FloatArray:
    """(T, L) sines and cosines around a line, twice as dense as a clip of this length tells apart: any between fits."""
    apart_hz = 0.5 / float(time_s[-1] - time_s[0])
    count = int(_half_width_hz(time_s) / apart_hz)
    angle = 2 * np.pi * (line_hz + apart_hz * np.arange(-count, count + 1)) * (time_s - time_s[0])[:, None]
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


def without_light(values: FloatArray, light: Light, usable: BoolArray) -> FloatArray:
    """Take out of (T, P, 2) motion what goes with the light, by least squares over the usable frames.

    A lamp's line goes whole: what moves in its very rhythm, to a twentieth of a hertz and for the whole clip, is no
    muscle's. No other course takes more than brightness can: a texture that moves in and out of view changes the mean
    brightness by a trace, and would be explained by that trace.
    """
    strong = light.courses[:, light.courses.std(0) > FAINTEST] if light.courses.size else light.courses
    if not strong.shape[1]:
        return values
    rest = values.reshape(len(values), -1)
    if light.lamp.shape[1]:
        rest = rest - _fitted(light.lamp, rest, usable)
        strong = strong - _fitted(light.lamp, strong, usable)
    fit = np.linalg.lstsq(strong[usable], rest[usable], rcond=1e-6)[0]
    fit /= np.maximum(np.abs(fit).sum(0) / LARGEST_PX_PER_GAIN, 1.0)
    return np.asarray((rest - strong @ fit).reshape(values.shape).astype(values.dtype))


def lamp_share(values: FloatArray, light: Light, usable: BoolArray) -> FloatArray:
    """(P,) share of (T, P, 2) quick motion that goes with a lamp's line, beyond chance; 0 where no lamp flickers."""
    if not light.lamp.shape[1]:
        return np.zeros(values.shape[1])
    line = _fitted(light.lamp, values.reshape(len(values), -1), usable).reshape(values.shape)
    power = (values[usable].astype(float) ** 2).sum((0, 2))
    share = (line[usable] ** 2).sum((0, 2)) / np.maximum(power, 1e-12)
    by_chance = min(light.lamp.shape[1] / max(int(usable.sum()), 1), 0.99)  # so many courses fit so much of any noise
    return np.asarray(np.maximum(share - by_chance, 0.0) / (1 - by_chance))


def _fitted(courses: FloatArray, values: FloatArray, usable: BoolArray | None = None) -> FloatArray:
    """(T, M) what (T, L) courses explain of (T, M) values."""
    frames = slice(None) if usable is None else usable
    return np.asarray(courses @ np.linalg.lstsq(courses[frames], values[frames], rcond=1e-6)[0])
