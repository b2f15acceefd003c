"""One twitch in space: a Gaussian footprint, fitted to the displacement of the points around it.

Of all centres and widths, the one that explains most of it, weighted by each point's information.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.model.arrays import BoolArray, FloatArray

NEIGHBOURHOOD_SIGMA = 2.2  # points farther than this may belong to another twitch
SEARCH_SIGMA = 1.2  # around the place of detection within which the centre is looked for
STEP_SIGMA = 0.35  # of the search: half of it is the largest error that the lattice adds
BESIDE_SIGMA = 1.0  # a centre needs a tracked point within this


@dataclass(frozen=True)
class Footprint:
    """A Gaussian footprint: centre and width in pixels, displacement at the centre.

    explained : share of the motion around it. energy : that motion, squared, by each point's information.
    """

    x_px: float
    y_px: float
    sigma_px: float
    displacement_px: tuple[float, float]
    explained: float
    energy: float = 0.0

    @property
    def amplitude_px(self) -> float:
        """Length of the displacement at the centre."""
        return float(np.hypot(*self.displacement_px))

    def explained_beyond(self, usual: float) -> float:
        """Share that is explained of the motion around it, less what of the rest is `usual` energy."""
        own = self.explained * self.energy
        return own / max(own + max(0.0, self.energy - own - usual), 1e-12)


def fit_footprint(
    point_px: FloatArray, structure: FloatArray, field_px: FloatArray, start_px: FloatArray, sigmas_px: Sequence[float]
) -> Footprint:
    """Fit a Gaussian footprint to a field of displacements.

    Parameters
    ----------
    point_px : (N, 2). structure : (N, 2, 2) information. field_px : (N, 2) displacement.
    start_px : (2,) where it was detected. sigmas_px : widths to try.
    """
    middle, near = float(np.median(sigmas_px)), neighbourhood(point_px, start_px, sigmas_px)
    points, information = point_px[near], structure[near]
    score = np.einsum("nij,nj->ni", information, field_px[near])
    total = max(float(np.einsum("ni,ni->", score, field_px[near])), 1e-12)
    best = Footprint(float(start_px[0]), float(start_px[1]), middle, (0.0, 0.0), 0.0, total)
    centres = _centres(points, start_px, middle)
    for sigma_px in sigmas_px:
        share = np.exp(-0.5 * ((points[:, None] - centres[None]) ** 2).sum(-1) / sigma_px**2)
        normal = np.einsum("np,nij->pij", share**2, information) + 1e-9 * np.eye(2)
        right = np.einsum("np,ni->pi", share, score)
        solution = np.linalg.solve(normal, right[..., None])[..., 0]
        explained = np.einsum("pi,pi->p", right, solution) / total
        top = int(np.argmax(explained))
        if explained[top] > best.explained:
            x_px, y_px = (float(value) for value in centres[top])
            moved = (float(solution[top, 0]), float(solution[top, 1]))
            best = Footprint(x_px, y_px, float(sigma_px), moved, float(explained[top]), total)
    return best


def neighbourhood(point_px: FloatArray, start_px: FloatArray, sigmas_px: Sequence[float]) -> BoolArray:
    """(N,) points around a place that a footprint is fitted to."""
    return np.asarray(np.hypot(*(point_px - start_px).T) < NEIGHBOURHOOD_SIGMA * float(np.median(sigmas_px)))


def _centres(points: FloatArray, start_px: FloatArray, sigma_px: float) -> FloatArray:
    """(P, 2) centres to try: a lattice around the start, each beside a tracked point."""
    steps = np.arange(-SEARCH_SIGMA, SEARCH_SIGMA + 1e-9, STEP_SIGMA) * sigma_px
    lattice = start_px + np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    apart = ((lattice[:, None] - points[None]) ** 2).sum(-1).min(1)
    kept = lattice[apart < (BESIDE_SIGMA * sigma_px) ** 2]
    return np.asarray(kept if len(kept) else start_px[None])


def footprint_course(
    found: Footprint, point_px: FloatArray, structure: FloatArray, displacement_px: FloatArray
) -> FloatArray:
    """(T,) displacement at a footprint's centre along its direction, pooled from (T, N, 2) by (N, 2, 2) information."""
    squared = ((point_px - np.array([found.x_px, found.y_px])) ** 2).sum(-1)
    near = squared < (NEIGHBOURHOOD_SIGMA * found.sigma_px) ** 2
    share = np.exp(-0.5 * squared[near] / found.sigma_px**2)
    score = np.einsum("n,nij,tnj->ti", share, structure[near], displacement_px[:, near], optimize=True)
    normal = np.einsum("n,nij->ij", share**2, structure[near]) + 1e-9 * np.eye(2)
    way = np.array(found.displacement_px) / max(found.amplitude_px, 1e-12)
    return np.asarray(score @ np.linalg.solve(normal, way), dtype=float)


def height_without_best_points(
    found: Footprint, point_px: FloatArray, structure: FloatArray, field_px: FloatArray, count: int = 1
) -> float:
    """Height of a movement as all points but a few see it, those that tell most of it, as a share of what all see.

    A twitch moves skin, and the points beside the best say so: about 1. What one point alone does (gloss, a hair, a
    patch that slips) leaves about 0, however clearly that point tells it; what a few do by chance at once, a part.

    Parameters
    ----------
    point_px : (N, 2). structure : (N, 2, 2) information. field_px : (N, 2) displacement. count : of points left out.
    """
    way = np.array(found.displacement_px) / max(found.amplitude_px, 1e-12)
    share = np.exp(-0.5 * ((point_px - np.array([found.x_px, found.y_px])) ** 2).sum(1) / found.sigma_px**2)
    information = structure @ way
    weight, told = share**2 * (information @ way), share * (information * field_px).sum(1)
    best = np.argsort(-told)[:count]
    whole = told.sum() / max(weight.sum(), 1e-12)
    rest = (told.sum() - told[best].sum()) / max(weight.sum() - weight[best].sum(), 1e-12)
    return float(rest / whole) if whole > 0 else 0.0
