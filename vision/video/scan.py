"""What the compressed pictures of a film tell before any is decoded: times, gaps, keyframes, and a bound on its length.

Costs one reading of the file. A film with too many pictures is refused here, whatever its header says.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from vision.errors import ClipNotReadableError
from vision.settings import VideoSettings
from vision.video.container import choose_stream, open_container, too_much_to_keep
from vision.video.files import AN_ORIGINAL, shown_name, stamp_of
from vision.video.maker import has_slowed_part
from vision.video.memory import little_memory
from vision.video.stills import head_of, is_webp

_HASH_BLOCK_BYTES = 1 << 20
# Distances within this share of the median count as the usual one; a picture is missing from 1.5 on (our choice).
USUAL_SHARE = 0.2
GAP_SHARE = 1.5
Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PacketScan:
    """What the packets of the film tell; see `ClipInfo` for the fields."""

    picture_count: int
    untimed_count: int
    span_s: float | None
    typical_rate_hz: float | None
    dropped_count: int | None
    longest_gap_s: float | None
    keyframe_interval_s: float | None
    is_all_intra: bool


@dataclass(frozen=True)
class Content:
    """The file as a whole: its name by content, its packets, the trailer of its maker."""

    sha256: str
    scan: PacketScan
    has_slowed_part: bool
    is_animation: bool


def content_of(path: Path, settings: VideoSettings) -> Content:
    """Read the file once from end to end; remembered while it does not change.

    Raises
    ------
    ClipNotReadableError
        It cannot be read, or holds more than `most_frames` pictures.
    """
    try:
        return _content(path, stamp_of(path), settings)
    except OSError as error:
        name = shown_name(path)
        raise ClipNotReadableError(f"{name} cannot be read to its end", "a whole file", AN_ORIGINAL) from error


@lru_cache(maxsize=8)
def _content(path: Path, _stamp: tuple[str, int, int, int, int], settings: VideoSettings) -> Content:
    name = shown_name(path)
    with open_container(path, settings) as container, little_memory():
        scan = scan_packets(container, choose_stream(container, settings, name), settings, name)
    return Content(_sha256(path), scan, has_slowed_part(path), is_webp(head_of(path)))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def scan_packets(container: InputContainer, stream: VideoStream, settings: VideoSettings, name: str) -> PacketScan:
    """Read all packets of a film without decoding; stops at the first that cannot be read."""
    begins: list[int] = []
    lasts: list[int] = []
    keys: list[int] = []
    count = 0
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            count += 1
            if count > settings.most_frames:
                raise ClipNotReadableError(
                    f"{name} has more than {settings.most_frames} pictures", "fewer", "cut it into shorter clips"
                )
            if packet.pts is None or packet.is_discard:
                continue
            begins.append(packet.pts)
            lasts.append(packet.duration or 0)
            if packet.is_keyframe:
                keys.append(packet.pts)
    except MemoryError as error:  # later fragments bring their own index
        raise too_much_to_keep(name, settings) from error
    except av.FFmpegError:
        pass  # the film breaks off here; decoding it will say so
    tick_s = float(stream.time_base or 0)
    order = np.argsort(np.array(begins, np.float64), kind="stable")
    times_s = np.array(begins, np.float64)[order] * tick_s
    ends_s = times_s + np.array(lasts, np.float64)[order] * tick_s
    return _scan(count, times_s, ends_s, np.sort(np.array(keys, np.float64)) * tick_s)


def _scan(count: int, times_s: Times, ends_s: Times, keys_s: Times) -> PacketScan:
    untimed = count - len(times_s)
    is_all_intra = len(keys_s) == len(times_s) > 1
    if len(times_s) < 2 or times_s[-1] <= times_s[0]:
        # One picture, or many at one time: they last as long as they say. Without a time nothing is known.
        span_s = float(ends_s.max() - times_s[0]) if len(times_s) and not untimed else None
        return PacketScan(count, untimed, span_s, None, None, None, _median(np.diff(keys_s)), is_all_intra)
    steps_s = np.diff(times_s)
    steps_s = steps_s[steps_s > 0]
    usual_s = usual_step_s(steps_s)
    missing = np.round(steps_s / usual_s) - 1
    return PacketScan(
        picture_count=count,
        untimed_count=untimed,
        # The last picture lasts as long as the file says, but never less than the usual time.
        span_s=float(max(ends_s.max(), times_s[-1] + usual_s) - times_s[0]),
        typical_rate_hz=1 / usual_s,
        dropped_count=int(missing[steps_s > GAP_SHARE * usual_s].sum()),
        longest_gap_s=float(steps_s.max()),
        keyframe_interval_s=_median(np.diff(keys_s)),
        is_all_intra=is_all_intra,
    )


def usual_step_s(steps_s: Times) -> float:
    """Usual distance of pictures: the mean of those near the median, since containers round to a millisecond."""
    middle_s = float(np.percentile(steps_s, 50, method="lower"))
    return float(steps_s[np.abs(steps_s - middle_s) <= USUAL_SHARE * middle_s].mean())


def _median(steps_s: Times) -> float | None:
    return float(np.median(steps_s)) if len(steps_s) else None
