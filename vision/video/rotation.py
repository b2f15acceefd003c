"""Write the turn of a film into a finished MP4 or MOV file, as phones do.

PyAV gained a call for it (`VideoStream.set_display_rotation`) only after 16, the release that we use. The matrix
stands at a fixed place in the track header, so it is written there.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

# (a, b, c, d) of a clockwise turn: x' = a x + c y, y' = b x + d y, x right and y down (ISO/IEC 14496-12, 8.3.2).
_TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
ROTATIONS_DEG = tuple(_TURNS)
# Bytes from the start of the box to the matrix, by version of the box (ISO/IEC 14496-12, 8.3.2).
_MATRIX_OFFSET = {0: 48, 1: 60}
_PARENTS = (b"moov", b"trak")


def write_rotation(path: Path, rotation_deg: int, width_px: int, height_px: int) -> None:
    """Set the display matrix of every track of a film.

    Parameters
    ----------
    rotation_deg : clockwise turn that makes the stored picture upright: 0, 90, 180 or 270.
    width_px, height_px : size of the stored picture; the turned one is moved back into view.

    Raises
    ------
    ValueError
        The file has no track header.
    """
    a, b, c, d = _TURNS[rotation_deg]
    move_x_px = (a < 0) * width_px + (c < 0) * height_px
    move_y_px = (b < 0) * width_px + (d < 0) * height_px
    matrix = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, move_x_px << 16, move_y_px << 16, 1 << 30)
    with path.open("r+b") as file:
        headers = _track_headers(file, 0, path.stat().st_size)
        if not headers:
            raise ValueError("no track header")
        for start in headers:
            file.seek(start + 8)
            file.seek(start + _MATRIX_OFFSET[file.read(1)[0]])
            file.write(matrix)


def _track_headers(file: BinaryIO, start: int, end: int) -> list[int]:
    """Places of the tkhd boxes between two places of a file."""
    found: list[int] = []
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:
            size, header = struct.unpack(">Q", file.read(8))[0], 16
        if kind in _PARENTS:
            found += _track_headers(file, start + header, start + size)
        elif kind == b"tkhd":
            found.append(start)
        start += max(size, header)
    return found
