"""What may be opened at all, decided without opening it. Light: the command line asks before anything is loaded."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from vision.errors import ClipNotFoundError, ClipNotReadableError

AN_ORIGINAL = "copy the original file from the phone again"


def shown_name(path: Path) -> str:
    """Name of the file without anything a terminal might act on."""
    return shown(path.name)


def shown(text: object) -> str:
    """Put ``?`` in place of all that a terminal might act on or cannot write, such as bytes that are no letters."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))


def require_regular_file(path: Path, *, follow_links: bool = False) -> None:
    """Refuse what is no regular file, without opening it: a pipe would block.

    Parameters
    ----------
    follow_links : take a symbolic link for the file it points to. Otherwise it is refused: in a folder that others
        write to, a link makes the program read what they cannot.
    """
    name = shown_name(path)
    try:
        status = path.stat() if follow_links else path.lstat()
    except (OSError, ValueError) as error:
        raise ClipNotFoundError(f"there is no file {name}", "a video file", "check the path") from error
    if stat.S_ISLNK(status.st_mode):
        raise ClipNotFoundError(
            f"{name} is a symbolic link", "the video file itself", "name the file that it points to"
        )
    if stat.S_ISDIR(status.st_mode):
        raise ClipNotFoundError(f"{name} is a folder", "a video file", "name the clips in it")
    if not stat.S_ISREG(status.st_mode):
        raise ClipNotFoundError(f"{name} is a pipe, socket or device", "a video file", "copy it to disk first")
    if status.st_size == 0:
        raise ClipNotReadableError(f"{name} is empty", "a video file", AN_ORIGINAL)


def stamp_of(path: Path) -> tuple[str, int, int, int, int]:
    """Tell a file from any other and from its own later versions: path, device, number, size, time of change."""
    status = path.stat()
    return os.fspath(path.absolute()), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
