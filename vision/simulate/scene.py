"""What stands before the camera: where things are, and the picture at rest.

Scene pixels are frame pixels with a margin on every side, so that a shaking camera does not look past the edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from vision.model.arrays import FloatArray
from vision.simulate import portrait, skin
from vision.simulate.lids import Eye
from vision.simulate.scenario import Scenario, generator
from vision.simulate.schedule import plan_twitches

FACE_AT_SHARE, EYE_AT_SHARE = (0.5, 0.47), (0.5, 0.45)  # of the frame: the face's middle; a close-up's eye
MARGIN_PX, MARGIN_RMS = 8, 4.0  # floor, and this many root mean squares of what shakes
# OpenCV places its samples on a grid of 1/32 pixel, and its cubic kernel shifts what it draws by up to 0.03 pixel in
# between (its slope is -0.75; only -0.5 keeps straight lines straight). Samples finer than pixels shrink both: at three
# a pixel a displacement was off by 0.02 px at most, measured on skin texture. Larger frames forgo it to save memory.
FINEST_SAMPLING, LARGEST_SCENE_PX = 3, 10_000_000
PULSE_SIGMA_SHARE = 0.25  # of the frame's shorter side: a pulse moves a wide area
PLACE_ALONG, PLACE_ACROSS = (0.12, 0.88), 0.5  # where on a limb twitches may be: share of its length, of its half-width
PLACE_APART_SHARE = 0.12  # of the frame's longer side: a twitch at a new place is not at the last one


@dataclass(frozen=True, eq=False)
class Stage:
    """Where things are in the scene, known before anything is drawn."""

    shape: tuple[int, int]
    margin_px: int
    placement: portrait.Placement | None
    eyes: tuple[Eye, ...]

    def eye(self, side: str) -> Eye:
        """Return the eye of one of the patient's sides."""
        return next(eye for eye in self.eyes if eye.side == side)


@dataclass(frozen=True)
class PlacedTwitch:
    """A twitch with its place: x, y, sigma in scene pixels, `amplitude_px` at the footprint's centre."""

    onset_s: float
    site: str
    x_px: float
    y_px: float
    amplitude_px: float
    direction_rad: float


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
    margin_px = MARGIN_PX + math.ceil(MARGIN_RMS * (scenario.shake_px + scenario.sway_px))
    shape = (scenario.height_px + 2 * margin_px, scenario.width_px + 2 * margin_px)
    iod_px = scenario.outer_eye_distance_px
    if iod_px is None:
        return Stage(shape, margin_px, None, ())
    point, at_share = portrait.FACE_CENTRE, FACE_AT_SHARE
    if scenario.view == "eye":
        unit = portrait.Placement(1.0, (0.0, 0.0), (0.0, 0.0))
        point = next(eye for eye in portrait.eyes(unit) if eye.side == scenario.side).centre_px
        at_share = EYE_AT_SHARE
    at_px = (at_share[0] * scenario.width_px + margin_px, at_share[1] * scenario.height_px + margin_px)
    placement = portrait.Placement(iod_px / portrait.OUTER_EYE_DISTANCE, point, at_px)
    return Stage(shape, margin_px, placement, portrait.eyes(placement))


def place_twitches(scenario: Scenario, stage: Stage) -> tuple[PlacedTwitch, ...]:
    """Give each planned twitch its place, size and direction."""
    rng = generator(scenario.seed, "places")
    own: dict[str, tuple[float, float, float]] = {}
    last, placed = (-1.0, -1.0), []
    for twitch in plan_twitches(scenario):
        if twitch.site == "":
            x, y = _new_place(scenario, stage, last, rng)
            last, direction = (x, y), float(rng.uniform(-np.pi, np.pi))
            site = f"{(x - stage.margin_px) / scenario.width_px:.3f},{(y - stage.margin_px) / scenario.height_px:.3f}"
        else:
            site = twitch.site
            x, y, direction = own.setdefault(site, _named_place(scenario, stage, site, rng))
        if scenario.direction_rad is not None:
            direction = scenario.direction_rad
        size_px = scenario.amplitude_px * twitch.amplitude_share
        placed.append(PlacedTwitch(twitch.onset_s, site, x, y, size_px, direction))
    return tuple(placed)


def draw_scene(scenario: Scenario, stage: Stage) -> Scene:
    """Draw the picture at rest."""
    rng = generator(scenario.seed, "texture")
    m = stage.margin_px
    if stage.placement is None:
        reach = skin.limb_reach(stage.shape, (scenario.width_px, scenario.height_px))
        rgb = skin.draw_limb(reach, scenario.tone, scenario.texture_sd, rng)
        body = skin.limb_weight(reach)
    else:
        rgb = portrait.enlarge(stage.placement, stage.shape)
        rgb = portrait.add_texture(rgb, stage.placement, scenario.texture_sd, rng)
        body = portrait.head_weight(stage.placement, stage.shape)
    k = max(1, min(FINEST_SAMPLING, math.isqrt(LARGEST_SCENE_PX // (scenario.width_px * scenario.height_px))))
    fine = cv2.resize(rgb, None, fx=k, fy=k, interpolation=cv2.INTER_LANCZOS4)
    body = np.ascontiguousarray(body[m:-m, m:-m])
    return Scene(stage, np.asarray(fine, dtype=np.float32), k, body, body * _wide_weight(scenario))


def _named_place(scenario: Scenario, stage: Stage, site: str, rng: np.random.Generator) -> tuple[float, float, float]:
    if stage.placement is None:
        x_share, y_share = (float(part) for part in site.split(","))
        x, y = x_share * scenario.width_px + stage.margin_px, y_share * scenario.height_px + stage.margin_px
        return x, y, float(rng.uniform(-np.pi, np.pi))
    x, y, direction = portrait.SITES[site]
    scene_x, scene_y = stage.placement.to_scene(np.array([x, y]))
    return float(scene_x), float(scene_y), direction


def _new_place(
    scenario: Scenario, stage: Stage, last: tuple[float, float], rng: np.random.Generator
) -> tuple[float, float]:
    size = np.array([scenario.width_px, scenario.height_px])
    is_wide = scenario.width_px >= scenario.height_px
    half_share = 0.5 * skin.LIMB_SHARE * (1 - skin.TAPER)
    while True:
        along = rng.uniform(*PLACE_ALONG) * size.max()
        across = (0.5 + half_share * rng.uniform(-PLACE_ACROSS, PLACE_ACROSS)) * size.min()
        x, y = (along, across) if is_wide else (across, along)
        here = (float(x) + stage.margin_px, float(y) + stage.margin_px)
        if math.dist(here, last) > PLACE_APART_SHARE * size.max():
            return here


def _wide_weight(scenario: Scenario) -> FloatArray:
    sigma_px = PULSE_SIGMA_SHARE * min(scenario.width_px, scenario.height_px)
    rows, columns = (
        np.exp(-0.5 * ((np.arange(count) - at * count) / sigma_px) ** 2)
        for count, at in ((scenario.height_px, 0.45), (scenario.width_px, 0.4))
    )
    return np.asarray(rows[:, None] * columns[None, :], dtype=np.float32)
