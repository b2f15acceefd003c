"""An open film: its declared facts, and its pictures one by one. Shared by `probe`, `decode` and `sample`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import av
from av.container import InputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream

from vision.errors import ClipError, ClipNotReadableError
from vision.model.clip import ClipInfo
from vision.settings import VideoSettings
from vision.video.container import (
    AN_ORIGINAL,
    choose_stream,
    declared_duration_s,
    decoder_options,
    open_container,
    require_declared_limits,
    require_frame_size,
    require_regular_file,
    shown_name,
)
from vision.video.picture import Geometry, geometry_of
from vision.video.timing import PresentationClock

# Fixed, not the number of processors: damaged files would otherwise decode differently on different machines.
DECODER_THREADS = 4
SIMULATED_COMMENT = "simulated by twitchscope"
_HASH_BLOCK_BYTES = 1 << 20


@dataclass
class ClipSource:
    """An open film: its declared facts, its first picture, and the pictures after it.

    info : declared values; rotation, pixel format and upright size are those of the first picture.
    pictures : all decoded pictures in presentation order, the first included; one pass.
    tally : what was met so far; grows while `pictures` is read.
    """

    name: str
    container: InputContainer
    stream: VideoStream
    info: ClipInfo
    geometry: Geometry
    first: av.VideoFrame
    pictures: Iterator[av.VideoFrame]
    tally: Tally

    def __enter__(self) -> ClipSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.container.close()


@dataclass
class Tally:
    """What was met while reading: compressed pictures, encryption, and problems as short codes."""

    packet_count: int = 0
    is_encrypted: bool = False
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        """Remember a problem once."""
        if problem not in self.problems:
            self.problems.append(problem)


def open_source(path: Path, settings: VideoSettings) -> ClipSource:
    """Open the film in a file and decode its first picture.

    Raises
    ------
    ClipNotFoundError
        Nothing there, a folder, or not a regular file.
    ClipNotReadableError
        Empty, not a video, audio only, no decoder, encrypted, nothing decodes, or beyond the limits of `settings`.
    """
    name = shown_name(path)
    require_regular_file(path)
    container = open_container(path, settings)
    try:
        stream = choose_stream(container, name)
        require_declared_limits(container, stream, settings, name)
        return _begin(path, container, stream, settings)
    except ClipError:
        container.close()
        raise


def _sha256(path: Path, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_HASH_BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise ClipNotReadableError(f"{name} cannot be read to its end", "a whole file", AN_ORIGINAL) from error
    return digest.hexdigest()


def _begin(path: Path, container: InputContainer, stream: VideoStream, settings: VideoSettings) -> ClipSource:
    name = shown_name(path)
    stream.thread_type = "AUTO"
    stream.thread_count = DECODER_THREADS
    stream.codec_context.options = decoder_options(settings)
    tally = Tally()
    later = decoded_pictures(container, stream, tally)
    first = next(later, None)
    if first is None:
        raise _nothing_decodes(name, tally)
    geometry, problems = geometry_of(first, stream.sample_aspect_ratio)
    require_frame_size(geometry.width_px, geometry.height_px, settings, name)
    for problem in [*problems, *(["interlaced"] if first.interlaced_frame else [])]:
        tally.note(problem)
    info = _declared_info(container, stream, _sha256(path, name), first, geometry)
    return ClipSource(name, container, stream, info, geometry, first, _chain(first, later), tally)


def _chain(first: av.VideoFrame, later: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    yield first
    yield from later


def _nothing_decodes(name: str, tally: Tally) -> ClipNotReadableError:
    if tally.is_encrypted:
        return ClipNotReadableError(f"{name} is encrypted", "a film without copy protection", AN_ORIGINAL)
    return ClipNotReadableError(
        f"{name} has a video header but no picture that decodes", "at least 2 s of video", AN_ORIGINAL
    )


def decoded_pictures(container: InputContainer, stream: VideoStream, tally: Tally) -> Iterator[av.VideoFrame]:
    """Decode from where the container stands to its end, leaving out what damage has touched.

    After a packet that does not decode, or a picture that the decoder marks as damaged, pictures are left out
    up to the next keyframe: a patched-up picture would look like movement.
    """
    is_touched = False
    for packet in _packets(container, stream, tally):
        try:
            pictures = stream.decode(packet)
        except av.error.EOFError:
            continue
        except av.FFmpegError:
            tally.note("damaged")
            is_touched = True
            continue
        for picture in pictures:
            if picture.is_corrupt:
                tally.note("damaged")
            is_touched = picture.is_corrupt or (is_touched and not picture.key_frame)
            if not is_touched:
                yield picture


def _packets(container: InputContainer, stream: VideoStream, tally: Tally) -> Iterator[av.Packet | None]:
    """Read the stream's packets, then None, which drains the decoder."""
    try:
        for packet in container.demux(stream):
            if packet.size:
                tally.packet_count += 1
                tally.is_encrypted |= packet.has_sidedata("encryption_info")
                yield packet
    except av.FFmpegError:  # the file breaks off
        tally.note("damaged")
    yield None


def _declared_info(
    container: InputContainer, stream: VideoStream, sha256: str, first: av.VideoFrame, geometry: Geometry
) -> ClipInfo:
    duration_s = declared_duration_s(container, stream)
    rate_hz = stream.average_rate
    comments = [value for key, value in container.metadata.items() if key.lower() == "comment"]
    return ClipInfo(
        sha256=sha256,
        container=container.format.name,
        codec=stream.codec_context.codec.canonical_name,
        pixel_format=first.format.name,
        width_px=geometry.width_px,
        height_px=geometry.height_px,
        frame_count=stream.frames or None,
        duration_s=None if duration_s is None else float(duration_s),
        mean_rate_hz=None if not rate_hz else float(rate_hz),
        is_variable_rate=None,
        rotation_deg=geometry.rotation_deg,
        is_mirrored_by_matrix=geometry.is_mirrored,
        is_simulated=any(comment.startswith(SIMULATED_COMMENT) for comment in comments),
        bit_rate_bps=stream.codec_context.bit_rate or container.bit_rate or None,
        declared_frame_count=stream.frames or None,
    )


def clock_of(source: ClipSource) -> PresentationClock:
    """Clock of the chosen stream."""
    time_base_s = source.stream.time_base
    if time_base_s is None:
        raise ClipNotReadableError(f"{source.name} has no clock", "a film with timestamps", AN_ORIGINAL)
    return PresentationClock(time_base_s, source.stream.average_rate)


def is_of_size(picture: av.VideoFrame, source: ClipSource) -> bool:
    """Whether a picture has the stored size of the first one."""
    geometry = source.geometry
    return (picture.width, picture.height) == (geometry.stored_width_px, geometry.stored_height_px)


def is_intra(picture: av.VideoFrame) -> bool:
    """Whether a picture stands on its own: a keyframe, or an intra frame that others may not rest upon."""
    return bool(picture.key_frame) or picture.pict_type == PictureType.I
