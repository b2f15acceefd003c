"""What every locator does, whatever it looks for."""

from __future__ import annotations

from typing import Protocol

from vision.model.arrays import BoolArray
from vision.model.clip import Frame
from vision.model.regions import RegionTrack, View


class Locator(Protocol):
    """Finds one body part in every frame of one clip. Frames come in order; `close` frees the models."""

    @property
    def view(self) -> View:
        """Which kind of picture this locator reads."""

    def observe(self, frame: Frame) -> None:
        """Take note of a frame; it is measured only if it carries `rgb_small`."""

    def ready(self) -> bool:
        """Say whether something to measure has been seen by now."""

    def area(self) -> BoolArray | None:
        """Give the (H, W) bool area of skin worth tracking in the latest measured frame, None before there is one."""

    def scale_px(self) -> float | None:
        """Give the outer-eye-corner distance in the latest measured frame, None where there is no face."""

    def finish(self) -> RegionTrack:
        """Give the regions of every frame that was observed."""

    def close(self) -> None:
        """Free what was loaded. Safe to call twice."""
