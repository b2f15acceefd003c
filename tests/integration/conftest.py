from __future__ import annotations

from pathlib import Path

import pytest

from vision.simulate.clip import simulate
from vision.simulate.named import scenario_named


@pytest.fixture(scope="session")
def face_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small face of 3 s whose eyelid twitches: long enough to be analysed, too short for a pattern."""
    path = tmp_path_factory.mktemp("clips") / "Jane Doe secret name.mp4"
    scenario = scenario_named("eyelid", duration_s=3.0, width_px=320, height_px=400, iod_px=160.0, first_onset_s=0.5)
    simulate(scenario, path, preset="ultrafast")
    return path
