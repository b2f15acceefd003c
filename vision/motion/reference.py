"""The picture that every frame is measured against, cut to the body part and cut into cells."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vision.errors import NothingToMeasureError
from vision.model.arrays import BoolArray, ByteArray, FloatArray, IntArray
from vision.settings import MotionSettings

SMALLEST_CELL_SHARE = 0.3  # share of a cell that must be skin; below, its few pixels say nothing of its motion
FEWEST_CELLS = 40  # below this no smooth motion can be told from a local one (12 unknowns at order 2)
SCHARR_NORM = 1 / 32  # makes the Scharr kernel a gradient in grey levels a pixel


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

    def sums(self, picture: FloatArray) -> FloatArray:
        """Sum a working picture over every kept cell: (C,)."""
        side = self.side_px
        cut = picture[: self.rows * side, : self.columns * side]
        return np.asarray(cut.reshape(self.rows, side, self.columns, side).sum((1, 3))[self.keep])

    def spread(self, values: FloatArray) -> FloatArray:
        """Lay (C,) values back on the lattice, 0 elsewhere."""
        lattice = np.zeros((self.rows, self.columns), np.float32)
        lattice[self.keep] = values
        return lattice

    @property
    def centre_px(self) -> FloatArray:
        """(C, 2) centres in working pixels."""
        row, column = np.nonzero(self.keep)
        return np.stack([column, row], 1) * float(self.side_px) + (self.side_px - 1) / 2


@dataclass(frozen=True, eq=False)
class Reference:
    """One reference picture with what is computed from it once.

    luma : (h, w) uint8, for the coarse search. smooth : float32, presmoothed. weight : float32, 1 on skin.
    structure : (C, 2, 2) sums of gradient products over each cell, prior included.
    texture_luma : (C,) standard deviation of the grey levels around each cell's mean.
    """

    window: Window
    cells: Cells
    luma: ByteArray
    smooth: FloatArray
    weight: FloatArray
    brightness: FloatArray
    gradient: tuple[FloatArray, FloatArray]
    structure: FloatArray
    texture_luma: FloatArray
    coarse_index: IntArray


def smoothed(picture: ByteArray, sigma_px: float) -> FloatArray:
    """Smooth a picture to float32."""
    return np.asarray(
        cv2.GaussianBlur(picture.astype(np.float32), (0, 0), sigma_px) if sigma_px else picture, np.float32
    )


def gradients(picture: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Horizontal and vertical Scharr gradient in grey levels a pixel."""
    return (
        np.asarray(cv2.Scharr(picture, cv2.CV_32F, 1, 0, scale=SCHARR_NORM)),
        np.asarray(cv2.Scharr(picture, cv2.CV_32F, 0, 1, scale=SCHARR_NORM)),
    )


def local_brightness(picture: FloatArray, weight: FloatArray, reach_px: float) -> FloatArray:
    """Mean of the weighted picture around each pixel, computed on a small copy for speed."""
    height, width = picture.shape
    step = max(1, int(reach_px / 4))
    small_size = (max(1, width // step), max(1, height // step))
    total, share = (
        cv2.GaussianBlur(cv2.resize(layer, small_size, interpolation=cv2.INTER_AREA), (0, 0), reach_px / step)
        for layer in (picture * weight, weight)
    )
    mean = total / np.maximum(share, 1e-3)
    return np.asarray(cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR))


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


def cell_side_px(window: Window, scale_px: float | None, settings: MotionSettings) -> int:
    """Side of a cell in working pixels."""
    side = settings.cell_iod * scale_px / window.reduction if scale_px else settings.cell_px
    return max(4, round(side))


def make_reference(
    luma: ByteArray, weight: FloatArray, window: Window, cells: Cells, settings: MotionSettings
) -> Reference:
    """Compute once what every later frame is compared with.

    Parameters
    ----------
    luma : (h, w) uint8 working picture. weight : (h, w) float32, 1 on skin, 0 elsewhere.
    """
    smooth = smoothed(luma, settings.presmooth_px)
    gx, gy = gradients(smooth)
    xx, xy, yy = (cells.sums(product * weight) for product in (gx * gx, gx * gy, gy * gy))
    prior = settings.prior_share * np.median(xx + yy) + 1e-3
    structure = np.stack([np.stack([xx + prior, xy], -1), np.stack([xy, yy + prior], -1)], -2)
    brightness = local_brightness(smooth, weight, settings.illumination_cells * cells.side_px)
    pixels = np.maximum(cells.sums(weight), 1.0)
    texture = np.sqrt(np.maximum(cells.sums((smooth - brightness) ** 2 * weight) / pixels, 0.0))
    row, column = np.nonzero(cells.keep)
    coarse = np.flatnonzero((row + column) % 2 == 0)  # a chequerboard: the coarse search needs half of the cells
    return Reference(window, cells, luma, smooth, weight, brightness, (gx, gy), structure, texture, coarse)
