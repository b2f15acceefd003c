"""Broken files by the thousand: each ends in a result or in a clear refusal, within the limits.

A plain `pytest -m slow` tries 3,000 through probing and decoding and 100 through the whole analysis. The environment
variable TWITCHSCOPE_FUZZ multiplies both, so TWITCHSCOPE_FUZZ=20 tries 60,000 and 2,000.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.video.films import AV1, Recipe, pictures_at, store, times
from vision.errors import ClipError, ClipStoppedError
from vision.isolate import BEHIND, Fence
from vision.model.request import Request
from vision.settings import Settings
from vision.video.maker import capture_rate_hz, slowdown_of
from vision.video.stills import is_still, is_webp, webp_canvas_px

TIMES_MORE = int(os.environ.get("TWITCHSCOPE_FUZZ", "1"))
READ_COUNT, ANALYSED_COUNT = 3000 * TIMES_MORE, 100 * TIMES_MORE
READS = "from tests.unit.fence_tasks import serve; serve()"
LIMITS = {"memory_bytes": 3 << 29, "silence_s": 20.0, "run_s": 60.0}
READING = Settings.model_validate({"limits": LIMITS, "video": {"shortest_clip_s": 0.1}})
ANALYSING = Settings.model_validate({"limits": LIMITS})
WATCHED = Request(region_px=(8.0, 8.0, 160.0, 128.0))
FAST = {"preset": "ultrafast", "crf": "28"}
LIVE = {"deadline": "realtime", "cpu-used": "8", "crf": "30"}

SEEDS = [
    Recipe("mp4"),
    Recipe("turned", rotation_deg=90),
    Recipe("fragmented", ".mp4", options=FAST, container={"movflags": "frag_keyframe+empty_moov"}),
    Recipe("mov", ".mov", pixel_format="yuv420p10le"),
    Recipe("mkv", ".mkv"),
    Recipe("3gp", ".3gp"),
    Recipe("ts", ".ts", options=FAST),
    Recipe("avi", ".avi", options={**FAST, "bf": "0"}),
    Recipe("interlaced", rate_hz=25, options={**FAST, "x264-params": "tff=1"}),
    Recipe("hevc", codec="libx265"),
    Recipe("hevc hlg", ".mov", "libx265", "yuv420p10le", tags={"color_trc": 18, "colorspace": 9}),
    Recipe("av1", ".mp4", "libaom-av1", options={**AV1, "crf": "40"}),
    Recipe("vp9", ".webm", "libvpx-vp9", options=LIVE),
    Recipe("vp8", ".webm", "libvpx", options=LIVE),
    Recipe("mpeg4", ".avi", "mpeg4"),
    Recipe("h263", ".3gp", "h263", rate_hz=30000 / 1001),
    Recipe("mpg", ".mpg", "mpeg2video", rate_hz=25),
    Recipe("mjpeg", ".mov", "mjpeg", "yuvj420p"),
    Recipe("gif", ".gif", "gif", "gray", rate_hz=12.5),
    Recipe("webp", ".webp", rate_hz=12.5),
]


def seed_files(folder: Path, duration_s: float) -> list[Path]:
    """Twenty small films, one of each kind."""
    films = []
    for number, recipe in enumerate(SEEDS):
        times_s = times(duration_s, recipe.rate_hz)
        films.append(store(folder / f"seed{number}{recipe.ending}", pictures_at(times_s), times_s, recipe))
    return films


def broken(data: bytes, rng: np.random.Generator) -> bytes:
    """Flip bytes, zero a stretch, move a stretch, or cut; headers, which are small, more often than pictures."""
    spoiled = bytearray(data)
    reach = len(data) if rng.random() < 0.5 else min(len(data), 1024)
    for _ in range(int(rng.choice([1, 1, 2, 4, 16]))):
        at = int(rng.integers(reach)) if rng.random() < 0.7 else len(data) - 1 - int(rng.integers(min(len(data), 1024)))
        spoiled[at] = int(rng.integers(256)) if rng.random() < 0.7 else int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
    how = rng.random()
    at, length = int(rng.integers(len(data))), int(rng.integers(1, 200))
    if how < 0.1:
        spoiled[at : at + length] = bytes(len(spoiled[at : at + length]))
    elif how < 0.2:
        del spoiled[at : at + length]
    elif how < 0.3:
        spoiled[at:at] = data[:length]
    elif how < 0.5:
        del spoiled[max(1, at) :]
    return bytes(spoiled)


def ends(act: Callable[[], Any]) -> str:
    """How one input ended; anything but a result or a refusal of the clip is a failure and goes on upwards."""
    try:
        act()
    except ClipError as refusal:
        line, is_stopped = str(refusal), isinstance(refusal, ClipStoppedError)
    else:
        return "result"
    assert line.isprintable()
    return f"stopped: {line}" if is_stopped else "refused"


def fuzz(fence: Fence, films: list[Path], count: int, act: Callable[[Path], Any]) -> Counter[str]:
    """Break seed after seed and have each read; the generator's seed is the number of the input."""
    datas = [film.read_bytes() for film in films]
    found: Counter[str] = Counter()
    for number in range(count):
        film, data = films[number % len(films)], datas[number % len(films)]
        spoiled = film.with_name(f"input{film.suffix}")
        spoiled.write_bytes(broken(data, np.random.default_rng([7, number])))
        begun_s = time.monotonic()
        try:
            found[ends(lambda spoiled=spoiled: act(spoiled))] += 1
        except Exception as error:
            raise AssertionError(f"input {number} of {film.name}: {error!r} {getattr(error, 'trace', '')}") from error
        assert time.monotonic() - begun_s < LIMITS["run_s"] + 5
    return found


