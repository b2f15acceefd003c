"""How often: rate and interval, bursts, duty cycle, gaps."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import poisson

from tests.unit.twitch.event_builders import (
    CASES,
    FEATURES,
    RIGHT_CHEEK,
    RIGHT_LID,
    RIGHT_MOUTH,
    at,
    event,
    event_set,
    from_truth,
    train,
)  # fmt: skip
from vision.errors import ShapeError
from vision.model.features import SiteSpectrum
from vision.twitch.frequency import measure_frequency
from vision.twitch.rates import clumped_interval, poisson_interval
from vision.twitch.trains import counted_once


@pytest.mark.parametrize("count", [0, 1, 3, 14, 120])
def test_poisson_interval_turns_the_tails_of_scipy(count: int) -> None:
    low, high = poisson_interval(count)
    assert poisson.cdf(count, high) == pytest.approx(0.025)
    assert low == 0.0 if count == 0 else poisson.sf(count - 1, low) == pytest.approx(0.025)


@pytest.mark.parametrize("mean", [0.3, 2.0, 9.7, 40.0])
def test_exact_interval_covers_at_least_95_percent(mean: float) -> None:
    counts = range(200)
    covers = [low <= mean <= high for low, high in map(poisson_interval, counts)]
    assert sum(poisson.pmf(k, mean) for k, inside in zip(counts, covers, strict=True) if inside) >= 0.95


def test_clumped_interval_covers_from_eight_bursts_on() -> None:
    generator = np.random.default_rng(4)
    covered = total = 0
    while total < 400:
        bursts = generator.poisson(11)
        if bursts < 8:
            continue
        low, high = clumped_interval(generator.integers(3, 7, bursts), 400, generator)
        covered, total = covered + (low <= 11 * 4.5 <= high), total + 1
    assert covered / total >= 0.92


def test_the_example_of_the_schema() -> None:
    onsets_s = np.linspace(1.0, 28.0, 14)
    found = measure_frequency(at([float(t) for t in onsets_s], observed_s=29.3), FEATURES, 0)
    assert found.rate_per_min == pytest.approx(28.7, abs=0.05)
    assert found.rate_per_min_ci95 == pytest.approx((15.7, 48.1), abs=0.05)


def test_few_bursts_give_no_interval_and_many_do() -> None:
    few = at([t + 0.2 * k for t in (1.0, 6.0, 12.0, 18.0) for k in range(4)])
    assert measure_frequency(few, FEATURES, 0).rate_per_min_ci95 is None
    many = at([4.0 * b + 0.2 * k for b in range(12) for k in range(4)], observed_s=50.0)
    found = measure_frequency(many, FEATURES, 0)
    assert found.rate_per_min_ci95 is not None
    low, high = found.rate_per_min_ci95
    poisson_low, poisson_high = (60 / 50 * x for x in poisson_interval(48))
    assert low < poisson_low < poisson_high < high  # clumped counts vary more
    assert found.burst_count == 12
    assert found.burst_rate_per_min == pytest.approx(14.4)
    assert found.within_burst_hz == pytest.approx(5.0)


def test_single_twitches_have_no_bursts() -> None:
    found = measure_frequency(at([1.0, 2.5, 3.6, 5.4, 6.5, 8.0, 9.9, 11.0]), FEATURES, 0)
    assert (found.burst_count, found.within_burst_hz) == (0, None)
    assert found.dominant_hz == pytest.approx(1 / 1.5, rel=0.03)  # frame times: refined below the clock


def test_a_burst_of_two_sites_counts_once() -> None:
    rows = [(t + 0.2 * k, spot) for t in (1.0, 6.0, 12.0) for k in range(4) for spot in (RIGHT_LID, RIGHT_CHEEK)]
    assert measure_frequency(train(rows), FEATURES, 0).burst_count == 3


def test_duty_cycle_is_a_union_over_sites_within_the_observed_time() -> None:
    events = [event(1, 1.0, RIGHT_LID, 2.0), event(2, 2.0, RIGHT_CHEEK, 2.0), event(3, 9.5, RIGHT_LID, 1.0)]
    found = measure_frequency(event_set(events, 10.0), FEATURES, 0)
    assert found.duty_cycle == pytest.approx((3.0 + 0.5) / 10.0)
    assert found.longest_quiet_s == pytest.approx(5.5)
    assert found.longest_run_s == pytest.approx(3.0)


def test_gaps_are_neither_quiet_nor_active() -> None:
    found = measure_frequency(event_set([event(1, 1.0)], 8.0, ((0.0, 4.0), (10.0, 14.0))), FEATURES, 0)
    assert found.longest_quiet_s == pytest.approx(4.0)
    assert found.duty_cycle == pytest.approx(0.25 / 8.0)


def test_short_pauses_do_not_end_a_run() -> None:
    found = measure_frequency(at([2.0 + 0.5 * k for k in range(20)]), FEATURES, 0)
    assert found.longest_run_s == pytest.approx(9.75)


def test_nothing_found_is_zero_and_nothing_observed_is_none() -> None:
    quiet = measure_frequency(at([]), FEATURES, 0)
    assert (quiet.event_count, quiet.rate_per_min, quiet.duty_cycle, quiet.burst_count) == (0, 0.0, 0.0, 0)
    assert quiet.longest_quiet_s == 24.0
    assert quiet.rate_per_min_ci95 == pytest.approx((0.0, 9.22), abs=0.01)
    unseen = measure_frequency(at([], observed_s=0.0), FEATURES, 0)
    assert (unseen.rate_per_min, unseen.rate_per_min_ci95, unseen.duty_cycle, unseen.burst_count) == (None,) * 4
    assert (unseen.longest_quiet_s, unseen.longest_run_s, unseen.dominant_hz) == (None,) * 3


def test_all_at_one_instant() -> None:
    found = measure_frequency(at([3.0] * 6), FEATURES, 0)
    assert (found.event_count, found.dominant_hz, found.burst_count) == (1, None, 0)


def test_bad_observed_time_is_refused() -> None:
    for observed_s in (math.nan, -1.0, 99.0):
        with pytest.raises(ShapeError):
            measure_frequency(replace(at([1.0]), observed_s=observed_s), FEATURES, 0)
    with pytest.raises(ShapeError, match="finite"):
        measure_frequency(event_set([replace(event(1, 1.0), offset_s=math.inf)]), FEATURES, 0)


@pytest.mark.parametrize(
    "name", ["faceA_sustained_1.0", "faceA_sustained_2.0", "faceA_sustained_sync", "faceA_focal_2.0"]
)
def test_truth_of_the_shared_cases(name: str) -> None:
    if not (CASES / f"{name}.truth.json").exists():
        pytest.skip("the shared cases do not lie beside the checkout")
    events, truth = from_truth(name)
    found = measure_frequency(events, FEATURES, 0)
    assert found.duty_cycle == pytest.approx(truth["duty_cycle"], abs=0.005)
    # The truth takes all intervals, pauses included; we take those within bursts.
    assert found.dominant_hz == pytest.approx(truth["dominant_hz"], abs=0.1 if "sustained" in name else 0.4)


def test_the_way_of_the_interval_is_named() -> None:
    single = measure_frequency(at([1.0, 2.5, 3.6, 5.4, 6.5, 8.0, 9.9, 11.0]), FEATURES, 0)
    assert single.rate_interval == "exact-poisson"
    assert single.rate_per_min_mid_p95 is not None
    assert single.rate_per_min_ci95 is not None
    assert single.rate_per_min_ci95[0] < single.rate_per_min_mid_p95[0]
    few = measure_frequency(at([t + 0.2 * k for t in (1.0, 6.0, 12.0, 18.0) for k in range(4)]), FEATURES, 0)
    assert (few.rate_interval, few.rate_per_min_mid_p95, few.events_per_burst) == ("too-few-bursts", None, 4.0)
    assert few.burst_rate_per_min_ci95 is not None
    assert few.burst_rate_per_min_ci95[0] < 10.0 < few.burst_rate_per_min_ci95[1]
    many = measure_frequency(at([4.0 * b + 0.2 * k for b in range(12) for k in range(4)], observed_s=50.0), FEATURES, 0)
    assert many.rate_interval == "over-bursts"
    assert many.trend is not None
    assert many.trend.unit == "burst"
    assert measure_frequency(at([], observed_s=0.0), FEATURES, 0).rate_interval is None


def test_nyquist_and_resolution_are_those_of_the_clip() -> None:
    found = measure_frequency(event_set([], 8.0, ((0.0, 4.0), (10.0, 14.0))), FEATURES, 0)
    assert found.nyquist_hz == pytest.approx(15.0)
    assert found.resolution_hz == pytest.approx(1 / 14)


def test_a_median_between_far_intervals_on_the_clock_is_still_one() -> None:
    onsets_s = [1.0, 1.2, 3.2, 3.4, 5.4]
    assert measure_frequency(at(onsets_s), FEATURES, 0).dominant_hz == pytest.approx(1 / 1.1)


def test_eight_hertz_between_frames_is_eight_hertz() -> None:
    onsets_s = np.floor((0.51 + np.arange(80) / 8.0) * 30) / 30
    assert measure_frequency(at(onsets_s.tolist()), FEATURES, 0).dominant_hz == pytest.approx(8.0, abs=0.1)


def test_places_that_move_together_widen_the_interval_of_the_rate() -> None:
    """Ten movements seen at three places each are ten, not thirty, that chance has to answer for."""
    generator = np.random.default_rng(4)
    onsets_s = np.sort(generator.uniform(1.0, 23.0, 10))
    alone = measure_frequency(event_set([event(k, float(t)) for k, t in enumerate(onsets_s, 1)]), FEATURES, 0)
    spots = (RIGHT_LID, RIGHT_CHEEK, RIGHT_MOUTH)
    rows = [event(3 * k + j, float(t) + 0.01 * j, spot) for k, t in enumerate(onsets_s) for j, spot in enumerate(spots)]
    together = measure_frequency(event_set(rows), FEATURES, 0)
    assert together.rate_interval == "over-bursts"
    one, three = (found.rate_per_min_ci95 for found in (alone, together))
    assert (three[1] - three[0]) / 3 == pytest.approx(one[1] - one[0], rel=0.35)
    assert together.trend is None or together.trend.p > 0.01


def test_of_repeats_the_same_one_is_kept_in_any_order() -> None:
    """The order of regions goes by number where onsets are equal: it hung on which repeat came first."""
    repeats = [event(1, 8.7), event(2, 8.7, RIGHT_CHEEK, 0.1), event(3, 8.7), event(4, 8.7, RIGHT_CHEEK, 0.1)]
    for order in permutations(repeats):
        assert {one.id for one in counted_once(event_set(order)).events} == {1, 2}
    assert [one.id for one in counted_once(event_set([event(1, 8.7), event(2, 8.7, duration_s=1.0)])).events] == [2]


@pytest.mark.parametrize(
    ("line_hz", "marks", "said_hz"),
    [(5.0, (), 5.0), (5.0, ("alias of 120 Hz light",), 5.0), (10.0, (), 5.2), (None, (), 5.2)],
)
def test_a_line_of_the_motion_near_the_median_is_the_dominant_frequency(
    line_hz: float | None, marks: tuple[str, ...], said_hz: float
) -> None:
    events = at((0.5 + np.arange(40) / 5.2).tolist())
    line = SiteSpectrum(events.events[0].site, line_hz, 0.001, (1.0, 12.0), 0.1, marks)
    found = measure_frequency(events, FEATURES, 0, spectra=(line,))
    assert found.dominant_hz == pytest.approx(said_hz, abs=0.02)
