"""Pictures for the tests of locate: skimage's astronaut (public domain, NASA) and skin that was never anybody's."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from skimage import data

from vision.model.clip import Frame


def frame_of(rgb, time_s=0.0, small_side_px=320):
    scale = min(1.0, small_side_px / max(rgb.shape[:2]))
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    small = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    return Frame(round(time_s * 100), time_s, luma, time_s == 0.0, small)


@cache
def astronaut():
    return data.astronaut()[:300, 60:380].copy()


def eye_close_up(side="right"):
    """The astronaut's eye, patient's side, enlarged until it fills a third of the picture."""
    x = 170 if side == "right" else 212
    crop = data.astronaut()[78:129, x : x + 68]
    return cv2.resize(crop, (640, 480), interpolation=cv2.INTER_CUBIC)


def grey(rgb):
    return np.repeat(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def forearm(tone=(205, 160, 135), seed=0, shift_px=0):
    """A band of textured skin of some tone across a dark room."""
    generator = np.random.default_rng(seed)
    height, width = 360, 640
    texture = cv2.GaussianBlur(generator.normal(size=(height, width)), (0, 0), 2.0)
    texture += 0.1 * generator.normal(size=(height, width))
    rows = np.arange(height)[:, None] - shift_px
    inside = (rows > 110) & (rows < 270) & np.ones((1, width), bool)
    shade = 1 + 0.15 * np.sin((rows - 110) / 160 * np.pi) + 0.5 * texture
    skin = np.array(tone) * shade[..., None]
    room = np.array((25, 30, 40)) + 3 * generator.normal(size=(height, width, 1))
    return np.clip(np.where(inside[..., None], skin, room), 0, 255).astype(np.uint8), inside
