"""Work cut into pieces, done side by side where there are processors for it: by threads, or by two processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TypeVar

_Told = TypeVar("_Told")

BLOCK = 32  # columns, places or frames that are worked on at once: what fits into a processor's cache
FULL_ROWS = 2048  # up to which columns are worked on in full blocks: a minute of 30 frames a second
MOST_AT_ONCE = 2  # blocks; each holds copies of its columns for the whole of a clip. Our choice
# Where the process behind the fence is told how many it may be: nobody else's process is split (see `each_apart`).
PROCESS_COUNT = "TWITCHSCOPE_PROCESSES"
PATIENCE_S = 10.0  # with its last piece of work, beyond what all of ours took: then it hangs. Our choice
MOST_APART = 1000  # pieces of work: their numbers, of four bytes, wait in a pipe, which holds 4 KiB at least
PR_SET_PDEATHSIG = 1  # of prctl(2): the signal that comes when the thread ends that made the copy


def blocks(count: int, size: int = BLOCK) -> list[slice]:
    """Cut 0 .. count into slices."""
    return [slice(start, start + size) for start in range(0, count, size)]


def columns_at_once(rows: int, most: int = BLOCK) -> int:
    """Columns of a block: of a long clip fewer, so that neither cache nor memory is asked for more."""
    return max(1, most * FULL_ROWS // max(rows, FULL_ROWS))


def each_block(work: Callable[[slice], _Told], count: int, size: int = BLOCK) -> list[_Told]:
    """Do the same to every block of 0 .. count; what each gives, in order.

    Two at once where the environment allows numeric libraries as many threads (OMP_NUM_THREADS), for NumPy lets go of
    the interpreter while it sorts and multiplies. What comes out is the same. Work must not call this itself, but
    for what is a single block.
    """
    parts = blocks(count, size)
    if len(parts) < 2 or _threads_allowed() < 2:
        return [work(own) for own in parts]
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        return list(pool.map(work, parts))


def _threads_allowed() -> int:
    first, _, _ = os.environ.get("OMP_NUM_THREADS", "").partition(",")  # the rest is for nested threads
    return int(first) if first.isdecimal() else os.cpu_count() or 1


def each_apart(work: Callable[[int], _Told], count: int) -> list[_Told]:
    """Do the same for every number 0 .. count; what each gives, in order.

    In two processes where `PROCESS_COUNT` allows: for work on arrays so small that NumPy never lets go of the
    interpreter, where threads only wait for each other. The second is a copy of this one and sees all that this one
    sees, and ends with it; what it has not told, because it failed, was killed or hangs, is done here. What comes out
    is the same.

    Parameters
    ----------
    work : what it gives must be picklable. It must not use OpenCV, whose threads a copy lacks.
    """
    told: dict[int, _Told] = {}
    if 1 < count <= MOST_APART and _may_be_two():
        told = _by_two(work, count)
    return [told[number] if number in told else work(number) for number in range(count)]


def _may_be_two() -> bool:
    """Only on Linux are the system's own libraries made for being copied in mid-work."""
    return sys.platform == "linux" and os.environ.get(PROCESS_COUNT, "1") not in ("", "0", "1")


def _by_two(work: Callable[[int], _Told], count: int) -> dict[int, _Told]:
    """Let a copy of this process take every piece of work that comes while this one is busy; what both have done."""
    with _pipe(0) as (todo, asks), _pipe() as (hears, tells):
        asks.write(b"".join(number.to_bytes(4, "little") for number in range(count)))
        asks.close()
        boss, libc = os.getpid(), ctypes.CDLL(None)
        try:
            copy = os.fork()
        except OSError:  # the system allows no further process
            return {}
        if copy == 0:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            hears.close()  # so that what is told to a process that has gone fails, and does not wait for ever
            _tell_and_leave(work, todo, tells, boss)
        try:
            tells.close()
            began_s = time.monotonic()
            own = {number: work(number) for number in _taken(todo)}
            return {**_heard(hears, PATIENCE_S + time.monotonic() - began_s), **own}
        finally:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):  # who ignores SIGCHLD has none to wait for
                os.kill(copy, signal.SIGKILL)
                os.waitpid(copy, 0)


@contextlib.contextmanager
def _pipe(buffering: int = -1) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Give the end to read from and the end to write to."""
    out, into = os.pipe()
    with os.fdopen(out, "rb", buffering) as reads, os.fdopen(into, "wb", buffering) as writes:
        yield reads, writes


def _taken(todo: IO[bytes]) -> Iterator[int]:
    """Take numbers off a pipe that two processes read: one read is never shared."""
    while number := todo.read(4):
        yield int.from_bytes(number, "little")


def _tell_and_leave(work: Callable[[int], _Told], todo: IO[bytes], tells: IO[bytes], boss: int) -> None:
    """Work, tell the first process unless it has gone, and end without a word to any library."""
    with contextlib.suppress(BaseException):  # the first process does again what went wrong, and hears of it itself
        if os.getppid() == boss:  # from now on the system ends us with it
            pickle.dump({number: work(number) for number in _taken(todo)}, tells, pickle.HIGHEST_PROTOCOL)
            tells.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def _heard(hears: IO[bytes], patience_s: float) -> dict[int, _Told]:
    """What the copy tells; nothing where it does not begin in time, or ends before its end."""
    if not select.select([hears], [], [], patience_s)[0]:
        return {}
    with contextlib.suppress(EOFError, pickle.UnpicklingError):
        found: dict[int, _Told] = pickle.load(hears)  # noqa: S301 told by a copy of this very process
        return found
    return {}
