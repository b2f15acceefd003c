"""What lies behind a head tells how far the camera moved."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.locate.background import Background
from vision.model.arrays import ByteArray, FloatArray

WIDTH, HEIGHT, IOD_PX = 320, 400, 60.0
HEAD_PX = np.array([160.0, 220.0])


def scene(shift_px: FloatArray, head_px: FloatArray = HEAD_PX, *, texture: float = 60.0) -> ByteArray:
    """A room with texture, moved by `shift_px`, and before it a head without any of its own."""
    random = np.random.default_rng(3)
    room = cv2.GaussianBlur(random.standard_normal((HEIGHT, WIDTH)).astype(np.float32), (0, 0), 3.0)
    room = 120 + texture * room / room.std()
    room = cv2.warpAffine(room, np.array([[1.0, 0, shift_px[0]], [0, 1.0, shift_px[1]]]), (WIDTH, HEIGHT))
    picture = np.clip(room, 0, 255).astype(np.uint8)
    cv2.ellipse(picture, (round(head_px[0]), round(head_px[1])), (70, 95), 0, 0, 360, 180, -1)
    return np.repeat(picture[..., None], 3, axis=2)


@settings(max_examples=10, deadline=None)
@given(st.floats(-6, 6), st.floats(-6, 6))
def test_the_camera_is_followed_and_the_head_is_not(dx: float, dy: float) -> None:
    background = Background()
    background.observe(scene(np.zeros(2)), HEAD_PX, IOD_PX)
    head = HEAD_PX + np.array([4.0, -5.0])
    assert background.observe(scene(np.array([dx, dy]), head), head, IOD_PX) == pytest.approx([dx, dy], abs=0.25)


def test_a_path_adds_up_and_goes_on_over_a_frame_that_shows_nothing() -> None:
    background = Background()
    for step in range(4):
        path = background.observe(scene(np.array([2.0 * step, -1.0 * step])), HEAD_PX, IOD_PX)
    assert path == pytest.approx([6.0, -3.0], abs=0.3)
    assert background.observe(scene(np.zeros(2), texture=0.0), HEAD_PX, IOD_PX) == pytest.approx([6.0, -3.0], abs=0.3)


def test_a_bare_wall_and_a_face_that_fills_the_picture_tell_nothing() -> None:
    for texture, iod_px in ((0.0, IOD_PX), (60.0, 400.0)):
        background = Background()
        for _ in range(3):
            path = background.observe(scene(np.zeros(2), texture=texture), HEAD_PX, iod_px)
        assert np.isnan(path).all()
