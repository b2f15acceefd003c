"""From signals to the set of events: sites, regions, denominators, refusals."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.motion_builders import (
    SCALE_PX,
    Planted,
    face,
    film,
    findings,
    found,
    grid,
    limb,
    noise,
    unmatched,
)
from tests.unit.twitch.test_detect import candidate
from vision import blocks
from vision.blocks import PROCESS_COUNT
from vision.errors import ClipTooShortError, NothingToMeasureError
from vision.model.events import EventSet
from vision.model.regions import RegionTrack
from vision.model.signals import MotionSignals
from vision.settings import Settings
from vision.twitch.find import find_twitches, with_evidence_for
from vision.twitch.gather import cluster, observed_intervals
from vision.twitch.set_apart import eye_closures, partial_blinks

TWO_PLACES = [*(Planted(t, -22.0, 8.0) for t in (1.5, 3.6, 5.2, 7.0)), Planted(8.4, 24.0, -8.0, 0.5, 0.7)]


@pytest.fixture(scope="module")
def signals() -> MotionSignals:
    return film(TWO_PLACES, duration_s=10)


@pytest.fixture(scope="module")
def events(signals: MotionSignals) -> EventSet:
    return find_twitches(signals, face(signals), Settings(), mm_per_px=0.2).events


@pytest.mark.parametrize("region", [face, limb])
def test_a_picture_in_which_nothing_ever_moves_has_no_twitch(region: Callable[[MotionSignals], RegionTrack]) -> None:
    """A black or white film: no noise to measure by, so nothing may be divided by it. Warnings are errors."""
    motionless = film(duration_s=10, noise_px=0.0)
    found_there = find_twitches(motionless, region(motionless), Settings()).events
    assert (found_there.events, found_there.rejected) == ((), ())


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12, of a copied process with threads
def test_two_processes_find_what_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """All work is left to the second process, so that what is found has been told by it."""
    two = film([Planted(t, x, 8.0) for x, start in ((-22.0, 0.8), (24.0, 1.4)) for t in start + 1.9 * np.arange(4)])
    told, heard, hear, take, first = [], [], blocks._heard, blocks._taken, os.getpid()
    monkeypatch.setattr(blocks, "_heard", lambda *of: heard.append(hear(*of)) or heard[-1])
    monkeypatch.setattr(blocks, "_taken", lambda todo: iter(()) if os.getpid() == first else take(todo))
    for count in ("1", "2"):
        monkeypatch.setenv(PROCESS_COUNT, count)
        told.append(found(two))
    assert told[0] == told[1]
    assert [len(those) >= 2 for those in heard] == [True]
    assert len([site for site in told[0].sites if site.event_count >= 3]) == 2


def test_ids_count_from_one_in_order_of_onset(events: EventSet) -> None:
    assert [event.id for event in events.events] == list(range(1, len(events.events) + 1))
    assert [event.onset_s for event in events.events] == sorted(event.onset_s for event in events.events)


def test_sites_add_up_to_the_events(events: EventSet) -> None:
    assert [site.id for site in events.sites] == list(range(1, len(events.sites) + 1))
    for site in events.sites:
        members = [event for event in events.events if event.site == site.id]
        assert len(members) == site.event_count
        assert site.localisation_sd_px is not None
        assert site.localisation_sd_px > 0
    assert sum(site.event_count for site in events.sites) == len(events.events)
    assert len([site for site in events.sites if site.event_count >= 4]) == 1


def test_regions_and_sides_follow_the_place(events: EventSet) -> None:
    for event in events.events:
        assert event.region == "cheek"
        assert event.side == ("right" if event.x_px < 0 else "left")


def test_units_agree(events: EventSet) -> None:
    for event in events.events:
        assert event.amplitude_iod == pytest.approx(event.amplitude_px / SCALE_PX)
        assert event.amplitude_mm == pytest.approx(event.amplitude_px * 0.2)
        assert event.duration_s == pytest.approx(event.offset_s - event.onset_s)
        assert event.rise_s is None or event.rise_s >= 2 / 30
        assert event.area_px2 is not None
        assert event.area_px2 > 0


def test_no_scale_no_millimetres(signals: MotionSignals) -> None:
    as_limb = replace(signals, scale_px=None, region_of_point=np.zeros(len(signals.point_px), int))
    for event in found(as_limb, limb(as_limb)).events:
        assert event.amplitude_iod is None
        assert event.amplitude_mm is None
        assert event.side is None


def test_the_denominator_is_what_was_watched(events: EventSet) -> None:
    assert events.observed_s == pytest.approx(sum(stop - start for start, stop in events.observed_intervals_s))
    assert events.observed_s == pytest.approx(10.0, abs=0.5)
    assert [row.observed_s for row in events.observed] == pytest.approx([events.observed_s] * 2)
    assert events.frame_interval_s == pytest.approx(1 / 30)


def test_a_region_out_of_view_was_not_observed(signals: MotionSignals) -> None:
    seen = np.ones((300, 2), bool)
    seen[100:, 1] = False
    rows = found(signals, face(signals, seen=seen)).observed
    assert rows[0].observed_s > 9.5
    assert rows[1].observed_s == pytest.approx(100 / 30, abs=0.3)


def test_a_part_in_view_for_a_third_of_the_clip_is_measured_as_well_as_alone() -> None:
    gap = np.zeros(900, bool)
    gap[300:] = True
    alone = findings(film(TWO_PLACES, duration_s=10))
    partly = findings(film(TWO_PLACES, duration_s=30, gap=gap))
    assert partly.limits_px == pytest.approx(alone.limits_px, rel=0.2)
    assert not any(unmatched(TWO_PLACES, partly.events.events))
    assert partly.events.observed_s == pytest.approx(alone.events.observed_s, abs=0.2)


def test_a_starved_film_asks_for_more_of_a_lone_movement_and_says_so_by_its_limit() -> None:
    """The same noise and the same twitch; but every point rests most of the time and then moves at once."""
    one = [Planted(5.0, amplitude_px=0.25)]
    even = film(one, duration_s=10, noise_px=0.0, extra_px=0.05 * noise(3, 300, len(grid())))
    jumps = noise(4, 300, len(grid())) * (np.random.default_rng(5).random((300, len(grid()), 1)) < 0.06)
    tremor = 0.008 * noise(6, 300, len(grid()))
    starved = film(one, duration_s=10, noise_px=0.0, extra_px=0.05 * jumps / jumps.std() + tremor)
    assert len(found(even).events) == 1
    assert findings(starved).limits_px[0] > 1.5 * findings(even).limits_px[0]


def test_points_of_no_region_make_no_event(signals: MotionSignals) -> None:
    nowhere = replace(signals, region_of_point=np.full(len(signals.point_px), -1))
    events = found(nowhere)
    assert not events.events
    assert all(row.observed_s == 0 for row in events.observed)


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(ClipTooShortError, match=r"the film has 29 frames; expected at least 30"):
        found(film(duration_s=29 / 30))
    gap = np.zeros(300, bool)
    gap[20:] = True
    with pytest.raises(NothingToMeasureError, match=r"only 20 of 300 frames .* hold the phone still"):
        found(film(duration_s=10, gap=gap))


def test_frames_that_follow_each_other_are_one_interval() -> None:
    signals = film(duration_s=2)
    watched = np.ones(60, bool)
    assert observed_intervals(watched, signals, 1 / 30) == ((0.0, pytest.approx(2.0)),)
    watched[20:30] = False
    (a, b), (c, d) = observed_intervals(watched, signals, 1 / 30)
    assert (a, b, c, d) == pytest.approx((0.0, 20 / 30, 1.0, 2.0))
    assert observed_intervals(~np.ones(60, bool), signals, 1 / 30) == ()


def test_a_pause_between_frames_was_not_watched() -> None:
    signals = film(duration_s=2)
    time_s = signals.time_s + np.where(np.arange(60) >= 30, 5.0, 0.0)
    intervals = observed_intervals(np.ones(60, bool), replace(signals, time_s=time_s), 1 / 30)
    assert len(intervals) == 2
    assert sum(stop - start for start, stop in intervals) == pytest.approx(2.0, abs=0.11)


def test_eyes_that_stay_shut_are_a_finding_even_where_nothing_else_can_be_seen(signals: MotionSignals) -> None:
    aperture = np.where(signals.time_s < 1.1, 0.3, 0.02)[:, None] * np.ones(2)
    told = findings(signals, face(signals, eye_aperture=aperture))
    assert [closure.is_blink for closure in told.events.closures] == [False]
    assert (told.events.events, told.limits_px) == ((), {})
    assert told.events.observed_s < 2


@given(st.floats(1.0, 10.0), st.floats(0.0, 5.0))
def test_the_more_an_encoder_lacks_bits_the_more_evidence_is_asked_for(starvation: float, further: float) -> None:
    usual = Settings().detection
    some, more = (with_evidence_for(amount, usual) for amount in (starvation, starvation + further))
    for name in ("lone_evidence", "repeated_evidence"):
        assert getattr(usual, name) <= getattr(some, name) <= getattr(more, name)
    assert more.repeated_evidence < more.lone_evidence


def test_a_film_with_bits_enough_is_asked_for_the_usual_evidence() -> None:
    assert with_evidence_for(1.0, Settings().detection) == Settings().detection


def test_a_film_that_moves_as_a_whole_throughout_is_no_crash(
    signals: MotionSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames of wide movement grow by a margin; in a film with few usable frames they may cover all of them."""
    monkeypatch.setattr("vision.twitch.survey.wide_frames", lambda *_: np.ones(len(signals.time_s), int))
    told = findings(signals, face(signals))
    assert {movement.kind for movement in told.events.rejected} <= {"expression", "head-motion", "camera-motion"}
    assert told.events.rejected


