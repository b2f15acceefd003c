"""How a clip looks, from a few of its frames: sharp or blurred, dark or burnt out. For advice only, never a result."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from vision.model.arrays import ByteArray
from vision.model.clip import Frame
from vision.model.looks import Looks

BLUR_WINDOW_PX = 9  # of the mean that blurs a picture once more (Crete et al. 2007)
MIDDLE_SHARE = 0.5  # of each side: where what is filmed should be; our choice
BURNT_LEVEL = 250  # grey level from which no texture is left; our choice
LOOKED_AT_SIDE_PX = 1080  # larger pictures are halved until they fit: blur of a few pixels of 8K does no harm


def looks_of(frames: Sequence[Frame]) -> Looks | None:
    """Judge the middle of each frame; None where there is none."""
    if not frames:
        return None
    middles = [_middle(frame.luma) for frame in frames]
    blurs = [blur for blur in map(blur_of, middles) if blur is not None]
    return Looks(
        blur=float(np.median(blurs)) if blurs else None,
        brightness=float(np.median([middle.mean() for middle in middles])),
        burnt_share=float(np.median([(middle >= BURNT_LEVEL).mean() for middle in middles])),
    )


def blur_of(luma: ByteArray) -> float | None:
    """Share of the differences between neighbours that blurring once more does not take away; the worse direction.

    Returns
    -------
    0 (every edge is one pixel wide) to 1 (already blurred). None where there is no difference at all.

    Notes
    -----
    The metric of Crete, Dolmiere, Ladret & Nicolas 2007, doi:10.1117/12.702790.
    """
    picture = luma.astype(np.float32)
    found = []
    for axis, window in ((0, (1, BLUR_WINDOW_PX)), (1, (BLUR_WINDOW_PX, 1))):
        steps = np.abs(np.diff(picture, axis=axis))
        again = np.abs(np.diff(cv2.blur(picture, window, borderType=cv2.BORDER_REFLECT), axis=axis))
        total = float(steps.sum())
        if total > 0:
            found.append((total - float(np.maximum(0, steps - again).sum())) / total)
    return max(found) if found else None


def _middle(luma: ByteArray) -> ByteArray:
    while max(luma.shape) > LOOKED_AT_SIDE_PX:
        size = (max(1, luma.shape[1] // 2), max(1, luma.shape[0] // 2))
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    margins = [int(side * (1 - MIDDLE_SHARE) / 2) for side in luma.shape]
    return luma[margins[0] : luma.shape[0] - margins[0], margins[1] : luma.shape[1] - margins[1]]
