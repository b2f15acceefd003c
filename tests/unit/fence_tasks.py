"""What the tests of the fence have the child do: everything that a hostile clip might make it do."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vision import behind
from vision.errors import ClipTooShortError
from vision.isolate import THREAD_COUNTS
from vision.settings import Settings
from vision.wire import Parcel

PICTURE_PX = 64


def echo(path: Path, _settings: Settings, job: Mapping[str, Any], on_progress: behind.Progress) -> Parcel:
    on_progress(0.5)
    return Parcel({"name": path.name, "pid": os.getpid(), "said": job.get("said")}, {"numbers": np.arange(5)})


def threads(*_all: object) -> Parcel:
    return Parcel({name: os.environ[name] for name in THREAD_COUNTS})


def die(_path: Path, _settings: Settings, job: Mapping[str, Any], _on_progress: behind.Progress) -> Parcel:
    os.kill(os.getpid(), getattr(signal, job["signal"]))
    time.sleep(30)
    return Parcel(None)


def leave(*_all: object) -> Parcel:
    os._exit(3)


def hang(*_all: object) -> Parcel:
    time.sleep(600)
    return Parcel(None)


def crawl(_path: Path, _settings: Settings, _job: Mapping[str, Any], on_progress: behind.Progress) -> Parcel:
    while True:
        on_progress(0.1)
        time.sleep(0.02)


def read_and_think(_path: Path, _settings: Settings, job: Mapping[str, Any], on_progress: behind.Progress) -> Parcel:
    """Show progress for some time, then fall silent, as detection does after the reading of a film."""
    until_s = time.monotonic() + job["read_s"]
    while time.monotonic() < until_s:
        on_progress(0.5)
        time.sleep(0.05)
    time.sleep(job["think_s"])
    return Parcel("thought")


def eat(*_all: object) -> Parcel:
    kept = []
    while True:
        kept.append(bytearray(1 << 26))


def eat_natively(*_all: object) -> Parcel:
    import cv2

    picture = np.zeros((PICTURE_PX, PICTURE_PX), np.uint8)
    return Parcel(cv2.resize(picture, (1 << 17, 1 << 17)).shape)


def litter(_path: Path, _settings: Settings, job: Mapping[str, Any], _on_progress: behind.Progress) -> Parcel:
    """Leave a temporary file, as a library would, and then do as told."""
    number, name = tempfile.mkstemp()
    os.close(number)
    if job.get("then") == "die":
        Path(job["note"]).write_text(name)
        os.kill(os.getpid(), signal.SIGKILL)
    if job.get("then") == "hang":
        Path(job["note"]).write_text(name)
        time.sleep(600)
    return Parcel([name, stat.S_IMODE(Path(name).parent.stat().st_mode)])


def draw(path: Path, _settings: Settings, job: Mapping[str, Any], on_progress: behind.Progress) -> Parcel:
    """Take the place of the drawing of a report: half a film is there, then what the name of the clip says."""
    from vision.report.folder import films_aside

    with films_aside(Path(job["folder"])) as aside:
        (aside / "overlay.mp4").write_bytes(b"half a face")
        on_progress(0.5)
        TASKS[path.stem](path, _settings, {"signal": "SIGKILL"}, on_progress)
    return Parcel(None)


def babble(*_all: object) -> Parcel:
    sys.stdout.write("libraries print\n")
    sys.stdout.flush()
    os.system("echo so do programs")
    return Parcel("answer")


def lie(*_all: object) -> Parcel:
    """Put something that is no frame on the pipe."""
    for number in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, b"\xff" * 100)
    time.sleep(30)
    return Parcel(None)


def brag(*_all: object) -> Parcel:
    return Parcel(None, {"much": np.zeros(1 << 24)})


def read(path: Path, settings: Settings, _job: Mapping[str, Any], on_progress: behind.Progress) -> Parcel:
    """Probe, sample and decode a clip from end to end."""
    from vision.video.decode import open_clip, sample_frames
    from vision.video.probe import probe

    probe(path, settings.video)
    sample_frames(path, settings.video, 3)
    with open_clip(path, settings.video, rgb_rate_hz=5.0) as reader:
        for _ in reader:
            on_progress(0.5)
    return Parcel({"frame_count": reader.info.frame_count, "problems": reader.problems})


def peak(*_all: object) -> Parcel:
    """Largest resident size of this child so far, in bytes; `ru_maxrss` would count its parent's before the start."""
    with Path("/proc/self/status").open() as status:
        return Parcel(1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM")))


def refuse(*_all: object) -> Parcel:
    raise ClipTooShortError("clip.mp4 is short", "a long one", "film on")


def stumble(*_all: object) -> Parcel:
    raise ZeroDivisionError("in /secret/place")


def limits(*_all: object) -> Parcel:
    import resource

    which = (resource.RLIMIT_AS, resource.RLIMIT_CORE)
    return Parcel([resource.getrlimit(one)[0] for one in which] + [sys.flags.ignore_environment, socket.gethostname()])


TASKS = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__
}


def serve() -> None:
    behind.serve(TASKS)
