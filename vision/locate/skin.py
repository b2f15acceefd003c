"""Skin anywhere on the body, found without asking for a colour.

Hand, arm, thigh or calf fill the middle of a film of a twitch. So the picture is parted into what is like its middle
and what is not, whatever the middle looks like: light skin, dark skin and grey film alike. Whether that piece is skin
at all is a second question, answered by what skin is not: see `skin_doubts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np

from vision.blocks import each_block
from vision.locate.assemble import Sighting, assemble
from vision.locate.face_view import native_scale
from vision.locate.mesh import OUTLINE_CORNERS
from vision.locate.paint import grown, mean_colour
from vision.model.arrays import BoolArray, ByteArray, FloatArray
from vision.model.clip import Frame
from vision.model.regions import RegionTrack, Side, View

WORK_SIDE_PX = 160  # longer side of the picture that is parted
PARTING_ROUNDS = 4
COLOUR_GROUPS = 4  # body, shadow on it, and two of background
# Half axes of the ellipses that seed the parting, of width and height: what is surely the body part, and guesses at
# what is likely so, for the parting depends on where it begins.
MIDDLE_SURE, MIDDLE_LIKELY = 0.1, (0.3, 0.4)
SMALLEST_SHARE = 0.08  # of the picture. Our choice
MARGIN_SHARE = 0.015  # left out along the outline, of the longer side. Our choice
WHOLE_BELOW_LAB = 12.0  # parts whose colours lie closer (CIELAB, D65) are one skin under uneven light. Our choice
OUTLINE_CLOSENESS_PX = 1.0


@dataclass(frozen=True, eq=False)
class SkinPlace:
    """The area of a clip's preview, native size, and how sure it is."""

    area: BoolArray
    warnings: tuple[str, ...] = ()


def skin_area(frames: Sequence[Frame]) -> BoolArray | None:
    """Find the piece in the middle of the preview frames. (H, W) bool, native size.

    None where it is smaller than SMALLEST_SHARE of the picture.
    """
    looked = [frame for frame in frames if frame.rgb_small is not None]
    if not looked:
        return None
    piece = middle_piece([_reduced(frame) for frame in looked])
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


def middle_piece(pictures: Sequence[ByteArray]) -> BoolArray:
    """Part pictures of one scene into the piece like their middle and the rest. (h, w) bool.

    Pieces are proposed by GrabCut (Rother et al. 2004, doi:10.1145/1015706.1015720), seeded by ellipses and by the best
    group of like colours instead of by hand, on pictures whose fine texture is smoothed away. They differ from
    picture to picture and from seed to seed, so the one is taken that explains most of the colours' variance over
    all pictures (Otsu's criterion in three dimensions). Where the two parts hardly differ in colour there is no
    second body: then all of the picture is the piece.
    """
    smooth = [cv2.bilateralFilter(rgb, 5, 20, 4).astype(np.uint8) for rgb in pictures]
    everything = np.ones(smooth[0].shape[:2], bool)
    colourful = [rgb for rgb in smooth if float(rgb.reshape(-1, 3).std(axis=0).max()) >= 1.0]  # GrabCut needs that
    proposed = each_block(lambda own: [_pieces_of(rgb) for rgb in colourful[own]], len(colourful), 1)
    pieces = [piece for some in proposed for one in some for piece in one if _holds_middle(piece) and not piece.all()]
    if not pieces:
        return everything
    labs = [_lab(rgb) for rgb in smooth]
    best = min(pieces, key=lambda piece: sum(_unexplained(lab, piece) for lab in labs))
    apart = float(np.median([_apart(lab, best) for lab in labs]))
    return everything if apart < WHOLE_BELOW_LAB else best


def _pieces_of(rgb: ByteArray) -> list[BoolArray]:
    return [_largest(_parted(rgb, seed)) for seed in _seeds(rgb)]


def _unexplained(lab: FloatArray, piece: BoolArray) -> float:
    """Colour variance within the piece and within the rest."""
    inside, outside = lab[piece], lab[~piece]
    return float(len(inside) * inside.var(axis=0).sum() + len(outside) * outside.var(axis=0).sum())


def _apart(lab: FloatArray, piece: BoolArray) -> float:
    return float(np.linalg.norm(np.median(lab[piece], axis=0) - np.median(lab[~piece], axis=0)))


def _lab(rgb: ByteArray) -> FloatArray:
    return np.asarray(cv2.cvtColor((rgb / 255.0).astype(np.float32), cv2.COLOR_RGB2LAB).astype(float))


def _parted(rgb: ByteArray, likely: BoolArray) -> BoolArray:
    """Run GrabCut from what is likely the piece; the middle is surely in it."""
    label = np.where(likely, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    label[_ellipse(rgb.shape[:2], MIDDLE_SURE)] = cv2.GC_FGD
    cv2.setRNGSeed(0)  # GrabCut draws its first colours by chance: the same picture shall give the same piece
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(rgb, label, (0, 0, 0, 0), *models, PARTING_ROUNDS, cv2.GC_INIT_WITH_MASK)
    return _without_specks((label == cv2.GC_FGD) | (label == cv2.GC_PR_FGD))


def _seeds(rgb: ByteArray) -> list[BoolArray]:
    lab = _lab(rgb)
    groups = [group for group in map(_largest, _colour_groups(lab)) if _holds_middle(group) and not group.all()]
    best = [min(groups, key=lambda group: _unexplained(lab, group))] if groups else []
    return [*(_ellipse(rgb.shape[:2], share) for share in MIDDLE_LIKELY), *best]


def _ellipse(shape: tuple[int, ...], share: float) -> BoolArray:
    down, across = np.mgrid[: shape[0], : shape[1]]
    return np.asarray(np.hypot(across / shape[1] - 0.5, down / shape[0] - 0.5) < share)


def _colour_groups(lab: FloatArray) -> list[BoolArray]:
    """Give every union of like colours (k-means in CIELAB) that is neither nothing nor all of the picture."""
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    cv2.setRNGSeed(0)
    no_start = np.empty(0, np.int32)
    _, label, _ = cv2.kmeans(
        lab.reshape(-1, 3).astype(np.float32), COLOUR_GROUPS, no_start, stop, 2, cv2.KMEANS_PP_CENTERS
    )
    groups = [label.reshape(lab.shape[:2]) == number for number in range(COLOUR_GROUPS)]
    unions = [np.any(chosen, axis=0) for count in range(1, COLOUR_GROUPS) for chosen in combinations(groups, count)]
    return [_without_specks(union) for union in unions]


def _without_specks(area: BoolArray) -> BoolArray:
    opened = cv2.morphologyEx(area.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)).astype(bool))


def _holds_middle(piece: BoolArray) -> bool:
    """Say whether most of the surely seeded ellipse lies in the piece."""
    return bool(piece[_ellipse(piece.shape, MIDDLE_SURE)].mean() > 0.5)


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
            gaze=np.full((2, 2), np.nan),
            background_px=np.full(2, np.nan),
            mouth_iod=np.full(3, np.nan),
        )
