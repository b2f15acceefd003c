"""The label table, row by row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.event_builders import (
    CASES,
    CHIN,
    LEFT_BROW,
    LEFT_CHEEK,
    RIGHT_CHEEK,
    RIGHT_LID,
    RIGHT_MOUTH,
    RIGHT_UPPER_LID,
    Spot,
    at,
    bursts_onsets,
    call_of,
    from_truth,
    poisson_onsets,
    quality_of,
    train,
)  # fmt: skip
from vision.model.events import EyeClosureEvent
from vision.model.features import PatternCall
from vision.model.regions import RegionName
from vision.model.result import Quality, QualityWarning, RegionLimit

FACE = (RIGHT_LID, RIGHT_CHEEK, RIGHT_MOUTH, CHIN, LEFT_CHEEK, LEFT_BROW)
SINGLES_S = [1.0, 2.9, 4.1, 6.6, 8.0, 9.9, 11.2, 13.5, 15.0, 16.2, 18.3, 19.0, 21.1, 22.4, 23.3]


def on(spots: Sequence[Spot], onsets_s: Sequence[float] = SINGLES_S) -> list[tuple[float, Spot]]:
    return [(t, spots[i % len(spots)]) for i, t in enumerate(onsets_s)]


def skin(number: int, x_px: float, y_px: float = 100.0) -> Spot:
    return Spot(number, "skin", None, x_px, y_px)


def sustained(spots: Sequence[Spot], step_s: float = 0.25, observed_s: float = 24.0) -> list[tuple[float, Spot]]:
    return [(t, spot) for spot in spots for t in np.arange(0.3, observed_s - 0.3, step_s)]


def check(call: PatternCall, label: str, first: str) -> None:
    assert call.label == label, call.reasons
    assert sum(call.probability.values()) == pytest.approx(1.0)
    assert all(0 < p < 1 for p in call.probability.values())
    assert first in call.reasons[0]
    if label == "indeterminate":
        assert any(reason.startswith("Film next") for reason in call.reasons)
    else:
        assert max(call.probability, key=lambda name: call.probability[name]) == label


def test_one_place_with_gaps_is_focal() -> None:
    bursts_s = bursts_onsets(np.random.default_rng(1), 24.0)
    check(call_of(at(bursts_s)), "intermittent-focal", "One place, right lower-eyelid")
    check(call_of(at(SINGLES_S, skin(1, 300.0)), "skin"), "intermittent-focal", "One place, skin")
    check(call_of(at(bursts_s), "eye"), "intermittent-focal", "One place")


def test_adjacent_lids_of_one_side_are_one_place() -> None:
    call = call_of(train(on((RIGHT_LID, RIGHT_UPPER_LID))))
    check(call, "intermittent-focal", "One place, right eyelids: 15 of 15")


def test_a_stray_event_does_not_overturn_a_focal_call() -> None:
    call = call_of(train([*on((RIGHT_LID,)), (12.4, LEFT_CHEEK)]))
    check(call, "intermittent-focal", "15 of 16")
    assert call.probability["intermittent-focal"] < call_of(at(SINGLES_S)).probability["intermittent-focal"]


def test_sites_within_the_localisation_error_are_one_place() -> None:
    near = [skin(i, 300.0 + 3.0 * i) for i in range(1, 6)]
    check(call_of(train(on(near)), "skin"), "intermittent-focal", "One place")


def test_many_places_in_turn_are_migrating() -> None:
    check(call_of(train(on(FACE))), "migrating", "6 places")
    far = [skin(i, 40.0 * i, 30.0 * (i % 5)) for i in range(1, 16)]
    check(call_of(train(on(far)), "skin"), "migrating", "15 places")


def test_sustained_over_the_face() -> None:
    check(call_of(train(sustained(FACE[:4]))), "sustained-facial", "Continuous: active")


def test_synchronous_and_sustained_is_sustained() -> None:
    check(call_of(train(sustained(FACE[:4], 0.35))), "sustained-facial", "Continuous")


def test_long_runs_are_sustained_at_any_duty_cycle() -> None:
    rows = [(t + 0.5 * k, spot) for t in (1.0, 13.0) for k in range(14) for spot in FACE[:3]]
    call = call_of(train(rows))
    check(call, "sustained-facial", "Continuous: active 29%")


def test_continuous_in_one_lid_says_so_first() -> None:
    call = call_of(train(sustained((RIGHT_LID, RIGHT_UPPER_LID))))
    check(call, "sustained-facial", "One lid only so far")


def test_the_order_of_places_is_said_with_its_numbers() -> None:
    call = call_of(train(on(FACE)))
    assert any(reason.startswith("On to another site after 100% of movements, with steps") for reason in call.reasons)
    assert not any(reason.startswith("On to") for reason in call_of(at(SINGLES_S)).reasons)


def test_sites_that_never_pause_are_counted() -> None:
    events = train(sustained(FACE[:3]))
    lasting = replace(events, sites=tuple(replace(site, is_continuous=True) for site in events.sites))
    assert "3 of 3 sites move without a pause of their own." in call_of(lasting).reasons


def test_two_stable_places_are_indeterminate() -> None:
    call = call_of(train(on((RIGHT_LID, LEFT_CHEEK))))
    check(call, "indeterminate", "Two stable places: right lower-eyelid (8), left cheek (7)")
    neighbours = call.probability["intermittent-focal"] + call.probability["migrating"]
    assert neighbours > 0.9


def test_several_regions_with_one_over_half_do_not_move_about() -> None:
    spots = (RIGHT_LID, RIGHT_LID, RIGHT_LID, RIGHT_CHEEK, RIGHT_LID, RIGHT_LID, RIGHT_MOUTH)
    call = call_of(train(on(spots, [0.5 + 0.8 * k for k in range(28)])))
    check(call, "indeterminate", "not moving about")


def test_several_regions_at_once_are_not_migrating() -> None:
    rows = [(t, spot) for t in SINGLES_S for spot in FACE[:4]]
    check(call_of(train(rows)), "indeterminate", "4 places move together")


def test_sustained_movement_of_a_limb() -> None:
    check(
        call_of(train(sustained((skin(1, 300.0),), 0.3)), "skin", area_px2=1e6),
        "indeterminate",
        "Sustained, not facial",
    )


def test_rhythm_of_a_whole_limb() -> None:
    call = call_of(train(sustained((skin(1, 100.0), skin(2, 400.0)), 0.2)), "skin", area_px2=2000.0)
    check(call, "indeterminate", "Whole-limb rhythm")
    assert "5.0 Hz" in call.reasons[0]


def test_eye_closure_rules_out_no_twitch() -> None:
    long = EyeClosureEvent(5.0, 5.4, 6.0, ("right", "left"), True, False)
    call = call_of(at([]), closures=(long,))
    check(call, "indeterminate", "eye closure is a finding")
    assert call.probability["no-twitch"] < 0.5


def test_eye_closure_stands_beside_a_label() -> None:
    wink = EyeClosureEvent(5.0, 5.1, 5.2, ("right",), True, False)
    call = call_of(at(SINGLES_S), closures=(wink,))
    check(call, "intermittent-focal", "One place")
    assert any("one eye alone (right)" in reason for reason in call.reasons)


def test_nothing_above_a_fine_limit_is_no_twitch() -> None:
    check(call_of(at([])), "no-twitch", "None seen in 24 s down to 0.005 iod")
    check(call_of(at([]), "skin"), "no-twitch", "down to 0.8 px")


@pytest.mark.parametrize(
    ("limit_px", "limit_iod", "said"),
    [
        (6.0, 0.03, "only those from 0.03 iod"),
        (None, None, "is not known"),
        (math.nan, math.nan, "is not known"),
        (0.0, 0.0, "is not known"),
    ],
)
def test_a_coarse_limit_says_nothing(limit_px: float | None, limit_iod: float | None, said: str) -> None:
    events = at([])
    check(call_of(events, quality=quality_of(events, limit_px, limit_iod)), "indeterminate", said)


def limits_of(*limits_iod: float) -> Quality:
    """A quality with one region for each limit, the coarsest of which is the clip's."""
    names = get_args(RegionName)
    regions = tuple(
        RegionLimit(name, "midline", 213 * iod, None, iod) for name, iod in zip(names, limits_iod, strict=False)
    )
    return replace(quality_of(at([]), 213 * max(limits_iod), max(limits_iod)), region_limits=regions)


