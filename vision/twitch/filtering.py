"""The filter that looks for twitches: it whitens motion in time and correlates it with a whitened twitch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.dsp import fit_autoregression, matched_filter, twitch_waveform, whiten
from vision.model.arrays import BoolArray, FloatArray
from vision.settings import DetectionSettings
from vision.twitch.pooling import PlaceMotion

TEMPLATE_FALL_RISES = 6.0  # length of the template in rise times; 98 % of its energy at decay 1.6


@dataclass(frozen=True, eq=False)
class Filter:
    """Looks for twitches of one rise time in frames that count.

    coefficients : of the autoregression that whitens the motion. usable : (T,) frames that are filtered.
    quiet : (T,) those of them that tell noise, direction and strength; what moves in the others does not reach them.
    """

    rise_s: float
    coefficients: FloatArray
    usable: BoolArray
    quiet: BoolArray
    frame_interval_s: float
    settings: DetectionSettings

    def __call__(self, displacement_px: FloatArray, start: int = 0) -> FloatArray:
        """Filter (T, P, 2) settled motion, or that of as many frames from `start` on; px-like, in its own precision."""
        frames = slice(start, start + len(displacement_px))
        usable, quiet = self.usable[frames], self.quiet[frames]
        found = self._through(displacement_px, quiet)
        loud = usable & ~quiet
        if loud.any():
            found[loud] = self._through(displacement_px, usable)[loud]
        return found

    def _through(self, displacement_px: FloatArray, frames: BoolArray) -> FloatArray:
        return filtered(displacement_px, frames, self.frame_interval_s, self.rise_s, self.coefficients, self.settings)

    @property
    def reach(self) -> tuple[int, int]:
        """Frames before and after one that its filtered value depends on."""
        before, after = _template_reach(self.rise_s, self.frame_interval_s)
        return before + len(self.coefficients), after + len(self.coefficients)


def _template_reach(rise_s: float, frame_interval_s: float) -> tuple[int, int]:
    return int(np.ceil(rise_s / frame_interval_s)), int(np.ceil(TEMPLATE_FALL_RISES * rise_s / frame_interval_s))


def noise_model(motion: PlaceMotion, usable: BoolArray, settings: DetectionSettings) -> FloatArray:
    """Coefficients of the autoregression that all places share."""
    flat = motion.displacement_px.reshape(len(motion.displacement_px), -1)
    return fit_autoregression(flat, settings.noise_order, usable)


def filtered(
    displacement_px: FloatArray, usable: BoolArray, frame_interval_s: float, rise_s: float, coefficients: FloatArray,
    settings: DetectionSettings,
) -> FloatArray:  # fmt: skip
    """Whiten in time, then correlate with the whitened twitch."""
    flat = displacement_px.reshape(len(displacement_px), -1)
    template, before = whitened_twitch(rise_s, frame_interval_s, coefficients, settings)
    innovations = whiten(flat, coefficients) * usable[:, None]
    return matched_filter(innovations, usable, template, before).reshape(displacement_px.shape)


def whitened_twitch(
    rise_s: float, frame_interval_s: float, coefficients: FloatArray, settings: DetectionSettings
) -> tuple[FloatArray, int]:
    """Template that innovations are correlated with, and the frame of its peak."""
    before, after = _template_reach(rise_s, frame_interval_s)
    times = np.arange(-before, after + 1) * frame_interval_s
    return np.convolve(twitch_waveform(times, -rise_s, rise_s, settings.decay), np.r_[1.0, -coefficients]), before
