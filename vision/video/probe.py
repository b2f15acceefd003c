"""What a file says of itself, without decoding more than its first picture."""

from __future__ import annotations

from pathlib import Path

from vision.model.clip import ClipInfo
from vision.settings import VideoSettings
from vision.video.source import open_source


def probe(path: Path, settings: VideoSettings) -> ClipInfo:
    """Read the header of a clip and its first picture.

    Returns
    -------
    ClipInfo
        `frame_count`, `duration_s` and `mean_rate_hz` as declared (None where the file declares nothing),
        `is_variable_rate` None and `keyframe_s` empty: only decoding tells. Size, rotation and pixel format are
        those of the first picture, because the file keeps the display matrix with its pictures.

    Raises
    ------
    ClipNotFoundError
        No such file, a folder, a pipe, a socket or a device.
    ClipNotReadableError
        Empty, not a video (a text file, a playlist, a still picture), audio only, cover art only, no decoder,
        encrypted, nothing decodes, larger than `largest_frame_px` or longer than `longest_clip_s`.
    """
    with open_source(path, settings) as source:
        return source.info
