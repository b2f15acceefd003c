from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from vision.simulate.named import scenario_from_options
from vision.simulate.render import render_frames
from vision.simulate.truth import read_truth, truth_of

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
OPTIONS: dict[str, dict[str, object]] = {
    "eyelid": {"seed": 1},
    "calf": {"seed": 2, "size": "960x540"},
    "facial": {"seed": 3},
    "rest": {"seed": 4},
}


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_a_sample_is_what_its_command_makes(name: str) -> None:
    scenario = scenario_from_options(name, **OPTIONS[name])  # type: ignore[arg-type]
    found, made = read_truth(SAMPLES / f"{name}.truth.json"), truth_of(scenario, name)
    assert (found.label, found.scenario, found.blinks) == (made.label, made.scenario, made.blinks)
    for a, b in zip(found.twitches, made.twitches, strict=True):
        assert a.model_dump() == pytest.approx(b.model_dump(), abs=1e-6)
    with av.open(str(SAMPLES / f"{name}.mp4")) as container:
        first = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(first.astype(int) - next(iter(render_frames(scenario)))[1]).mean() < 4
