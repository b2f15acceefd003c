"""Movements that are no twitch, set apart with their reason: blinks, movement of the whole part, redrawn pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.dsp import step_around
from vision.model.arrays import BoolArray, FloatArray
from vision.model.events import EyeClosureEvent, RejectedKind, RejectedMovement
from vision.model.regions import RegionTrack, View, region_label
from vision.model.signals import MotionSignals
from vision.settings import FeatureSettings
from vision.twitch.strength import closed

CLOSURE_MARGIN_S = 0.15  # closing and opening of a lid take 0.1 s each (science.md); times are at half depth
# Of a clip: the noise model (`noise_order`) asks for as many frames before, and takes what lacks for movement. With the
# margin of a wide movement (`wide_margin_s`) behind it.
START_FRAMES, START_MARGIN_S = 6, 0.2
WHOLE_WINDOWS_S = (0.2, 0.5)  # a jolt is over in 0.3 s, a nod takes one (our simulator's, unmeasured)
WHOLE_RATIO = 3.5  # × the film's usual way in such a window. Our choice, as are the next five
MOST_USUAL = 2.0  # × the least way: a head that nods all the time does not make nodding usual
WHOLE_IOD, WHOLE_PX = 0.01, 1.5  # and at least this in the shorter one; sway of a face held still has 0.004-0.009
WHOLE_BRIDGE_S = 0.15
CAMERA_SHARE = 0.5  # of the way, that the background must take part in for the camera to have moved
CAMERA_STEP_WIDTHS = 8.0  # robust widths by which the picture must step for the camera or the head to be the cause


@dataclass(frozen=True, eq=False)
class Cover:
    """(T,) frames that known movements spoil.

    shut : closures of the eyes that are complete. lids : those, and partial ones. mouth : speech and expression.
    glances : turns of the eyes; elsewhere : those, and while they look elsewhere. steps : of the exposure. These move
        some places and not others.
    """

    shut: BoolArray
    lids: BoolArray
    mouth: BoolArray
    glances: BoolArray
    elsewhere: BoolArray
    steps: BoolArray

    @property
    def frames(self) -> BoolArray:
        """(T,) frames of any that spoils the whole face."""
        return np.asarray(self.lids | self.mouth)


def closure_frames(closures: Sequence[EyeClosureEvent], time_s: FloatArray, settings: FeatureSettings) -> BoolArray:
    """(T,) frames that a closure of an eye spoils around it; lids that were pressed shut go on settling."""
    covered = np.zeros(len(time_s), bool)
    for closure in closures:
        is_long = closure.offset_s - closure.onset_s > settings.long_closure_s
        after_s = settings.lid_settling_s if is_long else CLOSURE_MARGIN_S
        covered |= (time_s >= closure.onset_s - CLOSURE_MARGIN_S) & (time_s < closure.offset_s + after_s)
    return covered


def movement_frames(movements: Sequence[RejectedMovement], time_s: FloatArray, margin_s: float = 0.0) -> BoolArray:
    """(T,) frames that some movements spoil."""
    covered = np.zeros(len(time_s), bool)
    for movement in movements:
        covered |= (time_s >= movement.onset_s - margin_s) & (time_s <= movement.offset_s + margin_s)
    return covered


def rejected_closures(closures: Sequence[EyeClosureEvent]) -> list[RejectedMovement]:
    """Blinks, named with the lids that moved. Closures that are no blinks are findings and are not rejected."""
    return [
        RejectedMovement("blink", closure.onset_s, closure.peak_s, closure.offset_s, _lids(closure))
        for closure in closures
        if closure.is_blink
    ]


def _lids(closure: EyeClosureEvent) -> tuple[str, ...]:
    return tuple(region_label("upper-eyelid", side) for side in closure.sides) or ("upper-eyelid",)


def rejected_wide(wide: BoolArray, signals: MotionSignals, regions: RegionTrack) -> list[RejectedMovement]:
    """Movements of the whole part, each with its likely cause."""
    labels = tuple(region_label(name, side) for name, side in zip(regions.names, regions.sides, strict=True))
    steps = camera_steps(signals)
    found = []
    for first, last in runs(wide):
        if _is_the_start(first, last, signals.time_s):
            continue
        onset_s, offset_s = float(signals.time_s[first]), float(signals.time_s[last])
        peak = first + int(np.argmax(steps[first : last + 1]))
        kind = _cause(float(steps[peak]), regions.view)
        found.append(RejectedMovement(kind, onset_s, float(signals.time_s[peak]), offset_s, labels))
    return found


def _is_the_start(first: int, last: int, time_s: FloatArray) -> bool:
    """Say whether a run is no more than the clip's first frames, in which no movement can be told yet."""
    if first >= START_FRAMES or len(time_s) <= START_FRAMES:
        return False
    return bool(time_s[last] <= time_s[START_FRAMES] + START_MARGIN_S)


