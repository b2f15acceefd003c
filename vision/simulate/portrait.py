"""The face: NASA's public-domain photograph of Eileen Collins, which scikit-image ships as `astronaut`.

She has no such sign; the movement is made here. The places below are pixels of that 512 x 512 picture (centre of the
first pixel at 0). They were found once, by mediapipe 0.10.21's FaceMesh on the picture enlarged three times (median of
four crops); each list names its landmarks.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator
from skimage.data import astronaut

from vision.model.arrays import ByteArray, FloatArray
from vision.model.regions import RegionName, Side
from vision.simulate.lids import Eye
from vision.simulate.texture import skin_detail
from vision.simulate.tones import LUMA_WEIGHTS

OUTER_EYE_DISTANCE = 60.3  # landmarks 33 and 263
FACE_CENTRE, FACE_RADII = (224.5, 123.5), (46.0, 53.0)  # ellipse around the outline 10, 338, 297, …
MOUTH_CENTRE, MOUTH_RADII = (223.5, 146.0), (22.0, 8.0)
HEAD_CENTRE, HEAD_RADII = (226.0, 112.0), (78.0, 84.0)  # with the hair; read off the picture
LID_SKIN_HEIGHT = 7.0  # lid margin to just below the brow; read off the picture

# Corner to corner from left to right: 33 246 161 160 159 158 157 173 133 and 33 7 163 144 145 153 154 155 133.
RIGHT_UPPER = ((195.2, 100.5), (196.1, 99.8), (197.3, 99.1), (199.4, 98.2), (202.8, 97.8), (206.4, 98.4),
               (209.9, 100.0), (212.4, 102.2), (213.6, 103.6))  # fmt: skip
RIGHT_LOWER = ((195.2, 100.5), (196.4, 101.7), (197.7, 102.6), (199.8, 103.4), (203.2, 104.0), (206.7, 104.1),
               (210.2, 103.8), (212.5, 103.8), (213.6, 103.6))  # fmt: skip
# 362 398 384 385 386 387 388 466 263 and 362 382 381 380 374 373 390 249 263.
LEFT_UPPER = ((236.4, 104.6), (237.7, 103.4), (240.6, 101.4), (244.3, 99.9), (248.1, 99.7), (251.6, 100.5),
              (253.6, 101.8), (254.7, 102.8), (255.4, 103.7))  # fmt: skip
LEFT_LOWER = ((236.4, 104.6), (237.4, 104.9), (239.6, 105.2), (242.8, 105.8), (246.2, 106.3), (249.7, 106.2),
              (252.2, 105.7), (253.9, 104.9), (255.4, 103.7))  # fmt: skip

# Where muscles show, and the direction in which they pull there (x right, y down). Lids: 1.5 px below landmarks 23 and
# 253, and near 27 and 257; brows 105 and 334; cheeks below 50 and 280; mouth just outside 61 and 291; chin 199.
SITES: dict[str, tuple[float, float, float]] = {
    "lower_lid_r": (203.1, 107.5, 1.7),
    "lower_lid_l": (246.0, 109.7, 1.4),
    "upper_lid_r": (203.0, 94.5, 1.5),
    "upper_lid_l": (248.5, 97.0, 1.6),
    "brow_r": (199.0, 88.5, -1.3),
    "brow_l": (253.0, 91.5, -1.8),
    "cheek_r": (190.5, 124.0, 1.1),
    "cheek_l": (258.5, 127.0, 2.0),
    "mouth_r": (198.5, 141.5, 0.7),
    "mouth_l": (249.5, 142.8, 2.4),
    "chin": (222.0, 168.5, 1.5),
}

SKIN_RGB = (207.0, 174.0, 146.0)  # median of the skin inside the face's outline
COOLEST_WARM, WARM, WARM_SIGMA = 12.0, 24.0, 0.7  # Cr - Cb: background 8, skin and hair 37; portrait pixels
HEAD_SIGMA, HEAD_DEPTH = (55.0, 65.0), 60.0  # of the head as a smooth bulge towards the camera; our choice
MARK_SIGMA = 6.0  # finer than this are marks and folds of the skin, whose contrast can be scaled; our choice
REGION_OF_STEM: dict[str, RegionName] = {
    "lower_lid": "lower-eyelid",
    "upper_lid": "upper-eyelid",
    "brow": "brow",
    "cheek": "cheek",
    "mouth": "mouth-corner",
    "chin": "chin",
}
SIDE_OF_SUFFIX: dict[str, Side] = {"_r": "right", "_l": "left"}
INSIDE_FACE = 0.82  # of the outline's radii: a twitch there has skin all around; our choice

TEXTURE_OFF_SKIN, TEXTURE_IN_EYE = 0.35, 0.1  # share of the skin's; our choice
BRIGHT_SKIN = 200.0  # grey level at which the texture has its full contrast


class Placement:
    """How the portrait lies in the scene: scaled alike in both directions, one of its points at a given pixel."""

    def __init__(self, scale: float, portrait_xy: tuple[float, float], scene_xy: tuple[float, float]) -> None:
        self.scale = scale
        self._shift = np.array(scene_xy) - scale * np.array(portrait_xy)

    def to_scene(self, points: FloatArray) -> FloatArray:
        """Carry (…, 2) points of the portrait into the scene."""
        return np.asarray(self.scale * np.asarray(points, dtype=float) + self._shift)

    def to_portrait(self, points: FloatArray) -> FloatArray:
        """Carry (…, 2) points of the scene into the portrait."""
        return np.asarray((np.asarray(points, dtype=float) - self._shift) / self.scale)


def enlarge(place: Placement, shape: tuple[int, int]) -> FloatArray:
    """Draw the portrait at its place by Lanczos interpolation: (H, W, 3) float32, grey levels.

    Beyond its border the picture goes on mirrored.
    """
    ends = place.to_portrait(np.array([[0.0, 0.0], [shape[1] - 1.0, shape[0] - 1.0]]))
    first, last = np.floor(ends[0]).astype(int) - 5, np.ceil(ends[1]).astype(int) + 6
    pad = int(max(0, -first.min(), last.max() - 511))
    picture = np.pad(_photograph(), ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    crop = picture[first[1] + pad : last[1] + pad, first[0] + pad : last[0] + pad]
    # cv2.remap places its samples on a grid of 1/32 pixel, too coarse for an enlargement; weights here are exact.
    for axis, count in ((0, shape[0]), (1, shape[1])):
        at = place.to_portrait(np.stack([np.arange(count)] * 2, axis=1))[:, 1 - axis] - first[1 - axis]
        crop = _lanczos_rows(np.swapaxes(crop, 0, axis), at).swapaxes(0, axis)
    return np.clip(np.ascontiguousarray(crop, dtype=np.float32), 0, 255)


def _photograph() -> FloatArray:
    photograph: Callable[[], ByteArray] = astronaut
    return photograph().astype(np.float32)


def _lanczos_rows(rows: FloatArray, at: FloatArray, lobes: int = 4) -> FloatArray:
    """Interpolate (M, …) rows at fractional indices (H,)."""
    base = np.floor(at).astype(int)
    taps = np.arange(1 - lobes, lobes + 1)
    distance = at[:, None] - (base[:, None] + taps)
    weight = np.sinc(distance) * np.sinc(distance / lobes)
    weight = (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)
    drawn = np.zeros((len(at), *rows.shape[1:]), np.float32)
    for tap in range(len(taps)):
        drawn += weight[:, tap].reshape(-1, *[1] * (rows.ndim - 1)) * rows[base + taps[tap]]
    return drawn


def add_texture(rgb: FloatArray, place: Placement, texture_sd: float, rng: np.random.Generator) -> FloatArray:
    """Add the fine detail that a phone would see, mainly on the skin; it moves with the skin."""
    shape = (rgb.shape[0], rgb.shape[1])
    share = TEXTURE_OFF_SKIN + (1 - TEXTURE_OFF_SKIN) * _ellipse(place, shape, FACE_CENTRE, FACE_RADII, soft=0.1)
    share *= 1 - (1 - TEXTURE_IN_EYE) * _ellipse(place, shape, MOUTH_CENTRE, MOUTH_RADII, soft=0.15)
    share *= 1 - (1 - TEXTURE_IN_EYE) * _eye_openings(place, shape)
    luma = cv2.cvtColor(rgb.astype(np.float32), cv2.COLOR_RGB2GRAY)
    detail = texture_sd * share * (luma / BRIGHT_SKIN) * skin_detail(rng, shape)
    return np.clip(rgb + detail[..., None], 0, 255).astype(np.float32)


def retone(rgb: FloatArray, place: Placement, skin_rgb: tuple[float, ...], contrast: float) -> FloatArray:
    """Give the head another colour, and the marks of its skin another contrast.

    Colour changes as pigment does it, by the same factor in light and shade, on all that is warm in colour: skin,
    lips and hair. The white of the eyes, teeth and background keep theirs. A grey tone takes the colour out.
    """
    shape = (rgb.shape[0], rgb.shape[1])
    luma, red, blue = cv2.split(cv2.cvtColor(rgb / 255, cv2.COLOR_RGB2YCrCb))
    warmth = np.clip((255 * (red - blue) - COOLEST_WARM) / (WARM - COOLEST_WARM), 0, 1)
    warmth = cv2.GaussianBlur(warmth, (0, 0), WARM_SIGMA * place.scale)
    face = _ellipse(place, shape, FACE_CENTRE, FACE_RADII, soft=0.1)
    no_skin = np.maximum(_eye_openings(place, shape), _ellipse(place, shape, MOUTH_CENTRE, MOUTH_RADII, soft=0.15))
    warmth = np.maximum(warmth, face * (1 - no_skin))  # or gloss, which is white, would outshine a dark skin's marks
    on_head = (warmth * _ellipse(place, shape, HEAD_CENTRE, HEAD_RADII, soft=0.15))[..., None]
    broad = cv2.GaussianBlur(rgb, (0, 0), MARK_SIGMA * place.scale)
    own = rgb if len(set(skin_rgb)) > 1 else 255 * cv2.merge([luma] * 3)
    base = SKIN_RGB if len(set(skin_rgb)) > 1 else (float(np.dot(LUMA_WEIGHTS, SKIN_RGB)),) * 3
    coloured = own * (np.array(skin_rgb) / base).astype(np.float32)
    toned = rgb + on_head * (coloured - rgb)
    on_skin = on_head * (face * (1 - _eye_openings(place, shape)))[..., None]
    marks = (rgb - broad) * (np.array(skin_rgb) / SKIN_RGB).astype(np.float32)
    return np.asarray(np.clip(toned + on_skin * (contrast - 1) * marks, 0, 255), dtype=np.float32)


def depth(place: Placement, x: FloatArray, y: FloatArray) -> FloatArray:
    """How far the head bulges towards the camera at scene places, pixels: what nod and turn make visible."""
    away_x = (x - place.to_scene(np.array(HEAD_CENTRE))[0]) / (HEAD_SIGMA[0] * place.scale)
    away_y = (y - place.to_scene(np.array(HEAD_CENTRE))[1]) / (HEAD_SIGMA[1] * place.scale)
    return np.asarray(HEAD_DEPTH * place.scale * np.exp(-0.5 * (away_x**2 + away_y**2)))


def is_open_skin(point: FloatArray) -> bool:
    """Say whether a portrait point lies on the face, well inside its outline, and not on the mouth."""
    within = np.hypot(*((point - FACE_CENTRE) / FACE_RADII)) < INSIDE_FACE
    return bool(within and np.hypot(*((point - MOUTH_CENTRE) / MOUTH_RADII)) > 1.2)


def nearest_region(point: FloatArray) -> tuple[RegionName, Side]:
    """Name a portrait point after the nearest of `SITES`."""
    site = min(SITES, key=lambda name: math.dist(SITES[name][:2], point))
    return anatomy(site)


def anatomy(site: str) -> tuple[RegionName, Side]:
    """Region and side of one of `SITES`."""
    side = SIDE_OF_SUFFIX.get(site[-2:])
    return REGION_OF_STEM[site[:-2] if side else site], side or "midline"


def head_weight(place: Placement, shape: tuple[int, int]) -> FloatArray:
    """Share of the head's movement that each pixel takes part in: 1 on the head, falling smoothly to 0 around it."""
    return _ellipse(place, shape, HEAD_CENTRE, HEAD_RADII, soft=0.5)


