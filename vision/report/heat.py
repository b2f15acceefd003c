"""The heat map: how far the skin moves, on average, at the peak of a twitch."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np

from vision.model.arrays import ByteArray, FloatArray
from vision.model.result import AnalysisResult
from vision.report.lattice import Lattice, lattice_of, precision, smoothed
from vision.report.warp import to_native

# All our choice, unvalidated; they change a picture, never a figure.
SMOOTHING_CELLS = 1.0  # grid spacings: about one cell of the tracker
MOST_EVENTS = 400  # of a site, spread over the clip: more change the mean no longer
LEAST_SE = 4.0  # standard errors of the mean below which nothing is coloured
FAINTEST = 0.12  # of the largest movement: below, nothing is coloured
PICTURE_CELL_PX = 4  # of the still for each px of the heat map, which is smooth
BRIGHTEST_ALPHA = 170  # of 255: the skin below stays visible


@dataclass(frozen=True, eq=False)
class Heat:
    """Mean displacement (N,) native px of each grid point at the peak of a twitch, 0 where it does not stand out."""

    lattice: Lattice
    moved_px: FloatArray

    @property
    def most_px(self) -> float:
        """The largest of them."""
        return float(self.moved_px.max(initial=0.0))


def heat_of(result: AnalysisResult) -> Heat | None:
    """Average each site's twitches, and take for each point the site that moves it most; None without twitches.

    Notes
    -----
    Of each twitch: displacement at its peak minus that at its onset, as vectors, so that noise averages out.
    """
    document, signals = result.document, result.signals
    if not document.events or not len(signals.point_px):
        return None
    lattice = lattice_of(signals)
    weight = precision(signals)
    moved_px = np.zeros(len(signals.point_px))
    for site in document.sites:
        own = [(event.onset_s, event.peak_s) for event in document.events if event.site == site.id]
        if own:
            every = -(-len(own) // MOST_EVENTS)
            moved_px = np.maximum(moved_px, _mean_px(result, lattice, weight, np.array(own[::every])))
    moved_px[moved_px < FAINTEST * moved_px.max(initial=0.0)] = 0.0
    return Heat(lattice, moved_px) if moved_px.any() else None


def _mean_px(result: AnalysisResult, lattice: Lattice, weight: FloatArray, times_s: FloatArray) -> FloatArray:
    """(N,) length of the mean step from onset to peak, 0 where it lies within its error."""
    signals = result.signals
    onset, peak = (np.argmin(np.abs(signals.time_s[None] - at_s[:, None]), axis=1) for at_s in times_s.T)
    both = signals.displacement_px[peak] - signals.displacement_px[onset]
    seen = signals.valid[peak] & signals.valid[onset] & np.isfinite(both).all(axis=2)
    count = seen.sum(axis=0)
    mean = np.where(seen[..., None], both, 0.0).sum(axis=0) / np.maximum(count, 1)[:, None]
    pooled = smoothed(lattice, mean, np.where(count > 0, weight, 0.0), SMOOTHING_CELLS)
    size_px = np.hypot(pooled[:, 0], pooled[:, 1])
    # two frames make a step; smoothing over 4 pi s^2 cells divides the variance by so much
    cells = max(1.0, 4 * np.pi * SMOOTHING_CELLS**2)
    error_px = np.nan_to_num(signals.noise_px[0], nan=np.inf) * np.sqrt(2 / np.maximum(count, 1) / cells)
    return np.asarray(np.where((count > 0) & (size_px > LEAST_SE * error_px), size_px, 0.0))


def heat_picture(heat: Heat, size_px: tuple[int, int], scale: float) -> ByteArray:
    """(h, w, 4) RGB and opacity of the heat map for a still of `size_px` and `scale`, on a coarser raster.

    The colours are viridis: evenly brighter with the movement, for the colour-blind and in greyscale.
    """
    width, height = (max(1, -(-side // PICTURE_CELL_PX)) for side in size_px)
    x, y = ((np.arange(count) + 0.5) * PICTURE_CELL_PX - 0.5 for count in (width, height))
    native_px = to_native(np.stack(np.meshgrid(x, y), -1), scale)
    place = ((native_px - heat.lattice.origin_px) / heat.lattice.spacing_px).astype(np.float32)
    layer = heat.lattice.spread(heat.moved_px[:, None])[..., 0]
    share = cv2.remap(layer, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    share = np.clip(np.asarray(share) / heat.most_px, 0.0, 1.0)
    colours = viridis()[np.rint(255 * share).astype(int)]
    alpha = np.rint(BRIGHTEST_ALPHA * np.clip(share / (2 * FAINTEST), 0.0, 1.0)).astype(np.uint8)
    return np.dstack([colours, alpha])


def viridis() -> ByteArray:
    """(256, 3) RGB of the colour map, from dark blue (least) to yellow (most)."""
    ramp = np.arange(256, dtype=np.uint8)[None]
    return np.asarray(cv2.applyColorMap(ramp, cv2.COLORMAP_VIRIDIS)[0, :, ::-1], np.uint8)


def data_uri(rgba: ByteArray) -> str:
    """Give a picture with its opacity as PNG inside of a link."""
    order = [2, 1, 0, 3]
    _, encoded = cv2.imencode(".png", np.ascontiguousarray(rgba[..., order]))
    return "data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode()


def laid_over(rgb: ByteArray, heat: Heat, scale: float) -> ByteArray:
    """Draw the heat map onto a picture, for the PDF."""
    height, width = rgb.shape[:2]
    rgba = cv2.resize(heat_picture(heat, (width, height), scale), (width, height), interpolation=cv2.INTER_LINEAR)
    alpha = np.asarray(rgba)[..., 3:].astype(float) / 255
    return np.asarray(rgb * (1 - alpha) + np.asarray(rgba)[..., :3] * alpha, np.uint8)
