"""What is drawn onto the pictures of overlay.mp4: outlines, rings that light up, numbers, clock, what was set apart."""

from __future__ import annotations

import cv2
import numpy as np

from vision.model.arrays import ByteArray, FloatArray
from vision.model.events import Site, TwitchEvent
from vision.model.result import AnalysisResult
from vision.report.text import place
from vision.report.warp import moved, to_film

# Colours of Okabe & Ito's palette for the colour-blind (jfly.uni-koeln.de/color), as RGB.
SITE_RGB, LIT_RGB, OTHER_RGB = (86, 180, 233), (255, 190, 0), (200, 200, 200)
INK_RGB, GROUND_RGB = (255, 255, 255), (20, 27, 36)
OUTLINE_SHARE = 0.35  # how strongly the outlines of the regions show
STRIP_SHARE = 0.06  # height of the strip under the picture, of its longer side
RING_FOOTPRINTS, SMALLEST_RING_SHARE = 1.5, 0.012
LINGER_S = 0.15  # a ring stays lit so long after its twitch: one frame alone is not seen
FONT = cv2.FONT_HERSHEY_SIMPLEX


class Marker:
    """Draws the marks of one clip onto pictures of one size.

    scale : px of the picture for each native px. size_px : its (width, height).
    """

    def __init__(self, result: AnalysisResult, scale: float, size_px: tuple[int, int]) -> None:
        self._result, self._scale, self._size_px = result, scale, size_px
        self.strip_px = 2 * round(STRIP_SHARE * max(size_px) / 2)
        self._letter = self.strip_px / 60.0
        self._strip = self._draw_strip()
        self._small = self._letter * min(1.0, (size_px[0] - 12) / self._longest_px())
        self._onset_s = np.array([event.onset_s for event in result.document.events])
        self._offset_s = np.array([event.offset_s for event in result.document.events]) + LINGER_S

    def draw(self, rgb: ByteArray, index: int) -> ByteArray:
        """Give a copy of frame `index` with marks and the strip below it."""
        time_s = float(self._result.signals.time_s[index])
        picture = np.ascontiguousarray(rgb)
        faint = picture.copy()
        for corners in self._outlines(index):
            cv2.polylines(faint, [corners], True, INK_RGB, 1, cv2.LINE_AA)
        picture = np.asarray(cv2.addWeighted(faint, OUTLINE_SHARE, picture, 1 - OUTLINE_SHARE, 0), np.uint8)
        active = self._active(time_s)
        for site in self._result.document.sites:
            self._ring(picture, site, index, [event for event in active if event.site == site.id])
        return np.vstack([picture, self._strip_at(time_s, active)]).astype(np.uint8)

    def rings(self, rgb: ByteArray, index: int) -> ByteArray:
        """Give a copy of frame `index` with the numbered rings alone: for a still."""
        picture = np.ascontiguousarray(rgb).copy()
        for site in self._result.document.sites:
            x, y, radius = self._ring(picture, site, index, [])
            self._write(picture, str(site.id), (x + radius + 4, y - radius), SITE_RGB)
        return picture

    def _active(self, time_s: float) -> list[TwitchEvent]:
        during = np.flatnonzero((self._onset_s <= time_s) & (time_s < self._offset_s))
        return [self._result.document.events[number] for number in during]

    def _outlines(self, index: int) -> list[FloatArray]:
        track = self._result.regions
        seen = [corners for corners, is_seen in zip(track.outline_px[index], track.seen[index], strict=True) if is_seen]
        whole = [corners[np.isfinite(corners).all(axis=1)] for corners in seen]
        return [np.rint(to_film(corners, self._scale)).astype(np.int32) for corners in whole if len(corners) > 2]

    def _ring(self, picture: ByteArray, site: Site, index: int, active: list[TwitchEvent]) -> tuple[int, int, int]:
        place = moved(self._result.signals.camera[index], np.array([site.x_px, site.y_px]))
        x, y = (round(float(value)) for value in to_film(place, self._scale))
        own_px = RING_FOOTPRINTS * (site.footprint_sigma_px or 0) * self._scale
        radius = round(max(own_px, SMALLEST_RING_SHARE * max(self._size_px)))
        colour, width = (LIT_RGB, 3) if active else (SITE_RGB, 1)
        cv2.circle(picture, (x, y), radius, GROUND_RGB, width + 2, cv2.LINE_AA)
        cv2.circle(picture, (x, y), radius, colour, width, cv2.LINE_AA)
        if active:
            self._write(picture, str(active[-1].id), (x + radius + 4, y - radius), LIT_RGB)
        return x, y, radius

    def _strip_at(self, time_s: float, active: list[TwitchEvent]) -> ByteArray:
        """Draw clock, names of what moves, and where in the clip this is."""
        strip = self._strip.copy()
        document = self._result.document
        across = round(time_s / document.clip.duration_s * (self._size_px[0] - 1))
        cv2.line(strip, (across, 0), (across, strip.shape[0] // 3), INK_RGB, 2)
        apart = [one.kind for one in document.passing if one.onset_s <= time_s < one.offset_s]
        words = [f"{time_s:.2f} s", *map(_event_words, active[-1:])]
        words += [] if active else [f"{kind}, not counted" for kind in apart[:1]]
        colour = LIT_RGB if active else INK_RGB
        self._write(strip, "   ".join(words), (6, round(strip.shape[0] * 0.8)), colour, self._small)
        return np.asarray(strip, np.uint8)

    def _longest_px(self) -> float:
        """Width of the longest line that the strip will hold, in its full size."""
        document = self._result.document
        said = {_event_words(event) for event in document.events}
        said |= {f"{one.kind}, not counted" for one in document.passing}
        clock = f"{document.clip.duration_s:.2f} s   "
        widths = [cv2.getTextSize(clock + words, FONT, self._letter, 5)[0][0] for words in said]
        return float(max(widths, default=1))

    def _draw_strip(self) -> ByteArray:
        """Draw the whole clip as a bar: twitches and what was set apart."""
        strip = np.full((self.strip_px, self._size_px[0], 3), GROUND_RGB, np.uint8)
        document, tall = self._result.document, self.strip_px // 3
        px_per_s = (self._size_px[0] - 1) / document.clip.duration_s
        for rgb, spans in ((OTHER_RGB, document.passing), (LIT_RGB, document.events)):
            for span in spans:
                ends = [round(at_s * px_per_s) for at_s in (span.onset_s, span.offset_s)]
                top = 0 if rgb == LIT_RGB else tall // 2
                cv2.rectangle(strip, (ends[0], top), (max(ends), tall - 2), rgb, -1)
        return strip

    def _write(
        self, picture: ByteArray, words: str, at: tuple[int, int], rgb: tuple[int, int, int],
        letter: float | None = None,
    ) -> None:  # fmt: skip
        """Write plain Latin letters, dark rim around them: readable on skin of any tone."""
        scale = letter or self._letter
        cv2.putText(picture, words, at, FONT, scale, GROUND_RGB, 5, cv2.LINE_AA)
        cv2.putText(picture, words, at, FONT, scale, rgb, 2, cv2.LINE_AA)


def _event_words(event: TwitchEvent) -> str:
    return f"twitch {event.id}, {place(event.region, event.side)}"
