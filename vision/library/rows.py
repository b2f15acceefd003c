"""What the database keeps of a result: the columns of `schema`, taken from result.json and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from vision.errors import TwitchscopeError
from vision.model.request import Request
from vision.model.result import ResultDocument
from vision.report import export

Row = dict[str, Any]
_EVENT_COLUMNS = (
    "onset_s", "peak_s", "offset_s", "site", "region", "side", "x_px", "y_px",
    "amplitude_px", "amplitude_iod", "amplitude_mm", "direction_rad", "margin_sd",
)  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """One outcome with its parts and events, as plain values that cross to and from any worker.

    note : what else there is to tell of it on the screen; no database keeps it.
    """

    outcome: Row
    parts: tuple[Row, ...] = ()
    events: tuple[Row, ...] = field(default=())
    note: str | None = None


def request_sha256(request: Request) -> str:
    """Name what the user said by its content."""
    return hashlib.sha256(TypeAdapter(Request).dump_json(request)).hexdigest()


@lru_cache(maxsize=1)
def nothing_said() -> str:
    """Name the request of who says nothing of a film."""
    return request_sha256(Request())


def rows_of(document: ResultDocument, result_sha256: str) -> Rows:
    """Take the columns of a result that is filed under `result_sha256`."""
    frequency, quality, clip = document.features.frequency, document.quality, document.clip
    low, high = frequency.rate_per_min_ci95 or (None, None)
    outcome = {
        "state": "done",
        "result_sha256": result_sha256,
        "content_sha256": export.result_sha256(document),
        "view": document.view,
        "label": document.pattern.label,
        "probability": max(document.pattern.probability.values(), default=None),
        "is_usable": quality.usable,
        "is_simulated": clip.is_simulated,
        "duration_s": clip.duration_s,
        "observed_s": quality.observed_s,
        "mean_rate_hz": clip.mean_rate_hz,
        "limit_px": quality.limit_of_detection_px,
        "limit_iod": quality.limit_of_detection_iod,
        "limit_mm": quality.limit_of_detection_mm,
        "event_count": frequency.event_count,
        "rate_per_min": frequency.rate_per_min,
        "rate_low_per_min": low,
        "rate_high_per_min": high,
        "duty_cycle": frequency.duty_cycle,
        "laterality": document.features.spread.laterality,
        "warning_codes": " ".join(warning.code for warning in quality.warnings),
    }
    return Rows(outcome, _parts(document), _events(document))


def _parts(document: ResultDocument) -> tuple[Row, ...]:
    return tuple(
        {
            "number": number,
            "region": part.name,
            "side": part.side,
            "observed_s": part.observed_s,
            "event_count": part.event_count,
            "rate_per_min": part.rate_per_min,
        }
        for number, part in enumerate(document.regions, start=1)
    )


def _events(document: ResultDocument) -> tuple[Row, ...]:
    return tuple(
        {"number": number, **{name: getattr(event, name) for name in _EVENT_COLUMNS}}
        for number, event in enumerate(document.events, start=1)
    )


def failure_rows(error: TwitchscopeError, name: str = "") -> Rows:
    """Say why there is no result, without the file's own `name`: that may be a person's."""
    said = "; expected ".join(part for part in (error.found, error.expected) if part)
    said = said.replace(name, "the film") if name else said
    return Rows({"state": "failed", "cause": type(error).__name__, "reason": said, "advice": error.advice})
