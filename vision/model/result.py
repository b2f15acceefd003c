"""result.json, schema 1: what every reader of a result reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from vision.model.context import PatientContext
from vision.model.events import TAKEN_OUT, THROUGHOUT, EyeClosureEvent, RejectedMovement, Site, TwitchEvent
from vision.model.features import Features, PatternCall
from vision.model.regions import RegionName, RegionTrack, Side, View
from vision.model.signals import MotionSignals

SCHEMA_VERSION: Literal["1.0"] = "1.0"


@dataclass(frozen=True)
class QualityWarning:
    """Something about the clip that limits the answer, and what to do about it next time."""

    code: str
    message: str
    advice: str


@dataclass(frozen=True)
class RegionLimit:
    """The limit of detection of one observed region."""

    name: RegionName
    side: Side | None
    limit_of_detection_px: float
    limit_of_detection_mm: float | None
    limit_of_detection_iod: float | None


@dataclass(frozen=True)
class Quality:
    """How far the clip can be trusted. The limit of detection is of the worst observed region.

    region_limits : that of each observed region; none where it is not known, or in results from before it was kept.
    """

    usable: bool
    observed_s: float
    limit_of_detection_px: float | None
    limit_of_detection_mm: float | None
    warnings: tuple[QualityWarning, ...]
    limit_of_detection_iod: float | None = None
    region_limits: tuple[RegionLimit, ...] = ()


@dataclass(frozen=True)
class Software:
    """Which program made this, and with which settings."""

    name: str
    version: str
    settings_sha256: str


@dataclass(frozen=True)
class ClipRecord:
    """The clip as measured, without its name."""

    sha256: str
    codec: str
    width_px: int
    height_px: int
    frame_count: int
    duration_s: float
    mean_rate_hz: float
    is_variable_rate: bool
    rotation_deg: int
    is_simulated: bool = False


@dataclass(frozen=True)
class Recording:
    """What the user said about the film."""

    body_part: str | None = None
    side: Literal["left", "right"] | None = None
    filmed_on: str | None = None
    mirrored: bool | None = None


@dataclass(frozen=True)
class RegionRecord:
    """One region: how long it was seen and what it did."""

    name: RegionName
    side: Side | None
    observed_s: float
    event_count: int
    rate_per_min: float | None


@dataclass(frozen=True)
class Clock:
    """What the statistics counted on, so that a review can count again.

    observed_intervals_s : half-open intervals in which the clip was watched; they add up to `quality.observed_s`.
    frame_interval_s, dead_time_s : as in `EventSet`. closures : every eye closure. mm_per_px : as the user said.
    """

    observed_intervals_s: tuple[tuple[float, float], ...]
    frame_interval_s: float
    dead_time_s: float
    closures: tuple[EyeClosureEvent, ...] = ()
    mm_per_px: float | None = None


class ResultDocument(BaseModel):
    """The whole of result.json. Fields may be added; none is renamed.

    settings : every setting that was used, by section; None in results written before they carried them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    software: Software
    clip: ClipRecord
    view: View
    recording: Recording
    quality: Quality
    regions: tuple[RegionRecord, ...]
    sites: tuple[Site, ...]
    events: tuple[TwitchEvent, ...]
    rejected: tuple[RejectedMovement, ...]
    features: Features
    pattern: PatternCall
    context: PatientContext | None = None
    clock: Clock | None = None
    settings: dict[str, dict[str, Any]] | None = None

    @property
    def hiding(self) -> tuple[RejectedMovement, ...]:
        """What was set apart and may hide a twitch meanwhile; movements of the whole are taken out of the motion."""
        return tuple(movement for movement in self.passing if movement.kind not in TAKEN_OUT)

    @property
    def passing(self) -> tuple[RejectedMovement, ...]:
        """What was set apart and comes and goes."""
        return tuple(movement for movement in self.rejected if movement.kind not in THROUGHOUT)


@dataclass(frozen=True, eq=False)
class AnalysisResult:
    """A result with the signals that its pictures are drawn from. Holds no frame."""

    document: ResultDocument
    signals: MotionSignals
    regions: RegionTrack
