"""One resolution of the reference: its patches, their gradients, and how a frame differs from them.

Everything that depends on the reference alone is computed once: per frame, a cell costs one interpolation of its
pixels, one difference and two sums (inverse compositional alignment: Baker & Matthews 2004,
doi:10.1023/B:VISI.0000011205.11775.fd).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from vision.dsp import median
from vision.model.arrays import BoolArray, FloatArray, IntArray
from vision.motion.derivative import bends_of, slopes_of, twists_of
from vision.motion.grid import Cells

SUBPIXEL = 32  # OpenCV's remap rounds places to 1/32 px; they are put there, so that the place is known exactly
FEWEST_SAMPLES = 3  # a side, of a cell in a reduced picture
LARGEST_GAIN = 3.0  # brightness ratio beyond which a pixel is burnt out or black


@dataclass(frozen=True, eq=False)
class Level:
    """The reference at one reduction. C cells of P samples each; all places in working px, all arrays float32.

    centre_px : (C, 2). offset_px : (P, 2) of a cell's samples from its centre.
    weight, light : (C, P) 1 on skin, and the grey levels times it.
    slope : (2, C, P) gradient in grey levels a px, what a change of brightness explains taken out.
    structure : (C, 2, 2) weighted sum of gradient products.
    slope_sum, slope_light : (C, 2) sums of the plain gradient, and of `slope` times light. cross : (C, 2, 2) of `slope`
        times the plain gradient. They tell what a local movement does to the brightness around it.
    bend : (C, 2, 3) sums of gradient times second derivative (xx, xy, yy), twist : (C, 2, 2) times third derivative
        (xxx, yyy): the terms that a linear equation leaves out.
    light_around : (C,) sum of the grey levels around each cell. texture_luma : (C,) their spread around its mean.
    """

    reduction: int
    reach_cells: float
    centre_px: FloatArray
    offset_px: FloatArray
    weight: FloatArray
    light: FloatArray
    slope: FloatArray
    structure: FloatArray
    slope_sum: FloatArray
    slope_light: FloatArray
    cross: FloatArray
    bend: FloatArray
    twist: FloatArray
    weight_sum: FloatArray
    light_around: FloatArray
    texture_luma: FloatArray

    @cached_property
    def typical_texture_luma(self) -> float:
        """Median over the cells."""
        return float(np.median(self.texture_luma))

    @cached_property
    def is_telling(self) -> BoolArray:
        """(C,) whether a cell has the texture that most have: an even patch fits anything."""
        return np.asarray(self.texture_luma >= self.typical_texture_luma)

    @cached_property
    def known(self) -> FloatArray:
        """(C, 3) entries xx, xy, yy of the structure."""
        return np.asarray(self.structure.reshape(-1, 4)[:, [0, 1, 3]])

    @cached_property
    def offset(self) -> FloatArray:
        """(2, P) of a cell's samples from its centre, in pixels of the level."""
        return np.ascontiguousarray((self.offset_px / self.reduction).T)

    @cached_property
    def room(self) -> FloatArray:
        """(3, C, P) for the places of all samples in a frame, and what is seen there; of one frame at a time.

        Kept from frame to frame: memory that is fetched anew for each is paid for again and again.
        """
        return np.empty((3, *self.light.shape), np.float32)

    @cached_property
    def at_rim(self) -> IntArray:
        """Cells that are not all skin; the weights of the others are 1, and need not be multiplied by."""
        return np.flatnonzero((self.weight != 1).any(1))


@dataclass(frozen=True, eq=False)
class Difference:
    """A frame against the reference, cell by cell.

    score : (C, 2) sum of gradient times difference. residual_luma : (C,) rms difference. ratio : (C,) brightness.
    step_px : (C, 2) local displacement at which the frame was looked at.
    middle_px : (C, 2) where the cell's middle sample lay in the frame, in pixels of the level.
    typical_luma : median of residual_luma. around : (C,) sum of the grey levels around each cell.
    """

    score: FloatArray
    residual_luma: FloatArray
    ratio: FloatArray
    step_px: FloatArray
    middle_px: FloatArray
    typical_luma: float
    around: FloatArray

    @property
    def fraction(self) -> FloatArray:
        """(C, 2) how far, in pixels of the level, the cell's samples lie from whole pixels of the frame."""
        return np.asarray(self.middle_px - np.floor(self.middle_px))


