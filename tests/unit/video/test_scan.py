"""What the compressed pictures tell before any is decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.video.clips import ANY_LENGTH, mux, read, remux, render
from vision.errors import ClipNotFoundError, ClipNotReadableError, ClipTooShortError, SettingsError
from vision.model.clip import ClipInfo
from vision.settings import VideoSettings
from vision.video.maker import capture_rate_hz, has_slowed_part, is_phone_original, near_whole, slowdown_of
from vision.video.probe import probe, require_long_enough, slowdown_factor
from vision.video.scan import content_of, usual_step_s

FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SLOW_MARK = {"com.android.capture.fps": "240.000000"}


@FEW
@given(st.lists(st.integers(1, 3000), min_size=2, max_size=12))
def test_the_span_bounds_what_is_decoded(tmp_path: Path, steps_ms: list[int]) -> None:
    path = mux(tmp_path / "a.mkv", [int(stamp) for stamp in np.cumsum([0, *steps_ms])])
    info = read(path)[1].info
    assert info.span_s is not None
    assert info.duration_s is not None
    # Both let the last picture last as it will, so they may differ by that much.
    assert info.span_s >= info.duration_s - max(steps_ms) / 1000 - 1e-9
    assert info.longest_gap_s == pytest.approx(max(steps_ms) / 1000)


@given(st.floats(1, 240), st.lists(st.floats(-0.1, 0.1), min_size=3, max_size=50), st.floats(2, 50))
def test_the_usual_step_heeds_no_gap(rate_hz: float, jitter: list[float], gap: float) -> None:
    steps = (1 + np.array(jitter)) / rate_hz
    assert usual_step_s(np.append(steps, gap / rate_hz)) == pytest.approx(1 / rate_hz, rel=0.11)


@pytest.mark.parametrize(("missing", "dropped"), [((), 0), ((7,), 1), ((7, 8, 9), 3), ((3, 12), 2)])
def test_missing_pictures_are_counted(tmp_path: Path, missing: tuple[int, ...], dropped: int) -> None:
    pts = [40 * number for number in range(20) if number not in missing]
    info = probe(mux(tmp_path / "a.mkv", pts), ANY_LENGTH)
    assert info.dropped_count == dropped
    assert info.typical_rate_hz == pytest.approx(25)
    assert info.is_all_intra


def test_a_single_picture_lasts_as_long_as_it_says(tmp_path: Path) -> None:
    info = probe(render(tmp_path / "a.mp4", [0.0]), ANY_LENGTH)
    assert info.span_s == pytest.approx(1 / 30, abs=1e-4)
    with pytest.raises(ClipTooShortError):
        require_long_enough(tmp_path / "a.mp4", info, 1.0, VideoSettings())


def test_keyframes_among_others_are_told_from_all_intra(tmp_path: Path) -> None:
    info = probe(render(tmp_path / "a.mp4", keyframe_interval_frames=5), ANY_LENGTH)
    assert not info.is_all_intra
    assert info.keyframe_interval_s == pytest.approx(1 / 6, abs=0.001)
    frames, reader = read(mux(tmp_path / "b.mov", [0, 40, 80]))
    assert [frame.is_keyframe for frame in frames] == [False] * 3
    assert reader.info.keyframe_s == ()


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4")
    before = content_of(path, ANY_LENGTH)
    assert content_of(path, ANY_LENGTH) is before
    render(path, [0.0, 0.5, 1.0])
    assert content_of(path, ANY_LENGTH).scan.picture_count == 3
    assert content_of(path, ANY_LENGTH).sha256 != before.sha256


def test_more_streams_than_allowed_are_refused(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4")
    assert probe(path, VideoSettings(most_streams=1)).stream_count == 1
    two = tmp_path / "b.mp4"
    import av

    with av.open(str(two), "w") as container:
        for _ in range(3):
            stream = container.add_stream("mpeg4", rate=30)
            stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        for stream in container.streams.video:
            for number in range(3):
                frame = av.VideoFrame(48, 32, "yuv420p")
                frame.pts = number
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    with pytest.raises(ClipNotReadableError):
        probe(two, VideoSettings(most_streams=2))


def test_a_link_is_refused_unless_asked_for(tmp_path: Path) -> None:
    render(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").symlink_to(tmp_path / "a.mp4")
    with pytest.raises(ClipNotFoundError, match="symbolic link"):
        probe(tmp_path / "b.mp4", ANY_LENGTH)
    assert probe(tmp_path / "b.mp4", VideoSettings(follow_links=True)).frame_count == 20


# -- what makers write -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [("240.000000", 240.0), ("30", 30.0), ("", None), ("nan", None), ("inf", None), ("-3", None), ("1e9", None)],
)
def test_a_capture_rate_is_a_number_that_can_be_meant(said: str, expected: float | None) -> None:
    assert capture_rate_hz({"com.android.capture.fps": said}) == expected


@pytest.mark.parametrize(
    ("capture_hz", "typical_hz", "expected"),
    [(240, 30, 8), (240, 30.47, 8), (120, 29.97, 4), (960, 30, 32), (30, 29.97, 1), (30, 24, 1), (240, 240, 1),
     (60, 25, 2.4), (None, 30, 1), (240, None, 1)],
)  # fmt: skip
def test_slow_motion_is_told_from_a_dim_room(
    capture_hz: float | None, typical_hz: float | None, expected: float
) -> None:
    assert slowdown_of(capture_hz, typical_hz, 1.5) == pytest.approx(expected)


@given(st.floats(1, 100))
@example(4.75390625)
def test_near_a_whole_number_is_that_number(ratio: float) -> None:
    found = near_whole(ratio)
    assert ratio == pytest.approx(found, rel=0.0501)  # of the whole number


def test_marks_of_a_phone(tmp_path: Path) -> None:
    assert is_phone_original({"com.apple.quicktime.make": "x"})
    assert not is_phone_original({"encoder": "Lavf", "comment": "com.apple.quicktime.make"})
    path = remux(render(tmp_path / "a.mp4"), tmp_path / "b.mp4", {"movflags": "use_metadata_tags"}, SLOW_MARK)
    info = probe(path, ANY_LENGTH)
    assert (info.capture_rate_hz, info.is_phone_original) == (240.0, True)
    assert slowdown_factor(info, None, ANY_LENGTH) == 8.0
    assert slowdown_factor(info, 120.0, ANY_LENGTH) == 4.0


def test_a_stretch_that_was_slowed_down_is_said(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4")
    assert not has_slowed_part(path)
    path.write_bytes(path.read_bytes() + b"\0\0\0\x1cfree" + b"SlowMotion_Data88:879:2SEFHj\0SEFT")
    assert has_slowed_part(path)
    assert read(path)[1].problems == ("slowed-part",)


# -- refused before minutes are spent ----------------------------------------------------------------------------------


def told(**facts: object) -> ClipInfo:
    return ClipInfo(
        "ab" * 32, "mp4", "h264", "yuv420p", 64, 48, 60, facts.pop("duration_s", 9.0), 30.0, None, 0, **facts
    )  # type: ignore[arg-type]


def test_what_cannot_be_long_enough_is_refused_by_its_packets() -> None:
    path = Path("a.mp4")
    require_long_enough(path, told(span_s=2.0), 1.0, VideoSettings())
    require_long_enough(path, told(span_s=None), 1.0, VideoSettings())
    with pytest.raises(ClipTooShortError, match=r"1\.00 s that can.*copy the original"):
        require_long_enough(path, told(span_s=1.0), 1.0, VideoSettings())
    with pytest.raises(ClipTooShortError, match=r"1\.00 s that can.*film for"):
        require_long_enough(path, told(span_s=1.0, duration_s=1.0), 1.0, VideoSettings())
    with pytest.raises(ClipTooShortError, match=r"1\.12 s of real time \(8 times slower"):
        require_long_enough(path, told(span_s=9.0), 8.0, VideoSettings())


def test_a_capture_rate_below_the_file_s_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match="--capture-rate 10"):
        slowdown_factor(told(typical_rate_hz=30.0), 10.0, VideoSettings())
    assert slowdown_factor(told(typical_rate_hz=29.97), 30.0, VideoSettings()) == 1.0
