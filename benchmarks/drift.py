"""Ten minutes of film, made as it is measured: for motion.py."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.flows import METHODS, RATE_HZ, REFERENCE_FRAMES, Grid, Measure, mean_of
from benchmarks.scenes import filmed
from vision.model.arrays import BoolArray, ByteArray, FloatArray
from vision.model.clip import Frame
from vision.motion.track import GridTracker
from vision.settings import MotionSettings
from vision.simulate.texture import skin_detail

SIDE_PX, MARGIN_PX = 84, 14  # the margin hides where the periodic texture begins anew
NOISE_SD, LIGHT_SHARE, SWAY_PX = 2.0, 0.1, 1.5
MINUTE_S = 60.0
QUICK = [name for name in METHODS if name != "phase correlation"]  # which takes 0.1 s a frame
STEPWISE = "frame to frame LK, for contrast"


class Film:
    """A textured square that sways, exactly: its periodic texture is shifted in the frequency domain."""

    def __init__(self, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        detail = skin_detail(rng, (SIDE_PX, SIDE_PX))
        self._spectrum = np.fft.rfft2(np.tile(detail, (1, 1)))
        self._fx, self._fy = np.fft.rfftfreq(SIDE_PX), np.fft.fftfreq(SIDE_PX)[:, None]
        self._phase = rng.uniform(0, 2 * np.pi, 3)

    def place_px(self, time_s: FloatArray | float) -> FloatArray:
        """Where the square is: (…, 2); still in the first second, on which references are made."""
        moving_s = np.maximum(np.asarray(time_s, dtype=float) - 1.0, 0.0)
        rate = 2 * np.pi * np.array([0.11, 0.07])
        return SWAY_PX * (np.sin(rate * moving_s[..., None] + self._phase[:2]) - np.sin(self._phase[:2]))

    def frame(self, index: int) -> ByteArray:
        """Film one frame."""
        time_s = index / RATE_HZ
        x, y = self.place_px(time_s)
        turn = np.exp(-2j * np.pi * (self._fx * x + self._fy * y))
        detail = np.fft.irfft2(self._spectrum * turn, (SIDE_PX, SIDE_PX))
        level = 1 + LIGHT_SHARE * np.sin(2 * np.pi * time_s / 240.0)
        return filmed(level * (130 + 6 * detail), NOISE_SD, np.random.default_rng([1, index]))


def drift_rows(frame_count: int) -> Iterator[list[object]]:
    """Error of the first and of the last minute, of every method."""
    film, area = Film(), _area()
    tracker = GridTracker(MotionSettings())
    took = dict.fromkeys(("ours", *QUICK, STEPWISE), 0.0)
    found: dict[str, list[FloatArray]] = {name: [] for name in took}
    start = [film.frame(index) for index in range(REFERENCE_FRAMES)]
    grid = _grid(start[0], area)
    calls: dict[str, Measure] = {name: METHODS[name](mean_of(start), grid) for name in QUICK}
    calls[STEPWISE] = _stepwise(start[0], grid)
    for index in range(frame_count):
        luma = film.frame(index)
        begin_s = time.perf_counter()
        tracker.observe(Frame(index, index / RATE_HZ, luma, False), area if index == 0 else None, None)
        took["ours"] += time.perf_counter() - begin_s
        for name, call in calls.items():
            begin_s = time.perf_counter()
            found[name].append(call(luma).astype(np.float32))
            took[name] += time.perf_counter() - begin_s
    tracks = tracker.finish()
    truth = film.place_px(np.arange(frame_count) / RATE_HZ)
    for name in took:
        seen = tracks.position_px - tracks.point_px if name == "ours" else np.stack(found[name])
        yield [name, *_drift(seen - truth[:, None]), f"{1000 * took[name] / frame_count:.2f}"]


def _drift(error: FloatArray) -> list[object]:
    error = error[:, np.isfinite(error).all((0, 2))]
    minute = min(round(MINUTE_S * RATE_HZ), len(error) // 2)
    first, last = error[:minute].mean(0), error[-minute:].mean(0)
    rms = [float(np.sqrt(np.mean(part**2))) for part in (first, last, last - first)]
    return [len(error), *(f"{value:.4f}" for value in rms)]


def _area() -> BoolArray:
    area = np.zeros((SIDE_PX, SIDE_PX), bool)
    area[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] = True
    return area


def _grid(luma: ByteArray, area: BoolArray) -> Grid:
    """Lay the tracker's own cells."""
    tracker = GridTracker(MotionSettings())
    tracker.observe(Frame(0, 0.0, luma, False), area, None)
    tracks = tracker.finish()
    return Grid(tracks.point_px, round(tracks.spacing_px))


def _stepwise(first: ByteArray, grid: Grid) -> Measure:
    """Add up Lucas-Kanade steps from each frame to the next: what an anchor saves us from."""
    state = {"before": first, "moved": np.zeros_like(grid.centre_px)}

    def measure(luma: ByteArray) -> FloatArray:
        here = Grid(grid.centre_px + state["moved"], grid.side_px)
        state["moved"] = state["moved"] + METHODS["anchored LK, window of 3 cells"](state["before"], here)(luma)
        state["before"] = luma
        return state["moved"]

    return measure
