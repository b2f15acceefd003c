from __future__ import annotations

from collections.abc import Callable

import pytest

from vision.simulate.named import scenario_named
from vision.simulate.scenario import Scenario


@pytest.fixture
def still() -> Callable[..., Scenario]:
    """A small face (or limb) where nothing moves, shakes, drifts or rustles unless it is asked to."""

    def make(name: str = "rest", **changes: object) -> Scenario:
        quiet: dict[str, object] = {
            "width_px": 320, "height_px": 400, "duration_s": 1.0, "closures": "none", "sway_px": 0.0,
            "amplitude_cv": 0.0, "breathing_px": 0.0, "pulse_px": 0.0, "shake_px": 0.0, "noise_sd": 0.0,
            "drift_share": 0.0, "first_onset_s": 0.2,
        }  # fmt: skip
        if name in ("rest", "eyelid", "facial", "face-migrating"):
            quiet["iod_px"] = 160.0
        return scenario_named(name, **{**quiet, **changes})

    return make
