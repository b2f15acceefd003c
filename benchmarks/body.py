"""What is left of movements of the whole part, and of a twitch under them: for motion.py.

Each movement is a displacement of every skin point, worked out exactly and drawn into pixels; the tracker and
`stabilise` then see the film as they see any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.flows import RATE_HZ, REFERENCE_FRAMES, track_ours
from benchmarks.scenes import Scene, filmed, still
from vision.model.arrays import FloatArray
from vision.model.signals import MotionSignals
from vision.motion.stabilise import stabilise
from vision.settings import MotionSettings

FRAMES = 90
NOISE_SD = 1.0
TWITCH_PX = 2.0
TWITCH_FRAMES = slice(30, 38)  # 0.27 s: a long one, and as high all the time

# A face as a half ellipsoid with a nose, seen from arm's length; in distances between the outer eye corners (9 cm).
# Our choice, after the proportions of an adult head.
HALF_WIDTH, HALF_HEIGHT, HALF_DEPTH = 0.8, 0.95, 0.95
NOSE_OUT, NOSE_SIGMA, NOSE_DOWN = 0.22, 0.16, 0.15
CAMERA_AWAY = 4.5
NECK_BACK, NECK_DOWN = 0.9, 1.1
READOUT_S = 0.02  # of a rolling shutter, top to bottom (science.md: 10-30 ms)

Field = Callable[[FloatArray, FloatArray, float], FloatArray]
"""(2, …) displacement of the skin at x, y (px from the picture's middle) at a time in s."""


def swing(time_s: float, rate_hz: float) -> float:
    """A movement that starts from rest: -1 to 1."""
    return float(np.sin(2 * np.pi * rate_hz * time_s))


def nothing(x: FloatArray, _y: FloatArray, _time_s: float) -> FloatArray:
    return np.zeros((2, *x.shape))


def shift(x: FloatArray, y: FloatArray, time_s: float) -> FloatArray:
    return np.stack([np.full_like(x, 5 * swing(time_s, 1.3)), np.full_like(y, 3 * swing(time_s, 0.9))])


def tremor_skew(_x: FloatArray, y: FloatArray, time_s: float) -> FloatArray:
    """Tremor of 8 Hz under a rolling shutter: every row sees another moment."""
    row_s = time_s + READOUT_S * (y / (np.ptp(y) + 1) if y.ndim else 0.0)
    return np.stack([1.5 * np.sin(2 * np.pi * 8 * row_s), 0 * y])


def turned(angle_rad: float, scale: float) -> Callable[[FloatArray, FloatArray], FloatArray]:
    cos, sin = scale * np.cos(angle_rad), scale * np.sin(angle_rad)
    return lambda x, y: np.stack([(cos - 1) * x - sin * y, sin * x + (cos - 1) * y])


def roll(x: FloatArray, y: FloatArray, time_s: float) -> FloatArray:
    return turned(np.radians(3 * swing(time_s, 0.7)), 1.0)(x, y)


def zoom(x: FloatArray, y: FloatArray, time_s: float) -> FloatArray:
    """Focus breathing."""
    return turned(0.0, 1 + 0.02 * swing(time_s, 1.0))(x, y)


def breathing(x: FloatArray, y: FloatArray, time_s: float) -> FloatArray:
    """Skin that is lifted and stretched, slowly."""
    lift = 2 * swing(time_s, 0.3)
    return np.stack([0.003 * lift * x, lift * (1 + 0.001 * y)])


def drift(x: FloatArray, y: FloatArray, time_s: float) -> FloatArray:
    """A limb that sinks and rolls about its long axis: the skin in the middle goes farther than at the rims."""
    return np.stack([2 * time_s + 0 * x, 3 * time_s * np.sqrt(np.clip(1 - (y / 140) ** 2, 0, 1))])


def head(axis: str, degrees: float, rate_hz: float, iod_px: float) -> Field:
    """Turn or nod of a face in three dimensions, seen in perspective, about the neck."""

    def field(x: FloatArray, y: FloatArray, time_s: float) -> FloatArray:
        angle = np.radians(degrees * swing(time_s, rate_hz))
        point = _relief(x / iod_px, y / iod_px)
        neck = np.array([0.0, NECK_DOWN, -NECK_BACK]).reshape(3, *[1] * x.ndim)
        moved = np.einsum("ij,j...->i...", _rotation(axis, angle), point - neck) + neck
        seen, seen_before = (p[:2] * CAMERA_AWAY / (CAMERA_AWAY - p[2]) for p in (moved, point))
        return np.asarray((seen - seen_before) * iod_px)

    return field


def _relief(x: FloatArray, y: FloatArray) -> FloatArray:
    """(3, …) point of the face that is seen at x, y; perspective of the resting face is left to the texture."""
    inside = np.clip(1 - (x / HALF_WIDTH) ** 2 - (y / HALF_HEIGHT) ** 2, 0.02, 1)
    nose = NOSE_OUT * np.exp(-0.5 * (x**2 + (y - NOSE_DOWN) ** 2) / NOSE_SIGMA**2)
    depth = HALF_DEPTH * (np.sqrt(inside) - 1) + nose
    away = 1 - depth / CAMERA_AWAY
    return np.stack([x * away, y * away, depth])


def _rotation(axis: str, angle: float) -> FloatArray:
    cos, sin = np.cos(angle), np.sin(angle)
    if axis == "turn":
        return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])


