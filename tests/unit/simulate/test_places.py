from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.errors import SettingsError
from vision.simulate.named import scenario_named
from vision.simulate.rests import rest_scenarios
from vision.simulate.scenario import ListedTwitch
from vision.simulate.truth import truth_of

QUIET = {"shake_px": 0.0, "sway_px": 0.0, "breathing_px": 0.0, "pulse_px": 0.0}


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_single_twitches_without_sites_are_all_over_the_face(seed: int) -> None:
    truth = truth_of(scenario_named("face-migrating", sites=(), seed=seed, duration_s=30.0, **QUIET))
    assert len({(t.x_px, t.y_px) for t in truth.twitches}) == len(truth.twitches) > 5
    assert {t.side for t in truth.twitches} <= {"left", "right", "midline"}
    for a, b in zip(truth.twitches, truth.twitches[1:], strict=False):
        assert math.dist((a.x_px, a.y_px), (b.x_px, b.y_px)) > 0.3 * 216
    assert all(t.side == "right" for t in truth.twitches if t.x_px < 216 and t.side != "midline")


@given(
    x_px=st.floats(50, 480), y_px=st.floats(50, 900), onset_s=st.floats(0, 20), amplitude_px=st.floats(0.01, 5),
    direction_rad=st.floats(-3, 3),
)  # fmt: skip
def test_a_listed_twitch_is_where_and_when_it_was_put(
    x_px: float, y_px: float, onset_s: float, amplitude_px: float, direction_rad: float
) -> None:
    twitch = ListedTwitch(
        onset_s=onset_s, x_px=x_px, y_px=y_px, amplitude_px=amplitude_px, direction_rad=direction_rad,
        region="cheek", side="left",
    )  # fmt: skip
    truth = truth_of(scenario_named("rest", twitch="listed", listed=(twitch,), **QUIET))
    (found,) = truth.twitches
    assert (found.onset_s, found.amplitude, found.direction_rad) == (onset_s, amplitude_px, direction_rad)
    assert (found.region, found.side) == ("cheek", "left")
    assert (found.x_px, found.y_px) == (pytest.approx(x_px), pytest.approx(y_px))
    assert truth.dominant_hz is None


def test_a_list_and_its_plan_come_together() -> None:
    with pytest.raises(SettingsError, match="come together"):
        scenario_named("rest", twitch="listed")


def test_rest_is_rest_whatever_the_phone() -> None:
    made = rest_scenarios(seed=3, duration_s=20.0)
    assert len(made) >= 16
    assert {truth_of(scenario).label for scenario in made.values()} == {"no-twitch"}
    assert all(scenario.seed == 3 for scenario in made.values())
    assert {name.split("-")[0] for name in made} == {"face", "skin"}
