"""Smooth random movement that can be asked for at any time: hands, heads, lamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.model.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Wander:
    """A sum of sines. K sines, D axes; `amplitude` and `phase_rad` are (K, D).

    Being a formula in time and not a filtered series, it has the same value at a time whatever the frame rate.
    """

    hz: FloatArray
    amplitude: FloatArray
    phase_rad: FloatArray

    def at(self, time_s: float) -> FloatArray:
        """Return the (D,) value at one time."""
        angle = 2 * np.pi * self.hz[:, None] * time_s + self.phase_rad
        return np.asarray((self.amplitude * np.sin(angle)).sum(axis=0))


def draw_wander(
    rng: np.random.Generator, rms: float, band_hz: tuple[float, float], axes: int = 2, sine_count: int = 12
) -> Wander:
    """Draw a wander of a given root mean square on each axis, falling as 1/f over a band."""
    hz = np.sort(np.exp(rng.uniform(np.log(band_hz[0]), np.log(band_hz[1]), sine_count)))
    weight = rng.uniform(0.5, 1.0, (sine_count, axes)) / hz[:, None]
    weight /= np.sqrt((weight**2).sum(axis=0) / 2)
    return Wander(hz, rms * weight, rng.uniform(0, 2 * np.pi, (sine_count, axes)))
