"""Displacement against the physical limit: noise, gain, bias, drift and speed of every way to measure it.

    python benchmarks/motion.py [--parts noise gain bias body drift] [--frames N] [--drift-frames N] [--out DIR]

Pictures are uncompressed, from `vision.simulate`'s portrait and skin, moved exactly (benchmarks/scenes.py). Ours is the
tracker as the pipeline runs it, with the default settings; the others (benchmarks/flows.py) get the mean of the same
still frames as their reference. All measure the same cells, none is smoothed in time.

Rows go to DIR/motion.json; of parts that are left out, what stands there is kept. Prints the tables and writes them to
DIR/motion.md. A table that was measured with other code says so.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage

from benchmarks.body import body_rows
from benchmarks.drift import drift_rows
from benchmarks.flows import METHODS, RATE_HZ, REFERENCE_FRAMES, Grid, mean_of, track_ours
from benchmarks.motion_text import COLUMNS, TEXT
from benchmarks.scenes import SIZES_PX, Scene, bound_px, filmed, scene_named, still
from benchmarks.tables import ROOT, code_sha256, code_version, machine, markdown_table
from vision.model.arrays import BoolArray, ByteArray, FloatArray

NOISE_SD = (1.0, 2.0, 4.0)  # grey levels: daylight to dim light
GAIN_NOISE_SD = 1.0
AMPLITUDE_PX = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0)
PULSE_S = (0.05, 0.1, 0.2)
PHASES = (0.25, 0.75)  # of a frame, at which pulses begin
REPEATS = {0.1: 16, 0.2: 6}  # of pulses; smaller ones stand less above the noise
FEWEST_REPEATS = 2
REST_FRAMES = 32  # before gain and bias are measured: a movement starts from rest, wherever that was measured
SHIFT_PX = np.arange(1, 10) / 10  # for the bias between pixels
SHIFT_FRAMES = 12
DRAWN_IN_PX = 2  # on every side: what smoothing by 0.7 px, on both sides of the equation, draws into a cell
OURS = "ours"


@dataclass(frozen=True, eq=False)
class Found:
    """What one method found on one film: (T, C, 2) displacement, and milliseconds a frame."""

    displacement_px: FloatArray
    frame_ms: float


def measured(frames: Sequence[ByteArray], scene: Scene) -> tuple[Grid, dict[str, Found]]:
    """Measure a film whose first REFERENCE_FRAMES frames are still by every method."""
    start_s = time.perf_counter()
    tracks = track_ours(frames, scene.area, scene.scale_px)
    ours = Found(tracks.position_px - tracks.point_px, 1000 * (time.perf_counter() - start_s) / len(frames))
    grid = Grid(tracks.point_px, round(tracks.spacing_px))
    found = {OURS: ours}
    for name, method in METHODS.items():
        measure = method(mean_of(frames[:REFERENCE_FRAMES]), grid)
        start_s = time.perf_counter()
        moved = np.stack([measure(frame) for frame in frames])
        found[name] = Found(moved, 1000 * (time.perf_counter() - start_s) / len(frames))
    return grid, found


def inside(scene: Scene, grid: Grid) -> FloatArray:
    """(C,) cells that are wholly skin and away from the picture's border, where nothing is lost from view."""
    height, width = scene.area.shape
    half, margin = grid.side_px / 2, 20
    whole = cv2.erode(scene.area.astype(np.uint8), np.ones((grid.side_px, grid.side_px), np.uint8))
    column, row = np.round(grid.centre_px).astype(int).T
    centre = grid.centre_px
    near = ((centre - half > margin) & (centre + half < np.array([width, height]) - margin)).all(1)
    return np.asarray((whole[row, column] > 0) & near)