def eyes(place: Placement) -> tuple[Eye, Eye]:
    """The patient's right and left eye (the right one is on the left of the picture)."""
    return (
        _eye("right", np.array(RIGHT_UPPER), np.array(RIGHT_LOWER), place, nasal_sign=1),
        _eye("left", np.array(LEFT_UPPER), np.array(LEFT_LOWER), place, nasal_sign=-1),
    )


def _eye(side: str, upper: FloatArray, lower: FloatArray, place: Placement, nasal_sign: int) -> Eye:
    upper_px, lower_px = place.to_scene(upper), place.to_scene(lower)
    column_px = np.linspace(upper_px[0, 0], upper_px[-1, 0], max(16, math.ceil(upper_px[-1, 0] - upper_px[0, 0])))
    top, bottom = (PchipInterpolator(curve[:, 0], curve[:, 1])(column_px) for curve in (upper_px, lower_px))
    return Eye(side, column_px, top - LID_SKIN_HEIGHT * place.scale, top, bottom, nasal_sign)


def _eye_openings(place: Placement, shape: tuple[int, int]) -> FloatArray:
    """(H, W) float32: 1 between the lids, 0 elsewhere."""
    openings = np.zeros(shape, np.float32)
    for upper, lower in ((RIGHT_UPPER, RIGHT_LOWER), (LEFT_UPPER, LEFT_LOWER)):
        outline = place.to_scene(np.array((*upper, *lower[::-1])))
        cv2.fillPoly(openings, [np.round(outline * 16).astype(np.int32)], (1.0,), cv2.LINE_8, 4)
    return openings


def _ellipse(
    place: Placement, shape: tuple[int, int], centre: tuple[float, float], radii: tuple[float, float], soft: float
) -> FloatArray:
    """(H, W) float32: 1 inside, 0 outside of `1 + soft` radii, smooth between."""
    x, y = place.to_portrait(np.stack([np.arange(max(shape), dtype=float)] * 2, axis=1)).T
    reach = np.hypot(
        ((x[: shape[1]] - centre[0]) / radii[0])[None, :], ((y[: shape[0]] - centre[1]) / radii[1])[:, None]
    )
    share = np.clip((1 + soft - reach) / soft, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)
