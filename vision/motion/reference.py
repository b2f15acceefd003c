"""The picture that every frame is measured against, prepared once."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vision.model.arrays import ByteArray, FloatArray
from vision.motion.grid import Cells, Window
from vision.motion.level import Level, make_level
from vision.settings import MotionSettings

REDUCTIONS = (1, 2, 4, 8)  # of the pyramid; the coarsest finds steps of some 16 px


@dataclass(frozen=True, eq=False)
class Reference:
    """One reference picture with what is computed from it once.

    smooth : (h, w) float32, presmoothed. weight : (h, w) float32, 1 on skin.
    structure : (C, 2, 2) sums of gradient products over each cell, prior included. prior : its weight.
    small : the coarsest level of the pyramid, for a jump of the whole picture.
    """

    window: Window
    cells: Cells
    smooth: FloatArray
    weight: FloatArray
    levels: tuple[Level, ...]
    structure: FloatArray
    prior: float
    small: FloatArray
    contrast: float


def smoothed(picture: ByteArray | FloatArray, sigma_px: float) -> FloatArray:
    """Smooth a picture to float32."""
    if not sigma_px:
        return np.asarray(picture, np.float32)
    kernel = cv2.getGaussianKernel(2 * max(1, round(4 * sigma_px)) + 1, sigma_px, cv2.CV_32F)
    return np.asarray(cv2.sepFilter2D(picture, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REPLICATE))


def pyramid(smooth: FloatArray) -> list[FloatArray]:
    """Reduce a smoothed picture by 1, 2, 4, 8; pixel i of a level lies at pixel 2 i of the one before."""
    levels = [smooth]
    for _ in REDUCTIONS[1:]:
        levels.append(np.asarray(cv2.pyrDown(levels[-1])))
    return levels


def contrast_of(smooth: FloatArray) -> float:
    """Mean squared gradient of a smoothed picture, grey levels² a px²."""
    across = cv2.norm(smooth[:, 1:], smooth[:, :-1], cv2.NORM_L2SQR)
    down = cv2.norm(smooth[1:], smooth[:-1], cv2.NORM_L2SQR)
    return float(across + down) / smooth.size


def texture_of(structure: FloatArray) -> FloatArray:
    """(C,) determinant ÷ trace: close to the smaller eigenvalue, what is known in the worst direction."""
    return np.asarray(np.linalg.det(structure) / np.maximum(np.trace(structure, axis1=1, axis2=2), 1e-12))


def make_reference(
    smooth: FloatArray, weight: FloatArray, window: Window, cells: Cells, settings: MotionSettings
) -> Reference:
    """Compute once what every later frame is compared with.

    Parameters
    ----------
    smooth : (h, w) float32 working picture, presmoothed. weight : (h, w) float32, 1 on skin, 0 elsewhere.
    """
    pictures = pyramid(smooth)
    levels = tuple(
        make_level(picture, weight, cells, reduction, settings.illumination_cells)
        for picture, reduction in zip(pictures, REDUCTIONS, strict=True)
    )
    finest = levels[0]
    prior = settings.prior_share * float(np.median(np.trace(finest.structure, axis1=1, axis2=2))) + 1e-3
    return Reference(
        window, cells, smooth, weight, levels, finest.structure + prior * np.eye(2), prior,
        pictures[-1], contrast_of(smooth),
    )  # fmt: skip