def noise_rows(scene: Scene, frame_count: int) -> Iterator[list[object]]:
    """Noise of a static scene, as a multiple of the bound."""
    for noise_sd in NOISE_SD:
        frames = list(still(scene, noise_sd, REFERENCE_FRAMES + frame_count))
        grid, found = measured(frames, scene)
        keep = inside(scene, grid)
        bounds = bound_px(scene, grid.centre_px, grid.side_px, noise_sd)[keep]
        wide = bound_px(scene, grid.centre_px, grid.side_px + 2 * DRAWN_IN_PX, noise_sd)[keep]
        for name, one in found.items():
            spread = one.displacement_px[REFERENCE_FRAMES:, keep].std(0)
            known = np.isfinite(spread).all(-1)
            spread, bound = spread[known], bounds[known]
            strict = float(np.median(spread / wide[known]))
            ratio = np.median(spread / bound), np.quantile(spread / bound, 0.9)
            pooled = np.sqrt(np.mean(spread**2) / np.mean(bound**2))
            yield [
                scene.name, f"{noise_sd:g}", name, f"{np.median(spread):.4f}", f"{np.median(bound):.4f}",
                f"{ratio[0]:.2f}", f"{ratio[1]:.2f}", f"{pooled:.2f}", f"{ratio[0] / np.sqrt(2):.2f}", f"{strict:.2f}",
                f"{one.frame_ms:.1f}",
            ]  # fmt: skip


@dataclass(frozen=True)
class Pulse:
    """One frame of a half-sine pulse: its kind, and the size of the displacement in it."""

    amplitude_px: float
    length_s: float
    size_px: float


def pulses() -> list[Pulse]:
    """All frames that show a pulse, one after the other."""
    frames = []
    for amplitude_px in AMPLITUDE_PX:
        for length_s in PULSE_S:
            for phase in PHASES * REPEATS.get(amplitude_px, FEWEST_REPEATS):
                for at_s in np.arange(phase / RATE_HZ, length_s, 1 / RATE_HZ):
                    size_px = amplitude_px * float(np.sin(np.pi * at_s / length_s))
                    frames.append(Pulse(amplitude_px, length_s, size_px))
    return frames


def gain_rows(scene: Scene) -> Iterator[list[object]]:
    """Gain of pulses, of the whole picture and of local twitches; the last row of each says how sure it is."""
    height, width = scene.light.shape
    x, y = np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float))
    way = np.array([np.cos(0.7), np.sin(0.7)])
    for kind in ("whole picture", "local twitch"):
        local = kind == "local twitch"
        unit = scene.footprints(scene.places(), x, y) if local else np.ones((2, height, width)) * way[:, None, None]
        shown = pulses()
        frames = list(still(scene, GAIN_NOISE_SD, REFERENCE_FRAMES + REST_FRAMES, seed=3))
        frames += list(_filmed_pulses(scene, unit, shown))
        grid, found = measured(frames, scene)
        keep = inside(scene, grid)
        column, row = grid.centre_px[keep].T
        truth = scene.footprints(scene.places(), column, row).T if local else np.tile(way, (keep.sum(), 1))
        for name, one in found.items():
            gains = _gains(_along(_from_rest(one.displacement_px)[:, keep], truth), shown)
            yield [scene.name, kind, name, *(f"{gain:.3f}" for gain in gains), f"{_worst(gains):.3f}"]
        resting = found[OURS].displacement_px[REFERENCE_FRAMES : REFERENCE_FRAMES + REST_FRAMES, keep]
        sd = float(_along(resting, truth).std())
        yield [scene.name, kind, "± standard error, ours", *(f"{error:.3f}" for error in _errors(sd, shown)), None]


def _filmed_pulses(scene: Scene, unit: FloatArray, shown: list[Pulse]) -> Iterator[ByteArray]:
    """Film each frame, with noise of its own; equal displacements are drawn once."""
    rng, lights = np.random.default_rng(7), {}
    for pulse in shown:
        key = round(pulse.size_px, 9)
        if key not in lights:
            lights[key] = scene.moved(pulse.size_px * unit)
        yield filmed(lights[key], GAIN_NOISE_SD, rng)


def _along(seen: FloatArray, truth: FloatArray) -> FloatArray:
    """(T,) least-squares size of the true movement in (T, C, 2), over the cells that a method measured."""
    known = np.isfinite(seen).all((0, 2))
    return np.asarray(np.einsum("tnc,nc->t", seen[:, known], truth[known]) / (truth[known] ** 2).sum())


def _of_kind(shown: list[Pulse]) -> Iterator[tuple[BoolArray, FloatArray]]:
    sizes = np.array([pulse.size_px for pulse in shown])
    for amplitude_px in AMPLITUDE_PX:
        for length_s in PULSE_S:
            chosen = np.array([(pulse.amplitude_px, pulse.length_s) == (amplitude_px, length_s) for pulse in shown])
            yield chosen, sizes[chosen]


def _gains(along: FloatArray, shown: list[Pulse]) -> list[float]:
    """Gain of each amplitude and length."""
    return [float(along[chosen] @ sizes / (sizes**2).sum()) for chosen, sizes in _of_kind(shown)]


