"""What was found in the motion: twitches, their sites, and movements set apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from vision.errors import ShapeError
from vision.model.regions import RegionName, Side

RejectedKind = Literal[
    "blink",
    "eye-movement",
    "head-motion",
    "camera-motion",
    "speech",
    "expression",
    "swallowing",
    "pulse",
    "breathing",
    "flicker",
    "keyframe",
    "exposure",
    "focus",
    "occlusion",
]
REJECTED_KINDS: tuple[RejectedKind, ...] = get_args(RejectedKind)
THROUGHOUT: frozenset[RejectedKind] = frozenset({"pulse", "breathing", "flicker"})
"""Kinds that go on for the whole clip and hide nothing."""
TAKEN_OUT: frozenset[RejectedKind] = frozenset({"head-motion", "camera-motion", "keyframe"})
"""Kinds during which twitches are found as ever: the model of the whole follows the movement."""


@dataclass(frozen=True)
class TwitchEvent:
    """One twitch. Times in seconds from the first frame, half-open [onset, offset); places in upright native pixels.

    amplitude_px : largest displacement at the centre of the footprint, corrected for the tracker's gain.
    direction_rad : direction in which the skin moves towards the peak, atan2(dy, dx), x right, y down.
    margin_sd : how far the event stood above the threshold that it had to pass, in noise widths.
    rise_s : onset to peak; None where fewer than three frames carry it.
    """

    id: int
    onset_s: float
    peak_s: float
    offset_s: float
    site: int
    region: RegionName
    side: Side | None
    x_px: float
    y_px: float
    amplitude_px: float
    amplitude_iod: float | None
    amplitude_mm: float | None
    direction_rad: float
    area_px2: float | None
    rise_s: float | None
    duration_s: float
    margin_sd: float

    def __post_init__(self) -> None:
        if not self.onset_s <= self.peak_s <= self.offset_s:
            raise ShapeError(f"event {self.id} peaks outside of itself", "onset_s <= peak_s <= offset_s")


@dataclass(frozen=True)
class RejectedMovement:
    """A movement that is no twitch, with the reason. `regions` reads "right upper-eyelid" and so on."""

    kind: RejectedKind
    onset_s: float
    peak_s: float
    offset_s: float
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """A spot where twitches live. `localisation_sd_px` is the standard error of one event's place."""

    id: int
    region: RegionName
    side: Side | None
    x_px: float
    y_px: float
    event_count: int
    direction_rad: float | None = None
    footprint_sigma_px: float | None = None
    localisation_sd_px: float | None = None
    is_continuous: bool = False


@dataclass(frozen=True)
class EyeClosureEvent:
    """One closure of one or both eyes, blink or not."""

    onset_s: float
    peak_s: float
    offset_s: float
    sides: tuple[Side, ...]
    is_complete: bool
    is_blink: bool


@dataclass(frozen=True)
class RegionObservation:
    """How long one region was in view, sharp enough and not covered by a rejected movement."""

    name: RegionName
    side: Side | None
    observed_s: float


@dataclass(frozen=True)
class EventSet:
    """All that was found in one clip.

    events : twitches in order of onset.
    sites : in order of id, from 1 on.
    closures : every eye closure, the blinks among them.
    observed : a row for each region; `observed_s` is the clip's own honest denominator.
    observed_intervals_s : the half-open intervals that add up to `observed_s`.
    frame_interval_s : median time between frames, the clock that all times share.
    dead_time_s : shortest interval at which two events of one site can be told apart.
    """

    events: tuple[TwitchEvent, ...]
    rejected: tuple[RejectedMovement, ...]
    sites: tuple[Site, ...]
    closures: tuple[EyeClosureEvent, ...]
    observed: tuple[RegionObservation, ...]
    observed_s: float
    observed_intervals_s: tuple[tuple[float, float], ...]
    frame_interval_s: float
    dead_time_s: float
