"""What the user says about one clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vision.model.context import PatientContext
from vision.model.regions import View


@dataclass(frozen=True)
class Request:
    """What the user says about one clip. None: not said."""

    view: View | None = None
    region_px: tuple[float, float, float, float] | None = None
    body_part: str | None = None
    side: Literal["left", "right"] | None = None
    filmed_on: str | None = None
    mirrored: bool | None = None
    mm_per_px: float | None = None
    capture_rate_hz: float | None = None
    context: PatientContext | None = None
