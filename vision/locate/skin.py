"""Skin anywhere on the body, found without asking for a colour.

Hand, arm, thigh or calf fill the middle of a film of a twitch. So the picture is parted into what is like its middle
and what is not, whatever the middle looks like: light skin, dark skin and grey film alike. Whether that piece is skin
at all is a second question, answered by what skin is not: see `skin_doubts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vision.locate.assemble import Sighting, assemble
from vision.locate.face_view import native_scale
from vision.locate.mesh import OUTLINE_CORNERS
from vision.locate.paint import grown, mean_colour
from vision.model.arrays import BoolArray, ByteArray, FloatArray
from vision.model.clip import Frame
from vision.model.regions import RegionTrack, Side, View

WORK_SIDE_PX = 160  # longer side of the picture that is parted
PARTING_ROUNDS = 4
MIDDLE_SURE, MIDDLE_LIKELY = 0.1, 0.35  # half axes of the ellipses that seed the parting, of width and height
SMALLEST_SHARE = 0.08  # of the picture. Our choice
MARGIN_SHARE = 0.02  # left out along the outline, of the longer side. Our choice
WHOLE_BELOW_LAB = 12.0  # parts whose colours lie closer (CIELAB, D65) are one skin under uneven light. Our choice
OUTLINE_CLOSENESS_PX = 1.0


@dataclass(frozen=True, eq=False)
class SkinPlace:
    """The area of a clip's preview, native size, and how sure it is."""

    area: BoolArray
    warnings: tuple[str, ...] = ()


