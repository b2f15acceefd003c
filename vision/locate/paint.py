"""Polygons to pixels."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from vision.model.arrays import BoolArray, ByteArray, FloatArray

_SHIFT_BITS = 4  # cv2 takes corners in 1/16 px


def painted(shape: tuple[int, int], polygons: Iterable[FloatArray]) -> BoolArray:
    """Fill (K, 2) polygons (px, x right, y down) into an (H, W) bool picture."""
    canvas = np.zeros(shape, np.uint8)
    for polygon in polygons:
        corners = np.clip(polygon, -1e4, 1e5) * (1 << _SHIFT_BITS)
        cv2.fillPoly(canvas, [np.round(corners).astype(np.int32)], (1,), shift=_SHIFT_BITS)
    return canvas.astype(bool)


def grown(area: BoolArray, by_px: float) -> BoolArray:
    """Grow an area by a radius in px; a negative radius shrinks it. The picture's edge shrinks nothing."""
    radius = round(abs(by_px))
    if radius == 0:
        return area
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    picture = area.astype(np.uint8)
    if by_px > 0:
        return np.asarray(cv2.dilate(picture, disc).astype(bool))
    shrunk = cv2.erode(picture, disc, borderType=cv2.BORDER_CONSTANT, borderValue=(1,))
    return np.asarray(shrunk.astype(bool))


def mean_colour(rgb: ByteArray, outline: FloatArray) -> FloatArray:
    """Give the (3,) mean colour inside an outline (px of `rgb`); NaN where it covers no pixel."""
    height, width = rgb.shape[:2]
    left, top = np.clip(np.floor(outline.min(axis=0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(outline.max(axis=0)) + 1, 0, (width, height)).astype(int)
    if right <= left or bottom <= top:
        return np.full(3, np.nan)
    inside = painted((bottom - top, right - left), [outline - (left, top)])
    if not inside.any():
        return np.full(3, np.nan)
    return np.array(cv2.mean(rgb[top:bottom, left:right], inside.astype(np.uint8))[:3])
