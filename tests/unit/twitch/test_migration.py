"""The order of sites: what chance may do behind a dead time, and what it may not."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from tests.unit.twitch.event_builders import FEATURES, LEFT_CHEEK, RIGHT_CHEEK, RIGHT_LID, Spot, event_set, train
from vision.simulate.trains import Detector, observed, poisson
from vision.simulate.trains import Spot as Where
from vision.twitch.migration import _allowed_share, _chance_orders, _Slots, measure_migration

SPOTS = (RIGHT_LID, RIGHT_CHEEK, LEFT_CHEEK)


def test_chance_orders_are_all_that_keep_the_dead_time_and_equally_likely() -> None:
    codes = np.array([0, 1, 0, 1, 2])
    close = np.array([[1], [0], [5], [4], [3]])  # the first two, and the last two
    slots = _Slots(codes, close, np.where(close < 5, -50.0, 0.0), np.empty((0, 2), int))
    drawn = _chance_orders(slots, 20_000, np.random.default_rng(1))
    allowed = {p for p in permutations(codes.tolist()) if p[0] != p[1] and p[3] != p[4]}
    found, counts = np.unique(drawn, axis=0, return_counts=True)
    assert {tuple(row) for row in found.tolist()} == allowed
    assert counts.min() > 0.85 * 20_000 / len(allowed)


def test_the_clock_blurs_the_dead_time() -> None:
    """Share of gaps of at least 0.15 s, by the whole frames that they look like: against a direct draw."""
    rng = np.random.default_rng(2)
    frame_s, dead_s = 1 / 30, 0.15
    first_s, gap_s = rng.uniform(0, 1, 400_000), rng.uniform(0.0, 0.3, 400_000)
    seen = np.floor((first_s + gap_s) / frame_s) - np.floor(first_s / frame_s)
    for frames in range(2, 8):
        direct = float(np.mean(gap_s[seen == frames] >= dead_s))
        found = float(_allowed_share(np.array([[frames * frame_s]]), dead_s, frame_s)[0, 0])
        assert found == pytest.approx(max(direct, 0.01), abs=0.02)


def test_sites_on_their_own_do_not_look_ordered_behind_a_dead_time() -> None:
    """Shuffling without the dead time calls 17 % of such clips migrating (70 of 400)."""
    ps = []
    for seed in range(150):
        rng = np.random.default_rng([3, seed])
        trains = [poisson(rng, rate_hz, 20.0) for rate_hz in (2.4, 1.2, 0.4)]
        place = np.repeat(np.arange(3), [len(t) for t in trains])
        spots = [Where(s.region, s.side, s.x_px, s.y_px) for s in SPOTS]
        events = observed(rng, np.concatenate(trains), place, spots, 20.0, Detector(0.0, 0.0, dead_time_s=0.15))
        found = measure_migration(events, FEATURES, seed)
        if found is not None:
            ps.append(found.p)
    assert len(ps) > 140
    assert sum(p <= 0.05 for p in ps) <= 16  # binomial, 150 runs: 99.9 %


def test_switches_are_counted_against_chance() -> None:
    rows = [(1.0 + i, SPOTS[i % 3]) for i in range(18)]
    found = measure_migration(train(rows), FEATURES, 0)
    assert found is not None
    assert found.switch_share == 1.0
    assert found.switch_share_chance == pytest.approx(12 / 17, abs=0.03)


def test_sites_at_one_spot_cannot_be_ordered() -> None:
    here = [Spot(i, "cheek", "right", 100.0, 100.0) for i in (1, 2)]
    assert measure_migration(train([(1.0 + i, here[i % 2]) for i in range(12)]), FEATURES, 0) is None
    assert measure_migration(event_set([]), FEATURES, 0) is None
