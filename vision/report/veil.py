"""De-identification: all but the places that twitch is made of blocks too large to recognise anybody by."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vision.model.arrays import ByteArray
from vision.model.result import AnalysisResult
from vision.report.warp import scaled_affine, to_film

# Our choice; the test asks our own face detector (tests/integration/test_privacy.py).
BLOCK_IOD = 0.75  # side of a block in outer-eye-corner distances: a whole face is about three blocks wide
BLOCK_SHARE = 0.12  # of the longer side, where no face is known
CLEAR_IOD, CLEAR_FOOTPRINTS, CLEAR_SHARE = 0.16, 2.5, 0.06  # radius of what stays clear around a place that twitches
MOST_CLEAR_SHARE = 0.2  # of the face (or picture) that may stay clear; beyond, the discs shrink together
FACE_IOD2 = 4.0  # area of a face in squared outer-eye-corner distances


@dataclass(frozen=True)
class Strength:
    """How much is hidden: sides of the blocks and radii of what stays clear, as shares of the usual ones."""

    block: float = 1.0
    clear: float = 1.0


class Veil:
    """Pixelates pictures of one clip.

    Parameters
    ----------
    scale : px of the picture for each native px. size_px : its (width, height).
    strength : how much is hidden; see `vision.report.unknown.strength_for`.
    """

    def __init__(
        self, result: AnalysisResult, scale: float, size_px: tuple[int, int], strength: Strength | None = None
    ) -> None:
        strength = strength or Strength()
        document, iod_px = result.document, result.signals.scale_px
        longest_px = max(document.clip.width_px, document.clip.height_px)
        block_px = scale * strength.block * (BLOCK_IOD * iod_px if iod_px else BLOCK_SHARE * longest_px)
        self._blocks = (max(1, round(size_px[0] / block_px)), max(1, round(size_px[1] / block_px)))
        self._camera, self._scale, self._size_px = result.signals.camera, scale, size_px
        area_px2 = FACE_IOD2 * iod_px**2 if iod_px else document.clip.width_px * document.clip.height_px
        least_px = CLEAR_IOD * iod_px if iod_px else CLEAR_SHARE * longest_px
        radii_px = _radii(result, least_px, MOST_CLEAR_SHARE * area_px2)
        self._mask = _clear(result, [strength.clear * radius for radius in radii_px], scale, size_px)

    def hide(self, picture: ByteArray, index: int | None) -> ByteArray:
        """Pixelate (h, w, 3) or (h, w); `index` of the frame, None where it is shown as the reference sees it."""
        small = cv2.resize(picture, self._blocks, interpolation=cv2.INTER_AREA)
        coarse = cv2.resize(small, self._size_px, interpolation=cv2.INTER_NEAREST)
        mask = self._mask
        if index is not None:
            affine = scaled_affine(self._camera[index], self._scale)
            mask = np.asarray(cv2.warpAffine(mask, affine, self._size_px), np.uint8)
        clear = mask if picture.ndim == 2 else mask[..., None]
        return np.asarray(np.where(clear > 127, picture, coarse), np.uint8)


def _radii(result: AnalysisResult, least_px: float, most_px2: float) -> list[float]:
    """Radius, native px, of what may stay clear around each site."""
    sites = result.document.sites
    radius_px = [max(least_px, CLEAR_FOOTPRINTS * (site.footprint_sigma_px or 0.0)) for site in sites]
    covered_px2 = sum(np.pi * radius**2 for radius in radius_px)
    shrink = min(1.0, float(np.sqrt(most_px2 / covered_px2))) if covered_px2 else 1.0
    return [radius * shrink for radius in radius_px]


def _clear(result: AnalysisResult, radius_px: list[float], scale: float, size_px: tuple[int, int]) -> ByteArray:
    """(h, w) 255 where the reference stays clear."""
    mask = np.zeros(size_px[::-1], np.uint8)
    for site, radius in zip(result.document.sites, radius_px, strict=True):
        x, y = to_film(np.array([site.x_px, site.y_px]), scale)
        if radius > 0:
            cv2.circle(mask, (round(float(x)), round(float(y))), max(1, round(radius * scale)), (255,), -1)
    return mask
