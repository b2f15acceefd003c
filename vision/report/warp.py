"""From places of the picture of a film to native pixels and back, and the affine maps of camera and head."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from vision.model.arrays import FloatArray

_Pixel = TypeVar("_Pixel", bound=np.generic)


def to_film(point_px: FloatArray, scale: float) -> FloatArray:
    """Turn native pixels (…, 2) into pixels of a picture of `scale` times the size; pixel centres are whole numbers."""
    return np.asarray((point_px + 0.5) * scale - 0.5)


def to_native(point_px: FloatArray, scale: float) -> FloatArray:
    """Undo `to_film`."""
    return np.asarray((point_px + 0.5) / scale - 0.5)


def moved(affine: FloatArray, point_px: FloatArray) -> FloatArray:
    """Map native points (…, 2) of the reference to where camera and body have taken them."""
    return np.asarray(point_px @ affine[:, :2].T + affine[:, 2])


def scaled_affine(affine: FloatArray, scale: float) -> FloatArray:
    """(2, 3) map between two pictures of `scale` times the native size."""
    linear = affine[:, :2]
    origin = to_film(moved(affine, to_native(np.zeros(2), scale)), scale)
    return np.column_stack([linear, origin])


def drawn_from(picture: npt.NDArray[_Pixel], place: FloatArray, interpolation: int, border: int) -> npt.NDArray[_Pixel]:
    """Show at each pixel what `picture` holds at `place` (h, w, 2); same type of pixels."""
    x, y = (np.ascontiguousarray(place[..., axis], dtype=np.float32) for axis in (0, 1))
    source: Any = picture
    drawn: Any = cv2.remap(source, x, y, interpolation, borderMode=border)
    return np.asarray(drawn, dtype=picture.dtype)