def make_level(picture: FloatArray, area: FloatArray, cells: Cells, reduction: int, reach_cells: float) -> Level:
    """Cut one level of the reference's pyramid into patches.

    Parameters
    ----------
    picture : (h, w) float32, smoothed, reduced. area : (h, w) float32, 1 on skin, in full working resolution.
    reach_cells : standard deviation of the neighbourhood whose brightness is divided out.
    """
    side = cells.side_px if reduction == 1 else max(FEWEST_SAMPLES, -(-cells.side_px // reduction))
    along = (np.arange(side) - (side - 1) / 2) * reduction
    offset = np.stack(np.meshgrid(along, along), -1).reshape(-1, 2)
    x, y = (cells.centre_px[:, None, axis] + offset[None, :, axis] for axis in (0, 1))
    light, weight = sampled(picture, x, y, reduction), sampled(area, x, y, 1)
    around, pixels = (cells.blurred(_total(layer)[:, None], reach_cells) for layer in (weight * light, weight))
    away = weight * (light - around / np.maximum(pixels, 1e-3))

    def without_light(layer: FloatArray) -> FloatArray:
        """Subtract what dividing the brightness out takes from a layer that moves as a whole."""
        share = cells.blurred(_total(weight * layer)[:, None], reach_cells) / np.maximum(around, 1e-3)
        return np.asarray(layer - share * light, np.float32)

    plain = [sampled(layer, x, y, reduction) for layer in slopes_of(picture, reduction)]
    slope = np.stack([without_light(layer) for layer in plain])
    bend, twist = (
        np.stack([without_light(sampled(layer, x, y, reduction)) for layer in layers])
        for layers in (bends_of(picture, reduction), twists_of(picture, reduction))
    )
    weighted, weight_sum = weight * slope, np.maximum(_total(weight), 1e-3)
    return Level(
        reduction, reach_cells, cells.centre_px.astype(np.float32), offset.astype(np.float32), weight, weight * light,
        slope, weight_sum=weight_sum, light_around=np.maximum(around[:, 0], 1e-3),
        structure=np.einsum("icp,jcp->cij", weighted, slope),
        slope_sum=np.stack([_total(weight * layer) for layer in plain], 1),
        slope_light=np.stack([_dot(layer, weight * light) for layer in slope], 1),
        cross=np.einsum("icp,jcp->cij", weighted, np.stack(plain)),
        bend=np.einsum("icp,jcp->cij", weighted, bend),
        twist=np.einsum("icp,jcp->cij", weighted, twist),
        texture_luma=np.sqrt(_dot(away, away) / weight_sum),
    )  # fmt: skip


def sampled(picture: FloatArray, x_px: FloatArray, y_px: FloatArray, reduction: int) -> FloatArray:
    """Interpolate a reduced picture bilinearly at (C, P) working places."""
    maps = [np.asarray(place / reduction, np.float32) for place in (x_px, y_px)]
    return _drawn(picture, maps[0], maps[1])


def _drawn(picture: FloatArray, x: FloatArray, y: FloatArray, room: FloatArray | None = None) -> FloatArray:
    drawn = cv2.remap(picture, x, y, cv2.INTER_LINEAR, dst=room, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, dtype=np.float32)


def compare(picture: FloatArray, level: Level, cells: Cells, affine: FloatArray, step_px: FloatArray) -> Difference:
    """Look at a frame where the cells are believed to be.

    Parameters
    ----------
    picture : (h, w) float32, smoothed, reduced as the level. affine : (2, 3), reference to frame, working px.
    step_px : (C, 2) local displacement, seen in the reference.
    """
    (a, b, c), (d, e, f) = affine.tolist()
    x, y = (level.centre_px + step_px).T
    exact = np.stack([a * x + b * y + c, d * x + e * y + f]) / level.reduction
    place = np.round(exact * SUBPIXEL) / SUBPIXEL
    offset = a * level.offset[0] + b * level.offset[1], d * level.offset[0] + e * level.offset[1]
    difference, ratio, around = _difference(picture, level, cells, place.astype(np.float32), offset)
    residual = np.sqrt(_dot(difference, difference) / level.weight_sum)
    moved_x, moved_y = (place - exact) * level.reduction
    scale = a * e - b * d
    middle = [layer[len(layer) // 2] for layer in offset]
    return Difference(
        score=np.stack([_dot(slope, difference) for slope in level.slope], 1),
        residual_luma=residual,
        ratio=ratio,
        step_px=step_px + np.stack([e * moved_x - b * moved_y, a * moved_y - d * moved_x], 1) / scale,
        middle_px=place.T + middle,
        typical_luma=median(residual),
        around=around,
    )


def _difference(
    picture: FloatArray, level: Level, cells: Cells, place: FloatArray, offset: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(C, P) reference less the frame at (2, C) places, brightness divided out; (C,) ratio of it, and what it was."""
    for axis in (0, 1):
        np.add.outer(place[axis], offset[axis], out=level.room[axis])
    seen = _drawn(picture, level.room[0], level.room[1], level.room[2])
    seen[level.at_rim] *= level.weight[level.at_rim]
    around = cells.blurred(_total(seen)[:, None], level.reach_cells)[:, 0]
    ratio = np.clip(around / level.light_around, 1 / LARGEST_GAIN, LARGEST_GAIN)
    seen *= (1 / ratio)[:, None]
    return np.subtract(level.light, seen, out=seen), ratio, around


def without_own_light(found: Difference, level: Level, cells: Cells, step_px: FloatArray) -> FloatArray:
    """(C, 2) score once the brightness that a step of (C, 2) px has itself changed is given back to it.

    Where the skin's brightness has a slope, a local movement changes the brightness around it; the ratio that was
    divided out then held a share of the movement.
    """
    own = cells.blurred((found.ratio * (level.slope_sum * step_px).sum(1))[:, None], level.reach_cells)[:, 0]
    ratio = np.clip((found.around + own) / level.light_around, 1 / LARGEST_GAIN, LARGEST_GAIN)
    return np.asarray(level.slope_light - (level.slope_light - found.score) * (found.ratio / ratio)[:, None])


def _dot(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("cp,cp->c", first, second))


def _total(layer: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("cp->c", layer))


def solve(xx: FloatArray, xy: FloatArray, yx: FloatArray, yy: FloatArray, score: FloatArray) -> FloatArray:
    """Solve (C,) systems of two equations: (C, 2)."""
    determinant = np.maximum(xx * yy - xy * yx, 1e-12)
    x = (yy * score[:, 0] - xy * score[:, 1]) / determinant
    y = (xx * score[:, 1] - yx * score[:, 0]) / determinant
    return np.stack([x, y], 1)
