"""A few frames spread over a clip, to decide what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av

from vision.model.clip import Frame
from vision.settings import VideoSettings
from vision.video.picture import luma_of, rgb_small_of
from vision.video.source import (
    LOOK_THREADS,
    ClipSource,
    clock_of,
    decoded_pictures,
    is_of_size,
    is_redrawn,
    open_source,
)

# Pictures decoded at most to get from a keyframe to a sample, and from one opening sample to the next.
LONGEST_LEAP = 90
OPENING_STEP = 10


def sample_frames(path: Path, settings: VideoSettings, count: int) -> list[Frame]:
    """Look at about `count` frames spread over a clip, cheaply.

    Parameters
    ----------
    count : how many; fewer come back from a short or damaged clip.

    Returns
    -------
    Frames with `rgb_small`, in order of time. `index` counts the frames of the sample, not of the clip. Where the
    clip declares no length or cannot be sought in, they are the opening frames, `OPENING_STEP` apart.

    Raises
    ------
    ClipNotFoundError, ClipNotReadableError
        As `vision.video.probe.probe`. A clip that is too short is not refused here.

    Notes
    -----
    Seeks to the keyframe before each of `count` equally spaced times. Where two of them share a keyframe, decodes
    on towards the later one, `LONGEST_LEAP` pictures at most.
    """
    with open_source(path, settings, LOOK_THREADS) as source:
        pictures = _sought(source, count)
        frames = [_sampled(index, *picture, source, settings) for index, picture in enumerate(pictures)]
    if len(frames) > 1 or count <= 1:
        return frames
    with open_source(path, settings) as source:
        pictures = _opening(source, count)
        return [_sampled(index, *picture, source, settings) for index, picture in enumerate(pictures)]


def _sought(source: ClipSource, count: int) -> Iterator[tuple[av.VideoFrame, float]]:
    """Pictures near equally spaced times, each later than the one before, with their times in seconds."""
    time_base_s, first_pts = source.stream.time_base, source.first.pts
    duration_s = source.info.duration_s
    if time_base_s is None or first_pts is None or duration_s is None:
        return
    last_pts = first_pts - 1
    for number in range(count):
        target_pts = first_pts + int(duration_s * (number + 0.5) / count / time_base_s)
        picture = _picture_near(source, target_pts, last_pts)
        if picture is not None and picture.pts is not None:
            last_pts = picture.pts
            yield picture, float((last_pts - first_pts) * time_base_s)


def _picture_near(source: ClipSource, target_pts: int, last_pts: int) -> av.VideoFrame | None:
    try:
        source.container.seek(target_pts, stream=source.stream)
    except av.FFmpegError:
        return None
    after = (
        picture
        for picture in decoded_pictures(source.container, source.stream, source.tally)
        if picture.pts is not None and is_of_size(picture, source)
    )
    found = None
    for picture in islice(after, LONGEST_LEAP):
        if picture.pts is None or picture.pts <= last_pts:
            continue
        found = picture
        if found.key_frame or picture.pts >= target_pts:
            break
    return found


def _opening(source: ClipSource, count: int) -> Iterator[tuple[av.VideoFrame, float]]:
    clock = clock_of(source)
    for number, picture in enumerate(islice(source.pictures, count * OPENING_STEP)):
        shown_s = clock.place(picture.pts, picture.duration)
        if shown_s is not None and number % OPENING_STEP == 0 and is_of_size(picture, source):
            yield picture, float(shown_s)


def _sampled(index: int, picture: av.VideoFrame, time_s: float, source: ClipSource, settings: VideoSettings) -> Frame:
    rgb_small = rgb_small_of(picture, source.geometry, settings.small_side_px)
    return Frame(index, time_s, luma_of(picture, source.geometry), is_redrawn(picture, source), rgb_small)
