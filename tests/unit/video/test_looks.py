"""How a clip looks: the laws of blur, light and lines of two times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.video.clips import read
from tests.unit.video.films import texture
from vision.model.clip import Frame
from vision.video.looks import blur_of, looks_of
from vision.video.picture import of_one_time


def frame(luma: np.ndarray) -> Frame:
    return Frame(0, 0.0, luma.astype(np.uint8), True)


def test_blur_grows_with_blurring() -> None:
    sharp = texture()
    found = [blur_of(cv2.GaussianBlur(sharp, (0, 0), width) if width else sharp) for width in (0, 1, 2, 4)]
    assert found == sorted(found)
    assert found[0] < 0.65 < found[-1]


@given(st.floats(0.2, 2.0))
def test_blur_does_not_depend_on_contrast(gain: float) -> None:
    sharp = texture() / 4
    assert blur_of((sharp * gain).astype(np.float32)) == pytest.approx(blur_of(sharp), rel=1e-3)


def test_a_flat_picture_is_neither_sharp_nor_blurred() -> None:
    looks = looks_of([frame(np.full((50, 60), 255))])
    assert looks is not None
    assert (looks.blur, looks.brightness, looks.burnt_share) == (None, 255.0, 1.0)
    assert looks_of([]) is None


@given(st.integers(1, 9), st.integers(1, 5))
def test_lines_of_the_other_time_are_gone(height_px: int, width_px: int) -> None:
    luma = np.random.default_rng(height_px).integers(0, 256, (height_px, width_px), np.uint8)
    other = luma.copy()
    other[1::2] = 255 - other[1::2]
    np.testing.assert_array_equal(of_one_time(luma), of_one_time(other))
    np.testing.assert_array_equal(of_one_time(luma)[::2], luma[::2])


def test_a_vertical_ramp_keeps_its_shape() -> None:
    ramp = np.repeat(np.arange(0, 200, 2, dtype=np.uint8)[:, None], 3, axis=1)
    assert np.abs(of_one_time(ramp).astype(int)[:-1] - ramp[:-1]).max() <= 1


def interlaced(path: Path) -> Path:
    """A bar that moves by 4 px from half picture to half picture, 25 pictures a second."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(
            "libx264", rate=25, options={"preset": "ultrafast", "crf": "5", "x264-params": "tff=1"}
        )
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p"
        for number in range(10):
            luma = np.full((64, 128), 60, np.uint8)
            for half in (0, 1):
                left = 8 + 8 * number + 4 * half
                luma[half::2, left : left + 12] = 200
            picture = av.VideoFrame.from_ndarray(luma, format="gray").reformat(format="yuvj420p")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            for packet in stream.encode(picture):
                container.mux(packet)
        container.mux(stream.encode(None))
    return path


def test_an_interlaced_film_shows_one_time_in_each_picture(tmp_path: Path) -> None:
    frames, reader = read(interlaced(tmp_path / "a.mp4"))
    assert reader.info.is_interlaced
    assert reader.problems == ("interlaced",)
    for number, seen in enumerate(frames):
        rows = (seen.luma > 130).argmax(axis=1)
        assert np.abs(rows - (8 + 8 * number)).max() <= 1
