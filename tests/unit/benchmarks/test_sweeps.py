from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import sweeps
from benchmarks.conditions import conditions
from benchmarks.limits import at_rest, onsets_s, plan_at_limit
from benchmarks.surrogates import surrogate
from benchmarks.sweep_page import page
from benchmarks.sweep_rows import Store, missed_under_blinks, moved_bars, named_right, score, sweep_row
from tests.unit.benchmarks.test_informed import match
from tests.unit.twitch.motion_builders import Planted, face, film, findings
from vision.settings import Settings
from vision.simulate.movement import draw_movement
from vision.simulate.named import scenario_named
from vision.simulate.scenario import generator
from vision.simulate.scene import set_stage
from vision.simulate.schedule import plan_closures
from vision.simulate.truth import truth_of


class Rule:
    """Stands in for the shared rule, which may be absent."""

    def match(self, reported: list[dict[str, Any]], truth: dict[str, Any]) -> list[tuple[int, int]]:
        return match(reported, truth)

    def score_case(self, truth: dict[str, Any], result: dict[str, Any] | None) -> dict[str, Any]:
        label = "(no result)" if result is None else result["pattern"]["label"]
        return {"truth": truth["label"], "label": label, "n_true": len(truth["twitches"])}

    def summarise(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        return {"cases": len(rows)}


def test_every_condition_can_be_made_for_any_seed() -> None:
    names = [condition.name for condition in (*conditions(), *sweeps.LIMITS)]
    assert len(set(names)) == len(names)
    for condition in (*conditions(), *sweeps.LIMITS):
        scenario = condition.scenario(7)
        assert scenario.seed == 7
        label = truth_of(scenario).label
        is_rest = condition.name.startswith(("rest", "limit")) and condition.name != "limit-face-site"
        assert (label == "no-twitch") == is_rest, condition.name


def test_conditions_hold_enough_twitches_and_rest() -> None:
    for condition in conditions():
        truths = [truth_of(condition.scenario(seed)) for seed in range(1001, 1011)]
        if condition.group not in ("rest", "artefact at rest"):
            assert sum(len(truth.twitches) for truth in truths) >= 140, condition.name
    rest_s = sum(condition.scenario(1).duration_s for condition in conditions() if condition.group == "rest")
    assert 10 * rest_s / 60 >= 30


def test_bars_move_together() -> None:
    moved, usual = moved_bars(Settings(), 0.5).detection.model_dump(), Settings().detection.model_dump()
    changed = {name for name in usual if moved[name] != usual[name]}
    assert {"single_strength", "lone_evidence"} <= changed
    assert all(moved[name] == pytest.approx(0.5 * usual[name]) for name in changed)


def test_a_row_is_found_again_by_what_made_it(tmp_path: Path) -> None:
    store = Store(tmp_path, "code")
    store.write("a", "recipe", {"x": 1})
    assert store.read("a", "recipe") == {"x": 1}
    assert store.read("a", "other recipe") is None
    assert Store(tmp_path, "other code").read("a", "recipe") is None
    assert len(list(tmp_path.iterdir())) == 1


def test_a_sweep_in_pieces_is_the_sweep_at_once(tmp_path: Path) -> None:
    made: list[str] = []

    def task(name: str) -> sweeps.Task:
        return sweeps.Task(name, f"recipe of {name}", lambda: made.append(name) or {"condition": name})  # type: ignore[func-returns-value]

    wanted = [task(name) for name in "abcd"]
    store = Store(tmp_path, "code")
    assert sweeps.run(wanted, store, -1.0, lambda _line: None) == ([], 4)
    first = sweeps.run(wanted[::2], store, 60.0, lambda _line: None)
    assert first == ([{"condition": "a"}, {"condition": "c"}], 0)
    rows, missing = sweeps.run(wanted, store, 60.0, lambda _line: None)
    assert ([row["condition"] for row in rows], missing) == (list("abcd"), 0)
    assert made == list("acbd")


def test_tasks_go_seed_by_seed() -> None:
    options = argparse.Namespace(duration=2.0, curve=False)
    chosen = [condition for condition in conditions() if condition.group == "tone"][:2]
    named = [task.name for task in sweeps.tasks(chosen, range(1, 3), Rule(), options)]
    assert named == [f"{condition.name}-s{seed}" for seed in (1, 2) for condition in chosen]


def row_of(condition: str, group: str, counts: list[int], **more: object) -> dict[str, Any]:
    error = {"frames": 0.5, "sigmas": 0.2, "ratio": 0.9, "turn_rad": 0.1, "is_high": True}
    return {
        "condition": condition, "group": group, "seed": 1, "counts": counts, "n_true": counts[0] + counts[2],
        "minutes": 0.4, "limit_px": 0.5, "rejected": [], "errors": [error] * counts[0], "truth": "a", "label": "a",
        **more,
    }  # fmt: skip


def test_each_group_has_a_page_of_its_own(tmp_path: Path) -> None:
    rows = [row_of("face-2px", "amplitude", [9, 1, 1]), row_of("wristA_rest", "surrogates of real rests", [0, 0, 0])]
    sweeps.write_groups({"vision": "abc"}, rows, ["amplitude", "real", "limit"], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sweeps-amplitude.md", "sweeps-real.md"]
    assert "face-2px" in (tmp_path / "sweeps-amplitude.md").read_text()
    assert "abc" in (tmp_path / "sweeps-real.md").read_text()


def test_a_part_has_a_page_where_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "run", lambda *_: ([row_of("face-2px", "amplitude", [9, 1, 1])], 0))
    monkeypatch.setattr(sweeps, "load_rule", lambda _path: Rule())
    arguments = ["--only", "face-2px", "--out", str(tmp_path), "--groups", "amplitude"]
    assert sweeps.main(arguments) == 0
    assert not list(tmp_path.glob("*.md"))
    assert sweeps.main([*arguments, "--page", "two-pixels"]) == 0
    assert "face-2px" in (tmp_path / "sweeps-two-pixels.md").read_text()


def test_the_receiver_curve_has_a_page_where_there_are_twitches_and_rests(tmp_path: Path) -> None:
    found = row_of("face-1px", "amplitude", [9, 1, 1], curve=[[0.6, 10, 3, 0], [1.0, 9, 1, 1]])
    rest = row_of("rest-x", "rest", [0, 1, 0], label="no-twitch", minutes=10, curve=[[0.6, 0, 8, 0], [1.0, 0, 1, 0]])
    sweeps.write_curve({"vision": "abc"}, [found], tmp_path)
    assert not list(tmp_path.iterdir())
    sweeps.write_curve({"vision": "abc"}, [found, rest], tmp_path)
    lines = (tmp_path / "sweeps-curve.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith(("| 0.6", "| 1.0"))]
    assert cells[0][:2] == ["0.6", "0.80"]
    assert cells[1][:2] == ["1.0", "0.10"]
    assert cells[0][2].startswith("1.00")
    assert cells[1][2].startswith("0.90")


def test_the_page_pools_and_bounds() -> None:
    rows = [
        row_of("face-2px", "amplitude", [9, 1, 1], informed=[10, 0, 0], curve=[[0.6, 10, 3, 0], [1.0, 9, 1, 1]]),
        row_of("face-2px", "amplitude", [10, 0, 0], informed=[10, 0, 0], curve=[[0.6, 10, 1, 0], [1.0, 10, 0, 0]]),
        row_of("rest-x", "rest", [0, 1, 0], label="no-twitch", minutes=10, curve=[[0.6, 0, 8, 0], [1.0, 0, 1, 0]]),
        row_of("faceA", "surrogates of real rests", [0, 0, 0], label="no-twitch", minutes=20),
        row_of("rest-face-smile", "artefact at rest", [0, 2, 0], rejected=["expression", "expression"]),
        {"condition": "limit-skin", "group": "limit", "seed": 1, "found": [True] * 9 + [False], "in_worst": [True] * 10,
         "stated_px": 0.4},
        {"condition": "facial-1px", "group": "sustained", "seed": 1, "region_f1": 0.8, "truth": "a", "label": "b"},
        {"condition": "face-2px", "group": "amplitude", "seed": 3, "problem": "ClipError: torn"},
    ]  # fmt: skip
    text = page({"vision": "abc"}, rows, missing=2)
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| ")}
    face_2px = next(line for line in text.splitlines() if line.startswith("| face-2px") and line.count("|") > 10)
    assert [cell.strip() for cell in face_2px.split("|")[2:5]] == ["2", "20", "0.95"]
    assert face_2px.split("|")[6].strip() == "1.00"
    assert lines["all"].split("|")[4].strip() == "1"
    assert lines["all"].split("|")[6].strip() == "0.16"  # 95 % upper bound of one event in half an hour
    assert "expression 2" in lines["rest-face-smile"]
    assert lines["limit-skin"].split("|")[5].strip() == "yes"
    assert lines["0.6"].split("|")[2].strip() == "0.80"
    assert "2 rows are still missing" in text
    assert "ClipError: torn" in text


def test_misses_under_a_blink_are_counted() -> None:
    truth = {
        "twitches": [{"peak_s": peak_s} for peak_s in (1.0, 2.05, 2.2, 5.0)],
        "blinks": [{"onset_s": 2.0, "offset_s": 2.3}],
    }
    assert missed_under_blinks(truth, {0}) == 2
    assert missed_under_blinks(truth, {0, 1}) == 1
    assert missed_under_blinks({"twitches": truth["twitches"]}, set()) == 0


def test_scoring_measures_each_matched_event() -> None:
    planted = [Planted(t, amplitude_px=0.5) for t in (2.0, 5.0, 8.0, 11.0)]
    found = findings(film(planted))
    truth = {
        "label": "intermittent-focal", "duration_s": 16.0, "sample_rate_hz": 30,
        "twitches": [
            {"peak_s": one.peak_s, "x_px": 0.0, "y_px": 0.0, "sigma": one.sigma_px, "direction_rad": -1.2,
             "amplitude": 0.5}
            for one in planted
        ],
    }  # fmt: skip
    events = [vars(event) | {} for event in found.events.events]

    class Document:
        def model_dump(self, mode: str) -> dict[str, Any]:  # noqa: ARG002 as pydantic has it
            return {
                "pattern": {"label": "intermittent-focal"}, "events": events, "rejected": [{"kind": "blink"}],
                "quality": {"limit_of_detection_px": 0.2},
            }  # fmt: skip

    row = score(Document(), truth, Rule())  # type: ignore[arg-type]
    assert sum(row["counts"][:1]) == len(row["errors"]) > 0
    assert row["counts"][0] + row["counts"][2] == 4
    for error in row["errors"]:
        assert error["frames"] <= 2
        assert error["sigmas"] < 1
        assert error["ratio"] == pytest.approx(1, abs=0.3)
        assert error["turn_rad"] < 0.5
        assert error["is_high"]
    json.dumps(row)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_twitches_at_the_limit_are_single_in_their_region_and_not_under_a_blink(seed: int) -> None:
    scenario = scenario_named("rest", seed=seed, width_px=320, height_px=320, iod_px=100.0)
    signals = film(duration_s=4.0)
    moved = signals.point_px + 160
    signals = type(signals)(**{**vars(signals), "point_px": moved})
    listed = plan_at_limit(scenario, signals, face(signals), {0: 0.3, 1: 0.7})
    assert len(listed) > 5
    onsets = np.array([one.onset_s for one in listed])
    assert np.diff(onsets).min() > 1.0
    for one in listed:
        assert one.amplitude_px == (0.7 if one.side == "left" else 0.3)
        assert (one.x_px > 160 - 6) == (one.side == "left") or abs(one.x_px - 160) < 6
        assert all(not c.onset_s < one.onset_s < c.offset_s for c in plan_closures(scenario))
    assert onsets_s(scenario, generator(seed, "limit")) == onsets_s(scenario, generator(seed, "limit"))


@settings(max_examples=20, deadline=None)
@given(x_px=st.floats(20, 300), y_px=st.floats(20, 300), time_s=st.floats(0, 5))
def test_a_place_at_rest_is_shown_where_it_was_wanted(x_px: float, y_px: float, time_s: float) -> None:
    scenario = scenario_named("rest", width_px=320, height_px=320, iod_px=100.0, shake_px=2.0)
    movement = draw_movement(scenario, set_stage(scenario))
    shown = np.array([x_px, y_px])
    place = np.array(at_rest(shown, movement, time_s)) + movement.stage.margin_px
    assert movement.show(place, time_s) == pytest.approx(shown, abs=0.01)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_surrogate_keeps_each_point_s_own_values_and_breaks_what_points_share(seed: int) -> None:
    signals = film([Planted(5.0, amplitude_px=2.0)], duration_s=10.0)
    made = surrogate(signals, seed)
    assert np.array_equal(np.sort(made.displacement_px, axis=0), np.sort(signals.displacement_px, axis=0))
    near = np.hypot(*signals.point_px.T) < 8
    before, after = (np.abs(film_.displacement_px[:, near].mean(1)).max() for film_ in (signals, made))
    assert after < 0.6 * before


@pytest.mark.slow
def test_a_real_row(tmp_path: Path) -> None:
    condition = next(condition for condition in conditions() if condition.name == "skin-places-2px")
    scenario = condition.scenario(3, duration_s=5.0, width_px=320, height_px=240)
    row = sweep_row(condition, scenario, Rule(), with_curve=True)
    assert "problem" not in row
    assert sum(row["counts"][::2]) == row["n_true"] > 0
    assert row["curve"][0][0] < 1
    json.dumps(row)


def test_an_artefact_counts_as_named_by_its_own_kind_at_its_own_time() -> None:
    put_in = [("head-motion", 1.0), ("head-motion", 5.0), ("limb-motion", 3.0), ("keyframe", 2.0), ("breathing", 0.0)]
    truth = {
        "distractors": [{"kind": kind, "onset_s": at_s, "offset_s": at_s + 0.5} for kind, at_s in put_in],
        "scenario": {"breathing_px": 0.2},
    }
    said = [("head-motion", 1.6), ("camera-motion", 5.0), ("camera-motion", 3.2)]
    rejected = [{"kind": kind, "onset_s": at_s, "offset_s": at_s + 0.2} for kind, at_s in said]
    assert named_right(truth, rejected) == {"head-motion": [1, 2], "limb-motion": [1, 1]}
