"""Eyes that look elsewhere: both irises go the same way at once, and the lids are dragged along."""

from __future__ import annotations

import numpy as np

from vision.dsp import running_quantile, step_around
from vision.model.arrays import BoolArray, FloatArray
from vision.model.events import RejectedMovement
from vision.model.regions import RegionTrack, region_label
from vision.twitch.artefacts import runs
from vision.twitch.pairs import NOISE_WIDTHS, common_size, face_width_px, filled, level_of, together, tremble

STEP_S = 0.17  # over which a glance is seen: two of the samples that landmarks come at; a saccade takes 0.03-0.1
# Eye widths. The eyeball's radius is 0.4 of an eye's width, so this is a turn of some 4 degrees; the landmarks of an
# eye at rest wander by 0.004 (simulated films). Our choice, as are the next two.
SMALLEST_STEP = 0.03
AWAY_SHARE = 0.6  # of the smallest step, from which the eyes look elsewhere
USUAL_S = 10.0  # over which they mostly look one way, as for the shape of the mouth
LID_REGIONS = frozenset({"upper-eyelid", "lower-eyelid"})
# Irises hardly tell small turns up and down. Both upper lids go along and stay there, as nothing else does but a brow
# that is raised; so where they do, a third of the step is enough. Our choice, as are the next three.
WITH_LIDS = 3.0
SMALLEST_LIFT_IOD = 0.001
HELD_S = 0.4  # from before the turn to after it: of most twitches little is left then
MOMENT_S = 0.06  # around the middle of a turn that is known by the lids


def eye_movements(regions: RegionTrack, shut: BoolArray, lids_px: FloatArray) -> tuple[RejectedMovement, ...]:
    """Find the moments at which the eyes turn.

    Parameters
    ----------
    shut : (T,) frames of closures, in which no iris is seen.
    lids_px : (T, 2) of both upper lids.
    """
    size = _turning(regions, shut)
    with_lids = _turning_with_lids(regions, shut, lids_px)
    places = zip(regions.names, regions.sides, strict=True)
    labels = tuple(region_label(name, side) for name, side in places if name in LID_REGIONS)
    found = []
    for first, last in runs((size > 1) | with_lids):
        peak = first + int(np.argmax(size[first : last + 1]))
        if size[peak] <= 1:  # known by the lids alone: what the irises do is noise
            peak = (first + last) // 2
        onset_s, peak_s, offset_s = regions.time_s[[first, peak, last]].tolist()
        found.append(RejectedMovement("eye-movement", onset_s, peak_s, offset_s, labels))
    return tuple(found)


def looks_elsewhere(regions: RegionTrack, shut: BoolArray, lids_px: FloatArray) -> BoolArray:
    """(T,) frames in which both eyes look away from where they mostly look; in a blink, as before it or after it."""
    nowhere = np.zeros(len(regions.time_s), bool)
    eyes = [regions.gaze[:, eye] for eye in (0, 1) if np.isfinite(regions.gaze[:, eye]).any()]
    if not eyes:
        return nowhere
    gaze = np.mean(eyes, axis=0)
    seen = np.isfinite(gaze).all(1) & ~shut
    if seen.sum() < 2:
        return nowhere
    time_s = regions.time_s[seen]
    away = gaze[seen] - running_quantile(time_s, gaze[seen], USUAL_S)
    noise = tremble(away, (eyes[0] - eyes[-1])[seen] / 2)
    far = (np.abs(away) > np.maximum(AWAY_SHARE * SMALLEST_STEP, NOISE_WIDTHS * noise)).any(1)
    lifted = filled(regions.time_s, lids_px, shut)
    if lifted is not None:
        level = level_of(regions.time_s, lifted)[seen]
        along = _lift_size(level - running_quantile(time_s, level, USUAL_S), regions)
        far |= (along > 1) & (np.hypot(*away.T) > AWAY_SHARE * SMALLEST_STEP / WITH_LIDS)
    return np.interp(regions.time_s, time_s, far) > 0


def _turning(regions: RegionTrack, shut: BoolArray) -> FloatArray:
    """(T,) turn of the eyes around each moment, in sizes that count; 0 where no eye is seen."""
    nothing = np.zeros(len(regions.time_s))
    steps = [step_around(regions.time_s, regions.gaze[:, eye], STEP_S) for eye in (0, 1)]
    seen = [step for step in steps if np.isfinite(step).any()]
    if not seen:
        return nothing
    both = seen[0] if len(seen) == 1 else together(*seen)
    usable = np.isfinite(both).all(1) & ~shut
    if usable.sum() < 2:
        return nothing
    noise = tremble(both[usable], (seen[0] - seen[-1])[usable] / 2)
    least = np.maximum(SMALLEST_STEP, NOISE_WIDTHS * noise)
    return np.where(usable, np.hypot(*(np.nan_to_num(both) / least).T), 0.0)


def _turning_with_lids(regions: RegionTrack, shut: BoolArray, lids_px: FloatArray) -> BoolArray:
    """(T,) moments at which both upper lids go up or down, while both irises turn, if by little, and stay there."""
    moments = np.zeros(len(regions.time_s), bool)
    lifted = filled(regions.time_s, lids_px, shut)
    irises = filled(regions.time_s, regions.gaze.reshape(len(moments), 4), shut)
    if lifted is None or irises is None:
        return moments
    ways = _held_step(regions.time_s, irises)
    turned = together(ways[:, :2], ways[:, 2:])
    size = np.minimum(
        _lift_size(_held_step(regions.time_s, lifted), regions), np.hypot(*turned.T) * WITH_LIDS / SMALLEST_STEP
    )
    for first, last in runs((size > 1) & ~shut):
        peak = first + int(np.argmax(size[first : last + 1]))
        moments |= np.abs(regions.time_s - regions.time_s[peak]) <= MOMENT_S
    return moments & ~shut


def _held_step(time_s: FloatArray, values: FloatArray) -> FloatArray:
    """(T, K) by how much the level of (T, K) values changes around each moment."""
    return step_around(time_s, level_of(time_s, values), HELD_S)


def _lift_size(way_px: FloatArray, regions: RegionTrack) -> FloatArray:
    """(T,) way that both lids go alike, of (T, 2), in sizes that count."""
    least_px = SMALLEST_LIFT_IOD * face_width_px(regions)
    return common_size(way_px[:, 0], way_px[:, 1], least_px)
