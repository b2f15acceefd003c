"""A whole face: regions that follow its mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.locate.assemble import Sighting, assemble, nothing_seen
from vision.locate.background import Background
from vision.locate.face import FaceModel
from vision.locate.mesh import (
    EYES,
    INNER_LIPS,
    IRISES,
    OUTER_CORNERS,
    OUTLINE_CORNERS,
    OVAL,
    REGIONS,
    eye_aperture,
    gaze,
    mouth_iod,
    outline_index,
)
from vision.locate.paint import grown, mean_colour, painted
from vision.locate.pose import facing_share, head_pose_deg
from vision.model.arrays import BoolArray, ByteArray, FloatArray
from vision.model.clip import Frame
from vision.model.regions import RegionTrack, Side, View
from vision.settings import LocateSettings

# In outer-eye distances (iod). Our choice, looked at on the clips of tests/integration/test_locate.py.
RIM_IOD = 0.08  # left out along the outline of the face: hair, beard edge, background shining through
EYE_MARGIN_IOD = 0.02  # around the opening between the lids: lashes. No more, for a lid twitches most at its edge
LIPS_MARGIN_IOD = 0.01
SMALLEST_FACING = 0.2  # cosine of the tilt beyond which a region is hidden: about 78 degrees
LARGEST_STEP_IOD = 1.5  # a face that jumps further from one sighting to the next is another face
LARGEST_GROWTH = 1.6
FORGOTTEN_AFTER_S = 1.0  # lost for so long, any face is taken again

# Found by comparing true faces with a watch face, a printed skull and eye close-ups; see tests/integration.
SMALLEST_SCORE = 0.6
LARGEST_MIRROR_ERROR_IOD = 0.07  # mesh of the picture against mesh of its mirror image: true faces reach 0.01-0.05
FACES_LOOKED_FOR = 4
MIRROR_PAIRS = ((33, 263), (133, 362), (159, 386), (145, 374), (61, 291), (105, 334), (234, 454), (13, 13))


@dataclass(frozen=True, eq=False)
class FacePlace:
    """Where the face of a clip was first seen, and whether it is alone. Native pixels."""

    centre_px: FloatArray
    iod_px: float
    others: int


def iod(points: FloatArray) -> float:
    """Measure the distance between the outer eye corners in the picture."""
    return float(np.hypot(*(points[OUTER_CORNERS[0]] - points[OUTER_CORNERS[1]])[:2]))


def find_face(frames: Sequence[Frame]) -> FacePlace | None:
    """Look for a whole face in preview frames; the largest one that passes the mirror test in a third of them.

    The mesh model answers on many things that are no face. A true face gives the same mesh in the mirror.
    """
    model = FaceModel(is_stream=False, max_faces=FACES_LOOKED_FOR, smallest_score=SMALLEST_SCORE)
    try:
        found = [_true_faces(model, frame) for frame in frames if frame.rgb_small is not None]
    finally:
        model.close()
    seen = [faces for faces in found if faces]
    if not seen or 3 * len(seen) < len(found):
        return None
    faces = max(seen, key=lambda those: iod(those[0]))
    return FacePlace(faces[0].mean(axis=0)[:2], iod(faces[0]), max(len(those) for those in seen) - 1)


def _true_faces(model: FaceModel, frame: Frame) -> list[FloatArray]:
    assert frame.rgb_small is not None
    rgb = frame.rgb_small
    mirrored = model.landmarks(np.ascontiguousarray(rgb[:, ::-1]))
    faces = [
        face for face in model.landmarks(rgb) if _mirror_error(face, mirrored, rgb.shape[1]) < LARGEST_MIRROR_ERROR_IOD
    ]
    faces = [face * native_scale(frame)[[0, 1, 0]] for face in faces]
    return sorted(faces, key=iod, reverse=True)


def _mirror_error(face: FloatArray, mirrored: list[FloatArray], width: int) -> float:
    pairs = np.array(MIRROR_PAIRS)
    here = face[pairs.ravel(), :2]
    errors = [np.inf]
    for other in mirrored:
        there = other[pairs[:, ::-1].ravel(), :2] * (-1, 1) + (width, 0)
        errors.append(float(np.hypot(*(here - there).T).mean()) / max(iod(face), 1.0))
    return min(errors)


def native_scale(frame: Frame) -> FloatArray:
    """Give native pixels per pixel of `rgb_small`, (x, y)."""
    assert frame.rgb_small is not None
    return np.array([frame.luma.shape[1] / frame.rgb_small.shape[1], frame.luma.shape[0] / frame.rgb_small.shape[0]])


class FaceLocator:
    """Follows one face through a clip. See `locator.Locator`.

    Parameters
    ----------
    place : what `find_face` found in this clip.
    is_mirrored : the film shows the patient as a mirror does, so the patient's right is on the picture's right.
    """

    view: View = "face"

    def __init__(self, place: FacePlace, settings: LocateSettings, *, is_mirrored: bool) -> None:
        faces = FACES_LOOKED_FOR if place.others else 1
        self._model = FaceModel(is_stream=True, max_faces=faces, smallest_score=SMALLEST_SCORE)
        self._place, self._settings, self._is_mirrored = place, settings, is_mirrored
        self._background = Background()
        self._frame_time_s: list[float] = []
        self._sightings: list[Sighting] = []
        self._latest: FloatArray | None = None
        self._latest_s = 0.0
        self._shape = (0, 0)

    def observe(self, frame: Frame) -> None:
        """Measure a frame that carries `rgb_small`; note the time of any other."""
        self._frame_time_s.append(frame.time_s)
        self._shape = (frame.luma.shape[0], frame.luma.shape[1])
        if frame.rgb_small is None:
            return
        face = self._same_face(self._model.landmarks(frame.rgb_small), frame)
        if face is None:
            self._sightings.append(nothing_seen(frame.time_s, len(REGIONS), OUTLINE_CORNERS, len(EYES[0])))
            return
        self._latest, self._latest_s = face, frame.time_s
        scale = native_scale(frame)
        behind = self._background.observe(frame.rgb_small, face.mean(axis=0)[:2] / scale, iod(face) / scale[0])
        self._sightings.append(_sighting(face, frame, behind * scale, self._is_mirrored))

    def ready(self) -> bool:
        """Say whether the face has been seen by now."""
        return self._latest is not None

    def area(self) -> BoolArray | None:
        """Give the face without its rim, eyes and mouth opening."""
        return None if self._latest is None else face_area(self._latest, self._shape)

    def scale_px(self) -> float | None:
        """Give the outer-eye-corner distance in the latest frame that showed the face."""
        return None if self._latest is None else iod(self._latest)

    def finish(self) -> RegionTrack:
        """Give the regions of every frame that was observed."""
        sides = tuple(_patient_side(side, self._is_mirrored) for _, side, _ in REGIONS)
        warnings = ["several-faces"] if self._place.others else []
        if self._place.iod_px < self._settings.smallest_face_iod_px:
            warnings.append("small-face")
        names = tuple(name for name, _, _ in REGIONS)
        return assemble("face", self._frame_time_s, self._sightings, names, sides, tuple(warnings))

    def close(self) -> None:
        """Free the model. Safe to call twice."""
        self._model.close()

    def _same_face(self, faces: list[FloatArray], frame: Frame) -> FloatArray | None:
        """Choose the face that was followed so far; in the beginning the one that the preview chose."""
        faces = [face * native_scale(frame)[[0, 1, 0]] for face in faces]
        if not faces:
            return None
        is_lost = self._latest is None or frame.time_s - self._latest_s > FORGOTTEN_AFTER_S
        if is_lost:
            return min(faces, key=lambda face: abs(float(np.log(max(iod(face), 1.0) / self._place.iod_px))))
        last = self._latest
        assert last is not None
        centre = last.mean(axis=0)[:2]
        face = min(faces, key=lambda face: float(np.hypot(*(face.mean(axis=0)[:2] - centre))))
        step_iod = float(np.hypot(*(face.mean(axis=0)[:2] - centre))) / iod(last)
        growth = iod(face) / iod(last)
        is_same = step_iod < LARGEST_STEP_IOD and 1 / LARGEST_GROWTH < growth < LARGEST_GROWTH
        return face if is_same else None


def face_area(points: FloatArray, shape: tuple[int, int]) -> BoolArray:
    """Paint the skin of a face that is worth tracking: no rim, no eyeballs, no mouth opening. (H, W) bool."""
    unit, oval_px = iod(points), points[list(OVAL), :2]
    # Only the face's own part of the picture is painted: a round brush costs a hundred looks at each pixel.
    left, top = np.clip(np.floor(oval_px.min(axis=0)) - 1, 0, (shape[1], shape[0])).astype(int)
    right, bottom = np.clip(np.ceil(oval_px.max(axis=0)) + 2, 0, (shape[1], shape[0])).astype(int)
    area = np.zeros(shape, bool)
    if right > left and bottom > top:
        area[top:bottom, left:right] = painted_face(points[:, :2] - (left, top), (bottom - top, right - left), unit)
    return area


def painted_face(points: FloatArray, shape: tuple[int, int], unit: float) -> BoolArray:
    """Paint the same with every brush going over all of the picture; `unit` is the face's outer-eye distance."""
    oval = grown(painted(shape, [points[list(OVAL)]]), -RIM_IOD * unit)
    eyes = grown(painted(shape, [points[list(ring)] for ring in EYES]), EYE_MARGIN_IOD * unit)
    mouth = grown(painted(shape, [points[list(INNER_LIPS)]]), LIPS_MARGIN_IOD * unit)
    return oval & ~eyes & ~mouth


