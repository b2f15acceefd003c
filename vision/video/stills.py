"""Pictures that are no film, told by their first bytes; and WebP animations, which FFmpeg 8 does not read.

An animation is turned, without loss and in memory, into a film with the same times. Pillow decodes it.
"""

from __future__ import annotations

import io
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from vision.errors import ClipNotReadableError
from vision.settings import VideoSettings
from vision.video.files import AN_ORIGINAL, shown_name, stamp_of

HEAD_BYTES = 32
# File types of single pictures (ISO/IEC 23008-12, ISO/IEC 23000-22).
_STILL_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"mif2")
# Where the extended header of a WebP file keeps what (RFC 9649, 2.7); sizes are one less than they mean.
_WEBP_FLAGS, _WEBP_WIDTH, _WEBP_HEIGHT, _ANIMATION = 20, 24, 27, 0x02
_TICKS_PER_S = 1000


def head_of(path: Path) -> bytes:
    """First bytes of a file, enough to tell what it is."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def is_still(head: bytes) -> bool:
    """Whether a file begins like a single picture: JPEG, PNG, HEIF, AVIF, or WebP without animation."""
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return True
    if head[4:8] == b"ftyp":
        return head[8:12] in _STILL_BRANDS
    return is_webp(head) and webp_canvas_px(head) is None


def is_webp(head: bytes) -> bool:
    """Whether a file begins like WebP, animated or not."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def webp_canvas_px(head: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP animation; None where it is none."""
    if not is_webp(head) or head[12:16] != b"VP8X" or len(head) < _WEBP_HEIGHT + 3:
        return None
    if not head[_WEBP_FLAGS] & _ANIMATION:
        return None
    width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (_WEBP_WIDTH, _WEBP_HEIGHT))
    return width, height


def animation_as_film(path: Path, settings: VideoSettings) -> io.BytesIO:
    """Turn a WebP animation into a Matroska film in memory; same pictures, same times.

    Raises
    ------
    ClipNotReadableError
        It is damaged from the start, or larger or longer than the limits.
    """
    return io.BytesIO(_film(path, stamp_of(path), settings))


@lru_cache(maxsize=1)
def _film(path: Path, _stamp: tuple[str, int, int, int, int], settings: VideoSettings) -> bytes:
    name = shown_name(path)
    width_px, height_px = webp_canvas_px(head_of(path)) or (0, 0)
    _require_canvas(width_px * height_px, settings.largest_frame_px, name)
    try:
        with Image.open(path, formats=("WEBP",)) as animation:
            count = getattr(animation, "n_frames", 1)
            _require_canvas(count * animation.width * animation.height, settings.largest_animation_px, name)
            return _encoded(animation, count)
    except (OSError, ValueError, EOFError, SyntaxError, Image.DecompressionBombError) as error:
        raise ClipNotReadableError(f"{name} cannot be read as an animation", "a whole file", AN_ORIGINAL) from error


def _require_canvas(found_px: int, most_px: int, name: str) -> None:
    if found_px > most_px:
        raise ClipNotReadableError(f"{name} is an animation of {found_px} px", f"at most {most_px}", "use the film")


def _encoded(animation: Image.Image, count: int) -> bytes:
    """Encode picture by picture; an animation that breaks off ends there."""
    film = io.BytesIO()
    with av.open(film, "w", format="matroska") as container:
        stream: Any = container.add_stream("ffv1", rate=_TICKS_PER_S)
        stream.width, stream.height, stream.pix_fmt = animation.width, animation.height, "bgr0"
        stream.codec_context.time_base = Fraction(1, _TICKS_PER_S)
        shown_ms = 0
        for number in range(count):
            try:
                animation.seek(number)
                rgb = np.asarray(animation.convert("RGB"))
            except (OSError, EOFError, ValueError):
                if number == 0:
                    raise
                break
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="bgr0")
            frame.pts, frame.time_base = shown_ms, Fraction(1, _TICKS_PER_S)
            duration_ms = int(animation.info.get("duration", 0))
            for packet in stream.encode(frame):
                packet.duration = duration_ms
                container.mux(packet)
            shown_ms += duration_ms
        container.mux(stream.encode(None))
    return film.getvalue()
