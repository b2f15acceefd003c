"""What phones write about a film beside its pictures. No place, no serial number, no name is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

# Written by Android's camera: the rate of the sensor, whatever the file plays at
# (frameworks/av, MPEG4Writer.cpp, KEY_CAPTURE_FPS).
CAPTURE_RATE_KEY = "com.android.capture.fps"
FASTEST_CAPTURE_HZ = 1000.0  # Samsung's and Sony's super slow motion: 960; beyond it the number is garbage
# By these and no more a film is known to come from a phone as it was filmed; messengers take them away.
MAKER_KEYS = ("com.apple.quicktime.make", "com.android.version", "com.android.capture.fps", "com.samsung.")
# Samsung's trailer ("SEF") ends so; a part that was slowed down has an entry of this name.
TRAILER_END, SLOWED_PART = b"SEFT", b"SlowMotion_Data"
TRAILER_BYTES = 4096  # entries and directory of a slow-motion film take a few hundred (seen on two of them)


def capture_rate_hz(metadata: Mapping[str, str]) -> float | None:
    """Rate at which the sensor took pictures, as the phone states it; None where it does not, or states nonsense."""
    try:
        rate_hz = float(metadata.get(CAPTURE_RATE_KEY, "nan"))
    except ValueError:
        return None
    return rate_hz if math.isfinite(rate_hz) and 0 < rate_hz <= FASTEST_CAPTURE_HZ else None


def is_phone_original(metadata: Mapping[str, str]) -> bool:
    """Whether the marks of a phone's own camera are still there."""
    return any(key.lower().startswith(MAKER_KEYS) for key in metadata)


def has_slowed_part(path: Path) -> bool:
    """Whether Samsung's trailer says that a stretch of the film was slowed down after filming."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TRAILER_BYTES))
        trailer = file.read(TRAILER_BYTES)
    return trailer.endswith(TRAILER_END) and SLOWED_PART in trailer


def slowdown_of(capture_hz: float | None, typical_hz: float | None, smallest_ratio: float) -> float:
    """How many times slower the film plays than life was: 1 unless the phone says that it captured much faster.

    Parameters
    ----------
    capture_hz, typical_hz : rate of the sensor and of the file.
    smallest_ratio : from which the difference is no longer that of a dim room.

    Notes
    -----
    Phones stretch by whole numbers (240 played at 30: eight), while the rate of a file is a measurement; so a ratio
    within 5 % of a whole number is that number.
    """
    if not capture_hz or not typical_hz or capture_hz / typical_hz < smallest_ratio:
        return 1.0
    return near_whole(capture_hz / typical_hz)


def near_whole(ratio: float) -> float:
    """Take the whole number next to a ratio where it lies within 5 % (our choice)."""
    whole = round(ratio)
    return float(whole) if whole >= 1 and abs(ratio / whole - 1) <= 0.05 else ratio
