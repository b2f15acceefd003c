"""Motion that the whole body part shares: robust fits that a local twitch cannot bend."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from vision.dsp import medians
from vision.model.arrays import BoolArray, FloatArray

TUKEY_WIDTHS = 4.0  # residuals beyond so many robust widths get no weight (Beaton & Tukey 1974)
ITERATIONS = 3  # and one more fit
SMALLEST_WIDTH_PX = 0.02  # below the noise of any real clip: keeps weights finite on perfect pictures
SMALLEST_SHARED_WIDTH_PX = 0.01  # the same of residuals that are averaged over a neighbourhood
NEIGHBOUR_SIGMAS = 2.5  # beyond which a neighbour's weight is below 5 %


def polynomial_basis(point_px: FloatArray, order: int) -> FloatArray:
    """(N, K) monomials up to `order` of centred, scaled coordinates: 1, x, y, x², xy, y², …"""
    centre, scale = middle_of(point_px)
    x, y = ((point_px - centre) / scale).T
    return np.stack([x**i * y ** (total - i) for total in range(order + 1) for i in range(total, -1, -1)], 1)


def middle_of(point_px: FloatArray) -> tuple[FloatArray, float]:
    """Centre and scale that the polynomials are written in."""
    return point_px.mean(0), max(float(point_px.std()), 1e-9)


def fit_affine(
    start_px: FloatArray, end_px: FloatArray, fallback: FloatArray, trust: FloatArray | None = None
) -> FloatArray:
    """(2, 3) affine map from start to end by iteratively reweighted least squares; `fallback` where points lack."""
    if len(start_px) < 6:
        return fallback
    basis = np.column_stack([start_px, np.ones(len(start_px))])
    own = np.ones(len(start_px)) if trust is None else trust
    weight = own
    for _ in range(ITERATIONS + 1):
        weighted = basis * weight[:, None]
        solution = np.linalg.lstsq(weighted.T @ basis, weighted.T @ end_px, rcond=None)[0]
        weight = own * tukey_weight(np.hypot(*(end_px - basis @ solution).T)[None])[0]
    return np.asarray(solution.T)


def tukey_weight(
    size: FloatArray, valid: BoolArray | None = None, smallest_width_px: float = SMALLEST_WIDTH_PX
) -> FloatArray:
    """Tukey's biweight of (T, N) residual sizes, their width taken from each frame's own median."""
    width = _row_medians(size, valid)[:, None] / 1.177  # median of a Rayleigh variable
    ratio = size / (TUKEY_WIDTHS * np.maximum(width, smallest_width_px))
    weight = np.clip(1.0 - ratio**2, 0.0, 1.0) ** 2
    return np.asarray(weight if valid is None else weight * valid)


def _row_medians(size: FloatArray, valid: BoolArray | None) -> FloatArray:
    """(T,) median of the valid sizes of each row; 1 where none is."""
    if valid is None or valid.all():
        return medians(size.T)
    count = valid.sum(1)
    middle, found = (count - 1) // 2, np.ones(len(size), size.dtype)
    for place in np.unique(middle[count > 0]):
        rows = middle == place
        found[rows] = np.partition(np.where(valid[rows], size[rows], np.inf), place, axis=1)[:, place]
    return found


def neighbourhoods(point_px: FloatArray, precision: FloatArray, reach_px: float) -> sparse.csr_matrix:
    """(N, N) weights that average over a Gaussian neighbourhood, by precision; its rows are not normalised."""
    pairs = cKDTree(point_px).sparse_distance_matrix(
        cKDTree(point_px), NEIGHBOUR_SIGMAS * reach_px, output_type="coo_matrix"
    )
    weight = np.exp(-0.5 * (pairs.data / reach_px) ** 2) * precision[pairs.col]
    return sparse.csr_matrix((weight.astype(np.float32), (pairs.row, pairs.col)), shape=pairs.shape)


def remove_smooth_motion(
    displacement_px: FloatArray,
    valid: BoolArray,
    basis: FloatArray,
    precision: FloatArray,
    around: sparse.csr_matrix | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Take the motion that a low-order polynomial of place describes out of every frame.

    Parameters
    ----------
    displacement_px : (T, N, 2). valid : (T, N). basis : (N, K). precision : (N,) weight of each point, >= 0.
    around : (N, N) from `neighbourhoods`: a last round of weights then looks at residuals averaged over them.

    Returns
    -------
    (T, N, 2) what is left, and (T, K, 2) the coefficients. Frames without valid points give zeros.

    Notes
    -----
    Iteratively reweighted least squares with Tukey's biweight: a twitch that covers a few points loses its weight
    and so cannot bend the fit. Its skirt hides in the noise of single points and still bends it; averaged over a
    neighbourhood, noise falls and the skirt shows.
    """
    basis, precision = basis.astype(np.float32), precision.astype(np.float32)
    filled = [np.where(valid, displacement_px[..., axis], 0.0).astype(np.float32) for axis in (0, 1)]
    products = np.einsum("ni,nj->nij", basis, basis).reshape(len(basis), -1)
    weight = valid * precision
    for _ in range(ITERATIONS):
        rest, coefficient = _fitted(filled, weight, basis, products)
        weight = tukey_weight(np.hypot(*rest), valid) * precision
    if around is not None:
        weight = weight * tukey_weight(np.hypot(*_averaged(rest, valid, around)), valid, SMALLEST_SHARED_WIDTH_PX)
    rest, coefficient = _fitted(filled, weight, basis, products)
    return np.stack(rest, -1) * valid[..., None], coefficient


def _fitted(
    filled: list[FloatArray], weight: FloatArray, basis: FloatArray, products: FloatArray
) -> tuple[list[FloatArray], FloatArray]:
    """Weighted least squares, frame by frame: (T, N) rests along x and y, (T, K, 2) coefficients."""
    count = basis.shape[1]
    normal = (weight @ products).reshape(-1, count, count).astype(float)
    # Each frame by itself: what it leans on must not depend on which frames are worked on together.
    normal += 1e-6 * (np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-6) * np.eye(count)
    right = np.stack([(weight * layer) @ basis for layer in filled], -1)
    coefficient = np.linalg.solve(normal, right)
    rest = [layer - coefficient[..., axis].astype(np.float32) @ basis.T for axis, layer in enumerate(filled)]
    return rest, coefficient


def _averaged(rest: list[FloatArray], valid: BoolArray, around: sparse.csr_matrix) -> list[FloatArray]:
    """(T, N) residuals along x and y, averaged over the valid neighbours."""
    share = np.maximum((around @ valid.T.astype(np.float32)).T, 1e-9)
    return [(around @ (layer * valid).T).T / share for layer in rest]
