from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.errors import OutputError, ResultFileError
from vision.simulate.named import SCENARIOS, scenario_named
from vision.simulate.truth import read_truth, truth_of, truth_path, write_truth

SHARED_CASES = Path(__file__).resolve().parents[3] / ".." / "shared" / "cases"


@given(name=st.sampled_from(sorted(SCENARIOS)), seed=st.integers(0, 2**31))
def test_each_peak_is_an_onset_and_a_rise_and_lies_in_the_picture(name: str, seed: int) -> None:
    truth = truth_of(scenario_named(name, seed=seed))
    for twitch in truth.twitches:
        assert twitch.peak_s == twitch.onset_s + twitch.tau_s
        assert twitch.peak_s < twitch.offset_s
        assert 0 < twitch.x_px < truth.width_px
        assert 0 < twitch.y_px < truth.height_px
    assert 0 <= truth.duty_cycle <= 1


@given(seed=st.integers(0, 2**31))
def test_mirroring_turns_places_and_directions_and_keeps_sides(seed: int) -> None:
    plain = truth_of(scenario_named("face-migrating", seed=seed))
    mirrored = truth_of(scenario_named("face-migrating", seed=seed, is_mirrored=True))
    for a, b in zip(plain.twitches, mirrored.twitches, strict=True):
        assert (b.side, b.region, b.y_px) == (a.side, a.region, a.y_px)
        assert b.x_px == pytest.approx(539 - a.x_px)
        assert math.cos(b.direction_rad) == pytest.approx(-math.cos(a.direction_rad))
        assert math.sin(b.direction_rad) == pytest.approx(math.sin(a.direction_rad))


def test_sides_are_the_patient_s() -> None:
    truth = truth_of(scenario_named("eyelid", side="right"))
    assert {(t.region, t.side, t.site) for t in truth.twitches} == {("lower-eyelid", "right", "lower_lid_r")}
    assert all(t.x_px < truth.width_px / 2 for t in truth.twitches)


def test_sustained_movement_fills_the_clip() -> None:
    truth = truth_of(scenario_named("facial"))
    assert truth.duty_cycle > 0.8
    assert truth.dominant_hz == pytest.approx(4.0, rel=0.1)


def test_sustained_movement_of_a_limb_is_not_facial() -> None:
    assert truth_of(scenario_named("skin-focal", twitch="sustained")).label == "indeterminate"


def test_two_places_are_not_migrating() -> None:
    scenario = scenario_named("face-migrating", sites=("cheek_r", "mouth_l"))
    assert truth_of(scenario).label == "indeterminate"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    truth = truth_of(scenario_named("eyelid"), "clip")
    path = truth_path(tmp_path / "clip.mp4")
    write_truth(truth, path)
    assert path.name == "clip.truth.json"
    assert read_truth(path) == truth


def test_a_file_that_is_no_truth_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ResultFileError, match=r"other\.json"):
        read_truth(tmp_path / "other.json")


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"clip\.truth\.json"):
        write_truth(truth_of(scenario_named("rest")), tmp_path / "none" / "clip.truth.json")


def test_the_fields_are_those_of_the_shared_cases() -> None:
    case = SHARED_CASES / "faceA_focal_2.0.truth.json"
    if not case.exists():
        pytest.skip("the shared cases are not beside this checkout")
    theirs = json.loads(case.read_text())
    ours = json.loads(truth_of(scenario_named("eyelid")).model_dump_json())
    assert set(theirs) <= set(ours)
    assert set(theirs["twitches"][0]) <= set(ours["twitches"][0])
