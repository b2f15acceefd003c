"""The limb: procedural skin on a tapering cylinder before a dark cloth."""

from __future__ import annotations

import cv2
import numpy as np

from vision.model.arrays import FloatArray
from vision.simulate.scenario import Tone
from vision.simulate.texture import band_noise, creases, freckles, hairs, skin_detail
from vision.simulate.tones import TONE_RGB

CLOTH_RGB = (34.0, 36.0, 44.0)
LIMB_SHARE = 0.7  # of the shorter side, at the thicker end
TAPER = 0.25  # thinner by this share at the other end
EDGE_PX = 1.5
GIVE_REACH = 0.4  # half-widths of the limb over which the cloth beside it gives way
CREASE_ANGLE_RAD = 0.5  # of both families of creases to the limb's cross direction
HAIR_DENSITY_PX2, FRECKLE_DENSITY_PX2 = 1 / 2600, 1 / 12000


def limb_reach(shape: tuple[int, int], size_px: tuple[int, int]) -> FloatArray:
    """Measure how far across the limb each pixel lies: -1 and 1 on its outline, 0 on its axis.

    Parameters
    ----------
    shape : (H, W) of the scene; the limb runs along its longer side, through its middle.
    size_px : width and height of the frame in the scene's middle, which set the limb's thickness.
    """
    along_axis = 1 if shape[1] >= shape[0] else 0
    along = np.linspace(0, 1, shape[along_axis])
    half_px = 0.5 * LIMB_SHARE * min(size_px) * (1 - TAPER * along)
    across_px = np.arange(shape[1 - along_axis]) - (shape[1 - along_axis] - 1) / 2
    reach = across_px[:, None] / half_px[None, :]
    return np.asarray(reach if along_axis == 1 else reach.T, dtype=np.float32)


def draw_limb(
    reach: FloatArray, tone: Tone, contrast: float, texture_sd: float, rng: np.random.Generator
) -> FloatArray:
    """Draw the limb at rest: (H, W, 3) float32, grey levels. `contrast` scales every mark and shade of its surface."""
    shape = (reach.shape[0], reach.shape[1])
    cross_rad = np.pi / 2 if shape[1] >= shape[0] else 0.0
    fine = 0.6 * skin_detail(rng, shape)
    fine += 0.5 * creases(rng, shape, cross_rad + CREASE_ANGLE_RAD) + 0.5 * creases(
        rng, shape, cross_rad - CREASE_ANGLE_RAD
    )
    blotches = 0.03 * band_noise(rng, shape, 12.0, 60.0)
    marks = 0.3 * hairs(rng, shape, HAIR_DENSITY_PX2, cross_rad + np.pi / 2 - 0.3)
    marks += 0.25 * freckles(rng, shape, int(shape[0] * shape[1] * FRECKLE_DENSITY_PX2))
    albedo = (1 + texture_sd / 200 * fine + blotches) * (1 - marks)
    if contrast != 1.0:
        albedo = np.clip(1 + contrast * (albedo - 1), 0, None)
    # Lambert's law under a light from above the camera's shoulder.
    light = 0.25 + 0.75 * np.clip(np.sqrt(np.clip(1 - reach**2, 0, 1)) - 0.25 * reach, 0, None)
    rgb = np.array(TONE_RGB[tone], np.float32) * (albedo * light)[..., None]
    cloth = np.array(CLOTH_RGB, np.float32) * (1 + 0.06 * skin_detail(rng, shape))[..., None]
    on_limb = limb_weight(reach)[..., None]
    return np.asarray(np.clip(on_limb * rgb + (1 - on_limb) * cloth, 0, 255), dtype=np.float32)


def limb_weight(reach: FloatArray) -> FloatArray:
    """Share of each pixel that is limb, (H, W) float32."""
    half_px = 1 / np.abs(np.gradient(reach, axis=0 if reach.shape[1] >= reach.shape[0] else 1))
    inside_px = (1 - np.abs(reach)) * half_px
    return np.asarray(cv2.GaussianBlur((inside_px > 0).astype(np.float32), (0, 0), EDGE_PX), dtype=np.float32)


def limb_surroundings_weight(reach: FloatArray) -> FloatArray:
    """Share of a wide movement that each pixel takes part in: the cloth near the limb gives way with it."""
    away = np.abs(reach) - 1
    share = np.clip(1 - away / GIVE_REACH, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def limb_depth_px(shape: tuple[int, int], size_px: tuple[int, int], x: FloatArray, y: FloatArray) -> FloatArray:
    """How far the limb bulges towards the camera at scene places: a parabola across it, 0 on its outline and beyond."""
    is_wide = shape[1] >= shape[0]
    along, across = (x / shape[1], y) if is_wide else (y / shape[0], x)
    half_px = 0.5 * LIMB_SHARE * min(size_px) * (1 - TAPER * along)
    reach = (across - (shape[0 if is_wide else 1] - 1) / 2) / half_px
    return np.asarray(half_px * np.clip(1 - reach**2, 0, 1))
