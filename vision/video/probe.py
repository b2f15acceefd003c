"""What a file says of itself, without decoding more than its first picture, and what can be refused by it."""

from __future__ import annotations

from pathlib import Path

from vision.errors import ClipTooShortError, SettingsError
from vision.model.clip import ClipInfo
from vision.settings import VideoSettings
from vision.video.files import AN_ORIGINAL, shown_name
from vision.video.maker import near_whole, slowdown_of
from vision.video.source import LOOK_THREADS, open_source


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
    with open_source(path, settings, LOOK_THREADS) as source:
        return source.info


def require_long_enough(path: Path, info: ClipInfo, slowdown: float, settings: VideoSettings) -> None:
    """Refuse by the times of its compressed pictures, before minutes are spent, a film that cannot be long enough.

    Raises
    ------
    ClipTooShortError
        What is there lasts less than `shortest_clip_s` of real time.
    """
    if info.span_s is None or info.span_s / slowdown >= settings.shortest_clip_s:
        return
    is_cut = info.duration_s is not None and info.duration_s / slowdown >= settings.shortest_clip_s
    slowed = f" of real time ({slowdown:g} times slower than life)" if slowdown != 1.0 else ""
    raise ClipTooShortError(
        f"{shown_name(path)} shows {info.span_s / slowdown:.2f} s{slowed} that can be decoded",
        f"at least {settings.shortest_clip_s:g} s",
        AN_ORIGINAL if is_cut else "film for a minute or longer",
    )


def slowdown_factor(info: ClipInfo, capture_rate_hz: float | None, settings: VideoSettings) -> float:
    """How much slower the film plays than life was: by what the user says, else by what the phone wrote into it.

    Raises
    ------
    SettingsError
        The rate is below that of the file.
    """
    file_hz = info.typical_rate_hz or info.mean_rate_hz
    if capture_rate_hz is None:
        return slowdown_of(info.capture_rate_hz, file_hz, settings.slow_motion_ratio)
    if not file_hz:
        return 1.0
    if capture_rate_hz < 0.95 * file_hz:
        raise SettingsError(
            f"--capture-rate {capture_rate_hz:g} is below the file's own {file_hz:.1f} frames a second",
            "the rate at which a slow-motion film was taken, e.g. 120 or 240",
            "leave it out for an ordinary film",
        )
    return near_whole(capture_rate_hz / file_hz)
