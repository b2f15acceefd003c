"""Each movement is named once, by what says most of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.twitch.motion_builders import Planted, face, film, findings, unmatched
from tests.unit.twitch.test_detect import candidate
from vision.model.arrays import FloatArray
from vision.model.events import EventSet, RejectedKind, RejectedMovement
from vision.twitch.detect import Candidate
from vision.twitch.explained import blinks_of, of_both_lids, without_crossings, without_mimic, without_talk
from vision.twitch.set_apart import besides, with_movements, without_shading

SIGNALS = film(duration_s=16)
TIME_S = SIGNALS.time_s
ABOVE_AND_BELOW = ("lower-eyelid", "chin")


def move(kind: RejectedKind, onset_s: float, offset_s: float) -> RejectedMovement:
    return RejectedMovement(kind, onset_s, (onset_s + offset_s) / 2, offset_s, ("chin",))


def kinds(*groups: list[RejectedMovement]) -> list[str]:
    return [one.kind for one in with_movements(*groups)]


def test_what_goes_on_throughout_hides_no_name() -> None:
    pulse, swallow = move("pulse", 0, 16), move("swallowing", 3, 4)
    assert kinds([pulse], [], [swallow]) == ["pulse", "swallowing"]


def test_a_swallow_says_more_than_that_much_moved_and_a_smile_does_not() -> None:
    wide = move("expression", 3.2, 3.8)
    assert kinds([], [wide], [move("swallowing", 3, 4)]) == ["swallowing"]
    assert kinds([], [wide], [move("expression", 3, 4)]) == ["expression"]
    assert kinds([move("occlusion", 3, 3.6)], [wide], []) == ["occlusion"]
    assert kinds([move("blink", 3.4, 3.6), move("keyframe", 3.5, 3.53)], [], [move("swallowing", 3, 4)])[2:] == [
        "swallowing"
    ]
    assert kinds([move("speech", 3, 3.5)], [wide], []) == ["speech", "expression"]


def test_besides_keeps_what_meets_nothing() -> None:
    one, other = move("expression", 1, 2), move("expression", 5, 6)
    assert besides([one, other], [move("focus", 5.5, 7)]) == [one]


def test_folds_of_a_mouth_that_moves_are_nothing_that_crosses() -> None:
    talk = move("speech", 3, 6)
    assert without_shading([move("occlusion", 3.2, 6.3)], [talk]) == []
    assert len(without_shading([move("occlusion", 5, 8), move("focus", 4, 5)], [talk])) == 2


def turned(since_s: FloatArray, turn_s: float) -> FloatArray:
    """0 before, 1 after a smooth turn."""
    share = np.clip(since_s / turn_s, 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def slow_film(x_px: float, y_px: float, *, twitches: list[Planted] | None = None) -> EventSet:
    """What is found where a place goes out and back twice within a second."""
    share = sum(turned(TIME_S - at, 0.4) - turned(TIME_S - at - 0.6, 0.5) for at in (4.0, 7.0, 11.0))
    near = np.exp(-0.5 * ((SIGNALS.point_px - [x_px, y_px]) ** 2).sum(1) / 14.0**2)
    moved = 2.0 * share[:, None, None] * near[None, :, None] * np.array([0.0, -1.0])
    signals = film(twitches, duration_s=16, extra_px=moved)
    lower = (signals.point_px[:, 1] > 0).astype(int)
    track = face(signals, names=ABOVE_AND_BELOW, sides=("right", "midline"))
    return findings(replace(signals, region_of_point=lower), track).events


def test_a_chin_that_rises_slowly_swallows_and_twitches_elsewhere_stay() -> None:
    peaks_s = [1.5, 2.6, 5.6, 9.1, 13.2, 14.3]
    twitches = [Planted(peak_s - 0.05, -30.0, -28.0, amplitude_px=0.8) for peak_s in peaks_s]
    told = slow_film(10.0, 30.0, twitches=twitches)
    assert [one.kind for one in told.rejected] == ["swallowing"] * 3
    assert unmatched(twitches, told.events) == ([], [])


def test_the_same_elsewhere_is_expression_and_no_twitch() -> None:
    told = slow_film(-20.0, -20.0)
    assert told.events == ()
    assert [one.kind for one in told.rejected] == ["expression"] * 3


def test_what_moves_beside_something_that_crosses_is_no_twitch() -> None:
    covered = np.zeros(SIGNALS.valid.shape, bool)
    covered[np.ix_((TIME_S > 4) & (TIME_S < 5), SIGNALS.point_px[:, 0] > 20)] = True
    signals = replace(SIGNALS, covered=covered)

    def event(peak_s: float, x_px: float, seed: int, *, is_single: bool = False) -> Candidate:
        return Candidate(
            round(30 * peak_s), peak_s - 0.05, peak_s, peak_s + 0.1, x_px, 0.0, 1.0, 0.0, 7.5, 9.0, 3.0, seed,
            is_single=is_single,
        )  # fmt: skip

    pulled = [event(4.2, 15.0, 0), event(4.6, 15.0, 0), event(9.0, 15.0, 0), event(4.5, 18.0, 1, is_single=True)]
    own = [
        event(4.5, 12.0, 2),
        *(event(at_s, 12.0, 2) for at_s in (1.0, 2.0, 7.0)),
        event(4.5, -40.0, 3, is_single=True),
    ]
    kept = without_crossings([*pulled, *own], signals)
    assert kept == [pulled[2], *own]


@pytest.mark.parametrize("twitch_hz", [12.0, 18.0])
def test_bursts_so_fast_that_they_run_together_are_found(twitch_hz: float) -> None:
    """Accident: bursts of 18 a second were named expression, all five of them, and nothing was found."""
    bursts_s = (1.5, 4.1, 7.3, 10.2, 13.4)
    onsets_s = [start + number / twitch_hz for start in bursts_s for number in range(round(0.8 * twitch_hz))]
    signals = film([Planted(onset_s, amplitude_px=0.8) for onset_s in onsets_s], duration_s=16)
    events = findings(signals, face(signals, names=("lower-eyelid", "lower-eyelid"))).events.events
    seen = [any(start - 0.1 < event.peak_s < start + 1.0 for event in events) for start in bursts_s]
    assert all(seen)


@pytest.mark.parametrize(("apart_s", "stays"), [((), False), ((7.0, 9.0), False), ((7.0, 9.0, 11.0), True)])
def test_what_moves_a_lip_only_around_words_is_part_of_them(apart_s: tuple[float, ...], stays: bool) -> None:
    """Accident: the lips part before they part by enough to count, and the first words passed for twitches."""
    signals = film(duration_s=16)
    track = face(signals, names=("lower-lip", "cheek"))
    lip = signals.point_px[signals.region_of_point == 0][0]
    words = RejectedMovement("speech", 2.0, 2.5, 4.0, ("lower-lip",))
    beside = [candidate(at_s, x_px=lip[0], y_px=lip[1]) for at_s in (1.5, 3.0, 4.5)]
    others = [candidate(at_s, x_px=lip[0], y_px=lip[1]) for at_s in apart_s]
    kept = without_talk([*beside, *others], [words], signals, track)
    assert kept == ([*beside, *others] if stays else [])
    _, (longer,) = without_mimic([*beside, *others], [words], signals, track)
    assert (longer.onset_s, longer.offset_s) == ((2.0, 4.0) if stays else (1.45, 4.65))  # not lost without a word
    seen = [replace(event, is_seen_in_speech=True) for event in beside]
    assert without_talk(seen, [words], signals, track) == seen
    cheek = signals.point_px[signals.region_of_point == 1][-1]
    elsewhere = [candidate(3.0, seed=9, x_px=cheek[0], y_px=cheek[1])]
    assert without_talk(elsewhere, [words], signals, track) == elsewhere


@pytest.mark.parametrize(("left_px", "is_shared"), [(1.5, True), (0.0, False), (-1.5, False)])
def test_a_lone_movement_of_both_lids_is_a_blink(left_px: float, is_shared: bool) -> None:
    """Accident: of 25 blinks landmarks showed 24; the one left passed for a lone twitch of a lid, in three films."""
    signals = film(duration_s=16)
    track = face(signals, names=("upper-eyelid", "upper-eyelid"))
    shut = np.clip(1 - np.abs(signals.time_s - 5.0) / 0.12, 0, 1)
    way = np.where(signals.region_of_point == 0, 2.0, left_px)
    displaced = signals.displacement_px.copy()
    displaced[..., 1] += (shut[:, None] * way).astype(np.float32)
    moved = replace(signals, displacement_px=displaced)
    lid = signals.point_px[signals.region_of_point == 0][0]
    lone, again = (candidate(5.0, x_px=lid[0], y_px=lid[1], is_single=single) for single in (True, False))
    found = of_both_lids([lone, again], moved, track)
    assert found == [lone] * is_shared
    assert [one.kind for one in blinks_of(found, [])] == ["blink"] * is_shared
    assert blinks_of(found, blinks_of(found, [])) == []
    assert of_both_lids([lone], moved, face(signals)) == []
