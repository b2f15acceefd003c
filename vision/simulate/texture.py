"""Procedural detail: what a lens sees on skin and a small portrait has lost."""

from __future__ import annotations

import cv2
import numpy as np

from vision.model.arrays import FloatArray

# (fine sigma, coarse sigma, weight) of each band in pixels: pores, wrinkles, blotches. Our choice.
DETAIL_BANDS = ((1.1, 2.2, 1.0), (2.2, 5.0, 0.8), (5.0, 14.0, 0.8))


def band_noise(rng: np.random.Generator, shape: tuple[int, int], fine_px: float, coarse_px: float) -> FloatArray:
    """Draw noise between two scales: (H, W) float32, mean 0, standard deviation 1."""
    white = rng.standard_normal(shape, dtype=np.float32)
    band = cv2.GaussianBlur(white, (0, 0), fine_px) - cv2.GaussianBlur(white, (0, 0), coarse_px)
    return np.asarray(band / band.std(), dtype=np.float32)


def skin_detail(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Draw fine skin texture: (H, W) float32, mean about 0, standard deviation 1."""
    detail = sum(weight * band_noise(rng, shape, fine, coarse) for fine, coarse, weight in DETAIL_BANDS)
    return np.asarray(detail / np.std(detail), dtype=np.float32)


def creases(rng: np.random.Generator, shape: tuple[int, int], angle_rad: float) -> FloatArray:
    """Draw fine parallel creases that run along an angle: (H, W) float32, standard deviation 1."""
    side = int(np.ceil(np.hypot(*shape))) + 2
    white = rng.standard_normal((side, side), dtype=np.float32)
    lines = cv2.GaussianBlur(white, (0, 0), sigmaX=7.0, sigmaY=1.1)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), -float(np.degrees(angle_rad)), 1.0)
    centring = np.array([[0, 0, (shape[1] - side) / 2], [0, 0, (shape[0] - side) / 2]])
    turn = np.asarray(turn + centring)
    turned = cv2.warpAffine(lines, turn, (shape[1], shape[0]), flags=cv2.INTER_CUBIC)
    return np.asarray((turned - turned.mean()) / turned.std(), dtype=np.float32)


def hairs(rng: np.random.Generator, shape: tuple[int, int], density_px2: float, angle_rad: float) -> FloatArray:
    """Draw fine dark hairs that lie roughly along an angle: (H, W) float32, 0 where none, 1 on a hair."""
    canvas = np.zeros(shape, np.uint8)
    count = int(shape[0] * shape[1] * density_px2)
    roots = rng.uniform((0, 0), (shape[1], shape[0]), (count, 2))
    angles = angle_rad + 0.35 * rng.standard_normal(count)
    bends, lengths = 0.5 * rng.standard_normal(count), rng.uniform(8, 26, count)
    steps = np.linspace(0, 1, 6)
    for root, angle, bend, length in zip(roots, angles, bends, lengths, strict=True):
        turn = angle + bend * steps
        line = root + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], axis=1), axis=0) * length / len(steps)
        cv2.polylines(canvas, [np.round(line * 16).astype(np.int32)], False, (255.0,), 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), 0.7), dtype=np.float32)


def freckles(rng: np.random.Generator, shape: tuple[int, int], count: int) -> FloatArray:
    """Draw soft spots: (H, W) float32, 0 where none, up to 1."""
    canvas = np.zeros(shape, np.float32)
    places = rng.uniform((0, 0), (shape[1], shape[0]), (count, 2))
    radii, depths = rng.uniform(1.2, 4.0, count), rng.uniform(0.3, 1.0, count)
    for place, radius, depth in zip(places, radii, np.sort(depths), strict=True):
        centre = (int(place[0] * 16), int(place[1] * 16))
        cv2.circle(canvas, centre, int(radius * 16), (float(depth),), -1, cv2.LINE_8, 4)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.2), dtype=np.float32)
