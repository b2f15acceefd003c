"""The folder of a library: what lies in it, and the file that says that it is one and with which database."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from vision.errors import LibraryError, OutputError
from vision.library import files
from vision.report.folder import PARTIAL_PREFIX, is_empty, replace_text
from vision.video.files import shown

MARK_NAME, DATABASE_NAME = "library.json", "library.sqlite"
FOLDERS = CLIPS, RESULTS, WORK = "clips", "results", "work"
FORMAT = 1
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a path has lost one of its slashes; drives have one letter


def require_path(folder: Path) -> None:
    """Refuse an address: taken for a path it would make a folder here.

    Raises
    ------
    LibraryError
        It is one.
    """
    if ADDRESS.match(found := folder.as_posix()):
        scheme = shown(found.partition(":")[0])[:20]
        raise LibraryError(
            f"--library names an address ({scheme}:)",
            "a folder on a disk",
            "name one; only clips are read from elsewhere, and --database takes the address of a database",
        )


def is_new(folder: Path, url: str | None, *, is_new_allowed: bool) -> bool:
    """Look whether the folder is a library of this format and database, or may become one. Nothing is changed.

    Raises
    ------
    LibraryError
        It is neither, or was made with another kind of database or by a newer version.
    OutputError
        It cannot be looked at.
    """
    try:
        if not (folder / MARK_NAME).exists():
            if not is_new_allowed:
                raise LibraryError(
                    f"{shown(folder.name)} is no library", "one that upload or batch made", "check --library"
                )
            if _may_become_one(folder, url):
                return True
            if not (folder / MARK_NAME).exists():  # another program may have made it meanwhile
                raise LibraryError(
                    f"the folder {shown(folder.name)} holds something else",
                    "a new or empty folder, or a library",
                    "name another",
                )
    except OSError as error:
        raise not_written(folder, error.strerror) from error
    said = _said(folder)
    if said.get("format") != FORMAT:
        raise LibraryError("the library was made by a newer version of twitchscope", f"format {FORMAT}", "update it")
    if (said.get("database") == "url") != bool(url):
        expected = "--database or TWITCHSCOPE_DATABASE" if not url else "no --database"
        raise LibraryError("this library was made with another database", expected, "name the one it was made with")
    return False


def _said(folder: Path) -> dict[str, Any]:
    """Read the file; one that holds no table says nothing."""
    try:
        said = json.loads((folder / MARK_NAME).read_text(encoding="utf-8"))
    except OSError as error:
        raise not_written(folder, error.strerror) from error
    except ValueError as error:
        raise LibraryError(f"{MARK_NAME} is damaged", "the file that twitchscope wrote", "put back a backup") from error
    return said if isinstance(said, dict) else {}


def id_of(folder: Path) -> str | None:
    """Read the library's id; None where there is no such file yet, or an older version wrote it."""
    found = _said(folder).get("id") if (folder / MARK_NAME).exists() else None
    return found if isinstance(found, str) else None


def _may_become_one(folder: Path, url: str | None) -> bool:
    """True for a folder that is new, empty, or what a program left that was stopped while it made a library."""
    if not folder.is_dir():
        return not folder.exists()
    ours = (PARTIAL_PREFIX,) if url else (PARTIAL_PREFIX, DATABASE_NAME)
    rest = [path for path in folder.iterdir() if not path.name.startswith(ours)]
    return all(path.name in FOLDERS and path.is_dir() and is_empty(path) for path in rest)


def furnish(folder: Path) -> None:
    """Make the folders of a library, and take away what killed processes left long ago."""
    try:
        for name in FOLDERS:
            if not (folder / name).is_dir():
                (folder / name).mkdir(parents=True, exist_ok=True)
        files.sweep(folder / WORK)
    except OSError as error:
        raise not_written(folder, error.strerror) from error


def write(folder: Path, url: str | None, name: str) -> None:
    """Say that this is a library, with which kind of database, and by which id that knows it."""
    said = {"format": FORMAT, "database": "url" if url else DATABASE_NAME, "id": name}
    try:
        replace_text(folder / MARK_NAME, json.dumps(said) + "\n")
    except OutputError as error:
        raise not_written(folder, error.found) from error


def not_written(folder: Path, how: str | None) -> OutputError:
    """Say that the library's folder cannot be used."""
    return OutputError(
        f"the library {shown(folder.name)[:60]} cannot be written ({how})",
        "a disk with room and the right to write",
        "name another with --library",
    )
