"""A textured picture that is known between its pixels: it moves by any displacement without interpolation."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from vision.model.arrays import ByteArray, FloatArray
from vision.model.clip import Frame
from vision.motion.grid import Window, cell_side_px, lay_cells
from vision.motion.reference import Reference, make_reference, smoothed
from vision.settings import MotionSettings

WIDTH, HEIGHT = 210, 182
SIGMA_PX = 16.0  # the reference footprint on skin (architecture.md)
SETTINGS = MotionSettings()
Displace = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@lru_cache
def waves(seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    random = np.random.default_rng(seed)
    length_px, angle = np.exp(random.uniform(np.log(4), np.log(30), 70)), random.uniform(0, 2 * np.pi, 70)
    wave = 2 * np.pi / length_px * np.stack([np.cos(angle), np.sin(angle)])
    return wave, random.uniform(0, 2 * np.pi, 70), np.ones(70)


def light_at(x: FloatArray, y: FloatArray, seed: int = 1) -> FloatArray:
    """Texture at any place, mean 120, standard deviation 18 grey levels."""
    wave, phase, height = waves(seed)
    height = height * 18 / np.sqrt((height**2).sum() / 2)
    total = np.full(x.shape, 120.0)
    for (wx, wy), shift, size in zip(wave.T, phase, height, strict=True):
        total += size * np.cos(wx * x + wy * y + shift)
    return total


def nowhere(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.zeros_like(x), np.zeros_like(y)


def bump(amplitude_px: float, direction_rad: float, sigma_px: float = SIGMA_PX) -> Displace:
    """A Gaussian footprint in the middle of the picture."""

    def displace(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        share = footprint(x, y, sigma_px)
        return amplitude_px * np.cos(direction_rad) * share, amplitude_px * np.sin(direction_rad) * share

    return displace


def footprint(x: FloatArray, y: FloatArray, sigma_px: float = SIGMA_PX) -> FloatArray:
    squared = (x - WIDTH / 2) ** 2 + (y - HEIGHT / 2) ** 2
    return np.asarray(np.exp(-0.5 * squared / sigma_px**2))


def moved_by(matrix: FloatArray) -> Displace:
    """Displacement of an affine map (2, 3) of the reference."""

    def displace(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        return (
            matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] - x,
            matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] - y,
        )

    return displace


def around_middle(turn_rad: float, scale: float) -> FloatArray:
    """(2, 3) rotation and scale about the picture's middle."""
    turn = scale * np.array([[np.cos(turn_rad), -np.sin(turn_rad)], [np.sin(turn_rad), np.cos(turn_rad)]])
    middle = np.array([WIDTH / 2, HEIGHT / 2])
    return np.column_stack([turn, middle - turn @ middle])


def picture(displace: Displace = nowhere, *, gain: FloatArray | float = 1.0, noise_sd: float = 0.0) -> ByteArray:
    """The texture after the skin at p went to p + u(p), drawn exactly: u is undone by fixed-point iteration."""
    x0, y0 = np.meshgrid(np.arange(WIDTH, dtype=float), np.arange(HEIGHT, dtype=float))
    x, y = x0, y0
    for _ in range(30):
        dx, dy = displace(x, y)
        x, y = x0 - dx, y0 - dy
    light = gain * light_at(x, y)
    if noise_sd:
        light = light + noise_sd * np.random.default_rng(5).standard_normal(light.shape)
    return np.clip(np.round(light), 0, 255).astype(np.uint8)


@lru_cache
def reference() -> Reference:
    window = Window(0, 0, WIDTH, HEIGHT, 1.0)
    weight = np.ones((HEIGHT, WIDTH), np.float32)
    cells = lay_cells(weight, cell_side_px(weight, window, None, SETTINGS))
    return make_reference(smoothed(picture(), SETTINGS.presmooth_px), weight, window, cells, SETTINGS)


def inner() -> np.ndarray:
    """Cells far from the border, where nothing moves out of the picture."""
    centre = reference().cells.centre_px
    return ((centre > 25) & (centre < np.array([WIDTH, HEIGHT]) - 25)).all(1)


def frame(index: int, luma: ByteArray, *, rate_hz: float = 30.0, is_keyframe: bool = False) -> Frame:
    return Frame(index, index / rate_hz, luma, is_keyframe)


def another(seed: int = 1, depth: int = 120) -> ByteArray:
    """A picture of something else: grey blocks of 7 px, `depth` grey levels around the middle."""
    blocks = np.random.default_rng(seed).integers(-depth, depth, (HEIGHT // 7 + 1, WIDTH // 7 + 1))
    return np.asarray(np.kron(blocks, np.ones((7, 7)))[:HEIGHT, :WIDTH] + 125).astype(np.uint8)
