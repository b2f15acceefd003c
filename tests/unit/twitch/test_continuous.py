"""Lasting activity, told from rest, from posture and from single jolts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import FRAMES_S, SIGMA_PX, Planted, film, found, surveyed
from tests.unit.twitch.test_detect import candidate
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings
from vision.twitch.activity import FEWEST_INTERVALS, is_steady, quick_share, skewness, uneven
from vision.twitch.continuous import continuous_events, polarisation, without_shadows
from vision.twitch.detect import Candidate

SETTINGS = DetectionSettings()
TIME_S = np.arange(600) / 30


def lasting(signals: MotionSignals, first_seed: int = 0) -> list[Candidate]:
    motion = surveyed(signals).motions[1]
    usable = np.ones(len(signals.time_s), bool)
    return continuous_events(motion, usable, signals.time_s, first_seed, SETTINGS)


def sustained(hz: float, x_px: float, y_px: float, way_rad: float = -1.2) -> list[Planted]:
    """Well above the quarter pixel of an encoder's own motion."""
    return [Planted(0.2 + k / hz, x_px, y_px, 1.5, way_rad) for k in range(int(11.5 * hz))]


@pytest.mark.parametrize("hz", [3.0, 4.0, 5.0])
def test_lasting_twitches_are_counted(hz: float) -> None:
    events = lasting(film(sustained(hz, -18.0, 9.0), duration_s=12, noise_px=0.15), 7)
    best = [event for event in events if event.seed == 7]
    assert len(best) == pytest.approx(11.5 * hz, abs=3)
    assert all(event.is_continuous for event in events)
    assert np.hypot(best[0].x_px + 18, best[0].y_px - 9) < 1.5 * SIGMA_PX  # a flank: not yet localised
    assert 1 / np.median(np.diff([event.peak_s for event in best])) == pytest.approx(hz, rel=0.1)
    assert sum(event.offset_s - event.onset_s for event in best) / 12 > 0.5
    for event in events:
        assert event.onset_s <= event.peak_s <= event.offset_s


@pytest.mark.parametrize(("hz", "rate_hz"), [(6.0, 30.0), (7.0, 30.0), (5.0, 24.0), (6.0, 60.0)])
def test_twitches_of_few_frames_each_need_not_show_their_shape(hz: float, rate_hz: float) -> None:
    """Accident: of twitches at 6 a second and 30 frames all 68 were lost, for their steps are hardly skewed."""
    signals = film(sustained(hz, -18.0, 9.0), duration_s=12, noise_px=0.05, rate_hz=rate_hz)
    assert len(lasting(signals)) >= 0.8 * 11.5 * hz


@pytest.mark.parametrize(
    ("amplitude_px", "x_px", "is_trace"), [(8.0, -18.0, True), (2.5, -18.0, False), (8.0, 500.0, False)]
)
def test_activity_beside_much_larger_twitches_is_their_trace(amplitude_px: float, x_px: float, is_trace: bool) -> None:
    """Accident: what 2 px twitches left of 0.4 px on a lid passed for lasting activity, and took all of them away."""
    signals = film(sustained(4.0, -18.0, 9.0), duration_s=12, noise_px=0.15)
    motion, usable = surveyed(signals).motions[1], np.ones(len(signals.time_s), bool)
    site = [candidate(at_s, x_px=x_px, y_px=9.0, amplitude_px=amplitude_px) for at_s in (2.0, 5.0, 9.0)]
    events = continuous_events(motion, usable, signals.time_s, 7, SETTINGS, site)
    assert bool(events) != is_trace


@pytest.mark.parametrize(("lamp_share", "is_believed"), [(0.13, True), (0.5, False)])
def test_where_a_lamp_drags_the_tracker_to_and_fro_nothing_lasts(lamp_share: float, is_believed: bool) -> None:
    signals = film(sustained(4.0, -18.0, 9.0), duration_s=12, noise_px=0.15)
    motion = surveyed(signals).motions[1]
    lit = replace(motion, lamp_share=np.full(len(motion.centre_px), lamp_share))
    events = continuous_events(lit, np.ones(len(signals.time_s), bool), signals.time_s, 0, SETTINGS)
    assert bool(events) == is_believed


