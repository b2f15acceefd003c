"""What comes between lens and skin: a hair, a hand, the edge of a shadow. What is followed there is not the skin."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from vision.blocks import each_block
from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import PointTracks

BLOCK_S = 10.0  # over which a point has one usual brightness and one usual mismatch; lamps and heads change slower
# Of log brightness, against all points of the frame and against the point's own. Films of still and of twitching skin
# reach 0.015 at one sample in ten thousand, hairs and shadows 0.05-0.3 (simulated). Twitches shade skin by less; ours.
DARK, SLIGHT, FAINT = 0.03, 0.015, 0.01
MISMATCH, PLAIN_MISMATCH = 1.5, 3.0  # times the usual: texture that is not the point's own; a thin hair is hardly dark
WIDTHS = 6.0  # robust standard deviations of a point's own brightness: gloss comes and goes
REACH_CELLS, ROUNDS = 1.6, 1  # neighbours of a covered cell share its fate where they show a trace of it
EDGE_S = 0.067  # before and after, in which the edge is not yet seen but pulls


def covered_points(tracks: PointTracks) -> BoolArray:
    """(T, N) where something comes over the skin: brightness and texture change together, or brightness quickly.

    In the middle of a broad shadow the skin is followed as ever.
    """
    covered = np.zeros(tracks.luma_ratio.shape, bool)
    if len(covered) < 2:
        return covered
    interval_s = max(float(np.median(np.diff(tracks.time_s))), 1e-6)
    frames, edge = max(1, round(BLOCK_S / interval_s)), max(1, round(EDGE_S / interval_s))
    beside = _neighbours(tracks.point_px, REACH_CELLS * tracks.spacing_px)

    def look(own: slice) -> None:
        first = max(0, min(own.start - 2 * edge, len(covered) - frames))  # the last block reaches back
        darker, mismatch = _against_usual(tracks, slice(first, own.stop + 2 * edge))
        covered[own] = _seeds(darker, mismatch, beside, edge)[own.start - first : own.stop - first]

    each_block(look, len(covered), frames)
    for _ in range(edge):
        covered[1:] |= covered[:-1].copy()
        covered[:-1] |= covered[1:].copy()
    return covered


def _seeds(darker: FloatArray, mismatch: FloatArray, beside: sparse.csr_matrix, edge: int) -> BoolArray:
    """(T, N) what is covered for certain, and what beside it shows a trace."""
    seeds = (darker > DARK) & ((mismatch > MISMATCH) | (_change(darker, edge) > DARK))
    seeds |= (darker > FAINT) & (mismatch > PLAIN_MISMATCH)
    traces = (darker > SLIGHT) | (mismatch > MISMATCH)
    for _ in range(ROUNDS if seeds.any() else 0):
        seeds |= traces & (np.asarray(beside @ seeds.T.astype(np.float32)).T > 0)
    return np.asarray(seeds)


def _change(darker: FloatArray, edge: int) -> FloatArray:
    """(T, N) by how much it differs between so many frames before and after."""
    change = np.zeros_like(darker)
    if len(darker) > 2 * edge:
        change[edge:-edge] = np.abs(darker[2 * edge :] - darker[: -2 * edge])
    return change


def _against_usual(tracks: PointTracks, own: slice) -> tuple[FloatArray, FloatArray]:
    """Change of log brightness in some frames, 0 below a point's own noise, and mismatch ÷ the usual one there."""
    ratio, residual = tracks.luma_ratio[own], tracks.residual_luma[own].astype(np.float32)
    darker, mismatch = np.zeros(ratio.shape, np.float32), np.ones(ratio.shape, np.float32)
    seen = np.isfinite(ratio).all(1)
    if not seen.any():
        return darker, mismatch
    light = np.log(np.maximum(ratio[seen].astype(np.float32), 1e-3))
    light -= np.median(light, axis=1, keepdims=True)
    light -= np.median(light, axis=0)
    size = np.abs(light)
    darker[seen] = np.where(size > WIDTHS * 1.4826 * np.median(size, axis=0), size, 0.0)
    known = residual[seen] / np.maximum(np.median(residual[seen], axis=0), 1e-6)
    mismatch[seen] = known / np.maximum(np.median(known, axis=1, keepdims=True), 1.0)  # blur and focus change all alike
    return darker, mismatch


def _neighbours(point_px: FloatArray, reach_px: float) -> sparse.csr_matrix:
    """(N, N) which points lie beside which."""
    near = cKDTree(point_px).query_pairs(reach_px, output_type="ndarray")
    both = np.concatenate([near, near[:, ::-1]])
    ones = np.ones(len(both), np.float32)
    return sparse.csr_matrix((ones, (both[:, 0], both[:, 1])), shape=(len(point_px), len(point_px)))
