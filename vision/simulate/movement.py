"""How the camera and the body move in a simulated clip, as formulas in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.model.arrays import FloatArray
from vision.simulate.scenario import Scenario, generator
from vision.simulate.scene import Stage
from vision.simulate.wander import Wander, draw_wander

# Hertz. Hand tremor 6-12 Hz, docs/method.md; its share of the variance and the slower bands are our choice.
TREMOR_HZ, HAND_DRIFT_HZ, TREMOR_SHARE = (6.0, 12.0), (0.2, 3.0), 0.1
SWAY_HZ, LIGHT_HZ = (0.03, 0.5), (0.02, 0.3)
TURN_RAD_PX = 0.0004  # camera's roll per pixel of shake: 0.05 degrees at 2 px; our choice
LEAN_RAD_PX = 0.001  # head's lean per pixel of sway; our choice
# Shares of the first three harmonics in a pulse wave and their lag, radians: quick rise, slow fall; our choice.
PULSE_HARMONICS = ((1.0, 0.0), (0.45, 0.7), (0.2, 1.4))


@dataclass(frozen=True)
class Pose:
    """Camera and body at one time. Vectors in pixels, turns in radians, clockwise in the picture."""

    shake_px: FloatArray
    turn_rad: float
    body_px: FloatArray
    lean_rad: float
    pulse_px: FloatArray


@dataclass(frozen=True, eq=False)
class Movement:
    """All that moves as a whole. `centre_px` is where turns turn around, in scene pixels."""

    scenario: Scenario
    stage: Stage
    hand: tuple[Wander, Wander]
    body: Wander
    light: Wander
    phase_rad: FloatArray

    @property
    def centre_px(self) -> FloatArray:
        """Middle of the scene."""
        return np.array([self.stage.shape[1] - 1, self.stage.shape[0] - 1]) / 2

    def pose_at(self, time_s: float) -> Pose:
        """Return camera and body at one time."""
        s = self.scenario
        hand = self.hand[0].at(time_s) + self.hand[1].at(time_s)
        sway = self.body.at(time_s)
        breath = s.breathing_px * np.sin(2 * np.pi * s.breathing_hz * time_s + self.phase_rad[0])
        beat = 2 * np.pi * s.pulse_hz * time_s + self.phase_rad[1]
        wave = sum(share * np.sin((k + 1) * beat - lag) for k, (share, lag) in enumerate(PULSE_HARMONICS))
        return Pose(
            shake_px=s.shake_px * hand[:2],
            turn_rad=float(s.shake_px * TURN_RAD_PX * hand[2]),
            body_px=s.sway_px * sway[:2] + np.array([0.0, breath]),
            lean_rad=float(s.sway_px * LEAN_RAD_PX * sway[2]),
            pulse_px=s.pulse_px * float(wave) * np.array([0.6, 0.8]),
        )

    def gain_at(self, time_s: float, row_share: FloatArray) -> FloatArray:
        """Return the brightness of rows (0 top, 1 bottom), 1 on average."""
        s = self.scenario
        angle = 2 * np.pi * (s.flicker_hz * time_s + s.flicker_bands * row_share) + self.phase_rad[2]
        flicker = s.flicker_share * np.sin(angle) if s.flicker_hz > 0 else 0.0
        return np.asarray(1 + s.drift_share * self.light.at(time_s)[0] + flicker + 0 * row_share)

    def show(self, point_px: FloatArray, time_s: float) -> FloatArray:
        """Carry a point of the body at rest, (2,) scene pixels, into the frame. The pulse is left out."""
        pose = self.pose_at(time_s)
        moved = point_px + pose.body_px + pose.lean_rad * _quarter_turn(point_px - self.centre_px)
        cos, sin = np.cos(pose.turn_rad), np.sin(pose.turn_rad)
        arm = moved - self.centre_px
        turned = np.array([cos * arm[0] - sin * arm[1], sin * arm[0] + cos * arm[1]])
        return np.asarray(turned + self.centre_px + pose.shake_px - self.stage.margin_px)


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
    )


def _quarter_turn(vector: FloatArray) -> FloatArray:
    return np.array([-vector[1], vector[0]])
