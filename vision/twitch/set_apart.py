"""Movements that are known to be no twitch, each with its reason: those that landmarks show, and slower ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vision.model.arrays import BoolArray, FloatArray
from vision.model.events import EyeClosureEvent, RejectedKind, RejectedMovement
from vision.model.regions import RegionTrack, Side, region_label
from vision.model.signals import MotionSignals
from vision.settings import Settings
from vision.twitch.artefacts import Cover, closure_frames, movement_frames, rejected_closures
from vision.twitch.detect import Candidate
from vision.twitch.eyelids import find_closures
from vision.twitch.gaze import eye_movements, looks_elsewhere
from vision.twitch.mouth import mouth_movements
from vision.twitch.pairs import sides_px

MOMENT_MARGIN_S = 0.1  # beside a turn of the eyes, in which the lids follow, or a step of the exposure
PART_MARGIN_S = 0.25  # between or around slower movements, that still is of them. Our choice
SHADED_SHARE = 0.8  # of an occlusion, in which the mouth moves: hands and hairs are not so true to it. Our choice
BESIDE_MOUTH = ("right cheek", "left cheek", "nose")  # whose folds a mouth moves
EXPLAINED_SHARE = 0.5  # of a movement, from which another name explains it. Our choice
MOVES_SKIN: frozenset[RejectedKind] = frozenset({"speech", "expression", "occlusion", "head-motion", "camera-motion"})
PLAIN: frozenset[RejectedKind] = frozenset({"occlusion", "focus", "exposure", "head-motion", "camera-motion"})
SWALLOWING_REGIONS = frozenset({"chin", "lower-lip"})  # the larynx lifts the floor of the mouth; the lips stay closed


@dataclass(frozen=True, eq=False)
class Known:
    """What landmarks tell before the skin is looked at: closures of the eyes, movements set apart, and their frames."""

    closures: tuple[EyeClosureEvent, ...]
    rejected: list[RejectedMovement]
    cover: Cover


def known_movements(signals: MotionSignals, regions: RegionTrack, settings: Settings) -> Known:
    """Find closures of the eyes, blinks, turns of the eyes, talk and smiles."""
    closures = eye_closures(regions, settings)
    blinks = [*closures, *partial_blinks(regions, closures, settings)]
    mouth = mouth_movements(regions, settings.features, sides_px(signals, regions, "mouth-corner")[..., 0])
    complete = [closure for closure in closures if closure.is_complete]
    shut, lids = (closure_frames(some, regions.time_s, settings.features) for some in (complete, blinks))
    upper_px = sides_px(signals, regions, "upper-eyelid")[..., 1]
    glances = eye_movements(regions, lids, upper_px)
    turning = movement_frames(glances, regions.time_s, MOMENT_MARGIN_S)
    cover = Cover(
        shut, lids, movement_frames(mouth, regions.time_s), turning, turning | looks_elsewhere(regions, lids, upper_px),
        np.zeros_like(turning),
    )  # fmt: skip
    return Known(closures, [*rejected_closures(blinks), *mouth, *glances], cover)


def with_steps(cover: Cover, changes: Sequence[RejectedMovement], time_s: FloatArray) -> Cover:
    """Add steps of the exposure."""
    steps = [change for change in changes if change.kind == "exposure"]
    return replace(cover, steps=movement_frames(steps, time_s, MOMENT_MARGIN_S))


def lifted_by_swallowing(signals: MotionSignals, regions: RegionTrack) -> BoolArray:
    """(N,) points of the chin and the lower lip."""
    own = [index for index, name in enumerate(regions.names) if name in SWALLOWING_REGIONS]
    return np.isin(signals.region_of_point, own)


def eye_closures(regions: RegionTrack, settings: Settings) -> tuple[EyeClosureEvent, ...]:
    """Closures of the eyes that are in view."""
    if regions.view == "skin":
        return ()
    sides: tuple[Side | None, Side | None] = ("right", "left")
    if regions.view == "eye":
        known = next((side for side in regions.sides if side is not None), None)
        sides = (known, None)
    return find_closures(regions.time_s, regions.eye_aperture, settings.features, sides=sides)


def partial_blinks(
    regions: RegionTrack, closures: tuple[EyeClosureEvent, ...], settings: Settings
) -> tuple[EyeClosureEvent, ...]:
    """Blinks that stop on their way: brief, of both eyes, half as deep as a closure; they move the lids, too."""
    depth = settings.features.partner_depth
    shallow = settings.features.model_copy(update={"closure_depth": depth, "partner_depth": depth / 2})
    found = eye_closures(regions, settings.model_copy(update={"features": shallow}))
    known = [(closure.onset_s, closure.offset_s) for closure in closures]
    return tuple(
        blink
        for blink in found
        if blink.is_blink and not any(blink.onset_s <= stop and start <= blink.offset_s for start, stop in known)
    )


def slow_movements(slow: Sequence[Candidate], signals: MotionSignals, regions: RegionTrack) -> list[RejectedMovement]:
    """Name slower movements of a face, one for each span of time: swallowing lifts the chin, all else is expression."""
    found = []
    for span in _spans(slow) if regions.view != "skin" else ():
        places = [region_at(one, signals, regions) for one in span]
        largest = max(span, key=lambda one: one.amplitude_px)
        is_chin = region_at(largest, signals, regions)[0] in SWALLOWING_REGIONS
        kind: RejectedKind = "swallowing" if is_chin else "expression"
        onset_s, offset_s = min(one.onset_s for one in span), max(one.offset_s for one in span)
        labels = tuple(dict.fromkeys(region_label(name, side) for name, side in places))
        found.append(RejectedMovement(kind, onset_s, largest.peak_s, offset_s, labels))
    return found


def with_movements(
    known: Sequence[RejectedMovement], wide: Sequence[RejectedMovement], slow: Sequence[RejectedMovement]
) -> list[RejectedMovement]:
    """Add movements of the whole part and slower ones, each once: what is known says more of them than their extent."""
    slow = besides(slow, [movement for movement in known if movement.kind in MOVES_SKIN])
    swallows = [one for one in slow if one.kind == "swallowing"]
    wide = besides(wide, [*swallows, *(one for one in known if one.kind in PLAIN)])
    others = besides([one for one in slow if one.kind != "swallowing"], wide)
    return [*known, *wide, *swallows, *others]


def without_shading(changes: Sequence[RejectedMovement], known: Sequence[RejectedMovement]) -> list[RejectedMovement]:
    """Leave out occlusions that are the folds and shades of a mouth that moves all the while."""
    mouth = [one for one in known if one.kind in ("speech", "expression")]

    def is_shade(change: RejectedMovement) -> bool:
        own = [one for one in mouth if set(change.regions) <= {*one.regions, *BESIDE_MOUTH}]
        return change.kind == "occlusion" and _shared_share(change, own) >= SHADED_SHARE

    return [one for one in changes if not is_shade(one)]


def _shared_share(one: RejectedMovement, others: Sequence[RejectedMovement]) -> float:
    """Largest share of a span that another one has in common with it."""
    common_s = (min(one.offset_s, other.offset_s) - max(one.onset_s, other.onset_s) for other in others)
    return max(common_s, default=0.0) / max(one.offset_s - one.onset_s, 1e-9)


def besides(movements: Sequence[RejectedMovement], others: Sequence[RejectedMovement]) -> list[RejectedMovement]:
    """Those movements of which no other one takes up half of the time: a blink in a long swallow leaves its name."""
    return [one for one in movements if _shared_share(one, others) < EXPLAINED_SHARE]


def _spans(slow: Sequence[Candidate]) -> list[list[Candidate]]:
    """Slow movements that overlap in time, together."""
    spans: list[list[Candidate]] = []
    until_s = -np.inf
    for one in sorted(slow, key=lambda one: one.onset_s):
        if one.onset_s > until_s + PART_MARGIN_S:
            spans.append([])
        spans[-1].append(one)
        until_s = max(until_s, one.offset_s)
    return spans


def region_at(one: Candidate, signals: MotionSignals, regions: RegionTrack) -> tuple[str, Side | None]:
    """Region of the grid point that is nearest."""
    apart = ((signals.point_px - np.array([one.x_px, one.y_px])) ** 2).sum(1)
    index = int(signals.region_of_point[int(np.argmin(apart))])
    return (regions.names[index], regions.sides[index]) if index >= 0 else ("skin", None)
