"""Ways to measure displacement, all against one reference, on the same cells: for motion.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from skimage.registration import phase_cross_correlation

from vision.model.arrays import BoolArray, ByteArray, FloatArray
from vision.model.clip import Frame
from vision.model.signals import PointTracks
from vision.motion.track import GridTracker
from vision.settings import MotionSettings

RATE_HZ = 30.0
REFERENCE_FRAMES = MotionSettings().reference_frame_count  # all methods get as many still frames for their reference
PHASE_SIDE_PX = 32  # fewer pixels leave no peak
PHASE_CELLS, PHASE_STEPS = 30, 100  # slow: so many cells, in hundredths of a pixel
LK_CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 0.001)


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the cells are: (C, 2) centres and their side in px."""

    centre_px: FloatArray
    side_px: int


Measure = Callable[[ByteArray], FloatArray]
"""Gives the (C, 2) displacement of one frame."""

Method = Callable[[ByteArray, Grid], Measure]
"""Takes the reference and the cells."""


def track_ours(frames: Sequence[ByteArray], area: BoolArray, scale_px: float | None) -> PointTracks:
    """Follow the skin as the pipeline does; camera and body motion still in it."""
    tracker = GridTracker(MotionSettings())
    for index, luma in enumerate(frames):
        tracker.observe(Frame(index, index / RATE_HZ, luma, False), area, scale_px)
    return tracker.finish()


def mean_of(frames: Sequence[ByteArray]) -> ByteArray:
    """Average still frames to whole grey levels, which is what OpenCV's methods take."""
    return np.round(np.mean([frame.astype(float) for frame in frames], axis=0)).astype(np.uint8)


def lucas_kanade(window_px: int) -> Method:
    """OpenCV's pyramidal Lucas-Kanade from the reference to every frame."""

    def start(reference: ByteArray, grid: Grid) -> Measure:
        points = grid.centre_px.astype(np.float32)

        def measure(luma: ByteArray) -> FloatArray:
            end, _, _ = cv2.calcOpticalFlowPyrLK(
                reference, luma, points, None, winSize=(window_px, window_px), maxLevel=3, criteria=LK_CRITERIA
            )
            return np.asarray(end - points, dtype=float)

        return measure

    return start


def dis(reference: ByteArray, grid: Grid) -> Measure:
    """OpenCV's dense inverse search at its medium preset, averaged over each cell (Kroeger 2016)."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def measure(luma: ByteArray) -> FloatArray:
        return _cell_means(np.asarray(flow.calc(reference, luma, None)), grid)

    return measure


def _cell_means(field: FloatArray, grid: Grid) -> FloatArray:
    mean = cv2.blur(field, (grid.side_px, grid.side_px))
    column, row = np.floor(grid.centre_px + 0.5).astype(int).T
    return np.asarray(mean[row, column], dtype=float)


def phase_correlation(reference: ByteArray, grid: Grid) -> Measure:
    """scikit-image's phase correlation of a Hann window around some cells, NaN at the others.

    No gradient, no iteration towards a start: hence the independent check. The spectrum is not whitened
    (`normalization=None`), since on skin most of it is noise, which whitening lifts to the height of the texture.
    """
    hann = np.outer(np.hanning(PHASE_SIDE_PX), np.hanning(PHASE_SIDE_PX))
    corner = np.round(grid.centre_px - (PHASE_SIDE_PX - 1) / 2).astype(int)
    room = (corner >= 0).all(1) & (corner + PHASE_SIDE_PX <= np.array(reference.shape[::-1])).all(1)
    chosen = np.flatnonzero(room)[:: max(1, room.sum() // PHASE_CELLS)]

    def patch(luma: ByteArray, index: int) -> FloatArray:
        x, y = corner[index]
        cut = luma[y : y + PHASE_SIDE_PX, x : x + PHASE_SIDE_PX].astype(float)
        return np.asarray((cut - (cut * hann).sum() / hann.sum()) * hann)

    own = {index: patch(reference, index) for index in chosen}

    def measure(luma: ByteArray) -> FloatArray:
        found = np.full(grid.centre_px.shape, np.nan)
        for index in chosen:
            shift, _, _ = phase_cross_correlation(
                own[index], patch(luma, index), upsample_factor=PHASE_STEPS, normalization=None
            )
            found[index] = -shift[::-1]
        return found

    return measure


METHODS: dict[str, Method] = {
    "anchored LK, window of a cell": lucas_kanade(7),
    "anchored LK, window of 3 cells": lucas_kanade(21),
    "DIS": dis,
    "phase correlation": phase_correlation,
}
