"""Interval measures against elephant, and the floor of the frame clock against simulated clocks."""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.twitch.intervals import frame_floor, local_cv2, local_variation, pooled_cv, revised_variation

runs = st.lists(st.floats(0.05, 5.0), min_size=3, max_size=40).map(np.array)


def reference(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in its source, seen at the first import
        return importlib.import_module(name)


@pytest.fixture(scope="module")
def elephant() -> ModuleType:
    return reference("elephant.statistics")


@given(runs)
def test_cv2_lv_and_lvr_are_elephants(elephant: ModuleType, interval_s: np.ndarray) -> None:
    units = reference("quantities")
    assert local_cv2([interval_s]) == pytest.approx(float(elephant.cv2(interval_s)))
    assert local_variation([interval_s]) == pytest.approx(float(elephant.lv(interval_s)))
    theirs = float(elephant.lvr(interval_s * units.s, R=100 * units.ms))
    assert revised_variation([interval_s], 0.1) == pytest.approx(theirs)


@given(runs, st.floats(0.1, 10.0))
def test_a_slower_film_of_the_same_train_is_as_regular(interval_s: np.ndarray, factor: float) -> None:
    for measure in (local_cv2, local_variation):
        assert measure([interval_s * factor]) == pytest.approx(measure([interval_s]))
    assert revised_variation([interval_s * factor], 0.1 * factor) == pytest.approx(revised_variation([interval_s], 0.1))


def test_lvr_takes_out_a_dead_time_to_first_order() -> None:
    rng = np.random.default_rng(1)
    interval_s = 0.05 + rng.exponential(0.95, 20_000)
    lv, lvr = local_variation([interval_s]), revised_variation([interval_s], 0.05)
    assert lv is not None
    assert lvr is not None
    assert lv < 0.88
    assert lvr == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("frames", [4, 6, 13])
def test_the_floor_is_what_clocks_show_on_frames(frames: int) -> None:
    """Over clocks of all rates near a whole number of frames."""
    rng, frame_s = np.random.default_rng(2), 1 / 30
    period_s = rng.uniform(frames - 0.5, frames + 0.5, 600)[:, None] * frame_s
    onset_s = np.floor((rng.uniform(0, 1, (600, 1)) + np.arange(40) * period_s) / frame_s) * frame_s
    interval_s = list(np.diff(onset_s, axis=1))
    cv, lv = frame_floor(interval_s, frame_s)
    assert pooled_cv(interval_s, 3) == pytest.approx(cv, rel=0.1)
    assert local_variation(interval_s) == pytest.approx(lv, rel=0.2)


def test_no_neighbours_no_figure() -> None:
    lonely = [np.array([0.3]), np.array([0.4])]
    assert (local_cv2(lonely), local_variation(lonely), revised_variation(lonely, 0.1)) == (None, None, None)
    assert pooled_cv(lonely, 2) is None
