"""What one twitch explains of a course, and what two that overlap explain, wherever they may lie among some places."""

from __future__ import annotations

import numpy as np

from vision.model.arrays import BoolArray, FloatArray

SAME = 1e-6  # of the product of two energies: closer courses are one, and no equation tells them apart
SMALLEST_ENERGY = 1e-12  # divided by


class Overlap:
    """Twitches at K places, of which one or two are to explain a course.

    Parameters
    ----------
    gram : (K, K) products of their whitened courses with each other.

    Notes
    -----
    What depends on the courses of the twitches alone is worked out once: the same places are asked about many times.
    """

    def __init__(self, gram: FloatArray) -> None:
        self._gram, self._energy = gram, np.diagonal(gram)
        product = self._energy[:, None] * self._energy[None]
        determinant = product - gram**2
        self._differ = determinant > SAME * product
        self._determinant = np.where(self._differ, determinant, 1.0)

    def strongest(self, score: FloatArray) -> int:
        """Place at which one twitch is strongest; (K,) products of each with the course."""
        return int(np.argmax(np.maximum(score, 0.0) / np.sqrt(np.maximum(self._energy, SMALLEST_ENERGY))))

    def best(self, score: FloatArray, allowed: BoolArray) -> tuple[float, tuple[float, int, int] | None]:
        """Energy that the best single place explains, and that of the best pair with both above zero.

        Parameters
        ----------
        score : (K,) products of each with the course. allowed : (K, K) pairs among which to choose.
        """
        one = float((np.maximum(score, 0.0) ** 2 / np.maximum(self._energy, SMALLEST_ENERGY)).max())
        earlier = (self._energy[None] * score[:, None] - self._gram * score[None]) / self._determinant
        later = (self._energy[:, None] * score[None] - self._gram * score[:, None]) / self._determinant
        usable = allowed & self._differ & (earlier > 0) & (later > 0)
        energy = np.where(usable, earlier * score[:, None] + later * score[None], -np.inf)
        best = np.unravel_index(int(np.argmax(energy)), energy.shape)
        return one, (float(energy[best]), int(best[0]), int(best[1])) if np.isfinite(energy[best]) else None
