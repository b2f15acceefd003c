from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.video.timing import PresentationClock

MS = Fraction(1, 1000)
anything = st.lists(st.one_of(st.none(), st.integers(-(10**9), 10**9)), max_size=40)
rising = st.lists(st.integers(1, 10**6), min_size=1, max_size=40)


def placed(
    pts: list[int | None], rate_hz: Fraction | None = Fraction(30), duration: int | None = None
) -> list[Fraction]:
    clock = PresentationClock(MS, rate_hz)
    shown = [clock.place(stamp, duration) for stamp in pts]
    return [time_s for time_s in shown if time_s is not None]


@given(anything)
def test_whatever_the_stamps_times_start_at_zero_and_rise(pts: list[int | None]) -> None:
    times_s = placed(pts)
    assert times_s[:1] == [0] * bool(pts)
    assert all(late > early for early, late in pairwise(times_s))


@given(rising, st.integers(-(10**9), 10**9))
def test_shifting_every_stamp_changes_nothing(steps: list[int], shift: int) -> None:
    pts = [sum(steps[:count]) for count in range(len(steps))]
    assert placed(pts) == [stamp * MS for stamp in pts]
    assert placed([stamp + shift for stamp in pts]) == placed(pts)


@given(rising)
def test_rate_times_span_counts_the_intervals(steps: list[int]) -> None:
    clock = PresentationClock(MS, None)
    times_s = [clock.place(sum(steps[:count]), None) for count in range(len(steps))]
    if len(steps) < 2:
        assert clock.mean_rate_hz is None
    else:
        assert clock.mean_rate_hz == pytest.approx((len(steps) - 1) / float(times_s[-1] or 0))


def test_a_missing_stamp_stands_one_interval_after_the_frame_before() -> None:
    clock = PresentationClock(MS, None)
    assert [clock.place(stamp, None) for stamp in (100, 140, None, 220)] == [0, 40 * MS, 80 * MS, 120 * MS]
    assert clock.problems == ["missing-timestamps"]


def test_without_any_rate_a_missing_stamp_cannot_be_placed() -> None:
    clock = PresentationClock(MS, None)
    assert [clock.place(stamp, None) for stamp in (None, None, 40)] == [0, None, 40 * MS]


def test_what_does_not_advance_is_left_out_and_named() -> None:
    clock = PresentationClock(MS, None)
    assert [clock.place(stamp, None) for stamp in (0, 40, 40, 20, 80)] == [0, 40 * MS, None, None, 80 * MS]
    assert clock.problems == ["duplicate-timestamps", "backward-timestamps"]
    assert clock.count == 3


@pytest.mark.parametrize(
    ("pts", "is_variable"),
    [
        ([0, 33, 67, 100, 133], False),
        ([0, 33, 68, 99, 133], False),
        ([0, 33, 67, 133, 166], True),
        ([0, 33], None),
        ([], None),
    ],
)
def test_rounding_is_not_variable_rate(pts: list[int], is_variable: bool | None) -> None:
    clock = PresentationClock(MS, None)
    for stamp in pts:
        clock.place(stamp, None)
    assert clock.is_variable_rate is is_variable


def test_a_coarse_clock_makes_a_steady_rate_jump_by_a_tick() -> None:
    clock = PresentationClock(Fraction(1, 100), None)
    for stamp in (0, 8, 17, 25, 33):
        clock.place(stamp, None)
    assert clock.is_variable_rate is False


@pytest.mark.parametrize(("duration", "expected_ms"), [(500, 580), (1, 120), (0, 120), (None, 120)])
def test_the_last_picture_lasts_as_said_unless_that_is_absurd(duration: int | None, expected_ms: int) -> None:
    clock = PresentationClock(MS, None)
    for stamp in (0, 40, 80):
        clock.place(stamp, duration)
    assert clock.duration_s == expected_ms * MS


def test_no_picture_has_no_duration() -> None:
    assert PresentationClock(MS, None).duration_s is None
