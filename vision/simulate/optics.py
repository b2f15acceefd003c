"""What changes the light on its way: focus, exposure, shadows, hairs before the lens, blood in the skin."""

from __future__ import annotations

import cv2
import numpy as np

from vision.model.arrays import FloatArray
from vision.simulate.distractors import PlannedDistractor
from vision.simulate.scenario import Scenario, generator
from vision.simulate.scene import Scene

# Our choice, all of them, for a distractor of size 1.
ZOOM = 0.006  # focus breathing: the picture grows as the lens moves
BLUR_SHARE = 0.003  # Gaussian sigma of the defocus, of the frame's shorter side: 1.6 px of 540
EXPOSURE_STEP, SHADOW_DEPTH = 0.12, 0.25  # shares of the brightness
SHADOW_WIDTH, SHADOW_EDGE = 0.35, 0.06  # of the frame's longer side
HAIR_COUNT, HAIR_WIDTH_SHARE, HAIR_RGB, HAIR_OPACITY = 3, 0.004, (58.0, 46.0, 38.0), 0.8
# How deep the pulse modulates red, green and blue: green most (haemoglobin absorbs there), our choice of the ratios.
PULSE_RGB = (0.35, 1.0, 0.6)


def zoom_at(time_s: float, planned: tuple[PlannedDistractor, ...]) -> float:
    """Growth of the picture around its middle, 0 in focus."""
    return ZOOM * sum(one.share_at(time_s) for one in planned if one.name == "focus")


def change_light(
    light: FloatArray, time_s: float, scenario: Scenario, scene: Scene, planned: tuple[PlannedDistractor, ...],
    pulse_wave: float,
) -> FloatArray:  # fmt: skip
    """Apply to (H, W, 3) light what happens at one time; untouched where nothing does."""
    if scenario.pulse_colour_share:
        light = redden(light, scene.body_weight, scenario.pulse_colour_share * pulse_wave)
    for number, one in enumerate(planned):
        if not one.onset_s < time_s < one.offset_s:
            continue
        if one.name == "shadow":
            light = light * _shadow(one, time_s, light.shape[:2])[..., None]
        elif one.name == "hair":
            light = _behind_hair(light, one, time_s, generator(scenario.seed, "hair", number))
        elif one.name == "focus":
            sigma_px = BLUR_SHARE * min(light.shape[:2]) * one.share_at(time_s)
            light = np.asarray(cv2.GaussianBlur(light, (0, 0), sigma_px), np.float32) if sigma_px > 0.1 else light
    return light


def exposure_at(time_s: float, planned: tuple[PlannedDistractor, ...]) -> float:
    """Brightness of the whole frame, 1 without a step; up or down as its angle says."""
    steps = (np.sign(one.angle_rad) * one.share_at(time_s) for one in planned if one.name == "exposure")
    return float(1 + EXPOSURE_STEP * sum(steps))


def redden(light: FloatArray, body_weight: FloatArray, share: float) -> FloatArray:
    """Darken the skin by its blood: `share` of the green light, less of the others."""
    depth = np.array(PULSE_RGB, np.float32) * np.float32(share)
    return np.asarray(light * (1 - body_weight[..., None] * depth), dtype=np.float32)


def _shadow(one: PlannedDistractor, time_s: float, shape: tuple[int, ...]) -> FloatArray:
    """(H, W) brightness under a soft band that crosses the whole frame."""
    height, width = shape
    longer = max(shape)
    x, y = np.arange(width, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]
    along = (x - width / 2) * np.float32(np.cos(one.angle_rad)) + (y - height / 2) * np.float32(np.sin(one.angle_rad))
    reach = longer * (0.6 + SHADOW_WIDTH)
    away = np.abs(along - np.float32(reach * (2 * one.passed_at(time_s) - 1))) - 0.5 * SHADOW_WIDTH * longer
    share = np.clip(0.5 - away / (2 * SHADOW_EDGE * longer), 0, 1)
    return np.asarray(1 - min(SHADOW_DEPTH * one.size, 0.8) * share * share * (3 - 2 * share), dtype=np.float32)


def _behind_hair(light: FloatArray, one: PlannedDistractor, time_s: float, rng: np.random.Generator) -> FloatArray:
    """Draw a few strands that sweep across the middle of the frame."""
    height, width = light.shape[:2]
    cover = np.zeros((height, width), np.float32)
    swept = width * (one.passed_at(time_s) * 1.6 - 0.8) * (1 if np.cos(one.angle_rad) > 0 else -1)
    line_px = max(1, round(HAIR_WIDTH_SHARE * min(height, width) * one.size))
    rows = np.linspace(-0.05, 1.05, 24) * height
    for _ in range(HAIR_COUNT):
        start, slope, bend = rng.uniform(-0.12, 0.12), rng.uniform(-0.2, 0.2), rng.uniform(-0.15, 0.15)
        share = rows / height
        columns = width * (0.5 + start + slope * share + bend * share**2) + swept
        line = np.round(np.stack([columns, rows], 1) * 16).astype(np.int32)
        cv2.polylines(cover, [line], False, (1.0,), line_px, cv2.LINE_8, 4)
    cover = HAIR_OPACITY * cv2.GaussianBlur(cover, (0, 0), max(0.7, line_px / 3))
    return np.asarray(light + cover[..., None] * (np.array(HAIR_RGB, np.float32) - light), dtype=np.float32)
