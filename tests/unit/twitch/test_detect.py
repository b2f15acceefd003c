"""When the twitches of a place happen, and what each looks like."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import FRAMES_S, Planted, film, surveyed
from vision.dsp import twitch_waveform
from vision.settings import DetectionSettings
from vision.twitch import detect
from vision.twitch.course import SHORTEST_FALL_SHARE, drops, extent_s, peak_height, peak_time_s, rebased, returns, snaps
from vision.twitch.decode import site_waveform
from vision.twitch.detect import Candidate, credible, detect_at_seed, large_enough, without_repeats
from vision.twitch.sites import find_seeds

SETTINGS = DetectionSettings()
TIME_S = np.arange(300) / 30
NO_KEYFRAMES = np.zeros(300, bool)


def candidate(peak_s: float, x_px: float = 0.0, strength: float = 10.0, seed: int = 0, **changes: object) -> Candidate:
    plain = Candidate(
        round(peak_s * 30), peak_s - 0.05, peak_s, peak_s + 0.15, x_px, 0.0, 1.0, 0.0, 8.0, strength, 3.0, seed
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(st.floats(3, 6), st.floats(0.04, 0.1), st.floats(1.0, 2.5))
def test_a_lone_twitch_is_measured(onset_s, tau_s, decay) -> None:
    course = 2.0 * twitch_waveform(TIME_S, onset_s, tau_s, decay)
    peak = int(course.argmax())
    start, stop = extent_s(course, peak, TIME_S)
    at_s = peak_time_s(course, peak, TIME_S)
    assert start <= TIME_S[peak] <= stop
    assert abs(at_s - onset_s - tau_s) <= FRAMES_S
    assert abs(start - onset_s) <= FRAMES_S
    # past the peak it runs `decay` times slower: a fifth of it is left after 3 rise times of that clock
    assert stop == pytest.approx(onset_s + tau_s * (1 + 2.994 * decay), abs=FRAMES_S) or stop - TIME_S[peak] < 0.51
    # the parabola overshoots a narrow, lopsided peak by a tenth at most
    assert 0.9 * course[peak] <= peak_height(course, peak) <= 1.15 * 2.0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 299))
def test_whatever_the_course_times_are_in_order(seed, peak) -> None:
    course = np.convolve(np.random.default_rng(seed).standard_normal(300), np.ones(3) / 3, "same")
    course = course if course[peak] > 0 else -course  # only what goes the seed's way is measured
    start, stop = extent_s(course, peak, TIME_S)
    assert TIME_S[0] <= start <= TIME_S[peak] <= stop <= TIME_S[-1]
    assert stop - start <= 1.0 + 2 * FRAMES_S
    assert abs(peak_time_s(course, peak, TIME_S) - TIME_S[peak]) <= 0.5 * FRAMES_S + 1e-9


def test_valleys_part_the_twitches_of_a_burst() -> None:
    course = sum(twitch_waveform(TIME_S, onset_s, 0.05, 1.6) for onset_s in (3.0, 3.2, 3.4))
    spans = [extent_s(course, round((onset_s + 0.05) * 30), TIME_S) for onset_s in (3.0, 3.2, 3.4)]
    for (_, stop), (start, _) in pairwise(spans):
        assert stop <= start + FRAMES_S


def test_a_twitch_returns_and_a_step_does_not() -> None:
    twitch = twitch_waveform(TIME_S, 3.0, 0.05, 1.6)
    step = (TIME_S > 3.0).astype(float)
    assert returns(twitch, int(twitch.argmax()), TIME_S, NO_KEYFRAMES)
    assert not returns(step, 95, TIME_S, NO_KEYFRAMES)


def test_what_a_keyframe_takes_back_was_no_twitch() -> None:
    slide = np.where((TIME_S > 3.0) & (TIME_S < 3.5), 1.0, 0.0)
    keyframes = np.abs(TIME_S - 3.5) < 1e-6
    peak = int(slide.argmax()) + 5
    assert not returns(slide, peak, TIME_S, keyframes)
    assert returns(slide, peak, TIME_S, NO_KEYFRAMES)


def test_a_burst_is_measured_from_the_level_before_it() -> None:
    course = 0.3 + 0.1 * TIME_S + twitch_waveform(TIME_S, 4.0, 0.05, 1.6)
    flat = rebased(course, [int(course[100:200].argmax()) + 100], TIME_S)
    assert abs(np.median(flat)) < 0.02
    assert flat.max() == pytest.approx(1.0, abs=0.15)


def test_each_twitch_of_a_seed_is_an_event() -> None:
    onsets_s = (1.5, 3.6, 5.2, 7.0, 8.3)
    signals = film([Planted(t, 5.0, 5.0) for t in onsets_s], duration_s=10)
    looked = surveyed(signals)
    seed = find_seeds(looked, signals.time_s, SETTINGS)[0]
    events = detect_at_seed(seed, 4, looked, signals.time_s, signals.is_keyframe, SETTINGS)
    large = [event for event in events if event.amplitude_px > 0.15]
    np.testing.assert_allclose([event.peak_s for event in large], np.array(onsets_s) + 0.05, atol=1.5 * FRAMES_S)
    assert all(event.seed == 4 and event.margin_sd > 0 and event.strength > event.margin_sd for event in events)
    assert all(event.direction_rad == pytest.approx(-1.2, abs=0.2) for event in large)


def test_the_strongest_twitches_tell_the_waveform_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    onsets_s = np.arange(1.5, 41.0, 1.3)
    signals = film([Planted(t, 5.0, 5.0) for t in onsets_s], duration_s=42)
    looked = surveyed(signals)
    seed = find_seeds(looked, signals.time_s, SETTINGS)[0]
    shown_s: list[float] = []

    def told_from(course, seen, *more):
        shown_s.append(seen.sum() * FRAMES_S)
        return site_waveform(course, seen, *more)

    monkeypatch.setattr(detect, "site_waveform", told_from)
    events = detect_at_seed(seed, 0, looked, signals.time_s, signals.is_keyframe, SETTINGS)
    peaks_s = [event.peak_s for event in events if event.amplitude_px > 0.15]
    np.testing.assert_allclose(peaks_s, onsets_s + 0.05, atol=1.5 * FRAMES_S)
    assert shown_s[0] == pytest.approx(detect.WAVEFORM_PEAKS * 2 * detect.WAVEFORM_MARGIN_S, rel=0.05)
    monkeypatch.setattr(detect, "WAVEFORM_PEAKS", 1000)
    assert detect_at_seed(seed, 0, looked, signals.time_s, signals.is_keyframe, SETTINGS) == events
    assert shown_s[1] > shown_s[0]


def test_one_twitch_seen_twice_is_one_event() -> None:
    kept = without_repeats([candidate(2.0), candidate(2.02, 10.0, 8.0, seed=1)], SETTINGS)
    assert kept == [candidate(2.0)]


def test_twitches_apart_in_time_or_place_are_two() -> None:
    apart = [candidate(2.0), candidate(2.5, 10.0, seed=1), candidate(2.02, 100.0, seed=2)]
    assert len(without_repeats(apart, SETTINGS)) == 3


def test_a_weak_movement_elsewhere_just_after_a_strong_one_is_its_echo() -> None:
    strong, echo = candidate(2.0, strength=20.0), candidate(2.2, 100.0, 6.0, seed=1)
    assert without_repeats([strong, echo], SETTINGS) == [strong]
    assert len(without_repeats([strong, replace(echo, strength=15.0)], SETTINGS)) == 2
    assert len(without_repeats([strong, replace(echo, peak_s=2.4, offset_s=2.6)], SETTINGS)) == 2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20), st.integers(4, 40)), max_size=20), st.randoms())
def test_the_order_of_candidates_is_nothing(plan, random) -> None:
    candidates = [candidate(1 + frame / 30, 10.0 * place, strength + 0.01 * k, seed=place)
                  for k, (frame, place, strength) in enumerate(plan)]  # fmt: skip
    shuffled = list(candidates)
    random.shuffle(shuffled)
    one, other = without_repeats(candidates, SETTINGS), without_repeats(shuffled, SETTINGS)
    assert sorted(one, key=lambda e: e.strength) == sorted(other, key=lambda e: e.strength)
    assert [event.onset_s for event in one] == sorted(event.onset_s for event in one)
    assert without_repeats(one, SETTINGS) == one


def alone(*evidence: float) -> list[Candidate]:
    return [candidate(1.0 + i, evidence=value, is_single=True) for i, value in enumerate(evidence)]


def test_a_movement_alone_needs_more_evidence_than_one_of_many() -> None:
    weak = 0.9 * SETTINGS.lone_evidence
    assert credible(alone(weak), 60.0, SETTINGS) == []
    many = alone(weak, *[4 * SETTINGS.lone_evidence] * 12)
    assert credible(many, 60.0, SETTINGS) == many


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 20), max_size=30), st.floats(5, 600))
def test_whatever_is_more_evident_is_kept_too(evidence: list[float], watched_s: float) -> None:
    kept = {event.evidence for event in credible(alone(*evidence), watched_s, SETTINGS)}
    left = set(evidence) - kept
    assert not kept or not left or max(left) < min(kept)
    assert all(value < SETTINGS.lone_evidence for value in left)


def test_movements_at_rest_stay_rare_among_the_kept() -> None:
    """Of 200 hours of false movements, drawn as rests show them, about `stray_rate_per_min` are kept."""
    rng = np.random.default_rng(0)
    kept = 0
    for _ in range(200):
        excess = rng.exponential(SETTINGS.stray_fold, rng.poisson(60 * SETTINGS.stray_rate_per_min * np.e**2))
        evidence = SETTINGS.lone_evidence - 2 * SETTINGS.stray_fold + excess
        kept += len(credible(alone(*evidence), 3600.0, SETTINGS))
    expected = 200 * 60 * SETTINGS.stray_rate_per_min
    assert 0.9 * expected < kept < expected + 4 * np.sqrt(expected)


def test_events_of_sites_need_no_evidence_of_their_own() -> None:
    site = [candidate(float(i)) for i in range(3)]
    assert credible([*site, *alone(0.1)], 60.0, SETTINGS) == site


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.035, 0.1), st.floats(1.0, 2.6), st.floats(0, 1), st.floats(0.5, 5), st.sampled_from([24, 30, 60, 120])
)
def test_a_twitch_relaxes_and_does_not_snap_back(tau_s, decay, phase, height, rate_hz) -> None:
    time_s = np.arange(int(3 * rate_hz)) / rate_hz
    course = height * twitch_waveform(time_s, 1.5 + phase / rate_hz - tau_s, tau_s, decay)
    assert not snaps(course, int(course.argmax()), time_s, 0.0)


@pytest.mark.parametrize("rate_hz", [30, 60])
def test_what_is_back_within_a_frame_snaps(rate_hz: int) -> None:
    time_s = np.arange(3 * rate_hz) / rate_hz
    course = np.where((time_s > 1.5) & (time_s < 1.6), 3.0, 0.0)
    assert snaps(course, int(course.argmax()), time_s, 0.1)
    assert not snaps(course, int(course.argmax()), time_s, 1.0)  # noise of its own size may do that


def test_a_site_far_below_the_limit_is_left_out() -> None:
    site = [candidate(float(i), amplitude_px=0.2) for i in range(3)]
    single = candidate(5.0, seed=1, amplitude_px=0.2, is_single=True)
    assert large_enough([*site, single], {0: 1.0, 1: 5.0}, SETTINGS) == [single]
    assert large_enough(site, {0: 1.0}, SETTINGS) == site
    assert large_enough(site, {}, SETTINGS) == site


@given(st.floats(0.02, 0.12), st.floats(1.0, 4.0))
def test_what_relaxes_no_quicker_than_it_contracts_does_not_drop(rise_s: float, decay: float) -> None:
    assert not drops(1.0 - rise_s, 1.0, 1.0 + decay * rise_s)


def test_what_is_over_as_it_peaks_drops() -> None:
    """Accident: a wrist that a hand held went 0.6 px in 0.11 s, and was back in the next frame."""
    assert drops(0.26, 0.37, 0.37)
    assert not drops(0.0, 0.1, 0.1 + 1.1 * SHORTEST_FALL_SHARE * 0.1)
