"""Moments of an analysis, and what other ways take for a frame: the parts of speed.py that are no multiples."""

from __future__ import annotations

import bisect
import contextlib
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any


class Heard(BaseException):
    """The first frame was measured; no error, which the command would answer."""


def first(path: Path, started: float) -> dict[str, Any]:
    """Seconds from a moment to the first frame that the command `analyze` has measured."""

    def hear(_share: float) -> None:
        raise Heard

    with contextlib.suppress(Heard):
        analysed(path, hear)
    return {"first_frame_s": time.time() - started}


def pace(path: Path) -> dict[str, Any]:
    """Wall seconds a frame in the first and in the last minute of a film, while the command `analyze` reads it."""
    moments = {0.0: time.perf_counter()}
    minutes = analysed(path, lambda share: moments.setdefault(share, time.perf_counter())) / 60
    shares, seconds = list(moments), list(moments.values())
    bounds = [index_of(shares, wanted) for wanted in (0.1 / minutes, 1 / minutes, 1 - 1 / minutes, 1.0)]
    first_s, last_s = (
        (seconds[stop] - seconds[start]) / (shares[stop] - shares[start]) for start, stop in (bounds[:2], bounds[2:])
    )
    return {"minutes": minutes, "last_to_first": last_s / first_s}


def analysed(path: Path, hear: Callable[[float], object]) -> float:
    """Run the command as a user does, its progress told to us; seconds of film."""
    import cli

    cli._progress = lambda _label: contextlib.nullcontext(hear)  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as out:
        cli.app(["analyze", str(path), "--no-report", "--out", out], standalone_mode=False)
        duration_s = json.loads((Path(out) / "result.json").read_text(encoding="utf-8"))["clip"]["duration_s"]
    return float(duration_s)


def index_of(shares: list[float], wanted: float) -> int:
    """Where in rising shares the wanted one is met, the last where none is."""
    return min(bisect.bisect_left(shares, wanted), len(shares) - 1)


def rivals(path: Path, frames: int) -> dict[str, Any]:
    """Milliseconds a frame of Farneback's flow on every pixel and of FaceMesh on full frames; decoding left out."""
    import av
    import cv2
    from mediapipe.python.solutions.face_mesh import FaceMesh

    spent = {"farneback": 0.0, "facemesh": 0.0}
    with av.open(str(path)) as container, FaceMesh(refine_landmarks=True) as mesh:
        pictures = [
            picture.to_ndarray(format="rgb24")
            for picture, _ in zip(container.decode(video=0), range(frames), strict=False)
        ]
        mesh.process(pictures[0])  # finding the face is not held against it
        grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]
        flow = partial(cv2.calcOpticalFlowFarneback, flow=None, pyr_scale=0.5, levels=3, winsize=15, iterations=3,
                       poly_n=5, poly_sigma=1.2, flags=0)  # fmt: skip
        spent["farneback"] = sum(_seconds_of(partial(flow, *pair)) for pair in pairwise(grey))
        spent["facemesh"] = sum(_seconds_of(partial(mesh.process, picture)) for picture in pictures[1:])
    return {f"{name}_ms": 1000 * seconds / (len(pictures) - 1) for name, seconds in spent.items()}


def _seconds_of(call: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    call()
    return time.perf_counter() - start_s
