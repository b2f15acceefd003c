"""Clips that lie elsewhere: object storage by fsspec (``s3://…``, ``gs://…``), fetched one at a time."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from vision.errors import ClipNotFetchedError, ClipNotReadableError, LibraryError
from vision.library.files import aside_in
from vision.report.folder import refusal

SIGN = "://"
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # of the disk that the copy goes to


def is_remote(place: str) -> bool:
    """True for an address, False for a path."""
    return SIGN in place


def file_system(address: str) -> tuple[Any, str]:
    """Open the store that an address names; give it with the path within.

    Raises
    ------
    LibraryError
        Its library is not installed, or the store is none that is known.
    """
    try:
        import fsspec

        store, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        scheme = address.split(SIGN, 1)[0][:20]
        advice = "pip install 'twitchscope[cloud]' (gs: also gcsfs)"
        raise LibraryError(
            f"clips at {scheme}:// cannot be read", "fsspec and the store's own library", advice
        ) from error
    return store, str(path)


@contextmanager
def local_copy(place: str, work: Path) -> Iterator[Path]:
    """Give a local path to a clip; what was fetched for it goes when the block ends."""
    if not is_remote(place):
        yield Path(place)
        return
    store, path = file_system(place)
    folder = aside_in(work)
    try:
        try:
            folder.mkdir()
        except OSError as error:
            raise refusal(work, error) from error
        copy = folder / PurePosixPath(path).name
        try:
            store.get_file(path, str(copy))
        except Exception as error:  # each store has its own errors
            raise _not_fetched(copy, error) from error
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _not_fetched(copy: Path, error: Exception) -> Exception:
    """Tell a full disk here, and a store that may answer later, from an object that cannot be read."""
    if isinstance(error, OSError) and error.errno in DISK_ERRORS:
        return refusal(copy, error)
    what, expected = f"{copy.name} cannot be fetched ({type(error).__name__})", "an object that may be read"
    if isinstance(error, FileNotFoundError | PermissionError):
        return ClipNotReadableError(what, expected, "check the address and the rights")
    return ClipNotFetchedError(what, expected, "run the same command again when the store answers")


def stamp_of(address: str, *, is_fresh: bool = False) -> str | None:
    """Tell an object from its later versions by the store's own tag; None where it gives none.

    Parameters
    ----------
    is_fresh : ask the store now, instead of believing what it said when it was listed.
    """
    store, path = file_system(address)
    try:
        facts = store.info(path, refresh=True) if is_fresh else store.info(path)
    except Exception:  # it is refused later, with a reason, when it is fetched
        return None
    tag = facts.get("ETag") or facts.get("etag") or facts.get("md5Hash")
    return None if tag is None else f"{tag}:{facts.get('size')}"


def listed(address: str) -> list[str]:
    """Name all objects below an address."""
    store, path = file_system(address)
    try:
        found = store.find(path)
    except Exception as error:
        raise LibraryError(
            f"the store cannot be listed ({type(error).__name__})", "one that answers", "check address and rights"
        ) from error
    return [store.unstrip_protocol(name) for name in found]
