from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from vision.errors import OutputError
from vision.simulate.clip import simulate
from vision.simulate.named import scenario_named
from vision.simulate.render import render_frames
from vision.simulate.scenario import Scenario
from vision.simulate.schedule import frame_times
from vision.simulate.truth import read_truth

Still = Callable[..., Scenario]


def test_a_clip_says_that_it_is_simulated_and_has_its_truth_beside_it(tmp_path: Path, still: Still) -> None:
    told: list[tuple[int, int]] = []
    path = tmp_path / "one.mp4"
    truth = simulate(still("eyelid"), path, preset="ultrafast", on_frame=lambda k, n: told.append((k, n)))
    with av.open(str(path)) as container:
        assert container.metadata["comment"].startswith("simulated by twitchscope ")
        assert container.metadata["comment"].endswith(": eyelid")
    assert truth.name == "one"
    assert read_truth(tmp_path / "one.truth.json") == truth
    assert told[-1] == (30, 30)


def test_the_times_of_a_variable_rate_reach_the_file(tmp_path: Path, still: Still) -> None:
    scenario = still("rest", is_variable_rate=True)
    simulate(scenario, tmp_path / "v.mp4", preset="ultrafast")
    with av.open(str(tmp_path / "v.mp4")) as container:
        found = [frame.time for frame in container.decode(video=0)]
    assert found == pytest.approx(frame_times(scenario).tolist(), abs=1e-4)


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_a_turned_clip_is_stored_turned_back(rotation_deg: int, tmp_path: Path, still: Still) -> None:
    scenario = still("rest", rotation_deg=rotation_deg, duration_s=0.1, crf=10)
    simulate(scenario, tmp_path / "t.mp4", preset="ultrafast")
    with av.open(str(tmp_path / "t.mp4")) as container:
        frame = next(container.decode(video=0))
    shown = np.rot90(frame.to_ndarray(format="rgb24"), -rotation_deg // 90)
    upright = next(iter(render_frames(scenario)))[1]
    assert frame.rotation % 360 in (rotation_deg, 360 - rotation_deg)
    assert np.abs(shown.astype(int) - upright).mean() < 4


def test_keyframes_come_when_asked(tmp_path: Path, still: Still) -> None:
    scenario = still("rest", keyframe_interval_s=0.5, duration_s=2.0, bit_rate_bps=300_000, crf=None)
    simulate(scenario, tmp_path / "k.mp4", preset="ultrafast")
    with av.open(str(tmp_path / "k.mp4")) as container:
        keyframe_s = [frame.time for frame in container.decode(video=0) if frame.key_frame]
    assert keyframe_s == pytest.approx([0.0, 0.5, 1.0, 1.5])


def test_a_missing_folder_leaves_nothing_behind(tmp_path: Path, still: Still) -> None:
    with pytest.raises(OutputError):
        simulate(still("rest", duration_s=0.1), tmp_path / "none" / "one.mp4")
    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    """A film of a usual size: on small ones the encoder repeats itself whatever its options."""
    scenario = scenario_named("rest", seed=1, duration_s=1.0)  # 540x960
    simulate(scenario, tmp_path / "once.mp4")
    simulate(scenario, tmp_path / "again.mp4")
    assert (tmp_path / "once.mp4").read_bytes() == (tmp_path / "again.mp4").read_bytes()
