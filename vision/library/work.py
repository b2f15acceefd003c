"""One clip, from file to filed result: what every worker does, here or elsewhere. It never sees the database."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from vision.errors import (
    ClipError,
    ClipStoppedError,
    DefectError,
    LibraryError,
    OutputError,
    ResultFileError,
    SettingsError,
    TwitchscopeError,
    WorkerLostError,
)
from vision.isolate import Fence, Progress
from vision.library import files
from vision.library.fetch import local_copy
from vision.library.rows import Rows, failure_rows, rows_of
from vision.model.clip import ClipInfo
from vision.model.drawing import Drawing
from vision.model.request import Request
from vision.report.export import write_result
from vision.settings import Settings
from vision.video.files import require_regular_file, shown_name

TRIES = 3  # of a clip whose process was ended from outside, or which changed meanwhile; our choice
AGAIN = "see to it and run the same command again; nothing that was recorded is lost"
_kept = threading.local()
_all_kept: dict[int, _Kept] = {}


@lru_cache(maxsize=1)
def software_version() -> str:
    """Give the version of this program; looking it up takes a while."""
    return version("twitchscope")


@dataclass(frozen=True)
class Job:
    """What a worker needs to know of one clip. Plain values: it may travel.

    place : path, or address such as ``s3://bucket/clip.mp4``.
    key : hash of the content, where it is known already.
    work, results : folders of the library; a worker on another machine reaches them by the same path.
    source : clips of one source may share one process behind the fence.
    drawing : what is drawn of the result; None: nothing.
    version : of the program that asks; another one would give other results under the same run.
    """

    place: str
    key: str | None
    request: Request
    settings: Settings
    work: str
    results: str
    source: str
    drawing: Drawing | None = None
    version: str = field(default_factory=software_version)


@dataclass(frozen=True)
class Filed:
    """How one clip went. `key` : hash of what was analysed. `changed`: the file was another one when it ended."""

    key: str
    rows: Rows
    changed: bool = False
    error: TwitchscopeError | None = None


@dataclass(frozen=True)
class _Kept:
    source: str
    settings: Settings
    fence: Fence


def place_sha256(place: str) -> str:
    """Name a place without telling it."""
    return hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()


def unread_key(place: str) -> str:
    """Name a file whose content cannot be read, by where it lies."""
    return f"unread-{place_sha256(place)}"


def info(clip: Path, settings: Settings) -> ClipInfo:
    """Read what a clip's file says of itself, behind the fence that will analyse it."""
    return _fence_for("", settings).info(clip)


def draw(folder: Path, job: Job, on_progress: Progress | None = None) -> None:
    """Draw a filed result again."""
    if job.drawing is not None:
        _fence_for(job.source, job.settings).draw(folder, Path(job.place), job.drawing, on_progress)


def file_clip(job: Job, on_progress: Progress | None = None) -> Filed:
    """Analyse one clip behind the fence and file its result; a refusal of the clip is an outcome too.

    Raises
    ------
    OutputError, LibraryError
        The result cannot be written, or the worker is not fit for it: no fault of the clip, so that nothing may be
        recorded of it.
    """
    _require_fit(job)
    try:
        with local_copy(job.place, Path(job.work), job.settings.fetch) as clip:
            require_regular_file(clip, follow_links=job.settings.video.follow_links)
            return _file_local(job, clip, on_progress)
    except (ClipError, SettingsError) as error:  # the file itself could not be read
        return Filed(unread_key(job.place), _failure(job, error), error=error)
    except OutputError as error:
        raise _not_written(error) from error


def _not_written(error: OutputError) -> OutputError:
    """Speak of the library, not of an option of other commands."""
    cause = error.__cause__
    how = f" ({cause.strerror})" if isinstance(cause, OSError) and cause.strerror else ""
    return OutputError(f"the disk of the library takes no result{how}", "room, and the right to write", AGAIN)


def _require_fit(job: Job) -> None:
    """Refuse to work where the library is not, or with another program: what came of it would be lost, or another."""
    if job.version != software_version():
        raise LibraryError(
            f"a worker runs twitchscope {software_version()}", f"{job.version} as here", "install the same everywhere"
        )
    if not Path(job.work).is_dir():
        raise OutputError(
            "a worker does not find the library", "the same path on all machines", "put it on a disk that all see"
        )


def _file_local(job: Job, clip: Path, on_progress: Progress | None) -> Filed:
    key = job.key
    if key is None:
        key = files.sha256_of(clip)
    for tried in range(1, TRIES + 1):
        try:
            return Filed(*_analyse_and_settle(job, clip, key, on_progress))
        except ClipStoppedError as error:  # noqa: PERF203 it costs nothing beside an analysis
            if "crashed" not in error.found:
                return Filed(key, _failure(job, error), error=error)
            if tried == TRIES:
                told = _killed() if "SIGKILL" in error.found else error
                return Filed(key, _failure(job, told), error=told)
        except (ClipError, SettingsError, DefectError) as error:
            return Filed(key, _failure(job, error), changed=files.sha256_of(clip) != key, error=error)
    raise DefectError("a clip was neither filed nor refused")


def _killed() -> WorkerLostError:
    """No film kills like this by itself: its memory has a limit of its own. The system does when all memory is gone."""
    return WorkerLostError(
        f"the process that had the film was killed from outside {TRIES} times",
        "memory enough for all workers",
        "try fewer --workers; it is done again when the same command is run again",
    )


def _failure(job: Job, error: TwitchscopeError) -> Rows:
    return failure_rows(error, shown_name(Path(job.place)))


def _analyse_and_settle(job: Job, clip: Path, key: str, on_progress: Progress | None) -> tuple[str, Rows, bool]:
    fence = _fence_for(job.source, job.settings)
    result = fence.analyse(clip, job.request, on_progress)
    if result.document.clip.sha256 != key:
        return key, Rows({}), True
    aside = files.aside_in(Path(job.work))
    try:
        write_result(result, aside)
        if job.drawing is not None:
            # One that a killed run left without recording it is drawn again: it may show more than is wanted now.
            there = files.place_of(aside, Path(job.results))
            fence.draw(there if files.is_whole(there) else aside, clip, job.drawing)
        name = files.settle(aside, Path(job.results))
    except ResultFileError:  # the film that the still is taken from is another one by now
        return key, Rows({}), True
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return key, rows_of(result.document, name), False


def _fence_for(source: str, settings: Settings) -> Fence:
    """Give this thread's fence, a fresh one where the source or the settings are others than before."""
    kept: _Kept | None = getattr(_kept, "kept", None)
    if kept is None or (kept.source, kept.settings) != (source, settings):
        if kept is not None:
            kept.fence.close()
        kept = _Kept(source, settings, Fence(settings, threads=1))
    # Each time: one that `close_fences` ended on a Dask worker begins again, and has to be ended again.
    _kept.kept = _all_kept[threading.get_ident()] = kept
    return kept.fence


def close_fences() -> None:
    """End the processes behind all fences of this process, whatever they do."""
    while _all_kept:
        with contextlib.suppress(KeyError):
            _all_kept.popitem()[1].fence.close()


def refusal_of(error: BaseException) -> Rows:
    """Make an outcome of what nobody foresaw."""
    if isinstance(error, TwitchscopeError):
        return failure_rows(error)
    return failure_rows(DefectError(f"unexpected {type(error).__name__}", advice="report it"))
