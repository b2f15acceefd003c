"""Parts worked on side by side are what they are one after the other."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.threads import MOST_AT_ONCE, allowed_threads, side_by_side


@given(st.lists(st.integers(), max_size=20))
def test_the_answers_come_in_the_order_of_the_parts(parts: list[int]) -> None:
    assert side_by_side(lambda part: 3 * part, parts) == [3 * part for part in parts]


@pytest.mark.parametrize(("told", "allowed"), [("1", 1), ("3", 3), ("4,2", 4), ("64", MOST_AT_ONCE)])
def test_as_many_threads_as_the_libraries_may_have(told: str, allowed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert allowed_threads() == allowed


@pytest.mark.parametrize("told", ["", "0", "many", "²", None])
def test_where_nobody_says_there_is_one_at_least(told: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if told is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert 1 <= allowed_threads() <= MOST_AT_ONCE


def test_one_thread_is_the_caller_and_two_work_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert set(side_by_side(lambda _: threading.current_thread(), [1, 2])) == {threading.current_thread()}
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    both = threading.Barrier(2, timeout=10)  # broken, and so an error, unless two are there
    assert sorted(side_by_side(lambda _: both.wait(), [1, 2])) == [0, 1]


def test_what_a_part_raises_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda part: 1 // part, [1, 0, 2])
