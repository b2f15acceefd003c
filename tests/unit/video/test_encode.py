from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.video.clips import HEIGHT_PX, TIMES_S, WIDTH_PX, luma_with_mark, read, render, times_of
from vision.errors import OutputError, ShapeError
from vision.video.encode import TICKS_PER_S, ClipWriter

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
steps_s = st.lists(st.floats(1e-4, 3.0), min_size=1, max_size=8)
steps_ticks = st.lists(st.integers(1, 200_000), min_size=1, max_size=8)


@FEW
@given(steps_s)
def test_times_written_are_the_times_read(tmp_path: Path, steps: list[float]) -> None:
    times_s = np.cumsum([0.0, *steps])
    read_s = times_of(render(tmp_path / "a.mp4", list(times_s), size=(16, 16)))
    assert len(read_s) == len(times_s)
    np.testing.assert_allclose(read_s, times_s, rtol=0, atol=1 / TICKS_PER_S)


@FEW
@given(steps_ticks, st.integers(-900_000, 9_000_000))
def test_shifting_time_changes_nothing(tmp_path: Path, steps: list[int], shift_ticks: int) -> None:
    ticks = np.cumsum([0, *steps])
    plain_s = times_of(render(tmp_path / "a.mp4", list(ticks / TICKS_PER_S), size=(16, 16)))
    shifted_s = times_of(render(tmp_path / "b.mp4", list((ticks + shift_ticks) / TICKS_PER_S), size=(16, 16)))
    assert shifted_s == plain_s


@pytest.mark.parametrize(
    ("codec", "ending", "pixel_format"),
    [
        ("libx264", ".mp4", "yuv420p"),
        ("libx264", ".mov", "yuv420p10le"),
        ("libx265", ".mp4", "yuv420p"),
        ("libvpx-vp9", ".webm", "yuv420p"),
        ("mpeg4", ".mp4", "yuv420p"),
        ("mjpeg", ".mov", "yuvj420p"),
        ("ffv1", ".mkv", "gray"),
    ],
)
def test_same_pictures_same_bytes_and_same_luma(tmp_path: Path, codec: str, ending: str, pixel_format: str) -> None:
    options = {"codec": codec, "pixel_format": pixel_format, "keyframe_interval_frames": 7, "size": (72, 64)}
    first = render(tmp_path / f"a{ending}", **options)
    second = render(tmp_path / f"b{ending}", **options)
    assert first.read_bytes() == second.read_bytes()
    frames, reader = read(first)
    assert len(frames) == len(TIMES_S)
    assert reader.problems == ()
    for number, frame in enumerate(frames):
        assert np.abs(frame.luma.astype(int) - luma_with_mark(number, 72, 64)).mean() < 3


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9"])
def test_the_keyframe_interval_is_kept_exactly(tmp_path: Path, codec: str) -> None:
    path = render(tmp_path / "a.mp4", codec=codec, keyframe_interval_frames=6, size=(72, 64))
    frames, reader = read(path)
    assert [frame.index for frame in frames if frame.is_keyframe] == [0, 6, 12, 18]
    assert reader.info.keyframe_s == pytest.approx([0.0, 0.2, 0.4, 0.6])


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
@pytest.mark.parametrize("ending", [".mp4", ".mov"])
def test_a_turned_film_is_read_upright(tmp_path: Path, rotation_deg: int, ending: str) -> None:
    frames, reader = read(render(tmp_path / f"a{ending}", rotation_deg=rotation_deg), rgb_rate_hz=1)
    expected = np.rot90(luma_with_mark(0), -rotation_deg // 90)
    assert reader.info.rotation_deg == rotation_deg
    assert frames[0].luma.shape == expected.shape == (reader.info.height_px, reader.info.width_px)
    assert np.abs(frames[0].luma.astype(int) - expected).mean() < 3
    assert frames[0].rgb_small.shape[:2] == expected.shape


def test_only_our_own_comment_means_simulated(tmp_path: Path) -> None:
    ours = render(tmp_path / "a.mp4", comment="simulated by twitchscope 0.1 seed 3")
    other = render(tmp_path / "b.mp4", comment="filmed, not simulated by twitchscope")
    matroska = render(tmp_path / "c.mkv", comment="simulated by twitchscope 0.1 seed 3")
    assert [read(path)[1].info.is_simulated for path in (ours, other, matroska)] == [True, False, True]


def test_bit_rate_takes_the_place_of_quality(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 64, 64), np.uint8)
    sizes = []
    for bit_rate_bps in (50_000, 800_000):
        with ClipWriter(tmp_path / "a.mp4", 64, 64, bit_rate_bps=bit_rate_bps) as writer:
            for number, luma in enumerate(noise):
                writer.write(luma, number / 30)
        sizes.append((tmp_path / "a.mp4").stat().st_size)
    assert sizes[1] > 4 * sizes[0]


def test_one_picture_is_a_clip(tmp_path: Path) -> None:
    assert times_of(render(tmp_path / "a.mp4", [5.0])) == [0.0]


def test_an_exception_leaves_nothing_behind_and_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    with pytest.raises(KeyError), ClipWriter(path, WIDTH_PX, HEIGHT_PX) as writer:  # noqa: PT012
        for number in range(5):
            writer.write(luma_with_mark(number), number / 30)
        raise KeyError
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.mp4"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {"size": (33, 21)}),  # H.264 in yuv420p takes even sizes only
        ("a.mp4", {"size": (48, 64), "codec": "libx265"}),  # would abort the process
        ("a.mp4", {"codec": "no-such-codec"}),
        ("a.mp4", {"pixel_format": "no-such-format"}),
        ("a.webm", {}),  # H.264 does not go into WebM
        ("a.avi", {}),  # no time for each picture
        ("a", {}),
        ("a.mp4", {"rotation_deg": 45}),
        ("a.mkv", {"rotation_deg": 90}),
        ("a.mp4", {"times_s": []}),
        ("missing/a.mp4", {}),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(tmp_path: Path, name: str, options: dict) -> None:
    with pytest.raises(OutputError) as refusal:
        render(tmp_path / name, **options)
    assert "\n" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("picture", "time_s"),
    [
        (np.zeros((HEIGHT_PX, WIDTH_PX + 1), np.uint8), 1.0),
        (np.zeros((HEIGHT_PX, WIDTH_PX), np.float32), 1.0),
        (np.zeros((HEIGHT_PX, WIDTH_PX, 4), np.uint8), 1.0),
        (np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8), 0.0),
        (np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8), -1.0),
        (np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8), float("nan")),
        (np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8), float("inf")),
    ],
)
def test_pictures_and_times_that_do_not_fit_are_our_fault(tmp_path: Path, picture: np.ndarray, time_s: float) -> None:
    with pytest.raises(ShapeError), ClipWriter(tmp_path / "a.mp4", WIDTH_PX, HEIGHT_PX) as writer:  # noqa: PT012
        writer.write(luma_with_mark(0), 0.0)
        writer.write(picture, time_s)
    assert list(tmp_path.iterdir()) == []