@pytest.mark.slow
def test_broken_files_through_probing_and_decoding(tmp_path: Path) -> None:
    films = seed_files(tmp_path, 0.4)
    with Fence(READING, behind=READS) as fence:
        found = fuzz(fence, films, READ_COUNT, lambda path: fence.ask("read", path, {}))
        peak_bytes = fence.ask("peak", films[0], {}).plain  # of the child, not of all that the other tests started
    sys.stdout.write(f"{READ_COUNT} read: {dict(found)}\n")
    assert sum(found.values()) == READ_COUNT
    assert min(found["result"], found["refused"]) > READ_COUNT // 10  # else it would not try what it is meant to try
    assert peak_bytes < LIMITS["memory_bytes"]


@pytest.mark.slow
def test_broken_files_through_the_whole_analysis(tmp_path: Path) -> None:
    films = seed_files(tmp_path, 2.2)
    with Fence(ANALYSING, behind=BEHIND) as fence:
        found = fuzz(fence, films, ANALYSED_COUNT, lambda path: fence.analyse(path, WATCHED))
    sys.stdout.write(f"{ANALYSED_COUNT} analysed: {dict(found)}\n")
    assert sum(found.values()) == ANALYSED_COUNT
    assert min(found["result"], found["refused"]) > ANALYSED_COUNT // 10


# -- the parsers that are our own; tests/fuzz/atheris_parsers.py drives the same by coverage ---------------------------


@settings(max_examples=500)
@given(st.binary(max_size=64))
def test_any_head_of_a_file_is_told(head: bytes) -> None:
    is_still(head)
    canvas = webp_canvas_px(head)
    assert canvas is None or (is_webp(head) and min(canvas) >= 1)


@settings(max_examples=500)
@given(st.text(), st.floats(allow_nan=True) | st.none(), st.floats(1.01, 10))
def test_any_mark_of_a_maker_is_a_rate_or_nothing(said: str, typical_hz: float | None, ratio: float) -> None:
    capture_hz = capture_rate_hz({"com.android.capture.fps": said})
    assert capture_hz is None or 0 < capture_hz <= 1000
    if typical_hz is None or typical_hz > 0:
        assert slowdown_of(capture_hz, typical_hz, ratio) >= 1.0
