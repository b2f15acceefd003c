import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import builders
from vision.errors import ShapeError
from vision.model.events import RejectedMovement
from vision.report import traces


def _still_skin(site, direction_rad, course_px, seed=1):
    """Signals in which only the site moves, without noise."""
    track = builders.make_regions(duration_s=2.0)
    signals = builders.make_signals(track, seed=seed)
    footprint = np.exp(-np.sum((signals.point_px - [site.x_px, site.y_px]) ** 2, axis=1) / (2 * 16.0**2))
    along = np.array([np.cos(direction_rad), np.sin(direction_rad)])
    displacement_px = course_px[:, None, None] * footprint[None, :, None] * along
    random = np.random.default_rng(seed)
    half = random.normal(size=(len(footprint), 2, 2))
    structure = half @ half.transpose(0, 2, 1) + 0.1 * np.eye(2)
    valid = random.random(signals.valid.shape) < 0.9
    displacement_px = np.where(valid[..., None], displacement_px, np.nan)
    return dataclasses.replace(signals, displacement_px=displacement_px, structure=structure, valid=valid)


@settings(max_examples=25, deadline=None)
@given(st.floats(-np.pi, np.pi), st.integers(0, 99))
def test_pooling_recovers_a_known_course(direction_rad, seed):
    site = builders.make_site(1, "cheek", "right", 250, 350)
    course_px = np.sin(np.arange(60) / 5.0) * 2
    pooled = traces.pool_trace(_still_skin(site, direction_rad, course_px, seed), site, direction_rad)
    measured = np.isfinite(pooled)
    assert measured.mean() > 0.7
    np.testing.assert_allclose(pooled[measured], course_px[measured], atol=1e-9)


def test_pooling_does_not_see_the_other_direction():
    site = builders.make_site(1, "cheek", "right", 250, 350)
    signals = _still_skin(site, 0.0, np.ones(60))
    isotropic = dataclasses.replace(signals, structure=np.broadcast_to(np.eye(2), signals.structure.shape))
    np.testing.assert_allclose(traces.pool_trace(isotropic, site, np.pi / 2), 0, atol=1e-12)


def test_a_site_out_of_reach_or_out_of_sight_is_not_measured():
    site = builders.make_site(1, "cheek", "right", 250, 350)
    signals = _still_skin(site, 0.0, np.ones(60))
    far = builders.make_site(2, "cheek", "right", 9000, 9000)
    assert np.isnan(traces.pool_trace(signals, far, 0.0)).all()
    dark = dataclasses.replace(signals, valid=np.zeros_like(signals.valid))
    assert np.isnan(traces.pool_trace(dark, site, 0.0)).all()
    flat = dataclasses.replace(signals, structure=np.full_like(signals.structure, np.nan))
    assert np.isnan(traces.pool_trace(flat, site, 0.0)).all()


def test_direction_of_a_site_comes_from_its_events_where_it_has_none():
    result = builders.focal_result()
    site = dataclasses.replace(result.document.sites[0], direction_rad=None)
    assert traces.direction_of_site(site, result.document.events) == pytest.approx(-1.3)
    assert traces.direction_of_site(site, ()) is None


def test_rejected_movements_cover_their_regions_only():
    lids = RejectedMovement("blink", 2.0, 2.1, 2.3, ("right upper-eyelid",))
    every = RejectedMovement("focus", 6.0, 6.1, 6.5, ())
    nod = RejectedMovement("head-motion", 8.0, 8.1, 8.5, ())  # is taken out of the motion, and hides nothing
    result = builders.rest_result(rejected=(lids, every, nod))
    clear, time_s = traces.watched(result), result.regions.time_s
    blink, shake = (time_s >= 2.0) & (time_s < 2.3), (time_s >= 6.0) & (time_s < 6.5)
    assert not clear[blink, 0].any()
    assert clear[blink, 1:].all()
    assert not clear[shake].any()
    assert clear[(time_s >= 8.0) & (time_s < 8.5)].all()
    assert not clear[100:110].any()
    assert not clear[-20:].any()


def test_signals_of_another_length_are_refused():
    result = builders.rest_result()
    other = builders.make_signals(builders.make_regions(duration_s=3.0))
    with pytest.raises(ShapeError, match="frames of regions"):
        traces.watched(dataclasses.replace(result, signals=other))


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_gaps_and_clear_time_add_up(mask):
    clear = np.array(mask)
    found = traces.gaps(clear, np.arange(len(mask)) / 10, len(mask) / 10)
    assert sum(last - first for first, last in found) == pytest.approx((~clear).sum() / 10)
    assert all(first < last for first, last in found)


def test_intervals_are_those_within_sites_if_there_are_any():
    within, is_within = traces.onset_intervals(builders.focal_result().document)
    assert is_within
    assert len(within) == 13
    between, is_within = traces.onset_intervals(builders.skin_result().document)
    assert not is_within
    np.testing.assert_allclose(between, 0.6)
    assert len(traces.onset_intervals(builders.rest_result().document)[0]) == 0
