"""Write a clip with exact times. Same pictures in, same bytes out."""

from __future__ import annotations

import math
import uuid
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.container import Flags as ContainerFlags
from av.container import OutputContainer
from av.video.stream import VideoStream

from vision.errors import OutputError, ShapeError
from vision.model.arrays import ByteArray
from vision.video.rotation import ROTATIONS_DEG, write_rotation

# The clock of MPEG, which every phone uses.
TICKS_PER_S = 90_000
# MPEG-4 part 2 counts its ticks in 16 bits; 60,000 holds whole intervals of 24, 25, 30, 60 and 120 frames a second.
MPEG4_TICKS_PER_S = 60_000
# Fixed, not the number of processors: the bytes must not depend on the machine.
ENCODER_THREADS = 2
# How long the only picture of a clip is shown (our choice).
LONE_PICTURE_S = Fraction(1, 30)
# Containers that keep a time for each picture (AVI and GIF do not), and those among them that can say a turn.
TURNABLE = (".mp4", ".mov", ".m4v", ".3gp")
ENDINGS = (*TURNABLE, ".mkv", ".webm")
# x265 writes beyond its memory where a side is smaller than its largest block (measured with PyAV 16.1: it aborts).
SMALLEST_X265_SIDE_PX = 64
HASTY_PRESETS = ("ultrafast", "superfast", "veryfast", "faster")
# Codes of ITU-T H.273: matrix BT.709 for film, BT.601 for JPEG; limited and full range.
_BT709, _BT601 = 1, 5
_LIMITED_RANGE, _FULL_RANGE = 1, 2


