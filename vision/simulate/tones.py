"""Skin from light to very dark, and grey; and what it takes to compare them at equal contrast to noise."""

from __future__ import annotations

import numpy as np

from vision.simulate.scenario import Tone

# Lit skin as a phone shows it, from Fitzpatrick's types I-II to VI. Our choice; light, medium, dark and grey since 0.1.
TONE_RGB: dict[Tone, tuple[int, int, int]] = {
    "light": (224, 184, 160),
    "medium": (188, 140, 110),
    "brown": (146, 104, 80),
    "dark": (104, 72, 56),
    "very-dark": (72, 50, 40),
    "grey": (150, 150, 150),
}
LUMA_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in OpenCV's RGB2GRAY
ROUNDING_VARIANCE = 1 / 12  # of a grey level, from rounding to whole levels
READ_SHARE = 0.3  # of the noise variance at mid-grey; the rest is shot noise, which grows with the light. Our choice
MID_GREY = 128.0


def luma_of(rgb: tuple[float, ...]) -> float:
    """Grey level of a colour, 0-255."""
    return float(np.dot(LUMA_WEIGHTS, rgb))


def contrast_gain(luma: float, luma_as: float, noise_sd: float) -> float:
    """Factor on a skin's relative contrast that gives it the contrast-to-noise ratio of skin of another brightness.

    Contrast in grey levels is relative contrast times brightness. Noise is the sensor's at that brightness together
    with rounding to whole grey levels. `noise_sd` is at mid-grey, as in `Scenario`.
    """
    relative_noise = [np.sqrt(_noise_variance(level, noise_sd)) / level for level in (luma, luma_as)]
    return float(relative_noise[0] / relative_noise[1])


def _noise_variance(luma: float, noise_sd: float) -> float:
    return noise_sd**2 * (READ_SHARE + (1 - READ_SHARE) * luma / MID_GREY) + ROUNDING_VARIANCE
