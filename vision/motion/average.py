"""A reference with little noise of its own: the median of several frames, each brought onto the first."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from vision.model.arrays import FloatArray
from vision.motion.grid import Cells
from vision.motion.register import Registration

FIELD_CELLS = 2.0  # smoothing of the local displacement: noise of single cells would blur the median


def average_seen(
    pictures: Sequence[FloatArray], found: Sequence[Registration], cells: Cells, trust: FloatArray
) -> FloatArray:
    """Take the median of frames as the reference sees them: (h, w) float32.

    `trust` : (C,) weight of each cell where displacement is smoothed.

    The median leaves out a blink or a hand that passes; its noise is 1.25 times that of the mean.
    """
    seen = [seen_in_reference(picture, one, cells, trust) for picture, one in zip(pictures, found, strict=True)]
    return np.asarray(np.median(np.stack(seen), axis=0), dtype=np.float32)


def seen_in_reference(picture: FloatArray, found: Registration, cells: Cells, trust: FloatArray) -> FloatArray:
    """Draw a frame where its cells were in the reference, at the reference's brightness.

    Lanczos interpolation on the grid of 1/32 px that OpenCV rounds to: exact enough for a picture that is averaged.
    """
    height, width = picture.shape
    linear = found.affine[:, :2]
    local = (found.position_px - found.affine[:, 2]) @ np.linalg.inv(linear).T - cells.centre_px
    dx, dy = (_at_pixels(layer, cells, (width, height)) for layer in _filled(local, cells, trust))
    x = dx + np.arange(width, dtype=np.float32)
    y = dy + np.arange(height, dtype=np.float32)[:, None]
    a = found.affine.astype(np.float32)
    map_x, map_y = a[0, 0] * x + a[0, 1] * y + a[0, 2], a[1, 0] * x + a[1, 1] * y + a[1, 2]
    drawn = cv2.remap(picture, map_x, map_y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn / np.float32(max(found.gain, 1e-3)), dtype=np.float32)


def _filled(local: FloatArray, cells: Cells, trust: FloatArray) -> FloatArray:
    """(2, rows, columns) displacement on the lattice, smooth, 0 far from any cell."""
    share, x, y = (
        cv2.GaussianBlur(cells.spread(layer), (0, 0), FIELD_CELLS)
        for layer in (trust, trust * local[:, 0], trust * local[:, 1])
    )
    return np.asarray(np.stack([x, y]) / np.maximum(share, 1e-3 * float(trust.mean()) + 1e-9))


def _at_pixels(layer: FloatArray, cells: Cells, size: tuple[int, int]) -> FloatArray:
    """Interpolate a lattice layer at every pixel of a (width, height) picture."""
    side = cells.side_px
    grow = np.array([[side, 0, (side - 1) / 2], [0, side, (side - 1) / 2]], dtype=np.float64)
    return np.asarray(
        cv2.warpAffine(layer.astype(np.float32), grow, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )
