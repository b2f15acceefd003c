"""What an analysis should find in a simulated clip, in the format of the team's measured cases."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from vision.errors import OutputError, ResultFileError
from vision.model.features import PatternLabel
from vision.model.regions import RegionName, View
from vision.simulate.labels import dominant_hz, duty_cycle, label
from vision.simulate.movement import Movement, draw_movement
from vision.simulate.places import place_twitches
from vision.simulate.portrait import anatomy
from vision.simulate.scenario import DistractorName, Scenario
from vision.simulate.scene import PlacedTwitch, set_stage
from vision.simulate.schedule import active_interval_s, frame_times, plan_closures

# Kinds as in RejectedMovement, and two of what it has no word for.
KIND_OF_NAME: dict[DistractorName, str] = {
    "gaze": "eye-movement",
    "nod": "head-motion",
    "turn": "head-motion",
    "lean": "head-motion",
    "body-jolt": "head-motion",
    "camera-jolt": "camera-motion",
    "speech": "speech",
    "smile": "expression",
    "grimace": "expression",
    "swallow": "swallowing",
    "focus": "focus",
    "exposure": "exposure",
    "hair": "occlusion",
    "shadow": "occlusion",
}
LIMB_MOTION, DRIFT = "limb-motion", "drift"


class TrueTwitch(BaseModel):
    """One twitch. `x_px`, `y_px`: where its centre is shown at its peak, itself undone; `sigma`: px, short axis."""

    model_config = ConfigDict(frozen=True)

    onset_s: float
    peak_s: float
    offset_s: float
    site: str
    region: RegionName
    side: str | None
    amplitude: float
    tau_s: float
    decay: float
    direction_rad: float
    sigma: float
    aspect: float
    x_px: float
    y_px: float


class TrueClosure(BaseModel):
    """One closure of the eyes: lids start down at `onset_s` and are open again at `offset_s`."""

    model_config = ConfigDict(frozen=True)

    onset_s: float
    offset_s: float
    sides: tuple[str, ...]
    complete: bool


class TrueDistractor(BaseModel):
    """A movement or change that is no twitch; `kind` as in a result's `rejected`. `size`: times the usual, if drawn."""

    model_config = ConfigDict(frozen=True)

    kind: str
    name: str
    onset_s: float
    offset_s: float
    size: float | None = None


class Truth(BaseModel):
    """What is known about a simulated clip. Sides are the patient's, places those of the upright frame."""

    model_config = ConfigDict(frozen=True)

    name: str
    label: PatternLabel
    duration_s: float
    sample_rate_hz: float
    width_px: int
    height_px: int
    duty_cycle: float
    dominant_hz: float | None
    twitches: tuple[TrueTwitch, ...]
    blinks: tuple[TrueClosure, ...]
    distractors: tuple[TrueDistractor, ...] = ()
    view: View
    is_mirrored: bool
    seed: int
    scenario: Scenario


def truth_of(scenario: Scenario, name: str | None = None) -> Truth:
    """Work out the truth of a scenario without drawing a picture. `name` is the clip's, else the scenario's."""
    stage = set_stage(scenario)
    movement = draw_movement(scenario, stage)
    placed = place_twitches(scenario, stage)
    closures = plan_closures(scenario)
    return Truth(
        name=name or scenario.name,
        label=label(scenario, placed),
        duration_s=scenario.duration_s,
        sample_rate_hz=scenario.rate_hz,
        width_px=scenario.width_px,
        height_px=scenario.height_px,
        duty_cycle=duty_cycle(scenario, placed),
        dominant_hz=dominant_hz(scenario, placed),
        twitches=tuple(_true_twitch(scenario, movement, twitch) for twitch in placed),
        blinks=tuple(
            TrueClosure(onset_s=c.onset_s, offset_s=c.offset_s, sides=c.sides, complete=c.depth == 1.0)
            for c in closures
        ),
        distractors=tuple(_distractors(scenario, movement)),
        view=scenario.view,
        is_mirrored=scenario.is_mirrored,
        seed=scenario.seed,
        scenario=scenario,
    )


def truth_path(clip: Path) -> Path:
    """``clip.mp4`` has its truth in ``clip.truth.json`` beside it."""
    return clip.with_suffix(".truth.json")


def write_truth(truth: Truth, path: Path) -> None:
    """Write the truth as JSON.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    try:
        path.write_text(truth.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{path.name} cannot be written ({error.strerror})", "a folder that can be written to"
        ) from error


def read_truth(path: Path) -> Truth:
    """Read what `write_truth` wrote.

    Raises
    ------
    ResultFileError
        The file is missing or holds no truth.
    """
    try:
        return Truth.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise ResultFileError(
            f"{path.name} holds no truth of a simulated clip", "a file that simulate wrote"
        ) from error


def _true_twitch(scenario: Scenario, movement: Movement, twitch: PlacedTwitch) -> TrueTwitch:
    peak_s = twitch.onset_s + scenario.tau_s
    x_px, y_px = (float(value) for value in movement.show(np.array([twitch.x_px, twitch.y_px]), peak_s))
    direction_rad = twitch.direction_rad
    if scenario.is_mirrored:
        x_px, direction_rad = scenario.width_px - 1 - x_px, math.remainder(math.pi - direction_rad, math.tau)
    region, side = _anatomy(twitch)
    return TrueTwitch(
        onset_s=twitch.onset_s,
        peak_s=peak_s,
        offset_s=active_interval_s(twitch.onset_s, scenario.tau_s, scenario.decay)[1],
        site=twitch.site,
        region=region,
        side=side,
        amplitude=twitch.amplitude_px,
        tau_s=scenario.tau_s,
        decay=scenario.decay,
        direction_rad=direction_rad,
        sigma=scenario.footprint_sigma_px,
        aspect=scenario.aspect,
        x_px=x_px,
        y_px=y_px,
    )


def _anatomy(twitch: PlacedTwitch) -> tuple[RegionName, str | None]:
    if twitch.region is not None:
        return twitch.region, twitch.side
    return ("skin", None) if "," in twitch.site else anatomy(twitch.site)


def _distractors(scenario: Scenario, movement: Movement) -> Iterator[TrueDistractor]:
    """List what comes and goes in order of onset, then what is there from first to last."""
    for one in movement.distractors:
        kind = KIND_OF_NAME[one.name]
        if kind == "head-motion" and scenario.view == "skin":
            kind = LIMB_MOTION
        for onset_s, offset_s in one.steps_s:
            yield TrueDistractor(kind=kind, name=one.name, onset_s=onset_s, offset_s=offset_s, size=one.size)
    whole = {
        "pulse": scenario.pulse_px > 0 or scenario.pulse_colour_share > 0,
        "breathing": scenario.breathing_px > 0,
        "flicker": scenario.flicker_hz > 0 and scenario.flicker_share > 0,
        DRIFT: scenario.travel_px > 0,
    }
    for kind in (kind for kind, is_there in whole.items() if is_there):
        yield TrueDistractor(kind=kind, name=kind, onset_s=0.0, offset_s=scenario.duration_s)
    if scenario.keyframe_interval_s is not None:
        step = max(1, round(scenario.keyframe_interval_s * scenario.rate_hz))
        for time_s in frame_times(scenario)[::step].tolist():
            offset_s = time_s + 1 / scenario.rate_hz
            yield TrueDistractor(kind="keyframe", name="keyframe", onset_s=time_s, offset_s=offset_s)
