"""A rectangle of skin that the user drew."""

from __future__ import annotations

import numpy as np

from vision.errors import SettingsError
from vision.locate.paint import painted
from vision.locate.skin import SkinLocator, SkinPlace
from vision.model.arrays import BoolArray
from vision.model.regions import Side

SMALLEST_SIDE_PX = 48.0  # three patches of 16 px, the tracker's usual; fewer cannot tell skin from camera. Our choice


class ManualLocator(SkinLocator):
    """The skin view with an area that the user gave. See `locator.Locator`."""

    def __init__(self, shape: tuple[int, int], region_px: tuple[float, float, float, float], side: Side | None) -> None:
        super().__init__(SkinPlace(rectangle_area(shape, region_px)), side)


def rectangle_area(shape: tuple[int, int], region_px: tuple[float, float, float, float]) -> BoolArray:
    """Paint the rectangle (x, y, width, height), native pixels, into an (H, W) bool picture.

    Raises
    ------
    SettingsError
        It is smaller than SMALLEST_SIDE_PX or leaves the picture.
    """
    x, y, width, height = region_px
    said = f"the region {x:g},{y:g},{width:g},{height:g}"
    picture = f"a picture of {shape[1]} x {shape[0]} px"
    if not min(width, height) >= SMALLEST_SIDE_PX:
        raise SettingsError(f"{said} is too small", f"at least {SMALLEST_SIDE_PX:g} px wide and high", "draw it larger")
    if not (x >= 0 and y >= 0 and x + width <= shape[1] and y + height <= shape[0]):
        raise SettingsError(f"{said} leaves the picture", f"x,y,width,height within {picture}", "check the numbers")
    right, bottom = x + width - 1, y + height - 1
    return painted(shape, [np.array([[x, y], [right, y], [right, bottom], [x, bottom]])])
