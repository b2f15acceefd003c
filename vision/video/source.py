"""An open film: its declared facts, and its pictures one by one. Shared by `probe`, `decode` and `sample`."""

from __future__ import annotations

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
    choose_stream,
    declared_duration_s,
    decoder_options,
    open_container,
    require_declared_limits,
    require_frame_size,
)
from vision.video.files import AN_ORIGINAL, require_regular_file, shown_name
from vision.video.maker import capture_rate_hz, is_phone_original
from vision.video.picture import TRANSFERS, Geometry, geometry_of, has_dolby_vision, is_full_range
from vision.video.scan import Content, content_of
from vision.video.timing import PresentationClock

# Fixed, not the number of processors: damaged files would otherwise decode differently on different machines.
DECODER_THREADS = 4
LOOK_THREADS = 2  # for a look here and there: each decodes a picture ahead that nobody asks for
# Every picture of these stands on its own, though not every one is marked as a keyframe.
INTRA_CODECS = ("ffv1", "ffvhuff", "huffyuv", "utvideo")
# One packet, one picture: where packets go in and no picture comes out, the decoder missed what it rests upon.
COUNTABLE_CODECS = ("h264", "hevc")
# Nothing that H.264 or HEVC writes holds three zero bytes in a row (emulation prevention: ITU-T H.264 7.4.1, H.265
# 7.4.2), save at the end of a packet and in the length before a unit. A longer run is a hole in the file.
HOLE = bytes(64)
LARGEST_PACKET_BYTES = 1 << 26  # a picture of the largest size, raw, has 100 MB; coded, a tenth of that. Our choice
SIMULATED_COMMENT = "simulated by twitchscope"


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
    """What was met while reading: compressed pictures, encryption, and problems as short codes.

    hidden_count : packets that an edit list hides. picture_count : pictures that came out of the decoder.
    spoiled_pts : of packets that are damaged before any decoder sees them, and of those after them up to a keyframe.
    """

    packet_count: int = 0
    hidden_count: int = 0
    picture_count: int = 0
    spoiled_pts: set[int] = field(default_factory=set)
    is_encrypted: bool = False
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        """Remember a problem once."""
        if problem not in self.problems:
            self.problems.append(problem)


def open_source(path: Path, settings: VideoSettings, threads: int = DECODER_THREADS) -> ClipSource:
    """Open the film in a file and decode its first picture.

    Parameters
    ----------
    threads : of the decoder.

    Raises
    ------
    ClipNotFoundError
        Nothing there, a folder, or not a regular file.
    ClipNotReadableError
        Empty, not a video, audio only, no decoder, encrypted, nothing decodes, or beyond the limits of `settings`.
    """
    name = shown_name(path)
    require_regular_file(path, follow_links=settings.follow_links)
    container = open_container(path, settings)
    try:
        stream = choose_stream(container, settings, name)
        require_declared_limits(container, stream, settings, name)
        return _begin(path, container, stream, settings, threads)
    except ClipError:
        container.close()
        raise


def _begin(
    path: Path, container: InputContainer, stream: VideoStream, settings: VideoSettings, threads: int
) -> ClipSource:
    name = shown_name(path)
    stream.thread_type = "AUTO"
    stream.thread_count = threads
    stream.codec_context.options = decoder_options(settings, stream.codec_context.codec.canonical_name)
    tally = Tally()
    later = decoded_pictures(container, stream, tally)
    first = next(later, None)
    if first is None:
        raise _nothing_decodes(name, tally)
    geometry, problems = geometry_of(first, stream.sample_aspect_ratio)
    require_frame_size(geometry.width_px, geometry.height_px, settings, name)
    for problem in problems:
        tally.note(problem)
    info = _declared_info(container, stream, content_of(path, settings), first, geometry)
    if info.has_slowed_part and info.capture_rate_hz is None:
        tally.note("slowed-part")
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
        except MemoryError:  # FFmpeg's own is an FFmpegError too, and no damage
            raise
        except av.FFmpegError:
            tally.note("damaged")
            is_touched = True
            continue
        for picture in pictures:
            tally.picture_count += 1
            is_damaged = picture.is_corrupt or picture.pts in tally.spoiled_pts
            if is_damaged:
                tally.note("damaged")
            is_touched = is_damaged or (is_touched and not picture.key_frame)
            if not is_touched:
                yield picture
    is_countable = stream.codec_context.codec.canonical_name in COUNTABLE_CODECS
    if is_countable and tally.picture_count < tally.packet_count - tally.hidden_count:
        tally.note("damaged")