def test_near_events_share_a_site_and_far_ones_do_not() -> None:
    apart = [candidate(1.0, 0.0, seed=0), candidate(2.0, 4.0, seed=1), candidate(3.0, 60.0, seed=2)]
    sites = cluster(apart)
    assert sites[0] == sites[1] != sites[2]
    assert cluster([]) == []


def test_lasting_and_single_events_never_share_a_site() -> None:
    both = [candidate(1.0), candidate(2.0, seed=1, is_continuous=True), candidate(3.0, seed=2, is_continuous=True)]
    assert len(set(cluster(both))) == 3


def test_a_limb_has_no_eyes(signals: MotionSignals) -> None:
    assert eye_closures(limb(signals), Settings()) == ()


def test_a_single_eye_has_the_side_that_is_known(signals: MotionSignals) -> None:
    aperture = np.full((300, 2), np.nan)
    aperture[:, 0] = 0.3 + 0.003 * np.random.default_rng(1).standard_normal(300)
    aperture[100:106, 0] = 0.02
    one_eye = face(
        signals, view="eye", names=("lower-eyelid", "upper-eyelid"), sides=("left", "left"), eye_aperture=aperture
    )
    closures = eye_closures(one_eye, Settings())
    assert len(closures) == 1
    assert set(closures[0].sides) <= {"left"}


@pytest.mark.parametrize(
    ("right", "left", "count"), [(0.14, 0.25, 1), (0.25, 0.14, 1), (0.05, 0.25, 0), (0.14, 0.14, 0)]
)
def test_a_blink_that_stops_early_is_of_both_eyes(right: float, left: float, count: int) -> None:
    """The lids of one eye twitch alone; on dark skin the other eye's landmarks followed half of a partial blink."""
    signals = film(duration_s=8)
    dip = np.exp(-0.5 * ((signals.time_s - 4.0) / 0.07) ** 2)
    track = face(signals, eye_aperture=0.3 * (1 - dip[:, None] * np.array([right, left])))
    assert len(partial_blinks(track, eye_closures(track, Settings()), Settings())) == count
