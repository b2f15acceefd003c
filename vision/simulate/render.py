"""Frames of a simulated clip, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vision.model.arrays import ByteArray, FloatArray
from vision.simulate.camera import expose, noise_sd_by_level
from vision.simulate.mimic import mimic_at
from vision.simulate.movement import Movement, draw_movement
from vision.simulate.optics import change_light, exposure_at
from vision.simulate.places import place_twitches
from vision.simulate.scenario import Scenario, generator
from vision.simulate.scene import PlacedTwitch, Scene, draw_scene, set_stage
from vision.simulate.schedule import PlannedClosure, frame_times, plan_closures
from vision.simulate.warp import pixel_sources, pushes_at, shut_at


def render_frames(scenario: Scenario) -> Iterator[tuple[float, ByteArray]]:
    """Render a scenario without encoding it.

    Yields
    ------
    time_s : seconds from the first frame.
    rgb : (H, W, 3) uint8, upright.

    Notes
    -----
    Each frame shows one instant: movement within an exposure is taken as none. The picture is interpolated once; a
    displacement is then off by 0.02 px at most, 0.05 px in frames above 2.5 megapixels (`scene.FINEST_SAMPLING`).
    """
    stage = set_stage(scenario)
    scene, movement = draw_scene(scenario, stage), draw_movement(scenario, stage)
    twitches, closures = place_twitches(scenario, stage), plan_closures(scenario)
    sd_by_level = noise_sd_by_level(scenario.noise_sd)
    row_share = np.linspace(0, 1, scenario.height_px)
    for index, time_s in enumerate(frame_times(scenario).tolist()):
        light = _light_at(time_s, scenario, scene, movement, twitches, closures)
        if scenario.is_mirrored:
            light = light[:, ::-1]
        noise = generator(scenario.seed, "noise", index)
        row_gain = movement.gain_at(time_s, row_share) * exposure_at(time_s, movement.distractors)
        yield time_s, expose(light, row_gain, sd_by_level, noise)


def _light_at(
    time_s: float,
    scenario: Scenario,
    scene: Scene,
    movement: Movement,
    twitches: tuple[PlacedTwitch, ...],
    closures: tuple[PlannedClosure, ...],
) -> FloatArray:
    shut = shut_at(time_s, closures)
    mimic, gaze_px = mimic_at(time_s, scenario, scene.stage, movement.distractors)
    pushes = pushes_at(time_s, scenario, scene, twitches, shut) + mimic
    x, y = pixel_sources(scene, movement.centre_px, movement.pose_at(time_s), pushes, shut, gaze_px)
    wave = movement.pulse_wave_at(time_s)
    return change_light(scene.seen_at(x, y), time_s, scenario, scene, movement.distractors, wave)
