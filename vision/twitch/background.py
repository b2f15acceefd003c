"""How much points move when nothing happens: what the motion around a single twitch is held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.blocks import each_block
from vision.dsp import medians
from vision.model.arrays import BoolArray, FloatArray
from vision.model.signals import MotionSignals
from vision.twitch.cleaning import Cleaned

MOMENTS = 80  # of a clip that are looked at: their median is known to a seventh of its spread
LEVEL_WINDOW_S = 1.0  # around a moment, where the level that it is held against is taken
OWN_S = 0.1  # around it that is no part of that level
FEWEST_LEVEL_FRAMES = 5


@dataclass(frozen=True, eq=False)
class Background:
    """Energy of each point at quiet moments, (K, N): displacement from its level, squared, by its information."""

    energy: FloatArray

    def usual(self, near: BoolArray) -> float:
        """Median over moments of the energy of some (N,) points together; 0 where no moment was quiet."""
        return float(np.median(self.energy[:, near].sum(1))) if len(self.energy) else 0.0


def background(signals: MotionSignals, cleaned: Cleaned, quiet: BoolArray) -> Background:
    """Look at the motion of quiet frames.

    Parameters
    ----------
    quiet : (T,) frames that stand for rest.
    """
    frames = np.flatnonzero(quiet)
    moments = frames[np.unique(np.linspace(0, len(frames) - 1, MOMENTS).astype(int))] if len(frames) else frames

    def energy_at(own: slice) -> FloatArray | None:
        frame = moments[own][0]
        apart_s = np.abs(signals.time_s - signals.time_s[frame])
        level_frames = quiet & (apart_s < LEVEL_WINDOW_S) & (apart_s > OWN_S)
        if level_frames.sum() < FEWEST_LEVEL_FRAMES:
            return None
        moved = cleaned.displacement_px[frame] - medians(cleaned.displacement_px[level_frames])
        return np.asarray(np.einsum("ni,nij,nj->n", moved, signals.structure, moved))

    energies = [energy for energy in each_block(energy_at, len(moments), 1) if energy is not None]
    return Background(np.array(energies, dtype=float).reshape(len(energies), len(signals.point_px)))
