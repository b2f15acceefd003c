"""Where each pixel of a frame comes from in the scene at rest.

The skin at p is shown at C(p + u(p)): u the local displacement, C camera and body. Pictures are drawn the other way
round, so u is undone by fixed-point iteration (its slope is far below 1) and all movements end in one map: the
picture is interpolated once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.dsp import twitch_waveform
from vision.model.arrays import FloatArray
from vision.simulate.lids import Eye, see_through_lids
from vision.simulate.movement import Pose
from vision.simulate.scenario import Scenario
from vision.simulate.scene import PlacedTwitch, Scene
from vision.simulate.schedule import PlannedClosure

FOOTPRINT_REACH_SIGMA = 4.0  # beyond which a footprint moves the skin by less than 1/2900 of its amplitude
ACTIVE_SHARE = 1e-4  # of the peak, below which a twitch is over
TWITCH_MEMORY_TAU = 20.0  # times tau·decay: the waveform has fallen below ACTIVE_SHARE well before
FIXED_POINT_ROUNDS, SETTLED_PX = 8, 0.002
PAD_PX = 6

# The lower lid moves mostly sideways in a blink (docs/method.md); how far and how wide, as shares of the distance
# between the outer eye corners, are our choice.
LID_DRAG_IOD, LID_DRAG_SIGMA_IOD, LID_DRAG_ASPECT = 0.012, 0.05, 1.6

XY = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Push:
    """A Gaussian footprint of skin that is displaced by (dx, dy) at its centre; `wide_px` is the x sigma."""

    x_px: float
    y_px: float
    wide_px: float
    high_px: float
    dx_px: float
    dy_px: float

    def weight(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Share of the displacement at some places, in the precision of `x` and `y`."""
        away_x, away_y = (x - self.x_px) * (1 / self.wide_px), (y - self.y_px) * (1 / self.high_px)
        return np.asarray(np.exp(-0.5 * (away_x * away_x + away_y * away_y)))

    def bounds_px(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of what it moves."""
        reach_x, reach_y = FOOTPRINT_REACH_SIGMA * self.wide_px, FOOTPRINT_REACH_SIGMA * self.high_px
        return self.x_px - reach_x, self.y_px - reach_y, self.x_px + reach_x, self.y_px + reach_y


def pushes_at(
    time_s: float, scenario: Scenario, scene: Scene, twitches: tuple[PlacedTwitch, ...], shut: dict[str, float]
) -> list[Push]:
    """List what moves the skin at one time: twitches, and the lower lids of closing eyes."""
    memory_s = TWITCH_MEMORY_TAU * scenario.tau_s * max(1.0, scenario.decay)
    high_px = scenario.footprint_sigma_px
    sites: dict[tuple[float, float], list[float]] = {}
    for twitch in twitches:
        if not twitch.onset_s < time_s < twitch.onset_s + memory_s:
            continue
        share = float(twitch_waveform(np.array(time_s), twitch.onset_s, scenario.tau_s, scenario.decay))
        size_px = twitch.amplitude_px * share
        if share > ACTIVE_SHARE:
            dx, dy = size_px * np.cos(twitch.direction_rad), size_px * np.sin(twitch.direction_rad)
            total = sites.setdefault((twitch.x_px, twitch.y_px), [0.0, 0.0])
            total[:] = total[0] + float(dx), total[1] + float(dy)
    pushes = [Push(x, y, scenario.aspect * high_px, high_px, dx, dy) for (x, y), (dx, dy) in sites.items()]
    iod_px = scenario.outer_eye_distance_px or 0.0
    for side, share in shut.items():
        pushes.append(_lid_drag(scene.stage.eye(side), share, iod_px))
    return pushes


def shut_at(time_s: float, closures: tuple[PlannedClosure, ...]) -> dict[str, float]:
    """How far each eye is shut, for the eyes that are shut at all."""
    shut: dict[str, float] = {}
    for closure in closures:
        if closure.onset_s < time_s < closure.offset_s:
            shut |= {side: closure.share_at(time_s) for side in closure.sides}
    return shut


def pixel_sources(
    scene: Scene, centre_px: FloatArray, pose: Pose, pushes: list[Push], shut: dict[str, float], gaze_px: FloatArray
) -> XY:
    """Find where in the scene at rest each pixel of the frame comes from: x and y, (H, W) float32."""
    x, y = _undo_camera_and_body(scene, centre_px, pose)
    moving = [push.bounds_px() for push in pushes] + [scene.stage.eye(side).bounds_px() for side in shut]
    if gaze_px.any():
        moving += [eye.bounds_px() for eye in scene.stage.eyes]
    window = _window(scene, pose, moving)
    if window is not None:
        frame_xy = (x[window].copy(), y[window].copy())
        found = undo_pushes(frame_xy, pushes)
        for eye in scene.stage.eyes:
            found = _around_eye(scene, eye, shut.get(eye.side, 0.0), gaze_px, frame_xy, found, window, pose)
        x[window], y[window] = found
    return x, y


def undo_pushes(frame_xy: XY, pushes: list[Push]) -> XY:
    """Solve p + u(p) = q for p, for every q of `frame_xy`."""
    x, y = frame_xy
    for _ in range(FIXED_POINT_ROUNDS):
        dx, dy = np.zeros_like(x), np.zeros_like(y)
        for push in pushes:
            weight = push.weight(x, y)
            dx += np.float32(push.dx_px) * weight
            dy += np.float32(push.dy_px) * weight
        change_px = max(np.abs(frame_xy[0] - dx - x).max(), np.abs(frame_xy[1] - dy - y).max())
        x, y = frame_xy[0] - dx, frame_xy[1] - dy
        if change_px < SETTLED_PX:
            break
    return x, y


def _lid_drag(eye: Eye, share: float, iod_px: float) -> Push:
    sigma_px = LID_DRAG_SIGMA_IOD * iod_px
    x_px, _ = eye.centre_px
    dx_px = eye.nasal_sign * LID_DRAG_IOD * iod_px * share
    return Push(x_px, float(eye.lower_px.max()) + sigma_px, LID_DRAG_ASPECT * sigma_px, sigma_px, dx_px, 0.0)


def _undo_camera_and_body(scene: Scene, centre_px: FloatArray, pose: Pose) -> XY:
    height, width = scene.body_weight.shape
    cos, sin = np.float32(np.cos(pose.turn_rad)), np.float32(np.sin(pose.turn_rad))
    start = scene.stage.margin_px - pose.shake_px - centre_px
    column = (np.arange(width) + start[0]).astype(np.float32)[None, :]
    row = (np.arange(height) + start[1]).astype(np.float32)[:, None]
    if pose.skew_px is not None:
        skew = pose.skew_px.astype(np.float32)
        column, row = column - skew[:, :1], row - skew[:, 1:]
    if pose.zoom:
        column, row = column * np.float32(1 / (1 + pose.zoom)), row * np.float32(1 / (1 + pose.zoom))
    arm_x, arm_y = cos * column + sin * row, cos * row - sin * column
    weight, pulse, lean = scene.body_weight, scene.pulse_weight, np.float32(pose.lean_rad)
    x = arm_x + np.float32(centre_px[0]) - weight * (np.float32(pose.body_px[0]) - lean * arm_y)
    y = arm_y + np.float32(centre_px[1]) - weight * (np.float32(pose.body_px[1]) + lean * arm_x)
    if pose.yaw_rad or pose.nod_rad:
        depth = weight * scene.stage.depth_px(arm_x + np.float32(centre_px[0]), arm_y + np.float32(centre_px[1]))
        right, down = scene.stage.tilted(pose.yaw_rad, pose.nod_rad)
        x -= np.asarray(depth * right, dtype=np.float32)
        y -= np.asarray(depth * down, dtype=np.float32)
    if pose.pulse_px.any():
        x -= pulse * np.float32(pose.pulse_px[0])
        y -= pulse * np.float32(pose.pulse_px[1])
    return x, y


def _window(scene: Scene, pose: Pose, bounds_px: list[tuple[float, float, float, float]]) -> tuple[slice, slice] | None:
    """Rows and columns of the frame that show some parts of the scene, with room for camera and body."""
    if not bounds_px:
        return None
    edges = np.array(bounds_px) - scene.stage.margin_px
    turn_px = (abs(pose.turn_rad) + abs(pose.lean_rad) + abs(pose.nod_rad) + abs(pose.yaw_rad) + pose.zoom) * max(
        scene.stage.shape
    )
    if pose.skew_px is not None:
        turn_px += float(np.abs(pose.skew_px).max())
    room = PAD_PX + np.abs(pose.shake_px).max() + np.abs(pose.body_px).max() + np.abs(pose.pulse_px).max() + turn_px
    height, width = scene.body_weight.shape
    left, top = np.floor(edges[:, :2].min(axis=0) - room).astype(int).clip(0)
    right, bottom = np.ceil(edges[:, 2:].max(axis=0) + room).astype(int) + 1
    window = slice(top, min(bottom, height)), slice(left, min(right, width))
    return window if window[0].start < window[0].stop and window[1].start < window[1].stop else None


def _around_eye(
    scene: Scene, eye: Eye, shut_share: float, gaze_px: FloatArray, frame_xy: XY, skin_xy: XY,
    window: tuple[slice, slice], pose: Pose,
) -> XY:  # fmt: skip
    part = _window(scene, pose, [eye.bounds_px()])
    if part is None:
        return skin_xy
    rows, columns = (
        slice(max(p.start - w.start, 0), max(min(p.stop, w.stop) - w.start, 0))
        for p, w in zip(part, window, strict=True)
    )
    inner = rows, columns
    x, y = skin_xy
    if x[inner].size:
        x[inner], y[inner] = see_through_lids(
            eye, shut_share, (frame_xy[0][inner], frame_xy[1][inner]), (x[inner], y[inner]), gaze_px
        )
    return x, y