def test_a_few_coarse_regions_are_left_out_of_no_twitch_by_name() -> None:
    call = call_of(at([]), quality=limits_of(0.004, 0.006, 0.008, 0.03))
    check(call, "no-twitch", "None seen in 24 s down to 0.008 iod")
    assert call.reasons[1] == "Left out, where only larger ones would have been seen: forehead (from 0.03 iod on)."


def test_many_coarse_regions_forbid_no_twitch() -> None:
    check(call_of(at([]), quality=limits_of(0.004, 0.006, 0.02, 0.03)), "indeterminate", "only those from 0.03 iod")


@given(st.lists(st.floats(1e-4, 0.05), min_size=1, max_size=10))
def test_no_twitch_is_said_of_three_regions_in_four_at_least(limits_iod: list[float]) -> None:
    fine = [iod for iod in limits_iod if iod <= 0.01]
    call = call_of(at([]), quality=limits_of(*limits_iod))
    assert (call.label == "no-twitch") == (len(fine) >= 0.75 * len(limits_iod))
    if call.label == "no-twitch":
        assert f"down to {max(fine):.2g} iod" in call.reasons[0]


def test_a_short_look_says_nothing() -> None:
    check(call_of(at([], observed_s=6.0)), "indeterminate", "6.0 s were observed, 10 s are needed")
    check(call_of(at([1.0, 2.0, 3.0, 4.0], observed_s=6.0)), "indeterminate", "Too little seen")
    check(call_of(at([], observed_s=0.0)), "indeterminate", "Too little seen")


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_events_are_too_few(count: int) -> None:
    check(call_of(at(SINGLES_S[:count])), "indeterminate", f"Too few events: {count} in 24 s")


