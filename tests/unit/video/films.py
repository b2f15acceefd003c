"""Films of one known movement, in any container and codec that a clinic may be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from vision.video.encode import ClipWriter

WIDTH_PX, HEIGHT_PX = 176, 144  # the one size that H.263 knows too
MOVEMENT_HZ = 5.0
AMPLITUDE_PX = 1.5
FOOTPRINT_PX = 12.0
NOISE_SD = 0.7
TICKS_PER_S = 90_000
HIGH_QUALITY_CRF = 8
# Not SVT-AV1: run by root it leaves the thread that opens it at the highest real-time priority for good, and whatever
# that thread waits for hardly gets a processor.
AV1 = {"usage": "realtime", "cpu-used": "8"}


@dataclass(frozen=True)
class Recipe:
    """How a film is stored: what differs from a plain 30/s H.264 in MP4."""

    name: str
    ending: str = ".mp4"
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    rate_hz: float = 30.0
    rotation_deg: int = 0
    options: dict[str, str] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    """Attributes of the codec context: range, matrix, transfer."""
    container: dict[str, str] = field(default_factory=dict)
    """Options of the container."""


def texture(seed: int = 3) -> npt.NDArray[np.float32]:
    """Skin-like random texture that survives compression."""
    noise = np.random.default_rng(seed).normal(0, 1, (HEIGHT_PX, WIDTH_PX)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.asarray(120 + 22 * smooth / smooth.std(), np.float32)


def picture_at(time_s: float, number: int, still: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """What is seen at a time: a patch in the middle that swings from side to side at `MOVEMENT_HZ`."""
    y, x = np.indices(still.shape, np.float32)
    away_px2 = (x - WIDTH_PX / 2) ** 2 + (y - HEIGHT_PX / 2) ** 2
    shift_px = AMPLITUDE_PX * np.sin(2 * np.pi * MOVEMENT_HZ * time_s) * np.exp(-away_px2 / (2 * FOOTPRINT_PX**2))
    moved = cv2.remap(still, (x - shift_px).astype(np.float32), y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    noise = np.random.default_rng(number).normal(0, NOISE_SD, still.shape)
    return np.asarray(np.clip(moved + noise, 16, 235).round(), np.uint8)


def times(duration_s: float, rate_hz: float) -> npt.NDArray[np.float64]:
    return np.arange(round(duration_s * rate_hz)) / rate_hz


def pictures_at(times_s: Sequence[float] | npt.NDArray[np.float64]) -> list[npt.NDArray[np.uint8]]:
    still = texture()
    return [picture_at(float(time_s), number, still) for number, time_s in enumerate(times_s)]


def store(path: Path, pictures: Sequence[npt.NDArray[np.uint8]], times_s: Any, recipe: Recipe) -> Path:
    """Write luma pictures as the recipe says; by hand where `ClipWriter` writes no such film."""
    stored = [np.ascontiguousarray(np.rot90(picture, recipe.rotation_deg // 90)) for picture in pictures]
    if recipe.ending == ".webp":
        return _store_webp(path, stored, times_s)
    if recipe.tags or recipe.options or recipe.ending not in (".mp4", ".mov", ".mkv", ".webm", ".3gp"):
        return _store_by_hand(path, stored, times_s, recipe)
    height_px, width_px = stored[0].shape
    with ClipWriter(
        path, width_px, height_px, codec=recipe.codec, pixel_format=recipe.pixel_format,
        rotation_deg=recipe.rotation_deg, preset="ultrafast", crf=HIGH_QUALITY_CRF,
    ) as writer:  # fmt: skip
        for picture, time_s in zip(stored, times_s, strict=True):
            writer.write(picture, float(time_s))
    return path


def _store_webp(path: Path, pictures: Sequence[npt.NDArray[np.uint8]], times_s: Any) -> Path:
    ends_ms = np.round(1000 * np.append(times_s[1:], 2 * times_s[-1] - times_s[-2])).astype(int)
    durations_ms = np.diff(np.append(0, ends_ms))
    images = [Image.fromarray(picture).convert("RGB") for picture in pictures]
    images[0].save(path, save_all=True, append_images=images[1:], duration=durations_ms.tolist(), quality=90)
    return path


def _store_by_hand(path: Path, pictures: Sequence[npt.NDArray[np.uint8]], times_s: Any, recipe: Recipe) -> Path:
    height_px, width_px = pictures[0].shape
    rate = Fraction(recipe.rate_hz).limit_denominator(1001)
    quiet = {"x265-params": "log-level=none"} if recipe.codec == "libx265" else {}
    with av.open(str(path), "w", options=recipe.container) as container:
        stream: Any = container.add_stream(recipe.codec, rate=rate, options={**quiet, **recipe.options})
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, recipe.pixel_format
        by_count = recipe.ending in (".avi", ".gif", ".mpg", ".3gp")  # their encoders know one rate alone
        stream.codec_context.time_base = 1 / rate if by_count else Fraction(1, TICKS_PER_S)
        if not recipe.options.get("crf"):
            stream.codec_context.bit_rate = 4_000_000
        for name, value in recipe.tags.items():
            setattr(stream.codec_context, name, value)
        for number, (picture, time_s) in enumerate(zip(pictures, times_s, strict=True)):
            frame = _frame(picture, recipe)
            frame.time_base = stream.codec_context.time_base
            frame.pts = number if by_count else round(float(time_s) * TICKS_PER_S)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def _frame(picture: npt.NDArray[np.uint8], recipe: Recipe) -> av.VideoFrame:
    """Grey as it is, chroma neutral; in the range that the tags say."""
    frame = av.VideoFrame.from_ndarray(picture, format="gray")
    full = recipe.tags.get("color_range") == 2 or recipe.pixel_format.startswith(("yuvj", "gray", "rgb", "bgr", "gbr"))
    return frame.reformat(format=recipe.pixel_format, src_color_range=2, dst_color_range=2 if full else 1)
