from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import approaches, rivals
from benchmarks.cases import Case
from benchmarks.sweep_rows import Store
from tests.unit.benchmarks.test_sweeps import Rule
from vision.simulate.clip import simulate
from vision.simulate.named import scenario_named

TIME_S = np.arange(120) / 30
PLACES = np.array([[0.0, 0.0], [50.0, 0.0], [0.0, 50.0]])


def quiet(seed: int = 0) -> np.ndarray:
    return np.abs(np.random.default_rng(seed).standard_normal((120, 3)))


@given(factor=st.floats(0.01, 100), seed=st.integers(0, 100))
def test_what_stands_out_does_not_depend_on_the_unit(factor: float, seed: int) -> None:
    size = quiet(seed)
    one, other = (rivals.conspicuous(TIME_S, values, PLACES) for values in (size, factor * size))
    assert other.height == pytest.approx(one.height, rel=1e-5)
    assert np.array_equal(one.place_px, other.place_px)


@given(low=st.floats(1, 10), more=st.floats(0, 10))
def test_a_higher_threshold_covers_no_more_frames(low: float, more: float) -> None:
    found = rivals.conspicuous(TIME_S, quiet(), PLACES)
    assert np.sum(found.height > low) >= np.sum(found.height > low + more)
    assert all(event["peak_s"] in TIME_S for event in rivals.events_above(found, low))


def test_a_stretch_above_the_threshold_is_one_event_where_and_when_it_is_highest() -> None:
    size = quiet()
    size[60:64, 1] += (30, 60, 50, 30)
    (event,) = rivals.events_above(rivals.conspicuous(TIME_S, size, PLACES), 20.0)
    assert event == {"peak_s": pytest.approx(61 / 30), "x_px": 50.0, "y_px": 0.0}


def test_blocks_are_means_and_lie_where_their_places_say() -> None:
    values = np.arange(20 * 33, dtype=float).reshape(20, 33)
    assert rivals.blocks(values, 8).shape == (2, 4)
    assert rivals.blocks(values, 8)[1, 2] == values[8:16, 16:24].mean()
    places = rivals.block_places((20, 33), 8, 2.0)
    assert places[4 + 2].tolist() == [2.5 * 8 * 2, 1.5 * 8 * 2]


@pytest.mark.parametrize("find", [rivals.farneback, rivals.energy])
def test_a_great_twitch_is_seen_where_it_is(find: approaches.Find, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    scenario = scenario_named(
        "skin-focal", width_px=240, height_px=160, duration_s=2.0, amplitude_px=6.0, sigma_px=16.0, tau_s=0.1,
        first_onset_s=1.0, events_per_min=10.0, pulse_px=0.0, shake_px=0.0, texture_sd=6.0, sites=("0.50,0.50",), crf=8,
    )  # fmt: skip
    truth = simulate(scenario, clip, preset="ultrafast").twitches[0]
    found = find(clip)
    assert found is not None
    best = int(np.argmax(found.height))
    assert abs(found.time_s[best] - truth.onset_s) < 0.4
    assert np.hypot(*(found.place_px[best] - (truth.x_px, truth.y_px))) < 30


def case_of(name: str, twitches: list[float], tmp_path: Path) -> Case:
    clip = tmp_path / f"{name}.mp4"
    clip.write_bytes(b"no film")
    label = "intermittent-focal" if twitches else "no-twitch"
    listed = [{"peak_s": t, "x_px": 0.0, "y_px": 0.0} for t in twitches]
    return Case(clip, {"name": name, "label": label, "duration_s": 60.0, "twitches": listed})


def row_of(peaks: dict[float, float]) -> dict[str, Any]:
    """Kept result of an approach: heights at some times, at one place."""
    time_s = np.arange(300) / 5
    height = np.zeros(300)
    for at_s, value in peaks.items():
        height[round(at_s * 5)] = value
    return {"time_s": time_s.tolist(), "height": height.tolist(), "place_px": np.zeros((300, 2)).tolist()}


def test_hindsight_takes_the_best_threshold_and_the_one_that_is_quiet_at_rest(tmp_path: Path) -> None:
    twitching, rest = case_of("one", [10.0, 20.0], tmp_path), case_of("rest", [], tmp_path)
    rows = [(twitching, row_of({10.0: 30.0, 20.0: 20.0, 40.0: 10.0})), (rest, row_of({5.0: 25.0}))]
    found = approaches.best_thresholds(rows, Rule())
    assert 10 <= found["best F1 here"] < 20
    assert 25 <= found["<= 0.2 a minute at rest"] < 30
    best, careful = approaches.lines_of("other", rows, Rule())
    assert (best[3], best[4]) == (1.0, 1.0)
    assert (careful[3], careful[4]) == (0.667, 0.0)


def test_an_approach_that_does_not_run_says_why_and_a_kept_result_is_not_made_again(tmp_path: Path) -> None:
    made: list[str] = []

    def fails(clip: Path) -> dict[str, Any]:
        made.append(clip.stem)
        raise RuntimeError("mps-motion: no module")

    ours = approaches.Approach("ours", lambda _clip: {"events": [{"peak_s": 10.0, "x_px": 0.0, "y_px": 0.0}]}, "1")
    other = approaches.Approach("other", fails, "2")
    cases, store = [case_of("one", [10.0], tmp_path)], Store(tmp_path / "kept", "")
    for _ in range(2):
        found, missing = approaches.run([ours, other], cases, store, 60.0, lambda _line: None)
    assert (made, missing) == (["one"], 0)
    text = approaches.page({"vision": "abc"}, found, Rule(), missing)
    assert "mps-motion: no module" in text
    assert [line.split("|")[4].strip() for line in text.splitlines() if line.startswith("| ours")] == ["1.0"]


def test_without_time_everything_is_missing(tmp_path: Path) -> None:
    approach = approaches.Approach("ours", lambda _clip: {"events": []}, "1")
    _, missing = approaches.run(
        [approach], [case_of("a", [], tmp_path)], Store(tmp_path / "k", ""), -1.0, lambda _: None
    )
    assert missing == 1