def test_the_survey_knows_what_a_lamp_moves() -> None:
    signals = film(duration_s=12, noise_px=0.15)
    flicker = np.sin(2 * np.pi * 10 * signals.time_s)
    moved = signals.displacement_px + flicker[:, None, None].astype(np.float32)
    lit = surveyed(replace(signals, luma_gain=np.exp(0.02 * flicker), displacement_px=moved)).motions[1].lamp_share
    unlit = surveyed(signals).motions[1].lamp_share
    assert lit is not None
    assert lit.min() > 0.9
    assert unlit is not None
    assert not unlit.any()


def test_the_line_of_motion_is_known() -> None:
    motion = surveyed(film(sustained(4.0, -18.0, 9.0), duration_s=12, noise_px=0.15)).motions[1]
    along, ratio, line = polarisation(motion, np.ones(360, bool), FRAMES_S, SETTINGS)
    best = int((along * ratio).argmax())
    assert np.hypot(*(motion.centre_px[best] - [-18, 9])) < SIGMA_PX
    assert abs(line[best] @ [np.cos(-1.2), np.sin(-1.2)]) > 0.97
    np.testing.assert_allclose(np.hypot(*line.T), 1.0, rtol=1e-5)
    far = np.hypot(*(motion.centre_px - [-18, 9]).T) > 4 * SIGMA_PX
    assert np.median(ratio[far]) < 1.5


def test_rest_is_not_lasting_activity() -> None:
    assert not lasting(film(seed=3, duration_s=12))
    assert not lasting(film(seed=3, duration_s=12, memory=0.7))


def test_what_an_encoder_may_have_made_is_not() -> None:
    tiny = [replace(one, amplitude_px=0.2) for one in sustained(4.0, -18.0, 9.0)]
    assert not lasting(film(tiny, duration_s=12, noise_px=0.02))


def test_heights_must_be_alike() -> None:
    """Blocks of a starved encoder jump by a tenth of a pixel or by three; a muscle's twitches are alike."""
    twitches = sustained(3.0, -18.0, 9.0)
    ragged = [replace(one, amplitude_px=1.5 * (1 + 2 * (k % 9 == 4))) for k, one in enumerate(twitches)]
    signals = film(ragged, duration_s=12, noise_px=0.15)
    motion, usable = surveyed(signals).motions[1], np.ones(len(signals.time_s), bool)
    strict = SETTINGS.model_copy(update={"continuous_uneven": 0.2})
    assert continuous_events(motion, usable, signals.time_s, 0, SETTINGS)
    assert not continuous_events(motion, usable, signals.time_s, 0, strict)
    assert uneven(np.full(5, 0.4)) == 0.0
    assert uneven(np.array([1.0, 3.0])) == pytest.approx(0.5)


def test_bursts_with_long_pauses_are_not() -> None:
    assert not lasting(film([Planted(t, 5.0, 5.0) for t in (2.0, 2.2, 2.4, 6.0, 6.2, 9.5)], duration_s=12))


def test_slow_posture_is_not() -> None:
    signals = film(duration_s=12)
    share = np.exp(-0.5 * ((signals.point_px - [5, 5]) ** 2).sum(1) / SIGMA_PX**2)
    sway = 0.5 * np.sin(2 * np.pi * 0.8 * signals.time_s)[:, None, None] * share[None, :, None] * np.array([0.6, 0.8])
    assert not lasting(film(duration_s=12, extra_px=sway))


def test_only_clear_frames_can_make_a_place_active() -> None:
    """A lid moves with every blink; over all frames, frequent blinking would pass for twitching that lasts."""
    signals = film(sustained(4.0, -18.0, 9.0), duration_s=12, noise_px=0.15)
    motion = surveyed(signals).motions[1]
    everything = np.ones(len(signals.time_s), bool)
    between = (signals.time_s * 4.0 - 0.8) % 1 > 0.75  # what is left when each movement counts as a blink
    assert continuous_events(motion, everything, signals.time_s, 0, SETTINGS)
    assert not continuous_events(motion, between, signals.time_s, 0, SETTINGS)


