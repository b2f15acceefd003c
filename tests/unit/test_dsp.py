"""Array mathematics against closed forms, SciPy and simulated noise."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vision.dsp import (
    column_medians,
    distance_to_polygon,
    fit_autoregression,
    matched_filter,
    median,
    medians,
    points_in_polygon,
    quantiles,
    robust_sd,
    running_quantile,
    twitch_waveform,
    whiten,
)

TEMPLATE = twitch_waveform(np.arange(-2, 12) / 30, -0.05, 0.05, 1.6)
PEAK = 2
AR2 = np.array([0.9, -0.4])


def white(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def test_the_waveform_peaks_at_onset_and_tau() -> None:
    time_s = np.linspace(0, 2, 20001)
    course = twitch_waveform(time_s, 0.5, 0.08, 1.6)
    assert time_s[course.argmax()] == pytest.approx(0.58)
    assert course.max() == pytest.approx(1.0)
    assert not course[time_s <= 0.5].any()
    assert course[-1] < 1e-3


def test_the_waveform_falls_slower_by_its_decay() -> None:
    rise = twitch_waveform(np.array([0.0, 0.05, 0.1]), -0.05, 0.05, 1.0)
    slow = twitch_waveform(np.array([0.0, 0.1, 0.2]), -0.05, 0.05, 2.0)
    np.testing.assert_allclose(rise, slow)


def test_the_waveform_keeps_the_shape_of_its_times() -> None:
    assert twitch_waveform(np.zeros((3, 4)), 0.0, 0.05, 1.6).shape == (3, 4)


def test_the_matched_filter_is_a_correlation_where_all_is_seen() -> None:
    values = white(1, 200)
    ours = matched_filter(values, np.ones(200, bool), TEMPLATE, PEAK)
    # sum over k of template[k] * values[t + k - PEAK], by direct convolution with the reversed template
    direct = np.convolve(values, TEMPLATE[::-1])[len(TEMPLATE) - 1 - PEAK :][:200]
    inner = slice(PEAK, 200 - (len(TEMPLATE) - PEAK))
    np.testing.assert_allclose(ours[inner], direct[inner] / np.sqrt((TEMPLATE**2).sum()), rtol=1e-9, atol=1e-12)


def test_white_noise_comes_out_with_unit_variance() -> None:
    out = matched_filter(white(2, 4000, 30), np.ones(4000, bool), TEMPLATE, PEAK)
    assert out.std() == pytest.approx(1.0, abs=0.01)


def test_and_also_where_a_third_of_the_samples_is_missing() -> None:
    seen = np.random.default_rng(3).random(4000) > 0.33
    out = matched_filter(white(4, 4000, 30), seen, TEMPLATE, PEAK)
    answered = (out != 0).any(1)
    assert answered.mean() > 0.7
    assert out[answered].std() == pytest.approx(1.0, abs=0.02)


def test_what_was_not_seen_does_not_enter_the_filter() -> None:
    values, seen = white(5, 300), np.ones(300, bool)
    seen[100:104] = False
    spoilt = values.copy()
    spoilt[100:104] = 1e6
    np.testing.assert_array_equal(
        matched_filter(values, seen, TEMPLATE, PEAK), matched_filter(spoilt, seen, TEMPLATE, PEAK)
    )


def test_where_hardly_anything_was_seen_the_filter_says_nothing() -> None:
    seen = np.ones(300, bool)
    seen[100:160] = False
    out = matched_filter(white(6, 300), seen, TEMPLATE, PEAK)
    assert not out[104:145].any()


def test_the_filter_answers_highest_at_the_twitch() -> None:
    values = np.zeros(200)
    values[98 : 98 + len(TEMPLATE)] = TEMPLATE
    out = matched_filter(values, np.ones(200, bool), TEMPLATE, PEAK)
    assert out.argmax() == 100
    assert out.max() == pytest.approx(np.sqrt((TEMPLATE**2).sum()))


def test_an_autoregression_is_recovered() -> None:
    noise = scipy.signal.lfilter([1.0], np.r_[1.0, -AR2], white(7, 3000, 20), axis=0)
    fitted = fit_autoregression(noise, 2, np.ones(3000, bool))
    np.testing.assert_allclose(fitted, AR2, atol=0.03)


def test_a_higher_order_than_needed_adds_next_to_nothing() -> None:
    noise = scipy.signal.lfilter([1.0], np.r_[1.0, -AR2], white(8, 3000, 20), axis=0)
    fitted = fit_autoregression(noise, 6, np.ones(3000, bool))
    np.testing.assert_allclose(fitted, [*AR2, 0, 0, 0, 0], atol=0.04)


def test_rare_twitches_do_not_shape_the_noise_model() -> None:
    noise = white(9, 3000, 20)
    for start in range(100, 2900, 300):
        noise[start : start + len(TEMPLATE)] += 20 * TEMPLATE[:, None]
    assert np.abs(fit_autoregression(noise, 4, np.ones(3000, bool))).max() < 0.2


def test_whitening_undoes_the_filter_that_coloured() -> None:
    innovations = white(10, 500, 3)
    coloured = scipy.signal.lfilter([1.0], np.r_[1.0, -AR2], innovations, axis=0)
    np.testing.assert_allclose(whiten(coloured, AR2), innovations, atol=1e-10)


def test_whitened_with_its_own_fit_noise_is_white() -> None:
    coloured = scipy.signal.lfilter([1.0], np.r_[1.0, -AR2], white(11, 4000, 10), axis=0)
    rest = whiten(coloured, fit_autoregression(coloured, 6, np.ones(4000, bool)))
    for lag in range(1, 8):
        assert abs(np.mean(rest[lag:] * rest[:-lag]) / np.mean(rest**2)) < 0.03


def test_silence_has_no_autoregression() -> None:
    assert not fit_autoregression(np.zeros((100, 3)), 4, np.ones(100, bool)).any()


def test_robust_sd_is_the_standard_deviation_of_normal_samples() -> None:
    assert robust_sd(3.0 * white(12, 20000, 4)) == pytest.approx([3.0] * 4, rel=0.03)


def test_robust_sd_is_not_fooled_by_a_tenth_of_outliers() -> None:
    values = white(13, 5000, 1)
    values[:500] = 100.0
    assert 1.0 < robust_sd(values)[0] < 1.25


def test_robust_sd_says_not_measured_where_nothing_is() -> None:
    values = white(14, 100, 3)
    values[:, 1] = np.nan
    values[::2, 2] = np.nan
    width = robust_sd(values)
    assert np.isnan(width[1])
    assert width[2] == robust_sd(values[1::2, 2:])[0]


def test_a_running_quantile_follows_a_slow_ramp() -> None:
    time_s = np.arange(600) / 30
    ramp = 0.3 * time_s
    inner = slice(45, -45)
    np.testing.assert_allclose(running_quantile(time_s, ramp, 2.0)[inner], ramp[inner], atol=0.02)


def test_a_running_quantile_passes_over_a_short_twitch() -> None:
    time_s = np.arange(600) / 30
    level = running_quantile(time_s, twitch_waveform(time_s, 9.0, 0.05, 1.6), 2.0)
    assert np.abs(level).max() < 0.02


def test_a_running_quantile_works_on_real_times_with_a_gap() -> None:
    time_s = np.r_[np.arange(100), np.arange(400, 500)] / 30
    level = running_quantile(time_s, np.where(time_s < 5, 1.0, 3.0), 2.0)
    np.testing.assert_allclose(level[:95], 1.0)
    np.testing.assert_allclose(level[105:], 3.0)


@pytest.mark.parametrize(("point", "expected"), [((0.5, 0.5), True), ((2.0, 0.5), False), ((-0.1, 0.5), False)])
def test_points_in_a_square(point: tuple[float, float], expected: bool) -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [1, 1], [0, 1.0]])
    assert points_in_polygon(np.array([point]), square)[0] == expected
    assert points_in_polygon(np.array([point]), square[::-1])[0] == expected


def test_an_unseen_polygon_holds_nothing_and_is_nowhere() -> None:
    nowhere = np.full((4, 2), np.nan)
    assert not points_in_polygon(np.zeros((3, 2)), nowhere).any()
    assert np.isnan(distance_to_polygon(np.zeros((3, 2)), nowhere)).all()


def test_distance_to_a_square() -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    point = np.array([[0.5, 0.25], [2.0, 0.5], [2.0, 2.0]])
    np.testing.assert_allclose(distance_to_polygon(point, square), [0.25, 1.0, np.sqrt(2)])


@given(arrays(np.float32, st.integers(1, 40), elements=st.floats(-1e6, 1e6, width=32)))
@example(np.array([1e-45, 0.0], np.float32))  # half of the smallest number
def test_the_median_is_numpys_to_the_last_bit(values: np.ndarray) -> None:
    assert median(values) == float(np.median(values))


@settings(max_examples=60, deadline=None)
@given(
    arrays(float, st.tuples(st.integers(1, 40), st.integers(1, 5)), elements=st.floats(-1e6, 1e6, width=32)),
    st.lists(st.floats(0, 1), min_size=1, max_size=4),
)
def test_quantiles_are_numpys_to_the_last_bit(values: np.ndarray, shares: list[float]) -> None:
    np.testing.assert_array_equal(quantiles(values, shares), np.quantile(values, shares, axis=0))


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, st.tuples(st.integers(2, 40), st.integers(1, 5)), elements=st.floats(-1e6, 1e6, width=32)))
def test_medians_are_numpys_to_the_last_bit(values: np.ndarray) -> None:
    np.testing.assert_array_equal(medians(values), np.median(values, axis=0))


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        float,
        st.tuples(st.integers(1, 40), st.integers(1, 5)),
        elements=st.floats(-1e6, 1e6, width=32) | st.just(np.nan),
    )
)
def test_the_median_deviation_of_sorted_values_is_the_deviation_of_all(values: np.ndarray) -> None:
    middle = column_medians(values)
    np.testing.assert_array_equal(robust_sd(values), column_medians(np.abs(values - middle)) / 0.6745)
