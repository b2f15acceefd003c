"""Which part of the picture is measured: the crop around the skin and its square cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from vision.errors import NothingToMeasureError
from vision.model.arrays import BoolArray, ByteArray, FloatArray, IntArray
from vision.settings import MotionSettings

SMALLEST_SIDE_PX = 4  # of a cell: fewer pixels hold no gradient to speak of
SMALLEST_CELL_SHARE = 0.3  # share of a cell that must be skin; below, its few pixels say nothing of its motion
FEWEST_CELLS = 40  # below this no smooth motion can be told from a local one (12 unknowns at order 2)


@dataclass(frozen=True, eq=False)
class Window:
    """Crop and reduction of the native picture: working px = (native px - origin) / reduction."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int
    reduction: float

    def cut(self, luma: ByteArray) -> ByteArray:
        """Crop a native picture and reduce it by area averaging."""
        crop = luma[self.y_px : self.y_px + self.height_px, self.x_px : self.x_px + self.width_px]
        if self.reduction == 1.0:
            return np.ascontiguousarray(crop)
        return np.asarray(cv2.resize(crop, self.size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the working picture."""
        return round(self.width_px / self.reduction), round(self.height_px / self.reduction)

    def to_native(self, working_px: FloatArray) -> FloatArray:
        """Turn (…, 2) working places, pixel centres at whole numbers, into native ones."""
        origin = np.array([self.x_px, self.y_px])
        return np.asarray((working_px + 0.5) * self.reduction - 0.5 + origin)


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of the working picture that hold skin, C of them on a lattice of rows x columns."""

    side_px: int
    rows: int
    columns: int
    keep: BoolArray

    def blurred(self, values: FloatArray, sigma_cells: float) -> FloatArray:
        """Sum (C, K) values over a Gaussian neighbourhood of the lattice; cells that are not kept count as 0."""
        lattice = np.zeros((self.rows * self.columns, values.shape[1]), np.float32)
        lattice[self._kept] = values
        reach = 2 * max(1, round(3 * sigma_cells)) + 1
        wide = cv2.GaussianBlur(
            lattice.reshape(self.rows, self.columns, -1), (reach, reach), sigma_cells, borderType=cv2.BORDER_CONSTANT
        )
        return np.asarray(wide.reshape(lattice.shape)[self._kept])

    @cached_property
    def _kept(self) -> IntArray:
        """(C,) places of the cells on the flat lattice."""
        return np.flatnonzero(self.keep)

    def spread(self, values: FloatArray) -> FloatArray:
        """Lay (C,) values back on the lattice, 0 elsewhere."""
        lattice = np.zeros((self.rows, self.columns), np.float32)
        lattice[self.keep] = values
        return lattice

    @cached_property
    def centre_px(self) -> FloatArray:
        """(C, 2) centres in working pixels."""
        row, column = np.nonzero(self.keep)
        return np.stack([column, row], 1) * float(self.side_px) + (self.side_px - 1) / 2


def window_for(area: BoolArray, scale_px: float | None, settings: MotionSettings) -> Window:
    """Choose the crop around the area, with a margin for its motion, and the reduction."""
    rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
    if not len(rows):
        raise NothingToMeasureError(
            "no skin to track", "a face, an eye or skin in view", "film closer, in better light"
        )
    height, width = area.shape
    margin = round(0.15 * (scale_px or 0.0)) if scale_px else max(height, width)
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    bottom, right = min(height, rows[-1] + 1 + margin), min(width, columns[-1] + 1 + margin)
    longer_side = max(right - left, bottom - top)
    wanted = longer_side / settings.working_side_px
    if scale_px:  # a close-up has a large scale and few pixels to lose
        wanted = min(scale_px / settings.working_iod_px, longer_side / settings.working_face_side_px)
    reduction = wanted if wanted > 1.2 else 1.0  # a reduction by less would only blur
    return Window(int(left), int(top), int(right - left), int(bottom - top), float(reduction))


def lay_cells(weight: FloatArray, side_px: int) -> Cells:
    """Cut the working picture into square cells and keep those with enough skin."""
    rows, columns = weight.shape[0] // side_px, weight.shape[1] // side_px
    cut = weight[: rows * side_px, : columns * side_px].reshape(rows, side_px, columns, side_px)
    keep = cut.mean((1, 3)) >= SMALLEST_CELL_SHARE
    if keep.sum() < FEWEST_CELLS:
        raise NothingToMeasureError(
            f"only {int(keep.sum())} small patches of skin can be tracked", f"at least {FEWEST_CELLS}", "film closer"
        )
    return Cells(side_px, rows, columns, keep)


def cell_side_px(weight: FloatArray, window: Window, scale_px: float | None, settings: MotionSettings) -> int:
    """Side of a cell in working pixels. As footprints, it grows with a face, or with the skin of `weight` (h, w)."""
    if scale_px:
        return max(SMALLEST_SIDE_PX, round(settings.cell_iod * scale_px / window.reduction))
    longer_side_px = max(np.count_nonzero(weight.any(axis)) for axis in (0, 1))
    return round(max(settings.cell_px, settings.cell_side * longer_side_px))
