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

from vision.model.arrays import FloatArray, IntArray
from vision.motion.derivative import bends_of, slopes_of, twists_of
from vision.motion.grid import Cells

SUBPIXEL = 32  # OpenCV's remap rounds places to 1/32 px; they are put there, so that the place is known exactly
FEWEST_SAMPLES = 3  # a side, of a cell in a reduced picture
ENOUGH_FOR_MEDIAN = 500  # cells: their median is known to 6 % of the spread
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
    def known_structure(self) -> FloatArray:
        """(C, 3) entries xx, xy, yy of `structure`."""
        return self.structure.reshape(-1, 4)[:, [0, 1, 3]]


@dataclass(frozen=True, eq=False)
class Difference:
    """A frame against the reference, cell by cell.

    score : (C, 2) sum of gradient times difference. residual_luma : (C,) rms difference. ratio : (C,) brightness.
    step_px : (C, 2) local displacement at which the frame was looked at.
    place : (C, 2) pixels of the level in the frame at which it was looked at. middle : (2,) its sample there.
    total, around : (C,) sum of the grey levels in and around each cell.
    """

    score: FloatArray
    residual_luma: FloatArray
    ratio: FloatArray
    step_px: FloatArray
    place: FloatArray
    middle: FloatArray
    total: FloatArray
    around: FloatArray

    @cached_property
    def typical_luma(self) -> float:
        """Median of the mismatch over cells spread evenly; enough of them, for it sets no more than a width."""
        return float(np.median(some_of(self.residual_luma)))

    @property
    def fraction(self) -> FloatArray:
        """(C, 2) how far, in pixels of the level, the cell's samples lie from whole pixels of the frame."""
        return np.asarray((self.place + self.middle) % np.float32(1))


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


def _drawn(picture: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    drawn = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, dtype=np.float32)


def compare(
    picture: FloatArray, level: Level, cells: Cells, affine: FloatArray, step_px: FloatArray,
    before: Difference | None = None, only: IntArray | None = None,
) -> Difference:  # fmt: skip
    """Look at a frame where the cells are believed to be.

    Parameters
    ----------
    picture : (h, w) float32, smoothed, reduced as the level. affine : (2, 3), reference to frame, working px.
    step_px : (C, 2) local displacement, seen in the reference.
    before, only : an earlier look at the same frame and the indices of the cells that are looked at again; the others
        stay as they were seen, but for the brightness around them. None: all cells are looked at.
    """
    chosen: slice | IntArray = slice(None) if before is None or only is None else only
    place, step, offset = _places(level, affine, step_px[chosen], chosen)
    seen = _drawn(picture, _sums(place[:, 0], offset[0]), _sums(place[:, 1], offset[1]))
    seen *= level.weight[chosen]
    total = _total(seen)
    if before is not None:
        total = _with(before.total, chosen, total)
    around = cells.blurred(total[:, None], level.reach_cells)[:, 0]
    ratio = _ratio_of(around, level)
    seen *= (1 / ratio[chosen])[:, None]
    difference = np.subtract(level.light[chosen], seen, out=seen)
    residual = np.sqrt(_dot(difference, difference) / level.weight_sum[chosen])
    score = np.stack([_dot(slope[chosen], difference) for slope in level.slope], 1)
    if before is not None:
        residual = _with(before.residual_luma, chosen, residual)
        score = _with(_relit(before.score, level, before.ratio / ratio), chosen, score)
        step, place = _with(before.step_px, chosen, step), _with(before.place, chosen, place)
    return Difference(score, residual, ratio, step, place, offset[:, offset.shape[1] // 2], total, around)


def _places(
    level: Level, affine: FloatArray, step_px: FloatArray, chosen: slice | IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where the cells lie in the level's picture, put to its subpixels: (C, 2) places and steps; (2, P) offsets."""
    linear, shift = affine[:, :2].astype(np.float32), affine[:, 2].astype(np.float32)
    exact = ((level.centre_px[chosen] + step_px) @ linear.T + shift) / np.float32(level.reduction)
    place = np.rint(exact * np.float32(SUBPIXEL)) / np.float32(SUBPIXEL)
    back = np.linalg.inv(affine[:, :2]).T.astype(np.float32) * np.float32(level.reduction)
    return place, step_px + (place - exact) @ back, linear @ level.offset_px.T / np.float32(level.reduction)


def _sums(place: FloatArray, offset: FloatArray) -> FloatArray:
    """(C, P) sums of each place and each offset; a product of matrices is the fastest way there."""
    left, right = np.ones((len(place), 2), np.float32), np.ones((2, len(offset)), np.float32)
    left[:, 0], right[1] = place, offset
    return np.asarray(left @ right)


def _with(values: FloatArray, chosen: slice | IntArray, fresh: FloatArray) -> FloatArray:
    """Copy of (C, ...) values with the chosen ones replaced."""
    merged = values.copy()
    merged[chosen] = fresh
    return merged


def some_of(values: FloatArray) -> FloatArray:
    """(·,) values of cells spread evenly, ENOUGH_FOR_MEDIAN of them or a few more."""
    return values[:: max(1, len(values) // ENOUGH_FOR_MEDIAN)]


def _ratio_of(around: FloatArray, level: Level) -> FloatArray:
    return np.asarray(np.clip(around / level.light_around, 1 / LARGEST_GAIN, LARGEST_GAIN))


def _relit(score: FloatArray, level: Level, change: FloatArray) -> FloatArray:
    """(C, 2) scores when the brightness divided out is not what it was: old ratio ÷ new."""
    return np.asarray(level.slope_light - (level.slope_light - score) * change[:, None])


def without_own_light(found: Difference, level: Level, cells: Cells, step_px: FloatArray) -> FloatArray:
    """(C, 2) score once the brightness that a step of (C, 2) px has itself changed is given back to it.

    Where the skin's brightness has a slope, a local movement changes the brightness around it; the ratio that was
    divided out then held a share of the movement.
    """
    own = cells.blurred((found.ratio * (level.slope_sum * step_px).sum(1))[:, None], level.reach_cells)[:, 0]
    return _relit(found.score, level, found.ratio / _ratio_of(found.around + own, level))


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
