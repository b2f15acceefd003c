"""Where twitches live, decided from the whole clip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import SCALE_PX, SIGMA_PX, Planted, film, surveyed
from vision.settings import DetectionSettings
from vision.twitch.sites import BACK_SHARE, find_seeds, find_singles, moments, peaks_of, wrong_way_share
from vision.twitch.survey import footprint_sigmas, tail_weight

SETTINGS = DetectionSettings()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1.5), st.floats(0.05, 0.5))
def test_peaks_are_local_maxima_above_the_floor_and_apart(seed, floor, dead_s) -> None:
    course = np.random.default_rng(seed).standard_normal(150)
    time_s = np.arange(150) / 30
    peaks = peaks_of(course, time_s, floor, dead_s)
    for index in peaks:
        assert course[index] > floor
        assert course[index] >= max(course[index - 1], course[index + 1])
    assert len(peaks) < 2 or np.diff(np.sort(time_s[peaks])).min() >= dead_s
    if course[1:-1].max() > floor and course.argmax() not in (0, 149):
        assert course.argmax() in peaks


def test_footprints_follow_the_face_or_the_picture() -> None:
    signals = film(duration_s=2)
    assert footprint_sigmas(signals, SETTINGS) == [share * SCALE_PX for share in SETTINGS.footprint_sigma_iod]
    limb = footprint_sigmas(replace(signals, scale_px=None), SETTINGS)
    assert limb == [share * 104.0 for share in SETTINGS.footprint_sigma_side]


def test_normal_noise_has_normal_tails_and_heavy_tails_weigh_more() -> None:
    vector = np.random.default_rng(1).standard_normal((2000, 40, 2))
    assert tail_weight(*np.quantile(np.hypot(*vector.transpose(2, 0, 1)), [0.5, 0.99], axis=0)) == 1.0
    heavy = np.random.default_rng(1).standard_t(3, (2000, 40, 2))
    assert tail_weight(*np.quantile(np.hypot(*heavy.transpose(2, 0, 1)), [0.5, 0.99], axis=0)) > 1.2


def test_a_swing_goes_the_wrong_way_and_a_twitch_does_not() -> None:
    time_s = np.arange(90) / 30
    course = np.exp(-0.5 * ((time_s - 1.5) / 0.05) ** 2)
    swing = course - np.roll(course, 6)
    aside = np.roll(course, 8)
    nothing = np.zeros(90)
    assert wrong_way_share(np.stack([course, nothing], 1), 45, time_s) < 0.05
    assert wrong_way_share(np.stack([swing, nothing], 1), 45, time_s) > 0.9
    assert wrong_way_share(np.stack([course, aside], 1), 45, time_s) > 0.9


@pytest.fixture(scope="module")
def two_places():
    twitches = [Planted(t, -22.0, 8.0) for t in (1.5, 3.6, 5.2, 7.0)]
    return film([*twitches, Planted(8.4, 24.0, -8.0, 0.5, 0.7)], duration_s=10)


def test_repeated_twitches_make_a_seed_where_they_are(two_places) -> None:
    seeds = find_seeds(surveyed(two_places), two_places.time_s, SETTINGS)
    assert seeds
    assert np.hypot(*(seeds[0].centre_px - [-22, 8])) < SIGMA_PX
    way = seeds[0].pixel_direction()
    assert np.arctan2(way[1], way[0]) == pytest.approx(-1.2, abs=0.2)
    assert all(seed.frame is None for seed in seeds)


def test_seeds_keep_apart(two_places) -> None:
    seeds = find_seeds(surveyed(two_places), two_places.time_s, SETTINGS)
    for index, seed in enumerate(seeds):
        for other in seeds[:index]:
            assert np.hypot(*(seed.centre_px - other.centre_px)) >= 2.0 * 5.5


def test_a_single_twitch_is_found_at_its_moment(two_places) -> None:
    singles = find_singles(surveyed(two_places), two_places.time_s, SETTINGS)
    near = [seed for seed in singles if np.hypot(*(seed.centre_px - [24, -8])) < SIGMA_PX]
    assert near
    best = max(near, key=lambda seed: seed.strength)
    assert best.frame is not None
    assert abs(best.frame / 30 - 8.45) <= 2 / 30


def test_noise_makes_no_seed() -> None:
    signals = film(duration_s=10, seed=21)
    assert not find_seeds(surveyed(signals), signals.time_s, SETTINGS)
    assert not find_singles(surveyed(signals), signals.time_s, SETTINGS)


@given(st.tuples(st.floats(4, 20), st.floats(4, 20)), st.floats(0, 0.4) | st.floats(0.8, 1))
def test_moments_are_one_where_the_place_stays_between_them(heights: tuple[float, float], share: float) -> None:
    """Accident: blocks that jumped 3 px, stayed half a second and came back were two of a site's three moments."""
    strength, course_px = np.zeros(240), np.zeros(240)
    strength[[90, 123]] = heights
    course_px[90:124] = 3.0 * share
    course_px[[90, 123]] = 3.0
    found = moments(strength, np.arange(240) / 60, SETTINGS, course_px)
    expected = sorted(heights, reverse=True) if share <= BACK_SHARE else [max(heights)]
    assert found == pytest.approx([*expected, *[0.0] * SETTINGS.repeat_count])
