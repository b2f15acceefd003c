"""Motion signals with known truth, made as arrays: noise, twitches, steps, gaps, movement of the whole part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.signal

from vision.dsp import twitch_waveform
from vision.model.arrays import BoolArray, FloatArray
from vision.model.events import EventSet, TwitchEvent
from vision.model.regions import RegionTrack
from vision.model.signals import MotionSignals
from vision.settings import DetectionSettings, Settings
from vision.twitch.artefacts import Cover
from vision.twitch.cleaning import clean
from vision.twitch.find import Findings, find_twitches
from vision.twitch.survey import Survey, survey

SCALE_PX = 100.0  # outer-eye distance of a small face, of which the grid covers about its own square
SPACING_PX = 4.0
COLUMNS, ROWS = 27, 22
NOISE_PX = 0.05
SIGMA_PX = 7.5  # the reference footprint, 0.075 of the outer-eye distance
FRAMES_S = 1 / 30
STRUCTURE = 4e3  # as a cell of 6 x 6 px with gradients of 10 grey levels a pixel


@dataclass(frozen=True)
class Planted:
    """One twitch put in. Places are pixels from the middle of the grid."""

    onset_s: float
    x_px: float = 0.0
    y_px: float = 0.0
    amplitude_px: float = 0.3
    direction_rad: float = -1.2
    tau_s: float = 0.05
    decay: float = 1.6
    sigma_px: float = SIGMA_PX

    @property
    def peak_s(self) -> float:
        return self.onset_s + self.tau_s


def grid() -> FloatArray:
    """(N, 2) points around (0, 0): mirroring the picture is then a change of sign."""
    x = (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * SPACING_PX
    y = (np.arange(ROWS) - (ROWS - 1) / 2) * SPACING_PX
    return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)


def noise(seed: int, frames: int, points: int, memory: float = 0.0) -> FloatArray:
    """(T, N, 2) of standard deviation 1; `memory` is the coefficient of a first-order autoregression."""
    white = np.random.default_rng(seed).standard_normal((frames + 50, points, 2), dtype=np.float32)
    if not memory:
        return white[50:]
    coloured = scipy.signal.lfilter([np.sqrt(1 - memory**2)], [1.0, -memory], white, axis=0)
    return np.asarray(coloured[50:], dtype=np.float32)


def shared_noise(seed: int, frames: int, reach_cells: float = 1.5) -> FloatArray:
    """(T, N, 2) of standard deviation 1 that neighbours share, as an encoder's blocks and optical flow make them."""
    white = noise(seed, frames, ROWS * COLUMNS).reshape(frames, ROWS, COLUMNS, 2)
    smooth = scipy.ndimage.gaussian_filter(white, (0, reach_cells, reach_cells, 0), mode="reflect")
    return np.asarray(smooth.reshape(frames, -1, 2) / smooth.std())


def local_motion(time_s: FloatArray, point_px: FloatArray, twitches: list[Planted]) -> FloatArray:
    """(T, N, 2) displacement that the planted twitches make."""
    moved = np.zeros((len(time_s), len(point_px), 2), np.float32)
    for one in twitches:
        course = one.amplitude_px * twitch_waveform(time_s, one.onset_s, one.tau_s, one.decay)
        away = ((point_px - [one.x_px, one.y_px]) ** 2).sum(1)
        share = np.exp(-0.5 * away / one.sigma_px**2)
        way = np.array([np.cos(one.direction_rad), np.sin(one.direction_rad)])
        moved += (course[:, None, None] * share[:, None] * way).astype(np.float32)
    return moved


