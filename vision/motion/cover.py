"""What comes between lens and skin: a hair, a hand, the edge of a shadow. What is followed there is not the skin."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from vision.blocks import blocks
from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import PointTracks

BLOCK_S = 10.0  # over which a point has one usual brightness and one usual mismatch; lamps and heads change slower
# Of log brightness, against all points of the frame and against the point's own. Films of still and of twitching skin
# reach 0.015 at one sample in ten thousand, hairs and shadows 0.05-0.3 (simulated). Twitches shade skin by less; ours.
DARK, SLIGHT, FAINT = 0.03, 0.015, 0.01
MISMATCH, PLAIN_MISMATCH = 1.5, 3.0  # times the usual: texture that is not the point's own; a thin hair is hardly dark
WIDTHS = 6.0  # robust standard deviations of a point's own brightness: gloss comes and goes
REACH_CELLS, ROUNDS = 1.6, 1  # neighbours of a covered cell share its fate where they show a trace of it
EDGE_FRAMES = 2  # before and after, in which the edge is not yet seen but pulls


def covered_points(tracks: PointTracks) -> BoolArray:
    """(T, N) where something comes over the skin: brightness and texture change together, or brightness quickly.

    In the middle of a broad shadow the skin is followed as ever.
    """
    darker, mismatch = _against_usual(tracks)
    seeds = (darker > DARK) & ((mismatch > MISMATCH) | (_change(darker) > DARK))
    seeds |= (darker > FAINT) & (mismatch > PLAIN_MISMATCH)
    if not seeds.any():
        return seeds
    traces = (darker > SLIGHT) | (mismatch > MISMATCH)
    beside = _neighbours(tracks.point_px, REACH_CELLS * tracks.spacing_px)
    for _ in range(ROUNDS):
        seeds |= traces & (np.asarray(beside @ seeds.T.astype(np.float32)).T > 0)
    for _ in range(EDGE_FRAMES):
        seeds[1:] |= seeds[:-1].copy()
        seeds[:-1] |= seeds[1:].copy()
    return np.asarray(seeds)


def _change(darker: FloatArray) -> FloatArray:
    """(T, N) by how much it differs between `EDGE_FRAMES` before and after."""
    change = np.zeros_like(darker)
    if len(darker) > 2 * EDGE_FRAMES:
        change[EDGE_FRAMES:-EDGE_FRAMES] = np.abs(darker[2 * EDGE_FRAMES :] - darker[: -2 * EDGE_FRAMES])
    return change


def _against_usual(tracks: PointTracks) -> tuple[FloatArray, FloatArray]:
    """(T, N) change of log brightness in what counts, 0 below a point's own noise; mismatch ÷ the usual one."""
    darker, mismatch = np.zeros(tracks.luma_ratio.shape, np.float32), np.ones(tracks.luma_ratio.shape, np.float32)
    frames = max(1, round(BLOCK_S / max(float(np.median(np.diff(tracks.time_s))), 1e-6)))
    for own in blocks(len(darker), frames):
        own = slice(max(0, min(own.start, len(darker) - frames)), own.stop)  # the last block reaches back
        seen = np.isfinite(tracks.luma_ratio[own]).all(1)
        if not seen.any():
            continue
        light = np.log(np.maximum(tracks.luma_ratio[own][seen].astype(float), 1e-3))
        light -= np.median(light, axis=1, keepdims=True)
        light -= np.median(light, axis=0)
        size = np.abs(light)
        noise = WIDTHS * 1.4826 * np.median(size, axis=0)
        residual = tracks.residual_luma[own][seen]
        residual = residual / np.maximum(np.median(residual, axis=0), 1e-6)
        residual /= np.maximum(np.median(residual, axis=1, keepdims=True), 1.0)  # blur and focus change all alike
        rows = np.flatnonzero(seen) + own.start
        darker[rows], mismatch[rows] = np.where(size > noise, size, 0.0), residual
    return darker, mismatch


def _neighbours(point_px: FloatArray, reach_px: float) -> sparse.csr_matrix:
    """(N, N) which points lie beside which."""
    near = cKDTree(point_px).query_pairs(reach_px, output_type="ndarray")
    both = np.concatenate([near, near[:, ::-1]])
    ones = np.ones(len(both), np.float32)
    return sparse.csr_matrix((ones, (both[:, 0], both[:, 1])), shape=(len(point_px), len(point_px)))
