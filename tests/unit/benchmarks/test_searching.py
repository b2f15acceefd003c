from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.informed import Score, informed_score, known_sites
from benchmarks.searching import LATTICE_SIGMA, lattice, searching_score
from tests.unit.benchmarks.test_informed import match, truth_of
from tests.unit.twitch.motion_builders import Planted, film

MOMENTS_S = (1.5, 3.2, 5.1, 6.6, 8.2, 9.9, 11.0, 13.1)


def scattered(amplitude_px: float) -> list[Planted]:
    """Eight twitches, every one at another place."""
    spots = [(x_px, y_px) for y_px in (-8.0, 8.0) for x_px in (-24.0, -8.0, 8.0, 24.0)]
    return [
        Planted(onset_s, amplitude_px=amplitude_px, x_px=x_px, y_px=y_px)
        for onset_s, (x_px, y_px) in zip(MOMENTS_S, spots, strict=True)
    ]


@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_stands_clear_of_the_noise_is_found_without_being_told_where(seed: int) -> None:
    planted = scattered(0.5)
    assert searching_score(film(planted, seed=seed), truth_of(planted), match) == Score(8, 0, 0)


def test_not_to_be_told_where_costs_something() -> None:
    truth = truth_of(scattered(0.1))
    told, searching = [], []
    for seed in range(6):
        signals = film(scattered(0.03), seed=seed)
        for scores, detector in ((told, informed_score), (searching, searching_score)):
            score = detector(signals, truth, match)
            assert score is not None
            scores.append(score.f1)
    assert np.mean(searching) < np.mean(told) - 0.05


def test_it_is_not_asked_where_twitches_share_a_place() -> None:
    focal = [Planted(onset_s, amplitude_px=0.5) for onset_s in MOMENTS_S]
    assert searching_score(film(focal), truth_of(focal), match) is None
    assert searching_score(film(), {"label": "no-twitch", "twitches": []}, match) is None


def test_the_lattice_covers_every_point() -> None:
    signals = film()
    known = known_sites(signals, truth_of(scattered(0.5)))
    places = np.array([site.place_px for site in lattice(signals, known)])
    nearest = np.min(np.hypot(*(signals.point_px[:, None] - places).transpose(2, 0, 1)), axis=1)
    assert nearest.max() <= LATTICE_SIGMA * known[0].sigma_px
