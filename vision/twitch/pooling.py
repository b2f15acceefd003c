"""Places where a twitch may live, and the motion of each, pooled over the footprint of a twitch.

The displacement of a place is the least-squares amplitude of a Gaussian footprint: every point counts with its
share of the footprint and with the information that its texture holds. Signed vectors are pooled before any
magnitude is taken, so noise averages out instead of adding up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from vision.blocks import BLOCK, each_block
from vision.model.arrays import FloatArray, require_shape
from vision.model.signals import MotionSignals

FOOTPRINT_FLOOR = 0.05  # share of the centre below which a point does not belong to the footprint
SPACING_SIGMA = 0.75  # between places: the best place is off by 0.5 sigma at most, which costs 6 % of its height
SMALLEST_COVER = 0.5  # share of the usual number of points that a place needs, or it hangs over an edge


@dataclass(frozen=True, eq=False)
class PlaceMotion:
    """Motion pooled at P places. T frames.

    centre_px : (P, 2). sigma_px : of the footprint. displacement_px : (T, P, 2) at its centre.
    bound_px : (P, 2) standard error per grey level of noise (Cramér-Rao), x and y.
    lamp_share : (P,) of the quick motion that went with a lamp's flicker; None before light has been taken out.
    """

    centre_px: FloatArray
    sigma_px: float
    displacement_px: FloatArray
    bound_px: FloatArray
    lamp_share: FloatArray | None = None

    def __post_init__(self) -> None:
        places = len(self.centre_px)
        require_shape("centre_px", self.centre_px, (places, 2))
        require_shape("displacement_px", self.displacement_px, (None, places, 2))
        require_shape("bound_px", self.bound_px, (places, 2))


def lay_places(point_px: FloatArray, sigma_px: float) -> FloatArray:
    """(P, 2) lattice of places that the points cover."""
    spacing = SPACING_SIGMA * sigma_px
    return np.asarray(np.unique(np.round(point_px / spacing).astype(int), axis=0) * spacing, dtype=float)


def footprint(point_px: FloatArray, centre_px: FloatArray, sigma_px: float) -> FloatArray:
    """(N, P) share of the centre's displacement that each point takes part in."""
    squared = ((point_px[:, None] - centre_px[None]) ** 2).sum(-1)
    share = np.exp(-0.5 * squared / sigma_px**2)
    return np.asarray(np.where(share > FOOTPRINT_FLOOR, share, 0.0))


def pool(signals: MotionSignals, displacement_px: FloatArray, centre_px: FloatArray, sigma_px: float) -> PlaceMotion:
    """Pool (T, N, 2) displacement at the given places; places that hang over an edge are left out."""
    share = _shares(signals.point_px, centre_px, sigma_px)
    cover = np.diff((share > 0.3).indptr)
    covered = cover >= SMALLEST_COVER * np.median(cover[cover > 0])
    share, kept, count = share[covered], centre_px[covered], int(covered.sum())
    information = (share.power(2) @ signals.structure.reshape(-1, 4)).reshape(-1, 2, 2)
    covariance = np.linalg.inv(information)
    weights, motion = share.astype(np.float32), np.empty((len(displacement_px), count, 2), np.float32)

    def pool_some(frames: slice) -> None:
        score = _times(signals.structure, displacement_px[frames]).transpose(1, 0, 2)
        pooled = (weights @ score.reshape(len(score), -1)).reshape(count, -1, 2)
        motion[frames] = _times(covariance.astype(np.float32), pooled.transpose(1, 0, 2))

    each_block(pool_some, len(motion), 4 * BLOCK)
    bound = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    return PlaceMotion(kept, sigma_px, motion, bound)


def _shares(point_px: FloatArray, centre_px: FloatArray, sigma_px: float) -> sparse.csr_matrix:
    """(P, N) `footprint` of each place, without the points that it does not reach."""
    reach_px = 1.001 * sigma_px * np.sqrt(-2 * np.log(FOOTPRINT_FLOOR))
    near = cKDTree(centre_px).sparse_distance_matrix(cKDTree(point_px), reach_px, output_type="coo_matrix")
    squared = ((point_px[near.col] - centre_px[near.row]) ** 2).sum(-1)
    share = np.exp(-0.5 * squared / sigma_px**2)
    kept = share > FOOTPRINT_FLOOR
    return sparse.csr_matrix((share[kept], (near.row[kept], near.col[kept])), shape=near.shape)


def _times(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """(T, M, 2) float32 products of (M, 2, 2) matrices with (T, M, 2) vectors; einsum takes several times as long."""
    product = np.empty(vector.shape, np.float32)
    for axis in (0, 1):
        product[..., axis] = matrix[:, axis, 0] * vector[..., 0] + matrix[:, axis, 1] * vector[..., 1]
    return product
