"""The motion grid as a picture of rows and columns, and its smoothing by the weight of each point."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vision.model.arrays import FloatArray
from vision.model.signals import MotionSignals

QUIETEST = 0.7  # × the median noise: no point counts for more than twice a usual one


@dataclass(frozen=True, eq=False)
class Lattice:
    """The motion grid as rows and columns. `row`, `column` : (N,) place of each point."""

    row: FloatArray
    column: FloatArray
    shape: tuple[int, int]
    origin_px: FloatArray
    spacing_px: float

    def spread(self, value: FloatArray) -> FloatArray:
        """Lay (N, …) values out as (rows, columns, …), 0 where there is no point."""
        layer = np.zeros((*self.shape, *value.shape[1:]), np.float32)
        layer[self.row, self.column] = value
        return layer


def lattice_of(signals: MotionSignals) -> Lattice:
    """Find rows and columns of the grid, with a margin that a blur can fade into."""
    margin = 4
    low_px = signals.point_px.min(axis=0) - margin * signals.spacing_px
    place = np.rint((signals.point_px - low_px) / signals.spacing_px).astype(int)
    columns, rows = (int(most) + margin + 1 for most in place.max(axis=0))
    return Lattice(place[:, 1], place[:, 0], (rows, columns), low_px, signals.spacing_px)


def precision(signals: MotionSignals) -> FloatArray:
    """(N,) weight of each point: one over its noise squared, within bounds."""
    noise_px = np.nan_to_num(signals.noise_px[0], nan=np.inf)
    known_px = noise_px[np.isfinite(noise_px)]
    typical_px = max(float(np.median(known_px)), 1e-6) if len(known_px) else 1.0
    return np.asarray(1.0 / np.maximum(noise_px / typical_px, QUIETEST) ** 2)


def smoothed(lattice: Lattice, value: FloatArray, weight: FloatArray, cells: float) -> FloatArray:
    """Weighted Gaussian mean of (N, 2) values over the lattice."""
    layers = lattice.spread(np.column_stack([value * weight[:, None], weight]))
    blurred = cv2.GaussianBlur(layers, (0, 0), cells, borderType=cv2.BORDER_CONSTANT)[lattice.row, lattice.column]
    return np.asarray(blurred[:, :2] / np.maximum(blurred[:, 2:], 1e-6))
