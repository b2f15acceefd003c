import weakref
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.video.clips import (
    ANY_LENGTH,
    HEIGHT_PX,
    TIMES_S,
    WIDTH_PX,
    encoded,
    luma_with_mark,
    mux,
    read,
    remux,
    render,
    set_matrix,
)
from vision.errors import ClipError, ClipNotReadableError, ClipTooShortError
from vision.settings import VideoSettings
from vision.video.decode import open_clip, sample_frames
from vision.video.probe import probe

FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(st.lists(st.integers(1, 5000), min_size=2, max_size=8), st.integers(0, 10**6), st.sampled_from([".mp4", ".mkv"]))
def test_a_film_may_start_at_any_time(tmp_path: Path, steps_ms: list[int], start_ms: int, ending: str) -> None:
    pts = np.cumsum([start_ms, *steps_ms])
    frames, reader = read(mux(tmp_path / f"a{ending}", [int(stamp) for stamp in pts]))
    # MP4 rounds the empty time before the first picture, Matroska nothing.
    np.testing.assert_allclose([frame.time_s for frame in frames], (pts - start_ms) / 1000, atol=1e-9)
    assert reader.problems == ()


@FEW
@given(st.floats(0.0, 1.0))
def test_a_truncated_film_is_a_beginning_of_the_whole_one(tmp_path: Path, share: float) -> None:
    whole = remux(render(tmp_path / "a.mp4", keyframe_interval_frames=5), tmp_path / "b.mp4", {"movflags": "faststart"})
    expected = [frame.luma for frame in read(whole)[0]]
    data = whole.read_bytes()
    part = tmp_path / "part.mp4"
    part.write_bytes(data[: int(share * len(data))])
    try:
        frames, reader = read(part)
    except ClipError:
        return
    assert all(np.array_equal(frame.luma, luma) for frame, luma in zip(frames, expected, strict=False))
    assert reader.info.frame_count == len(frames) <= len(expected)
    assert reader.info.is_complete == (len(frames) == len(expected))
    assert reader.info.is_complete or {"truncated", "damaged"}.intersection(reader.problems)


@FEW
@given(st.binary(min_size=1, max_size=40), st.floats(0.0, 1.0))
@example(b"\x00 ", 0.9103014579766657)  # a size in the index so large that FFmpeg said there is no memory
def test_damage_anywhere_never_escapes_as_anything_but_a_refusal(tmp_path: Path, noise: bytes, share: float) -> None:
    data = bytearray(render(tmp_path / "a.mp4").read_bytes())
    start = int(share * (len(data) - 1))
    data[start : start + len(noise)] = noise
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(bytes(data))
    try:
        frames, reader = read(broken, VideoSettings(shortest_clip_s=1e-6, largest_frame_px=10**6))
    except ClipError:
        pass
    else:
        assert reader.info.frame_count == len(frames)


@pytest.mark.parametrize("ending", [".mkv", ".mp4"])
def test_truncation_shows_without_a_frame_count_too(tmp_path: Path, ending: str) -> None:
    times_s = [number / 10 for number in range(60)]
    options = {"movflags": "faststart"} if ending == ".mp4" else {}
    whole = remux(
        render(tmp_path / "a.mp4", times_s, codec="mjpeg", pixel_format="yuvj420p"), tmp_path / f"b{ending}", options
    )
    part = tmp_path / f"part{ending}"
    part.write_bytes(whole.read_bytes()[: int(0.7 * whole.stat().st_size)])
    assert read(whole)[1].info.is_complete
    assert not read(part)[1].info.is_complete


def test_after_damage_the_film_goes_on_at_the_next_keyframe(tmp_path: Path) -> None:
    film = render(tmp_path / "a.mp4", keyframe_interval_frames=5)
    with av.open(str(film)) as container:
        places = sorted(packet.pos for packet in container.demux(video=0) if packet.size)
    data = bytearray(film.read_bytes())
    data[places[7] : places[7] + 8] = b"\xff" * 8  # the length of the eighth picture, and its first bytes
    film.write_bytes(bytes(data))
    frames, reader = read(film)
    assert reader.problems == ("damaged",)
    assert not reader.info.is_complete
    shown = [round(frame.time_s * 30) for frame in frames]
    assert shown[-10:] == list(range(10, 20))
    assert frames[-10].is_keyframe
    assert shown[:-10] == list(range(len(shown) - 10))
    assert len(shown) < 20


def test_stamps_that_do_not_advance_are_left_out(tmp_path: Path) -> None:
    path = mux(tmp_path / "a.mp4", [0, 40, 120, 80, 160], dts=[0, 10, 20, 30, 40])
    frames, reader = read(path)
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.04, 0.12, 0.16])
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert reader.problems == ("backward-timestamps",)


