"""What speaks against a piece of picture being living skin."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np

from vision.model.arrays import BoolArray, ByteArray, FloatArray
from vision.model.clip import Frame

ColourDoubt = Literal["many colours", "grey film", "no colour", "not the hue of skin"]

# Our choice, set between the wrist clips and what is no skin among the robustness clips; unvalidated on patients.
LIVE_SD_LEVELS = 0.7  # grey levels of spread in a 7 x 7 px window that film shows even on smooth skin
SMALLEST_LIVE_SHARE = 0.3  # of the area
LARGEST_EDGE_SHARE = 0.08  # of the area's pixels that lie on hard edges
HARD_EDGE = 0.25  # gradient a pixel, of the area's own median luma, at EDGE_SIDE_PX
EDGE_SIDE_PX = 320
SMALLEST_CHROMA = 4.0  # CIELAB; skin has 8 and more in white light, stone and sky 1-4 in the clips looked at
LARGEST_GREY_CHROMA = 1.5  # CIELAB; a film in grey stays below with nearly all its pixels, and its colour says nothing
# CIELAB hue of skin lies between about 30 and 80 degrees in all groups in daylight (Xiao et al. 2017,
# doi:10.1111/srt.12325); coloured light moves it, so the bounds are wider by a third of the circle.
HUE_FROM_DEG, HUE_TO_DEG = -30.0, 105.0
LARGEST_COLOUR_SD = 18.0  # CIELAB a or b within one piece; test patterns and toys hold several colours
FEWEST_POINTS = 12
STILL_SAME_SHARE = 0.4  # of the points that must be found again, moved as one, from preview to preview
LIGHT_SHARE = 1 / 24  # of the picture's longer side: finer than shadows, coarser than what is followed. Our choice
MIDDLE_GREY, DARKEST_LUMA = 128.0, 8.0  # grey levels; below the latter there is but noise
ALIKE_PX_SHARE = 0.01  # of the picture's longer side, by which a point may leave the common movement


def is_lifeless(frames: Sequence[Frame], area: BoolArray) -> bool:
    """Say whether the area is too flat to be tracked: black, white, painted."""
    shares = []
    for frame in frames:
        luma = frame.luma.astype(np.float32)
        mean = cv2.blur(luma, (7, 7))
        variance = cv2.blur(luma * luma, (7, 7)) - mean * mean
        shares.append(float((variance[area] > LIVE_SD_LEVELS**2).mean()))
    return float(np.median(shares)) < SMALLEST_LIVE_SHARE


def has_hard_edges(frames: Sequence[Frame], area: BoolArray) -> bool:
    """Say whether keys, tiles, leaves or letters cross the area: skin is smooth beside its own brightness."""
    return float(np.median([_edge_share(frame.luma, area) for frame in frames])) > LARGEST_EDGE_SHARE


def _edge_share(luma: ByteArray, area: BoolArray) -> float:
    scale = min(1.0, EDGE_SIDE_PX / max(luma.shape))
    size = (max(8, round(luma.shape[1] * scale)), max(8, round(luma.shape[0] * scale)))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    inside = cv2.resize(area.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    if not inside.any():
        return 1.0
    across, down = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=1 / 8)
    bright = max(float(np.median(small[inside])), 8.0)
    return float((np.hypot(across, down)[inside] > HARD_EDGE * bright).mean())


def colour_doubt(frames: Sequence[Frame], area: BoolArray) -> ColourDoubt | None:
    """Name what speaks against the area's colour; None where nothing does."""
    lab = np.concatenate([_lab_inside(frame.rgb_small, area) for frame in frames if frame.rgb_small is not None])
    if float(lab[:, 1:].std(axis=0).max()) > LARGEST_COLOUR_SD:
        return "many colours"
    if float(np.percentile(np.hypot(lab[:, 1], lab[:, 2]), 95)) < LARGEST_GREY_CHROMA:
        return "grey film"
    a, b = (float(value) for value in np.median(lab[:, 1:], axis=0))
    if np.hypot(a, b) < SMALLEST_CHROMA:
        return "no colour"
    hue_deg = float(np.degrees(np.arctan2(b, a)))
    return None if HUE_FROM_DEG <= hue_deg <= HUE_TO_DEG else "not the hue of skin"


def _lab_inside(rgb: ByteArray, area: BoolArray) -> FloatArray:
    inside = cv2.resize(area.astype(np.uint8), rgb.shape[1::-1], interpolation=cv2.INTER_NEAREST).astype(bool)
    lab = cv2.cvtColor((rgb / 255.0).astype(np.float32), cv2.COLOR_RGB2LAB).astype(float)
    return np.asarray(lab[inside])


def changes_content(frames: Sequence[Frame], area: BoolArray) -> bool:
    """Say whether the picture in the area is replaced from preview to preview, instead of moving as one.

    Points of the first of two previews are looked for in the second and their common movement is fitted (shift, turn,
    zoom); of a body part at rest most are found and agree.
    """
    pairs = list(pairwise(frames))
    if not pairs:
        return False
    return (
        float(np.median([_share_moved_as_one(one.luma, other.luma, area) for one, other in pairs])) < STILL_SAME_SHARE
    )


def _share_moved_as_one(one: ByteArray, other: ByteArray, area: BoolArray) -> float:
    if one.shape != other.shape:
        return 0.0
    scale = min(1.0, EDGE_SIDE_PX * 2 / max(one.shape))
    size = (max(8, round(one.shape[1] * scale)), max(8, round(one.shape[0] * scale)))
    first, second = (
        _evenly_lit(cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.uint8)) for luma in (one, other)
    )
    inside = cv2.resize(area.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    points = cv2.goodFeaturesToTrack(first, 150, 0.01, 6, mask=inside)
    if points is None or len(points) < FEWEST_POINTS:
        return 0.0
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        first, second, points, np.zeros_like(points), winSize=(21, 21), maxLevel=4
    )
    kept = found.ravel() == 1
    if kept.sum() < FEWEST_POINTS:
        return 0.0
    _, agree = cv2.estimateAffinePartial2D(
        points[kept], moved[kept], ransacReprojThreshold=max(1.0, ALIKE_PX_SHARE * max(size))
    )
    return 0.0 if agree is None else float(agree.sum()) / len(points)


def _evenly_lit(luma: ByteArray) -> ByteArray:
    """Divide a picture by its own brightness around each pixel: exposure and shadows replace nothing."""
    light = luma.astype(np.float32)
    around = cv2.GaussianBlur(light, (0, 0), LIGHT_SHARE * max(light.shape))
    even = MIDDLE_GREY * light / np.maximum(around, DARKEST_LUMA)
    return np.asarray(np.clip(even, 0, 255), dtype=np.uint8)