def _errors(sd: float, shown: list[Pulse]) -> list[float]:
    """Standard error of those gains, from the noise of frames at rest."""
    return [sd / float(np.sqrt((sizes**2).sum())) for _, sizes in _of_kind(shown)]


def _from_rest(displacement_px: FloatArray) -> FloatArray:
    """Displacement after the still frames, from the mean of those that no reference was made of."""
    rest = displacement_px[REFERENCE_FRAMES : REFERENCE_FRAMES + REST_FRAMES].mean(0)
    return np.asarray(displacement_px[REFERENCE_FRAMES + REST_FRAMES :] - rest)


def _worst(gains: list[float]) -> float:
    return max(abs(gain - 1) for gain in gains)


def bias_rows(scene: Scene) -> Iterator[list[object]]:
    """Systematic error of shifts between pixels, of the whole picture."""
    rng = np.random.default_rng(11)
    shape = (2, *scene.light.shape)
    frames = list(still(scene, GAIN_NOISE_SD, REFERENCE_FRAMES + REST_FRAMES, seed=5))
    for shift in SHIFT_PX:
        light = scene.moved(np.broadcast_to(np.array([shift, 0.5 * shift])[:, None, None], shape))
        frames += [filmed(light, GAIN_NOISE_SD, rng) for _ in range(SHIFT_FRAMES)]
    grid, found = measured(frames, scene)
    keep = inside(scene, grid)
    truth = np.repeat(SHIFT_PX, SHIFT_FRAMES)[:, None] * np.array([1, 0.5])
    for name, one in found.items():
        error = _from_rest(one.displacement_px)[:, keep] - truth[:, None]
        error = error[:, np.isfinite(error).all((0, 2))]
        mean = error.reshape(len(SHIFT_PX), SHIFT_FRAMES, -1, 2).mean(1)
        yield [
            scene.name, name, f"{np.abs(np.median(mean, axis=1)).max():.4f}",
            f"{np.median(np.sqrt((mean**2).mean((0, 2)))):.4f}",
        ]  # fmt: skip


PARTS: dict[str, Callable[[argparse.Namespace], list[list[object]]]] = {
    "noise": lambda options: [row for name in SIZES_PX for row in noise_rows(scene_named(name), options.frames)],
    "gain": lambda _: [row for name in SIZES_PX for row in gain_rows(scene_named(name))],
    "bias": lambda _: [row for name in SIZES_PX for row in bias_rows(scene_named(name))],
    "body": lambda _: [row for name in SIZES_PX for row in body_rows(scene_named(name))],
    "drift": lambda options: list(drift_rows(options.drift_frames)),
}


def columns_of(part: str) -> list[str]:
    """Headings of a table."""
    if part != "gain":
        return COLUMNS[part]
    kinds = [f"{amplitude:g} px, {1000 * length:.0f} ms" for amplitude in AMPLITUDE_PX for length in PULSE_S]
    return [*COLUMNS[part], *kinds, "worst"]


def report(found: dict[str, Any]) -> str:
    """Write all tables."""
    own = code_sha256("vision")[:12]
    made = [
        ["vision", code_version("vision")], ["OpenCV", cv2.__version__], ["NumPy", np.__version__],
        ["scikit-image", skimage.__version__], ["machine", machine()],
    ]  # fmt: skip
    made += [
        [part, rows["date"] + ("" if rows["vision_sha256"] == own else ", with other code")]
        for part, rows in found.items()
    ]
    tables = {
        part: markdown_table(columns_of(part), found[part]["rows"]) if part in found else "Not measured yet."
        for part in PARTS
    }
    return TEXT.format(made=markdown_table(["made with", ""], made), **tables)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100, help="of a still scene (default 100)")
    parser.add_argument("--drift-frames", type=int, default=18000, help="default 18000: 10 minutes at 30 a second")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS), help="default: all")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help="default: benchmarks/results")
    parser.add_argument("--date", default=datetime.date.today().isoformat(), metavar="DAY", help="default: today")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "motion.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for part in options.parts:
        rows = PARTS[part](options)
        found[part] = {"date": options.date, "vision_sha256": code_sha256("vision")[:12], "rows": rows}
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = report({part: found[part] for part in PARTS if part in found})
    (options.out / "motion.md").write_text(text, encoding="utf-8")
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
