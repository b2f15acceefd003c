"""The magnified view: camera and head held still, the skin's own movement enlarged.

Each picture is redrawn from our own displacement field. Where that does not stand out of its noise it counts as zero,
so that what is still stays still; during a blink and the like the regions that it covers are not magnified.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from vision.dsp import twitch_waveform
from vision.model.arrays import ByteArray, FloatArray
from vision.model.drawing import Drawing
from vision.model.regions import region_label
from vision.model.result import AnalysisResult, ResultDocument
from vision.model.signals import MotionSignals
from vision.report.lattice import Lattice, lattice_of, precision, smoothed
from vision.report.warp import drawn_from, moved, scaled_affine, to_film, to_native

# All our choice, unvalidated; they change a picture, never a figure.
WANTED_PX = 3.0  # a twitch at the limit of detection should move so far that it is seen
SMALLEST_AUTO, LARGEST_AUTO, UNKNOWN_AUTO = 5.0, 20.0, 10.0
FINE_CELLS = 1.4  # smoothing of the field that is drawn, in grid spacings
REFERENCE_IOD, REFERENCE_SKIN_PX = 0.075, 16.0  # sigma of the reference twitch's footprint (science.md)
REFERENCE_RISE_S = 0.045  # its time to peak
FADE_CELLS = 2.0  # how far the field reaches into what has no points
POOL_CELLS = 1.8  # smoothing before it is asked whether anything moves: near the width of a twitch
GATE_S = 0.04  # sd of the smoothing in time before that is asked: about the rise of a twitch (45 ms, science.md)
SHUT_SD, OPEN_SD = 4.0, 6.0  # noise widths of the field so smoothed: below, nothing is drawn; above, all of it
NOISIEST = 1.5  # × the median noise: a place that moves all the time must not count as its own noise
SMALLEST_NOISE_PX = 0.005
LIMIT_IOD, LIMIT_CELLS = 0.12, 4.0  # longest drawn step: beyond, the picture would fold
# During these the field is no movement of the skin; an expression or a nod that was set apart is one, and is shown.
UNSHOWN = ("blink", "eye-movement", "occlusion", "focus", "exposure", "flicker", "keyframe")
COARSE_PX = 4  # the field is smooth: it is solved on every fourth pixel
SOLVER_STEPS = 4


def magnification(drawing: Drawing, document: ResultDocument) -> float | None:
    """Choose the factor; None where no magnified film is wanted."""
    if drawing.magnify == "off":
        return None
    if drawing.magnify != "auto":
        return drawing.magnify
    limit_px = document.quality.limit_of_detection_px
    if not limit_px:
        return UNKNOWN_AUTO
    return float(round(min(max(WANTED_PX / limit_px, SMALLEST_AUTO), LARGEST_AUTO)))


@dataclass(frozen=True, eq=False)
class Field:
    """What is to be enlarged.

    drawn_px : (T, N, 2) native px, the smoothed displacement of each point, 0 where it does not stand out.
    full_from_px : a twitch of the reference's course and width is drawn in full from this amplitude on, by the noise of
        all but the noisiest tenth of the places.
    """

    lattice: Lattice
    drawn_px: FloatArray
    full_from_px: float


def displacement_field(result: AnalysisResult) -> Field:
    """Work out what is to be enlarged.

    Notes
    -----
    Smoothing lowers a peak; smoothing what the smoothing took away, and adding it, gives most of it back (Tukey's
    twicing, Exploratory Data Analysis, 1977).
    """
    signals = result.signals
    lattice = lattice_of(signals)
    weight = precision(signals)
    fine = np.empty(signals.displacement_px.shape, np.float32)
    pooled = np.empty_like(fine)
    for index, displacement_px in enumerate(signals.displacement_px):
        seen = signals.valid[index] & np.isfinite(displacement_px).all(axis=1)
        own = np.where(seen, weight, 0.0)
        clean = np.where(seen[:, None], displacement_px, 0.0)
        first = smoothed(lattice, clean, own, FINE_CELLS)
        fine[index] = first + smoothed(lattice, np.where(seen[:, None], clean - first, 0.0), own, FINE_CELLS)
        pooled[index] = smoothed(lattice, clean, own, POOL_CELLS)
    fine *= _lost_again(signals)
    frame_s = float(np.median(np.diff(signals.time_s))) if len(signals.time_s) > 1 else 1.0
    lasting_px = gaussian_filter1d(pooled, GATE_S / frame_s, axis=0, mode="nearest")
    sd_px = _noise_px(lasting_px)
    full_px = OPEN_SD * float(np.percentile(sd_px, 90)) / (_kept(signals, POOL_CELLS) * _kept_in_time(frame_s))
    return Field(lattice, fine * _gate(lasting_px, sd_px)[..., None] * _uncovered(result)[..., None], full_px)


def _lost_again(signals: MotionSignals) -> float:
    """Give back what smoothing with twicing takes from the peak of the reference twitch."""
    return float(1 / (1 - (1 - _kept(signals, FINE_CELLS)) ** 2))


def _kept(signals: MotionSignals, cells: float) -> float:
    """Share of its peak that smoothing over so many cells leaves of the reference twitch's footprint, a Gaussian."""
    footprint_px = REFERENCE_IOD * signals.scale_px if signals.scale_px else REFERENCE_SKIN_PX
    return 1 / (1 + (cells * signals.spacing_px / footprint_px) ** 2)