def test_a_few_scattered_events_in_a_long_clip_are_not_named() -> None:
    rows = [(50.0, RIGHT_LID), (150.0, LEFT_CHEEK), (250.0, CHIN)]
    check(call_of(train(rows, 300.0)), "indeterminate", "false alarms alone may give 5.0")


def test_an_unusable_clip_is_not_named() -> None:
    quality = Quality(False, 24.0, 0.8, None, (QualityWarning("blurred", "The picture is blurred.", "Focus."),), 0.005)
    check(call_of(at(SINGLES_S), quality=quality), "indeterminate", "The picture is blurred.")


def test_probability_grows_with_the_count() -> None:
    focal = [call_of(at(SINGLES_S[:n])).probability["intermittent-focal"] for n in (3, 5, 8, 15)]
    assert focal == sorted(focal)


def test_simulated_rows_with_misses_and_strays_are_never_wrong() -> None:
    generator = np.random.default_rng(11)
    wrong = right = 0
    for _ in range(12):
        rows = {
            "intermittent-focal": [(t, RIGHT_LID) for t in bursts_onsets(generator, 24.0)],
            "migrating": [(t, FACE[int(generator.integers(6))]) for t in poisson_onsets(generator, 0.8, 24.0, 0.3)],
            "sustained-facial": [(t, s) for s in FACE[:4] for t in poisson_onsets(generator, 4.0, 24.0, 0.15)],
        }
        for label, timeline in rows.items():
            kept = [row for row in timeline if generator.random() > 0.1]
            kept += [(float(generator.uniform(0, 24)), FACE[int(generator.integers(6))])] * int(generator.poisson(0.2))
            called = call_of(train(kept)).label
            right, wrong = right + (called == label), wrong + (called not in (label, "indeterminate"))
    assert wrong == 0
    assert right >= 32


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases do not lie beside the checkout")
@pytest.mark.parametrize(
    "name",
    [
        "faceA_closeup", "faceA_focal_1.0", "faceA_focal_shake", "faceA_migrating", "faceA_rest", "faceA_sustained_2.0",
        "faceA_sustained_sync", "wristA_focal", "wristA_migrating_1.0", "wristA_rest",
    ],
)  # fmt: skip
def test_truth_of_the_shared_cases_gets_its_label(name: str) -> None:
    events, truth = from_truth(name)
    view = "eye" if "closeup" in name else "face" if "face" in name else "skin"
    assert call_of(events, view).label == truth["label"]  # type: ignore[arg-type]
