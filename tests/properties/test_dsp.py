"""Laws of the array mathematics: length kept, linear, the same whenever it happens and however it is scaled."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vision.dsp import (
    fit_autoregression,
    matched_filter,
    points_in_polygon,
    robust_sd,
    running_quantile,
    twitch_waveform,
    whiten,
)

quick = settings(max_examples=40, deadline=None)
finite = st.floats(-100, 100, allow_nan=False, width=32)
courses = arrays.arrays(float, st.tuples(st.integers(40, 90), st.integers(1, 3)), elements=finite)
coefficients = arrays.arrays(float, st.integers(1, 5), elements=st.floats(-0.9, 0.9))
masks = st.integers(0, 2**32 - 1)


def seen_of(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).random(count) > 0.3


@quick
@given(courses, masks, st.integers(1, 20), st.data())
def test_the_matched_filter_keeps_length_is_linear_and_blind_to_the_unseen(values, seed, length, data) -> None:
    peak = data.draw(st.integers(0, length - 1))
    template = np.random.default_rng(seed).uniform(0.1, 1.0, length)
    seen = seen_of(seed, len(values))
    out = matched_filter(values, seen, template, peak)
    assert out.shape == values.shape
    assert np.isfinite(out).all()
    np.testing.assert_allclose(matched_filter(-2.5 * values, seen, template, peak), -2.5 * out, atol=1e-9)
    other = np.where(seen[:, None], values, 77.0)
    np.testing.assert_array_equal(matched_filter(other, seen, template, peak), out)
    # the size of the template is not part of the answer
    np.testing.assert_allclose(matched_filter(values, seen, 7 * template, peak), out, rtol=1e-9, atol=1e-9)


@quick
@given(courses, st.integers(1, 15), masks)
def test_the_matched_filter_moves_with_its_input(values, shift, seed) -> None:
    template = np.random.default_rng(seed).uniform(0.1, 1.0, 9)
    padded = np.concatenate([np.zeros((25, values.shape[1])), values, np.zeros((40, values.shape[1]))])
    seen = np.ones(len(padded), bool)
    out = matched_filter(padded, seen, template, 2)
    later = matched_filter(np.roll(padded, shift, axis=0), seen, template, 2)
    np.testing.assert_allclose(later[shift + 10 : -10], out[10 : -10 - shift], atol=1e-9)


@quick
@given(courses, coefficients)
def test_whitening_is_linear_and_keeps_length(values, own) -> None:
    out = whiten(values, own)
    assert out.shape == values.shape
    np.testing.assert_allclose(whiten(3 * values, own), 3 * out, atol=1e-8)
    np.testing.assert_array_equal(whiten(values, np.zeros(3)), values)


@quick
@given(courses, st.integers(1, 6), masks)
def test_an_autoregression_is_finite_and_stable_whatever_comes(values, order, seed) -> None:
    fitted = fit_autoregression(values, order, seen_of(seed, len(values)))
    assert fitted.shape == (order,)
    assert np.isfinite(fitted).all()
    # Yule-Walker gives poles inside the unit circle
    assert np.abs(np.roots(np.r_[1.0, -fitted])).max(initial=0.0) < 1.0 + 1e-6


@quick
@given(courses, st.floats(-50, 50), st.floats(0.1, 10))
def test_robust_width_ignores_place_and_follows_scale(values, offset, scale) -> None:
    width = robust_sd(values)
    assert (width >= 0).all()
    np.testing.assert_allclose(robust_sd(scale * values + offset), scale * width, atol=1e-6 * (1 + scale))
    np.testing.assert_array_equal(robust_sd(values[::-1]), width)


@quick
@given(finite, st.integers(2, 200), st.floats(0.2, 10), st.floats(0, 1))
def test_the_running_quantile_of_a_constant_is_it(level, count, window_s, share) -> None:
    out = running_quantile(np.arange(count) / 30, np.full((count, 2), level), window_s, share)
    np.testing.assert_allclose(out, level, rtol=1e-9, atol=1e-9)


@quick
@given(courses, st.integers(0, 64), st.floats(-50, 50))
def test_the_running_quantile_moves_with_time_and_level(values, shift_s, offset) -> None:
    time_s = np.arange(len(values)) / 32  # a power of two: sums of times are exact
    out = running_quantile(time_s, values, 1.0)
    assert out.shape == values.shape
    np.testing.assert_allclose(running_quantile(time_s + shift_s, values, 1.0), out, atol=1e-9)
    np.testing.assert_allclose(running_quantile(time_s, values + offset, 1.0), out + offset, atol=1e-9)


@quick
@given(courses)
def test_the_running_quantile_stays_within_its_values(values) -> None:
    out = running_quantile(np.arange(len(values)) / 30, values, 1.0, 0.3)
    assert (out >= values.min(0) - 1e-9).all()
    assert (out <= values.max(0) + 1e-9).all()


@quick
@given(st.floats(-5, 5), st.floats(0.01, 0.5), st.floats(0.2, 5), st.floats(-3, 3))
def test_a_waveform_is_a_share_and_moves_with_its_onset(onset_s, tau_s, decay, shift_s) -> None:
    time_s = np.linspace(-6, 6, 500)
    course = twitch_waveform(time_s, onset_s, tau_s, decay)
    assert course.min() >= 0
    assert course.max() <= 1 + 1e-12
    np.testing.assert_allclose(twitch_waveform(time_s + shift_s, onset_s + shift_s, tau_s, decay), course, atol=1e-6)
    np.testing.assert_allclose(twitch_waveform(np.array(onset_s + tau_s), onset_s, tau_s, decay), 1.0, atol=1e-9)


@quick
@given(masks, st.floats(-20, 20), st.floats(-20, 20))
def test_inside_a_polygon_wherever_both_lie(seed, x, y) -> None:
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0, 2 * np.pi, 9))
    polygon = np.stack([np.cos(angle), np.sin(angle)], 1) * random.uniform(0.5, 2, (9, 1))
    point = random.uniform(-2, 2, (40, 2))
    inside = points_in_polygon(point, polygon)
    moved = np.array([x, y])
    agree = points_in_polygon(point + moved, polygon + moved) == inside
    assert agree.mean() >= 0.95  # a point on the border may fall on either side
