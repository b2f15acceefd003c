"""One frame against the reference: coarse Lucas-Kanade, a smooth field, then one direct step in every cell.

The coarse search finds displacements of many pixels. Its result, smoothed over a few cells, warps the frame onto
the reference; what is left is a fraction of a pixel, where the linearised brightness equation is the
maximum-likelihood estimate (Lucas & Kanade 1981; Baker & Matthews 2004, doi:10.1023/B:VISI.0000011205.11775.fd). Both
start from the reference, never from the frame before, so nothing drifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vision.model.arrays import BoolArray, ByteArray, FloatArray
from vision.motion.reference import Reference, gradients, local_brightness, smoothed
from vision.motion.smooth import fit_affine
from vision.settings import MotionSettings

FIELD_SIGMA_CELLS = 1.4  # smoothing of the coarse field: half of the reference footprint, so that twitches survive
LARGEST_GAIN = 3.0  # brightness ratio beyond which a pixel is burnt out or black


@dataclass(frozen=True, eq=False)
class Registration:
    """Where the cells of the reference lie in one frame, in working pixels. C cells.

    position_px : (C, 2). affine : (2, 3), reference to frame. residual_luma : (C,) rms mismatch after warping.
    gain : brightness ratio. sharpness : mean squared gradient ÷ that of the reference.
    """

    position_px: FloatArray
    affine: FloatArray
    residual_luma: FloatArray
    gain: float
    sharpness: float


def register(picture: ByteArray, reference: Reference, affine: FloatArray, settings: MotionSettings) -> Registration:
    """Find where the cells of the reference lie in a frame.

    Parameters
    ----------
    picture : (h, w) uint8 working picture. affine : (2, 3) first guess, e.g. that of the frame before.
    """
    size = (picture.shape[1], picture.shape[0])
    near = cv2.warpAffine(
        picture,
        affine.astype(np.float64),
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    start, step, found = _coarse(np.asarray(near, dtype=np.uint8), reference, settings)
    field = _smooth_field(step, found, reference)
    warped = _warp(picture, field, affine, reference.cells.side_px)
    fine, residual, gain, sharpness = _direct(warped, reference, settings)
    centre = reference.cells.centre_px
    inside = centre + np.stack([layer[reference.cells.keep] for layer in field], 1) + fine
    position = inside @ affine[:, :2].T + affine[:, 2]
    moved = (start + step) @ affine[:, :2].T + affine[:, 2]
    return Registration(position, fit_affine(start[found], moved[found], affine), residual, gain, sharpness)


def _coarse(
    near: ByteArray, reference: Reference, settings: MotionSettings
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Search every second cell by pyramidal Lucas-Kanade; (M, 2) places, (M, 2) steps, (M,) found."""
    side = settings.coarse_window_cells * reference.cells.side_px | 1
    start = reference.cells.centre_px[reference.coarse_index].astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 0.01)
    end, status, _ = cv2.calcOpticalFlowPyrLK(
        reference.luma, near, start, start.copy(), winSize=(side, side), maxLevel=3, criteria=criteria,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW, minEigThreshold=1e-5,
    )  # fmt: skip
    found = status.ravel() > 0
    return start.astype(np.float64), np.where(found[:, None], end - start, 0.0).astype(np.float64), found


def _smooth_field(step: FloatArray, found: BoolArray, reference: Reference) -> tuple[FloatArray, FloatArray]:
    """Average the coarse steps over neighbouring cells, weighted by texture, onto the lattice."""
    structure = reference.structure[reference.coarse_index]
    trace, determinant = np.trace(structure, axis1=1, axis2=2), np.linalg.det(structure)
    texture = determinant / np.maximum(trace, 1e-9)  # close to the smaller eigenvalue
    weight = texture * found * _tame(step, found)
    layers = [weight, weight * step[:, 0], weight * step[:, 1]]
    values = np.zeros((3, len(reference.structure)), np.float32)
    values[:, reference.coarse_index] = layers
    share, x, y = (cv2.GaussianBlur(reference.cells.spread(layer), (0, 0), FIELD_SIGMA_CELLS) for layer in values)
    floor = 1e-4 * float(weight.mean()) + 1e-9
    return np.asarray(x / (share + floor)), np.asarray(y / (share + floor))


def _tame(step: FloatArray, found: BoolArray) -> FloatArray:
    """Weight 0 for coarse steps that jumped far from all others."""
    if not found.any():
        return np.zeros(len(step))
    centre = np.median(step[found], axis=0)
    away = np.hypot(*(step - centre).T)
    width = max(1.0, float(np.median(away[found])))
    return np.asarray(np.clip(1.0 - (away / (8.0 * width)) ** 2, 0.0, 1.0))


def _warp(picture: ByteArray, field: tuple[FloatArray, FloatArray], affine: FloatArray, side: int) -> ByteArray:
    """Warp the frame onto the reference by lattice field and affine map in one interpolation."""
    height, width = picture.shape
    grow = np.array([[side, 0, (side - 1) / 2], [0, side, (side - 1) / 2]], dtype=np.float64)
    dx, dy = (
        cv2.warpAffine(
            layer.astype(np.float32), grow, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        for layer in field
    )
    x = dx + np.arange(width, dtype=np.float32)
    y = dy + np.arange(height, dtype=np.float32)[:, None]
    a = affine.astype(np.float32)
    map_x, map_y = a[0, 0] * x + a[0, 1] * y + a[0, 2], a[1, 0] * x + a[1, 1] * y + a[1, 2]
    warped = cv2.remap(picture, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, dtype=np.uint8)


def _direct(
    warped: ByteArray, reference: Reference, settings: MotionSettings
) -> tuple[FloatArray, FloatArray, float, float]:
    """Solve the linearised brightness equation in every cell; (C, 2) steps, (C,) mismatch, gain, sharpness."""
    cells, weight = reference.cells, reference.weight
    smooth = smoothed(warped, settings.presmooth_px)
    brightness = local_brightness(smooth, weight, settings.illumination_cells * cells.side_px)
    ratio = reference.brightness / np.maximum(brightness, 1.0)
    smooth = smooth * np.clip(ratio, 1 / LARGEST_GAIN, LARGEST_GAIN)
    difference = (reference.smooth - smooth) * weight
    gx, gy = ((mine + theirs) / 2 for mine, theirs in zip(gradients(smooth), reference.gradient, strict=True))
    score = np.stack([cells.sums(gx * difference), cells.sums(gy * difference)], 1)
    step = np.linalg.solve(reference.structure, score[..., None])[..., 0]
    limit = cells.side_px / 2  # a longer step left the range where the equation is linear
    step = step * np.minimum(1.0, limit / np.maximum(np.hypot(*step.T), 1e-9))[:, None]
    residual = np.sqrt(cells.sums(difference**2) / np.maximum(cells.sums(weight), 1.0))
    energy = float(((gx**2 + gy**2) * weight).sum())
    own = sum(float((layer**2 * weight).sum()) for layer in reference.gradient)
    gain = float(np.median(1 / np.maximum(ratio[weight > 0], 1e-3)))
    return step, residual, gain, energy / max(own, 1e-9)
