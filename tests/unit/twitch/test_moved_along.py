"""Sites that move along with blinks, or with movements of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.twitch.test_detect import candidate
from vision.twitch.moved_along import (
    BESIDE_BLINK_S,
    BLINK_RATIO,
    PART_RATIO,
    share_of_blinks,
    without_blink_sites,
    without_blinks,
    without_parts,
)

TIME_S = np.arange(1800) / 30
BLINKS_S = np.arange(5.0, 60.0, 5.0)
LIDS = np.abs(TIME_S[:, None] - BLINKS_S).min(1) < 0.1
SEEN = np.ones(len(TIME_S), bool)


@given(st.lists(st.floats(0.5, 59), min_size=1, max_size=40), st.integers(0, 10_000))
def test_the_share_of_blinks_is_a_share_and_grows_with_what_is_beside_them(at_s: list[float], seed: int) -> None:
    events = [candidate(one) for one in at_s]
    share = share_of_blinks(events, LIDS, SEEN, TIME_S)
    assert 0 <= share <= 1
    beside = np.random.default_rng(seed).choice(BLINKS_S, len(at_s)) + 0.2
    assert share_of_blinks([candidate(one) for one in beside], LIDS, SEEN, TIME_S) >= share


@given(st.integers(0, 10_000))
def test_twitches_at_any_time_are_no_blinks(seed: int) -> None:
    """A hundred by chance: their share lies within three more standard deviations of none."""
    at_s = np.random.default_rng(seed).uniform(1, 59, 100)
    assert share_of_blinks([candidate(one) for one in at_s], LIDS, SEEN, TIME_S) < 0.2


def test_what_comes_with_blinks_alone_is_theirs() -> None:
    """Accident: of 27 events of a lid at rest 20 lay beside its blinks, which moved blocks of a phone's film."""
    beside = [candidate(one + 0.9 * BESIDE_BLINK_S) for one in BLINKS_S]
    assert share_of_blinks(beside, LIDS, SEEN, TIME_S) > 0.8
    assert share_of_blinks(beside, np.zeros(len(TIME_S), bool), SEEN, TIME_S) == 0
    assert share_of_blinks(beside, LIDS, ~SEEN, TIME_S) == share_of_blinks([], LIDS, SEEN, TIME_S) == 0


@pytest.mark.parametrize(("ratio", "is_blink"), [(1.1 * BLINK_RATIO, True), (0.9 * BLINK_RATIO, False)])
def test_a_blink_that_moves_a_place_by_far_more_than_its_twitches_is_none_of_them(ratio: float, is_blink: bool) -> None:
    """Accident: 8 px beside 0.8."""
    events = [candidate(2.0), candidate(7.0), candidate(12.0), candidate(20.0, amplitude_px=ratio)]
    elsewhere = candidate(22.0, amplitude_px=ratio)
    kept = without_blinks([*events, elsewhere], LIDS)
    assert elsewhere in kept
    assert (events[-1] not in kept) == is_blink
    assert without_blinks(events[-1:], LIDS) == events[-1:]  # nothing to compare it with


@pytest.mark.parametrize(("count", "ratio", "are_traces"), [(3, 0.5, True), (2, 0.5, False), (5, 0.7, False)])
def test_what_blink_after_blink_leaves_is_no_twitch(count: int, ratio: float, are_traces: bool) -> None:
    """Accident: ten of twelve blinks left half a twitch each on a lid beside which hairs fell."""
    twitches = [candidate(one) for one in (2.0, 7.0, 12.0, 22.0, 33.0)]
    during = [candidate(one, amplitude_px=ratio) for one in BLINKS_S[:count]]
    of_full_height = candidate(BLINKS_S[-1])
    kept = without_blinks([*twitches, *during, of_full_height], LIDS)
    assert kept == [*twitches, *([] if are_traces else during), of_full_height]


@given(st.integers(0, 10_000), st.integers(10, 40))
def test_a_site_that_twitches_at_any_time_is_none_of_blinks(seed: int, count: int) -> None:
    """However far below those of another site its twitches are."""
    weak = [candidate(one, seed=1, amplitude_px=0.3) for one in np.random.default_rng(seed).uniform(1, 59, count)]
    strong = [candidate(one, seed=0) for one in (3.0, 14.0, 40.0)]
    assert without_blink_sites([*weak, *strong], LIDS, SEEN) == [*weak, *strong]


@pytest.mark.parametrize(("ratio", "blinks", "is_theirs"), [(0.6, 5, True), (0.9, 5, False), (0.6, 2, False)])
def test_what_is_left_of_a_site_and_moves_with_blinks_is_theirs(ratio: float, blinks: int, is_theirs: bool) -> None:
    """Accidents: of seven events beside a lid that twitches five lay in blinks; seven as high as its own were its."""
    left = [candidate(one, seed=1, amplitude_px=ratio) for one in (*BLINKS_S[:blinks], *BLINKS_S[:blinks] + 0.05, 3.0)]
    own = [candidate(one, seed=0) for one in (3.0, 14.0, 40.0)]
    lone = candidate(BLINKS_S[7], seed=2, is_single=True)
    assert without_blink_sites([*left, *own, lone], LIDS, SEEN) == [*([] if is_theirs else left), *own, lone]


GRIMACES_S = np.array([8.0, 21.0, 33.0, 50.0])
GRIMACING = np.abs(TIME_S[:, None] - GRIMACES_S).min(1) < 0.6


@given(st.integers(0, 10_000), st.floats(0.01, 5.0))
def test_a_site_that_twitches_at_any_time_is_no_part_of_what_moves_now_and_then(seed: int, size_px: float) -> None:
    at_s = np.random.default_rng(seed).uniform(1, 59, 40)
    events = [candidate(one, amplitude_px=size_px) for one in at_s]
    assert without_parts(events, GRIMACING, np.full(len(TIME_S), 9.0), SEEN, TIME_S) == events


@pytest.mark.parametrize(("ratio", "is_part"), [(0.5 * PART_RATIO, True), (2 * PART_RATIO, False)])
def test_what_moves_with_a_grimace_alone_is_its_part_unless_it_moves_the_most(ratio: float, is_part: bool) -> None:
    """Accident: 19 events of a brow that three grimaces pulled along; and a wide twitch, which looks like a whole."""
    largest_px = np.where(GRIMACING, 9.0, 1.0)
    at_s = [one + later for one in GRIMACES_S for later in (-0.3, 0.0, 0.3)]
    own = [candidate(one, seed=1, amplitude_px=9.0 * ratio) for one in at_s]
    others = [candidate(one, seed=0) for one in (3.0, 8.0, 14.0, 40.0)]
    kept = without_parts([*own, *others], GRIMACING, largest_px, SEEN, TIME_S)
    assert kept == (others if is_part else [*own, *others])
    assert without_parts(own, np.zeros(len(TIME_S), bool), largest_px, SEEN, TIME_S) == own