def _sighting(points: FloatArray, frame: Frame, background_px: FloatArray, is_mirrored: bool) -> Sighting:
    outlines = points[outline_index()]
    order = [1, 0] if is_mirrored else [0, 1]  # of the patient's right and left eye
    rings, irises = points[np.array(EYES)[order], :2], points[np.array(IRISES)[order], :2]
    assert frame.rgb_small is not None
    small = outlines[:, :, :2] / native_scale(frame)
    return Sighting(
        time_s=frame.time_s,
        seen=_in_view(outlines, frame.luma),
        outline_px=outlines[:, :, :2],
        scale_px=iod(points),
        skin_rgb=np.array([mean_colour(frame.rgb_small, outline) for outline in small]),
        eye_aperture=np.array([eye_aperture(ring) for ring in rings]),
        eye_outline_px=rings,
        head_pose_deg=head_pose_deg(points),
        gaze=np.array([gaze(rings[at], irises[at], outer_on_left=order[at] == 0) for at in (0, 1)]),
        background_px=background_px,
        mouth_iod=mouth_iod(points)[[0, 2, 1] if is_mirrored else [0, 1, 2]],
    )


def _in_view(outlines: FloatArray, luma: ByteArray) -> BoolArray:
    """Say which (R, K, 3) outlines lie wholly in the picture and face the camera."""
    height, width = luma.shape
    corners = outlines[:, :, :2]
    inside = ((corners >= 0) & (corners <= (width - 1, height - 1))).all(axis=2).mean(axis=1) >= 0.75
    facing = np.array([facing_share(outline) for outline in outlines]) > SMALLEST_FACING
    return np.asarray(inside & facing)


def _patient_side(side: Side, is_mirrored: bool) -> Side:
    if side == "midline" or not is_mirrored:
        return side
    return "left" if side == "right" else "right"
