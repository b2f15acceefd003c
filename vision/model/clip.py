"""What a clip is, and one frame of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vision.errors import ShapeError
from vision.model.arrays import ByteArray, require_shape

Transfer = Literal["sdr", "hlg", "pq"]


@dataclass(frozen=True)
class ClipInfo:
    """What the file says of itself, and what reading it showed.

    Sizes are those of the upright picture: rotation, mirroring and pixel shape are already applied. Before the
    clip has been decoded, `frame_count` and `duration_s` are what the file declares (None where it declares
    nothing); afterwards they are what was decoded. Times count from the first frame shown.

    What the compressed pictures tell before any is decoded (None where they carry no times): `span_s`, from the first
    to the end of the last one, which is all that can ever be decoded; `typical_rate_hz`, one over their usual
    distance, which gaps do not change; `dropped_count`, how many are missing in the gaps; `longest_gap_s`;
    `keyframe_interval_s`, the usual one; `is_all_intra`, every picture stands on its own (MJPEG, ProRes, GIF).

    What the phone's own metadata tell: `capture_rate_hz`, the rate of the camera where it is not that of the file;
    `has_slowed_part`, a stretch slowed down within the film; `is_phone_original`, its maker's marks are still there.
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
    span_s: float | None = None
    typical_rate_hz: float | None = None
    dropped_count: int | None = None
    longest_gap_s: float | None = None
    keyframe_interval_s: float | None = None
    is_all_intra: bool = False
    capture_rate_hz: float | None = None
    has_slowed_part: bool = False
    is_phone_original: bool = False
    is_dolby_vision: bool = False
    transfer: Transfer = "sdr"
    is_full_range: bool = False
    is_interlaced: bool = False
    is_pixel_square: bool = True
    stream_count: int = 1

    @property
    def bits_per_px(self) -> float | None:
        """Bits for each pixel of each picture; None where the file does not tell."""
        if not self.bit_rate_bps or not self.mean_rate_hz:
            return None
        return self.bit_rate_bps / (self.width_px * self.height_px * self.mean_rate_hz)


@dataclass(frozen=True, eq=False)
class Frame:
    """One upright picture at its own time.

    index : position among the decoded frames.
    time_s : presentation time, seconds from the first frame shown.
    luma : (H, W) uint8, native resolution.
    is_keyframe : True for an intra frame among others. Where all are intra none is marked: what redraws every picture
        makes none differ from its neighbours.
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
