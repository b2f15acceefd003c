"""Open a file safely and choose its film, or say why not. Shared by everything that reads."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from vision.errors import ClipNotReadableError
from vision.settings import VideoSettings
from vision.video.files import AN_ORIGINAL, shown_name
from vision.video.memory import little_memory
from vision.video.stills import animation_as_film, head_of, is_still, is_webp

# Containers that hold one film in one file. Playlists, picture sequences, subtitles and captures from devices are
# left out: they would make FFmpeg open other files than the one that was named.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpegts,mpeg,asf,flv,ogg,ivf,m4v,h264,hevc,mpegvideo,mjpeg,mxf,dv,nut"
)
# A video stream that small is a thumbnail (our choice; the smallest film seen had 50 px).
THUMBNAIL_SIDE_PX = 32
# Unless told otherwise FFmpeg patches damaged pictures of these up without marking them. With the others (H.264 above
# all) the same option would lose whole pictures; VP8 and VP9 carry nothing by which damage could be seen.
SILENT_CODECS = ("hevc", "mjpeg")
# Decoders round pictures up to whole blocks; the exact limit is checked on the picture itself.
BLOCK_ALLOWANCE = 2


def open_container(path: Path, settings: VideoSettings) -> InputContainer:
    """Open the file that was named and no other."""
    options = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
    try:
        head = head_of(path)
        if is_still(head):
            raise ClipNotReadableError(
                f"{shown_name(path)} is a still picture", "a film", "a live photo's film lies beside it; choose that"
            )
        if is_webp(head):
            return av.open(animation_as_film(path, settings), mode="r")
        # The prefix keeps names such as "concat:a" or "-" from being taken for protocols.
        # Not `options`: PyAV 16 then frees one dictionary too many where streams show up late, and crashes (its #2010).
        try:
            with little_memory():
                return av.open(f"file:{path.absolute()}", container_options=options, metadata_errors="replace")
        except MemoryError as error:
            raise too_much_to_keep(shown_name(path), settings) from error
    except MemoryError:
        raise
    except PermissionError as error:
        raise ClipNotReadableError(f"{shown_name(path)} may not be read", "a file that is yours to read") from error
    except (av.FFmpegError, ValueError, UnicodeError) as error:
        raise ClipNotReadableError(
            f"{shown_name(path)} cannot be read as a video",
            "a film such as MP4, MOV, MKV, WebM, AVI or GIF",
            f"{AN_ORIGINAL}; an interrupted recording or upload ends like this",
        ) from error


def too_much_to_keep(name: str, settings: VideoSettings) -> ClipNotReadableError:
    """Refuse a file whose index alone would not fit into memory."""
    return ClipNotReadableError(
        f"{name} claims to hold more pictures than can be kept track of", f"at most {settings.most_frames}", AN_ORIGINAL
    )


def decoder_options(settings: VideoSettings, codec: str) -> dict[str, str]:
    """Keep a decoder from allocating pictures far beyond the limit, and have it own up to damage where it would not."""
    options = {"max_pixels": str(settings.largest_frame_px * BLOCK_ALLOWANCE)}
    return {**options, "err_detect": "explode"} if codec in SILENT_CODECS else options


def choose_stream(container: InputContainer, settings: VideoSettings, name: str) -> VideoStream:
    """Choose the film among cover pictures, thumbnails and second streams."""
    if len(container.streams) > settings.most_streams:
        raise ClipNotReadableError(
            f"{name} holds {len(container.streams)} streams", f"at most {settings.most_streams}", AN_ORIGINAL
        )
    pictures = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    films = [stream for stream in container.streams.video if not _disposition(stream) & pictures]
    if not films:
        what = "only a cover picture" if container.streams.video else "no video"
        raise ClipNotReadableError(f"{name} holds {what}", "a film", "choose the video file")
    decodable = [stream for stream in films if stream.codec_context is not None]
    if not decodable:
        raise ClipNotReadableError(
            f"{name} is in a video format that has no decoder here", "H.264, HEVC, VP9 or AV1", "convert it to H.264"
        )
    return max(decodable, key=_preference)


def _disposition(stream: VideoStream) -> Disposition:
    return Disposition(stream.disposition)


def _preference(stream: VideoStream) -> tuple[bool, bool, int, Fraction, int, int]:
    """Rank films: no thumbnail, marked as default, most frames, longest, largest, first.

    Frames come before size: phones add a second, larger stream of one or two pictures to motion photos.
    """
    width_px, height_px = stream.codec_context.width, stream.codec_context.height
    return (
        max(width_px, height_px) > THUMBNAIL_SIDE_PX,
        bool(_disposition(stream) & Disposition.default),
        stream.frames,
        _stream_duration_s(stream) or Fraction(0),
        width_px * height_px,
        -stream.index,
    )


def _stream_duration_s(stream: VideoStream) -> Fraction | None:
    if not stream.duration or stream.duration < 0 or stream.time_base is None:
        return None
    return stream.duration * stream.time_base


def declared_duration_s(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Length that the stream, else the file, declares; None where neither does."""
    duration_s = _stream_duration_s(stream)
    if duration_s is None and container.duration and container.duration > 0:
        # A file's length counts from 0 s, wherever its film starts.
        start_s = (stream.start_time or 0) * (stream.time_base or 0)
        duration_s = Fraction(container.duration, av.time_base) - max(start_s, 0)
    return duration_s if duration_s is None or duration_s > 0 else None


def require_declared_limits(container: InputContainer, stream: VideoStream, settings: VideoSettings, name: str) -> None:
    """Refuse by what the header says, before anything is decoded."""
    require_frame_size(stream.codec_context.width, stream.codec_context.height, settings, name)
    if stream.frames > settings.most_frames:
        raise ClipNotReadableError(
            f"{name} has {stream.frames} pictures", f"at most {settings.most_frames}", "cut it into shorter clips"
        )
    duration_s = declared_duration_s(container, stream)
    if duration_s is not None:
        require_length(float(duration_s), settings, name)


def require_frame_size(width_px: int, height_px: int, settings: VideoSettings, name: str) -> None:
    """Refuse pictures beyond `largest_frame_px`."""
    if width_px * height_px > settings.largest_frame_px:
        raise ClipNotReadableError(
            f"{name} has pictures of {width_px}x{height_px} px",
            f"at most {settings.largest_frame_px} px in all",
            "film in 4K or below",
        )


def require_length(duration_s: float, settings: VideoSettings, name: str) -> None:
    """Refuse films beyond `longest_clip_s`."""
    if duration_s > settings.longest_clip_s:
        raise ClipNotReadableError(
            f"{name} lasts {duration_s:.0f} s", f"at most {settings.longest_clip_s:g} s", "cut it into shorter clips"
        )
