"""Which of the codecs that phones use this installation can read and write."""

from __future__ import annotations

from typing import Literal

import av
from av.codec import Codec

PHONE_DECODERS = ("h264", "hevc", "vp9", "av1", "mjpeg")
OWN_ENCODERS = ("libx264",)  # what `simulate` writes unless told otherwise


def missing_decoders() -> list[str]:
    """Name the formats of phones that cannot be read here."""
    return [name for name in PHONE_DECODERS if not _is_present(name, "r")]


def missing_encoders() -> list[str]:
    """Name the encoders that are needed and missing."""
    return [name for name in OWN_ENCODERS if not _is_present(name, "w")]


def _is_present(name: str, mode: Literal["r", "w"]) -> bool:
    try:
        Codec(name, mode)
    except (av.codec.codec.UnknownCodecError, ValueError):
        return False
    return True
