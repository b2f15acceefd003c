"""Which corners of the face mesh bound which region.

The indices are those of MediaPipe's canonical face (mediapipe/modules/face_geometry/data/canonical_face_model_uv_
visualization.png; Kartynnik et al. 2019, arXiv:1907.06724). "Mesh right" is the eye on the picture's left of an upright
face: the patient's right in a film that is not mirrored. The outlines of `REGIONS` run clockwise in the picture and
share their borders, so that together they tile the face; the temple and the opening between the lids belong to none.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from vision.model.arrays import FloatArray, IntArray
from vision.model.regions import RegionName

MeshSide = Literal["right", "left", "midline"]

LANDMARK_COUNT = 478  # 468 of the face, 10 of the irises
OUTLINE_CORNERS = 12  # of every region; shorter outlines repeat their last corner
OUTER_CORNERS = (33, 263)  # outer eye corners, mesh right and left
MOUTH_CORNERS = (61, 291)  # mesh right and left
LIPS_MIDDLE = (0, 17)  # outer edges of upper and lower lip: rest moves them less than the inner ones of a smile
NOSE_BASE = 2  # which the mouth hardly moves

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)

# Around the opening between the lids: outer corner, lower lid, inner corner, upper lid.
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
EYES = (RIGHT_EYE, LEFT_EYE)
IRISES = (468, 473)  # their centres
# Positions on such a ring that face each other, upper above lower lid; the middle five, where the lids are far apart.
FACING_PAIRS = ((14, 2), (13, 3), (12, 4), (11, 5), (10, 6))

RIGHT_OUTLINES: tuple[tuple[RegionName, tuple[int, ...]], ...] = (
    ("upper-eyelid", (226, 124, 46, 53, 52, 65, 189, 133, 157, 159, 161, 33)),
    ("lower-eyelid", (226, 33, 163, 145, 154, 133, 244, 128, 120, 118, 117, 111)),
    ("brow", (156, 70, 63, 105, 66, 107, 55, 65, 52, 53, 46, 124)),
    ("cheek", (111, 118, 120, 128, 129, 206, 214, 202, 150, 172, 132, 234)),
    ("mouth-corner", (206, 92, 40, 78, 91, 106, 202, 214)),
)
LEFT_OUTLINES: tuple[tuple[RegionName, tuple[int, ...]], ...] = (
    ("upper-eyelid", (446, 353, 276, 283, 282, 295, 413, 362, 384, 386, 388, 263)),
    ("lower-eyelid", (446, 263, 390, 374, 381, 362, 464, 357, 349, 347, 346, 340)),
    ("brow", (383, 300, 293, 334, 296, 336, 285, 295, 282, 283, 276, 353)),
    ("cheek", (340, 347, 349, 357, 358, 426, 434, 422, 379, 397, 361, 454)),
    ("mouth-corner", (426, 322, 270, 308, 321, 335, 422, 434)),
)
MIDLINE_OUTLINES: tuple[tuple[RegionName, tuple[int, ...]], ...] = (
    ("forehead", (54, 103, 10, 332, 284, 300, 334, 336, 9, 107, 105, 70)),
    ("nose", (9, 285, 464, 357, 358, 327, 2, 98, 129, 128, 244, 55)),
    ("upper-lip", (92, 98, 2, 327, 322, 270, 308, 311, 13, 81, 78, 40)),
    ("lower-lip", (91, 78, 178, 14, 402, 308, 321, 335, 406, 18, 182, 106)),
    ("chin", (202, 106, 182, 18, 406, 335, 422, 379, 400, 152, 176, 150)),
)
REGIONS: tuple[tuple[RegionName, MeshSide, tuple[int, ...]], ...] = (
    *((name, "right", corners) for name, corners in RIGHT_OUTLINES),
    *((name, "left", corners[::-1]) for name, corners in LEFT_OUTLINES),
    *((name, "midline", corners) for name, corners in MIDLINE_OUTLINES),
)

# What the eye model of MediaPipe gives for one eye, named by the mesh right eye (Ablavatski et al. 2020,
# arXiv:2006.11341; update_face_landmarks_calculator.cc): lid edges, three rings around them, brow.
EYE_MODEL_ORDER = (
    33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173,
    130, 25, 110, 24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190,
    226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189,
    35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245,
    156, 70, 63, 105, 66, 107, 55, 193,
)  # fmt: skip


def padded(corners: tuple[int, ...]) -> tuple[int, ...]:
    """Repeat the last corner until the outline has OUTLINE_CORNERS."""
    return corners + (corners[-1],) * (OUTLINE_CORNERS - len(corners))


def outline_index() -> IntArray:
    """Give the (R, OUTLINE_CORNERS) mesh indices of all regions of `REGIONS`."""
    return np.array([padded(corners) for _, _, corners in REGIONS])


def eye_aperture(ring: FloatArray) -> float:
    """Measure how far an eye is open: mean lid distance ÷ eye width.

    Parameters
    ----------
    ring : (16, 2) corners around the opening in the order of `RIGHT_EYE`.

    Returns
    -------
    about 0.3 for an open eye, near 0 for a closed one; NaN where the eye has no width.

    Notes
    -----
    The eye aspect ratio of Soukupová and Čech (2016) over five pairs of lid points instead of two.
    """
    width = float(np.hypot(*(ring[0] - ring[8])))
    if not width > 0:
        return float("nan")
    lids = [float(np.hypot(*(ring[upper] - ring[lower]))) for upper, lower in FACING_PAIRS]
    return float(np.mean(lids)) / width


def gaze(ring: FloatArray, iris: FloatArray, *, outer_on_left: bool) -> FloatArray:
    """Measure where an iris lies between the corners of its eye: the head may move, the measure stays.

    Parameters
    ----------
    ring : (16, 2) corners around the opening in the order of `RIGHT_EYE`. iris : (2,) its centre.
    outer_on_left : the outer corner lies on the left of an upright picture.

    Returns
    -------
    (2,) eye widths from the middle between the corners, towards the picture's right along them and down from them;
    NaN where the eye has no width.
    """
    left, right = (ring[0], ring[8]) if outer_on_left else (ring[8], ring[0])
    across = right - left
    squared = float(across @ across)
    if not squared > 0:
        return np.full(2, np.nan)
    away = iris - (left + right) / 2
    return np.array([away @ across, away @ np.array([-across[1], across[0]])]) / squared


def mouth_iod(points: FloatArray) -> FloatArray:
    """Measure a mouth in a face's own axes, so that turns of the camera leave it as it is.

    Parameters
    ----------
    points : (478, 2 or 3) px.

    Returns
    -------
    (3,) outer-eye distances: height of both lips at their middle; how far the mesh's right and left corner lie out from
    the nose's middle. NaN where the eyes have no distance.
    """
    across = points[OUTER_CORNERS[1], :2] - points[OUTER_CORNERS[0], :2]
    unit_px = float(np.hypot(*across))
    if not unit_px > 0:
        return np.full(3, np.nan)
    across = across / unit_px**2
    down = np.array([-across[1], across[0]])
    upper, lower = points[list(LIPS_MIDDLE), :2]
    right, left = points[list(MOUTH_CORNERS), :2] - points[NOSE_BASE, :2]
    return np.array([(lower - upper) @ down, -right @ across, left @ across])
