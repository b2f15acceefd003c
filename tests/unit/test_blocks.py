"""Blocks cover everything once, and how many are worked on at once changes nothing."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.blocks import MOST_AT_ONCE, blocks, each_block
from vision.dsp import robust_sd


@given(st.integers(0, 1000), st.integers(1, 200))
def test_blocks_cover_everything_once_and_in_order(count: int, size: int) -> None:
    covered = [number for own in blocks(count, size) for number in range(count)[own]]
    assert covered == list(range(count))


@pytest.mark.parametrize("allowed", ["1", "2", "8", "4,2", "", "many", "0"])
def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch, allowed: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", allowed)
    values = np.random.default_rng(0).standard_normal((50, 300)).astype(np.float32)
    told = each_block(lambda own: robust_sd(values[:, own]), 300, 7)
    np.testing.assert_array_equal(np.concatenate(told), robust_sd(values))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 40))
def test_what_goes_wrong_in_a_block_is_heard(bad: int) -> None:
    def work(own: slice) -> int:
        if own.start == bad:
            raise ValueError(bad)
        return own.start

    with pytest.raises(ValueError, match=str(bad)):
        each_block(work, 41, 1)


@pytest.mark.parametrize(("allowed", "threads"), [("1", 1), ("64", MOST_AT_ONCE)])
def test_no_more_blocks_are_held_at_once_than_is_said(
    monkeypatch: pytest.MonkeyPatch, allowed: str, threads: int
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", allowed)
    names = each_block(lambda _: threading.current_thread().name, 100, 1)
    assert len(set(names)) <= threads