def _packets(container: InputContainer, stream: VideoStream, tally: Tally) -> Iterator[av.Packet | None]:
    """Read the stream's packets, then None, which drains the decoder."""
    is_lost = False
    try:
        for packet in container.demux(stream):
            if packet.size:
                tally.packet_count += 1
                tally.hidden_count += packet.is_discard
                is_lost = _is_spoiled(packet, stream) or (is_lost and not packet.is_keyframe)
                if is_lost and packet.pts is not None:
                    tally.spoiled_pts.add(packet.pts)
                tally.is_encrypted |= packet.has_sidedata("encryption_info")
                yield packet
    except MemoryError:
        if not _has_room(min(container.size, LARGEST_PACKET_BYTES)):
            raise
        tally.note("damaged")
    except av.FFmpegError:  # the file breaks off
        tally.note("damaged")
    yield None


def _has_room(size_bytes: int) -> bool:
    """Whether memory was there: where a damaged file claims a packet of 4 GB, FFmpeg, too, says that there is none."""
    try:
        bytearray(size_bytes)
    except MemoryError:
        return False
    return True


def _is_spoiled(packet: av.Packet, stream: VideoStream) -> bool:
    """Whether the container marks a packet as damaged, or it has a hole of zeros, as in a file not sent to its end."""
    if packet.is_corrupt:
        return True
    return stream.codec_context.codec.canonical_name in COUNTABLE_CODECS and HOLE in bytes(packet).rstrip(b"\0")


def _declared_info(
    container: InputContainer, stream: VideoStream, content: Content, first: av.VideoFrame, geometry: Geometry
) -> ClipInfo:
    duration_s = declared_duration_s(container, stream)
    rate_hz = stream.average_rate
    comments = [value for key, value in container.metadata.items() if key.lower() == "comment"]
    return ClipInfo(
        sha256=content.sha256,
        container="webp" if content.is_animation else container.format.name,
        codec="webp" if content.is_animation else stream.codec_context.codec.canonical_name,
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
        span_s=content.scan.span_s,
        typical_rate_hz=content.scan.typical_rate_hz,
        dropped_count=content.scan.dropped_count,
        longest_gap_s=content.scan.longest_gap_s,
        keyframe_interval_s=content.scan.keyframe_interval_s,
        is_all_intra=content.scan.is_all_intra or stream.codec_context.codec.canonical_name in INTRA_CODECS,
        capture_rate_hz=capture_rate_hz(container.metadata),
        has_slowed_part=content.has_slowed_part,
        is_phone_original=is_phone_original({**container.metadata, **stream.metadata}),
        is_dolby_vision=has_dolby_vision(first),
        transfer=TRANSFERS.get(stream.codec_context.color_trc, "sdr"),
        is_full_range=is_full_range(first),
        is_interlaced=geometry.is_interlaced,
        is_pixel_square=geometry.square_width_px == geometry.stored_width_px,
        stream_count=len(container.streams),
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


def is_redrawn(picture: av.VideoFrame, source: ClipSource) -> bool:
    """Whether a picture stands on its own among others that do not; see `Frame.is_keyframe`.

    That is a keyframe, or an intra frame that others may not rest upon.
    """
    return not source.info.is_all_intra and (bool(picture.key_frame) or picture.pict_type == PictureType.I)
