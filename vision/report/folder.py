"""A result folder: what lies in it, whose it is, and how a file in it is replaced without ever being half there."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vision.errors import OutputError

SOFTWARE_NAME = "twitchscope"
RESULT_NAME = "result.json"
EVENTS_NAME = "events.csv"
SIGNALS_NAME = "signals.npz"
REPORT_NAME = "report.html"
OVERLAY_NAME, MAGNIFIED_NAME, EVENT_CLIPS_NAME = "overlay.mp4", "magnified.mp4", "event-clips"
PDF_NAME, FHIR_NAME, PARQUET_NAME = "report.pdf", "fhir.json", "signals.parquet"
DRAWN_NAMES = (
    REPORT_NAME,
    OVERLAY_NAME,
    MAGNIFIED_NAME,
    PDF_NAME,
    FHIR_NAME,
    PARQUET_NAME,
)  # drawn from a result: out of date as soon as the result is another one
PARTIAL_PREFIX, PARTIAL_SUFFIX = ".twitchscope-", ".partial"


def is_ours(folder: Path) -> bool:
    """True where `folder` holds a result.json that twitchscope wrote, of whatever version."""
    try:
        document = json.loads((folder / RESULT_NAME).read_text(encoding="utf-8"))
        return bool(document["software"]["name"] == SOFTWARE_NAME)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return False


def is_empty(folder: Path) -> bool:
    """True where nothing lies in `folder` but what an interrupted run of ours may have left."""
    return all(_is_partial(entry.name) for entry in folder.iterdir())


def require_usable(folder: Path) -> None:
    """Refuse a folder that results cannot or must not be written to, before minutes are spent.

    Raises
    ------
    OutputError
        It is a file, lies below a file, holds something else than a result of ours, or cannot be written.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder.name} is a file", "a folder to write to", "choose another --out")
        if folder.is_dir() and not (is_empty(folder) or is_ours(folder)):
            raise OutputError(
                f"the folder {folder.name} holds something else",
                "an empty or new folder, or one with a result of twitchscope",
                "choose another --out",
            )
        _require_writable(folder)
    except OSError as error:
        raise refusal(folder, error) from error


def refusal(path: Path, error: OSError) -> OutputError:
    """Say why the system would not write, without its full path."""
    return OutputError(
        f"{path.name} cannot be written ({error.strerror or type(error).__name__})",
        "a folder with room and the right to write",
        "free some space or choose another --out",
    )


@contextmanager
def written_aside(folder: Path) -> Iterator[Path]:
    """Give a fresh folder to write into; its files move into `folder` only when the block ends well.

    A new `folder` appears in one step. In an existing one each file is replaced in one step, the names in
    order of writing, so that a file is either the old or the new one. Files drawn from an older result go.
    """
    is_new = not folder.exists()
    try:
        (folder.parent if is_new else folder).mkdir(parents=True, exist_ok=True)
        aside = (folder.parent if is_new else folder) / f"{PARTIAL_PREFIX}{uuid.uuid4().hex[:12]}{PARTIAL_SUFFIX}"
        aside.mkdir()
        try:
            yield aside
            if is_new:
                aside.rename(folder)
            else:
                _move_into(aside, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise refusal(folder, error) from error


@contextmanager
def films_aside(folder: Path) -> Iterator[Path]:
    """Give a fresh folder for films; when the block ends well they take the place of all films drawn before.

    A process that is ended while it writes leaves only what `clear_leftovers` takes away.
    """
    aside = folder / f"{PARTIAL_PREFIX}{uuid.uuid4().hex[:12]}{PARTIAL_SUFFIX}"
    try:
        aside.mkdir(parents=True)
        try:
            yield aside
            _take_films(aside, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise refusal(folder, error) from error


def _take_films(aside: Path, folder: Path) -> None:
    """Replace film by film, and then take away the older ones that have no successor; what is not ours stays."""
    films = [path.relative_to(aside) for path in aside.rglob("*.mp4")]
    for film in films:
        (folder / film).parent.mkdir(exist_ok=True)
        (aside / film).replace(folder / film)
    clear_films(folder, but=frozenset(films))


def clear_films(folder: Path, but: frozenset[Path] = frozenset()) -> None:
    """Take away the films of an older drawing but those named (relative to `folder`), and nothing else."""
    clips = folder / EVENT_CLIPS_NAME
    for film in (folder / OVERLAY_NAME, folder / MAGNIFIED_NAME, *clips.glob("event-*.mp4")):
        if film.relative_to(folder) not in but:
            film.unlink(missing_ok=True)
    if clips.is_dir() and not any(clips.iterdir()):
        clips.rmdir()


def replace_text(path: Path, text: str) -> None:
    """Write a text file aside, then rename: never half there. Raises as `write_aside`."""
    write_aside(path, lambda aside: _write_text(aside, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def write_aside(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file aside, then rename it: never half there.

    Raises
    ------
    OutputError
        The system would not write; an older file is then still whole.
    """
    aside = path.with_name(f"{PARTIAL_PREFIX}{uuid.uuid4().hex[:12]}{PARTIAL_SUFFIX}")
    try:
        try:
            write(aside)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise refusal(path, error) from error


def clear_leftovers(folder: Path) -> None:
    """Take away what a process that was ended while it wrote has left half done; it may hold a picture."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if _is_partial(entry.name):
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)


def _move_into(aside: Path, folder: Path) -> None:
    for name in DRAWN_NAMES:
        (folder / name).unlink(missing_ok=True)
    clear_films(folder)
    for entry in sorted(aside.iterdir(), key=lambda entry: entry.name == RESULT_NAME):  # result.json comes last
        entry.replace(folder / entry.name)


def _is_partial(name: str) -> bool:
    return name.startswith(PARTIAL_PREFIX) and name.endswith(PARTIAL_SUFFIX)


def _require_writable(folder: Path) -> None:
    nearest = folder.absolute()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise OutputError(f"{nearest.name} is a file", "a folder to write in", "choose another --out")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(
            f"the folder {nearest.name or nearest} cannot be written to", "the right to write", "choose another --out"
        )