def film(
    twitches: list[Planted] | None = None, *, duration_s: float = 16.0, rate_hz: float = 30.0, seed: int = 1,
    noise_px: float = NOISE_PX, memory: float = 0.0, extra_px: FloatArray | None = None,
    gap: BoolArray | None = None, keyframes: BoolArray | None = None, start_s: float = 0.0,
) -> MotionSignals:  # fmt: skip
    """Signals of a small face. `extra_px` is added to the displacement; `gap` (T,) marks frames not seen."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    point_px = grid()
    frames, points = len(time_s), len(point_px)
    displacement = noise_px * noise(seed, frames, points, memory) + local_motion(time_s, point_px, twitches or [])
    if extra_px is not None:
        displacement = displacement + extra_px.astype(np.float32)
    valid = np.ones((frames, points), bool)
    if gap is not None:
        valid[gap] = False
        displacement = np.where(valid[..., None], displacement, np.float32(np.nan))
    return MotionSignals(
        time_s=time_s + start_s,
        point_px=point_px,
        region_of_point=(point_px[:, 0] > 0).astype(int),
        displacement_px=displacement,
        noise_px=np.full((1, points), noise_px),
        valid=valid,
        covered=np.zeros_like(valid),
        structure=np.broadcast_to(np.eye(2) * STRUCTURE, (points, 2, 2)).copy(),
        camera=np.broadcast_to(np.eye(2, 3), (frames, 2, 3)).copy(),
        luma_gain=np.ones(frames),
        sharpness=np.ones(frames),
        is_keyframe=np.zeros(frames, bool) if keyframes is None else keyframes,
        scale_px=SCALE_PX,
        spacing_px=SPACING_PX,
        reference_index=0,
    )


def face(signals: MotionSignals, **changes: Any) -> RegionTrack:
    """Two cheeks, the patient's right on the picture's left, eyes open throughout."""
    frames = len(signals.time_s)
    track = RegionTrack(
        view="face",
        time_s=signals.time_s,
        names=("cheek", "cheek"),
        sides=("right", "left"),
        outline_px=np.zeros((frames, 2, 4, 2)),
        seen=np.ones((frames, 2), bool),
        scale_px=np.full(frames, SCALE_PX),
        skin_rgb=np.full((frames, 2, 3), 130.0),
        eye_aperture=np.full((frames, 2), 0.3),
        eye_outline_px=np.full((frames, 2, 8, 2), np.nan),
        head_pose_deg=np.zeros((frames, 3)),
        gaze=np.zeros((frames, 2, 2)),
        background_px=np.zeros((frames, 2)),
        mouth_iod=np.tile([0.16, 0.27, 0.27], (frames, 1)),
    )
    return replace(track, **changes)


def limb(signals: MotionSignals) -> RegionTrack:
    """The same points as skin of a limb: one region, no eyes."""
    frames = len(signals.time_s)
    nothing = np.full((frames, 2), np.nan)
    return face(
        signals, view="skin", names=("skin",), sides=(None,), outline_px=np.zeros((frames, 1, 4, 2)),
        seen=np.ones((frames, 1), bool), scale_px=np.full(frames, np.nan), eye_aperture=nothing,
        skin_rgb=np.full((frames, 1, 3), 130.0), head_pose_deg=np.full((frames, 3), np.nan),
        gaze=np.full((frames, 2, 2), np.nan), background_px=np.full((frames, 2), np.nan),
        mouth_iod=np.full((frames, 3), np.nan),
    )  # fmt: skip


def findings(signals: MotionSignals, regions: RegionTrack | None = None, settings: Settings | None = None) -> Findings:
    return find_twitches(signals, regions or face(signals), settings or Settings())


def found(signals: MotionSignals, regions: RegionTrack | None = None) -> EventSet:
    return findings(signals, regions).events


def surveyed(signals: MotionSignals, settings: DetectionSettings | None = None) -> Survey:
    nothing = np.zeros(len(signals.time_s), bool)
    return survey(
        signals,
        clean(signals),
        Cover(*[nothing] * 6),
        np.zeros(len(signals.point_px), bool),
        settings or DetectionSettings(),
    )


def unmatched(
    planted: list[Planted], events: tuple[TwitchEvent, ...], within_s: float = 0.1
) -> tuple[list[Planted], list[TwitchEvent]]:
    """Twitches that were missed and events that were made up, each matched once, nearest peaks first."""
    pairs = sorted(
        (abs(one.peak_s - event.peak_s), i, k)
        for i, one in enumerate(planted)
        for k, event in enumerate(events)
        if abs(one.peak_s - event.peak_s) <= within_s
    )
    ours: set[int] = set()
    theirs: set[int] = set()
    for _, i, k in pairs:
        if i not in ours and k not in theirs:
            ours.add(i)
            theirs.add(k)
    missed = [one for i, one in enumerate(planted) if i not in ours]
    return missed, [event for k, event in enumerate(events) if k not in theirs]
