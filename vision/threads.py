"""Work on parts of an array in several threads: NumPy and SciPy let go of the interpreter while they count."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MOST_THREADS = 4  # each holds what it works on; our choice

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
    """Give as many threads as the numeric libraries may have, MOST_THREADS at most; see `isolate`, which tells them."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(MOST_THREADS, int(told) if told.isdigit() and int(told) else os.cpu_count() or 1)
