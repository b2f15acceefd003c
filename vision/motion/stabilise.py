"""From tracks to the local motion of the skin: camera and body motion out, noise known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from vision.blocks import each_block
from vision.dsp import robust_sd
from vision.model.arrays import BoolArray, FloatArray, IntArray
from vision.model.signals import MotionSignals, PointTracks
from vision.motion.cover import covered_points
from vision.motion.reference import texture_of
from vision.motion.relief import SHORTEST_S, remove_relief
from vision.motion.smooth import middle_of, neighbourhoods, polynomial_basis, remove_smooth_motion
from vision.settings import MotionSettings

LARGEST_PRECISION = 1.0  # × the median: a bright edge must not carry the fit of a whole face alone
BLOCK_FRAMES = 128  # worked on at once: 512 of 5500 points took 220 MiB more and a third more time


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
    reference; then a robust polynomial of place takes out nod and turn in perspective; then, from the whole clip,
    what each point adds to them by its own depth.
    """
    covered = covered_points(tracks)
    valid = np.isfinite(tracks.position_px).all(-1) & (tracks.residual_luma < settings.lost_luma) & ~covered
    model = _model(tracks, order, settings)
    local = np.empty_like(tracks.position_px, np.float32)

    def of_some(frames: slice) -> tuple[FloatArray, FloatArray]:
        local[frames], camera, surface = _whole_motion(tracks.position_px[frames], valid[frames], model)
        return camera, surface

    cameras, surfaces = zip(*each_block(of_some, len(valid), BLOCK_FRAMES), strict=True)
    camera = _carried_over(np.concatenate(cameras), valid.any(1))
    course = _course(camera, np.concatenate(surfaces), model)
    if np.ptp(tracks.time_s) >= SHORTEST_S:
        remove_relief(local, valid, course)
    local[~valid] = np.nan
    return MotionSignals(
        time_s=tracks.time_s, point_px=tracks.point_px, region_of_point=region_of_point, displacement_px=local,
        noise_px=robust_sd(local).mean(-1)[None], valid=valid, covered=covered, structure=tracks.structure,
        camera=camera, luma_gain=tracks.luma_gain, sharpness=tracks.sharpness, is_keyframe=tracks.is_keyframe,
        scale_px=scale_px, spacing_px=tracks.spacing_px, reference_index=tracks.reference_index,
    )  # fmt: skip


def point_precision(structure: FloatArray) -> FloatArray:
    """(N,) weight of each point in the fit: determinant ÷ trace of its structure, capped at the median."""
    precision = texture_of(structure)
    return np.asarray(np.minimum(precision / max(float(np.median(precision)), 1e-12), LARGEST_PRECISION))


@dataclass(frozen=True, eq=False)
class _Model:
    """What the fits of every frame share."""

    point_px: FloatArray
    precision: FloatArray
    plane: FloatArray
    surface: FloatArray
    around: sparse.csr_matrix


def _model(tracks: PointTracks, order: int, settings: MotionSettings) -> _Model:
    precision = point_precision(tracks.structure)
    around = neighbourhoods(tracks.point_px, precision, settings.neighbour_cells * tracks.spacing_px)
    plane, surface = (polynomial_basis(tracks.point_px, degree) for degree in (1, order))
    return _Model(tracks.point_px, precision, plane, surface, around)


def _whole_motion(
    position_px: FloatArray, valid: BoolArray, model: _Model
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(T, N, 2) local motion, (T, 2, 3) camera and (T, K, 2) coefficients of the smooth motion of some frames."""
    moved = np.asarray(position_px, float) - model.point_px
    _, plane = remove_smooth_motion(moved, valid, model.plane, model.precision)
    camera = _as_maps(plane, model.point_px)
    seen_back = _undo(camera, np.where(valid[..., None], position_px, 0.0))
    local, surface = remove_smooth_motion(
        seen_back - model.point_px, valid, model.surface, model.precision, model.around
    )
    return local.astype(np.float32), camera, surface


def _as_maps(plane: FloatArray, point_px: FloatArray) -> FloatArray:
    """(T, 2, 3) affine maps from (T, 3, 2) coefficients of 1, x, y in centred, scaled coordinates."""
    centre, scale = middle_of(point_px)
    linear = np.eye(2) + plane[:, 1:].transpose(0, 2, 1) / scale
    shift = plane[:, 0] + centre - np.einsum("tij,j->ti", linear, centre)
    return np.concatenate([linear, shift[..., None]], axis=2)


def _carried_over(camera: FloatArray, seen: BoolArray) -> FloatArray:
    """Give frames in which nothing was seen the map of the frame before."""
    if not seen.any():
        return camera
    last = np.maximum.accumulate(np.where(seen, np.arange(len(seen)), -1))
    return np.asarray(camera[np.where(last < 0, int(np.argmax(seen)), last)])


def _course(camera: FloatArray, surface: FloatArray, model: _Model) -> FloatArray:
    """(T, ·) course of camera and smooth motion, as displacement in px at a typical distance from the middle."""
    centre, scale = middle_of(model.point_px)
    shift = np.einsum("tij,j->ti", camera, np.append(centre, 1.0)) - centre
    stretch = (camera[:, :, :2] - np.eye(2)).reshape(len(camera), 4) * scale
    return np.concatenate([shift, stretch, surface[:, 3:].reshape(len(camera), -1)], axis=1)


def _undo(camera: FloatArray, position_px: FloatArray) -> FloatArray:
    """Map (T, N, 2) positions back into the reference."""
    inverse = np.linalg.inv(camera[:, :, :2])[:, :, None]
    x, y = (position_px[..., axis] - camera[:, None, axis, 2] for axis in (0, 1))
    return np.stack([inverse[:, axis, :, 0] * x + inverse[:, axis, :, 1] * y for axis in (0, 1)], -1)
