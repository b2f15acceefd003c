"""How the camera and the body move in a simulated clip, as formulas in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.model.arrays import FloatArray
from vision.simulate.distractors import PlannedDistractor, plan_distractors
from vision.simulate.optics import zoom_at
from vision.simulate.scenario import Scenario, generator
from vision.simulate.scene import Stage
from vision.simulate.wander import Wander, draw_wander

# Hertz. Hand tremor 6-12 Hz, docs/method.md; its share of the variance and the slower bands are our choice.
TREMOR_HZ, HAND_DRIFT_HZ, TREMOR_SHARE = (6.0, 12.0), (0.2, 3.0), 0.1
SWAY_HZ, LIGHT_HZ = (0.03, 0.5), (0.02, 0.3)
SHUTTER_KNOTS = 6  # times within a frame at which the hand's place is worked out; it is quite straight in between
TURN_RAD_PX = 0.0004  # camera's roll per pixel of shake: 0.05 degrees at 2 px; our choice
LEAN_RAD_PX = 0.001  # head's lean per pixel of sway; our choice
# Distractors of size 1: a knock in shares of the frame's shorter side, turns in radians; our choice.
JOLT_SHARE, JOLT_TURN_RAD = 0.008, 0.003
NOD_RAD, YAW_RAD, LEAN_RAD = 0.04, 0.04, 0.02
FIXED_POINT_ROUNDS = 3  # to find where a point goes whose depth depends on where it goes
# Shares of the first three harmonics in a pulse wave and their lag, radians: quick rise, slow fall; our choice.
PULSE_HARMONICS = ((1.0, 0.0), (0.45, 0.7), (0.2, 1.4))


@dataclass(frozen=True)
class Pose:
    """Camera and body at one time. Vectors in pixels, turns in radians, clockwise in the picture.

    nod_rad, yaw_rad : of the body out of the picture's plane: what bulges goes down or right by depth times turn.
    zoom : growth of the picture around its middle. skew_px : (H, 2) further shake of each row, None without any.
    """

    shake_px: FloatArray
    turn_rad: float
    body_px: FloatArray
    lean_rad: float
    pulse_px: FloatArray
    nod_rad: float = 0.0
    yaw_rad: float = 0.0
    zoom: float = 0.0
    skew_px: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Movement:
    """All that moves as a whole. `centre_px` is where turns turn around, in scene pixels."""

    scenario: Scenario
    stage: Stage
    hand: tuple[Wander, Wander]
    body: Wander
    light: Wander
    phase_rad: FloatArray
    distractors: tuple[PlannedDistractor, ...] = ()

    @property
    def centre_px(self) -> FloatArray:
        """Middle of the scene."""
        return np.array([self.stage.shape[1] - 1, self.stage.shape[0] - 1]) / 2

    def pose_at(self, time_s: float) -> Pose:
        """Return camera and body at one time."""
        s = self.scenario
        hand, sway = self._hand_at(time_s), self.body.at(time_s)
        jolt_px = {name: self._jolt_px(name, time_s) for name in ("camera-jolt", "body-jolt")}
        breath = s.breathing_px * np.sin(2 * np.pi * s.breathing_hz * time_s + self.phase_rad[0])
        return Pose(
            shake_px=s.shake_px * hand[:2] + jolt_px["camera-jolt"],
            turn_rad=float(s.shake_px * TURN_RAD_PX * hand[2] + JOLT_TURN_RAD * self._swing("camera-jolt", time_s)),
            body_px=s.sway_px * sway[:2] + np.array([0.0, breath]) + jolt_px["body-jolt"] + self._travelled_px(time_s),
            lean_rad=float(s.sway_px * LEAN_RAD_PX * sway[2] + LEAN_RAD * self._signed_share("lean", time_s)),
            pulse_px=s.pulse_px * self.pulse_wave_at(time_s) * np.array([0.6, 0.8]),
            nod_rad=NOD_RAD * self._signed_share("nod", time_s),
            yaw_rad=YAW_RAD * self._signed_share("turn", time_s),
            zoom=zoom_at(time_s, self.distractors),
            skew_px=self._skew_px(time_s) if s.shutter_s else None,
        )

    def pulse_wave_at(self, time_s: float) -> float:
        """Course of the pulse, which displacement and colour share."""
        beat = 2 * np.pi * self.scenario.pulse_hz * time_s + self.phase_rad[1]
        return float(sum(share * np.sin((k + 1) * beat - lag) for k, (share, lag) in enumerate(PULSE_HARMONICS)))

    def _hand_at(self, time_s: float) -> FloatArray:
        return np.asarray(self.hand[0].at(time_s) + self.hand[1].at(time_s))

    def _skew_px(self, time_s: float) -> FloatArray:
        """(H, 2) how much further the hand has come when each row is read, px; the frame's time is its first row's."""
        height, end_s = self.scenario.height_px, time_s + self.scenario.shutter_s
        knots_s = np.linspace(time_s, end_s, SHUTTER_KNOTS)
        way_px = self.scenario.shake_px * np.array([self._hand_at(float(knot_s))[:2] for knot_s in knots_s])
        rows_s = np.linspace(time_s, end_s, height)
        return np.stack([np.interp(rows_s, knots_s, way_px[:, axis] - way_px[0, axis]) for axis in (0, 1)], 1)

    def _swing(self, name: str, time_s: float) -> float:
        return sum(one.swing_at(time_s) for one in self.distractors if one.name == name)

    def _jolt_px(self, name: str, time_s: float) -> FloatArray:
        reach_px = JOLT_SHARE * min(self.scenario.width_px, self.scenario.height_px)
        ways = (
            one.swing_at(time_s) * np.array([np.cos(one.angle_rad), np.sin(one.angle_rad)])
            for one in self.distractors
            if one.name == name and one.onset_s < time_s < one.offset_s
        )
        return np.asarray(reach_px * sum(ways, np.zeros(2)))

    def _signed_share(self, name: str, time_s: float) -> float:
        return float(sum(np.sign(one.angle_rad) * one.share_at(time_s) for one in self.distractors if one.name == name))

    def _travelled_px(self, time_s: float) -> FloatArray:
        angle_rad = self.phase_rad[0]  # of the breath: any will do, and no new draw is made
        way_px = self.scenario.travel_px * (time_s / self.scenario.duration_s - 0.5)
        return way_px * np.array([np.cos(angle_rad), np.sin(angle_rad)])

    def gain_at(self, time_s: float, row_share: FloatArray) -> FloatArray:
        """Return the brightness of rows (0 top, 1 bottom), 1 on average."""
        s = self.scenario
        angle = 2 * np.pi * (s.flicker_hz * time_s + s.flicker_bands * row_share) + self.phase_rad[2]
        flicker = s.flicker_share * np.sin(angle) if s.flicker_hz > 0 else 0.0
        return np.asarray(1 + s.drift_share * self.light.at(time_s)[0] + flicker + 0 * row_share)

    def show(self, point_px: FloatArray, time_s: float) -> FloatArray:
        """Carry a point of the body at rest, (2,) scene pixels, into the frame. The pulse is left out."""
        pose = self.pose_at(time_s)
        moved = bulged = point_px + pose.body_px + pose.lean_rad * _quarter_turn(point_px - self.centre_px)
        if pose.yaw_rad or pose.nod_rad:
            for _ in range(FIXED_POINT_ROUNDS):
                bulged = moved + float(self.stage.depth_px(*moved)) * self.stage.tilted(pose.yaw_rad, pose.nod_rad)
                bulged = moved + float(self.stage.depth_px(*bulged)) * self.stage.tilted(pose.yaw_rad, pose.nod_rad)
        cos, sin = np.cos(pose.turn_rad), np.sin(pose.turn_rad)
        arm = (1 + pose.zoom) * (bulged - self.centre_px)
        turned = np.array([cos * arm[0] - sin * arm[1], sin * arm[0] + cos * arm[1]])
        shown = turned + self.centre_px + pose.shake_px - self.stage.margin_px
        if pose.skew_px is not None:
            row = int(np.clip(round(float(shown[1])), 0, len(pose.skew_px) - 1))
            shown = shown + pose.skew_px[row]
        return np.asarray(shown)


def draw_movement(scenario: Scenario, stage: Stage) -> Movement:
    """Draw how everything will move; sizes are applied later, so changing one leaves the course as it was."""
    camera, body, light = (generator(scenario.seed, purpose) for purpose in ("camera", "body", "light"))
    hand = (
        draw_wander(camera, np.sqrt(1 - TREMOR_SHARE), HAND_DRIFT_HZ, axes=3),
        draw_wander(camera, np.sqrt(TREMOR_SHARE), TREMOR_HZ, axes=3),
    )
    phase_rad = generator(scenario.seed, "phase").uniform(0, 2 * np.pi, 3)
    return Movement(
        scenario,
        stage,
        hand,
        draw_wander(body, 1.0, SWAY_HZ, axes=3),
        draw_wander(light, 1.0, LIGHT_HZ, axes=1),
        phase_rad,
        plan_distractors(scenario),
    )


def _quarter_turn(vector: FloatArray) -> FloatArray:
    return np.array([-vector[1], vector[0]])
