"""Array types and the shape checks that the carriers share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vision.errors import ShapeError

FloatArray = npt.NDArray[np.floating[Any]]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.integer[Any]]
ByteArray = npt.NDArray[np.uint8]


def require_shape(name: str, array: npt.NDArray[Any], shape: tuple[int | None, ...]) -> None:
    """Raise `ShapeError` unless `array` has `shape`; None stands for any length."""
    fits = array.ndim == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = "(" + ", ".join("any" if want is None else str(want) for want in shape) + ")"
        raise ShapeError(f"{name} has shape {array.shape}", f"shape {wanted}")


def require_increasing(name: str, time_s: FloatArray) -> None:
    """Raise `ShapeError` unless times are finite and strictly increasing."""
    if not np.all(np.isfinite(time_s)) or np.any(np.diff(time_s) <= 0):
        raise ShapeError(f"{name} is not strictly increasing", "finite times, each later than the one before")
