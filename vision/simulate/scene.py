"""What stands before the camera: where things are, and the picture at rest.

Scene pixels are frame pixels with a margin on every side, so that a shaking camera does not look past the edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from vision.model.arrays import FloatArray
from vision.model.regions import RegionName, Side
from vision.simulate import portrait, skin
from vision.simulate.lids import Eye
from vision.simulate.scenario import Scenario, Tone, generator
from vision.simulate.tones import TONE_RGB, contrast_gain, luma_of

FACE_AT_SHARE, EYE_AT_SHARE = (0.5, 0.47), (0.5, 0.45)  # of the frame: the face's middle; a close-up's eye
LIMB_TONE: Tone = "medium"  # of a limb whose tone was not asked for
JOLT_ROOM = 0.05  # of the frame's shorter side: what jolts, turns and zoom of size 1 may uncover
MARGIN_PX, MARGIN_RMS = 8, 4.0  # floor, and this many root mean squares of what shakes
# OpenCV places its samples on a grid of 1/32 pixel, and its cubic kernel shifts what it draws by up to 0.03 pixel in
# between (its slope is -0.75; only -0.5 keeps straight lines straight). Samples finer than pixels shrink both: at three
# a pixel a displacement was off by 0.02 px at most, measured on skin texture. Larger frames forgo it to save memory.
FINEST_SAMPLING, LARGEST_SCENE_PX = 3, 10_000_000
PULSE_SIGMA_SHARE = 0.25  # of the frame's shorter side: a pulse moves a wide area


@dataclass(frozen=True, eq=False)
class Stage:
    """Where things are in the scene, known before anything is drawn."""

    shape: tuple[int, int]
    margin_px: int
    placement: portrait.Placement | None
    eyes: tuple[Eye, ...]

    size_px: tuple[int, int] = (0, 0)

    def eye(self, side: str) -> Eye:
        """Return the eye of one of the patient's sides."""
        return next(eye for eye in self.eyes if eye.side == side)

    def depth_px(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """How far the body bulges towards the camera at scene places."""
        if self.placement is not None:
            return portrait.depth(self.placement, x, y)
        return skin.limb_depth_px(self.shape, self.size_px, x, y)

    def tilted(self, yaw_rad: float, nod_rad: float) -> FloatArray:
        """(2,) way in the picture for each pixel of depth; a limb turns about its own axis."""
        if self.placement is not None:
            return np.array([yaw_rad, nod_rad])
        return np.array([0.0, yaw_rad] if self.shape[1] >= self.shape[0] else [yaw_rad, 0.0])


@dataclass(frozen=True)
class PlacedTwitch:
    """A twitch with its place: x, y, sigma in scene pixels, `amplitude_px` at the footprint's centre.

    `region` and `side` are given where the site's name does not say them.
    """

    onset_s: float
    site: str
    x_px: float
    y_px: float
    amplitude_px: float
    direction_rad: float
    region: RegionName | None = None
    side: Side | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """The picture at rest and what moves with the body.

    rgb : (k·h, k·w, 3) float32 grey levels, frame plus margins, k = `oversampling` samples a pixel.
    body_weight, pulse_weight : (H, W) float32, of the frame: the share of the body's and the pulse's movement.
    """

    stage: Stage
    rgb: FloatArray
    oversampling: int
    body_weight: FloatArray
    pulse_weight: FloatArray

    def seen_at(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the light at some places, (H, W) scene pixels: (H, W, 3) float32. Beyond the edge it is mirrored."""
        k = self.oversampling
        offset = np.float32((k - 1) / 2)
        light = cv2.remap(self.rgb, k * x + offset, k * y + offset, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(light, dtype=np.float32)


def set_stage(scenario: Scenario) -> Stage:
    """Decide where everything is."""
    margin_px = MARGIN_PX + math.ceil(MARGIN_RMS * (scenario.shake_px + scenario.sway_px)) + _room_px(scenario)
    shape = (scenario.height_px + 2 * margin_px, scenario.width_px + 2 * margin_px)
    iod_px = scenario.outer_eye_distance_px
    if iod_px is None:
        return Stage(shape, margin_px, None, (), (scenario.width_px, scenario.height_px))
    point, at_share = portrait.FACE_CENTRE, FACE_AT_SHARE
    if scenario.view == "eye":
        unit = portrait.Placement(1.0, (0.0, 0.0), (0.0, 0.0))
        point = next(eye for eye in portrait.eyes(unit) if eye.side == scenario.side).centre_px
        at_share = EYE_AT_SHARE
    at_px = (at_share[0] * scenario.width_px + margin_px, at_share[1] * scenario.height_px + margin_px)
    placement = portrait.Placement(iod_px / portrait.OUTER_EYE_DISTANCE, point, at_px)
    return Stage(shape, margin_px, placement, portrait.eyes(placement))


def _room_px(scenario: Scenario) -> int:
    """Further margin for what moves the picture besides shake and sway."""
    shorter = min(scenario.width_px, scenario.height_px)
    jolts_px = JOLT_ROOM * scenario.distractor_size * shorter if scenario.distractors else 0.0
    return math.ceil(0.5 * scenario.travel_px + jolts_px)


def draw_scene(scenario: Scenario, stage: Stage) -> Scene:
    """Draw the picture at rest."""
    rng, m = generator(scenario.seed, "texture"), stage.margin_px
    contrast = _contrast(scenario)
    if stage.placement is None:
        reach = skin.limb_reach(stage.shape, stage.size_px)
        rgb = skin.draw_limb(reach, scenario.tone or LIMB_TONE, contrast, scenario.texture_sd, rng)
        is_restless = scenario.travel_px > 0 or bool({"body-jolt", "turn", "lean"} & set(scenario.distractors))
        body = skin.limb_surroundings_weight(reach) if is_restless else skin.limb_weight(reach)
    else:
        rgb = portrait.enlarge(stage.placement, stage.shape)
        if scenario.tone is not None or contrast != 1.0:
            skin_rgb = portrait.SKIN_RGB if scenario.tone is None else TONE_RGB[scenario.tone]
            rgb = portrait.retone(rgb, stage.placement, skin_rgb, contrast)
        rgb = portrait.add_texture(rgb, stage.placement, contrast * scenario.texture_sd, rng)
        body = portrait.head_weight(stage.placement, stage.shape)
    k = max(1, min(FINEST_SAMPLING, math.isqrt(LARGEST_SCENE_PX // (scenario.width_px * scenario.height_px))))
    fine = cv2.resize(rgb, None, fx=k, fy=k, interpolation=cv2.INTER_LANCZOS4)
    body = np.ascontiguousarray(body[m:-m, m:-m])
    return Scene(stage, np.asarray(fine, dtype=np.float32), k, body, body * _wide_weight(scenario))


def _contrast(scenario: Scenario) -> float:
    """Factor on the skin's contrast that `contrast_as` asks for."""
    if scenario.contrast_as is None:
        return 1.0
    own = portrait.SKIN_RGB if scenario.view != "skin" else TONE_RGB[LIMB_TONE]
    luma = luma_of(own if scenario.tone is None else TONE_RGB[scenario.tone])
    return contrast_gain(luma, luma_of(TONE_RGB[scenario.contrast_as]), scenario.noise_sd)


def _wide_weight(scenario: Scenario) -> FloatArray:
    sigma_px = PULSE_SIGMA_SHARE * min(scenario.width_px, scenario.height_px)
    rows, columns = (
        np.exp(-0.5 * ((np.arange(count) - at * count) / sigma_px) ** 2)
        for count, at in ((scenario.height_px, 0.45), (scenario.width_px, 0.4))
    )
    return np.asarray(rows[:, None] * columns[None, :], dtype=np.float32)
