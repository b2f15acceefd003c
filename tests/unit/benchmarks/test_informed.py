from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.informed import Score, best_threshold, informed_score, known_sites
from tests.unit.twitch.motion_builders import Planted, film, noise

ONSETS_S = (1.5, 1.7, 2.0, 5.1, 5.35, 8.2, 8.4, 8.65, 11.0, 13.1)


def match(reported: list[dict[str, Any]], truth: dict[str, Any]) -> list[tuple[int, int]]:
    """Nearest in time within 0.12 s, each used once: a small stand-in for the shared rule, which may be absent."""
    pairs = sorted(
        (abs(event["peak_s"] - twitch["peak_s"]), i, j)
        for i, event in enumerate(reported)
        for j, twitch in enumerate(truth["twitches"])
        if math.dist((event["x_px"], event["y_px"]), (twitch["x_px"], twitch["y_px"])) < 20
    )
    kept: list[tuple[int, int]] = []
    for late, i, j in pairs:
        if late <= 0.12 and all(i != a and j != b for a, b in kept):
            kept.append((i, j))
    return kept


def truth_of(planted: list[Planted]) -> dict[str, Any]:
    twitches = [
        {
            "site": f"{one.x_px},{one.y_px}", "peak_s": one.peak_s, "onset_s": one.onset_s, "x_px": one.x_px,
            "y_px": one.y_px, "amplitude": one.amplitude_px, "direction_rad": one.direction_rad, "tau_s": one.tau_s,
            "decay": one.decay, "sigma": one.sigma_px, "aspect": 1.0,
        }
        for one in planted
    ]  # fmt: skip
    return {"label": "intermittent-focal", "twitches": twitches}


def train(amplitude_px: float, **changes: float) -> list[Planted]:
    return [Planted(onset_s, amplitude_px=amplitude_px, **changes) for onset_s in ONSETS_S]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), direction_rad=st.floats(-3, 3), x_px=st.floats(-25, 25))
def test_what_stands_clear_of_the_noise_is_all_found(seed: int, direction_rad: float, x_px: float) -> None:
    planted = train(0.3, direction_rad=direction_rad, x_px=x_px)
    assert informed_score(film(planted, seed=seed), truth_of(planted), match) == Score(10, 0, 0)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_the_points_does_not_matter(seed: int) -> None:
    planted = train(0.06)
    signals = film(planted, seed=seed)
    order = np.random.default_rng(seed).permutation(len(signals.point_px))
    shuffled = replace(
        signals, point_px=signals.point_px[order], region_of_point=signals.region_of_point[order],
        displacement_px=signals.displacement_px[:, order], noise_px=signals.noise_px[:, order],
        valid=signals.valid[:, order], structure=signals.structure[order],
    )  # fmt: skip
    one, other = (informed_score(film_, truth_of(planted), match) for film_ in (signals, shuffled))
    assert one is not None
    assert other is not None
    assert one.f1 == pytest.approx(other.f1, abs=0.06)  # sums in another order may tip one twitch at the threshold


def test_more_height_is_more_found_and_nothing_is_found_in_noise() -> None:
    found = []
    for amplitude_px in (0.0, 0.05, 0.1, 0.2):
        scores = [informed_score(film(train(amplitude_px), seed=s), truth_of(train(0.1)), match) for s in range(4)]
        found.append(np.mean([score.f1 for score in scores if score is not None]))
    assert np.all(np.diff(found) >= 0)
    assert found[0] < 0.5
    assert found[-1] == 1.0


def test_motion_that_all_points_share_costs_nothing() -> None:
    planted = train(0.2)
    sway = np.repeat(0.3 * noise(7, 480, 1), 594, axis=1)
    assert informed_score(film(planted, extra_px=sway), truth_of(planted), match) == Score(10, 0, 0)


def test_points_that_are_noisier_than_their_texture_says_weigh_less() -> None:
    planted = train(0.12)
    loud = np.random.default_rng(3).random(594) < 0.5
    extra = np.where(loud[:, None], 0.8 * noise(5, 480, 594), 0)
    signals = film(planted, extra_px=extra)
    told = replace(signals, noise_px=np.where(loud, 0.8, 0.05)[None])
    informed, blind = (informed_score(film_, truth_of(planted), match) for film_ in (told, signals))
    assert informed is not None
    assert blind is not None
    assert informed.f1 > blind.f1


def test_each_direction_at_a_place_is_a_site_of_its_own() -> None:
    planted = [Planted(2.0, direction_rad=0.5), Planted(4.0, direction_rad=0.5), Planted(6.0, direction_rad=-2.0)]
    assert len(known_sites(film(planted), truth_of(planted))) == 2


def test_places_are_carried_back_into_the_reference() -> None:
    planted = [Planted(2.0, x_px=5.0, y_px=-3.0)]
    signals = film(planted)
    moved = signals.camera.copy()
    moved[:, :, 2] = (4.0, 2.0)
    (site,) = known_sites(replace(signals, camera=moved), truth_of(planted))
    assert site.place_px == pytest.approx([1.0, -5.0])


@pytest.mark.parametrize("label", ["no-twitch", "sustained-facial"])
def test_where_single_twitches_are_not_counted_there_is_no_score(label: str) -> None:
    truth = truth_of([] if label == "no-twitch" else train(0.3)) | {"label": label}
    assert informed_score(film(), truth, match) is None


def test_a_gap_and_a_point_never_seen_do_no_harm() -> None:
    planted = train(0.3)
    signals = film(planted, gap=np.isin(np.arange(480), range(290, 310)))
    valid, displacement, noise_px = signals.valid.copy(), signals.displacement_px.copy(), signals.noise_px.copy()
    valid[:, 3], displacement[:, 3], noise_px[:, 3] = False, np.nan, np.nan
    score = informed_score(
        replace(signals, valid=valid, displacement_px=displacement, noise_px=noise_px), truth_of(planted), match
    )
    assert score == Score(10, 0, 0)


def test_the_best_threshold_stops_where_errors_begin() -> None:
    truth = truth_of([Planted(1.0), Planted(2.0)])
    events = [{"peak_s": t, "x_px": 0.0, "y_px": 0.0} for t in (1.05, 5.0, 2.05, 7.0, 8.0)]
    assert best_threshold(events, truth, match) == Score(2, 1, 0)
