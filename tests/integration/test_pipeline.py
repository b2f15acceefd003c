"""The whole way on small simulated clips: from a file to a document, the same each time, or a clear refusal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vision.errors import ClipError, SettingsError
from vision.model.clip import ClipInfo
from vision.model.result import AnalysisResult, ResultDocument
from vision.pipeline import Request, analyse, in_real_time
from vision.settings import Settings
from vision.simulate.clip import simulate
from vision.simulate.named import scenario_named
from vision.simulate.render import render_frames
from vision.simulate.scenario import Scenario
from vision.video.encode import ClipWriter

pytestmark = pytest.mark.slow
SMALL = {"width_px": 480, "height_px": 640, "iod_px": 200.0}


def small_face(name: str = "eyelid", **changes: object) -> Scenario:
    return scenario_named(name, **{**SMALL, "duration_s": 10.0, "amplitude_px": 3.0, "seed": 4, **changes})


def small_limb(**changes: object) -> Scenario:
    plain = {"width_px": 480, "height_px": 360, "duration_s": 10.0, "amplitude_px": 3.0, "seed": 4}
    return scenario_named("skin-focal", **{**plain, **changes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def face_clip(folder: Path) -> Path:
    simulate(small_face(), folder / "face.mp4")
    return folder / "face.mp4"


@pytest.fixture(scope="module")
def limb_clip(folder: Path) -> Path:
    simulate(small_limb(), folder / "limb.mp4")
    return folder / "limb.mp4"


@pytest.fixture(scope="module")
def of_face(face_clip: Path) -> AnalysisResult:
    return analyse(face_clip)


@pytest.fixture(scope="module")
def of_limb(limb_clip: Path) -> AnalysisResult:
    return analyse(limb_clip)


def whole(document: ResultDocument) -> None:
    """What must hold of every document."""
    assert ResultDocument.model_validate_json(document.model_dump_json()) == document
    assert document.clip.is_simulated
    assert 0 <= document.quality.observed_s <= document.clip.duration_s + 0.1
    assert sum(row.event_count for row in document.regions) == len(document.events)
    assert sum(site.event_count for site in document.sites) == len(document.events)
    assert {event.site for event in document.events} == {site.id for site in document.sites}
    assert sum(document.pattern.probability.values()) == pytest.approx(1.0, abs=1e-6)
    assert document.pattern.reasons
    for event in document.events:
        assert 0 <= event.onset_s <= event.peak_s <= event.offset_s <= document.clip.duration_s
        assert -20 <= event.x_px <= document.clip.width_px + 20
        assert -20 <= event.y_px <= document.clip.height_px + 20
    for movement in document.rejected:
        assert movement.onset_s <= movement.peak_s <= movement.offset_s


def test_a_face_gives_a_result(of_face: AnalysisResult) -> None:
    document = of_face.document
    whole(document)
    assert document.view == "face"
    assert len(document.clip.sha256) == 64
    assert len(document.software.settings_sha256) == 64
    assert document.quality.limit_of_detection_px is not None
    assert document.quality.limit_of_detection_iod is not None
    assert document.quality.limit_of_detection_mm is None
    assert document.features.eye_closure.count is not None
    labels = {(event.region, event.side) for event in document.events}
    assert ("lower-eyelid", "right") in labels


def test_signals_and_regions_share_the_clock_of_the_clip(of_face: AnalysisResult) -> None:
    assert len(of_face.signals.time_s) == of_face.document.clip.frame_count == 300
    np.testing.assert_array_equal(of_face.signals.time_s, of_face.regions.time_s)
    assert of_face.signals.time_s[0] == 0.0
    assert of_face.signals.displacement_px.dtype == np.float32
    assert of_face.signals.scale_px == pytest.approx(200.0, rel=0.15)


def test_the_same_file_gives_the_same_document(face_clip: Path, of_face: AnalysisResult) -> None:
    assert analyse(face_clip).document == of_face.document


def test_skin_gives_a_result(of_limb: AnalysisResult) -> None:
    document = of_limb.document
    whole(document)
    assert document.view == "skin"
    assert [(row.name, row.side) for row in document.regions] == [("skin", None)]
    assert document.features.eye_closure.count is None
    assert document.quality.limit_of_detection_iod is None
    assert all(event.amplitude_iod is None and event.side is None for event in document.events)


def test_progress_goes_from_nothing_to_all(limb_clip: Path) -> None:
    told: list[float] = []
    analyse(limb_clip, on_progress=told.append)
    assert told == sorted(told)
    assert 0 <= told[0] < 0.2
    assert told[-1] == pytest.approx(1.0, abs=0.02)


def test_what_the_user_says_is_kept_and_scales(limb_clip: Path, of_limb: AnalysisResult) -> None:
    request = Request(body_part="calf", side="left", filmed_on="2024-05-01", mirrored=False, mm_per_px=0.25)
    document = analyse(limb_clip, request=request).document
    assert document.recording.body_part == "calf"
    assert document.recording.side == "left"
    assert document.recording.mirrored is False
    assert len(document.events) == len(of_limb.document.events)
    for event in document.events:
        assert event.amplitude_mm == pytest.approx(0.25 * event.amplitude_px)
    if document.quality.limit_of_detection_px is not None:
        assert document.quality.limit_of_detection_mm == pytest.approx(0.25 * document.quality.limit_of_detection_px)


def test_only_the_region_that_was_asked_for_is_measured(limb_clip: Path) -> None:
    result = analyse(limb_clip, request=Request(region_px=(120.0, 90.0, 300.0, 220.0)))
    whole(result.document)
    assert result.document.view == "skin"
    assert (result.signals.point_px >= [120 - 7, 90 - 7]).all()
    assert (result.signals.point_px <= [420 + 7, 310 + 7]).all()


def test_slow_motion_is_brought_back_to_life(limb_clip: Path, of_limb: AnalysisResult) -> None:
    slow = of_limb.document
    document = analyse(limb_clip, request=Request(capture_rate_hz=120.0)).document
    assert document.clip.duration_s == pytest.approx(slow.clip.duration_s / 4)
    assert document.clip.mean_rate_hz == pytest.approx(4 * slow.clip.mean_rate_hz)
    assert document.quality.observed_s <= slow.clip.duration_s / 4 + 0.01
    assert document.clip.frame_count == slow.clip.frame_count
    rate = document.features.frequency.rate_per_min
    assert rate is None or rate == pytest.approx(
        60 * document.features.frequency.event_count / document.features.frequency.observed_s
    )


def test_a_capture_rate_below_the_files_own_is_refused(limb_clip: Path) -> None:
    with pytest.raises(SettingsError, match="--capture-rate 10 is below the file's own 30"):
        analyse(limb_clip, request=Request(capture_rate_hz=10.0))


def test_other_settings_leave_their_trace(limb_clip: Path, of_limb: AnalysisResult) -> None:
    strict = Settings.model_validate({"detection": {"single_strength": 40.0, "repeated_strength": 40.0}})
    document = analyse(limb_clip, strict).document
    assert document.software.settings_sha256 != of_limb.document.software.settings_sha256
    assert len(document.events) <= len(of_limb.document.events)


def write(path: Path, pictures: list[np.ndarray]) -> Path:
    height, width = pictures[0].shape[:2]
    with ClipWriter(path, width, height, comment="simulated by twitchscope") as writer:
        for index, rgb in enumerate(pictures):
            writer.write(rgb, index / 30)
    return path


def pictures_of(scenario: Scenario) -> list[np.ndarray]:
    return [rgb for _, rgb in render_frames(scenario)]


def answer(path: Path) -> ResultDocument | None:
    """A document, or None for a clear refusal of one line."""
    try:
        return analyse(path).document
    except ClipError as error:
        refusal = str(error)
    assert "\n" not in refusal
    assert str(path.parent) not in refusal
    return None


def leaving(folder: Path) -> Path:
    """Four seconds of a face, then four of a wall behind it."""
    there = pictures_of(small_face("rest", duration_s=4.0, closures="none"))
    random = np.random.default_rng(1)
    wall = [np.clip(random.normal(90, 2, there[0].shape), 0, 255).astype(np.uint8) for _ in range(120)]
    return write(folder / "leaves.mp4", there + wall)


def test_a_cut_to_another_scene_gives_a_result_or_a_refusal(tmp_path: Path) -> None:
    limb = small_limb(width_px=480, height_px=640, duration_s=4.0, twitch="none", sites=())
    document = answer(write(tmp_path / "cut.mp4", pictures_of(small_face(duration_s=4.0)) + pictures_of(limb)))
    if document is not None:
        whole(document)
        assert not [event for event in document.events if abs(event.peak_s - 4.0) < 0.2]


def test_what_is_not_there_was_not_observed(tmp_path: Path) -> None:
    document = answer(leaving(tmp_path))
    assert document is None or document.quality.observed_s < 5.5
    assert document is None or not [event for event in document.events if event.peak_s > 4.2]


def test_a_face_that_leaves_half_way_gives_a_result_or_a_refusal(tmp_path: Path) -> None:
    document = answer(leaving(tmp_path))
    if document is not None:
        whole(document)


def test_a_wall_is_refused(tmp_path: Path) -> None:
    wall = [np.full((360, 480, 3), 128, np.uint8)] * 90
    assert answer(write(tmp_path / "wall.mp4", wall)) is None


def test_life_is_as_long_as_the_file_says_unless_slowed() -> None:
    info = ClipInfo("ab" * 32, "mp4", "h264", "yuv420p", 4, 4, 300, 10.0, 30.0, False, 0, keyframe_s=(0.0, 8.0))
    info = replace(info, bit_rate_bps=480)
    assert in_real_time(info, 1.0) == info
    slowed = in_real_time(info, 4.0)
    assert (slowed.duration_s, slowed.mean_rate_hz, slowed.keyframe_s) == (2.5, 120.0, (0.0, 2.0))
    assert slowed.bits_per_px == info.bits_per_px == 1.0
    assert in_real_time(replace(info, duration_s=None), 4.0).duration_s is None
