"""What runs behind the fence: one task after the other on clips that nobody trusts, within limits. See `isolate`.

Talks only through the pipe that was its standard output. Writes no file but a report that it was asked for.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import TypeAdapter

from vision.errors import TwitchscopeError
from vision.settings import Settings
from vision.wire import Parcel, pack, parcel_of, receive, send

MOST_JOB_BYTES = 1 << 20
SIGN_OF_LIFE_S = 0.1  # between two words of progress; our choice
OUT_OF_MEMORY = ("insufficient memory", "bad_alloc", "can't start new thread")
GRACE_S = 3.0  # to take half-written files away when the caller is gone; our choice

Progress = Callable[[float], None]
Task = Callable[[Path, Settings, Mapping[str, Any], Progress], Parcel]


def serve(more: Mapping[str, Task] | None = None) -> None:
    """Do jobs until the caller goes away.

    Parameters
    ----------
    more : tasks beside our own; for tests.
    """
    jobs, says = _pipes()
    tasks = {**TASKS, **(more or {})}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to answer
    signal.signal(signal.SIGTERM, _leave)
    waiting = threading.Semaphore(0)
    inbox: list[bytes] = []
    threading.Thread(target=_read_jobs, args=(jobs, inbox, waiting), daemon=True).start()
    try:
        while True:
            waiting.acquire()
            _do(json.loads(inbox.pop(0)), tasks, says)
    finally:
        _end()


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipe for ourselves: what a library prints goes where nobody listens."""
    says = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, says


def _read_jobs(jobs: BinaryIO, inbox: list[bytes], waiting: threading.Semaphore) -> None:
    """Pass jobs on; when the caller is gone, end at once, even in the middle of a clip."""
    with contextlib.suppress(Exception):
        while (frame := receive(jobs, MOST_JOB_BYTES)) is not None:
            inbox.append(frame[1])
            waiting.release()
    if hasattr(signal, "pthread_kill"):
        # The main thread leaves through its `finally` blocks, which take away what is half written.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
        time.sleep(GRACE_S)
    _end()


class _CallerGoneError(BaseException):
    """Nobody waits any more: leave through the `finally` blocks, past everything that would answer."""


def _leave(_signal: int, _frame: object) -> None:
    raise _CallerGoneError


def _end() -> None:
    """Take away the folder for temporary files that the caller named, and end without asking any library."""
    for scratch in sys.argv[1:]:
        shutil.rmtree(scratch, ignore_errors=True)
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def _do(job: dict[str, Any], tasks: Mapping[str, Task], says: BinaryIO) -> None:
    """Do one job and say how it went: answer, refusal, lack of memory, or a defect of ours."""
    try:
        settings = Settings.model_validate_json(job["settings"])
        limit_resources(settings.limits.memory_bytes)
        answer = tasks[job["task"]](Path(job["path"]), settings, job, _teller(says))
        send(says, "answer", pack(answer))
    except TwitchscopeError as error:
        told = {"kind": type(error).__name__, "found": error.found, "expected": error.expected, "advice": error.advice}
        send(says, "refusal", json.dumps(told).encode())
    except _CallerGoneError:
        raise
    except BaseException as error:
        if is_lack_of_memory(error):
            send(says, "memory", b"")
        else:
            told = {"kind": type(error).__name__, "trace": traceback.format_exc()}
            send(says, "defect", json.dumps(told).encode())


def _teller(says: BinaryIO) -> Progress:
    """Pass progress on, not more often than anyone can read."""
    last_s = -SIGN_OF_LIFE_S

    def tell(share: float) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= SIGN_OF_LIFE_S:
            last_s = now_s
            send(says, "progress", b"%.4f" % share)

    return tell


def limit_resources(memory_bytes: int) -> None:
    """Take rights away that no analysis needs: more memory than `memory_bytes`, and core dumps, which hold faces.

    Windows has no such limits; the time limits of the caller hold there alone.
    """
    try:
        import resource
    except ImportError:
        return
    wanted = {resource.RLIMIT_AS: memory_bytes, resource.RLIMIT_CORE: 0}
    for which, most in wanted.items():
        _, hard = resource.getrlimit(which)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS knows RLIMIT_AS and refuses it
            resource.setrlimit(which, (soft, hard))


def is_lack_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, is that of an allocation. Native libraries say so in words.

    A thread that cannot be started lacks room for its stack.
    """
    while error is not None:
        words = f"{type(error).__name__} {error}".lower()
        if isinstance(error, MemoryError) or any(sign in words for sign in OUT_OF_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def _analyse(path: Path, settings: Settings, job: Mapping[str, Any], on_progress: Progress) -> Parcel:
    from vision.video.probe import probe

    # The method's libraries load beside the reading of the file; a bad one is refused without waiting for them.
    threading.Thread(target=importlib.import_module, args=("vision.pipeline",), daemon=True).start()
    declared = probe(path, settings.video)
    from vision.model.request import Request
    from vision.pipeline import analyse

    request = TypeAdapter(Request).validate_python(job["request"])
    return parcel_of(analyse(path, settings, request, on_progress, declared=declared))


def _info(path: Path, settings: Settings, _job: Mapping[str, Any], _on_progress: Progress) -> Parcel:
    from vision.video.probe import probe

    return Parcel(dataclasses.asdict(probe(path, settings.video)))


def _look(path: Path, settings: Settings, _job: Mapping[str, Any], _on_progress: Progress) -> Parcel:
    from vision.video.decode import sample_frames
    from vision.video.looks import looks_of

    looks = looks_of(sample_frames(path, settings.video, settings.locate.preview_frame_count))
    return Parcel(None if looks is None else dataclasses.asdict(looks))


def _draw(path: Path, settings: Settings, job: Mapping[str, Any], on_progress: Progress) -> Parcel:
    from vision.model.drawing import Drawing
    from vision.report.export import read_result
    from vision.review import draw_reviewed

    folder = Path(job["folder"])
    drawing = TypeAdapter(Drawing).validate_python(job["drawing"])
    film = path.resolve() if settings.video.follow_links else path  # the films are read with settings of their own
    draw_reviewed(read_result(folder), folder, film, drawing, on_progress)
    return Parcel(None)


TASKS: dict[str, Task] = {"analyse": _analyse, "info": _info, "look": _look, "draw": _draw}