def skin_area(frames: Sequence[Frame]) -> BoolArray | None:
    """Find the piece in the middle that half of the preview frames agree on. (H, W) bool, native size.

    None where it is smaller than SMALLEST_SHARE of the picture.
    """
    looked = [frame for frame in frames if frame.rgb_small is not None]
    if not looked:
        return None
    votes = np.mean([middle_piece(_reduced(frame)) for frame in looked], axis=0)
    piece = _largest(votes >= 0.5)
    height, width = looked[0].luma.shape
    whole = cv2.resize(piece.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
    margin = max(2, round(MARGIN_SHARE * max(height, width)))
    inner = grown(whole, -margin)
    inner[:margin], inner[-margin:], inner[:, :margin], inner[:, -margin:] = False, False, False, False
    inner = _largest(inner)
    return inner if inner.mean() >= SMALLEST_SHARE else None


def _reduced(frame: Frame) -> ByteArray:
    rgb = frame.rgb_small
    assert rgb is not None
    scale = min(1.0, WORK_SIDE_PX / max(rgb.shape[:2]))
    size = (max(8, round(rgb.shape[1] * scale)), max(8, round(rgb.shape[0] * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def middle_piece(rgb: ByteArray) -> BoolArray:
    """Part a picture into the piece like its middle and the rest. (h, w) bool.

    GrabCut (Rother et al. 2004, doi:10.1145/1015706.1015720) seeded by an ellipse instead of by hand, on a picture
    whose fine texture is smoothed away; the largest connected piece. Where the two parts hardly differ in colour there
    is no second body: then all of the picture is the piece.
    """
    smooth = cv2.bilateralFilter(rgb, 5, 20, 4).astype(np.uint8)
    if float(smooth.reshape(-1, 3).std(axis=0).max()) < 1.0:  # GrabCut needs colours to part
        return np.ones(rgb.shape[:2], bool)
    piece = _largest(_parted(smooth))
    lab = cv2.cvtColor((smooth / 255.0).astype(np.float32), cv2.COLOR_RGB2LAB)
    if piece.all() or not piece.any():
        return np.ones(rgb.shape[:2], bool)
    apart = float(np.linalg.norm(np.median(lab[piece], axis=0) - np.median(lab[~piece], axis=0)))
    return np.ones(rgb.shape[:2], bool) if apart < WHOLE_BELOW_LAB else piece


def _parted(rgb: ByteArray) -> BoolArray:
    height, width = rgb.shape[:2]
    seed = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    for share, label in ((MIDDLE_LIKELY, cv2.GC_PR_FGD), (MIDDLE_SURE, cv2.GC_FGD)):
        axes = (max(1, int(width * share)), max(1, int(height * share)))
        cv2.ellipse(seed, (width // 2, height // 2), axes, 0, 0, 360, (label,), -1)
    cv2.setRNGSeed(0)  # GrabCut draws its first colours by chance: the same picture shall give the same piece
    cv2.grabCut(rgb, seed, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), PARTING_ROUNDS, cv2.GC_INIT_WITH_MASK)
    parted = ((seed == cv2.GC_FGD) | (seed == cv2.GC_PR_FGD)).astype(np.uint8)
    opened = cv2.morphologyEx(parted, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)).astype(bool)


def _largest(area: BoolArray) -> BoolArray:
    count, labels, sizes, _ = cv2.connectedComponentsWithStats(area.astype(np.uint8))
    if count < 2:
        return np.zeros_like(area)
    return np.asarray(labels == 1 + int(np.argmax(sizes[1:, cv2.CC_STAT_AREA])))


def outline_of(area: BoolArray) -> FloatArray:
    """Draw an area as a polygon of at most OUTLINE_CORNERS corners: the least coarse one that does. (K, 2) px."""
    contours, _ = cv2.findContours(area.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    contour = max(contours, key=cv2.contourArea)
    tolerance_px = OUTLINE_CLOSENESS_PX
    corners = cv2.approxPolyDP(contour, tolerance_px, True)
    while len(corners) > OUTLINE_CORNERS:
        tolerance_px *= 1.3
        corners = cv2.approxPolyDP(contour, tolerance_px, True)
    outline = corners.reshape(-1, 2).astype(float)
    return np.vstack([outline, np.repeat(outline[-1:], OUTLINE_CORNERS - len(outline), axis=0)])


class SkinLocator:
    """One area of skin that stays where the preview found it; the tracking of `motion` moves it. See `locator.Locator`.

    Parameters
    ----------
    place : the area and what to warn of.
    side : as the user said, else None.
    """

    view: View = "skin"

    def __init__(self, place: SkinPlace, side: Side | None) -> None:
        self._place, self._side = place, side
        self._outline_px = outline_of(place.area)
        self._frame_time_s: list[float] = []
        self._sightings: list[Sighting] = []

    def observe(self, frame: Frame) -> None:
        """Note the time, and the mean colour where the frame carries `rgb_small`."""
        self._frame_time_s.append(frame.time_s)
        if frame.rgb_small is not None:
            self._sightings.append(self._sighting(frame.time_s, mean_colour(frame.rgb_small, self._small(frame))))

    def ready(self) -> bool:
        """Say whether a frame was observed."""
        return bool(self._frame_time_s)

    def area(self) -> BoolArray | None:
        """Give the area."""
        return self._place.area

    def scale_px(self) -> float | None:
        """None: skin has no outer eye corners."""
        return None

    def finish(self) -> RegionTrack:
        """Give the one region, in view in every frame."""
        unseen = np.full(3, np.nan)
        at_s = {sighting.time_s for sighting in self._sightings}
        first_and_last = sorted({*self._frame_time_s[:1], *self._frame_time_s[-1:]})
        ends = [self._sighting(time_s, unseen) for time_s in first_and_last if time_s not in at_s]
        sightings = sorted([*self._sightings, *ends], key=lambda sighting: sighting.time_s)
        warnings = self._place.warnings
        return assemble("skin", self._frame_time_s, sightings, ("skin",), (self._side,), warnings, bridge_s=np.inf)

    def close(self) -> None:
        """Nothing is loaded."""

    def _small(self, frame: Frame) -> FloatArray:
        small: FloatArray = self._outline_px / native_scale(frame)
        return small

    def _sighting(self, time_s: float, colour: FloatArray) -> Sighting:
        return Sighting(
            time_s=time_s,
            seen=np.ones(1, bool),
            outline_px=self._outline_px[None],
            scale_px=float("nan"),
            skin_rgb=colour[None],
            eye_aperture=np.full(2, np.nan),
            eye_outline_px=np.full((2, 0, 2), np.nan),
            head_pose_deg=np.full(3, np.nan),
        )
