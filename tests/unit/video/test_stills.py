"""Pictures that are no film, and animations that are one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.video.clips import ANY_LENGTH, luma_with_mark, read
from vision.errors import ClipNotReadableError
from vision.settings import VideoSettings
from vision.video.probe import probe
from vision.video.stills import is_still, webp_canvas_px

DURATIONS_MS = [40, 40, 80, 40, 120, 40]


def animation(path: Path, durations_ms: list[int] = DURATIONS_MS) -> Path:
    images = [Image.fromarray(luma_with_mark(number)).convert("RGB") for number in range(len(durations_ms))]
    images[0].save(path, save_all=True, append_images=images[1:], duration=durations_ms, lossless=True)
    return path


def test_an_animation_is_a_film_with_its_own_times(tmp_path: Path) -> None:
    frames, reader = read(animation(tmp_path / "a.webp"), rgb_rate_hz=100)
    np.testing.assert_allclose([frame.time_s for frame in frames], np.cumsum([0, *DURATIONS_MS[:-1]]) / 1000)
    for number, frame in enumerate(frames):
        assert np.abs(frame.luma.astype(int) - luma_with_mark(number)).max() <= 1
        assert frame.rgb_small is not None
    info = reader.info
    assert (info.container, info.codec, info.is_variable_rate) == ("webp", "webp", True)
    assert info.duration_s == pytest.approx(sum(DURATIONS_MS) / 1000, abs=0.081)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.95])
def test_a_cut_animation_is_a_beginning_or_refused(tmp_path: Path, share: float) -> None:
    path = animation(tmp_path / "a.webp")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    try:
        frames, _ = read(path)
    except ClipNotReadableError:
        return
    assert 1 <= len(frames) <= len(DURATIONS_MS)


def test_an_animation_is_refused_by_its_limits(tmp_path: Path) -> None:
    path = animation(tmp_path / "a.webp")
    for limits in ({"largest_frame_px": 1000}, {"largest_animation_px": 1000}, {"most_frames": 3}):
        with pytest.raises(ClipNotReadableError):
            probe(path, VideoSettings(**limits))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_a_still_picture_is_no_film(tmp_path: Path, name: str) -> None:
    Image.fromarray(luma_with_mark(0)).save(tmp_path / name)
    with pytest.raises(ClipNotReadableError, match=r"still picture.*live photo"):
        probe(tmp_path / name, ANY_LENGTH)


@pytest.mark.parametrize(
    ("head", "expected"),
    [(b"\0\0\0\x18ftypheic", True), (b"\0\0\0\x18ftypavif", True), (b"\0\0\0\x18ftypqt  ", False),
     (b"\0\0\0\x18ftypisom", False), (b"", False), (b"RIFF", False), (b"RIFF\0\0\0\0AVI ", False)],
)  # fmt: skip
def test_a_picture_of_a_phone_is_told_by_its_head(head: bytes, expected: bool) -> None:
    assert is_still(head) is expected


def test_a_canvas_is_read_as_the_standard_says() -> None:
    head = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x2f\0\0\x1f\0\0\0\0"
    assert webp_canvas_px(head) == (48, 32)
    assert webp_canvas_px(head[:20] + b"\0" + head[21:]) is None
    assert webp_canvas_px(head[:25]) is None
