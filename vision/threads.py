"""Work on parts of an array in several threads: NumPy and SciPy let go of the interpreter while they count."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MOST_AT_ONCE = 4  # each holds what it works on; our choice

_Part = TypeVar("_Part")
_Made = TypeVar("_Made")


def side_by_side(work: Callable[[_Part], _Made], parts: Sequence[_Part]) -> list[_Made]:
    """Give what `map` gives, some parts at once; `work` must not change what other parts use."""
    threads = min(allowed_threads(), len(parts))
    if threads < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads, "part") as pool:
        return list(pool.map(work, parts))


def allowed_threads() -> int:
    """Give as many threads as the numeric libraries may have, MOST_AT_ONCE at most; see `isolate`, which tells them."""
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()  # "4,2" is for nested ones
    return min(MOST_AT_ONCE, int(told) if told.isdecimal() and int(told) else os.cpu_count() or 1)
