"""Derivatives of a picture that hold up to waves of a few pixels."""

from __future__ import annotations

import cv2
import numpy as np

from vision.model.arrays import FloatArray

# Central differences of sixth order (Fornberg 1988): within 1 % up to waves of 6 px, where Scharr's are 17 % short.
SLOPE = np.array([-1, 9, -45, 0, 45, -9, 1], np.float32) / 60
TWIST = np.array([1, -8, 13, 0, -13, 8, -1], np.float32) / 8  # third derivative, fourth order
BEND = np.array([2, -27, 270, -490, 270, -27, 2], np.float32) / 180
HERE = np.ones(1, np.float32)


def slopes_of(picture: FloatArray, reduction: int = 1) -> tuple[FloatArray, FloatArray]:
    """Horizontal and vertical gradient in grey levels a working px."""
    return _filtered(picture, SLOPE / reduction, HERE), _filtered(picture, HERE, SLOPE / reduction)


def bends_of(picture: FloatArray, reduction: int = 1) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Second derivatives xx, xy, yy in grey levels a working px²."""
    slope, bend = SLOPE / reduction, BEND / reduction**2
    return _filtered(picture, bend, HERE), _filtered(picture, slope, slope), _filtered(picture, HERE, bend)


def twists_of(picture: FloatArray, reduction: int = 1) -> tuple[FloatArray, FloatArray]:
    """Third derivatives xxx and yyy in grey levels a working px³."""
    twist = TWIST / reduction**3
    return _filtered(picture, twist, HERE), _filtered(picture, HERE, twist)


def _filtered(picture: FloatArray, along_x: FloatArray, along_y: FloatArray) -> FloatArray:
    return np.asarray(cv2.sepFilter2D(picture, cv2.CV_32F, along_x, along_y, borderType=cv2.BORDER_REPLICATE))
