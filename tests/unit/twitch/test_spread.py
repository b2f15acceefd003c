"""How far spread: entropy, places, order, synchrony."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import entropy

from tests.unit.twitch.event_builders import (
    CHIN,
    FEATURES,
    LEFT_BROW,
    LEFT_CHEEK,
    RIGHT_CHEEK,
    RIGHT_LID,
    RIGHT_MOUTH,
    Spot,
    at,
    event,
    event_set,
    train,
)  # fmt: skip
from vision.errors import ShapeError
from vision.model.events import EventSet
from vision.model.features import Spread
from vision.twitch.spread import measure_spread
from vision.twitch.synchrony import coincident_share, excess_share, expected_share, shifted_share

SPOTS = (RIGHT_LID, RIGHT_CHEEK, RIGHT_MOUTH, LEFT_CHEEK, LEFT_BROW)


def spread_of(events: EventSet, **options: Any) -> Spread:
    given = {"scale_px": 200.0, "view": "face", "observed_area_px2": 1e4, **options}
    return measure_spread(events, FEATURES, given.pop("seed", 0), **given)


def scattered(generator: np.random.Generator, places: list[tuple[float, float]], each: int, sd_px: float) -> EventSet:
    """Events of one site each, whose measured places differ by the localisation error."""
    events = []
    for i, (x, y) in enumerate(p for p in places for _ in range(each)):
        dx, dy = generator.normal(0, sd_px, 2)
        events.append(event(i + 1, 0.5 * (i + 1), Spot(1, "skin", None, x + dx, y + dy)))
    return event_set(events, localisation_sd_px=sd_px)


def test_entropy_is_that_of_scipy_and_sites_are_its_exponential() -> None:
    counts = [5, 3, 2]
    rows = [(0.5 + i + 7.0 * j, spot) for j, (n, spot) in enumerate(zip(counts, SPOTS, strict=False)) for i in range(n)]
    found = spread_of(train(rows))
    assert found.entropy == pytest.approx(float(entropy(counts)))
    assert found.effective_site_count == pytest.approx(math.exp(float(entropy(counts))))
    assert found.busiest_site_share == 0.5
    assert (found.site_count, found.region_count) == (3, 3)


def test_one_place_scatters_by_the_error_alone() -> None:
    generator = np.random.default_rng(1)
    ps = [spread_of(scattered(generator, [(300, 300)], 12, 6.0)).dispersion_p for _ in range(300)]
    assert 3 <= sum(p is not None and p <= 0.05 for p in ps) <= 30


def test_two_places_three_errors_apart_are_told_apart() -> None:
    generator = np.random.default_rng(2)
    found = [spread_of(scattered(generator, [(300, 300), (318, 300)], 10, 6.0)).dispersion_p for _ in range(100)]
    assert sum(p is not None and p <= 0.05 for p in found) >= 90


def test_default_localisation_error_follows_the_scale() -> None:
    spots = (Spot(1, "cheek", "right", 100.0, 100.0), Spot(2, "cheek", "right", 110.0, 100.0))
    rows = [(1.0 + i, spots[i % 2]) for i in range(10)]
    near = spread_of(train(rows, localisation_sd_px=None), scale_px=300.0).dispersion_p
    fine = spread_of(train(rows, localisation_sd_px=None), scale_px=60.0).dispersion_p
    assert near is not None
    assert fine is not None
    assert near > 0.5 > 0.01 > fine


def test_order_reshuffled_has_index_one_and_uniform_p() -> None:
    generator = np.random.default_rng(3)
    ps, indices = [], []
    for seed in range(150):
        rows = [(1.0 + 0.5 * i, SPOTS[int(generator.choice(5, p=[0.5, 0.2, 0.1, 0.1, 0.1]))]) for i in range(20)]
        found = spread_of(train(rows), seed=seed)
        if found.migration_p is not None and found.migration_index is not None:
            ps.append(found.migration_p)
            indices.append(found.migration_index)
    assert len(ps) > 140
    assert np.mean(indices) == pytest.approx(1.0, abs=0.03)
    assert 1 <= sum(p <= 0.05 for p in ps) <= 17
    assert 55 <= sum(p <= 0.5 for p in ps) <= 95


def test_ever_another_place_is_migration_and_staying_is_not() -> None:
    across = (RIGHT_LID, LEFT_CHEEK, RIGHT_MOUTH, LEFT_BROW, RIGHT_CHEEK)
    onward = spread_of(train([(1.0 + i, across[i % 5]) for i in range(20)]))
    assert onward.migration_index is not None
    assert onward.migration_p is not None
    assert onward.migration_index > 1.1
    assert onward.migration_p < 0.05
    staying = spread_of(train([(1.0 + i, SPOTS[i // 4]) for i in range(20)]))
    assert staying.migration_index is not None
    assert staying.migration_p is not None
    assert staying.migration_index < 0.5
    assert staying.migration_p > 0.9


def test_order_that_cannot_be_tested_is_none() -> None:
    once = [Spot(i, "skin", None, 30.0 * i, 50.0) for i in range(1, 13)]
    each_once = spread_of(train([(1.0 + i, spot) for i, spot in enumerate(once)]), view="skin", scale_px=None)
    assert (each_once.migration_index, each_once.migration_p) == (None, None)
    assert each_once.path_px == pytest.approx(30.0 * 11)
    assert each_once.path_iod is None
    assert spread_of(at([1.0 + i for i in range(12)])).migration_p is None
    assert spread_of(train([(1.0 + i, SPOTS[i % 2]) for i in range(5)])).migration_p is None


def test_several_regions_at_once_are_one_movement() -> None:
    rows = [(1.0 + i, spot) for i in range(12) for spot in (RIGHT_LID, RIGHT_CHEEK, RIGHT_MOUTH)]
    found = spread_of(train(rows))
    assert found.synchrony == 1.0
    assert found.migration_p is None
    assert found.path_px == 0.0


def test_synchrony_needs_two_regions_and_a_frame() -> None:
    assert spread_of(at([1.0, 2.0])).synchrony is None
    assert spread_of(train([(1.0, RIGHT_LID), (1.2, RIGHT_CHEEK), (3.0, CHIN), (3.02, RIGHT_LID)])).synchrony == 0.5
    assert coincident_share(["a", "b", "a"], [1.0, 1.05, 9.0], 0.05) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("spots", "said"),
    [
        ((RIGHT_LID, RIGHT_CHEEK), "right"),
        ((LEFT_CHEEK, CHIN), "left"),
        ((CHIN,), "midline"),
        ((RIGHT_LID, LEFT_CHEEK, CHIN), "both"),
        ((Spot(1, "upper-eyelid", None, 1.0, 1.0),), None),
    ],
)
def test_laterality(spots: tuple[Spot, ...], said: str | None) -> None:
    assert spread_of(train([(1.0 + i, spot) for i, spot in enumerate(spots)])).laterality == said


def test_recruitment_is_the_order_of_first_onsets() -> None:
    rows = [(3.0, RIGHT_LID), (1.0, CHIN), (2.0, RIGHT_CHEEK), (4.0, CHIN)]
    assert spread_of(train(rows)).recruitment == ("chin", "right cheek", "right lower-eyelid")


def test_regions_that_the_frames_cannot_tell_apart_in_time_share_a_step() -> None:
    rows = [(1.0, CHIN), (1.01, RIGHT_LID), (1.5, RIGHT_CHEEK), (1.52, CHIN)]
    assert spread_of(train(rows)).recruitment_steps == (("chin", "right lower-eyelid"), ("right cheek",))


def test_area_adds_up_sites_not_events() -> None:
    assert spread_of(at([1.0, 2.0, 3.0])).area_fraction == pytest.approx(0.09)
    assert spread_of(at([1.0]), observed_area_px2=500.0).area_fraction == 1.0
    assert spread_of(at([1.0]), observed_area_px2=None).area_fraction is None
    unmeasured = event_set([event(1, 1.0, area_px2=None)])
    assert spread_of(unmeasured).area_fraction is None
    assert spread_of(at([])).area_fraction == 0.0


def test_no_event_has_no_place() -> None:
    found = spread_of(at([]))
    assert (found.region_count, found.site_count, found.recruitment) == (0, 0, ())
    assert (found.effective_site_count, found.entropy, found.busiest_site_share, found.path_px) == (None,) * 4
    assert spread_of(at([], observed_s=0.0)).dispersion_p is None


def test_a_place_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ShapeError, match="place"):
        spread_of(event_set([replace(event(1, 1.0), x_px=math.nan)]))


def test_synchrony_is_held_against_chance() -> None:
    generator = np.random.default_rng(4)
    busy = [(float(t), spot) for spot in SPOTS[:4] for t in np.sort(generator.uniform(0, 24, 60))]
    apart = spread_of(train(busy, dead_time_s=0.0))
    assert apart.synchrony is not None
    assert apart.synchrony_chance == pytest.approx(apart.synchrony, abs=0.1)
    assert apart.synchrony_p is not None
    assert apart.synchrony_p > 0.01
    together = spread_of(train([(float(t), spot) for t in generator.uniform(0, 24, 12) for spot in SPOTS[:3]]))
    assert together.synchrony_p is not None
    assert together.synchrony_chance is not None
    assert together.synchrony_p < 0.01
    assert together.synchrony_chance < 0.5
    assert spread_of(at([1.0, 2.0])).synchrony_chance is None


def test_chance_of_coinciding_without_drawing_is_that_of_drawing() -> None:
    generator = np.random.default_rng(5)
    groups = [0] * 80 + [1] * 40 + [2] * 20
    peak_s = generator.uniform(0, 60, len(groups)).tolist()
    drawn = shifted_share(groups, peak_s, at([], observed_s=60.0), 0.1, 300, generator)
    assert expected_share(groups, 60.0, 0.1) == pytest.approx(float(drawn.mean()), abs=0.02)
    assert expected_share([0, 0], 60.0, 0.1) == 0.0
    assert (excess_share(0.4, 0.4), excess_share(1.0, 0.4), excess_share(0.2, 0.4)) == (0.0, 1.0, 0.0)


def test_path_in_mm_and_lasting_sites() -> None:
    spots = (Spot(1, "skin", None, 0.0, 0.0), Spot(2, "skin", None, 100.0, 0.0))
    events = train([(1.0 + i, spots[i % 2]) for i in range(4)])
    found = spread_of(events, view="skin", scale_px=None, mm_per_px=0.05)
    assert found.path_mm == pytest.approx(15.0)
    assert found.continuous_site_count == 0
    lasting = replace(events, sites=(replace(events.sites[0], is_continuous=True), events.sites[1]))
    assert spread_of(lasting).continuous_site_count == 1
    assert spread_of(events).path_mm is None
