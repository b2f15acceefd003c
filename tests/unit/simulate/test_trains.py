"""Event-level simulation: the processes are what they say, and the detector does what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from vision.simulate.patterns import ROWS, draw_clip
from vision.simulate.trains import (
    Detector,
    Spot,
    bursting,
    drifting,
    interval_draws,
    jittered_clock,
    migrating,
    observed,
    poisson,
    renewal,
)
from vision.twitch.trains import require_usable

SPOTS = [Spot("lower-eyelid", "right", 170.0, 230.0), Spot("cheek", "left", 330.0, 306.0)]
seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.floats(0.0, 0.5), st.floats(0.0, 5.0), st.floats(0.0, 0.3))
def test_what_is_observed_is_usable(seed: int, miss: float, false_per_min: float, dead_s: float) -> None:
    rng = np.random.default_rng(seed)
    onset_s = poisson(rng, 2.0, 20.0)
    place = rng.integers(0, 2, len(onset_s))
    events = observed(rng, onset_s, place, SPOTS, 20.0, Detector(miss, false_per_min, dead_s, is_on_clock=False), SPOTS)
    require_usable(events)
    assert [event.id for event in events.events] == list(range(1, len(events.events) + 1))
    assert {event.site for event in events.events} == {site.id for site in events.sites}
    assert sum(site.event_count for site in events.sites) == len(events.events)
    for site in events.sites:
        own = np.array([event.onset_s for event in events.events if event.site == site.id])
        assert (np.diff(own) >= dead_s - 1e-9).all()


@pytest.mark.parametrize("family", ["gamma", "lognormal"])
@pytest.mark.parametrize("cv", [0.0, 0.15, 1.0])
def test_intervals_have_their_mean_and_cv(family: str, cv: float) -> None:
    drawn = interval_draws(np.random.default_rng(1), 0.4, cv, 40_000, family)  # type: ignore[arg-type]
    assert drawn.mean() == pytest.approx(0.4, rel=0.02)
    assert drawn.std() / drawn.mean() == pytest.approx(cv, abs=0.03)


@pytest.mark.parametrize("dead_s", [0.0, 0.2])
def test_poisson_has_its_rate_and_its_dead_time_from_any_moment_on(dead_s: float) -> None:
    rng = np.random.default_rng(2)
    trains = [poisson(rng, 2.0, 50.0, dead_s) for _ in range(300)]
    assert np.mean([len(t) for t in trains]) == pytest.approx(100.0, rel=0.02)
    rests = np.concatenate([np.diff(t) for t in trains]) - dead_s
    assert rests.min() >= 0
    assert kstest(rests[:5000], "expon", (0, 0.5 - dead_s)).pvalue > 1e-3
    first = np.array([np.sum(t < 5) for t in trains])
    assert first.mean() == pytest.approx(10.0, abs=0.7)


def test_renewal_clock_bursts_and_drift_have_their_rates() -> None:
    rng = np.random.default_rng(3)
    assert len(renewal(rng, 0.25, 0.3, 400.0)) == pytest.approx(1600, rel=0.03)
    clock = jittered_clock(rng, 5.0, 0.2, 400.0)
    assert np.std(np.diff(clock)) * 5.0 == pytest.approx(0.2, abs=0.02)
    assert abs(np.exp(2j * np.pi * 5.0 * clock).mean()) > 0.5  # it keeps its phase, a renewal does not
    onset_s = bursting(rng, 4000.0, pause_s=3.0, within_hz=5.0, size=(3, 6))
    assert len(onset_s) == pytest.approx(4000 * 4.5 / (3.0 + 3.5 / 5.0), rel=0.05)
    grown = np.concatenate([drifting(rng, 2.0, 4.0, 30.0) for _ in range(200)])
    early, late = np.mean(grown < 3.0), np.mean(grown > 27.0)
    assert late / early == pytest.approx(4.0**0.9, rel=0.15)
    assert len(grown) == pytest.approx(12_000, rel=0.05)


def test_orders_of_places() -> None:
    rng = np.random.default_rng(4)
    assert set(np.diff(migrating(rng, 30, 4, order="round")) % 4) == {1}
    assert (np.diff(migrating(rng, 300, 4, order="walk")) != 0).all()
    stayed = np.mean(np.diff(migrating(rng, 4000, 4, order="walk", stay=0.4)) == 0)
    assert stayed == pytest.approx(0.4, abs=0.04)
    assert len(migrating(rng, 0, 3, order="walk")) == 0


def test_misses_and_false_events_come_as_often_as_said() -> None:
    rng = np.random.default_rng(5)
    onset_s = np.arange(0.5, 600.0, 0.5)
    events = observed(rng, onset_s, np.zeros(len(onset_s), int), SPOTS[:1], 600.0, Detector(0.1, 6.0), SPOTS[1:])
    counts = {site.id: site.event_count for site in events.sites}
    assert counts[1] == pytest.approx(0.9 * len(onset_s), rel=0.05)
    assert counts[2] == pytest.approx(60, abs=25)


@pytest.mark.parametrize("row", list(ROWS))
@pytest.mark.parametrize("which", ["A", "B"])
def test_every_row_draws_and_repeats(row: str, which: str) -> None:
    one, two = (draw_clip(row, which, np.random.default_rng(6)) for _ in range(2))  # type: ignore[arg-type]
    assert one.events == two.events
    require_usable(one.events)
    assert one.row == row
