"""Changes of the picture that look like movement: something crosses it, the lens or the exposure steps, a redrawing."""

from __future__ import annotations

import numpy as np

from vision.blocks import blocks
from vision.dsp import medians, robust_sd, running_quantile, step_around
from vision.model.arrays import BoolArray, FloatArray
from vision.model.events import RejectedKind, RejectedMovement
from vision.model.regions import RegionTrack, region_label
from vision.model.signals import MotionSignals
from vision.twitch.artefacts import picture_steps_px, runs
from vision.twitch.light import Light
from vision.twitch.strength import closed

# All sizes here are our choice, between what simulated films with and without such a change show.
MOVED_BY_LIDS = frozenset({"upper-eyelid", "lower-eyelid", "brow", "forehead"})
COVERED_POINTS = 6  # from which something crosses the picture
BRIDGE_S = 0.2  # half of the longest pause between two parts of one change
STEP_S = 0.2  # over which the exposure steps
SMALLEST_STEP = 0.03  # of log brightness; lamps that flicker are taken out before
SMALLEST_BLUR = 0.2  # of log sharpness, below its usual level
USUAL_S = 6.0  # window of that level
NOISE_WIDTHS = 8.0
FRAME_STEP_SHARE = 0.01  # of the width of what is tracked, in one frame: a picture that moves so fast is blurred, too
BLOCK_FRAMES = 512  # worked on at once: bounds the memory of a long clip
KEYFRAME_RATIO = 3.0  # typical step into a keyframe ÷ that into other frames


def picture_changes(
    signals: MotionSignals, regions: RegionTrack, light: Light, shut: BoolArray
) -> list[RejectedMovement]:
    """Find what the picture did by itself, in order of kind.

    Parameters
    ----------
    signals : with no more covered than `crossing` says.
    shut : (T,) frames of closed eyes: a lid takes contrast away as a lens does.
    """
    over = signals.covered.sum(1).astype(float)
    covered = closed(over >= COVERED_POINTS, signals.time_s, BRIDGE_S)
    still = ~covered & (picture_steps_px(signals) < FRAME_STEP_SHARE * float(np.ptp(signals.point_px, axis=0).max()))
    exposed = _exposure_size(signals, light) * ~covered
    blur = _blur_size(signals, ~shut & still)
    blurred = closed(blur > 1, signals.time_s, BRIDGE_S)
    return [
        *_named("occlusion", covered, over, signals, regions),
        *_named("exposure", exposed > 1, exposed, signals, regions),
        *_named("focus", blurred, blur, signals, regions),
        *_keyframes(signals, regions),
    ]


def crossing(signals: MotionSignals, regions: RegionTrack, shut: BoolArray) -> BoolArray:
    """(T, N) points that something covers; a lid that comes down covers what lies around it by itself."""
    own = [index for index, name in enumerate(regions.names) if name in MOVED_BY_LIDS]
    return np.asarray(signals.covered & ~(shut[:, None] & np.isin(signals.region_of_point, own)))


def _named(
    kind: RejectedKind, during: BoolArray, size: FloatArray, signals: MotionSignals, regions: RegionTrack
) -> list[RejectedMovement]:
    """Name each run of frames; an occlusion with the regions that it covers, all else with all."""
    labels = [region_label(name, side) for name, side in zip(regions.names, regions.sides, strict=True)]
    found = []
    for first, last in runs(during):
        where = tuple(labels)
        if kind == "occlusion":
            points = signals.covered[first : last + 1].any(0)
            where = tuple(labels[index] for index in np.unique(signals.region_of_point[points]) if index >= 0)
        peak = first + int(np.argmax(size[first : last + 1]))
        onset_s, peak_s, offset_s = signals.time_s[[first, peak, min(last + 1, len(during) - 1)]].tolist()
        found.append(RejectedMovement(kind, onset_s, peak_s, offset_s, where))
    return found


def _exposure_size(signals: MotionSignals, light: Light) -> FloatArray:
    """(T,) step of log brightness around each moment, in sizes that count; 0 where it is not known."""
    seen = np.isfinite(signals.luma_gain)
    if seen.sum() < 2 or light.lamp.shape[1]:  # under a flickering lamp every moment is a step
        return np.zeros(len(seen))
    gain = np.interp(signals.time_s, signals.time_s[seen], np.log(np.maximum(signals.luma_gain[seen], 1e-3)))
    step = step_around(signals.time_s, gain[:, None], STEP_S)
    return np.asarray(np.abs(step[:, 0]) / max(SMALLEST_STEP, NOISE_WIDTHS * float(robust_sd(step)[0])))


def _blur_size(signals: MotionSignals, usable: BoolArray) -> FloatArray:
    """(T,) how far log sharpness lies below its usual level, in sizes that count; 0 where it says nothing."""
    usable = usable & np.isfinite(signals.sharpness) & np.isfinite(signals.luma_gain)
    size = np.zeros(len(usable))
    if usable.sum() < 2:
        return size
    contrast = signals.sharpness[usable] / np.maximum(signals.luma_gain[usable], 1e-3) ** 2  # a darker one has less
    sharp = np.log(np.maximum(contrast, 1e-6))
    below = running_quantile(signals.time_s[usable], sharp, USUAL_S) - sharp
    size[usable] = below / max(SMALLEST_BLUR, NOISE_WIDTHS * float(robust_sd(below[:, None])[0]))
    return size


def _keyframes(signals: MotionSignals, regions: RegionTrack) -> list[RejectedMovement]:
    """Name the keyframes, where the picture jumps at them: all is drawn anew there."""
    at = signals.is_keyframe & (np.arange(len(signals.is_keyframe)) > 0)
    if not at.any():
        return []
    typical = np.concatenate([_typical_steps(signals.displacement_px, own) for own in blocks(len(at), BLOCK_FRAMES)])
    others = typical[~at & (typical > 0)]
    if not len(others):
        return []
    jumps = at & (typical > KEYFRAME_RATIO * np.median(others))
    return _named("keyframe", jumps, typical, signals, regions)


def _typical_steps(displacement_px: FloatArray, own: slice) -> FloatArray:
    """Median step of the points from the frame before into each of some frames; 0 into the first."""
    before = max(0, own.start - 1)
    step = np.diff(displacement_px[before : own.stop], axis=0)
    size = np.nan_to_num(np.hypot(step[..., 0], step[..., 1]))
    typical = medians(size.T) if size.shape[1] else np.zeros(len(size))
    return np.asarray(typical if own.start else np.r_[0.0, typical])
