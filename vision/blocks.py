"""Work cut into blocks: what fits into a processor's cache, side by side where there are processors for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Told = TypeVar("_Told")

BLOCK = 64  # columns, places or frames that are worked on at once: what fits into a processor's cache
MOST_AT_ONCE = 2  # blocks; each holds copies of its columns for the whole of a clip. Our choice


def blocks(count: int, size: int = BLOCK) -> list[slice]:
    """Cut 0 .. count into slices."""
    return [slice(start, start + size) for start in range(0, count, size)]


def each_block(work: Callable[[slice], _Told], count: int, size: int = BLOCK) -> list[_Told]:
    """Do the same to every block of 0 .. count; what each gives, in order.

    Two at once where the environment allows numeric libraries as many threads (OMP_NUM_THREADS), for NumPy lets go of
    the interpreter while it sorts and multiplies. What comes out is the same. Work must not call this itself.
    """
    parts = blocks(count, size)
    if len(parts) < 2 or _threads_allowed() < 2:
        return [work(own) for own in parts]
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        return list(pool.map(work, parts))


def _threads_allowed() -> int:
    first, _, _ = os.environ.get("OMP_NUM_THREADS", "").partition(",")  # the rest is for nested threads
    return int(first) if first.isdecimal() else os.cpu_count() or 1
