"""From a decoded picture to upright luma and a small RGB picture."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

from vision.model.arrays import ByteArray
from vision.model.clip import Transfer

# Resampling blurs; a shape error below this does no harm (our choice).
SQUARE_TOLERANCE = Fraction(1, 100)
# Anamorphic film reaches 2; beyond 4 the header is garbage (our choice).
WIDEST_PIXEL = 4
# Displays only turn in quarters; matrices of real phones are exact (our choice).
QUARTER_TOLERANCE_DEG = 5.0

# From the file's matrix (ITU-T H.273, MatrixCoefficients) to the names of swscale's coefficient tables
# (libswscale/swscale.h, SWS_CS_*).
_SWS_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_SWS_BT709, _SWS_BT601 = 1, 5
# Untagged video is BT.709 from this height on, BT.601 below: what encoders and players assume.
_HD_HEIGHT_PX = 720
_LIMITED_RANGE, _FULL_RANGE = 1, 2
_QUARTERS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
# Transfer characteristics of HDR film (ITU-T H.273); anything else is shown as ordinary film.
TRANSFERS: dict[int, Transfer] = {16: "pq", 18: "hlg"}


@dataclass(frozen=True)
class Geometry:
    """How the stored pixels become the upright picture.

    stored_width_px, stored_height_px : as decoded.
    square_width_px : width after which pixels are square; the stored one where they already are.
    rotation_deg : clockwise turn, 0, 90, 180 or 270.
    is_mirrored : mirrored left to right after the turn.
    is_interlaced : odd and even lines are of two different times; the odd ones are made from their neighbours.
    """

    stored_width_px: int
    stored_height_px: int
    square_width_px: int
    rotation_deg: int = 0
    is_mirrored: bool = False
    is_interlaced: bool = False

    @property
    def width_px(self) -> int:
        """Width of the upright picture."""
        return self.stored_height_px if self.rotation_deg in (90, 270) else self.square_width_px

    @property
    def height_px(self) -> int:
        """Height of the upright picture."""
        return self.square_width_px if self.rotation_deg in (90, 270) else self.stored_height_px


def geometry_of(picture: av.VideoFrame, pixel_aspect: Fraction | None) -> tuple[Geometry, list[str]]:
    """Read pixel shape and display matrix of the first picture, with codes of what had to be ignored."""
    problems: list[str] = []
    square_width_px = square_width(picture.width, pixel_aspect)
    if square_width_px is None:
        problems.append("odd-pixel-shape")
        square_width_px = picture.width
    turn = turn_of(display_matrix(picture))
    if turn is None:
        problems.append("odd-rotation")
        turn = (0, False)
    if picture.interlaced_frame:
        problems.append("interlaced")
    return Geometry(picture.width, picture.height, square_width_px, *turn, bool(picture.interlaced_frame)), problems


def square_width(width_px: int, pixel_aspect: Fraction | None) -> int | None:
    """Width at which pixels are square, heights kept. None where the declared shape cannot be meant."""
    if not pixel_aspect or abs(pixel_aspect - 1) <= SQUARE_TOLERANCE:
        return width_px
    if not Fraction(1, WIDEST_PIXEL) <= pixel_aspect <= WIDEST_PIXEL:
        return None
    return max(1, round(width_px * pixel_aspect))


def display_matrix(picture: av.VideoFrame) -> tuple[int, ...]:
    """First two rows and columns (a, b, c, d) of the display matrix, 16.16 fixed point; the identity where none.

    Notes
    -----
    x' = a x + c y, y' = b x + d y with x right and y down (ISO/IEC 14496-12, 8.3.2; libavutil/display.h).
    """
    identity = (1 << 16, 0, 0, 1 << 16)
    try:
        data: Any = picture.side_data.get("DISPLAYMATRIX")
    except ValueError:  # kinds of side data newer than PyAV make the whole table unreadable; the angle stays
        return _matrix_of_angle(-picture.rotation)
    if data is None:
        return identity
    a, b, _, c, d = struct.unpack("=5i", bytes(data)[:20])
    return a, b, c, d


def _matrix_of_angle(clockwise_deg: int) -> tuple[int, ...]:
    angle_rad = math.radians(clockwise_deg % 360)
    cosine, sine = round(math.cos(angle_rad) * 65536), round(math.sin(angle_rad) * 65536)
    return cosine, sine, -sine, cosine


def turn_of(matrix: tuple[int, ...]) -> tuple[int, bool] | None:
    """Clockwise turn in quarters and whether a mirror follows it. None where the matrix is neither."""
    a, b, c, d = matrix
    determinant = a * d - b * c
    if determinant == 0:
        return None
    is_mirrored = determinant < 0
    angle_deg = math.degrees(math.atan2(b, -a if is_mirrored else a))
    quarters = round(angle_deg / 90)
    if abs(angle_deg - 90 * quarters) > QUARTER_TOLERANCE_DEG:
        return None
    return quarters % 4 * 90, is_mirrored


def upright(stored: ByteArray, geometry: Geometry) -> ByteArray:
    """Turn and mirror (H, W) or (H, W, 3) pixels; the result is contiguous.

    OpenCV turns in blocks that fit the cache, ten times as fast as NumPy's copy of a turned view.
    """
    turned = cv2.rotate(stored, _QUARTERS[geometry.rotation_deg]) if geometry.rotation_deg else stored
    return np.ascontiguousarray(cv2.flip(turned, 1) if geometry.is_mirrored else turned, dtype=np.uint8)


def luma_of(picture: av.VideoFrame, geometry: Geometry) -> ByteArray:
    """Upright luma, (H, W) uint8, without any colour conversion where the picture holds a luma plane.

    Notes
    -----
    The range stays as filmed (16-235 or 0-255). More than 8 bits are rounded, not dithered: swscale's dither
    is a pattern fixed to the pixel grid, which a motion tracker would see. RGB and palettes become grey.
    """
    name = picture.format.name if _has_luma_plane(picture) else _stand_in(picture.format)
    planar = picture.reformat(width=geometry.square_width_px, format=name)
    luma = _first_plane(planar)
    return upright(of_one_time(luma) if geometry.is_interlaced else luma, geometry)


def of_one_time(luma: ByteArray) -> ByteArray:
    """Keep the even lines of an interlaced picture and put the mean of its neighbours in place of each odd one.

    Notes
    -----
    Filters that look at pictures before and after mix times where they find nothing moving, which a measurement of
    small movements would see. Which half came first shifts all times alike.
    """
    single = luma.copy()
    above = luma[0:-1:2].astype(np.uint16)
    below = np.concatenate([luma[2::2], luma[-2:-1] if len(luma) % 2 == 0 else luma[:0]]).astype(np.uint16)
    single[1::2] = (above + below + 1) >> 1
    return single


def _has_luma_plane(picture: av.VideoFrame) -> bool:
    """Whether plane 0 holds luma and nothing else, top line first."""
    first, *others = picture.format.components
    is_plain = first.is_luma and first.plane == 0 and first.bits >= 8 and all(other.plane for other in others)
    return is_plain and not picture.format.has_palette and picture.planes[0].line_size > 0


def _stand_in(pixel_format: av.VideoFormat) -> str:
    """Pixel format with a luma plane into which this one is converted."""
    if pixel_format.is_rgb or pixel_format.has_palette or len(pixel_format.components) < 3:
        return "yuvj420p" if pixel_format.name == "gray" else "gray"
    return "yuv422p" if pixel_format.name == "yuv420p" else "yuv420p"


def _first_plane(picture: av.VideoFrame) -> ByteArray:
    """Plane 0 as (H, W) uint8, line padding stripped; a view where the plane has 8 bits."""
    plane, component = picture.planes[0], picture.format.components[0]
    if component.bits == 8:
        lines: ByteArray = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        return lines[:, : plane.width]
    order = ">u2" if picture.format.is_big_endian else "<u2"
    words = np.frombuffer(memoryview(plane), np.dtype(order)).reshape(plane.height, plane.line_size // 2)[
        :, : plane.width
    ]
    # P010 and its kin keep their bits at the top of each word.
    surplus_bits = 8 if picture.format.name[:2] in ("p0", "p2", "p4") else component.bits - 8
    rounded = (words >> (surplus_bits - 1)) + np.uint16(1)
    luma: ByteArray = np.minimum(rounded >> 1, 255).astype(np.uint8)
    return luma


def rgb_small_of(picture: av.VideoFrame, geometry: Geometry, longest_side_px: int) -> ByteArray:
    """Upright small RGB picture, (h, w, 3) uint8, its longer side at most `longest_side_px`, never enlarged.

    Notes
    -----
    Matrix and range are the stream's own; HDR transfer curves (PQ, HLG) are left as they are, so such pictures
    look flat.
    """
    scale = min(1.0, longest_side_px / max(geometry.square_width_px, geometry.stored_height_px))
    width_px = max(1, round(geometry.square_width_px * scale))
    height_px = max(1, round(geometry.stored_height_px * scale))
    small = picture.reformat(width=width_px, height=height_px, format="rgb24", interpolation="AREA", **_colour(picture))
    return upright(small.to_ndarray().astype(np.uint8, copy=False), geometry)


def _colour(picture: av.VideoFrame) -> dict[str, int]:
    if picture.format.is_rgb or picture.format.has_palette:
        return {}
    by_height = _SWS_BT709 if picture.height >= _HD_HEIGHT_PX else _SWS_BT601
    matrix = _SWS_MATRIX.get(picture.colorspace, by_height)
    return {
        "src_colorspace": matrix,
        # Means nothing for RGB, but PyAV applies matrix and range only where source and target differ.
        "dst_colorspace": _SWS_BT601 if matrix == _SWS_BT709 else _SWS_BT709,
        "src_color_range": _FULL_RANGE if is_full_range(picture) else _LIMITED_RANGE,
        "dst_color_range": _FULL_RANGE,
    }


def is_full_range(picture: av.VideoFrame) -> bool:
    """Whether black is 0 and white 255, as in a still, and not 16 and 235, as in film."""
    return bool(picture.color_range == _FULL_RANGE) or picture.format.name.startswith("yuvj") or picture.format.is_rgb


def has_dolby_vision(picture: av.VideoFrame) -> bool:
    """Whether the picture carries Dolby Vision's own data beside it; phones add them to HLG or PQ."""
    try:
        return any(picture.side_data.get(kind) is not None for kind in ("DOVI_METADATA", "DOVI_RPU_BUFFER"))
    except ValueError:  # as in `display_matrix`
        return False
