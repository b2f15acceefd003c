"""Talking and smiling: the mouth moves at will, and what moves with it is no twitch.

The lips part at their middle, or both corners go outward or inward alike. A twitching half of a face pulls one corner,
and the middle of the lips less than that corner.
"""

from __future__ import annotations

import numpy as np

from vision.dsp import running_quantile
from vision.model.arrays import FloatArray
from vision.model.events import RejectedKind, RejectedMovement
from vision.model.regions import RegionTrack, region_label
from vision.settings import FeatureSettings
from vision.twitch.artefacts import runs
from vision.twitch.strength import grow

MOUTH_REGIONS = frozenset({"mouth-corner", "upper-lip", "lower-lip", "chin"})
FEWEST_SYLLABLES = 2  # a mouth that opens once yawns, swallows or is licked


def mouth_movements(regions: RegionTrack, settings: FeatureSettings) -> tuple[RejectedMovement, ...]:
    """Find the spans of time in which a mouth talks or smiles, in order.

    Returns
    -------
    Movements: "speech" where the lips part again and again, else "expression".
    """
    if not np.isfinite(regions.mouth_iod).any():
        return ()
    parted, drawn = _parted_and_drawn(regions, settings)
    size = np.maximum(parted, drawn)
    places = zip(regions.names, regions.sides, strict=True)
    labels = tuple(region_label(name, side) for name, side in places if name in MOUTH_REGIONS)
    found = []
    for first, last in runs(grow(size > 1, regions.time_s, settings.mouth_pause_s / 2)):
        span = slice(first, last + 1)
        onset_s, peak_s, offset_s = regions.time_s[[first, first + int(np.argmax(size[span])), last]].tolist()
        kind: RejectedKind = "speech" if len(runs(parted[span] > 1)) >= FEWEST_SYLLABLES else "expression"
        found.append(RejectedMovement(kind, onset_s, peak_s, offset_s, labels))
    return tuple(found)


def _parted_and_drawn(regions: RegionTrack, settings: FeatureSettings) -> tuple[FloatArray, FloatArray]:
    """(T,) height of the lips and (T,) way of both corners, off their usual, in sizes that count; 0 where not seen."""
    seen = np.isfinite(regions.mouth_iod).all(1)
    moved = np.zeros(regions.mouth_iod.shape)
    usual = running_quantile(regions.time_s[seen], regions.mouth_iod[seen], settings.mouth_usual_window_s)
    moved[seen] = regions.mouth_iod[seen] - usual
    height, right, left = np.abs(moved[:, 0]), moved[:, 1], moved[:, 2]
    one_sided = np.abs(right - left) / 2
    alike = np.where(np.sign(right) == np.sign(left), np.minimum(np.abs(right), np.abs(left)), 0.0)
    return np.where(height > one_sided, height, 0.0) / settings.mouth_height_iod, alike / settings.mouth_corner_iod
