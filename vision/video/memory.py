"""Reading a file's index within little memory: a file of 3 kB may claim so many pictures that their index takes GBs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

# Beyond what is in use already. The index of the longest film, 432 000 pictures, takes 20 MB; our choice.
INDEX_BYTES = 512 << 20
_SELF = Path("/proc/self/statm")


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    """Hold the address space down to what is in use and `INDEX_BYTES`; what wants more gets a MemoryError.

    Does so only where the process has a limit already, that is behind the fence and on Linux: in a caller's own
    process it would touch threads that are not ours.
    """
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        used = int(_SELF.read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        soft = used = -1
    if soft < 0:  # RLIM_INFINITY is -1
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (min(soft, used + INDEX_BYTES), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
