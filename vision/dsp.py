"""Pure array mathematics that several stages share."""

from __future__ import annotations

import numpy as np

from vision.model.arrays import FloatArray


def twitch_waveform(time_s: FloatArray, onset_s: float, tau_s: float, decay: float) -> FloatArray:
    """Displacement of the skin during one twitch, as a share of its peak.

    Parameters
    ----------
    time_s : any shape; seconds.
    onset_s : the skin starts to move.
    tau_s : onset to peak, > 0.
    decay : how many times slower it falls than it rises, > 0.

    Returns
    -------
    Same shape: 0 up to the onset, 1 at ``onset_s + tau_s``, back towards 0 afterwards.

    Notes
    -----
    ``d * exp(1 - d)`` with ``d = (time - onset) / tau``: the impulse response of a critically damped second-order
    system, the usual model of a muscle's twitch. Past the peak ``d`` runs `decay` times slower.
    """
    d = np.maximum((np.asarray(time_s, dtype=float) - onset_s) / tau_s, 0.0)
    d = np.where(d > 1.0, 1.0 + (d - 1.0) / decay, d)
    return np.asarray(d * np.exp(1.0 - d))
