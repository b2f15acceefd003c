"""Clips frame by frame: luma for motion, small RGB for landmarks, real timestamps."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import av

from vision.errors import ClipNotReadableError, ClipTooShortError
from vision.model.arrays import ByteArray
from vision.model.clip import ClipInfo, Frame
from vision.settings import VideoSettings
from vision.video.container import require_length
from vision.video.files import AN_ORIGINAL
from vision.video.picture import luma_of, rgb_small_of
from vision.video.sample import sample_frames
from vision.video.source import ClipSource, clock_of, is_of_size, is_redrawn, open_source

__all__ = ["ClipReader", "open_clip", "sample_frames"]

# A file without a frame count is taken for truncated when it ends this much before the length in its header;
# sound may outlast the picture by a little (our choice, unvalidated).
SILENT_END_S = 1.0
SILENT_END_SHARE = 0.05
# Timestamps are rounded down as often as up; without this share of a slot, 30 of 30 frames a second would be 29.
SLOT_ROUNDING = 0.05


def open_clip(path: Path, settings: VideoSettings, *, rgb_rate_hz: float | None = None) -> ClipReader:
    """Open a clip for one pass over its frames.

    Parameters
    ----------
    path : the clip.
    settings : its limits and the size of the small RGB picture.
    rgb_rate_hz : about how many frames a second get `Frame.rgb_small`; the first frame always does.
        None: no frame does.

    Raises
    ------
    ClipNotFoundError, ClipNotReadableError
        As `vision.video.probe.probe`.
    """
    return ClipReader(open_source(path, settings), settings, rgb_rate_hz)


class ClipReader:
    """Iterate once over the frames of a clip, in the order in which they are shown.

    Memory does not grow with the length of the clip, except for the times of its keyframes. Use it as a context
    manager, or call `close`.

    Raises
    ------
    ClipTooShortError
        After the last frame, where fewer than `shortest_clip_s` seconds decoded.
    ClipNotReadableError
        While iterating, where the timestamps run beyond `longest_clip_s`; at the end, where most do not advance.
    """

    def __init__(self, source: ClipSource, settings: VideoSettings, rgb_rate_hz: float | None) -> None:
        self._source = source
        self._settings = settings
        self._rgb_rate_hz = rgb_rate_hz
        self._last_rgb_slot = -1
        self._clock = clock_of(source)
        self._keyframe_s: list[float] = []
        self._info = source.info
        self._frames = self._decode()

    def __enter__(self) -> ClipReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    @property
    def info(self) -> ClipInfo:
        """Declared values; after the last frame, what was decoded."""
        return self._info

    @property
    def problems(self) -> tuple[str, ...]:
        """Short codes of what was met so far.

        damaged : a packet or picture did not decode; the film was left out up to the next keyframe.
        truncated : the film ends before the file says it does.
        size-change : the picture size changes; the film was read up to there.
        missing-timestamps : placed after the frame before.
        no-timestamps : no frame has a time of its own; all follow the rate that the file names.
        duplicate-timestamps, backward-timestamps : frames that do not advance were left out.
        odd-rotation : the display matrix is no quarter turn; it was ignored.
        odd-pixel-shape : the declared pixel shape cannot be meant; it was ignored.
        interlaced : pictures hold two half pictures of different times; from there on one of them was kept.
        slowed-part : the phone slowed a stretch of the film down after filming, and times in it are not those of life.
        """
        return (*self._source.tally.problems, *self._clock.problems)

    def close(self) -> None:
        """Let go of the file; the iteration ends."""
        self._frames.close()
        self._source.container.close()

    def _decode(self) -> Generator[Frame, None, None]:
        for picture in self._source.pictures:
            if not is_of_size(picture, self._source):
                self._source.tally.note("size-change")
                break
            shown_s = self._clock.place(picture.pts, picture.duration)
            if shown_s is not None:
                require_length(float(shown_s), self._settings, self._source.name)
                yield self._frame(picture, float(shown_s))
        self._conclude()

    def _frame(self, picture: av.VideoFrame, time_s: float) -> Frame:
        if picture.interlaced_frame and not self._source.geometry.is_interlaced:
            self._source.geometry = replace(self._source.geometry, is_interlaced=True)
            self._source.tally.note("interlaced")
        is_keyframe = is_redrawn(picture, self._source)
        if is_keyframe:
            self._keyframe_s.append(time_s)
        return Frame(
            index=self._clock.count - 1,
            time_s=time_s,
            luma=luma_of(picture, self._source.geometry),
            is_keyframe=is_keyframe,
            rgb_small=self._rgb_if_due(picture, time_s),
        )

    def _rgb_if_due(self, picture: av.VideoFrame, time_s: float) -> ByteArray | None:
        """One picture for each slot of 1 / rate seconds, so that the choice does not depend on the frame rate."""
        if self._rgb_rate_hz is None:
            return None
        slot = math.floor(time_s * self._rgb_rate_hz + SLOT_ROUNDING)
        if slot <= self._last_rgb_slot:
            return None
        self._last_rgb_slot = slot
        return rgb_small_of(picture, self._source.geometry, self._settings.small_side_px)

    def _conclude(self) -> None:
        """Replace what was declared by what was decoded, and judge it."""
        duration_s = float(self._clock.duration_s or 0)
        if self._is_cut_short(duration_s):
            self._source.tally.note("truncated")
        if self._clock.derived_count == self._clock.count:
            self._source.tally.note("no-timestamps")
        self._require_a_clock()
        self._info = replace(
            self._source.info,
            frame_count=self._clock.count,
            duration_s=duration_s,
            mean_rate_hz=self._clock.mean_rate_hz,
            is_variable_rate=self._clock.is_variable_rate,
            keyframe_s=tuple(self._keyframe_s),
            is_complete=not {"damaged", "truncated", "size-change"}.intersection(self.problems),
        )
        if duration_s < self._settings.shortest_clip_s:
            raise ClipTooShortError(
                f"{self._source.name} shows {duration_s:.2f} s that can be decoded",
                f"at least {self._settings.shortest_clip_s:g} s",
                "film for a minute or longer" if self._info.is_complete else AN_ORIGINAL,
            )

    def _require_a_clock(self) -> None:
        """Refuse where most pictures do not advance: what is left would be a guess."""
        if self._clock.left_out_count > self._clock.count:
            raise ClipNotReadableError(
                f"{self._source.name} has {self._clock.left_out_count} pictures whose times do not advance",
                "times that advance",
                AN_ORIGINAL,
            )

    def _is_cut_short(self, duration_s: float) -> bool:
        """Whether the film ends before its header says.

        Fewer frames than declared alone mean little: an edit list hides some, an AVI counts dropped ones. So the
        time must be short as well.
        """
        declared_s = self._source.info.duration_s
        if declared_s is None:
            return False
        declared_count = self._source.info.declared_frame_count
        if declared_count is not None:
            interval_s = declared_s / declared_count
            return self._source.tally.packet_count < declared_count and duration_s < declared_s - 2 * interval_s
        return duration_s < declared_s - max(SILENT_END_S, SILENT_END_SHARE * declared_s)