def movements(scene: Scene) -> dict[str, Field]:
    """What moves as a whole, by name."""
    common: dict[str, Field] = {
        "nothing": nothing,
        "hand: 5 px": shift,
        "rolling shutter, 8 Hz, 1.5 px": tremor_skew,
        "roll, 3 degrees": roll,
        "zoom, 2 %": zoom,
    }
    if scene.scale_px is None:
        return {**common, "breathing, 2 px": breathing, "limb drift, 6 px": drift}
    return {
        **common,
        "nod, 3 degrees": head("nod", 3.0, 0.8, scene.scale_px),
        "turn, 3 degrees": head("turn", 3.0, 0.8, scene.scale_px),
    }


def body_rows(scene: Scene) -> Iterator[list[object]]:
    """What is left at rest, and how much of a twitch, under each movement."""
    place = scene.places()[len(scene.places()) // 2]
    for name, field in movements(scene).items():
        rest = steadied(scene, field, place, 0.0)
        twitching = steadied(scene, field, place, TWITCH_PX)
        left = rest.displacement_px[REFERENCE_FRAMES:]
        good = rest.valid[REFERENCE_FRAMES:].mean(0) > 0.9
        typical = np.sqrt(np.nanmean(left[:, good] ** 2, axis=(0, 2)))
        kept = _height(twitching, rest, scene, place)
        yield [
            scene.name, name, f"{np.median(typical):.3f}", f"{np.quantile(typical, 0.99):.3f}",
            f"{100 * good.mean():.0f}", f"{kept:.3f}",
        ]  # fmt: skip


def steadied(scene: Scene, field: Field, place: FloatArray, twitch_px: float) -> MotionSignals:
    """Film a movement, with a twitch at a place or without, and take the movement out."""
    height, width = scene.light.shape
    x, y = np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float))
    share = scene.footprints(place[None], x, y)
    rng = np.random.default_rng(9)
    frames = list(still(scene, NOISE_SD, REFERENCE_FRAMES, seed=4))
    for index in range(FRAMES):
        own = twitch_px * share if TWITCH_FRAMES.start <= index < TWITCH_FRAMES.stop else 0 * share
        moved_x, moved_y = x + own[0], y + own[1]
        whole = field(moved_x - width / 2, moved_y - height / 2, index / RATE_HZ)
        frames.append(filmed(scene.moved(own + whole), NOISE_SD, rng))
    tracks = track_ours(frames, scene.area, scene.scale_px)
    settings = MotionSettings()
    return stabilise(tracks, np.zeros(len(tracks.point_px), int), scene.scale_px, settings.smooth_order, settings)


def _height(twitching: MotionSignals, rest: MotionSignals, scene: Scene, place: FloatArray) -> float:
    """Height of the footprint by least squares ÷ its true one, against the same film without a twitch."""
    frames = np.arange(len(rest.time_s))[REFERENCE_FRAMES:][TWITCH_FRAMES]
    share = scene.footprints(place[None], *rest.point_px.T).T
    seen = (twitching.displacement_px - rest.displacement_px)[frames]
    known = np.isfinite(seen).all(-1)
    top = np.einsum("tnc,nc,tn->", np.nan_to_num(seen), share, known)
    return float(top / np.einsum("nc,nc,tn->", share, share, known) / TWITCH_PX)
