"""How a clip looks: for advice only, never a result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Looks:
    """Medians over the frames. `blur` 0 sharp to 1 blurred, None where the picture is flat; `brightness` 0-255."""

    blur: float | None
    brightness: float
    burnt_share: float
