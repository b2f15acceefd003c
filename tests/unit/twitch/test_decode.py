"""A course taken apart into single twitches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.dsp import twitch_waveform
from vision.twitch.decode import decode, site_waveform
from vision.twitch.decoder import Decoder, Pulse, Waveform

TIME_S = np.arange(300) / 30
SEEN = np.ones(300, bool)
WHITE = np.zeros(0)
SHAPE = Waveform(0.045, 1.6)


def course(peaks_s: list[float], heights: list[float], noise: float = 0.0, seed: int = 0) -> np.ndarray:
    total = np.random.default_rng(seed).normal(0, 1, 300) * noise
    for peak_s, height in zip(peaks_s, heights, strict=True):
        total += height * twitch_waveform(TIME_S, peak_s - SHAPE.rise_s, SHAPE.rise_s, SHAPE.decay)
    return np.asarray(total)


def decoded(values: np.ndarray, bar: float = 4.0, seen: np.ndarray = SEEN) -> list[Pulse]:
    return decode(Decoder(values, seen, TIME_S, WHITE, SHAPE), np.full(300, bar), 0.3, 0.1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(7, 12), min_size=1, max_size=12),
    st.lists(st.floats(12.0, 20.0), min_size=12, max_size=12),
    st.floats(0.0, 1 / 30),
)
def test_a_train_without_noise_is_read_to_half_a_frame(gaps, heights, phase_s) -> None:
    peaks_s = list(1.0 + phase_s + np.cumsum(gaps) / 30)
    found = decoded(course(peaks_s, heights[: len(peaks_s)]))
    assert [pulse.peak_s for pulse in found] == pytest.approx(peaks_s, abs=0.6 / 30)
    assert [pulse.height for pulse in found] == pytest.approx(heights[: len(peaks_s)], rel=0.25)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.2, 5.0))
def test_heights_scale_with_the_course(seed, factor) -> None:
    values = course([2.0, 2.2, 6.0], [12.0, 9.0, 20.0], noise=1.0, seed=seed)
    one, other = decoded(values), decoded(factor * values, bar=4.0 * factor)
    assert [pulse.frame for pulse in one] == [pulse.frame for pulse in other]
    assert [factor * pulse.height for pulse in one] == pytest.approx([pulse.height for pulse in other], rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 299)), min_size=1, max_size=12), st.integers(0, 100))
def test_strengths_taken_anew_where_they_changed_are_those_taken_anew_everywhere(atoms, seed) -> None:
    decoder = Decoder(course([3.0, 6.0], [9.0, 7.0], noise=1.0, seed=seed), SEEN, TIME_S, WHITE, SHAPE)
    for atom in atoms:
        decoder.add(atom)
        piecewise = decoder.strengths()
        decoder.stale = 0, len(TIME_S)
        np.testing.assert_allclose(piecewise, decoder.strengths(), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 60), max_size=40), st.integers(0, 2**31), st.floats(1.0, 3.0), st.sampled_from([0.1, 0.15])
)
def test_however_film_is_missing_twitches_stand_where_they_were_seen(lengths, seed, bar, dead_time_s) -> None:
    seen = np.resize(np.repeat(np.arange(len(lengths)) % 2 == 0, lengths), 300) if sum(lengths) else SEEN
    decoder = Decoder(course([3.0, 3.1, 3.2], [9.0, 8.0, 9.0], noise=2.0, seed=seed), seen, TIME_S, WHITE, SHAPE)
    decode(decoder, np.full(300, bar), 0.3, dead_time_s)
    assert all(decoder.weight[atom] > 0 for atom in decoder.atoms)


def test_a_twitch_too_near_to_all_around_it_goes_where_it_was_seen() -> None:
    seen = SEEN.copy()
    seen[80:102] = False
    decoder = Decoder(course([3.5], [9.0], noise=1.0), seen, TIME_S, WHITE, SHAPE)
    first = int(np.flatnonzero(decoder.weight[0])[np.flatnonzero(decoder.weight[0]) > 90][0])
    decoder.add((0, first))
    decoder.add((1, first + 1))
    decoder.settle(0, dead_time_s=1.0)
    assert all(decoder.weight[atom] > 0 for atom in decoder.atoms)


def test_two_twitches_a_tenth_of_a_second_apart_are_two() -> None:
    found = decoded(course([4.0, 4.1], [15.0, 12.0], noise=1.0))
    assert [pulse.peak_s for pulse in found] == pytest.approx([4.0, 4.1], abs=1 / 30)


def test_noise_alone_holds_few_twitches() -> None:
    counts = [len(decoded(course([], [], noise=1.0, seed=seed), bar=4.5)) for seed in range(40)]
    assert sum(counts) <= 2  # 600 independent moments a course at 3.4e-6 each: 0.08 expected in all


def test_no_twitch_stands_where_nothing_was_seen() -> None:
    seen = SEEN.copy()
    seen[110:130] = False
    found = decoded(course([2.0, 4.0, 8.0], [20.0, 20.0, 20.0]), seen=seen)
    assert [pulse.peak_s for pulse in found] == pytest.approx([2.0, 8.0], abs=1 / 30)


def test_the_waveform_of_a_site_is_found() -> None:
    slow = Waveform(0.09, 2.6)
    values = sum(20 * twitch_waveform(TIME_S, at_s, slow.rise_s, slow.decay) for at_s in (1.0, 3.0, 5.5, 8.0))
    assert site_waveform(np.asarray(values), SEEN, TIME_S, WHITE, np.full(300, 4.0)) == slow


def test_the_extent_is_where_a_fifth_of_the_peak_is_passed() -> None:
    before_s, after_s = SHAPE.extent_s()
    edges = twitch_waveform(np.array([-before_s, after_s]), -SHAPE.rise_s, SHAPE.rise_s, SHAPE.decay)
    assert edges == pytest.approx([0.2, 0.2], abs=0.002)
