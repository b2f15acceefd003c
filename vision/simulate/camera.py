"""What a sensor does to light: brightness, noise, whole grey levels."""

from __future__ import annotations

import cv2
import numpy as np

from vision.model.arrays import ByteArray, FloatArray
from vision.simulate.tones import MID_GREY, READ_SHARE


def noise_sd_by_level(noise_sd: float) -> FloatArray:
    """Tabulate the noise of each grey level 0-255: (256,) float32, equal to `noise_sd` at mid-grey."""
    level = np.arange(256)
    return np.asarray(noise_sd * np.sqrt(READ_SHARE + (1 - READ_SHARE) * level / MID_GREY), dtype=np.float32)


def expose(light: FloatArray, row_gain: FloatArray, sd_by_level: FloatArray, rng: np.random.Generator) -> ByteArray:
    """Turn light into a frame.

    Parameters
    ----------
    light : (H, W, 3) float32 grey levels without noise.
    row_gain : (H,) brightness of each row.
    sd_by_level : (256,) from `noise_sd_by_level`.

    Notes
    -----
    The noise is the same in all three colours: phones smooth colour noise away and leave that of the luma.
    """
    lit = light * row_gain.astype(np.float32)[:, None, None]
    if not sd_by_level.any():
        return np.asarray(cv2.add(lit, np.zeros_like(lit), dtype=cv2.CV_8U), dtype=np.uint8)
    luma = cv2.convertScaleAbs(cv2.cvtColor(lit, cv2.COLOR_RGB2GRAY))
    grain = rng.standard_normal(luma.shape, dtype=np.float32) * sd_by_level[luma]
    return np.asarray(cv2.add(lit, cv2.merge([grain] * 3), dtype=cv2.CV_8U), dtype=np.uint8)