class ClipWriter:
    """Write pictures to a clip, each at its own time. Use it as a context manager.

    Parameters
    ----------
    path : file to write; its ending chooses the container. MP4 and MOV keep times to 1/90000 s, Matroska and
        WebM to 1 ms.
    width_px, height_px : size of the pictures as handed over and stored. H.264 and HEVC in yuv420p need even ones,
        libx265 at least 64 px a side.
    codec : an FFmpeg encoder, such as libx264, libx265, libvpx-vp9, mjpeg, ffv1.
    crf : constant quality, for encoders that know it; others ignore it. None where `bit_rate_bps` is given.
    bit_rate_bps : mean rate; takes the place of `crf`.
    keyframe_interval_frames : exactly so many frames from keyframe to keyframe. None leaves it to the encoder.
    rotation_deg : clockwise turn, 0, 90, 180 or 270, that a player makes before showing the stored pictures.
    pixel_format : FFmpeg's name of the stored format.
    comment : the container's comment.
    preset : speed against size, for libx264 and libx265; the fastest four let libvpx-vp9 work as it does live.
    is_reproducible : the same pictures give the same file at every run. libx264 then does without its tree of
        macroblocks, which with AVX-512 comes out otherwise each time, and files of the same `crf` grow.

    Raises
    ------
    OutputError
        The folder is missing, the container or the encoder does not take this, nothing was written, or the disk
        is full. Nothing is left behind then; an older file of that name stays as it was.

    Notes
    -----
    Writes to a hidden name in the same folder and renames on success. RGB is stored as BT.709 in limited range
    (in full range for yuvj formats; BT.601 for mjpeg, whose decoders expect that).
    """

    def __init__(
        self,
        path: Path,
        width_px: int,
        height_px: int,
        *,
        codec: str = "libx264",
        crf: int | None = 18,
        bit_rate_bps: int | None = None,
        keyframe_interval_frames: int | None = None,
        rotation_deg: int = 0,
        pixel_format: str = "yuv420p",
        comment: str | None = None,
        preset: str = "medium",
        is_reproducible: bool = False,
    ) -> None:
        _require_writable(path, rotation_deg, pixel_format)
        if codec == "libx265" and min(width_px, height_px) < SMALLEST_X265_SIDE_PX:
            raise OutputError(f"{width_px}x{height_px} px for libx265", f"{SMALLEST_X265_SIDE_PX} px a side or more")
        self._path = path
        self._aside = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
        self._width_px, self._height_px = width_px, height_px
        self._codec, self._pixel_format = codec, pixel_format
        self._bit_rate_bps = bit_rate_bps
        self._options = _codec_options(codec, crf if bit_rate_bps is None else None, preset, keyframe_interval_frames)
        if is_reproducible and codec == "libx264":
            self._options["x264-params"] = "mbtree=0"
        self._keyframe_interval_frames = keyframe_interval_frames
        self._rotation_deg = rotation_deg
        self._comment = comment
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._waiting: av.VideoFrame | None = None
        self._first_ticks: int | None = None
        self._duration_ticks: dict[int, int] = {}
        self._last_ticks = round(LONE_PICTURE_S * TICKS_PER_S)

    def __enter__(self) -> ClipWriter:
        try:
            self._container = av.open(f"file:{self._aside.absolute()}", mode="w")
        except (av.FFmpegError, ValueError, OSError) as error:
            raise self._refusal("cannot be written", "an ending such as .mp4") from error
        bitexact: Any = ContainerFlags.bitexact.value  # the stub takes the members for their own values
        self._container.flags |= bitexact
        if self._comment is not None:
            self._container.metadata["comment"] = self._comment
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            self._discard()

    def write(self, picture: ByteArray, time_s: float) -> None:
        """Append a picture.

        Parameters
        ----------
        picture : (H, W, 3) uint8 RGB, or (H, W) uint8 luma, which is stored as it is.
        time_s : when it is shown; later than the picture before by at least 1/90000 s. The film starts with its
            first picture, whatever that one's time: an MP4 would hide what comes before 0 s.

        Raises
        ------
        ShapeError
            Another size or type than announced, or a time that does not advance.
        OutputError
            The encoder or the disk does not take it.
        """
        if not math.isfinite(time_s):
            raise ShapeError(f"a picture at {time_s} s", "a finite time")
        frame = self._frame_of(picture)
        ticks = round(Fraction(time_s) * TICKS_PER_S)
        if self._first_ticks is None:
            self._first_ticks = ticks
        frame.pts, frame.time_base = ticks - self._first_ticks, Fraction(1, TICKS_PER_S)
        if self._waiting is not None:
            self._encode_waiting(until_pts=frame.pts)
        self._waiting = frame

    def _frame_of(self, picture: ByteArray) -> av.VideoFrame:
        wanted = [(self._height_px, self._width_px), (self._height_px, self._width_px, 3)]
        if picture.shape not in wanted or picture.dtype != np.uint8:
            raise ShapeError(f"a picture of {picture.shape} {picture.dtype}", f"{wanted[0]} or {wanted[1]} uint8")
        if picture.ndim == 2:
            return _frame_of_luma(picture, self._pixel_format)
        return _frame_of_rgb(picture, self._pixel_format, self._matrix)

    @property
    def _matrix(self) -> int:
        return _BT601 if self._codec == "mjpeg" else _BT709

    def _encode_waiting(self, until_pts: int | None) -> None:
        """Encode the picture that waits, now that it is known how long it is shown."""
        frame = self._waiting
        if frame is None or frame.pts is None:
            return
        if until_pts is not None:
            self._last_ticks = until_pts - frame.pts
        if self._last_ticks <= 0:
            raise ShapeError(
                f"a picture {self._last_ticks / TICKS_PER_S:.6f} s after the one before", "times that increase"
            )
        self._duration_ticks[frame.pts] = self._last_ticks
        self._encode(frame)

    def _encode(self, frame: av.VideoFrame | None) -> None:
        if self._container is None:
            raise self._refusal("is not open", "a writer used in a with statement")
        try:
            if self._stream is None:
                self._stream = self._open_stream(self._container)
            for packet in self._stream.encode(frame):
                base = packet.time_base or Fraction(1, TICKS_PER_S)
                ticks = round((packet.pts or 0) * base * TICKS_PER_S)
                packet.duration = round(self._duration_ticks.pop(ticks, self._last_ticks) / base / TICKS_PER_S)
                self._container.mux(packet)
        except (av.FFmpegError, ValueError, OSError) as error:
            what = f"{self._codec} {self._pixel_format} {self._width_px}x{self._height_px}"
            raise self._refusal(f"cannot be written as {what}", "another codec, pixel format or even sizes") from error

    def _open_stream(self, container: OutputContainer) -> VideoStream:
        """Open the encoder; the first interval is the nominal rate from which it shares out its bits."""
        rate_hz = Fraction(TICKS_PER_S, self._last_ticks)
        stream: Any = container.add_stream(self._codec, rate=rate_hz, options=self._options)
        stream.width, stream.height, stream.pix_fmt = self._width_px, self._height_px, self._pixel_format
        ticks_per_s = MPEG4_TICKS_PER_S if self._codec == "mpeg4" else TICKS_PER_S
        stream.codec_context.time_base = Fraction(1, ticks_per_s)
        stream.codec_context.thread_count = ENCODER_THREADS
        if self._bit_rate_bps is not None:
            stream.codec_context.bit_rate = self._bit_rate_bps
        if self._keyframe_interval_frames is not None:
            stream.codec_context.gop_size = self._keyframe_interval_frames
        if self._pixel_format.startswith("yuv"):
            stream.codec_context.colorspace = self._matrix
            stream.codec_context.color_range = _range_of(self._pixel_format)
        film: VideoStream = stream
        return film

    def _finish(self) -> None:
        if self._waiting is None or self._container is None:
            raise self._refusal("would hold no picture", "at least one")
        self._encode_waiting(until_pts=None)
        self._encode(None)
        try:
            self._container.close()
            if self._rotation_deg:
                write_rotation(self._aside, self._rotation_deg, self._width_px, self._height_px)
            self._aside.replace(self._path)
        except (av.FFmpegError, ValueError, OSError) as error:
            raise self._refusal("cannot be finished", "room on the disk and a folder you may write to") from error

    def _discard(self) -> None:
        with suppress(av.FFmpegError, ValueError, OSError):
            if self._container is not None:
                self._container.close()
        self._container = self._stream = self._waiting = None
        self._aside.unlink(missing_ok=True)

    def _refusal(self, found: str, expected: str) -> OutputError:
        return OutputError(f"{self._path.name} {found}", expected, "check that the folder exists")


