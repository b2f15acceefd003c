from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.video.clips import read
from vision.video.encode import ClipWriter
from vision.video.picture import Geometry, luma_of, square_width, turn_of, upright

ONE = 1 << 16
# (a, b, c, d): clockwise turn, mirrored after it
MATRICES = {
    (1, 0, 0, 1): (0, False),
    (0, 1, -1, 0): (90, False),
    (-1, 0, 0, -1): (180, False),
    (0, -1, 1, 0): (270, False),
    (-1, 0, 0, 1): (0, True),
    (0, 1, 1, 0): (90, True),
    (1, 0, 0, -1): (180, True),
    (0, -1, -1, 0): (270, True),
}


def by_matrix(stored: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Apply x' = a x + c y, y' = b x + d y to every pixel, and move the result back into view."""
    a, b, c, d = matrix
    y, x = np.indices(stored.shape)
    x2, y2 = a * x + c * y, b * x + d * y
    shown = np.zeros((np.ptp(y2) + 1, np.ptp(x2) + 1), stored.dtype)
    shown[y2 - y2.min(), x2 - x2.min()] = stored
    return shown


@pytest.mark.parametrize(("matrix", "turn"), MATRICES.items())
def test_turn_and_mirror_do_what_the_matrix_says(matrix: tuple[int, int, int, int], turn: tuple[int, bool]) -> None:
    assert turn_of(tuple(number * ONE for number in matrix)) == turn
    stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
    geometry = Geometry(4, 3, 4, *turn)
    shown = upright(stored, geometry)
    np.testing.assert_array_equal(shown, by_matrix(stored, matrix))
    assert shown.shape == (geometry.height_px, geometry.width_px)
    assert shown.flags.c_contiguous


@given(st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 4))
def test_any_matrix_is_a_quarter_turn_or_nothing(matrix: tuple[int, ...]) -> None:
    turn = turn_of(matrix)
    assert turn is None or turn[0] in (0, 90, 180, 270)


@pytest.mark.parametrize("matrix", [(0, 0, 0, 0), (ONE, ONE, -ONE, ONE), (ONE, 0, ONE, 0)])
def test_garbage_is_no_turn(matrix: tuple[int, ...]) -> None:
    assert turn_of(matrix) is None


@pytest.mark.parametrize(
    ("pixel_aspect", "width_px"),
    [(None, 640), (1, 640), (2, 1280), (Fraction(16, 15), 683), (Fraction(1280, 1281), 640), (1000, None), (0, 640)],
)
def test_pixels_become_square(pixel_aspect: Fraction | None, width_px: int | None) -> None:
    assert square_width(640, pixel_aspect) == width_px


def filled(pixel_format: str, luma: np.ndarray) -> av.VideoFrame:
    """A frame whose plane 0 holds these values."""
    frame = av.VideoFrame(luma.shape[1], luma.shape[0], pixel_format)
    plane = frame.planes[0]
    lines = np.frombuffer(memoryview(plane), luma.dtype).reshape(plane.height, -1)
    lines[:, : plane.width] = luma
    return frame


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv444p", "nv12", "yuva420p", "gray"])
def test_luma_is_the_plane_itself(pixel_format: str) -> None:
    luma = np.random.default_rng(0).integers(0, 256, (21, 35), np.uint8)
    np.testing.assert_array_equal(luma_of(filled(pixel_format, luma), Geometry(35, 21, 35)), luma)


@pytest.mark.parametrize(("pixel_format", "bits"), [("yuv420p10le", 10), ("yuv422p12le", 12), ("gray16le", 16)])
def test_more_bits_are_rounded_and_not_dithered(pixel_format: str, bits: int) -> None:
    luma = np.random.default_rng(0).integers(0, 1 << bits, (21, 35)).astype(np.uint16)
    expected = np.minimum(np.floor(luma / (1 << (bits - 8)) + 0.5), 255)
    np.testing.assert_array_equal(luma_of(filled(pixel_format, luma), Geometry(35, 21, 35)), expected)


@pytest.mark.parametrize(
    ("codec", "pixel_format", "ending"),
    [
        ("libx264", "yuv420p", ".mp4"),
        ("libx264", "yuvj420p", ".mp4"),
        ("libx264", "yuv420p10le", ".mov"),
        ("libvpx-vp9", "yuv420p", ".webm"),
        ("mjpeg", "yuvj420p", ".mov"),
        ("ffv1", "bgr0", ".mkv"),
    ],
)
@pytest.mark.parametrize("colour", [(200, 30, 30), (40, 180, 60), (30, 60, 200), (224, 172, 150)])
def test_colours_survive_matrix_and_range(
    tmp_path: Path, codec: str, pixel_format: str, ending: str, colour: tuple[int, int, int]
) -> None:
    path = tmp_path / f"colour{ending}"
    with ClipWriter(path, 64, 48, codec=codec, pixel_format=pixel_format, crf=10) as writer:
        for number in range(2):
            writer.write(np.full((48, 64, 3), colour, np.uint8), number / 30)
    frames, _ = read(path, rgb_rate_hz=30)
    np.testing.assert_allclose(frames[0].rgb_small.mean(axis=(0, 1)), colour, atol=5)
