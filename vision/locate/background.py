"""What stands still behind a face: how far the picture of it moves tells a jolt of the camera from one of the head."""

from __future__ import annotations

import cv2
import numpy as np

from vision.model.arrays import ByteArray, FloatArray

# In outer-eye distances from the middle of the mesh, which lies on the nose: hair, ears and shoulders go with the head.
HEAD_HALF_WIDTH_IOD, ABOVE_HEAD_IOD, BELOW_EYES_IOD = 1.3, 2.0, 0.6
MOST_CORNERS, FEWEST_CORNERS = 40, 6
CORNER_QUALITY, CORNERS_APART_PX = 0.02, 7.0  # as in Shi and Tomasi 1994; their distance in the small picture
LARGEST_ERROR_PX = 0.5  # there and back again; beyond it a corner was not the same one


class Background:
    """Follows corners beside and above a head from one small picture to the next (Lucas and Kanade 1981).

    `path_px` is how far it has moved so far, in pixels of the small picture; NaN until enough corners were seen, and
    for good where a wall without texture never shows any.
    """

    def __init__(self) -> None:
        self._before: ByteArray | None = None
        self._seen = False
        self._path_px = np.zeros(2)

    def observe(self, rgb: ByteArray, centre_px: FloatArray, iod_px: float) -> FloatArray:
        """Take the next small picture, its face at `centre_px`; give the path of the background so far, (2,) px."""
        grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        if self._before is not None and self._before.shape == grey.shape:
            step = _step(self._before, grey, _beside(grey.shape, centre_px, iod_px))
            if step is not None:
                self._path_px, self._seen = self._path_px + step, True
        self._before = grey
        return self._path_px.copy() if self._seen else np.full(2, np.nan)


def _beside(shape: tuple[int, ...], centre_px: FloatArray, iod_px: float) -> ByteArray:
    """(H, W) 255 where the background is looked for: not on the head, nor below the eyes, where shoulders are."""
    mask = np.full(shape, 255, np.uint8)
    x, y = float(centre_px[0]), float(centre_px[1])
    left, right = (int(np.clip(x + way * HEAD_HALF_WIDTH_IOD * iod_px, 0, shape[1])) for way in (-1, 1))
    top = int(np.clip(y - ABOVE_HEAD_IOD * iod_px, 0, shape[0]))
    mask[top:, left:right] = 0
    mask[int(np.clip(y + BELOW_EYES_IOD * iod_px, 0, shape[0])) :] = 0
    return mask


def _step(before: ByteArray, after: ByteArray, mask: ByteArray) -> FloatArray | None:
    """(2,) median movement of the corners of one picture in the next; None where too few are found again."""
    corners = cv2.goodFeaturesToTrack(before, MOST_CORNERS, CORNER_QUALITY, CORNERS_APART_PX, mask=mask)
    if corners is None or len(corners) < FEWEST_CORNERS:
        return None
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, None)  # type: ignore[call-overload]
    back, again, _ = cv2.calcOpticalFlowPyrLK(after, before, there, None)  # type: ignore[call-overload]
    error_px = np.hypot(*(back - corners).reshape(-1, 2).T)
    good = (found.ravel() == 1) & (again.ravel() == 1) & (error_px < LARGEST_ERROR_PX)
    if good.sum() < FEWEST_CORNERS:
        return None
    return np.asarray(np.median((there - corners).reshape(-1, 2)[good], axis=0), dtype=float)
