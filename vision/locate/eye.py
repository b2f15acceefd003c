"""An eye close-up: the commonest film of a twitch. No whole face is needed, nor looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.blocks import each_block
from vision.locate.assemble import Sighting, assemble, nothing_seen
from vision.locate.eye_search import (
    CROP_WIDTHS,
    EyeFit,
    follow_eye,
    growth_when_turned,
    iris_scatter,
    read_eye,
    search_eye,
)
from vision.locate.face import EyeModel
from vision.locate.face_view import native_scale
from vision.locate.mesh import OUTLINE_CORNERS, RIGHT_EYE, eye_aperture, gaze
from vision.locate.paint import grown, mean_colour, painted
from vision.model.arrays import BoolArray, ByteArray, FloatArray
from vision.model.clip import Frame
from vision.model.regions import LEFT, RIGHT, RegionName, RegionTrack, Side, View

# Average adult: palpebral fissure 28-30 mm, distance between the outer canthi about 90 mm (Farkas 1994,
# Anthropometry of the Head and Face; approximate). A face's scale is thus only estimated from one eye.
IOD_PER_EYE_WIDTH = 3.2
EYE_MARGIN_WIDTHS = 0.065  # around the opening, lashes: that of the face view
EDGE_MARGIN_WIDTHS = 0.05  # along the picture's edge, where skin moves in and out of view. Our choice
FOLLOW_STEPS = 2
LARGEST_JUMP_WIDTHS = 0.5  # from one sighting to the next
LARGEST_GROWTH = 1.5
LARGEST_SCATTER = 0.13  # eye widths; above, there is no eye to be seen just now (see eye_search)
CLOSED_FOR_S = 2.0  # a closed eye has no iris to agree on: within this time of an open one it is still believed
SEARCH_AFTER_S = 1.0
FOLLOW_SHIFTS = ((0.0, 0.0, 1.0), (0.1, 0.1, 1.0), (-0.1, -0.1, 1.0))

_NAMES: tuple[RegionName, ...] = ("upper-eyelid", "lower-eyelid", "brow", "cheek")
# Outlines in eye widths from the eye's middle, x from left to right corner, y down; a whole number is a corner of the
# ring around the opening, counted from the left corner along the lower lid. The lower lid ends at the orbital rim,
# 0.2 iod below the eye; brows lay 0.4 to 1.0 eye widths above it in the faces looked at. The eye model's own brow and
# rings lie too close to the eye.
_OUTLINES: tuple[tuple[tuple[float, float] | int, ...], ...] = (
    ((-0.95, 0.05), (-0.95, -0.35), (-0.4, -0.5), (0.4, -0.5), (0.95, -0.35), (0.95, 0.05), 8, 10, 12, 14, 0),
    ((-0.95, 0.05), 0, 2, 4, 6, 8, (0.95, 0.05), (0.9, 0.5), (0.4, 0.7), (-0.4, 0.7), (-0.9, 0.5)),
    ((-0.95, -0.35), (-1.0, -0.8), (-0.4, -1.0), (0.4, -1.0), (1.0, -0.8), (0.95, -0.35), (0.4, -0.5), (-0.4, -0.5)),
    ((-1.2, 0.5), (-0.9, 0.5), (-0.4, 0.7), (0.4, 0.7), (0.9, 0.5), (1.2, 0.5), (1.2, 1.7), (-1.2, 1.7)),
)


@dataclass(frozen=True, eq=False)
class EyePlace:
    """Where the eye of a clip was first seen. Pixels of `rgb_small`."""

    centre: FloatArray
    width: float
    outer_on_left: bool


def find_eye(frames: Sequence[Frame], outer_on_left: bool | None = None) -> EyePlace | None:
    """Look for an eye close-up in preview frames; it must be there, open, in a third of them.

    `outer_on_left` states on which side of the picture the outer eye corner lies, where that is known.
    """
    pictures = [frame.rgb_small for frame in frames if frame.rgb_small is not None]
    half = max(1, (len(pictures) + 1) // 2)  # side by side: on skin, nothing takes longer before the first frame
    found = [seen for part in each_block(lambda own: _seen_in(pictures[own]), len(pictures), half) for seen in part]
    if not found or 3 * len(found) < len(pictures):
        return None
    model = EyeModel()
    try:
        if outer_on_left is None:
            outer_on_left = sum(growth_when_turned(model, picture, fit) for picture, fit in found) > 0
        fits = [follow_eye(model, picture, fit, outer_on_left=outer_on_left) for picture, fit in found]
    finally:
        model.close()
    return EyePlace(fits[0].centre, float(np.median([fit.width for fit in fits])), outer_on_left)


def _seen_in(pictures: Sequence[ByteArray]) -> list[tuple[ByteArray, EyeFit]]:
    """Pictures that show an eye, and the eye, by a model of its own: two threads must not share one."""
    model = EyeModel()
    try:
        return [(picture, fit) for picture in pictures if (fit := search_eye(model, picture)) is not None]
    finally:
        model.close()


class EyeLocator:
    """Follows one eye through a clip. See `locator.Locator`.

    `scale_px` is estimated from the eye's width (IOD_PER_EYE_WIDTH), not measured. The side is what the user said, the
    patient's; without it the aperture stands in column RIGHT and the regions have no side.
    """

    view: View = "eye"

    def __init__(self, place: EyePlace, side: Side | None) -> None:
        self._model = EyeModel()
        self._place, self._side = place, side
        self._frame_time_s: list[float] = []
        self._sightings: list[Sighting] = []
        self._scatter: list[float] = []
        self._believed_s = -np.inf
        self._last: EyeFit | None = None  # in rgb_small
        self._latest: FloatArray | None = None  # in native pixels
        self._shape = (0, 0)

    def observe(self, frame: Frame) -> None:
        """Measure a frame that carries `rgb_small`; note the time of any other."""
        self._frame_time_s.append(frame.time_s)
        self._shape = (frame.luma.shape[0], frame.luma.shape[1])
        if frame.rgb_small is None:
            return
        fit = self._measure(frame)
        self._latest = fit.points * native_scale(frame)
        self._sightings.append(self._sighting(fit, frame))

    def ready(self) -> bool:
        """Say whether the eye has been seen by now."""
        return bool(self._scatter) and min(self._scatter) < LARGEST_SCATTER

    def area(self) -> BoolArray | None:
        """Give the skin around the eye, without the eyeball, the lashes and the picture's edge."""
        return None if self._latest is None else eye_area(EyeFit(self._latest, self._place.outer_on_left), self._shape)

    def scale_px(self) -> float | None:
        """Estimate the outer-eye-corner distance from the eye's width."""
        if self._latest is None:
            return None
        return IOD_PER_EYE_WIDTH * EyeFit(self._latest, self._place.outer_on_left).width

    def finish(self) -> RegionTrack:
        """Give the regions of every frame that was observed."""
        at_s = np.array([sighting.time_s for sighting in self._sightings])
        is_eye = np.array(self._scatter) < LARGEST_SCATTER
        believed = [bool((is_eye & (np.abs(at_s - time_s) <= CLOSED_FOR_S)).any()) for time_s in at_s]
        sightings = [
            sighting if is_seen else nothing_seen(sighting.time_s, len(_NAMES), OUTLINE_CORNERS, len(RIGHT_EYE))
            for sighting, is_seen in zip(self._sightings, believed, strict=True)
        ]
        return assemble("eye", self._frame_time_s, sightings, _NAMES, (self._side,) * len(_NAMES), ("estimated-scale",))

    def close(self) -> None:
        """Free the model. Safe to call twice."""
        self._model.close()

    def _measure(self, frame: Frame) -> EyeFit:
        """Follow the eye; where it has been gone for long, search the whole picture, once a second at most."""
        assert frame.rgb_small is not None
        fit = self._follow(frame.rgb_small)
        scatter = iris_scatter(self._model, frame.rgb_small, fit, FOLLOW_SHIFTS)
        if scatter > LARGEST_SCATTER and frame.time_s - self._believed_s > SEARCH_AFTER_S:
            self._believed_s = frame.time_s
            found = search_eye(self._model, frame.rgb_small)
            if found is not None:
                self._last = fit = self._read(frame.rgb_small, found.centre)
                scatter = iris_scatter(self._model, frame.rgb_small, fit, FOLLOW_SHIFTS)
        elif scatter <= LARGEST_SCATTER:
            self._believed_s = frame.time_s
        self._scatter.append(scatter)
        return fit

    def _follow(self, rgb: ByteArray) -> EyeFit:
        """Look where the eye was last; where what is found there cannot be it, stay."""
        before = self._place if self._last is None else self._last
        fit = self._read(rgb, before.centre)
        jump = float(np.hypot(*(fit.centre - before.centre))) / self._place.width
        growth = max(fit.width / self._place.width, self._place.width / max(fit.width, 1e-9))
        if self._last is None or (jump < LARGEST_JUMP_WIDTHS and growth < LARGEST_GROWTH):
            self._last = fit
        return self._last

    def _read(self, rgb: ByteArray, centre: FloatArray) -> EyeFit:
        """Show the model one size throughout: a size that followed the lids would shrink in a blink."""
        side, left = CROP_WIDTHS * self._place.width, self._place.outer_on_left
        for _ in range(FOLLOW_STEPS):
            fit = read_eye(self._model, rgb, centre, side, outer_on_left=left)
            centre = fit.centre
        return fit

    def _sighting(self, fit: EyeFit, frame: Frame) -> Sighting:
        scale = native_scale(frame)
        native = EyeFit(fit.points * scale, fit.outer_on_left)
        assert frame.rgb_small is not None
        outlines = region_outlines(native)
        column = LEFT if self._side == "left" else RIGHT
        aperture, rings = np.full(2, np.nan), np.full((2, len(RIGHT_EYE), 2), np.nan)
        aperture[column], rings[column] = eye_aperture(native.ring), native.ring
        looks = np.full((2, 2), np.nan)
        looks[column] = gaze(native.ring, native.iris, outer_on_left=native.outer_on_left)
        return Sighting(
            time_s=frame.time_s,
            seen=_in_view(outlines, self._shape),
            outline_px=outlines,
            scale_px=IOD_PER_EYE_WIDTH * native.width,
            skin_rgb=np.array([mean_colour(frame.rgb_small, outline / scale) for outline in outlines]),
            eye_aperture=aperture,
            eye_outline_px=rings,
            head_pose_deg=np.full(3, np.nan),
            gaze=looks,
            background_px=np.full(2, np.nan),
            mouth_iod=np.full(3, np.nan),
        )


