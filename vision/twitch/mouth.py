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
from vision.twitch.pairs import common_size, face_width_px, filled, level_of
from vision.twitch.strength import grow

MOUTH_REGIONS = frozenset({"mouth-corner", "upper-lip", "lower-lip", "chin"})
# Of one who parts the lips so often in a film, syllables count from this share of the change on, where so many come
# within so short a time. A mouth at rest wanders by 0.002 (simulated, standard deviation), once by 0.016 (real). Ours.
TALKATIVE_SYLLABLES = 6
QUIET_SHARE, QUIET_SYLLABLES, QUIET_SPAN_S, SYLLABLE_S = 0.6, 3, 1.5, 0.15
# The skin of both corners tells smiles that the mouth's outline hides: of some, landmarks show half of what they ask,
# the skin 0.02 of the outer-eye distance, 0.0003 at rest (simulated). Our choice.
SMALLEST_DRAW_IOD = 0.006
HELD_S = 0.6  # twice as long as a twitch lasts
FEWEST_SYLLABLES = 2  # a mouth that opens once yawns, swallows or is licked


def mouth_movements(
    regions: RegionTrack, settings: FeatureSettings, corners_px: FloatArray
) -> tuple[RejectedMovement, ...]:
    """Find the spans of time in which a mouth talks or smiles, in order.

    Parameters
    ----------
    corners_px : (T, 2) how far outward the skin of both corners is displaced.

    Returns
    -------
    Movements: "speech" where the lips part again and again, else "expression".
    """
    if not np.isfinite(regions.mouth_iod).any():
        return ()
    parted, drawn = _parted_and_drawn(regions, settings)
    if len(runs(parted > 1)) >= TALKATIVE_SYLLABLES:
        parted = np.maximum(parted, _quiet_talk(parted, regions.time_s))
    drawn = np.maximum(drawn, _skin_drawn(regions, settings, corners_px))
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


def _skin_drawn(regions: RegionTrack, settings: FeatureSettings, corners_px: FloatArray) -> FloatArray:
    """(T,) way that the skin of both corners goes outward or inward alike, off its usual, in sizes that count."""
    moved = filled(regions.time_s, corners_px, np.zeros(len(regions.time_s), bool))
    if moved is None:
        return np.zeros(len(regions.time_s))
    level = level_of(regions.time_s, moved, HELD_S)
    level = level - running_quantile(regions.time_s, level, settings.mouth_usual_window_s)
    least_px = SMALLEST_DRAW_IOD * face_width_px(regions)
    return common_size(level[:, 0], level[:, 1], least_px)


def _quiet_talk(parted: FloatArray, time_s: FloatArray) -> FloatArray:
    """(T,) what counts for more where somebody who talks anyway parts the lips by less, again and again."""
    loud = parted / QUIET_SHARE
    peaks_s = np.array([time_s[first + int(np.argmax(loud[first : last + 1]))] for first, last in runs(loud > 1)])
    talking = np.zeros(len(time_s), bool)
    for number in range(len(peaks_s) - QUIET_SYLLABLES + 1):
        from_s, to_s = peaks_s[number], peaks_s[number + QUIET_SYLLABLES - 1]
        if to_s - from_s <= QUIET_SPAN_S:
            talking |= (time_s >= from_s - SYLLABLE_S) & (time_s <= to_s + SYLLABLE_S)
    return np.where(talking, loud, 0.0)


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
