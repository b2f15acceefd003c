"""How regular: interval measures and the verdict against chance."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.unit.twitch.event_builders import (
    FEATURES,
    RIGHT_CHEEK,
    RIGHT_LID,
    RIGHT_MOUTH,
    at,
    on_clock,
    poisson_onsets,
    train,
)  # fmt: skip
from vision.model.features import Rhythmicity
from vision.twitch.intervals import local_cv2, local_variation
from vision.twitch.rhythm import _smaller_p, measure_rhythm


def rhythm_of(onsets_s: list[float], dead_time_s: float = 0.1, seed: int = 0) -> Rhythmicity:
    observed_s = max(onsets_s, default=23.0) + 1.0
    return measure_rhythm(at(onsets_s, observed_s=observed_s, dead_time_s=dead_time_s), FEATURES, seed)


def jittered(generator: np.random.Generator, intervals: int, hz: float, cv: float) -> list[float]:
    steps_s = np.maximum(generator.normal(1 / hz, cv / hz, intervals), 0.03)
    return [0.5, *(0.5 + np.cumsum(steps_s)).tolist()]


def test_lv_and_cv2_by_their_definitions() -> None:
    interval_s = np.array([0.2, 0.5, 0.4, 1.1, 0.3])
    pairs = list(pairwise(interval_s))
    assert local_variation([interval_s]) == pytest.approx(3 / 4 * sum(((a - b) / (a + b)) ** 2 for a, b in pairs))
    assert local_cv2([interval_s]) == pytest.approx(2 / 4 * sum(abs(a - b) / (a + b) for a, b in pairs))


def test_cv_is_that_of_numpy_for_one_site() -> None:
    onsets_s = [1.0, 1.3, 2.1, 2.6, 4.0, 4.2]
    interval_s = np.diff(onsets_s)
    assert rhythm_of(onsets_s).cv == pytest.approx(np.std(interval_s, ddof=1) / np.mean(interval_s))


def test_chance_has_measures_near_one() -> None:
    onsets_s = poisson_onsets(np.random.default_rng(1), 1.0, 1500.0)
    found = rhythm_of(onsets_s, dead_time_s=0.0)
    assert (found.cv, found.cv2, found.lv) == pytest.approx((1.0, 1.0, 1.0), abs=0.1)
    assert found.verdict == "irregular"


def test_dead_time_does_not_fake_rhythm() -> None:
    generator = np.random.default_rng(5)
    called = sum(
        rhythm_of(on_clock(poisson_onsets(generator, 4.0, 24.0, 0.15)), 0.15, seed).verdict != "irregular"
        for seed in range(200)
    )
    assert called <= 10


@pytest.mark.parametrize("snap", [True, False])
def test_p_is_uniform_under_chance(snap: bool) -> None:
    generator = np.random.default_rng(6)
    ps = []
    for seed in range(200):
        onsets_s = poisson_onsets(generator, 2.0, 12.0, 0.1)
        p = rhythm_of(on_clock(onsets_s) if snap else onsets_s, 0.1, seed).surrogate_p
        assert p is not None
        ps.append(p)
    assert 2 <= sum(p <= 0.05 for p in ps) <= 20  # binomial, 200 runs: 99.9 % limits
    assert 75 <= sum(p <= 0.5 for p in ps) <= 125


def test_a_jittered_clock_is_rhythmic() -> None:
    generator = np.random.default_rng(7)
    thirty = [rhythm_of(on_clock(jittered(generator, 30, 4.0, 0.15)), seed=k).verdict for k in range(40)]
    assert thirty.count("rhythmic") >= 32
    fifteen = [rhythm_of(on_clock(jittered(generator, 15, 4.0, 0.15)), seed=k).verdict for k in range(40)]
    assert fifteen.count("rhythmic") + fifteen.count("semi-rhythmic") >= 36


@pytest.mark.parametrize("count", [0, 1, 2, 5, 9])
def test_too_few_events(count: int) -> None:
    found = rhythm_of([0.5 + 0.5 * k for k in range(count)])
    assert found.verdict == "too-few-events"
    assert found.interval_count == max(0, count - 1)


def test_bursts_are_regular_inside_and_the_whole_is_not() -> None:
    generator = np.random.default_rng(8)
    starts_s = np.cumsum(generator.uniform(2.0, 6.0, 8))
    onsets_s = [float(t + 0.2 * k + generator.normal(0, 0.01)) for t in starts_s for k in range(5)]
    found = rhythm_of(sorted(onsets_s))
    assert found.verdict == "irregular"
    assert found.within_burst_lv is not None
    assert found.within_burst_lv < 0.05
    assert found.between_burst_lv is not None
    assert found.lv is not None
    assert found.lv > 0.4


def test_intervals_stay_within_site_and_gap() -> None:
    rows = [(1.0 + k, RIGHT_LID) for k in range(5)] + [(1.5 + k, RIGHT_CHEEK) for k in range(5)]
    assert measure_rhythm(train(rows), FEATURES, 0).interval_count == 8
    gap = at([1.0, 2.0, 11.0, 12.0], observed_s=14.0, intervals_s=((0.0, 4.0), (10.0, 20.0)))
    assert measure_rhythm(gap, FEATURES, 0).interval_count == 2


def test_two_rates_do_not_look_irregular() -> None:
    rows = [(1.0 + 0.25 * k, RIGHT_LID) for k in range(20)] + [(1.0 + 1.0 * k, RIGHT_CHEEK) for k in range(20)]
    found = measure_rhythm(train(rows), FEATURES, 0)
    assert found.verdict == "rhythmic"
    assert found.cv == pytest.approx(0.0, abs=1e-9)


def test_places_that_move_together_are_no_more_evidence_than_one() -> None:
    """Three sites that peak within a frame of each other: five movements stay five, and chance stays chance."""
    spots = (RIGHT_LID, RIGHT_CHEEK, RIGHT_MOUTH)
    five = [(1.0 + 0.4 * k + 0.01 * j, spot) for k in range(5) for j, spot in enumerate(spots)]
    assert measure_rhythm(train(five), FEATURES, 0).verdict == "too-few-events"
    called = 0
    for seed in range(60):
        generator = np.random.default_rng([12, seed])
        onsets_s = 0.5 + np.cumsum(0.15 + generator.exponential(1.3, 14))
        rows = [(float(t) + 0.01 * j, spot) for t in onsets_s for j, spot in enumerate(spots)]
        found = measure_rhythm(train(rows, observed_s=40.0), FEATURES, seed)
        called += found.verdict in ("rhythmic", "semi-rhythmic")
    assert called <= 8  # 5 % of 60 are 3; more than 8 come once in two hundred


def test_duplicates_count_once_and_the_peak_is_passed_on() -> None:
    found = measure_rhythm(at([3.0] * 12), FEATURES, 0, spectral_peak_hz=4.5)
    assert (found.interval_count, found.verdict, found.spectral_peak_hz) == (0, "too-few-events", 4.5)


def test_inside_of_chance_bursts_nothing_is_called_rhythmic() -> None:
    """Intervals between dead time and threshold look regular by selection alone; bursts of chance are no clock."""
    generator = np.random.default_rng(9)
    called = 0
    for seed in range(60):
        starts_s = np.cumsum(generator.uniform(3.0, 6.0, 8))
        onsets_s = [t + k for t in starts_s for k in np.cumsum(0.1 + generator.exponential(0.1, 6))]
        found = rhythm_of(sorted(map(float, onsets_s)), seed=seed).within_bursts
        called += found is not None and found.verdict in {"rhythmic", "semi-rhythmic"}
    assert called <= 10  # 5 % and what misplaced thresholds add


def test_a_clock_inside_of_bursts_is_rhythmic_there() -> None:
    generator = np.random.default_rng(10)
    starts_s = np.cumsum(generator.uniform(2.0, 6.0, 8))
    found = rhythm_of([float(t + 0.2 * k + generator.normal(0, 0.008)) for t in starts_s for k in range(5)])
    assert found.within_bursts is not None
    assert found.within_bursts.verdict == "rhythmic"
    assert found.within_bursts.interval_count == 32
    assert found.between_bursts is not None
    assert found.between_bursts.verdict in {"too-few-events", "irregular"}
    assert (found.within_burst_lv, found.between_burst_lv) == (found.within_bursts.lv, found.between_bursts.lv)


def test_bursts_like_a_clock_are_rhythmic_between() -> None:
    generator = np.random.default_rng(11)
    starts_s = 1.0 + 3.0 * np.arange(14) + generator.normal(0, 0.1, 14)
    onsets_s = [
        float(t + 0.15 * k + generator.normal(0, 0.02)) for t in starts_s for k in range(int(generator.integers(3, 6)))
    ]
    found = rhythm_of(sorted(onsets_s)).between_bursts
    assert found is not None
    assert (found.interval_count, found.verdict) == (13, "rhythmic")


def test_the_floor_of_the_clock_is_stated_where_there_is_one() -> None:
    generator = np.random.default_rng(12)
    on_frames = rhythm_of(on_clock(jittered(generator, 30, 5.0, 0.05)))
    assert on_frames.frame_floor_cv == pytest.approx(0.068, abs=0.003)
    assert rhythm_of(jittered(generator, 30, 5.0, 0.05)).frame_floor_cv is None
    assert on_frames.pair_count == 29
    assert on_frames.lvr is not None
    assert on_frames.periodicity is not None


def test_five_events_are_never_rhythmic() -> None:
    for spots in ((RIGHT_LID,), (RIGHT_LID, RIGHT_CHEEK)):
        rows = [(1.0 + 0.25 * k, spots[k % len(spots)]) for k in range(5)]
        assert measure_rhythm(train(rows), FEATURES, 0).verdict == "too-few-events"


def test_the_smaller_of_two_ps_is_exact_where_nothing_is_there() -> None:
    generator = np.random.default_rng(13)
    ps = []
    for _ in range(2000):
        one = generator.normal(0, 1, 100)
        other = np.round(one + generator.normal(0, 1, 100))  # related, and full of ties
        ps.append(_smaller_p([one, other], generator))
    assert 0.035 <= np.mean(np.array(ps) <= 0.05) <= 0.065
    assert 0.46 <= np.mean(np.array(ps) <= 0.5) <= 0.54


def test_evenness_and_drift_each_have_their_statistic() -> None:
    """A clock that slows down eightfold is still told from chance: LV does not mind the drift."""
    onsets_s = np.cumsum(0.12 * 8.0 ** (np.arange(30) / 29)).tolist()
    found = rhythm_of([0.5 + t for t in onsets_s])
    assert found.surrogate_p is not None
    assert found.surrogate_p <= 0.04
    assert found.verdict == "rhythmic"