def _require_writable(path: Path, rotation_deg: int, pixel_format: str) -> None:
    if rotation_deg not in ROTATIONS_DEG:
        raise OutputError(f"a rotation of {rotation_deg} degrees", "0, 90, 180 or 270")
    if path.suffix.lower() not in ENDINGS:
        raise OutputError(f"{path.name} cannot keep a time for each picture", f"one of {', '.join(ENDINGS)}")
    if rotation_deg and path.suffix.lower() not in TURNABLE:
        raise OutputError(f"{path.name} cannot say how it is turned", f"one of {', '.join(TURNABLE)}")
    try:
        av.VideoFormat(pixel_format)
    except ValueError as error:
        raise OutputError(
            f"an unknown pixel format {pixel_format}", "a name that FFmpeg knows", "try yuv420p"
        ) from error


def _codec_options(codec: str, crf: int | None, preset: str, interval_frames: int | None) -> dict[str, str]:
    """Options by which an encoder repeats itself and keeps exactly to the keyframe interval."""
    options = {"flags": "+bitexact"}
    if crf is not None:
        options["crf"] = str(crf)
    if codec in ("libx264", "libx265"):
        options["preset"] = preset
    if codec == "libvpx-vp9" and preset in HASTY_PRESETS:
        options |= {"deadline": "realtime", "cpu-used": "8"}
    if interval_frames is not None:
        options |= {"g": str(interval_frames), "keyint_min": str(interval_frames), "sc_threshold": "0"}
    if codec == "libx265":
        options["x265-params"] = "log-level=none:pools=none:frame-threads=1"
        if interval_frames is not None:
            options["x265-params"] += f":keyint={interval_frames}:min-keyint={interval_frames}:scenecut=0:open-gop=0"
    return options


def _range_of(pixel_format: str) -> int:
    return _FULL_RANGE if pixel_format.startswith("yuvj") else _LIMITED_RANGE


def _frame_of_rgb(rgb: ByteArray, pixel_format: str, matrix: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
    if not pixel_format.startswith("yuv"):
        return frame.reformat(format=pixel_format)
    return frame.reformat(
        format=pixel_format,
        dst_colorspace=matrix,
        src_color_range=_FULL_RANGE,
        dst_color_range=_range_of(pixel_format),
    )


def _frame_of_luma(luma: ByteArray, pixel_format: str) -> av.VideoFrame:
    """Store luma untouched, chroma neutral; formats that have no plane for it get grey."""
    height_px, width_px = luma.shape
    if not pixel_format.startswith("yuv"):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), format="gray")
        return frame.reformat(format=pixel_format)
    has_bytes = all(component.bits == 8 for component in av.VideoFormat(pixel_format, 2, 2).components)
    frame = av.VideoFrame(width_px, height_px, pixel_format if has_bytes else "yuv444p")
    for plane, value in zip(frame.planes, (luma, 128, 128, 255), strict=False):
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        lines[:, : plane.width] = value
    return frame.reformat(format=pixel_format)