def _cause(step_widths: float, view: View) -> RejectedKind:
    if step_widths < CAMERA_STEP_WIDTHS:
        return "expression" if view == "face" else "camera-motion"
    return "head-motion" if view == "face" else "camera-motion"


def whole_movements(signals: MotionSignals, regions: RegionTrack) -> list[RejectedMovement]:
    """Nods, turns and jolts: the picture goes far, or quickly, for this film. The model of the whole takes them out.

    Where something is seen to stand still behind a head, it tells whether the camera moved; else the head did. Of skin
    alone, limb and camera look the same.
    """
    labels = tuple(region_label(name, side) for name, side in zip(regions.names, regions.sides, strict=True))
    corners = _corners_path(signals)
    ways = [_way(corners, signals.time_s, window_s) for window_s in WHOLE_WINDOWS_S]
    size = np.max([way / _much(way, window_s, signals) for way, window_s in zip(ways, WHOLE_WINDOWS_S, strict=True)], 0)
    behind = _way(regions.background_px[:, None], regions.time_s, WHOLE_WINDOWS_S[0])
    found = []
    for first, last in runs(closed(size > 1, signals.time_s, WHOLE_BRIDGE_S)):
        peak = first + int(np.argmax(size[first : last + 1]))
        of_camera = bool(behind[first : last + 1].max() > CAMERA_SHARE * ways[0][first : last + 1].max())
        kind: RejectedKind = "head-motion" if regions.view == "face" and not of_camera else "camera-motion"
        onset_s, peak_s, offset_s = signals.time_s[[first, peak, last]].tolist()
        found.append(RejectedMovement(kind, onset_s, peak_s, offset_s, labels))
    return found


def _corners_path(signals: MotionSignals) -> FloatArray:
    """(T, 4, 2) where the corners of what is tracked are seen."""
    (left, top), (right, bottom) = signals.point_px.min(0), signals.point_px.max(0)
    corners = np.array([[x, y, 1.0] for x in (left, right) for y in (top, bottom)])
    return np.stack([np.asarray(signals.camera @ corner) for corner in corners], 1)


def _way(path_px: FloatArray, time_s: FloatArray, window_s: float) -> FloatArray:
    """(T,) how far (T, K, 2) paths go around each moment, their mean; 0 where nothing is known."""
    step = step_around(time_s, path_px.reshape(len(path_px), -1), window_s).reshape(path_px.shape)
    return np.asarray(np.nan_to_num(np.hypot(step[..., 0], step[..., 1]).mean(1)))


def _much(way_px: FloatArray, window_s: float, signals: MotionSignals) -> float:
    """Way in a window from which it is more than sway: px."""
    floor_px = WHOLE_PX if signals.scale_px is None else WHOLE_IOD * signals.scale_px
    usual_px = min(float(np.median(way_px)), MOST_USUAL * floor_px)
    return max(floor_px * window_s / WHOLE_WINDOWS_S[0], WHOLE_RATIO * usual_px)


def camera_steps(signals: MotionSignals) -> FloatArray:
    """(T,) step of the whole picture from the frame before, in robust widths of all its steps."""
    step = picture_steps_px(signals)
    return np.asarray(step / max(float(np.median(step)) * 1.5, 0.02))


def middle_path_px(signals: MotionSignals) -> FloatArray:
    """(T, 2) where the middle of what is tracked is seen."""
    return np.asarray(signals.camera @ np.append(signals.point_px.mean(0), 1.0))


def picture_steps_px(signals: MotionSignals) -> FloatArray:
    """(T,) step of that middle from the frame before; 0 into the first."""
    path = middle_path_px(signals)
    return np.asarray(np.hypot(*np.diff(path, axis=0, prepend=path[:1]).T))


def runs(flags: BoolArray) -> list[tuple[int, int]]:
    """First and last index of each run of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(int)))
    return [(int(first), int(stop) - 1) for first, stop in zip(edges[::2], edges[1::2], strict=True)]
