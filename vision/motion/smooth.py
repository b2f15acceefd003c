"""Motion that the whole body part shares: robust fits that a local twitch cannot bend."""

from __future__ import annotations

import numpy as np

from vision.model.arrays import BoolArray, FloatArray

TUKEY_WIDTHS = 4.0  # residuals beyond so many robust widths get no weight (Beaton & Tukey 1974)
ITERATIONS = 4
SMALLEST_WIDTH_PX = 0.02  # below the noise of any real clip: keeps weights finite on perfect pictures


def polynomial_basis(point_px: FloatArray, order: int) -> FloatArray:
    """(N, K) monomials up to `order` of centred, scaled coordinates."""
    centre, scale = point_px.mean(0), max(float(point_px.std()), 1e-9)
    x, y = ((point_px - centre) / scale).T
    return np.stack([x**i * y ** (total - i) for total in range(order + 1) for i in range(total, -1, -1)], 1)


def fit_affine(
    start_px: FloatArray, end_px: FloatArray, fallback: FloatArray, trust: FloatArray | None = None
) -> FloatArray:
    """(2, 3) affine map from start to end by iteratively reweighted least squares; `fallback` where points lack."""
    if len(start_px) < 6:
        return fallback
    basis = np.column_stack([start_px, np.ones(len(start_px))])
    own = np.ones(len(start_px)) if trust is None else trust
    weight = own
    for _ in range(ITERATIONS):
        weighted = basis * weight[:, None]
        solution = np.linalg.lstsq(weighted.T @ basis, weighted.T @ end_px, rcond=None)[0]
        weight = own * tukey_weight(np.hypot(*(end_px - basis @ solution).T)[None])[0]
    return np.asarray(solution.T)


def tukey_weight(size: FloatArray, valid: BoolArray | None = None) -> FloatArray:
    """Tukey's biweight of (T, N) residual sizes, their width taken from each frame's own median."""
    masked = np.where(valid, size, np.nan) if valid is not None else size
    seen = np.isfinite(masked).any(axis=1)
    width = np.ones((len(size), 1))
    width[seen, 0] = np.nanmedian(masked[seen], axis=1) / 1.177  # median of a Rayleigh variable
    ratio = size / (TUKEY_WIDTHS * np.maximum(width, SMALLEST_WIDTH_PX))
    weight = np.clip(1.0 - ratio**2, 0.0, 1.0) ** 2
    return np.asarray(weight if valid is None else np.where(valid, weight, 0.0))


def remove_smooth_motion(
    displacement_px: FloatArray, valid: BoolArray, basis: FloatArray, precision: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Take the motion that a low-order polynomial of place describes out of every frame.

    Parameters
    ----------
    displacement_px : (T, N, 2). valid : (T, N). basis : (N, K). precision : (N,) weight of each point, >= 0.

    Returns
    -------
    (T, N, 2) what is left, and (T, K, 2) the coefficients. Frames without valid points give zeros.

    Notes
    -----
    Iteratively reweighted least squares with Tukey's biweight: a twitch that covers a few points loses its weight
    and so cannot bend the fit.
    """
    filled = np.where(valid[..., None], displacement_px, 0.0)
    products = np.einsum("ni,nj->nij", basis, basis).reshape(len(basis), -1)
    count = basis.shape[1]
    weight = valid * precision
    for _ in range(ITERATIONS):
        normal = (weight @ products).reshape(-1, count, count)
        normal += 1e-9 * (np.trace(normal, axis1=1, axis2=2).mean() + 1e-9) * np.eye(count)
        right = np.stack([(weight * filled[..., axis]) @ basis for axis in (0, 1)], -1)
        coefficient = np.linalg.solve(normal, right)
        rest = filled - np.einsum("nk,tkc->tnc", basis, coefficient)
        weight = tukey_weight(np.hypot(rest[..., 0], rest[..., 1]), valid) * precision
    return np.where(valid[..., None], rest, 0.0), coefficient
