"""The films of a report, all drawn in one pass over the clip: marked, magnified, and a short one of each twitch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vision.errors import ResultFileError
from vision.model.arrays import ByteArray
from vision.model.clip import Frame
from vision.model.drawing import Drawing
from vision.model.events import TwitchEvent
from vision.model.result import AnalysisResult, ResultDocument
from vision.report.chosen import EVENT_MARGIN_S, chosen_events, films_note
from vision.report.folder import EVENT_CLIPS_NAME, MAGNIFIED_NAME, OVERLAY_NAME, refusal
from vision.report.magnify import Magnifier, magnification
from vision.report.marked import Marker
from vision.report.still import EVERY_FRAME_HZ, reading
from vision.report.veil import Strength, Veil
from vision.video.abreast import AbreastWriter
from vision.video.decode import open_clip
from vision.video.encode import ClipWriter

LONGEST_SIDE_PX = 960  # of the films: a phone's screen, half of 1080p; our choice
# A report with both films stays under 25 MB: base64 makes 4 of 3 bytes, 2 × 8 MB become 21.3 MB.
FILM_BYTES = 8_000_000
# overlay.mp4 is also shown and sent by itself: base64 makes 24 MB of it, and most mail takes 25 MB. Our choice.
OVERLAY_BYTES = 18_000_000
PAGE_FILM_NAME = "page.mp4"  # lives only while it is written
MOST_BITS_PER_S = 2_500_000
PRESET = "veryfast"  # half the time of "medium" for a tenth more bytes
EVENT_CRF = 23

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Films:
    """What was written.

    factor : of the magnified film. slowdown : seconds of the film for each second of life.
    full_from_px : amplitude from which a twitch is enlarged by all of `factor`; None without a magnified film.
    for_page : the marked film as the page holds it, where `overlay` is too large for it; else None.
    note : says that not every twitch has a film of its own; empty where each has, or none was wanted.
    """

    overlay: Path
    magnified: Path | None
    factor: float | None
    slowdown: float
    event_clips: tuple[Path, ...] = ()
    full_from_px: float | None = None
    for_page: bytes | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class _Shot:
    """One picture of the pass: as filmed (or pixelated), and magnified."""

    index: int
    film_s: float
    life_s: float
    plain: ByteArray
    magnified: ByteArray | None


def write_films(
    result: AnalysisResult, clip: Path, folder: Path, drawing: Drawing, on_progress: Progress,
    strength: Strength | None = None,
) -> Films:  # fmt: skip
    """Write overlay.mp4, magnified.mp4 and, where wanted, a clip of each twitch (of many: see `chosen_events`).

    strength : of the veil over a de-identified film.

    Raises
    ------
    ResultFileError
        The clip is another one, or shorter than the result.
    ClipError
        It cannot be read.
    OutputError
        A film cannot be written; an older one of that name is then still whole.
    """
    factor = magnification(drawing, result.document)
    size_px, scale = film_size(result)
    marker = Marker(result, scale, size_px)
    rate_bps, overlay_bps = (bit_rate_bps(size, result.document) for size in (FILM_BYTES, OVERLAY_BYTES))
    every = max(1, round(result.document.clip.mean_rate_hz))
    last_film_s = 0.0
    with ExitStack() as stack:
        marked_px = (size_px[0], size_px[1] + marker.strip_px)
        wanted = {OVERLAY_NAME: overlay_bps} | ({PAGE_FILM_NAME: rate_bps} if rate_bps < overlay_bps else {})
        marked = [stack.enter_context(_writer(folder / name, marked_px, bps, every)) for name, bps in wanted.items()]
        second = factor and stack.enter_context(_writer(folder / MAGNIFIED_NAME, size_px, rate_bps, every))
        singles = EventClips(result, folder, size_px) if drawing.event_clips else None
        if singles is not None:
            stack.enter_context(singles)
        veil = Veil(result, scale, size_px, strength) if drawing.deidentify else None
        magnifier = Magnifier(result, factor, scale, size_px) if factor else None
        for shot in _shots(result, clip, size_px, magnifier, veil, on_progress):
            picture = marker.draw(shot.plain, shot.index)
            for one in marked:
                one.write(picture, shot.film_s)
            if second and shot.magnified is not None:
                second.write(shot.magnified, shot.film_s)
            if singles is not None:
                singles.write(shot)
            last_film_s = shot.film_s
    lasted_s = float(result.signals.time_s[-1])
    return Films(
        folder / OVERLAY_NAME,
        folder / MAGNIFIED_NAME if factor else None,
        factor,
        last_film_s / lasted_s if lasted_s > 0 else 1.0,
        tuple(singles.paths) if singles is not None else (),
        None if magnifier is None else magnifier.full_from_px,
        _taken(folder / PAGE_FILM_NAME) if PAGE_FILM_NAME in wanted else None,
        films_note(result.document.events) if drawing.event_clips else "",
    )


def bit_rate_bps(most_bytes: int, document: ResultDocument) -> int:
    """Share so many bytes out over a clip; a short one gets no more than its pictures can use."""
    return min(MOST_BITS_PER_S, int(most_bytes * 8 / max(document.clip.duration_s, 1.0)))


def _taken(path: Path) -> bytes:
    """Read a film and take its file away."""
    try:
        content = path.read_bytes()
        path.unlink()
    except OSError as error:
        raise refusal(path, error) from error
    return content


def film_size(result: AnalysisResult, longest_px: int = LONGEST_SIDE_PX) -> tuple[tuple[int, int], float]:
    """Choose (width, height), even for yuv420p, and px of the film for each native px."""
    native = np.array([result.document.clip.width_px, result.document.clip.height_px])
    scale = min(1.0, longest_px / float(native.max()))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in native.tolist())
    return (width, height), scale


def _writer(path: Path, size_px: tuple[int, int], rate_bps: int, keyframe_interval_frames: int) -> AbreastWriter:
    return AbreastWriter(
        ClipWriter(
            path, *size_px, bit_rate_bps=rate_bps, preset=PRESET, keyframe_interval_frames=keyframe_interval_frames
        )
    )


def _shots(
    result: AnalysisResult, clip: Path, size_px: tuple[int, int], magnifier: Magnifier | None,
    veil: Veil | None, on_progress: Progress,
) -> Iterator[_Shot]:  # fmt: skip
    count, index = len(result.signals.time_s), -1
    with open_clip(clip, reading(LONGEST_SIDE_PX), rgb_rate_hz=EVERY_FRAME_HZ) as reader:
        if reader.info.sha256 != result.document.clip.sha256:
            raise ResultFileError(
                f"{clip.name} is not the clip of this result", "the very file that was analysed", "check --clip"
            )
        for index, frame in zip(range(count), reader, strict=False):
            on_progress(index / count)
            rgb = picture_of(frame, size_px)
            magnified = magnifier.picture(rgb, index) if magnifier else None
            if veil is not None:
                rgb = veil.hide(rgb, index)
                magnified = None if magnified is None else veil.hide(magnified, None)
            yield _Shot(index, frame.time_s, float(result.signals.time_s[index]), rgb, magnified)
    if index + 1 < count:
        raise ResultFileError(f"{clip.name} ends before its result", "the whole clip", "analyse the clip again")


def picture_of(frame: Frame, size_px: tuple[int, int]) -> ByteArray:
    """(h, w, 3) RGB of exactly this (width, height); grey where the frame came without colour."""
    if frame.rgb_small is None:
        grey = cv2.resize(frame.luma, size_px, interpolation=cv2.INTER_AREA)
        return np.repeat(np.asarray(grey, np.uint8)[..., None], 3, axis=2)
    if frame.rgb_small.shape[1::-1] == size_px:
        return frame.rgb_small
    return np.asarray(cv2.resize(frame.rgb_small, size_px, interpolation=cv2.INTER_LINEAR), np.uint8)


class EventClips:
    """Writes a film of each chosen twitch, ±1 s, plain and magnified side by side, while the shots pass by."""

    def __init__(self, result: AnalysisResult, folder: Path, size_px: tuple[int, int]) -> None:
        self._events = chosen_events(result.document.events)
        self._folder, self._size_px = folder / EVENT_CLIPS_NAME, size_px
        self._open: dict[int, ClipWriter] = {}
        self.paths: list[Path] = []

    def __enter__(self) -> EventClips:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        for number in list(self._open):
            self._open.pop(number).__exit__(kind, error, None)

    def write(self, shot: _Shot) -> None:
        """Give a shot to each film whose second it belongs to."""
        due = [event for event in self._events if abs(shot.life_s - event.peak_s) <= EVENT_MARGIN_S]
        for number in set(self._open) - {event.id for event in due}:
            self._open.pop(number).__exit__(None, None, None)
        if not due:
            return
        sides = [shot.plain] if shot.magnified is None else [shot.plain, shot.magnified]
        both = np.hstack(sides)
        for event in due:
            if event.id not in self._open:
                self._open[event.id] = self._new(event, both.shape[1::-1])
            self._open[event.id].write(both, shot.film_s)

    def _new(self, event: TwitchEvent, size_px: tuple[int, ...]) -> ClipWriter:
        self.paths.append(self._folder / f"event-{event.id:04d}.mp4")
        return ClipWriter(self.paths[-1], size_px[0], size_px[1], crf=EVENT_CRF, preset=PRESET).__enter__()
