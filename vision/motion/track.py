"""A grid of cells followed from one reference frame through a whole clip."""

from __future__ import annotations

import numpy as np

from vision.errors import NothingToMeasureError
from vision.model.arrays import BoolArray, ByteArray, FloatArray
from vision.model.clip import Frame
from vision.model.signals import PointTracks
from vision.motion.average import average_seen, seen_in_reference
from vision.motion.grid import Window, cell_side_px, lay_cells, window_for
from vision.motion.reference import Reference, make_reference, smoothed, texture_of
from vision.motion.register import Registration, register
from vision.settings import MotionSettings

IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
BLOCK_FRAMES = 256  # of the tracks, kept together
FRAMES_UNTIL_LOST = 5  # so many bad frames in a row, and the reference is given up: a blink of noise is not a loss
MISMATCH_FLOOR_LUMA = 4.0  # camera and coding noise of a dim phone film, grey levels
FEWEST_FOR_MEDIAN = 3
RIM_SLACK_PX = 1.0  # a cell at the picture's rim trembles by less, and a row repeated is no loss
BAD_SHARE = 0.5  # share of the cells that must fit the reference


class GridTracker:
    """Follow the skin through the frames of one clip, in order.

    The grid is laid on the first frame that comes with an area. When the picture changes so much that half of the
    cells no longer fit, a later frame, warped onto the old grid, becomes the reference: the cells keep their
    identity and their displacement goes on where it stood. The first frames after each start are held, and measured
    again once their median has become the reference. Memory: 12 bytes a cell and frame.
    """

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._reference: Reference | None = None
        self._affine = IDENTITY
        self._bad_run = 0
        self._held: dict[int, tuple[ByteArray, Registration]] = {}
        self._is_settled = False
        self._last: Registration | None = None
        self._times: list[float] = []
        self._keyframes: list[bool] = []
        self._seen: dict[int, tuple[float, float]] = {}
        self._position: list[FloatArray] = []
        self._residual: list[FloatArray] = []
        self._ratio: list[FloatArray] = []
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
        cells = lay_cells(weight, cell_side_px(weight, window, scale_px, self._settings))
        smooth = smoothed(window.cut(frame.luma), self._settings.presmooth_px)
        self._reference = make_reference(smooth, weight, window, cells, self._settings)
        self._reference_index = index

    def _measure(self, frame: Frame, index: int, area: BoolArray | None) -> None:
        assert self._reference is not None
        picture = self._reference.window.cut(frame.luma)
        found = register(picture, self._reference, self._affine, self._settings)
        if self._fits(found):
            self._bad_run, self._affine, self._last = 0, found.affine, found
            self._keep(found, index)
            self._hold(picture, found, index)
            return
        self._bad_run += 1
        if self._bad_run >= FRAMES_UNTIL_LOST and area is not None and area.any():
            self._hand_over(picture, index)

    def _hold(self, picture: ByteArray, found: Registration, index: int) -> None:
        """Keep the first frames until there are enough for a quiet reference."""
        if self._is_settled:
            return
        self._held[index] = picture, found
        if len(self._held) >= self._settings.reference_frame_count:
            self._settle()

    def _settle(self) -> None:
        """Let the median of the held frames be the reference, and measure them again."""
        old = self._reference
        assert old is not None
        pictures = [smoothed(picture, self._settings.presmooth_px) for picture, _ in self._held.values()]
        smooth = average_seen(pictures, [found for _, found in self._held.values()], old.cells, _trust(old))
        self._reference = make_reference(smooth, old.weight, old.window, old.cells, self._settings)
        for index, (picture, found) in self._held.items():
            self._keep(register(picture, self._reference, found.affine, self._settings), index)
        self._held, self._is_settled = {}, True

    def _keep(self, found: Registration, index: int) -> None:
        assert self._reference is not None
        block, row = divmod(index, BLOCK_FRAMES)
        while len(self._position) <= block:
            cells = len(found.residual_luma)
            self._position.append(np.full((BLOCK_FRAMES, cells, 2), np.nan, np.float32))
            self._residual.append(np.full((BLOCK_FRAMES, cells), np.nan, np.float16))
            self._ratio.append(np.full((BLOCK_FRAMES, cells), np.nan, np.float16))
        self._position[block][row] = self._reference.window.to_native(found.position_px)
        self._position[block][row, ~self._fit_of(found)] = np.nan
        self._residual[block][row] = found.residual_luma
        self._ratio[block][row] = found.luma_ratio
        self._seen[index] = found.gain, found.sharpness

    def _fits(self, found: Registration) -> bool:
        assert self._reference is not None
        close = float(np.mean(self._fit_of(found)[self._reference.levels[0].is_telling]))
        stretch = np.linalg.det(found.affine[:, :2])
        return bool(close >= BAD_SHARE and 0.4 < stretch < 2.5)

    def _fit_of(self, found: Registration) -> BoolArray:
        """(C,) whether each cell still shows what the reference shows."""
        assert self._reference is not None
        limit = self._reference.levels[0].texture_luma * self._settings.lost_share
        limit = np.minimum(self._settings.lost_luma, np.maximum(limit, MISMATCH_FLOOR_LUMA))
        return np.asarray((found.residual_luma < limit) & self._in_view(found.position_px))

    def _in_view(self, position_px: FloatArray) -> BoolArray:
        """(C,) whether all of a cell lies in the picture that was cut: what has left it cannot be measured."""
        assert self._reference is not None
        height, width = self._reference.smooth.shape
        half = (self._reference.cells.side_px - 1) / 2 - RIM_SLACK_PX
        return np.asarray(((position_px >= half) & (position_px <= np.array([width, height]) - 1 - half)).all(1))

    def _hand_over(self, picture: ByteArray, index: int) -> None:
        """Make the present frame, seen where the skin was last found, the reference of the same cells."""
        old = self._reference
        assert old is not None
        smooth = smoothed(picture, self._settings.presmooth_px)
        if self._last is not None:
            smooth = seen_in_reference(smooth, self._last, old.cells, _trust(old))
        self._reference = make_reference(smooth, old.weight, old.window, old.cells, self._settings)
        self._bad_run, self._held, self._is_settled = 0, {}, False
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
        if len(self._held) >= FEWEST_FOR_MEDIAN:
            self._settle()
        reference, window = self._reference, self._reference.window
        frames, points = len(self._times), len(reference.structure)
        gain, sharpness = np.full(frames, np.nan), np.full(frames, np.nan)
        for index, seen in self._seen.items():
            gain[index], sharpness[index] = seen
        return PointTracks(
            time_s=np.array(self._times),
            point_px=window.to_native(reference.cells.centre_px),
            position_px=_joined(self._position, (frames, points, 2)),
            residual_luma=_joined(self._residual, (frames, points)),
            luma_ratio=_joined(self._ratio, (frames, points)),
            structure=_native_structure(reference.structure, window),
            luma_gain=gain,
            sharpness=sharpness,
            is_keyframe=np.array(self._keyframes),
            reference_index=self._reference_index,
            spacing_px=reference.cells.side_px * window.reduction,
        )


def _joined(blocks: list[FloatArray], shape: tuple[int, ...]) -> FloatArray:
    """Rows of all blocks, NaN beyond them; each block is let go as it is copied, so that a long clip is held once."""
    rows = np.empty(shape, blocks[0].dtype if blocks else np.float32)
    stop = 0
    while blocks:
        block = blocks.pop(0)
        rows[stop : stop + len(block)] = block[: shape[0] - stop]
        stop += len(block)
    rows[stop:] = np.nan
    return rows


def _trust(reference: Reference) -> FloatArray:
    """(C,) texture, at most the median's: a bright edge must not carry its neighbours along."""
    texture = texture_of(reference.structure)
    return np.asarray(np.minimum(texture, np.median(texture)))


def _native_structure(structure: FloatArray, window: Window) -> FloatArray:
    """Gradients a native pixel are smaller by the reduction; sums stay over the pixels that were measured."""
    return np.asarray(structure / window.reduction**2)
