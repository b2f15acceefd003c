"""Other approaches, as one would first write them: strongest movement of each frame, in robust noise widths.

Each gives, for every frame, how far the most conspicuous of its places stands out and where that place is; a threshold
then makes events (`events_above`). None knows regions, sites, artefacts or the shape of a twitch.

    farneback   dense optical flow from frame to frame (OpenCV's defaults), the picture's median motion taken out, speed
                of each 8 x 8 block against its own median and median absolute deviation: "any point counts"
    landmarks   FaceMesh on every frame, an affine fit to the mean face taken out, distance from the place's own median
    energy      mean absolute difference of grey levels from frame to frame, in 16 x 16 blocks
    mps-motion  the published package for beating heart muscle (PyPI: mps-motion), displacement against a reference
                frame at its own defaults, in 8 x 8 blocks; it lives in an environment of its own
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vision.dsp import running_quantile
from vision.model.arrays import ByteArray, FloatArray
from vision.settings import VideoSettings
from vision.video.decode import open_clip

WORKING_SIDE_PX = 480  # longer side of the picture that dense methods see
MPS_SIDE_PX = 320
FLOW_BLOCK_PX, ENERGY_BLOCK_PX = 8, 16
BASELINE_S = 2.0
SMALLEST_WIDTH_SHARE = 0.1  # of the median noise of all places: a still place would make an event of anything
BRIDGE_S = 0.1  # frames above the threshold closer than this are one event
MPS_RUNNER = Path(__file__).with_name("mps_runner.py")
MPS_TIMEOUT_S = 900.0
SETTLING_S = 0.5  # in which FaceMesh settles on a face; not held against it
LANDMARKS_RATE_HZ = 1000.0  # every frame
ANY_RATE_SIDE_PX = 480


@dataclass(frozen=True, eq=False)
class Conspicuous:
    """(T,) times, how far the most conspicuous place stands out, and (T, 2) where it is, upright native pixels."""

    time_s: FloatArray
    height: FloatArray
    place_px: FloatArray


def events_above(found: Conspicuous, threshold: float) -> list[dict[str, Any]]:
    """One event for each stretch above the threshold, at its highest frame."""
    above = np.flatnonzero(found.height > threshold)
    if not len(above):
        return []
    parts = np.split(above, np.flatnonzero(np.diff(found.time_s[above]) > BRIDGE_S) + 1)
    peaks = [int(part[np.argmax(found.height[part])]) for part in parts]
    return [
        {"peak_s": float(found.time_s[k]), "x_px": float(found.place_px[k, 0]), "y_px": float(found.place_px[k, 1])}
        for k in peaks
    ]


def conspicuous(time_s: FloatArray, size: FloatArray, place_px: FloatArray) -> Conspicuous:
    """Pick the place that stands out most in each frame.

    Parameters
    ----------
    size : (T, P) of movement, >= 0. place_px : (P, 2).
    """
    centre = np.median(size, axis=0)
    width = np.median(np.abs(size - centre), axis=0) / 0.6745
    width = np.maximum(width, SMALLEST_WIDTH_SHARE * float(np.median(width)) + 1e-9)
    height = (size - centre) / width
    best = height.argmax(1)
    return Conspicuous(time_s, height[np.arange(len(height)), best], place_px[best])


def small_film(clip: Path, side_px: int) -> tuple[FloatArray, list[ByteArray], float]:
    """(T,) times, reduced luma of every frame, and native pixels a pixel of it."""
    times, lumas, scale = [], [], 1.0
    with open_clip(clip, VideoSettings()) as reader:
        for frame in reader:
            scale = max(1.0, max(frame.luma.shape) / side_px)
            size = (round(frame.luma.shape[1] / scale), round(frame.luma.shape[0] / scale))
            times.append(frame.time_s)
            lumas.append(np.asarray(cv2.resize(frame.luma, size, interpolation=cv2.INTER_AREA)))
    return np.array(times), lumas, scale


def blocks(values: FloatArray, side_px: int) -> FloatArray:
    """(H, W, …) to (rows, columns, …) means of whole blocks."""
    rows, columns = values.shape[0] // side_px, values.shape[1] // side_px
    cut = values[: rows * side_px, : columns * side_px]
    return np.asarray(cut.reshape(rows, side_px, columns, side_px, *values.shape[2:]).mean(axis=(1, 3)))


def block_places(shape: tuple[int, ...], side_px: int, scale: float) -> FloatArray:
    """(P, 2) middles of the blocks, native pixels."""
    rows, columns = shape[0] // side_px, shape[1] // side_px
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    return np.asarray((np.stack([x, y], -1).reshape(-1, 2) + 0.5) * side_px * scale)


def _frame_to_frame(clip: Path, side_px: int, step: Callable[[ByteArray, ByteArray], FloatArray]) -> Conspicuous:
    """Compare each frame with the one before; the first frame stands still."""
    time_s, lumas, scale = small_film(clip, WORKING_SIDE_PX)
    sizes = [step(before, now).ravel() for before, now in zip([lumas[0], *lumas[:-1]], lumas, strict=True)]
    return conspicuous(time_s, np.array(sizes), block_places(lumas[0].shape, side_px, scale))


def farneback(clip: Path) -> Conspicuous:
    """Speed by dense optical flow."""

    def step(before: ByteArray, now: ByteArray) -> FloatArray:
        flow = cv2.calcOpticalFlowFarneback(before, now, None, 0.5, 3, 15, 3, 5, 1.2, 0)  # type: ignore[call-overload]
        flow -= np.median(flow.reshape(-1, 2), axis=0)
        mean = blocks(flow, FLOW_BLOCK_PX)
        return np.hypot(mean[..., 0], mean[..., 1])

    return _frame_to_frame(clip, FLOW_BLOCK_PX, step)


def energy(clip: Path) -> Conspicuous:
    """Motion energy: how much the grey levels change."""
    return _frame_to_frame(
        clip, ENERGY_BLOCK_PX,
        lambda before, now: blocks(np.asarray(cv2.absdiff(before, now), dtype=np.float32), ENERGY_BLOCK_PX),
    )  # fmt: skip


def landmarks(clip: Path) -> Conspicuous | None:
    """Displacement of face landmarks; None where no face is seen in most frames."""
    from mediapipe.python.solutions.face_mesh import FaceMesh

    times, meshes = [], []
    settings = VideoSettings(small_side_px=ANY_RATE_SIDE_PX)
    with open_clip(clip, settings, rgb_rate_hz=LANDMARKS_RATE_HZ) as reader, FaceMesh(refine_landmarks=True) as mesh:
        for frame in reader:
            found = mesh.process(frame.rgb_small).multi_face_landmarks
            times.append(frame.time_s)
            size = np.array(frame.luma.shape[::-1])
            meshes.append(np.array([(p.x, p.y) for p in found[0].landmark]) * size if found else None)
    seen = [mesh for mesh in meshes if mesh is not None]
    if len(seen) < 0.5 * len(meshes):
        return None
    last = seen[0]
    filled = np.array([last := mesh if mesh is not None else last for mesh in meshes])
    mean = np.median(filled, axis=0)
    rest = np.array([_without_affine(one, mean) for one in filled])
    time_s = np.array(times)
    rest -= running_quantile(time_s, rest, BASELINE_S)
    found = conspicuous(time_s, np.hypot(rest[..., 0], rest[..., 1]), mean)
    return replace(found, height=np.where(time_s < SETTLING_S, 0.0, found.height))


def _without_affine(points: FloatArray, mean: FloatArray) -> FloatArray:
    basis = np.column_stack([mean, np.ones(len(mean))])
    return np.asarray(points - basis @ np.linalg.lstsq(basis, points, rcond=None)[0])


def mps_motion(clip: Path, python: Path) -> Conspicuous:
    """Displacement by the package mps-motion, in the environment of another interpreter.

    Raises
    ------
    RuntimeError
        It does not run; the last line that it said.
    """
    time_s, frames, scale = small_film(clip, MPS_SIDE_PX)
    with tempfile.TemporaryDirectory(prefix="mps-") as folder:
        there, back = Path(folder) / "film.npz", Path(folder) / "size.npz"
        np.savez(there, luma=np.array(frames), time_s=time_s, block_px=FLOW_BLOCK_PX)
        command = [str(python), str(MPS_RUNNER), str(there), str(back)]
        environment = {"PATH": "/usr/bin:/bin"}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=MPS_TIMEOUT_S, check=False, env=environment
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RuntimeError(f"mps-motion: {type(error).__name__}") from error
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise RuntimeError(f"mps-motion: {said[-1] if said else done.returncode}")
        with np.load(back) as found:
            size = found["size"]
    quick = np.abs(size - running_quantile(time_s, size, BASELINE_S))
    return conspicuous(time_s, quick, block_places(frames[0].shape, FLOW_BLOCK_PX, scale))
