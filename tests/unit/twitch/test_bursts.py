"""Bursts: found where events come in groups, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.twitch.event_builders import (
    FEATURES,
    RIGHT_CHEEK,
    RIGHT_LID,
    at,
    bursts_onsets,
    on_clock,
    poisson_onsets,
    train,
)
from vision.errors import ShapeError
from vision.twitch.bursts import find_bursts, interval_threshold_s, split_train


def burst_count(onsets_s: list[float], observed_s: float = 24.0) -> int:
    return len(find_bursts(at(on_clock(onsets_s), observed_s=observed_s), FEATURES, 0).bursts)


def test_groups_of_five_hertz_with_pauses_are_bursts() -> None:
    onsets_s = [t + 0.2 * k for t in (1.0, 5.0, 9.5, 16.0) for k in range(4)]
    found = find_bursts(at(onsets_s), FEATURES, 0)
    assert [round(float(b.onset_s[0]), 6) for b in found.bursts] == [1.0, 5.0, 9.5, 16.0]
    assert [len(b.onset_s) for b in found.bursts] == [4, 4, 4, 4]
    assert found.threshold_s is not None
    assert 0.25 < found.threshold_s < 3.0
    assert found.bursts[0].offset_s == pytest.approx(1.0 + 0.6 + 0.25)


def test_misses_do_not_hide_bursts() -> None:
    generator = np.random.default_rng(1)
    trains = [bursts_onsets(generator, 24.0, miss=0.1) for _ in range(25)]
    assert sum(burst_count(onsets_s) > 0 for onsets_s in trains) >= 24


@pytest.mark.parametrize("rate_hz", [0.7, 2.0, 4.0])
def test_chance_is_seldom_called_bursts(rate_hz: float) -> None:
    generator = np.random.default_rng(2)
    found = sum(burst_count(poisson_onsets(generator, rate_hz, 24.0, 0.1)) > 0 for _ in range(60))
    assert found <= 4  # expected 1 % of 60


def test_single_twitches_every_one_to_two_seconds_are_no_bursts() -> None:
    onsets_s = np.cumsum(np.random.default_rng(3).uniform(1.0, 2.0, 14))
    assert burst_count([float(t) for t in onsets_s]) == 0


def test_bursts_are_found_site_by_site() -> None:
    starts_s = (1.0, 6.0, 11.0, 17.0)
    rows = [(t + 0.2 * k, RIGHT_LID) for t in starts_s for k in range(4)]
    rows += [(t + 0.1 + 0.2 * k, RIGHT_CHEEK) for t in starts_s for k in range(4)]
    found = find_bursts(train(rows), FEATURES, 0)
    assert len(found.of_site(1)) == len(found.of_site(3)) == 4


def test_no_burst_crosses_an_unobserved_gap() -> None:
    onsets_s = [t + 0.2 * k for t in (1.0, 5.0, 9.0, 13.0) for k in range(6)]
    spans = ((0.0, 5.5), (5.55, 24.0))  # cuts the second burst in two
    found = find_bursts(at(onsets_s, observed_s=23.95, intervals_s=spans), FEATURES, 0)
    assert [len(b.onset_s) for b in found.bursts] == [6, 3, 3, 6, 6]


def test_a_clock_has_one_kind_of_interval() -> None:
    assert interval_threshold_s(np.full(30, 0.2), FEATURES) is None
    assert interval_threshold_s(np.empty(0), FEATURES) is None


def test_split_train_cuts_at_long_intervals() -> None:
    parts = split_train(np.array([0.0, 0.1, 2.0, 5.0, 5.1]), 1.0)
    assert [part.tolist() for part in parts] == [[0.0, 0.1], [2.0], [5.0, 5.1]]


@pytest.mark.parametrize("onsets_s", [[], [3.0], [3.0, 3.0, 3.0, 3.0]])
def test_nothing_to_group(onsets_s: list[float]) -> None:
    assert burst_count(onsets_s) == 0


def test_intervals_that_overlap_are_refused() -> None:
    with pytest.raises(ShapeError, match="overlap"):
        find_bursts(at([1.0], intervals_s=((0.0, 13.0), (12.0, 23.0))), FEATURES, 0)
