"""Eye closures: blinks are found, and what is no blink is said."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.twitch.event_builders import FEATURES
from vision.errors import ShapeError
from vision.model.events import EyeClosureEvent
from vision.twitch.eyelids import find_closures, measure_eye_closure

T = np.arange(0.0, 30.0, 1 / 30)


def lids(closures: list[tuple[float, float, float]], eyes: tuple[int, ...] = (0, 1), seed: int = 0) -> np.ndarray:
    """Aperture (T, 2), sampled 12 times a second and drawn straight between; (middle, width at half, depth)."""
    generator = np.random.default_rng(seed)
    sampled_s = np.arange(0.0, 30.0, 1 / 12)
    out = np.empty((len(T), 2))
    for eye in (0, 1):
        opening = 0.3 + generator.normal(0, 0.006, len(sampled_s))
        for middle_s, width_s, depth in closures if eye in eyes else []:
            shut = np.clip(1.5 - 2 * np.abs(sampled_s - middle_s) / width_s, 0, 1)
            opening = opening * (1 - depth * shut)
        out[:, eye] = np.interp(T, sampled_s, opening)
    return out


def closure(onset_s: float, length_s: float = 0.2, both: bool = True, blink: bool = True) -> EyeClosureEvent:
    sides = ("right", "left") if both else ("right",)
    return EyeClosureEvent(onset_s, onset_s + length_s / 2, onset_s + length_s, sides, True, blink)


def test_blinks_are_found_with_their_times() -> None:
    middles_s = [3.0, 8.0, 14.2, 21.0, 26.5]
    found = find_closures(T, lids([(m, 0.25, 0.9) for m in middles_s]), FEATURES)
    assert [c.peak_s for c in found] == pytest.approx(middles_s, abs=0.1)
    assert all(c.is_blink and c.is_complete and c.sides == ("right", "left") for c in found)
    assert all(0.1 < c.offset_s - c.onset_s <= 0.4 for c in found)


def test_open_eyes_never_close() -> None:
    assert find_closures(T, lids([]), FEATURES) == ()


def test_one_sided_closure_is_no_blink() -> None:
    found = find_closures(T, lids([(9.0, 0.25, 0.8)], eyes=(0,)), FEATURES)
    assert [(c.sides, c.is_blink) for c in found] == [(("right",), False)]
    said = measure_eye_closure(found, 30.0, FEATURES, eye_seen=True)
    assert said.is_finding
    assert said.one_sided_count == 1
    assert "one eye alone (right)" in str(said.reason)


def test_long_closure_is_a_finding() -> None:
    found = find_closures(T, lids([(9.0, 1.2, 0.9)]), FEATURES)
    assert [c.is_blink for c in found] == [False]
    said = measure_eye_closure(found, 30.0, FEATURES, eye_seen=True)
    assert said.longest_s is not None
    assert said.longest_s > 0.8
    assert said.is_finding


def test_partial_closure_is_not_complete() -> None:
    (found,) = find_closures(T, lids([(9.0, 0.3, 0.55)]), FEATURES)
    assert not found.is_complete
    assert found.is_blink


def test_one_eye_in_view_has_blinks_of_unknown_side() -> None:
    aperture = lids([(5.0, 0.25, 0.9), (12.0, 0.25, 0.9)])
    aperture[:, 1] = np.nan
    found = find_closures(T, aperture, FEATURES, sides=(None, None))
    assert [(c.sides, c.is_blink) for c in found] == [((), True), ((), True)]
    assert not measure_eye_closure(found, 30.0, FEATURES, eye_seen=True).is_finding


def test_clusters_are_no_blinks() -> None:
    middles_s = [10.0, 10.7, 11.4, 12.1, 20.0]
    found = find_closures(T, lids([(m, 0.2, 0.9) for m in middles_s]), FEATURES)
    assert [c.is_blink for c in found] == [False] * 4 + [True]
    assert "clusters" in str(measure_eye_closure(found, 30.0, FEATURES, eye_seen=True).reason)


def test_frequent_closures_are_a_finding() -> None:
    middles_s = np.arange(1.0, 29.5, 1.3)
    found = find_closures(T, lids([(m, 0.2, 0.9) for m in middles_s]), FEATURES)
    assert not any(c.is_blink for c in found)
    assert "a minute" in str(measure_eye_closure(found, 30.0, FEATURES, eye_seen=True).reason)


def test_ordinary_blinks_are_no_finding() -> None:
    said = measure_eye_closure(tuple(closure(4.0 * k) for k in range(7)), 30.0, FEATURES, eye_seen=True)
    assert (said.count, said.complete_count, said.one_sided_count, said.is_finding) == (7, 7, 0, False)
    assert said.per_min == pytest.approx(14.0)
    assert said.reason is None


def test_no_eye_in_view_is_none_and_no_closure_is_zero() -> None:
    assert measure_eye_closure((), 30.0, FEATURES, eye_seen=False).count is None
    seen = measure_eye_closure((), 30.0, FEATURES, eye_seen=True)
    assert (seen.count, seen.per_min, seen.longest_s) == (0, 0.0, None)
    assert measure_eye_closure((), 0.0, FEATURES, eye_seen=True).per_min is None


def test_unseen_stretches_are_not_closures() -> None:
    aperture = lids([(5.0, 0.25, 0.9)])
    aperture[300:420] = np.nan
    assert len(find_closures(T, aperture, FEATURES)) == 1
    assert find_closures(T, np.full((len(T), 2), np.nan), FEATURES) == ()
    assert find_closures(np.empty(0), np.empty((0, 2)), FEATURES) == ()


def test_shut_eyes_have_no_blinks() -> None:
    assert find_closures(T, np.random.default_rng(1).normal(0.05, 0.02, (len(T), 2)), FEATURES) == ()


def test_scaling_the_aperture_changes_nothing() -> None:
    aperture = lids([(3.0, 0.25, 0.9), (9.0, 0.25, 0.8)])
    wide = find_closures(T, aperture * 1.3, FEATURES)
    assert [c.onset_s for c in wide] == pytest.approx([c.onset_s for c in find_closures(T, aperture, FEATURES)])


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError):
        find_closures(T, np.zeros((3, 2)), FEATURES)
    with pytest.raises(ShapeError):
        find_closures(np.array([0.0, 0.0]), np.zeros((2, 2)), FEATURES)
