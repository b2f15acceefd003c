"""One frame against the reference: from coarse to fine, each cell by its own texture.

At every level of a pyramid the linearised brightness equation is solved (Lucas & Kanade 1981; inverse compositional:
Baker & Matthews 2004, doi:10.1023/B:VISI.0000011205.11775.fd), at the coarse ones with the equations of neighbouring
cells summed, at the finest cell by cell. There what is left is a fraction of a pixel, where this is the
maximum-likelihood estimate, and the terms that a linear equation leaves out are known from the reference. All starts
from the reference, never from the frame before, so nothing drifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vision.dsp import median
from vision.model.arrays import ByteArray, FloatArray
from vision.motion.level import Difference, Level, compare, solve, without_own_light
from vision.motion.reference import REDUCTIONS, Reference, contrast_of, pyramid, smoothed
from vision.motion.smooth import fit_affine
from vision.settings import MotionSettings

ROUNDS = (3, 2, 2)  # of the coarse levels at most; each halves or better what is left
NEAR = 0.1  # pixels of a level: a shorter step is left to the next level
LONGEST_STEP = 1.5  # pixels of a level a round: farther the linear equation says nothing
FAR_PX, FAR_CELLS = 0.15, 8  # if a quarter of a footprint has so far to go, the frame is looked at again,
FURTHER_LOOKS = 4  # so often at most
ENOUGH_FOR_AFFINE = 500  # cells tell the map from which the next frame starts
FINEST_STEP_PX = 1.0  # a longer last step left the range where the equation is linear
RIDGE_SHARE = 1e-3  # of the typical texture: holds still what has none at all
JUMP_MISFIT = 0.7  # mismatch ÷ texture at the coarsest level from which on the picture may have jumped
MISFIT_FLOOR_LUMA = 1.0  # mismatch of grey levels that no cell loses weight for


@dataclass(frozen=True, eq=False)
class Registration:
    """Where the cells of the reference lie in one frame, in working pixels. C cells.

    position_px : (C, 2). affine : (2, 3), reference to frame. residual_luma : (C,) rms mismatch after warping.
    luma_ratio : (C,) brightness around each cell, sharpness : mean squared gradient, ÷ those of the reference.
    """

    position_px: FloatArray
    affine: FloatArray
    residual_luma: FloatArray
    luma_ratio: FloatArray
    sharpness: float

    @property
    def gain(self) -> float:
        """Brightness of the frame ÷ that of the reference."""
        return median(self.luma_ratio)


def register(picture: ByteArray, reference: Reference, affine: FloatArray, settings: MotionSettings) -> Registration:
    """Find where the cells of the reference lie in a frame.

    Parameters
    ----------
    picture : (h, w) uint8 working picture. affine : (2, 3) first guess, e.g. that of the frame before.
    """
    smooth = smoothed(picture, settings.presmooth_px)
    pictures = pyramid(smooth)
    affine, field = _approach(pictures, reference, affine, settings)
    found, field = _finest(smooth, reference, affine, field, settings)
    centre = reference.cells.centre_px
    position = (centre + field) @ affine[:, :2].T + affine[:, 2]
    some = slice(None, None, max(1, len(centre) // ENOUGH_FOR_AFFINE))
    return Registration(
        position_px=position,
        affine=fit_affine(centre[some], position[some], affine, _trust(found)[some]),
        residual_luma=found.residual_luma,
        luma_ratio=found.ratio,
        sharpness=contrast_of(smooth) / max(reference.contrast, 1e-9),
    )


def _approach(
    pictures: list[FloatArray], reference: Reference, affine: FloatArray, settings: MotionSettings
) -> tuple[FloatArray, FloatArray]:
    """Come within a fraction of a pixel, coarse levels first: the affine map started from, and (C, 2) steps."""
    *finer, coarsest = zip(reference.levels[1:], pictures[1:], strict=True)
    field = np.zeros_like(reference.cells.centre_px)
    field, misfit = _refine(coarsest, reference, affine, field, settings, ROUNDS[0])
    if misfit > JUMP_MISFIT:
        jumped = _jumped(pictures[-1], reference, affine)
        other, other_misfit = _refine(coarsest, reference, jumped, np.zeros_like(field), settings, ROUNDS[0])
        if other_misfit < misfit:
            affine, field = jumped, other
    for level, rounds in zip(reversed(finer), ROUNDS[1:], strict=True):
        field, _ = _refine(level, reference, affine, field, settings, rounds)
    return affine, field


def _refine(
    at: tuple[Level, FloatArray], reference: Reference, affine: FloatArray, field: FloatArray,
    settings: MotionSettings, rounds: int,
) -> tuple[FloatArray, float]:  # fmt: skip
    """Improve the steps at one coarse level; also the mismatch as a share of the texture, median over cells."""
    level, picture = at
    cells = reference.cells
    sigma_cells = settings.pool_px * level.reduction / cells.side_px
    for _ in range(rounds):
        found = compare(picture, level, cells, affine, field)
        step = _at_most(pooled_step(found, level, reference, sigma_cells), LONGEST_STEP * level.reduction)
        field = found.step_px + step
        if np.abs(step).max() < NEAR * level.reduction:
            break
    return field, found.typical_luma / max(level.typical_texture_luma, 1e-6)


def pooled_step(found: Difference, level: Level, reference: Reference, sigma_cells: float) -> FloatArray:
    """(C, 2) step that fits a Gaussian neighbourhood of each cell best; cells that do not fit count less."""
    trust = _trust(found)[:, None]
    known = np.concatenate([level.known, found.score], 1)
    sums = reference.cells.blurred(trust * known, sigma_cells)
    ridge = RIDGE_SHARE * float(np.mean(sums[:, 0] + sums[:, 2])) + 1e-6
    return solve(sums[:, 0] + ridge, sums[:, 1], sums[:, 1], sums[:, 2] + ridge, sums[:, 3:])


def _trust(found: Difference) -> FloatArray:
    """(C,) weight of each cell, 1 where it fits (Geman & McClure 1987)."""
    width = 2 * found.typical_luma + MISFIT_FLOOR_LUMA
    return np.asarray((1 + (found.residual_luma / width) ** 2) ** -2.0)


def _finest(
    smooth: FloatArray, reference: Reference, affine: FloatArray, field: FloatArray, settings: MotionSettings
) -> tuple[Difference, FloatArray]:
    """Measure every cell by itself, a cell without texture as its neighbourhood: (C, 2) steps.

    Notes
    -----
    Twice on one look at the frame: the first solution tells the second-order terms, in which interpolation between
    pixels, f (1 - f) / 2 times the second derivative, counts too.
    """
    level = reference.levels[0]
    found, around = _look(smooth, reference, affine, field, settings)
    for _ in range(FURTHER_LOOKS):
        if np.count_nonzero(np.hypot(*around.T) > FAR_PX) < FAR_CELLS:
            break
        found, around = _look(smooth, reference, affine, found.step_px + around, settings)
    pull = reference.prior * around
    step = _at_most(solve(*_entries(reference.structure), found.score + pull), FINEST_STEP_PX)
    score = without_own_light(found, level, reference.cells, step) + _left_out(level, found, step)
    score -= np.einsum("cij,cj->ci", level.cross - level.structure, step)
    step = solve(*_entries(reference.structure), score + pull)
    return found, found.step_px + _at_most(step, FINEST_STEP_PX)


def _left_out(level: Level, found: Difference, step: FloatArray) -> FloatArray:
    """(C, 2) terms of second order in the step, and of second and third order of interpolating between pixels."""
    fraction = found.fraction
    between = fraction * (1 - fraction)
    squared = np.stack([step[:, 0] ** 2, 2 * step[:, 0] * step[:, 1], step[:, 1] ** 2], 1)
    squared[:, [0, 2]] += between
    third = between * (1 - 2 * fraction)
    return np.asarray(
        np.einsum("cij,cj->ci", level.bend, squared) / 2 + np.einsum("cij,cj->ci", level.twist, third) / 6
    )


def _entries(matrix: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    return matrix[:, 0, 0], matrix[:, 0, 1], matrix[:, 1, 0], matrix[:, 1, 1]


def _look(
    smooth: FloatArray, reference: Reference, affine: FloatArray, field: FloatArray, settings: MotionSettings
) -> tuple[Difference, FloatArray]:
    """Compare in full resolution; also the step on which the neighbourhood of each cell agrees."""
    level = reference.levels[0]
    found = compare(smooth, level, reference.cells, affine, field)
    return found, _at_most(pooled_step(found, level, reference, settings.prior_cells), FINEST_STEP_PX)


def _jumped(small: FloatArray, reference: Reference, affine: FloatArray) -> FloatArray:
    """Guess the map after a jump of the whole picture, by phase correlation of the smallest pictures."""
    reduction = REDUCTIONS[-1]
    coarse = affine.astype(np.float64).copy()
    coarse[:, 2] /= reduction
    near = cv2.warpAffine(
        small, coarse, small.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    window = cv2.createHanningWindow(small.shape[::-1], cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(reference.small, np.asarray(near), window)
    jumped = affine.astype(np.float64).copy()
    jumped[:, 2] += affine[:, :2] @ np.array([dx, dy]) * reduction
    return jumped


def _at_most(step: FloatArray, longest: float) -> FloatArray:
    """Shorten (C, 2) steps to a length."""
    length = np.hypot(step[:, 0], step[:, 1])
    if length.max() <= longest:  # as nearly always
        return step
    return np.asarray(step * np.minimum(1.0, longest / np.maximum(length, 1e-9))[:, None])