def _kept_in_time(frame_s: float) -> float:
    """Share of its peak that smoothing in time leaves of the reference twitch's course."""
    fine_s = frame_s / round(1 + frame_s / 0.002)
    course = twitch_waveform(np.arange(0.0, 1.0, fine_s), 0.2, REFERENCE_RISE_S, 1.0)
    return float(gaussian_filter1d(course, GATE_S / fine_s).max())


def _noise_px(lasting_px: FloatArray) -> FloatArray:
    """(N,) noise of the field that is asked about; a place that moves all the time does not count as its own noise."""
    size_px = np.hypot(lasting_px[..., 0], lasting_px[..., 1])
    sd_px = np.maximum(np.median(size_px, axis=0) / 1.177, SMALLEST_NOISE_PX)  # median of a Rayleigh variable
    return np.asarray(np.minimum(sd_px, NOISIEST * np.median(sd_px)))


def _gate(lasting_px: FloatArray, sd_px: FloatArray) -> FloatArray:
    """(T, N) from 0, in the noise, to 1, well above it.

    A twitch lasts for several frames, noise does not: what is asked about is smoothed in time, what is drawn is not.
    """
    size_px = np.hypot(lasting_px[..., 0], lasting_px[..., 1])
    share = np.clip((size_px / sd_px - SHUT_SD) / (OPEN_SD - SHUT_SD), 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def _uncovered(result: AnalysisResult) -> FloatArray:
    """(T, N) 0 where a movement that was set apart covers the point, else 1."""
    signals, track = result.signals, result.regions
    labels = [region_label(name, side) for name, side in zip(track.names, track.sides, strict=True)]
    open_share = np.ones(signals.valid.shape, np.float32)
    for movement in result.document.passing:
        if movement.kind not in UNSHOWN:
            continue
        columns = [column for column, label in enumerate(labels) if not movement.regions or label in movement.regions]
        during = (signals.time_s >= movement.onset_s) & (signals.time_s <= movement.offset_s)
        whom = np.isin(signals.region_of_point, columns) | (not movement.regions)
        open_share[np.ix_(during, whom)] = 0.0
    return open_share


class Magnifier:
    """Redraws pictures of one clip.

    Parameters
    ----------
    factor : times by which the movement is enlarged; 1 only holds camera and head still.
    scale : px of the film's picture for each native px. size_px : (width, height) of that picture.
    """

    def __init__(self, result: AnalysisResult, factor: float, scale: float, size_px: tuple[int, int]) -> None:
        field = displacement_field(result)
        self._lattice, self._field_px, self.full_from_px = field.lattice, field.drawn_px, field.full_from_px
        self._camera, self._factor, self._scale, self._size_px = result.signals.camera, factor, scale, size_px
        iod_px = result.signals.scale_px
        self._limit_px = LIMIT_IOD * iod_px if iod_px else LIMIT_CELLS * result.signals.spacing_px

    def picture(self, rgb: ByteArray, index: int) -> ByteArray:
        """Redraw frame `index`, given as (h, w, 3): as the reference sees it, its local movement enlarged."""
        affine = scaled_affine(self._camera[index], self._scale)
        if not self._field_px[index].any():
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            return np.asarray(
                cv2.warpAffine(rgb, affine, self._size_px, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
            )
        source = self._sources(index)
        grown = np.asarray(cv2.resize(source, self._size_px, interpolation=cv2.INTER_LINEAR), np.float32)
        return drawn_from(rgb, grown, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)

    def _sources(self, index: int) -> FloatArray:
        """(h, w, 2) on the coarse grid: film px of the frame that each place shows.

        Skin at x has moved to x + u(x) and shall be seen at y = x + N u(x): x is found by repeating x = y - N u(x).
        """
        place = self._coarse_places()
        step = self._on_coarse(index)
        size_px = np.maximum(self._factor * np.hypot(step[..., 0], step[..., 1]), 1e-9)
        kept = (1 + (size_px / self._limit_px) ** 4) ** -0.25  # 1 up to half of the limit, never beyond it
        drawn = self._factor * step * kept[..., None]
        rest = np.zeros_like(drawn)
        for _ in range(SOLVER_STEPS):
            rest = self._sampled(drawn, place - rest)
        here = place - rest
        native = moved(self._camera[index], here + self._sampled(step, here))
        return np.asarray(to_film(native, self._scale), np.float32)

    def _coarse_places(self) -> FloatArray:
        """(h, w, 2) native px of the centres of the coarse grid."""
        width, height = (-(-side // COARSE_PX) for side in self._size_px)
        share = np.array(self._size_px) / (width, height)
        x, y = ((np.arange(count) + 0.5) * each - 0.5 for count, each in zip((width, height), share, strict=True))
        return to_native(np.stack(np.meshgrid(x, y), -1), self._scale)

    def _on_coarse(self, index: int) -> FloatArray:
        """(h, w, 2) native px of displacement on the coarse grid."""
        place = (self._coarse_places() - self._lattice.origin_px) / self._lattice.spacing_px
        layer = self._filled(self._lattice.spread(self._field_px[index]))
        return drawn_from(layer, place, cv2.INTER_CUBIC, cv2.BORDER_CONSTANT)

    def _filled(self, layer: FloatArray) -> FloatArray:
        """Let what has no point (the opening of an eye, the rim of the face) fade out with its neighbours."""
        held = self._lattice.spread(np.ones(len(self._lattice.row)))
        blurred = cv2.GaussianBlur(np.dstack([layer, held]), (0, 0), FADE_CELLS, borderType=cv2.BORDER_CONSTANT)
        share = blurred[..., 2:]
        faded = blurred[..., :2] / np.maximum(share, 1e-3) * np.clip(2 * share, 0, 1)
        return np.where(held[..., None] > 0, layer, faded).astype(np.float32)

    def _sampled(self, layer: FloatArray, native_px: FloatArray) -> FloatArray:
        """Read a coarse layer at native places."""
        height, width = layer.shape[:2]
        film = to_film(native_px, self._scale)
        at = (film + 0.5) * (np.array([width, height]) / self._size_px) - 0.5
        return drawn_from(layer.astype(np.float32), at, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
