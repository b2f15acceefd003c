"""What a clip is, and one frame of it."""

from __future__ import annotations

from dataclasses import dataclass

from vision.errors import ShapeError
from vision.model.arrays import ByteArray, require_shape


@dataclass(frozen=True)
class ClipInfo:
    """What the file says of itself, and what reading it showed.

    Sizes are those of the upright picture: rotation, mirroring and pixel shape are already applied. Before the
    clip has been decoded, `frame_count` and `duration_s` are what the file declares (None where it declares
    nothing); afterwards they are what was decoded. Times count from the first frame shown.
    """

    sha256: str
    container: str
    codec: str
    pixel_format: str
    width_px: int
    height_px: int
    frame_count: int | None
    duration_s: float | None
    mean_rate_hz: float | None
    is_variable_rate: bool | None
    rotation_deg: int
    is_mirrored_by_matrix: bool = False
    keyframe_s: tuple[float, ...] = ()
    is_complete: bool = True
    is_simulated: bool = False
    bit_rate_bps: int | None = None
    declared_frame_count: int | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """One upright picture at its own time.

    index : position among the decoded frames.
    time_s : presentation time, seconds from the first frame shown.
    luma : (H, W) uint8, native resolution.
    is_keyframe : True for an intra frame.
    rgb_small : (h, w, 3) uint8 or None; made only for the frames for which it was asked.
    """

    index: int
    time_s: float
    luma: ByteArray
    is_keyframe: bool
    rgb_small: ByteArray | None = None

    def __post_init__(self) -> None:
        require_shape("luma", self.luma, (None, None))
        if self.rgb_small is not None:
            require_shape("rgb_small", self.rgb_small, (None, None, 3))
        if self.time_s < 0:
            raise ShapeError(f"frame {self.index} is shown at {self.time_s} s", "a time from 0 s on")
