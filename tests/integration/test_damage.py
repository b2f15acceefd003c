"""Files that were cut, spoiled or never finished: what can be read is analysed, and lost time is lost."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.unit.video.clips import remux
from tests.unit.video.films import AV1, HEIGHT_PX, WIDTH_PX, Recipe, pictures_at, store, times
from vision.errors import ClipError, ClipNotReadableError
from vision.model.request import Request
from vision.pipeline import analyse
from vision.settings import VideoSettings
from vision.video.decode import open_clip

DURATION_S, RATE_HZ = 8.0, 30.0
CUTS = np.linspace(0.02, 0.99, 50)
KEYED = {"preset": "ultrafast", "crf": "15", "g": "30", "keyint_min": "30", "sc_threshold": "0", "bf": "0"}
VIDEO = VideoSettings()
WATCHED = Request(region_px=(8.0, 8.0, WIDTH_PX - 16.0, HEIGHT_PX - 16.0))


@lru_cache(maxsize=1)
def film() -> tuple[Any, Any]:
    times_s = times(DURATION_S, RATE_HZ)
    return times_s, pictures_at(times_s)


def keyed(path: Path) -> Path:
    """Eight seconds with a keyframe every second."""
    times_s, pictures = film()
    return store(path, pictures, times_s, Recipe("keyed", path.suffix, options=KEYED))


WAYS = {
    "index first": (".mp4", {"movflags": "faststart"}),
    "fragmented": (".mp4", {"movflags": "frag_keyframe+empty_moov"}),
    "matroska": (".mkv", {}),
    "transport stream": (".ts", {}),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    whole = keyed(folder / "whole.mp4")
    return {
        way: remux(whole, folder / f"{way.replace(' ', '-')}{ending}", options)
        for way, (ending, options) in WAYS.items()
    }


@pytest.mark.parametrize("way", WAYS)
def test_fifty_cuts_each_give_a_beginning_or_a_refusal(way: str, stored: dict[str, Path], tmp_path: Path) -> None:
    data = stored[way].read_bytes()
    part = tmp_path / f"part{stored[way].suffix}"
    lengths = []
    for share in CUTS:
        part.write_bytes(data[: int(share * len(data))])
        try:
            with open_clip(part, VIDEO) as reader:
                shown_s = [frame.time_s for frame in reader]
        except ClipError:
            lengths.append(0.0)
            continue
        np.testing.assert_allclose(shown_s, np.arange(len(shown_s)) / RATE_HZ, atol=0.0006)
        assert reader.info.duration_s == pytest.approx(len(shown_s) / RATE_HZ, abs=0.04)
        lengths.append(reader.info.duration_s or 0.0)
    assert lengths == sorted(lengths)
    assert lengths[-1] > 0.9 * DURATION_S


def test_without_an_index_it_is_refused_with_the_likely_cause(tmp_path: Path) -> None:
    whole = keyed(tmp_path / "a.mp4")
    data = whole.read_bytes()
    whole.write_bytes(data[: data.rindex(b"moov") - 4])
    with pytest.raises(ClipNotReadableError, match="interrupted recording"):
        analyse(whole)


def spoiled(path: Path, from_s: float, until_s: float) -> Path:
    """Write noise over all packets of a stretch."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        tick_s = float(stream.time_base or 0)
        packets = [(packet.pos, packet.size, (packet.pts or 0) * tick_s) for packet in container.demux(stream)]
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(2)
    for place, size, shown_s in packets:
        if size and from_s <= shown_s < until_s:
            data[place : place + size] = rng.integers(0, 256, size, np.uint8).tobytes()
    path.write_bytes(bytes(data))
    return path


GROUP = 15
GROUPED = {"preset": "ultrafast", "crf": "15", "g": str(GROUP), "bf": "0"}
HEVC = {**GROUPED, "x265-params": f"keyint={GROUP}:min-keyint={GROUP}:log-level=none"}
PACKED = [
    Recipe("h264", options=GROUPED),
    Recipe("h264 in slices", options={**GROUPED, "slices": "4"}),
    Recipe("h264 ts", ".ts", options=GROUPED),
    Recipe("hevc", ".mp4", "libx265", options=HEVC),
    Recipe("hevc 10 bit", ".mov", "libx265", "yuv420p10le", options=HEVC),
    Recipe("av1", ".mp4", "libaom-av1", options={**AV1, "crf": "20", "g": str(GROUP)}),
    Recipe("mpeg-4", ".avi", "mpeg4", options={"qmax": "4", "g": str(GROUP)}),
    Recipe("h263", ".3gp", "h263", rate_hz=30000 / 1001, options={"qmax": "4", "g": str(GROUP)}),
    Recipe("mjpeg", ".mov", "mjpeg", "yuvj420p", options={"qmax": "3"}),
    Recipe("prores", ".mov", "prores_ks", "yuv422p10le"),
]


