"""What an analysis should find in a simulated clip, in the format of the team's measured cases."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from vision.errors import OutputError, ResultFileError
from vision.model.features import PatternLabel
from vision.model.regions import RegionName, View
from vision.simulate.movement import Movement, draw_movement
from vision.simulate.scenario import Scenario
from vision.simulate.scene import PlacedTwitch, place_twitches, set_stage
from vision.simulate.schedule import active_interval_s, plan_closures

REGION_OF_STEM: dict[str, RegionName] = {
    "lower_lid": "lower-eyelid",
    "upper_lid": "upper-eyelid",
    "brow": "brow",
    "cheek": "cheek",
    "mouth": "mouth-corner",
    "chin": "chin",
}
SIDE_OF_SUFFIX = {"_r": "right", "_l": "left"}
LARGEST_SHARE_WHEN_MIGRATING = 0.5  # docs/method.md: three places or more, none with more than half of the events
FEWEST_PLACES_WHEN_MIGRATING = 3


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
        label=_label(scenario, placed),
        duration_s=scenario.duration_s,
        sample_rate_hz=scenario.rate_hz,
        width_px=scenario.width_px,
        height_px=scenario.height_px,
        duty_cycle=_duty_cycle(scenario, placed),
        dominant_hz=_dominant_hz(scenario, placed),
        twitches=tuple(_true_twitch(scenario, movement, twitch) for twitch in placed),
        blinks=tuple(
            TrueClosure(onset_s=c.onset_s, offset_s=c.offset_s, sides=c.sides, complete=c.depth == 1.0)
            for c in closures
        ),
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
    region, side = _anatomy(twitch.site)
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


def _anatomy(site: str) -> tuple[RegionName, str | None]:
    if "," in site:
        return "skin", None
    side = SIDE_OF_SUFFIX.get(site[-2:])
    return REGION_OF_STEM[site[:-2] if side else site], side or "midline"


def _label(scenario: Scenario, placed: tuple[PlacedTwitch, ...]) -> PatternLabel:
    """Apply the table of labels in docs/method.md to what was put into the clip."""
    if not placed:
        return "no-twitch" if not scenario.has_eyes or scenario.closures in ("none", "blinks") else "indeterminate"
    if scenario.twitch == "sustained":
        return "indeterminate" if scenario.view == "skin" else "sustained-facial"
    counts = Counter(twitch.site for twitch in placed)
    if len(counts) == 1:
        return "intermittent-focal"
    few_each = max(counts.values()) <= LARGEST_SHARE_WHEN_MIGRATING * len(placed)
    if len(counts) >= FEWEST_PLACES_WHEN_MIGRATING and few_each:
        return "migrating"
    return "indeterminate"


def _duty_cycle(scenario: Scenario, placed: tuple[PlacedTwitch, ...]) -> float:
    """Share of the clip in which any site is beyond a fifth of a peak."""
    covered_s, until_s = 0.0, 0.0
    for twitch in placed:
        first_s, last_s = active_interval_s(twitch.onset_s, scenario.tau_s, scenario.decay)
        covered_s += max(0.0, last_s - max(first_s, until_s))
        until_s = max(until_s, last_s)
    return round(covered_s / scenario.duration_s, 3)


def _dominant_hz(scenario: Scenario, placed: tuple[PlacedTwitch, ...]) -> float | None:
    """1 ÷ median interval within bursts at the busiest site; None where nothing comes in bursts."""
    if scenario.twitch in ("none", "singles") or len(placed) < 2:
        return None
    busiest = Counter(twitch.site for twitch in placed).most_common(1)[0][0]
    intervals_s = np.diff([twitch.onset_s for twitch in placed if twitch.site == busiest])
    # A pause lasts longer than two intervals; the shortest pause of a burst plan is longer still.
    within_s = intervals_s[intervals_s < 2 / scenario.twitch_hz]
    return round(float(1 / np.median(within_s)), 2) if len(within_s) else None
