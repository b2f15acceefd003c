"""Small clips that the tests of `vision.video` render for themselves."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from vision.settings import VideoSettings
from vision.video.decode import open_clip
from vision.video.encode import ClipWriter

WIDTH_PX, HEIGHT_PX = 48, 32
ANY_LENGTH = VideoSettings(shortest_clip_s=1e-6)
TIMES_S = [number / 30 for number in range(20)]


def luma_with_mark(number: int, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> npt.NDArray[np.uint8]:
    """Grey with one bright corner at the top left and a bar whose place tells the number of the picture."""
    luma = np.full((height_px, width_px), 60, np.uint8)
    luma[: height_px // 4, : width_px // 4] = 220
    column = number % (width_px - 4)
    luma[-height_px // 4 :, column : column + 4] = 150
    return luma


def render(path: Path, times_s: Sequence[float] = TIMES_S, **options: Any) -> Path:
    """Write marked pictures at these times."""
    width_px, height_px = options.pop("size", (WIDTH_PX, HEIGHT_PX))
    with ClipWriter(path, width_px, height_px, **{"preset": "ultrafast", **options}) as writer:
        for number, time_s in enumerate(times_s):
            writer.write(luma_with_mark(number, width_px, height_px), time_s)
    return path


def read(path: Path, settings: VideoSettings = ANY_LENGTH, rgb_rate_hz: float | None = None) -> tuple[Any, Any]:
    """All frames of a clip, and its reader."""
    with open_clip(path, settings, rgb_rate_hz=rgb_rate_hz) as reader:
        return list(reader), reader


def times_of(path: Path) -> list[float]:
    return [frame.time_s for frame in read(path)[0]]


def mux(
    path: Path,
    pts: Sequence[int],
    *,
    codec: str = "mjpeg",
    pixel_format: str = "yuvj420p",
    ticks_per_s: int = 1000,
    dts: Sequence[int] | None = None,
    sizes: Sequence[tuple[int, int]] | None = None,
    prepare: Callable[[Any], None] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip by hand: timestamps, sizes and stream attributes that `ClipWriter` would refuse."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=30)
        stream.width, stream.height = (sizes or [(WIDTH_PX, HEIGHT_PX)])[0]
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = Fraction(1, ticks_per_s)
        if prepare is not None:
            prepare(stream)
        for number, shown in enumerate(pts):
            for packet in encoded(codec, pixel_format, number, (sizes or [(WIDTH_PX, HEIGHT_PX)] * len(pts))[number]):
                packet.stream = stream
                packet.time_base = Fraction(1, ticks_per_s)
                packet.pts, packet.dts = shown, shown if dts is None else dts[number]
                container.mux(packet)
    return path


def encoded(codec: str, pixel_format: str, number: int, size: tuple[int, int]) -> list[Any]:
    """One picture, encoded on its own."""
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = *size, pixel_format
    context.time_base = Fraction(1, 30)
    frame = av.VideoFrame.from_ndarray(luma_with_mark(number, *size), format="gray").reformat(format=pixel_format)
    frame.pts = 0
    return [*context.encode(frame), *context.encode(None)]


def remux(source: Path, target: Path, options: dict[str, str], metadata: dict[str, str] | None = None) -> Path:
    """Copy the packets of a clip into another container."""
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        for key, value in (metadata or {}).items():
            new.metadata[key] = value
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    return target


def set_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Overwrite the display matrix of an MP4 (numbers in units of one)."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 44  # version 0 of the box: 48 bytes from its start
    data[start : start + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(data))
    return path


def write_sound(path: Path, *, with_cover: bool = False) -> Path:
    """An audio file, with or without a cover picture."""
    with av.open(str(path), "w") as container:
        sound: Any = container.add_stream("aac", rate=8000)
        cover: Any = None
        if with_cover:
            cover = container.add_stream("mjpeg", rate=1)
            cover.width, cover.height, cover.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuvj420p"
            cover.disposition = 1 << 10  # attached_pic
            for packet in encoded("mjpeg", "yuvj420p", 0, (WIDTH_PX, HEIGHT_PX)):
                packet.stream = cover
                container.mux(packet)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 8000
        for number in range(10):
            frame.pts = 1024 * number
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path