@pytest.mark.parametrize("how", ["noise", "nothing"])
@pytest.mark.parametrize("recipe", PACKED, ids=lambda recipe: recipe.name)
def test_no_patched_up_picture_passes_for_a_real_one(recipe: Recipe, how: str, tmp_path: Path) -> None:
    """Two packets are spoiled in part: every picture that still comes is, to the bit, the one of the whole film.

    Noise may happen to be valid code: then a spoiled picture itself passes, but none that rests on it. VP8 and VP9 are
    left out: they hold nothing by which a decoder could tell (docs/security.md).
    """
    times_s = times(3.0, recipe.rate_hz)
    path = store(tmp_path / f"a{recipe.ending}", pictures_at(times_s), times_s, recipe)
    whole = lumas(path)[0]
    data, rng = bytearray(path.read_bytes()), np.random.default_rng(4)
    spoiled_at = range(2 * GROUP + 4, 2 * GROUP + 6)
    for place, size in (places_of_packets(path)[number] for number in spoiled_at):
        middle, end = place + size // 2, place + size
        data[middle:end] = rng.bytes(end - middle) if how == "noise" else bytes(end - middle)
    path.write_bytes(bytes(data))
    left, problems = lumas(path)
    assert "damaged" in problems
    assert len(whole) - GROUP - 4 <= len(left) < len(whole)
    for number, (time_s, luma) in enumerate(whole.items()):
        if time_s in left and not (how == "noise" and number in spoiled_at):
            np.testing.assert_array_equal(left[time_s], luma)


def lumas(path: Path) -> tuple[dict[float, Any], tuple[str, ...]]:
    with open_clip(path, VideoSettings(shortest_clip_s=0.1)) as reader:
        return {frame.time_s: frame.luma for frame in reader}, reader.problems


def places_of_packets(path: Path) -> list[tuple[int, int]]:
    with av.open(str(path)) as container:
        return [(packet.pos or 0, packet.size) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize(("codec", "ending"), [("libx264", ".mp4"), ("libx264", ".mkv"), ("libx265", ".mov")])
def test_a_hole_in_the_file_is_lost_time(codec: str, ending: str, tmp_path: Path) -> None:
    """As a download leaves it that missed a piece: zeros in a keyframe, which HEVC would decode without a word."""
    options = {**HEVC, "preset": "medium"} if codec == "libx265" else {**GROUPED, "preset": "medium", "bf": "3"}
    times_s = times(3.0, RATE_HZ)
    path = store(tmp_path / f"a{ending}", pictures_at(times_s), times_s, Recipe("b", ending, codec, options=options))
    whole, data = lumas(path)[0], bytearray(path.read_bytes())
    place, size = places_of_packets(path)[3 * GROUP]
    data[place + size // 3 : place + 2 * size // 3] = bytes(2 * size // 3 - size // 3)
    path.write_bytes(bytes(data))
    left, problems = lumas(path)
    assert "damaged" in problems
    assert len(whole) - 2 * GROUP <= len(left) <= len(whole) - GROUP
    for time_s, luma in left.items():
        np.testing.assert_array_equal(luma, whole[time_s])


def test_packets_that_are_missing_altogether_are_lost_time(tmp_path: Path) -> None:
    """As where a transport stream lost blocks: what rests on them does not come, and that is said."""
    times_s = times(3.0, RATE_HZ)
    path = store(tmp_path / "a.ts", pictures_at(times_s), times_s, Recipe("ts", ".ts", options=GROUPED))
    whole, blocks = lumas(path)[0], path.read_bytes()
    count = len(blocks) // 188
    gone = set(range(count // 2, count // 2 + 3))
    path.write_bytes(b"".join(blocks[188 * n : 188 * n + 188] for n in range(count) if n not in gone))
    left, problems = lumas(path)
    assert "damaged" in problems
    assert len(whole) - GROUP - 4 <= len(left) < len(whole)
    for time_s, luma in left.items():  # after a loss FFmpeg rounds the group that follows otherwise: 2 grey levels seen
        np.testing.assert_allclose(luma.astype(int), whole[time_s].astype(int), atol=2)


@pytest.mark.slow
def test_what_was_lost_in_the_middle_is_not_observed(tmp_path: Path) -> None:
    """2.5 s are spoiled, which is lost up to the next keyframe; no event and no watching falls there."""
    whole = analyse(keyed(tmp_path / "a.mp4"), request=WATCHED).document
    document = analyse(spoiled(keyed(tmp_path / "b.mp4"), 3.2, 5.7), request=WATCHED).document
    lost = (3.2, 6.0)
    codes = {warning.code for warning in document.quality.warnings}
    assert {"damaged", "incomplete"} <= codes
    assert document.clip.duration_s == pytest.approx(DURATION_S, abs=0.05)
    expected_s = whole.quality.observed_s - (lost[1] - lost[0])
    assert document.quality.observed_s == pytest.approx(expected_s, abs=0.25)
    assert document.quality.observed_s < whole.quality.observed_s - 2.3
    for event in document.events:
        assert not lost[0] + 0.1 < event.peak_s < lost[1] - 0.1
        assert event.offset_s - event.onset_s < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("way", ["matroska", "transport stream"])
def test_a_cut_film_is_analysed_as_far_as_it_goes(way: str, stored: dict[str, Path], tmp_path: Path) -> None:
    part = tmp_path / f"part{stored[way].suffix}"
    data = stored[way].read_bytes()
    part.write_bytes(data[: int(0.6 * len(data))])
    document = analyse(part, request=WATCHED).document
    assert 3.5 < document.clip.duration_s < 6.0
    assert document.quality.observed_s <= document.clip.duration_s + 1e-6
    assert document.features.rhythmicity.spectral_peak_hz in (None, pytest.approx(5.0, abs=0.1))
    if way == "matroska":  # a transport stream states no length: nothing shows that it was cut
        assert {"truncated", "incomplete"} & {warning.code for warning in document.quality.warnings}
