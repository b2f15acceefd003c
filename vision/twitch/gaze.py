"""Eyes that look elsewhere: both irises go the same way at once, and the lids are dragged along."""

from __future__ import annotations

import numpy as np

from vision.dsp import robust_sd, running_quantile, step_around
from vision.model.arrays import BoolArray, FloatArray
from vision.model.events import RejectedMovement
from vision.model.regions import RegionTrack, region_label
from vision.twitch.artefacts import runs

STEP_S = 0.17  # over which a glance is seen: two of the samples that landmarks come at; a saccade takes 0.03-0.1
# Eye widths. The eyeball's radius is 0.4 of an eye's width, so this is a turn of some 4 degrees; the landmarks of an
# eye at rest wander by 0.004 (simulated films). Our choice, as are the next two.
SMALLEST_STEP = 0.03
NOISE_WIDTHS = 6.0
AWAY_SHARE = 0.6  # of the smallest step, from which the eyes look elsewhere
USUAL_S = 10.0  # over which they mostly look one way, as for the shape of the mouth
RESTLESS = 2.0  # × the tremble of one eye against the other, at most, is tremble of both
LEAST_SHARED = 0.5  # of one eye's step, that the other must take part by
LID_REGIONS = frozenset({"upper-eyelid", "lower-eyelid"})


def eye_movements(regions: RegionTrack, shut: BoolArray) -> tuple[RejectedMovement, ...]:
    """Find the moments at which the eyes turn.

    Parameters
    ----------
    shut : (T,) frames of closures, in which no iris is seen.
    """
    size = _turning(regions, shut)
    places = zip(regions.names, regions.sides, strict=True)
    labels = tuple(region_label(name, side) for name, side in places if name in LID_REGIONS)
    found = []
    for first, last in runs(size > 1):
        peak = first + int(np.argmax(size[first : last + 1]))
        onset_s, peak_s, offset_s = regions.time_s[[first, peak, last]].tolist()
        found.append(RejectedMovement("eye-movement", onset_s, peak_s, offset_s, labels))
    return tuple(found)


def looks_elsewhere(regions: RegionTrack, shut: BoolArray) -> BoolArray:
    """(T,) frames in which both eyes look away from where they mostly look; in a blink, as before it or after it."""
    eyes = [regions.gaze[:, eye] for eye in (0, 1) if np.isfinite(regions.gaze[:, eye]).any()]
    if not eyes:
        return np.zeros(len(regions.time_s), bool)
    gaze = np.mean(eyes, axis=0)
    seen = np.isfinite(gaze).all(1) & ~shut
    if seen.sum() < 2:
        return np.zeros(len(regions.time_s), bool)
    away = gaze[seen] - running_quantile(regions.time_s[seen], gaze[seen], USUAL_S)
    noise = _noise(away, (eyes[0] - eyes[-1])[seen] / 2)
    far = (np.abs(away) > np.maximum(AWAY_SHARE * SMALLEST_STEP, NOISE_WIDTHS * noise)).any(1)
    return np.interp(regions.time_s, regions.time_s[seen], far) > 0


def _turning(regions: RegionTrack, shut: BoolArray) -> FloatArray:
    """(T,) turn of the eyes around each moment, in sizes that count; 0 where no eye is seen."""
    nothing = np.zeros(len(regions.time_s))
    steps = [step_around(regions.time_s, regions.gaze[:, eye], STEP_S) for eye in (0, 1)]
    seen = [step for step in steps if np.isfinite(step).any()]
    if not seen:
        return nothing
    both = seen[0] if len(seen) == 1 else _together(*seen)
    usable = np.isfinite(both).all(1) & ~shut
    if usable.sum() < 2:
        return nothing
    noise = _noise(both[usable], (seen[0] - seen[-1])[usable] / 2)
    least = np.maximum(SMALLEST_STEP, NOISE_WIDTHS * noise)
    return np.where(usable, np.hypot(*(np.nan_to_num(both) / least).T), 0.0)


def _noise(common: FloatArray, apart: FloatArray) -> FloatArray:
    """(2,) width of what landmarks tremble by: of both eyes in common, or, where these are restless, of one against
    the other; of a single eye in view the former alone.
    """
    width, against = robust_sd(common), robust_sd(apart)
    return np.where(against > 0, np.minimum(width, RESTLESS * against), width)


def _together(right: FloatArray, left: FloatArray) -> FloatArray:
    """(T, 2) mean of both eyes' steps, 0 where one does not go the other's way."""
    along = (right * left).sum(1)
    larger = np.maximum((right**2).sum(1), (left**2).sum(1))
    return np.where((along >= LEAST_SHARED * larger)[:, None], (right + left) / 2, 0.0)
