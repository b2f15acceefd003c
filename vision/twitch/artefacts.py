"""Movements that are no twitch, set apart with their reason: blinks, movement of the whole part, redrawn pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.model.arrays import BoolArray, FloatArray
from vision.model.events import EyeClosureEvent, RejectedKind, RejectedMovement
from vision.model.regions import RegionTrack, View, region_label
from vision.model.signals import MotionSignals
from vision.settings import FeatureSettings

CLOSURE_MARGIN_S = 0.15  # closing and opening of a lid take 0.1 s each (science.md); times are at half depth
# Of a clip: the noise model (`noise_order`) asks for as many frames before, and takes what lacks for movement. With the
# margin of a wide movement (`wide_margin_s`) behind it.
START_FRAMES, START_MARGIN_S = 6, 0.2
CAMERA_STEP_WIDTHS = 8.0  # robust widths by which the picture must step for the camera or the head to be the cause


@dataclass(frozen=True, eq=False)
class Cover:
    """(T,) frames that known movements spoil.

    shut : closures of the eyes that are complete. lids : those, and partial ones. mouth : speech and expression.
    """

    shut: BoolArray
    lids: BoolArray
    mouth: BoolArray

    @property
    def frames(self) -> BoolArray:
        """(T,) frames of any of them."""
        return np.asarray(self.lids | self.mouth)


def closure_frames(closures: Sequence[EyeClosureEvent], time_s: FloatArray, settings: FeatureSettings) -> BoolArray:
    """(T,) frames that a closure of an eye spoils around it; lids that were pressed shut go on settling."""
    covered = np.zeros(len(time_s), bool)
    for closure in closures:
        is_long = closure.offset_s - closure.onset_s > settings.long_closure_s
        after_s = settings.lid_settling_s if is_long else CLOSURE_MARGIN_S
        covered |= (time_s >= closure.onset_s - CLOSURE_MARGIN_S) & (time_s < closure.offset_s + after_s)
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


def camera_steps(signals: MotionSignals) -> FloatArray:
    """(T,) step of the whole picture from the frame before, in robust widths of all its steps."""
    centre = np.append(signals.point_px.mean(0), 1.0)
    path = signals.camera @ centre
    step = np.hypot(*np.diff(path, axis=0, prepend=path[:1]).T)
    return np.asarray(step / max(float(np.median(step)) * 1.5, 0.02))


def runs(flags: BoolArray) -> list[tuple[int, int]]:
    """First and last index of each run of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(int)))
    return [(int(first), int(stop) - 1) for first, stop in zip(edges[::2], edges[1::2], strict=True)]
