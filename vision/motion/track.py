"""A grid of cells followed from one reference frame through a whole clip."""

from __future__ import annotations

import cv2
import numpy as np

from vision.errors import NothingToMeasureError
from vision.model.arrays import BoolArray, FloatArray
from vision.model.clip import Frame
from vision.model.signals import PointTracks
from vision.motion.reference import Reference, Window, cell_side_px, lay_cells, make_reference, window_for
from vision.motion.register import Registration, register
from vision.settings import MotionSettings

IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
FRAMES_UNTIL_LOST = 5  # so many bad frames in a row, and the reference is given up: a blink of noise is not a loss
MISMATCH_FLOOR_LUMA = 4.0  # camera and coding noise of a dim phone film, grey levels
BAD_SHARE = 0.5  # share of the cells that must fit the reference


class GridTracker:
    """Follow the skin through the frames of one clip, in order.

    The grid is laid on the first frame that comes with an area. When the picture changes so much that half of the
    cells no longer fit, a later frame, warped onto the old grid, becomes the reference: the cells keep their
    identity and their displacement goes on where it stood. Memory: 12 bytes a cell and frame.
    """

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._reference: Reference | None = None
        self._affine = IDENTITY
        self._bad_run = 0
        self._times: list[float] = []
        self._keyframes: list[bool] = []
        self._found: dict[int, Registration] = {}
        self._reference_index = 0
        self.hand_over_indices: list[int] = []

    @property
    def wants_area(self) -> bool:
        """Whether the next frame may need to know where the skin is; finding that out costs a pass over the picture."""
        return self._reference is None or self._bad_run >= FRAMES_UNTIL_LOST - 1

    def observe(self, frame: Frame, area: BoolArray | None, scale_px: float | None) -> None:
        """Measure one frame; `area` (H, W) and `scale_px` are used where a reference is needed."""
        index = len(self._times)
        self._times.append(frame.time_s)
        self._keyframes.append(frame.is_keyframe)
        if self._reference is None:
            if area is None or not area.any():
                return
            self._start(frame, area, scale_px, index)
        self._measure(frame, index, area)

    def _start(self, frame: Frame, area: BoolArray, scale_px: float | None, index: int) -> None:
        window = window_for(area, scale_px, self._settings)
        weight = window.cut(np.asarray(area, dtype=np.uint8) * np.uint8(255)).astype(np.float32) / 255
        cells = lay_cells(weight, cell_side_px(window, scale_px, self._settings))
        self._reference = make_reference(window.cut(frame.luma), weight, window, cells, self._settings)
        self._reference_index = index

    def _measure(self, frame: Frame, index: int, area: BoolArray | None) -> None:
        assert self._reference is not None
        picture = self._reference.window.cut(frame.luma)
        found = register(picture, self._reference, self._affine, self._settings)
        if self._fits(found):
            self._bad_run, self._affine = 0, found.affine
            self._found[index] = found
            return
        self._bad_run += 1
        if self._bad_run >= FRAMES_UNTIL_LOST and area is not None and area.any():
            self._hand_over(frame, index)

    def _fits(self, found: Registration) -> bool:
        stretch = np.linalg.det(found.affine[:, :2])
        assert self._reference is not None
        texture = self._reference.texture_luma
        telling = texture >= np.median(texture)  # an even patch fits anything
        limit = np.minimum(
            self._settings.lost_luma, np.maximum(texture * self._settings.lost_share, MISMATCH_FLOOR_LUMA)
        )
        close = float(np.mean(found.residual_luma[telling] < limit[telling]))
        return bool(close >= BAD_SHARE and 0.4 < stretch < 2.5)

    def _hand_over(self, frame: Frame, index: int) -> None:
        """Make the present frame, seen through the last good map, the reference of the same cells."""
        old = self._reference
        assert old is not None
        picture = old.window.cut(frame.luma)
        seen = cv2.warpAffine(
            picture, self._affine, (picture.shape[1], picture.shape[0]),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        self._reference = make_reference(
            np.asarray(seen, dtype=np.uint8), old.weight, old.window, old.cells, self._settings
        )
        self._bad_run = 0
        self.hand_over_indices.append(index)

    def finish(self) -> PointTracks:
        """Give the tracks of all frames.

        Raises
        ------
        NothingToMeasureError
            No frame ever came with an area to track.
        """
        if self._reference is None:
            raise NothingToMeasureError(
                "nothing that can be tracked was in view", "a face, an eye or skin", "film closer"
            )
        reference, window = self._reference, self._reference.window
        frames, points = len(self._times), len(reference.structure)
        position = np.full((frames, points, 2), np.nan, np.float32)
        residual = np.full((frames, points), np.nan, np.float32)
        gain, sharpness = np.full(frames, np.nan), np.full(frames, np.nan)
        for index, found in self._found.items():
            position[index] = window.to_native(found.position_px)
            residual[index] = found.residual_luma
            gain[index], sharpness[index] = found.gain, found.sharpness
        return PointTracks(
            time_s=np.array(self._times),
            point_px=window.to_native(reference.cells.centre_px),
            position_px=position,
            residual_luma=residual,
            structure=_native_structure(reference.structure, window),
            luma_gain=gain,
            sharpness=sharpness,
            is_keyframe=np.array(self._keyframes),
            reference_index=self._reference_index,
            spacing_px=reference.cells.side_px * window.reduction,
        )


def _native_structure(structure: FloatArray, window: Window) -> FloatArray:
    """Gradients a native pixel are smaller by the reduction; sums stay over the pixels that were measured."""
    return np.asarray(structure / window.reduction**2)
