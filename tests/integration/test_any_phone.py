"""The same movement through every container, codec, rate, turn and range that a clinic may be sent."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.video.clips import remux
from tests.unit.video.films import AV1, HEIGHT_PX, MOVEMENT_HZ, WIDTH_PX, Recipe, pictures_at, store, times
from vision.errors import ClipTooShortError
from vision.model.request import Request
from vision.model.result import ResultDocument
from vision.pipeline import analyse
from vision.settings import VideoSettings
from vision.simulate.clip import simulate
from vision.simulate.named import scenario_named
from vision.video.decode import open_clip

DURATION_S = 10.0
MARGIN_PX = 8
TOLERANCE_HZ = 0.05
VIDEO = VideoSettings()
REALTIME = {"deadline": "realtime", "cpu-used": "8", "crf": "6"}
FAST = {"preset": "ultrafast", "crf": "8"}
HDR = {"color_primaries": 9, "colorspace": 9, "color_range": 1}

RECIPES = [
    Recipe("h264 mp4"),
    Recipe("h264 mov", ".mov"),
    Recipe("h264 mkv", ".mkv"),
    Recipe("h264 3gp", ".3gp"),
    Recipe("h264 ts", ".ts", options=FAST),
    Recipe("h264 avi", ".avi", options={**FAST, "bf": "0"}),
    Recipe("h264 with b-frames", options={**FAST, "preset": "medium", "bf": "3"}),
    Recipe("h264 10 bit", ".mov", pixel_format="yuv420p10le"),
    Recipe("h264 4:2:2", pixel_format="yuv422p"),
    Recipe("h264 4:4:4", pixel_format="yuv444p"),
    Recipe("h264 full range", pixel_format="yuvj420p"),
    Recipe("h264 limited range, tagged", options=FAST, tags={"color_range": 1}),
    Recipe("h264 interlaced", rate_hz=25, options={**FAST, "x264-params": "tff=1"}),
    Recipe("hevc", codec="libx265"),
    Recipe("hevc 10 bit", ".mov", "libx265", "yuv420p10le"),
    Recipe("hevc hlg", ".mov", "libx265", "yuv420p10le", tags={**HDR, "color_trc": 18}),
    Recipe("hevc pq", ".mp4", "libx265", "yuv420p10le", tags={**HDR, "color_trc": 16}),
    Recipe("av1", ".mp4", "libaom-av1", options={**AV1, "crf": "8"}),
    Recipe("av1 10 bit", ".mkv", "libaom-av1", "yuv420p10le", options={**AV1, "crf": "8"}),
    Recipe("vp9", ".webm", "libvpx-vp9", options=REALTIME),
    Recipe("vp9 alpha", ".webm", "libvpx-vp9", "yuva420p", options={**REALTIME, "auto-alt-ref": "0"}),
    Recipe("vp8", ".webm", "libvpx", options=REALTIME),
    Recipe("mpeg-4 avi", ".avi", "mpeg4", options={"qmax": "4"}),
    Recipe("mpeg-4 3gp", ".3gp", "mpeg4", options={"qmax": "4"}),
    Recipe("h263 3gp", ".3gp", "h263", rate_hz=30000 / 1001, options={"qmax": "4"}),
    Recipe("mpeg-2 mpg", ".mpg", "mpeg2video", rate_hz=25, options={"qmax": "4"}),
    Recipe("prores", ".mov", "prores_ks", "yuv422p10le"),
    Recipe("prores alpha", ".mov", "prores_ks", "yuva444p10le"),
    Recipe("mjpeg mov", ".mov", "mjpeg", "yuvj420p", options={"qmax": "3"}),
    Recipe("mjpeg avi", ".avi", "mjpeg", "yuvj422p", options={"qmax": "3"}),
    Recipe("gif", ".gif", "gif", "gray", rate_hz=25),
    Recipe("webp", ".webp", rate_hz=25),
    Recipe("grey ffv1", ".mkv", "ffv1", "gray"),
    Recipe("rgb ffv1", ".mkv", "ffv1", "bgr0"),
    *(Recipe(f"turned by {turn}", rotation_deg=turn) for turn in (90, 180, 270)),
    *(Recipe(f"{rate:g} a second", rate_hz=rate) for rate in (24, 24000 / 1001, 25, 48, 50, 60000 / 1001, 120, 240)),
]
QUICK = ("h264 mp4", "50 a second")  # of the kinds of film, for every run


@lru_cache(maxsize=2)
def steady(rate_hz: float) -> tuple[Any, Any]:
    times_s = times(DURATION_S, rate_hz)
    return times_s, pictures_at(times_s)


def analysed(path: Path, **said: Any) -> ResultDocument:
    """Watch all of the picture but its rim."""
    turned = said.pop("turned", False)
    width_px, height_px = (HEIGHT_PX, WIDTH_PX) if turned else (WIDTH_PX, HEIGHT_PX)
    region = (MARGIN_PX, MARGIN_PX, width_px - 2 * MARGIN_PX, height_px - 2 * MARGIN_PX)
    return analyse(path, request=Request(region_px=region, **said)).document


def assert_five_hertz(document: ResultDocument) -> None:
    features = document.features
    assert features.rhythmicity.spectral_peak_hz == pytest.approx(MOVEMENT_HZ, abs=TOLERANCE_HZ)
    assert features.frequency.dominant_hz == pytest.approx(MOVEMENT_HZ, abs=TOLERANCE_HZ)


@pytest.mark.slow
@pytest.mark.parametrize("first_line", [0, 1])
def test_five_hertz_in_two_half_pictures_of_two_times(first_line: int, tmp_path: Path) -> None:
    """As TV formats film: each picture holds the even lines of one time and the odd ones of 20 ms later, or before."""
    times_s = times(DURATION_S, 25)
    woven, other = pictures_at(times_s), pictures_at(times_s + 0.02)
    for picture, later in zip(woven, other, strict=True):
        picture[1 - first_line :: 2] = later[1 - first_line :: 2]
    order = {"x264-params": "tff=1" if first_line == 0 else "bff=1"}
    film = store(tmp_path / "a.mp4", woven, times_s, Recipe("woven", rate_hz=25, options={**FAST, **order}))
    document = analysed(film)
    assert "interlaced" in {warning.code for warning in document.quality.warnings}
    assert_five_hertz(document)


@pytest.mark.parametrize(
    "recipe",
    [recipe if recipe.name in QUICK else pytest.param(recipe, marks=pytest.mark.slow) for recipe in RECIPES],
    ids=lambda recipe: recipe.name,
)
def test_five_hertz_are_five_hertz(recipe: Recipe, tmp_path: Path) -> None:
    times_s, pictures = steady(recipe.rate_hz)
    document = analysed(store(tmp_path / f"a{recipe.ending}", pictures, times_s, recipe))
    assert document.clip.frame_count == len(times_s)
    assert document.clip.mean_rate_hz == pytest.approx(recipe.rate_hz, rel=0.002)
    assert_five_hertz(document)


def uneven(kind: str) -> Any:
    """Times of pictures as phones and messengers leave them."""
    rng = np.random.default_rng(5)
    if kind == "dim stretches":  # a nominal 30 falls to 24
        steps_s = np.where((np.arange(300) // 45) % 2, 1 / 24, 1 / 30)
    elif kind == "jitter":
        steps_s = 1 / 30 + rng.uniform(-0.006, 0.006, 300)
    elif kind == "dropped":
        steps_s = rng.choice([1, 1, 1, 1, 1, 1, 1, 1, 1, 2], 270) / 30
    else:
        steps_s = rng.uniform(1 / 60, 1 / 22, 330)
    return np.cumsum(np.append(0, steps_s))


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
@pytest.mark.parametrize("kind", ["dim stretches", "jitter", "dropped", "wild"])
def test_five_hertz_at_a_variable_rate(kind: str, ending: str, tmp_path: Path) -> None:
    times_s = uneven(kind)
    document = analysed(store(tmp_path / f"a{ending}", pictures_at(times_s), times_s, Recipe(kind, ending)))
    assert document.clip.is_variable_rate
    assert_five_hertz(document)


@pytest.mark.slow
def test_pictures_shown_twice_do_not_change_the_clock(tmp_path: Path) -> None:
    """Every sixth picture is the one before again, as where 25 are shown as 30."""
    times_s = times(DURATION_S, 30)
    source = times_s.copy()
    source[5::6] = source[4::6]
    pictures = pictures_at(source)
    for number in range(5, len(pictures), 6):
        pictures[number] = pictures[number - 1]
    assert_five_hertz(analysed(store(tmp_path / "a.mp4", pictures, times_s, Recipe("doubled"))))


@pytest.mark.slow
def test_slow_motion_by_the_phone_s_own_mark(tmp_path: Path) -> None:
    """120 a second played at 30: four times slower than life, which Android notes."""
    real_s = times(DURATION_S, 120)
    whole = store(tmp_path / "a.mp4", pictures_at(real_s), real_s * 4, Recipe("slow"))
    marked = remux(whole, tmp_path / "b.mp4", {"movflags": "use_metadata_tags"}, {"com.android.capture.fps": "120.0"})
    for document in (analysed(marked), analysed(whole, capture_rate_hz=120.0)):
        assert document.clip.duration_s == pytest.approx(DURATION_S, abs=0.02)
        assert document.clip.mean_rate_hz == pytest.approx(120, rel=0.001)
        assert_five_hertz(document)
    short = store(tmp_path / "c.mp4", pictures_at(real_s[:120]), real_s[:120] * 4, Recipe("slow"))
    marked = remux(short, tmp_path / "d.mp4", {"movflags": "use_metadata_tags"}, {"com.android.capture.fps": "120.0"})
    with pytest.raises(ClipTooShortError, match=r"1\.00 s of real time \(4 times slower"):
        analysed(marked)


# -- the same face, stored in other ways -------------------------------------------------------------------------------

FACE = {"duration_s": 14.0, "width_px": 320, "height_px": 400, "iod_px": 160.0, "amplitude_px": 4.0, "crf": 12}
WAYS: dict[str, dict[str, Any]] = {
    "turned by 90": {"rotation_deg": 90},
    "turned by 180": {"rotation_deg": 180},
    "turned by 270": {"rotation_deg": 270},
    "hevc": {"codec": "libx265"},
    "mirrored": {"is_mirrored": True},
}


def face(path: Path, **changes: Any) -> Path:
    simulate(scenario_named("eyelid", **{**FACE, **changes}), path, preset="ultrafast")
    return path


@pytest.fixture(scope="module")
def plain_face(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ResultDocument]:
    path = face(tmp_path_factory.mktemp("face") / "a.mp4")
    return path, analyse(path).document


def assert_same_twitches(document: ResultDocument, plain: ResultDocument) -> None:
    """Same label, same side of the patient; each event has its like within one frame.

    One event may stand alone on either side: another encoding lifts one that stood at the bar above it, or below.
    """
    assert document.pattern.label == plain.pattern.label
    assert {event.side for event in document.events} == {event.side for event in plain.events} == {"right"}
    ours, theirs = (np.array([event.peak_s for event in one.events]) for one in (document, plain))
    near = np.abs(ours[:, None] - theirs[None]) <= 1 / plain.clip.mean_rate_hz
    assert len(theirs) >= 6
    assert np.sum(~near.any(axis=0)) <= 1
    assert np.sum(~near.any(axis=1)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_the_same_face_stored_in_another_way(way: str, plain_face: Any, tmp_path: Path) -> None:
    path = face(tmp_path / "b.mp4", **WAYS[way])
    mirrored = True if way == "mirrored" else None
    assert_same_twitches(analyse(path, request=Request(mirrored=mirrored)).document, plain_face[1])
    if mirrored:
        wrong = analyse(path).document
        assert {event.side for event in wrong.events} == {"left"}


@pytest.mark.slow
@pytest.mark.parametrize(("codec", "pixel_format"), [("libx264", "yuv420p10le"), ("libx265", "yuv420p10le")])
def test_the_same_face_in_ten_bits(codec: str, pixel_format: str, plain_face: Any, tmp_path: Path) -> None:
    path, plain = plain_face
    assert_same_twitches(analyse(transcoded(path, tmp_path / "b.mov", codec, pixel_format)).document, plain)


def transcoded(source: Path, target: Path, codec: str, pixel_format: str) -> Path:
    """The same pictures in another codec, nearly without loss."""
    from vision.video.encode import ClipWriter

    with open_clip(source, VideoSettings(small_side_px=4096), rgb_rate_hz=1000) as reader:
        info = reader.info
        with ClipWriter(target, info.width_px, info.height_px, codec=codec, pixel_format=pixel_format, crf=8) as writer:
            for frame in reader:
                assert frame.rgb_small is not None
                writer.write(frame.rgb_small, frame.time_s)
    return target


def trimmed(path: Path, hidden_s: float) -> Path:
    """Have the edit list of an MP4 begin later, as a phone's own trimming does: nothing is taken out of the file."""
    data = bytearray(path.read_bytes())
    movie_ticks = int.from_bytes(data[(at := data.index(b"mvhd") + 16) : at + 4], "big")
    media_ticks = int.from_bytes(data[(at := data.index(b"mdhd") + 16) : at + 4], "big")
    at = data.index(b"elst") + 8  # version 0, one entry: length in the movie's ticks, begin in those of the track
    assert data[at - 4 : at] != b""
    assert int.from_bytes(data[at : at + 4], "big") == 1
    length, begin = (int.from_bytes(data[at + 4 + 4 * n : at + 8 + 4 * n], "big") for n in range(2))
    data[at + 4 : at + 8] = (length - round(hidden_s * movie_ticks)).to_bytes(4, "big")
    data[at + 8 : at + 12] = (begin + round(hidden_s * media_ticks)).to_bytes(4, "big")
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_an_edit_list_hides_what_the_phone_s_owner_cut_off(codec: str, tmp_path: Path) -> None:
    times_s = times(4.0, 30)
    pictures = pictures_at(times_s)
    options = {"preset": "medium", "crf": "8", "bf": "3", "g": "120"}
    path = trimmed(store(tmp_path / "a.mp4", pictures, times_s, Recipe("cut", codec=codec, options=options)), 1.0)
    with open_clip(path, VIDEO) as reader:
        frames = list(reader)
    assert reader.problems == ()
    np.testing.assert_allclose([frame.time_s for frame in frames], times_s[:90], atol=1e-4)
    assert reader.info.duration_s == pytest.approx(3.0, abs=0.01)
    middle = np.s_[HEIGHT_PX // 2 - 12 : HEIGHT_PX // 2 + 12, WIDTH_PX // 2 - 12 : WIDTH_PX // 2 + 12]
    for number in (1, 40, 88):  # far out of its swing; three pictures earlier or later it is as far on the other side
        seen = frames[number].luma[middle].ravel()
        like = [np.corrcoef(seen, pictures[number + n][middle].ravel())[0, 1] for n in (27, 30)]
        assert like[1] > like[0]


# -- reading alone: quick ----------------------------------------------------------------------------------------------

BRIEF_S = 2.2


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_film_is_read_upright_and_in_time(recipe: Recipe, tmp_path: Path) -> None:
    times_s = times(BRIEF_S, min(recipe.rate_hz, 60.0))
    recipe = Recipe(**{**vars(recipe), "rate_hz": min(recipe.rate_hz, 60.0)})
    pictures = pictures_at(times_s)
    with open_clip(store(tmp_path / f"a{recipe.ending}", pictures, times_s, recipe), VIDEO) as reader:
        frames = list(reader)
    assert len(frames) == len(times_s)
    tick_s = 0.01 if recipe.ending == ".gif" else 0.001
    np.testing.assert_allclose([frame.time_s for frame in frames], times_s, atol=0.51 * tick_s + 1e-6)
    assert all(late.time_s > early.time_s for early, late in pairwise(frames))
    seen = frames[5].luma.astype(float)
    if recipe.codec != "h263":  # which says that its pixels are wider than high
        assert seen.shape == pictures[5].shape
        assert np.corrcoef(seen.ravel(), pictures[5].ravel())[0, 1] > 0.97
    assert set(reader.problems) <= {"interlaced"}
    assert reader.info.is_interlaced == ("interlaced" in recipe.name)
    assert reader.info.transfer == ("hlg" if "hlg" in recipe.name else "pq" if "pq" in recipe.name else "sdr")
