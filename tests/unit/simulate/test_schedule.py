from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.dsp import twitch_waveform
from vision.simulate.named import SCENARIOS, scenario_named
from vision.simulate.schedule import active_interval_s, frame_times, plan_closures, plan_twitches

NAMES = st.sampled_from(sorted(SCENARIOS))
SEEDS = st.integers(0, 2**31)


@given(name=NAMES, seed=SEEDS)
def test_twitches_and_closures_end_within_the_clip(name: str, seed: int) -> None:
    scenario = scenario_named(name, seed=seed, duration_s=12.0)
    for twitch in plan_twitches(scenario):
        assert twitch.onset_s >= 0
        assert active_interval_s(twitch.onset_s, scenario.tau_s, scenario.decay)[1] <= 12.0
    for closure in plan_closures(scenario):
        assert 0 < closure.onset_s < closure.shut_s < closure.opening_s < closure.offset_s < 12.0


@given(seed=SEEDS, amplitude_px=st.floats(0.1, 10))
def test_size_and_blinks_leave_the_times_of_twitches_alone(seed: int, amplitude_px: float) -> None:
    plain = plan_twitches(scenario_named("eyelid", seed=seed))
    assert plan_twitches(scenario_named("eyelid", seed=seed, amplitude_px=amplitude_px, closures="rapid")) == plain


@given(seed=SEEDS, later_s=st.floats(0, 3))
def test_a_later_first_onset_shifts_every_twitch(seed: int, later_s: float) -> None:
    soon = plan_twitches(scenario_named("eyelid", seed=seed))
    late = plan_twitches(scenario_named("eyelid", seed=seed, first_onset_s=1.5 + later_s))
    for early, after in zip(soon, late, strict=False):
        assert after.onset_s == pytest.approx(early.onset_s + later_s)


@given(tau_s=st.floats(0.01, 0.3), decay=st.floats(0.5, 5), onset_s=st.floats(0, 10))
def test_the_active_interval_ends_at_a_fifth_of_the_peak(tau_s: float, decay: float, onset_s: float) -> None:
    edges = np.array(active_interval_s(onset_s, tau_s, decay))
    assert twitch_waveform(edges, onset_s, tau_s, decay) == pytest.approx(0.2, abs=1e-3)


@given(seed=SEEDS, rate_hz=st.floats(10, 120))
def test_frames_of_a_variable_rate_advance_from_zero(seed: int, rate_hz: float) -> None:
    times = frame_times(scenario_named("rest", seed=seed, rate_hz=rate_hz, is_variable_rate=True, duration_s=5.0))
    assert times[0] == 0
    assert times[-1] < 5.0
    assert np.all(np.diff(times) > 0.9 / rate_hz)
    assert np.all(np.diff(times) < 1.3 / rate_hz)


def test_a_constant_rate_is_constant() -> None:
    times = frame_times(scenario_named("rest", rate_hz=60.0, duration_s=2.0))
    assert len(times) == 120
    assert np.diff(times) == pytest.approx(1 / 60)


def test_bursts_keep_their_rate_and_their_pauses() -> None:
    onsets_s = np.array([twitch.onset_s for twitch in plan_twitches(scenario_named("eyelid", duration_s=300.0))])
    intervals_s = np.diff(onsets_s)
    within_s = intervals_s[intervals_s < 0.5]
    assert np.median(within_s) == pytest.approx(1 / 5.0, rel=0.1)
    assert intervals_s[intervals_s >= 0.5].min() > 1.5


def test_single_twitches_come_as_often_as_asked() -> None:
    planned = plan_twitches(scenario_named("calf", duration_s=600.0, events_per_min=30.0))
    assert len(planned) / 10 == pytest.approx(30, rel=0.15)


def test_synchronous_sites_move_together() -> None:
    planned = plan_twitches(scenario_named("facial", is_synchronous=True))
    by_site = {site: [t.onset_s for t in planned if t.site == site] for site in {t.site for t in planned}}
    assert len(by_site) == 4
    assert len({tuple(times) for times in by_site.values()}) == 1


def test_no_amplitude_means_no_twitch() -> None:
    assert plan_twitches(scenario_named("eyelid", amplitude_px=0.0)) == ()


@pytest.mark.parametrize(
    ("name", "sides", "shortest_s", "longest_s"),
    [("rest", {("right", "left")}, 0.2, 0.4), ("blepharospasm", {("right", "left")}, 0.2, 3.1)],
)
def test_closures_last_as_their_kind_does(
    name: str, sides: set[tuple[str, ...]], shortest_s: float, longest_s: float
) -> None:
    closures = plan_closures(scenario_named(name, duration_s=200.0))
    lasting_s = [closure.offset_s - closure.onset_s for closure in closures]
    assert {closure.sides for closure in closures} == sides
    assert shortest_s < min(lasting_s)
    assert max(lasting_s) < longest_s


def test_one_sided_closures_are_of_the_side_that_was_asked_for() -> None:
    closures = plan_closures(scenario_named("hemifacial", duration_s=120.0, side="left"))
    assert {closure.sides for closure in closures} == {("left",), ("right", "left")}


def test_rapid_blinking_is_rapid() -> None:
    assert len(plan_closures(scenario_named("rapid-blinking", duration_s=120.0))) / 2 > 40


def test_a_closure_opens_again() -> None:
    closure = plan_closures(scenario_named("rest", partial_share=0.0))[0]
    middle_s = (closure.shut_s + closure.opening_s) / 2
    assert [closure.share_at(t) for t in (closure.onset_s, middle_s, closure.offset_s)] == [0, 1, 0]
