"""Blocks cover everything once, and how many are worked on at once, by threads or by processes, changes nothing."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.blocks import FULL_ROWS, MOST_AT_ONCE, PROCESS_COUNT, blocks, columns_at_once, each_apart, each_block
from vision.dsp import robust_sd

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a process is copied on Linux alone")
# Python 3.12 warns of copies of a process with threads, as the tests' own is; the fence's child has those of libraries.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
HANG_S = 30.0


@given(st.integers(0, 1000), st.integers(1, 200))
def test_blocks_cover_everything_once_and_in_order(count: int, size: int) -> None:
    covered = [number for own in blocks(count, size) for number in range(count)[own]]
    assert covered == list(range(count))


@given(st.integers(1, 10**6), st.integers(1, 600))
def test_a_block_of_a_long_clip_holds_no_more_than_that_of_a_short_one(rows: int, most: int) -> None:
    columns = columns_at_once(rows, most)
    assert 1 <= columns <= most
    assert columns == most or rows > FULL_ROWS
    assert columns == 1 or rows <= FULL_ROWS or columns * rows <= most * FULL_ROWS


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


@pytest.mark.parametrize("allowed", ["1", "2", "8", ""])
@settings(deadline=None, max_examples=5)
@given(st.lists(st.binary(max_size=100_000), max_size=9))
def test_the_number_of_processes_changes_nothing(allowed: str, told: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PROCESS_COUNT, allowed)
        assert each_apart(told.__getitem__, len(told)) == told


def _as_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROCESS_COUNT, "2")


@on_linux
def test_two_processes_work_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    _as_two(monkeypatch)
    ends = os.pipe(), os.pipe()

    def meet(number: int) -> int:
        """Call the other one and wait for its call."""
        os.write(ends[number][1], b"!")
        assert select.select([ends[1 - number][0]], [], [], HANG_S)[0]
        return os.getpid()

    assert len(set(each_apart(meet, 2))) == 2


def test_a_process_that_nobody_allowed_to_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PROCESS_COUNT, raising=False)
    assert set(each_apart(lambda _: os.getpid(), 20)) == {os.getpid()}


@on_linux
@pytest.mark.parametrize("bad", range(4))
def test_what_goes_wrong_in_either_process_is_heard(monkeypatch: pytest.MonkeyPatch, bad: int) -> None:
    _as_two(monkeypatch)

    def work(number: int) -> int:
        if number == bad:
            raise ValueError(bad)
        return number

    with pytest.raises(ValueError, match=str(bad)):
        each_apart(work, 4)


@on_linux
@pytest.mark.parametrize(
    "fail",
    [lambda: os._exit(1), lambda: time.sleep(HANG_S), lambda: lambda: "what cannot be told"],
    ids=["killed", "hangs", "cannot tell"],
)
def test_what_a_lost_copy_has_not_told_is_done_again(
    monkeypatch: pytest.MonkeyPatch, fail: Callable[[], object]
) -> None:
    _as_two(monkeypatch)
    monkeypatch.setattr("vision.blocks.PATIENCE_S", 0.1)
    boss = os.getpid()

    def work(number: int) -> object:
        if os.getpid() != boss:
            return fail()
        time.sleep(0.02)  # so that the copy has its share
        return number

    assert each_apart(work, 6) == list(range(6))


@on_linux
def test_where_no_process_may_be_added_one_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    _as_two(monkeypatch)

    def no_more() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", no_more)
    assert each_apart(lambda number: number, 6) == list(range(6))


@on_linux
def test_no_process_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    _as_two(monkeypatch)
    copies, fork = [], os.fork
    monkeypatch.setattr(os, "fork", lambda: copies.append(fork()) or copies[-1])
    each_apart(lambda number: number, 5)
    assert len(copies) == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(copies[0], os.WNOHANG)


ORPHAN = """
import os, sys, time
from pathlib import Path
from vision.blocks import each_apart
boss = os.getpid()
def work(number):
    if os.getpid() == boss:
        time.sleep(1000)
    Path(sys.argv[1]).with_suffix(".new").write_text(str(os.getpid()))
    Path(sys.argv[1]).with_suffix(".new").rename(sys.argv[1])
    time.sleep(float(sys.argv[2]))
    return bytes(1_000_000)
each_apart(work, 2)
"""


@on_linux
@pytest.mark.parametrize("busy_s", [1000, 0], ids=["at work", "telling more than a pipe holds"])
def test_a_copy_ends_with_its_process(tmp_path: Path, busy_s: float) -> None:
    told = tmp_path / "copy"
    boss = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", ORPHAN, told, str(busy_s)],
        env={**os.environ, PROCESS_COUNT: "2", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    late_s = time.monotonic() + HANG_S
    while not told.exists():
        assert time.monotonic() < late_s
        time.sleep(0.01)
    time.sleep(0.2)
    boss.kill()
    boss.wait()
    while _is_running(int(told.read_text())):
        assert time.monotonic() < late_s
        time.sleep(0.01)


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
