"""Clips that lie elsewhere: object storage by fsspec (``s3://…``, ``gs://…``), and no other addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from vision.errors import ClipNotFetchedError, LibraryError, SettingsError
from vision.settings import FetchSettings
from vision.video.files import shown

SIGN = "://"
CHAIN = "::"  # by which fsspec reads one store through another
ASKED_ONE_BY_ONE = 8  # objects of one folder; beyond, listing the folder is quicker; our choice


def is_remote(place: str) -> bool:
    """True for an address, False for a path."""
    return SIGN in place


def is_allowed(address: str, allowed: FetchSettings) -> bool:
    """True for a store that clips are read from, and none that is read through another."""
    return address.partition(SIGN)[0] in allowed.stores and CHAIN not in address


def require_store(address: str, allowed: FetchSettings) -> None:
    """Refuse an address that clips are not read from, before it is opened.

    Raises
    ------
    SettingsError
        Its scheme is not allowed, or it reads one store through another.
    LibraryError
        The store's own library is not installed.
    """
    scheme = address.partition(SIGN)[0]
    if not is_allowed(address, allowed):
        raise SettingsError(
            f"clips are not read from {shown(scheme)[:40]}{SIGN}{' through another store' * (CHAIN in address)}",
            f"a path, or an address at {' or '.join(one + SIGN for one in allowed.stores)}",
            "name the file; the setting fetch.stores allows others",
        )
    try:
        from fsspec.registry import get_filesystem_class

        get_filesystem_class(scheme)
    except (ImportError, ValueError) as error:
        raise LibraryError(
            f"clips at {scheme}{SIGN} cannot be read",
            "fsspec and the store's own library",
            "pip install 'twitchscope[cloud]' (gs: also gcsfs)",
        ) from error


def file_system(address: str) -> tuple[Any, str]:
    """Open the store that an address names, as `require_store` allowed it; give it with the path within.

    Raises
    ------
    ClipNotFetchedError
        It cannot be opened now: such as without credentials.
    """
    import fsspec

    try:
        store, path = fsspec.core.url_to_fs(address)
    except Exception as error:  # each store has its own errors
        raise ClipNotFetchedError(
            f"the store cannot be opened ({type(error).__name__})",
            "one that lets us in",
            "see to its credentials and run the same command again",
        ) from error
    return store, str(path)


def missing(addresses: Iterable[str]) -> set[str]:
    """Name the addresses at which nothing lies, as far as their stores say so; the others are found out one by one."""
    gone: set[str] = set()
    folders: dict[str, list[str]] = defaultdict(list)
    for address in addresses:
        folders[address.rpartition("/")[0]].append(address)
    with suppress(Exception):  # no right to list, no answer: each clip then has its own line when its turn comes
        for folder, asked in folders.items():
            gone |= _missing_in(folder, asked)
    return gone


def _missing_in(folder: str, addresses: list[str]) -> set[str]:
    if len(addresses) <= ASKED_ONE_BY_ONE:
        return {one for one in addresses if not _exists(*file_system(one))}
    store, path = file_system(folder)
    try:
        there = {name.strip("/") for name in store.ls(path, detail=False)}
    except FileNotFoundError:
        there = set()
    return {one for one in addresses if file_system(one)[1].strip("/") not in there}


def _exists(store: Any, path: str) -> bool:
    try:
        store.info(path)
    except FileNotFoundError:
        return False
    return True


def stamp_of(address: str, *, is_fresh: bool = False) -> str | None:
    """Tell an object from its later versions by the store's own tag; None where it gives none.

    Parameters
    ----------
    is_fresh : ask the store now, instead of believing what it said when it was listed.
    """
    try:
        store, path = file_system(address)
        facts = store.info(path, refresh=True) if is_fresh else store.info(path)
    except Exception:  # it is refused later, with a reason, when it is fetched
        return None
    tag = facts.get("ETag") or facts.get("etag") or facts.get("md5Hash")
    return None if tag is None else f"{tag}:{facts.get('size')}"


def listed(address: str, allowed: FetchSettings) -> list[str]:
    """Name all objects below an address, by the scheme that was asked for.

    Raises
    ------
    SettingsError, LibraryError, ClipNotFetchedError
        As `require_store` and `file_system`; or the store cannot be listed.
    """
    require_store(address, allowed)
    store, path = file_system(address)
    try:
        found = store.find(path)
    except Exception as error:
        raise LibraryError(
            f"the store cannot be listed ({type(error).__name__})", "one that answers", "check address and rights"
        ) from error
    return [address.partition(SIGN)[0] + SIGN + str(name).lstrip("/") for name in found]
