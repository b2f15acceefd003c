"""Where the body part is, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from vision.model.arrays import BoolArray, FloatArray, require_increasing, require_shape

View = Literal["face", "eye", "skin"]
Side = Literal["left", "right", "midline"]
RegionName = Literal[
    "upper-eyelid",
    "lower-eyelid",
    "brow",
    "forehead",
    "cheek",
    "nose",
    "mouth-corner",
    "upper-lip",
    "lower-lip",
    "chin",
    "skin",
]
VIEWS: tuple[View, ...] = get_args(View)
REGION_NAMES: tuple[RegionName, ...] = get_args(RegionName)

RIGHT, LEFT = 0, 1  # index of the patient's eyes in `eye_aperture` and `eye_outline_px`


@dataclass(frozen=True, eq=False)
class RegionTrack:
    """Regions that move with the body part. T frames, R regions, K corners an outline.

    Sides are the patient's. Coordinates are pixels of the upright native frame, x right, y down.

    view : "face", "eye" or "skin".
    time_s : (T,) presentation times.
    names, sides : R region names and sides; a side is None where it is not known (skin, an eye of unknown side).
    outline_px : (T, R, K, 2); NaN where not seen.
    seen : (T, R) True where the region was in view.
    scale_px : (T,) distance between the outer eye corners; NaN where there is no face.
    skin_rgb : (T, R, 3) mean colour; NaN where not measured.
    eye_aperture : (T, 2) opening of the patient's right and left eye, lid distance ÷ eye width; NaN where not seen.
        Where the side of a single eye is unknown it stands in column RIGHT and the other column is NaN.
    eye_outline_px : (T, 2, E, 2) outline of the opening between the lids (the eyeball); NaN where not seen.
    head_pose_deg : (T, 3) nod (pitch), turn (yaw), lean (roll); NaN where not measured.
    gaze : (T, 2, 2) place of the patient's right and left iris between the corners of its eye, in eye widths from the
        middle, along the corners towards the picture's right and down from them; sides and NaN as in `eye_aperture`.
    background_px : (T, 2) how far what stands still behind a head has moved in the picture since the first frame; NaN
        where there is no head or no texture behind it.
    mouth_iod : (T, 3) height of both lips together, and how far the patient's right and left corner of the mouth lie
        out from the nose's middle; outer-eye distances, not smoothed: syllables stay sharp. NaN where not measured.
    """

    view: View
    time_s: FloatArray
    names: tuple[RegionName, ...]
    sides: tuple[Side | None, ...]
    outline_px: FloatArray
    seen: BoolArray
    scale_px: FloatArray
    skin_rgb: FloatArray
    eye_aperture: FloatArray
    eye_outline_px: FloatArray
    head_pose_deg: FloatArray
    gaze: FloatArray
    background_px: FloatArray
    mouth_iod: FloatArray
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        frames, regions = len(self.time_s), len(self.names)
        require_increasing("time_s", self.time_s)
        require_shape("outline_px", self.outline_px, (frames, regions, None, 2))
        require_shape("seen", self.seen, (frames, regions))
        require_shape("scale_px", self.scale_px, (frames,))
        require_shape("skin_rgb", self.skin_rgb, (frames, regions, 3))
        require_shape("eye_aperture", self.eye_aperture, (frames, 2))
        require_shape("eye_outline_px", self.eye_outline_px, (frames, 2, None, 2))
        require_shape("head_pose_deg", self.head_pose_deg, (frames, 3))
        require_shape("gaze", self.gaze, (frames, 2, 2))
        require_shape("background_px", self.background_px, (frames, 2))
        require_shape("mouth_iod", self.mouth_iod, (frames, 3))


def region_label(name: str, side: str | None) -> str:
    """Say a region as people do: "right lower-eyelid", "chin", "skin"."""
    return name if side in (None, "midline") else f"{side} {name}"