def test_a_film_without_stamps_follows_its_rate(tmp_path: Path) -> None:
    path = remux(render(tmp_path / "a.mp4", TIMES_S), tmp_path / "a.h264", {})
    frames, reader = read(path)
    assert "missing-timestamps" in reader.problems
    steps_s = np.diff([frame.time_s for frame in frames])
    np.testing.assert_allclose(steps_s, steps_s[0])
    assert len(frames) == len(TIMES_S)


def test_variable_rate_is_seen_and_rounding_is_not(tmp_path: Path) -> None:
    steady = render(tmp_path / "a.mkv", TIMES_S, codec="mjpeg", pixel_format="yuvj420p")
    varying = render(tmp_path / "b.mp4", [0.0, 0.033, 0.066, 0.108, 0.141])
    assert read(steady)[1].info.is_variable_rate is False
    info = read(varying)[1].info
    assert info.is_variable_rate is True
    assert info.mean_rate_hz == pytest.approx(4 / 0.141)
    assert info.duration_s == pytest.approx(0.141 + 0.033, abs=0.01)


@pytest.mark.parametrize(("rate_hz", "expected"), [(None, 0), (0.1, 1), (6.0, 6), (30.0, 30), (1000.0, 30)])
def test_small_pictures_come_at_their_own_rate(tmp_path: Path, rate_hz: float | None, expected: int) -> None:
    frames, _ = read(render(tmp_path / "a.mp4", [number / 30 for number in range(30)]), rgb_rate_hz=rate_hz)
    assert sum(frame.rgb_small is not None for frame in frames) == expected
    assert (frames[0].rgb_small is None) == (rate_hz is None)


def test_small_pictures_follow_time_and_not_frames(tmp_path: Path) -> None:
    times_s = [*(number / 60 for number in range(60)), *(1 + number / 15 for number in range(15))]
    frames, _ = read(render(tmp_path / "a.mp4", times_s), rgb_rate_hz=5)
    made_s = [frame.time_s for frame in frames if frame.rgb_small is not None]
    assert [sum(time_s < 0.99 for time_s in made_s), sum(time_s >= 0.99 for time_s in made_s)] == [5, 5]


