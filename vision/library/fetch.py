"""One clip brought here from object storage for as long as it is looked at, within limits of size and time."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from vision.errors import ClipError, ClipNotFetchedError, ClipNotReadableError
from vision.library.files import aside_in
from vision.library.remote import file_system, is_remote, require_store
from vision.report.folder import refusal
from vision.settings import FetchSettings
from vision.video.files import shown_name

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # of the disk that the copy goes to


@contextmanager
def local_copy(place: str, work: Path, allowed: FetchSettings) -> Iterator[Path]:
    """Give a local path to a clip; what was fetched for it goes when the block ends."""
    if not is_remote(place):
        yield Path(place)
        return
    require_store(place, allowed)
    store, path = file_system(place)
    folder = aside_in(work)
    try:
        try:
            folder.mkdir()
        except OSError as error:
            raise refusal(work, error) from error
        copy = folder / PurePosixPath(path).name
        _fetch(store, path, copy, allowed)
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch(store: Any, path: str, copy: Path, allowed: FetchSettings) -> None:
    """Fetch one object within the limits. A store that hangs keeps a thread, which ends with the process at last."""
    from fsspec.callbacks import Callback

    failed: list[Exception] = []
    is_late = threading.Event()
    guard = Callback(hooks={"guard": _guard(shown_name(copy), allowed, is_late)})

    def fetch() -> None:
        try:
            store.get_file(path, str(copy), callback=guard)
        except Exception as error:  # each store has its own errors
            failed.append(error)

    thread = threading.Thread(target=fetch, name="fetch", daemon=True)
    thread.start()
    thread.join(allowed.longest_s)
    if thread.is_alive():
        is_late.set()
        raise _not_here_in_time(shown_name(copy), allowed)
    if failed:
        raise failed[0] if isinstance(failed[0], ClipError) else _not_fetched(copy, failed[0]) from failed[0]


def _guard(name: str, allowed: FetchSettings, is_late: threading.Event) -> Callable[..., None]:
    """Make what the store tells of each piece that came: it ends what grows too large or comes too late."""

    def look(size: int | None, value: int, **_: Any) -> None:
        if is_late.is_set():
            raise _not_here_in_time(name, allowed)
        if max(size or 0, value) > allowed.largest_bytes:
            raise ClipNotReadableError(
                f"{name} is larger than {allowed.largest_bytes / (1 << 30):.3g} GiB",
                "a film that is smaller",
                "cut it; the setting fetch.largest_bytes allows more",
            )

    return look


def _not_here_in_time(name: str, allowed: FetchSettings) -> ClipNotFetchedError:
    return ClipNotFetchedError(
        f"{name} was not here within {allowed.longest_s:g} s",
        "a store that answers",
        "run the same command again; the setting fetch.longest_s gives it longer",
    )


def _not_fetched(copy: Path, error: Exception) -> Exception:
    """Tell a full disk here, and a store that may answer later, from an object that cannot be read."""
    if isinstance(error, OSError) and error.errno in DISK_ERRORS:
        return refusal(copy, error)
    what, expected = f"{shown_name(copy)} cannot be fetched ({type(error).__name__})", "an object that may be read"
    if isinstance(error, FileNotFoundError | PermissionError):
        return ClipNotReadableError(what, expected, "check the address and the rights")
    return ClipNotFetchedError(what, expected, "run the same command again when the store answers")
