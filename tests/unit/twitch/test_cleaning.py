"""Gaps are bridged and known; starved films are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import film
from vision.model.signals import MotionSignals
from vision.twitch.cleaning import clean, starvation, torn, without_lost_points


def gap_of(*frames: int, count: int = 120) -> np.ndarray:
    gap = np.zeros(count, bool)
    gap[list(frames)] = True
    return gap


def test_whole_signals_pass_through() -> None:
    signals = film(duration_s=4)
    cleaned = clean(signals)
    np.testing.assert_array_equal(cleaned.displacement_px, signals.displacement_px)
    assert cleaned.in_view.all()
    assert cleaned.usable.all()


def test_a_gap_is_bridged_by_a_line_and_not_usable() -> None:
    signals = film(duration_s=4, gap=gap_of(*range(50, 60)))
    cleaned = clean(signals)
    assert np.isfinite(cleaned.displacement_px).all()
    bridge = cleaned.displacement_px[49:61, 7, 0]
    np.testing.assert_allclose(np.diff(bridge, 2), 0, atol=1e-6)
    assert not cleaned.in_view[50:60].any()
    assert not cleaned.usable[50:61].any()
    assert cleaned.usable[:50].all()
    assert cleaned.usable[63:].all()


def test_the_input_is_left_as_it_was() -> None:
    signals = film(duration_s=4, gap=gap_of(5))
    clean(signals)
    assert np.isnan(signals.displacement_px[5]).all()


def test_points_that_are_lost_most_of_the_time_are_left_out_and_no_others() -> None:
    signals = film(duration_s=4)
    valid = signals.valid.copy()
    valid[10:110, 3] = False
    valid[10:50, 4] = False
    kept = without_lost_points(replace(signals, valid=valid))
    np.testing.assert_array_equal(kept.point_px, np.delete(signals.point_px, 3, axis=0))
    np.testing.assert_array_equal(kept.displacement_px, np.delete(signals.displacement_px, 3, axis=1))


def test_points_count_by_the_frames_that_show_the_part() -> None:
    """A face that is in view for a third of the clip once had no motion at all, and no twitch "down to 0.000 px"."""
    signals = film(duration_s=4, gap=gap_of(*range(40, 120)))
    kept = without_lost_points(signals)
    assert len(kept.point_px) == len(signals.point_px)
    np.testing.assert_array_equal(clean(kept).displacement_px[:40], signals.displacement_px[:40])


def test_of_a_part_that_is_never_in_view_no_point_is_left() -> None:
    assert not len(without_lost_points(film(duration_s=4, gap=gap_of(*range(120)))).point_px)


def test_a_patch_is_torn_off_beside_a_gap_as_without_one() -> None:
    patch = np.zeros(len(film(duration_s=4).point_px), bool)
    patch[:4] = True
    jump = (
        np.where((np.arange(120) >= 70)[:, None, None] & (np.arange(120) < 75)[:, None, None], 9.0, 0.0)
        * patch[:, None]
    )
    for gap in (None, gap_of(*range(20, 30))):
        away = torn(film(duration_s=4, extra_px=jump, gap=gap))
        assert away[70:75, :4].all()
        assert away[:70].sum() == 0


def test_the_jump_into_a_keyframe_is_left_out_and_nothing_else() -> None:
    keyframes = gap_of(30, 60)
    np.testing.assert_array_equal(clean(film(duration_s=4, keyframes=keyframes)).usable, ~keyframes)


def held(seed: int, share: float, count: int = 600, points: int = 40) -> np.ndarray:
    """Noise of which an encoder repeats a share of the frames of each point, with a tremor, until it draws anew."""
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal((count, points, 2))
    anew = rng.random((count, points)) >= share
    anew[0] = True
    last = np.maximum.accumulate(np.where(anew, np.arange(count)[:, None], 0), axis=0)
    return np.take_along_axis(drawn, last[..., None], axis=0) + 0.05 * rng.standard_normal(drawn.shape)


@given(st.integers(0, 2**16), st.floats(1e-3, 1e3), st.floats(0, 0.8))
def test_no_film_of_even_noise_is_starved_whatever_its_size_and_colour(seed: int, size: float, memory: float) -> None:
    white = np.random.default_rng(seed).standard_normal((400, 40, 2))
    coloured = scipy.signal.lfilter([1.0], [1.0, -memory], white, axis=0)
    assert starvation(size * coloured, np.ones(400, bool)) == 1.0


@given(st.integers(0, 2**16))
def test_the_more_an_encoder_repeats_the_more_the_film_is_starved(seed: int) -> None:
    usable = np.ones(600, bool)
    some, most = (starvation(held(seed, share), usable) for share in (0.6, 0.85))
    assert 1.2 < some < most


def test_too_few_steps_and_still_pictures_tell_nothing() -> None:
    assert starvation(np.ones((20, 3, 2)), np.ones(20, bool)) == 1.0
    assert starvation(np.ones((200, 3, 2)), np.ones(200, bool)) == 1.0
    assert starvation(np.ones((200, 0, 2)), np.ones(200, bool)) == 1.0


def slipping(share: float) -> MotionSignals:
    """A film in which a share of the points jumps away from the others in a third of the frames, each at its own."""
    signals = film(duration_s=8, noise_px=0.0)
    rng = np.random.default_rng(6)
    count = len(signals.point_px)
    often = np.zeros(count, bool)
    often[rng.permutation(count)[: round(share * count)]] = True
    jumps = (rng.random((240, count)) < 1 / 3) & often
    return film(duration_s=8, noise_px=0.0, extra_px=np.where(jumps[..., None], 9.0, 0.0))


def test_points_that_slip_are_left_out_where_they_are_many_and_bridged_where_they_are_few() -> None:
    few, many = slipping(0.1), slipping(0.4)
    assert len(without_lost_points(few).point_px) == len(few.point_px)
    left = without_lost_points(many)
    assert len(left.point_px) < 0.75 * len(many.point_px)
    assert torn(left).mean(0).max() <= 0.2


@pytest.mark.parametrize("share", [0.8, 1.0])
def test_where_most_points_slip_none_can_be_preferred(share: float) -> None:
    """A test picture of colour bars once lost all its points, and a film of a boat most."""
    signals = slipping(share)
    assert len(without_lost_points(signals).point_px) == len(signals.point_px)


def test_what_leaves_half_way_was_not_slipping() -> None:
    """The points of a face that left for the wall behind it were once taken for slipping ones."""
    signals = film(duration_s=8, noise_px=0.0)
    gone = slipping(0.4).displacement_px.copy()
    gone[:120] = signals.displacement_px[:120]
    assert len(without_lost_points(replace(signals, displacement_px=gone)).point_px) == len(signals.point_px)


def test_a_film_without_points_has_no_frame_in_view() -> None:
    none = without_lost_points(film(duration_s=4, gap=gap_of(*range(120))))
    assert not clean(none).in_view.any()
    assert not len(without_lost_points(none).point_px)