def test_a_pulse_is_slow_and_twitching_is_quick() -> None:
    def tone(hz: float) -> np.ndarray:
        return np.sin(2 * np.pi * hz * TIME_S)

    assert quick_share(tone(1.2), TIME_S, 2.0) < 0.1
    assert quick_share(tone(4.0), TIME_S, 2.0) > 0.9
    assert quick_share(tone(4.0) + tone(0.2), TIME_S, 2.0) > 0.85  # posture does not count
    assert quick_share(np.zeros(600), TIME_S, 2.0) == 0.0


def places(*rows: tuple[int, float, float]) -> list[Candidate]:
    return [
        candidate(1 + 0.25 * k, x_px, seed=seed, amplitude_px=size, is_continuous=True)
        for seed, x_px, size in rows
        for k in range(4)
    ]


def kept_of(*where: tuple[int, float, float]) -> set[int]:
    events = places(*where)
    return {event.seed for event in without_shadows(events, events, SETTINGS)}


def test_a_shadow_of_a_larger_place_is_dropped() -> None:
    assert kept_of((0, 0.0, 1.0), (1, 4.0, 0.9)) == {0}
    assert kept_of((0, 0.0, 1.0), (1, 80.0, 0.02)) == {0}
    assert kept_of((0, 0.0, 1.0), (1, 80.0, 0.9)) == {0, 1}
    assert without_shadows([], [], SETTINGS) == []


def test_places_are_as_large_as_they_show_not_as_one_footprint_explains() -> None:
    """Four places of a face that moved at once: fitted one by one two fell below half of the largest."""
    seen, fitted = places((0, 0.0, 1.0), (1, 80.0, 0.6)), places((0, 0.0, 1.0), (1, 80.0, 0.3))
    assert {event.seed for event in without_shadows(fitted, seen, SETTINGS)} == {0, 1}


def test_two_places_that_last_are_two() -> None:
    events = found(
        film([*sustained(4.0, -28.0, 15.0), *sustained(3.3, 28.0, -15.0, 0.5)], duration_s=12, noise_px=0.15)
    )
    lasting_sites = [site for site in events.sites if site.is_continuous]
    assert len(lasting_sites) == 2
    assert any(np.hypot(site.x_px + 28, site.y_px - 15) < SIGMA_PX for site in lasting_sites)
    assert any(np.hypot(site.x_px - 28, site.y_px + 15) < SIGMA_PX for site in lasting_sites)


@pytest.mark.parametrize(("scatter_s", "is_believed"), [(0.1, False), (0.0, True)])
def test_what_comes_back_as_quickly_as_it_goes_is_no_muscle_unless_it_is_even(
    scatter_s: float, is_believed: bool
) -> None:
    """Accidents: blocks a starved encoder moved to and fro made 234 twitches of a lip; swings of 5 Hz were lost."""
    scattered_s = np.random.default_rng(2).uniform(-scatter_s, scatter_s, 78)
    to_and_fro = [Planted(0.3 + k / 4 + scattered_s[k], -18.0, 9.0, 1.5, decay=0.3) for k in range(78)]
    motion = surveyed(film(to_and_fro, duration_s=20, noise_px=0.15)).motions[1]
    usable = np.ones(len(TIME_S), bool)
    lax = SETTINGS.model_copy(update={"continuous_skew": -9.0})
    assert continuous_events(motion, usable, TIME_S, 0, lax)
    assert bool(continuous_events(motion, usable, TIME_S, 0, SETTINGS)) == is_believed


@given(st.floats(0.1, 2.0), st.integers(0, 30))
def test_an_even_swing_is_steady_once_it_has_come_often_enough(interval_s: float, count: int) -> None:
    assert is_steady(np.arange(count + 1) * interval_s, SETTINGS) == (count >= FEWEST_INTERVALS)


def test_steps_that_are_quick_one_way_are_skewed() -> None:
    ramp = np.tile(np.r_[np.full(2, 3.0), np.full(6, -1.0)], 40)
    assert skewness(ramp) > 1
    assert skewness(-ramp) == pytest.approx(-skewness(ramp))
    assert skewness(np.random.default_rng(1).standard_normal(5000)) == pytest.approx(0, abs=0.1)
    assert skewness(np.zeros(5)) == skewness(np.array([])) == 0