@pytest.mark.parametrize(
    ("size", "expected"), [((640, 480), (240, 320)), ((480, 640), (320, 240)), ((100, 80), (80, 100))]
)
def test_small_pictures_keep_their_shape_and_never_grow(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    frames, _ = read(render(tmp_path / "a.mp4", [0.0, 0.1], size=size), rgb_rate_hz=1)
    assert frames[0].rgb_small.shape == (*expected, 3)
    assert frames[0].rgb_small.flags.c_contiguous


def test_odd_sizes_are_read_whole(tmp_path: Path) -> None:
    path = render(tmp_path / "a.webm", size=(35, 21), codec="libvpx-vp9")
    frames, reader = read(path, rgb_rate_hz=1)
    assert (reader.info.width_px, reader.info.height_px) == (35, 21)
    assert np.abs(frames[3].luma.astype(int) - luma_with_mark(3, 35, 21)).mean() < 4


@pytest.mark.parametrize(("aspect", "width_px"), [(2, 96), (Fraction(1, 2), 24), (Fraction(1001, 1000), 48), (6, 48)])
def test_pixels_are_made_square(tmp_path: Path, aspect: Fraction, width_px: int) -> None:
    def prepare(stream: object) -> None:
        stream.codec_context.sample_aspect_ratio = aspect  # type: ignore[attr-defined]

    frames, reader = read(mux(tmp_path / "a.mov", [0, 40, 80], prepare=prepare), rgb_rate_hz=1)
    assert frames[0].luma.shape == frames[0].rgb_small.shape[:2] == (HEIGHT_PX, width_px)
    assert reader.info.width_px == width_px
    assert ("odd-pixel-shape" in reader.problems) == (aspect == 6)


def test_a_mirrored_film_is_shown_mirrored(tmp_path: Path) -> None:
    frames, reader = read(set_matrix(render(tmp_path / "a.mp4"), -1, 0, 0, 1))
    assert reader.info.is_mirrored_by_matrix
    assert reader.info.rotation_deg == 0
    assert np.abs(frames[0].luma.astype(int) - luma_with_mark(0)[:, ::-1]).mean() < 3


def test_a_matrix_of_garbage_is_ignored_and_noted(tmp_path: Path) -> None:
    frames, reader = read(set_matrix(render(tmp_path / "a.mp4"), 0, 0, 0, 0))
    assert reader.info.rotation_deg == 0
    assert reader.problems == ("odd-rotation",)
    assert frames[0].luma.shape == (HEIGHT_PX, WIDTH_PX)


def test_a_film_that_changes_its_size_is_read_up_to_there(tmp_path: Path) -> None:
    sizes = [(48, 32)] * 3 + [(64, 32)] * 3
    frames, reader = read(mux(tmp_path / "a.mkv", [0, 40, 80, 120, 160, 200], sizes=sizes))
    assert len(frames) == 3
    assert reader.problems[0] == "size-change"
    assert not reader.info.is_complete


def test_the_film_is_chosen_among_several_streams(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        # thumbnail, motion-photo still, film: (size, number of pictures)
        streams = []
        for size, count in (((10, 12), 9), ((640, 480), 1), ((48, 32), 6)):
            stream = container.add_stream("mjpeg", rate=30)
            stream.width, stream.height, stream.pix_fmt = *size, "yuvj420p"
            streams.append((stream, size, count))
        for stream, size, count in streams:
            for number in range(count):
                for packet in encoded("mjpeg", "yuvj420p", number, size):
                    packet.stream, packet.pts, packet.dts = stream, number, number
                    packet.time_base = Fraction(1, 30)
                    container.mux(packet)
    info = read(path)[1].info
    assert (info.width_px, info.height_px, info.frame_count) == (48, 32, 6)


def test_info_says_what_was_declared_and_then_what_was_decoded(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4")
    declared = probe(path, ANY_LENGTH)
    with open_clip(path, ANY_LENGTH) as reader:
        assert reader.info == declared
        frames = list(reader)
    assert declared.frame_count == declared.declared_frame_count == len(frames) == reader.info.frame_count
    assert declared.duration_s == pytest.approx(reader.info.duration_s)
    assert declared.is_variable_rate is None
    assert reader.info.is_variable_rate is False
    assert (reader.info.codec, reader.info.pixel_format) == ("h264", "yuv420p")
    assert reader.info.mean_rate_hz == pytest.approx(30.0)


def test_a_reader_is_one_pass_and_may_be_left_early(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4")
    with open_clip(path, ANY_LENGTH) as reader:
        first = next(iter(reader))
        assert [frame.index for frame in reader] == list(range(1, len(TIMES_S)))
        assert list(reader) == []
    assert first.time_s == 0.0
    with open_clip(path, ANY_LENGTH) as reader:
        next(iter(reader))
    assert list(reader) == []


def test_frames_are_not_kept(tmp_path: Path) -> None:
    with open_clip(render(tmp_path / "a.mp4"), ANY_LENGTH, rgb_rate_hz=30) as reader:
        seen = []
        for frame in reader:
            seen.append(weakref.ref(frame.luma))
            assert sum(luma() is not None for luma in seen) <= 2


def test_a_clip_too_short_is_refused_after_its_last_frame(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4")
    with open_clip(path, VideoSettings()) as reader, pytest.raises(ClipTooShortError, match=r"0\.67 s.*at least 2 s"):
        list(reader)
    assert reader.info.frame_count == len(TIMES_S)


def test_two_seconds_are_long_enough(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", [number / 30 for number in range(60)])
    assert read(path, VideoSettings(shortest_clip_s=2.0))[1].info.duration_s == 2.0


def test_the_longest_clip_holds_while_decoding(tmp_path: Path) -> None:
    path = remux(render(tmp_path / "a.mp4", TIMES_S), tmp_path / "a.h264", {})  # declares no length
    with (
        open_clip(path, VideoSettings(longest_clip_s=0.3)) as reader,
        pytest.raises(ClipNotReadableError, match="lasts"),
    ):
        list(reader)


def test_samples_are_spread_over_the_clip(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", [number / 30 for number in range(180)], keyframe_interval_frames=30)
    frames = sample_frames(path, VideoSettings(), 5)
    everything = {frame.time_s: frame.luma for frame in read(path)[0]}
    assert len(frames) == 5
    assert [frame.index for frame in frames] == list(range(5))
    assert frames[-1].time_s > 4
    for frame in frames:
        assert frame.rgb_small is not None
        np.testing.assert_array_equal(frame.luma, everything[frame.time_s])


def test_samples_of_a_clip_with_one_keyframe_are_spread_too(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", [number / 30 for number in range(120)], keyframe_interval_frames=500)
    times_s = [frame.time_s for frame in sample_frames(path, VideoSettings(), 4)]
    assert len(times_s) == 4
    assert times_s == sorted(set(times_s))
    assert times_s[-1] > 2


def test_samples_without_seeking_are_the_opening_frames(tmp_path: Path) -> None:
    path = remux(render(tmp_path / "a.mp4", [number / 30 for number in range(60)]), tmp_path / "a.h264", {})
    frames = sample_frames(path, VideoSettings(), 4)
    assert len(frames) == 4
    assert all(frame.rgb_small is not None for frame in frames)


def test_decoding_is_silent_and_the_same_twice(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(render(tmp_path / "a.mp4").read_bytes())
    data[200:260] = b"\x00\xff" * 30
    (tmp_path / "a.mp4").write_bytes(bytes(data))
    try:
        first, second = read(tmp_path / "a.mp4"), read(tmp_path / "a.mp4")
    except ClipError:
        pass
    else:
        assert first[1].info == second[1].info
        assert all(np.array_equal(a.luma, b.luma) for a, b in zip(first[0], second[0], strict=True))
    assert capfd.readouterr() == ("", "")