def region_outlines(fit: EyeFit) -> FloatArray:
    """Give the (4, OUTLINE_CORNERS, 2) outlines of upper lid, lower lid, brow and cheek."""
    ring = fit.ring if fit.outer_on_left else _from_left(fit.ring)
    across = ring[8] - ring[0]
    down = np.array([-across[1], across[0]])
    outlines = []
    for outline in _OUTLINES:
        corners = [
            ring[corner] if isinstance(corner, int) else fit.centre + corner[0] * across + corner[1] * down
            for corner in outline
        ]
        outlines.append(corners + [corners[-1]] * (OUTLINE_CORNERS - len(corners)))
    return np.array(outlines)


def _from_left(ring: FloatArray) -> FloatArray:
    """Order a ring that begins at the right corner from the left one: lower lid first, as before."""
    return np.concatenate([ring[8::-1], ring[:8:-1]])


def eye_area(fit: EyeFit, shape: tuple[int, int]) -> BoolArray:
    """Paint the skin around an eye that is worth tracking. (H, W) bool."""
    skin = painted(shape, region_outlines(fit))
    eyeball = grown(painted(shape, [fit.ring]), EYE_MARGIN_WIDTHS * fit.width)
    margin = max(1, round(EDGE_MARGIN_WIDTHS * fit.width))
    inside = np.zeros(shape, bool)
    inside[margin:-margin, margin:-margin] = True
    return np.asarray(skin & ~eyeball & inside)


def _in_view(outlines: FloatArray, shape: tuple[int, int]) -> BoolArray:
    """Say which outlines lie in the picture for the larger part."""
    height, width = shape
    inside = ((outlines >= 0) & (outlines <= (width - 1, height - 1))).all(axis=2).mean(axis=1)
    return np.asarray(inside >= 0.5)
