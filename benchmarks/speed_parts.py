"""What speed.py has done in child processes: render and lengthen clips, decode them, time parts of an analysis.

    python benchmarks/speed_parts.py render KIND SECONDS CLIP
    python benchmarks/speed_parts.py lengthen CLIP TIMES LONGER
    python benchmarks/speed_parts.py decode CLIP
    python benchmarks/speed_parts.py stages CLIP
    python benchmarks/speed_parts.py first CLIP STARTED     (STARTED: seconds since the epoch)
    python benchmarks/speed_parts.py pace CLIP
    python benchmarks/speed_parts.py rivals CLIP FRAMES

Each prints one line of JSON. They stand apart so that the process that measures stays small.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


STAGES = ("open", "decode", "locate", "track", "stabilise", "find", "features")


def decode(path: Path) -> dict[str, Any]:
    """Decode every frame with the analysis's own threads and touch every byte of its luma.

    Wall and core seconds are those of the decoding alone, without the start of Python: the stricter yardstick.
    """
    import av
    import numpy as np

    from vision.video.source import DECODER_THREADS

    start_s, start_core_s = time.perf_counter(), _core_seconds()
    frames, brightest = 0, 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.thread_count = DECODER_THREADS
        for picture in container.decode(stream):
            brightest = max(brightest, int(np.frombuffer(memoryview(picture.planes[0]), np.uint8).max()))
            frames += 1
    return {
        "frames": frames,
        "seconds": float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0,
        "brightest": brightest,
        "wall_s": time.perf_counter() - start_s,
        "core_s": _core_seconds() - start_core_s,
        "width_px": stream.width,
        "height_px": stream.height,
    }


def _core_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Stopwatch:
    """Adds up the seconds of each stage, by the wall or another clock."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._clock = clock

    def timed(self, stage: str, call: Callable[..., T]) -> Callable[..., T]:
        """Wrap a call so that its time counts for `stage`."""

        def wrapped(*args: Any, **kwargs: Any) -> T:
            start_s = self._clock()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds[stage] += self._clock() - start_s

        return wrapped

    def drawn(self, stage: str, items: Iterator[T]) -> Iterator[T]:
        """Count the waiting for each next item for `stage`."""
        pull = self.timed(stage, lambda: next(items, None))
        while (item := pull()) is not None:
            yield item


def attach(watch: Stopwatch, pipeline: Any) -> None:
    """Put the stopwatch around the calls of `vision.pipeline`, for the rest of this process."""
    for stage, names in {
        "open": ("probe", "sample_frames"),
        "stabilise": ("stabilise",),
        "find": ("find_twitches",),
        "features": ("describe", "judge_quality", "call_pattern"),
    }.items():
        for name in names:
            setattr(pipeline, name, watch.timed(stage, getattr(pipeline, name)))
    pipeline.choose_locator = _watched_maker(watch, "open", "locate", pipeline.choose_locator, ("observe",))
    pipeline.GridTracker = _watched_maker(watch, "track", "track", pipeline.GridTracker, ("observe", "finish"))
    pipeline.open_clip = _watched_reader(watch, pipeline.open_clip)


def _watched_maker(
    watch: Stopwatch, making: str, using: str, make: Callable[..., Any], names: tuple[str, ...]
) -> Callable[..., Any]:
    def made(*args: Any, **kwargs: Any) -> Any:
        part = watch.timed(making, make)(*args, **kwargs)
        for name in names:
            setattr(part, name, watch.timed(using, getattr(part, name)))
        return part

    return made


def _watched_reader(watch: Stopwatch, open_clip: Callable[..., Any]) -> Callable[..., Any]:
    class Reader:
        """The clip's reader, its frames timed."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._reader = watch.timed("decode", open_clip)(*args, **kwargs)

        def __enter__(self) -> Reader:
            return self

        def __exit__(self, *_problem: object) -> None:
            self._reader.close()

        def __iter__(self) -> Iterator[Any]:
            return watch.drawn("decode", iter(self._reader))

        def __getattr__(self, name: str) -> Any:
            return getattr(self._reader, name)

    return Reader


def stages(path: Path) -> dict[str, Any]:
    """Analyse once and tell the wall seconds of each stage."""
    from vision import pipeline

    watch = Stopwatch()
    attach(watch, pipeline)
    start_s = time.perf_counter()
    document = pipeline.analyse(path).document
    total_s = time.perf_counter() - start_s
    return {"frames": document.clip.frame_count, "view": document.view, "total_s": total_s, "seconds": watch.seconds}


def main() -> int:
    """Do one part; what it found goes to standard output as JSON."""
    part, *arguments = sys.argv[1:]
    from benchmarks.speed_films import FILMS, lengthen, render
    from benchmarks.speed_moments import first, pace, rivals

    parts: dict[str, Callable[..., dict[str, Any]]] = {
        "render": lambda kind, seconds, clip: render(FILMS[kind], float(seconds), Path(clip)),
        "lengthen": lambda clip, times, longer: lengthen(Path(clip), int(times), Path(longer)),
        "decode": lambda clip: decode(Path(clip)),
        "stages": lambda clip: stages(Path(clip)),
        "first": lambda clip, started: first(Path(clip), float(started)),
        "pace": lambda clip: pace(Path(clip)),
        "rivals": lambda clip, frames: rivals(Path(clip), int(frames)),
    }
    found = parts[part](*arguments)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
