"""From tracks to the local motion of the skin: camera and body motion out, noise known."""

from __future__ import annotations

import numpy as np

from vision.dsp import robust_sd
from vision.model.arrays import BoolArray, FloatArray, IntArray
from vision.model.signals import MotionSignals, PointTracks
from vision.motion.reference import texture_of
from vision.motion.smooth import fit_affine, polynomial_basis, remove_smooth_motion
from vision.settings import MotionSettings

LARGEST_PRECISION = 1.0  # × the median: a bright edge must not carry the fit of a whole face alone


def stabilise(
    tracks: PointTracks, region_of_point: IntArray, scale_px: float | None, order: int, settings: MotionSettings
) -> MotionSignals:
    """Remove what the body part moves as a whole.

    Parameters
    ----------
    region_of_point : (N,) index of each point's region. scale_px : outer-eye distance, None where no face.
    order : of the polynomial of place that counts as motion of the body.

    Notes
    -----
    First the affine map of camera and head, frame by frame, is undone, so that displacements are seen in the
    reference; then a robust polynomial of place takes out what is left of nod and turn in perspective.
    """
    valid = np.isfinite(tracks.position_px).all(-1) & (tracks.residual_luma < settings.lost_luma)
    camera = _camera(tracks, valid)
    seen_back = _undo(camera, tracks.position_px)
    basis = polynomial_basis(tracks.point_px, order)
    local, _ = remove_smooth_motion(seen_back - tracks.point_px, valid, basis, point_precision(tracks.structure))
    noise = robust_sd(np.where(valid[..., None], local, np.nan)).mean(-1)[None]
    return MotionSignals(
        time_s=tracks.time_s, point_px=tracks.point_px, region_of_point=region_of_point,
        displacement_px=np.where(valid[..., None], local, np.nan).astype(np.float32),
        noise_px=noise, valid=valid, structure=tracks.structure, camera=camera,
        luma_gain=tracks.luma_gain, sharpness=tracks.sharpness, is_keyframe=tracks.is_keyframe,
        scale_px=scale_px, spacing_px=tracks.spacing_px, reference_index=tracks.reference_index,
    )  # fmt: skip


def point_precision(structure: FloatArray) -> FloatArray:
    """(N,) weight of each point in the fit: determinant ÷ trace of its structure, capped at the median."""
    precision = texture_of(structure)
    return np.asarray(np.minimum(precision / max(float(np.median(precision)), 1e-12), LARGEST_PRECISION))


def _camera(tracks: PointTracks, valid: BoolArray) -> FloatArray:
    """(T, 2, 3) robust affine map of each frame; that of the frame before where nothing was seen."""
    maps = np.empty((len(tracks.time_s), 2, 3))
    last = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for index, seen in enumerate(valid):
        last = fit_affine(tracks.point_px[seen], tracks.position_px[index, seen].astype(float), last)
        maps[index] = last
    return maps


def _undo(camera: FloatArray, position_px: FloatArray) -> FloatArray:
    """Map (T, N, 2) positions back into the reference."""
    inverse = np.linalg.inv(camera[:, :, :2])
    return np.asarray(np.einsum("tij,tnj->tni", inverse, position_px - camera[:, None, :, 2]))
