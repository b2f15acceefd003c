from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.errors import SettingsError
from vision.simulate.named import SCENARIOS, scenario_from_options, scenario_named
from vision.simulate.truth import truth_of

LABELS = {
    "eyelid": "intermittent-focal",
    "facial": "sustained-facial",
    "face-migrating": "migrating",
    "rest": "no-twitch",
    "shaky-rest": "no-twitch",
    "flicker": "no-twitch",
    "eye-closeup": "intermittent-focal",
    "hemifacial": "indeterminate",
    "blepharospasm": "indeterminate",
    "rapid-blinking": "indeterminate",
    "calf": "migrating",
    "skin-focal": "intermittent-focal",
    "skin-rest": "no-twitch",
}


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_any_seed_gives_a_scenario_its_label(seed: int) -> None:
    assert {name: truth_of(scenario_named(name, seed=seed)).label for name in SCENARIOS} == LABELS


def test_an_option_that_is_none_keeps_the_scenario_s_own_value() -> None:
    assert scenario_from_options("calf", seed=None, size=None, amplitude_px=None) == scenario_named("calf")


def test_options_change_what_they_name() -> None:
    scenario = scenario_from_options("rest", size="480x640", seed=5, codec="libx265", crf=22)
    assert (scenario.width_px, scenario.height_px, scenario.seed) == (480, 640, 5)
    assert (scenario.codec, scenario.crf) == ("libx265", 22)


def test_a_bitrate_takes_the_place_of_constant_quality() -> None:
    assert scenario_named("rest", bit_rate_bps=800_000).crf is None


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("eylid", {}, "did you mean eyelid"),
        ("eyelid", {"amplitude": 2.0}, "did you mean amplitude_px"),
        ("eyelid", {"amplitude_px": -1.0}, "amplitude_px = -1.0"),
        ("eyelid", {"sites": ("ear",)}, "ear"),
        ("eyelid", {"sites": ("0.40,0.50",)}, "not of a face view"),
        ("eyelid", {"sites": ()}, "sites must name"),
        ("eyelid", {"width_px": 481}, "width_px"),
        ("rest", {"crf": 20, "bit_rate_bps": 1000}, "either crf or bit_rate_bps"),
    ],
)
def test_what_is_refused_is_named(name: str, changes: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        scenario_named(name, **changes)


@pytest.mark.parametrize("size", ["540", "540x", "ax960", "540 by 960"])
def test_a_size_that_cannot_be_read_is_refused(size: str) -> None:
    with pytest.raises(SettingsError, match="width x height"):
        scenario_from_options("rest", size=size)
