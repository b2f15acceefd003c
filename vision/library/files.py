"""Files of the library: named by their content, written aside, forced to disk and renamed; never half there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from vision.errors import ClipNotReadableError, SettingsError
from vision.report.folder import PARTIAL_PREFIX, PARTIAL_SUFFIX, RESULT_NAME, refusal
from vision.video.files import shown_name

CHUNK_BYTES = 1 << 20
LEFTOVER_AGE_S = 24 * 3600.0  # older than any clip may take: nobody writes there any more


def looked_at(path: Path, look: Callable[[Path], bool]) -> bool:
    """Ask the system about a path that the user named, such as by `Path.is_dir`.

    Raises
    ------
    SettingsError
        The system does not say: there is no right to look, or the name is too long.
    """
    try:
        return look(path)
    except OSError as error:
        raise not_looked_at(path, error) from error


def not_looked_at(path: Path, error: OSError) -> SettingsError:
    """Say that the system does not let a path be looked at."""
    return SettingsError(
        f"{shown_name(path)[:60]} cannot be read ({error.strerror or type(error).__name__})",
        "a path with the right to read",
        "check the path and its rights",
    )


def walked(folder: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """Name all files below a folder; each folder in it that cannot be read is told to `on_error`."""
    for at, _, names in os.walk(folder, onerror=on_error):
        yield from (Path(at, name) for name in names)


def sha256_of(path: Path) -> str:
    """Hash the content of a file.

    Raises
    ------
    ClipNotReadableError
        The system would not let it be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise ClipNotReadableError(
            f"{shown_name(path)} cannot be read ({error.strerror})", "a file with the right to read", "check its rights"
        ) from error
    return digest.hexdigest()


def aside_in(folder: Path) -> Path:
    """Name a place in `folder` to write to before it is renamed; swept up later where a process was killed."""
    return folder / f"{PARTIAL_PREFIX}{uuid.uuid4().hex[:12]}{PARTIAL_SUFFIX}"


def keep_copy(source: Path, folder: Path, work: Path, key: str, suffix: str) -> str:
    """Copy a clip bit for bit to ``folder/ab/abc….mp4``, by way of `work`, and give its name below `folder`.

    Raises
    ------
    ClipNotReadableError
        What was copied is not the content `key`: the file changed meanwhile.
    OutputError
        The copy cannot be written.
    """
    name = f"{key[:2]}/{key}{suffix}"
    target = folder / name
    try:
        if target.exists() and sha256_of(target) == key:
            return name
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = aside_in(work)
        try:
            shutil.copyfile(source, aside)
            if sha256_of(aside) != key:
                raise ClipNotReadableError(f"{source.name} changed while it was copied", "a finished file", "try again")
            to_disk(aside)
            aside.replace(target)
            to_disk(target.parent)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise refusal(target, error) from error
    return name


def place_of(result: Path, results: Path) -> Path:
    """Say where a written result folder goes: it is named by its result.json."""
    key = hashlib.sha256((result / RESULT_NAME).read_bytes()).hexdigest()
    return results / key[:2] / key


def settle(aside: Path, results: Path) -> str:
    """Move a written result folder to its place, named by its result.json; give that name.

    The same result may be there already, from a run that was killed before it was recorded: then only files that it
    lacks move in. One whose result.json is damaged or gone is replaced, file by file, that one last.
    """
    try:
        target = place_of(aside, results)
        for file in aside.iterdir():
            to_disk(file)
        to_disk(aside)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.rename(target)
        except OSError:
            if not target.is_dir():
                raise
            _complete(target, aside)
        to_disk(target.parent)
    except OSError as error:
        raise refusal(results, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target.name


def _complete(target: Path, aside: Path) -> None:
    keeps = is_whole(target)
    for file in sorted(aside.iterdir(), key=lambda file: file.name == RESULT_NAME):
        there = target / file.name
        if keeps and there.exists():
            continue
        if there.is_dir():
            shutil.rmtree(there)
        file.replace(there)


def is_whole(result: Path) -> bool:
    """True where the result.json in a folder of results is the one that the folder is named by."""
    try:
        return hashlib.sha256((result / RESULT_NAME).read_bytes()).hexdigest() == result.name
    except OSError:
        return False


def to_disk(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to disk now."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Take away what killed processes left half written, long ago enough that no other program works on it."""
    oldest_s = time.time() - LEFTOVER_AGE_S
    for entry in folder.glob(f"{PARTIAL_PREFIX}*{PARTIAL_SUFFIX}"):
        with contextlib.suppress(OSError):  # another program sweeps too
            if entry.stat().st_mtime < oldest_s:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
