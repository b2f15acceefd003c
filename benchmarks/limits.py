"""The limit of detection checked from outside: twitches of just that height, put into pixels before encoding.

First a clip is analysed and states the limit of each of its regions. Then the same clip is rendered again, with single
reference twitches (45 ms to peak, footprint of 0.075 outer-eye distances or 16 px) anywhere in those regions, in any
direction, each as high as the limit of its region. Nine in ten should be found. Twitches that the clip has already stay
in it, of the reference's shape, and are not asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Rule
from benchmarks.conditions import Condition
from benchmarks.sweep_rows import Row, measured, with_clip
from vision.model.arrays import FloatArray
from vision.model.regions import RegionTrack, region_label
from vision.model.signals import MotionSignals
from vision.pipeline import Request, interpret
from vision.settings import Settings
from vision.simulate.movement import Movement, draw_movement
from vision.simulate.places import place_twitches
from vision.simulate.scenario import ListedTwitch, Scenario, generator
from vision.simulate.scene import set_stage
from vision.simulate.schedule import plan_closures

REFERENCE = {"tau_s": 0.045, "decay": 1.6, "aspect": 1.0}  # architecture.md, limit_of_detection_px
REFERENCE_SIGMA_IOD, REFERENCE_SIGMA_PX = 0.075, 16.0
FIRST_S, WAIT_S = 1.5, (1.2, 2.0)  # between single twitches: far enough apart to be single
APART_S = 0.5  # from the clip's own twitches
STEP_S = 0.1  # to look whether the eyes are open again
CLOSURE_ROOM_S = 0.35  # before and after a closed eye nothing is observed, so nothing is asked
FIXED_POINT_ROUNDS = 3


def limit_row(condition: Condition, scenario: Scenario, rule: Rule) -> Row:
    """Two passes over one seed: state the limit, then try it."""
    limits: dict[str, float] = {}
    listed: list[ListedTwitch] = []
    own = own_twitches(scenario)

    def state(clip: Path, _truth: dict[str, Any]) -> Row:
        found = measured(clip)
        quality = interpret(found, Settings(), Request()).document.quality
        limits.update({region_label(one.name, one.side): one.limit_of_detection_px for one in quality.region_limits})
        labels = [region_label(*names) for names in zip(found.regions.names, found.regions.sides, strict=True)]
        of_region = {labels.index(name): value for name, value in limits.items()}
        listed.extend(plan_at_limit(scenario, found.signals, found.regions, of_region, [one.onset_s for one in own]))
        return {"stated_px": quality.limit_of_detection_px}

    first = with_clip(scenario, state)
    base = {"condition": condition.name, "group": "limit", "seed": scenario.seed}
    if "problem" in first or not listed:
        return {**base, "problem": "no limit was stated", **first}

    def attempt(clip: Path, truth: dict[str, Any]) -> Row:
        found = measured(clip)
        events = interpret(found, Settings(), Request()).document.model_dump(mode="json")["events"]
        hits = {j for _, j in rule.match(events, truth)}
        worst = max(limits, key=lambda name: limits[name])
        tried = [region_label(one.region, one.side) for one in listed]
        return {
            "found": [together.index(one) in hits for one in listed],
            "regions": tried,
            "in_worst": [name == worst for name in tried],
            "false": len(events) - len(hits),
            "minutes": truth["duration_s"] / 60,
        }

    together = sorted([*own, *listed], key=lambda one: one.onset_s)  # as the truth has them
    second = scenario.model_copy(
        update={**REFERENCE, "twitch": "listed", "listed": tuple(together), "sigma_px": reference_sigma_px(scenario)}
    )
    return {**base, **first, "limits_px": limits, **with_clip(second, attempt)}


def own_twitches(scenario: Scenario) -> list[ListedTwitch]:
    """List the twitches that a clip has before any is put in."""
    stage = set_stage(scenario)
    return [
        ListedTwitch(
            onset_s=one.onset_s, x_px=one.x_px - stage.margin_px, y_px=one.y_px - stage.margin_px,
            amplitude_px=one.amplitude_px, direction_rad=one.direction_rad, region=one.region or "skin", side=one.side,
        )
        for one in place_twitches(scenario, stage)
    ]  # fmt: skip


def reference_sigma_px(scenario: Scenario) -> float:
    """Footprint of the reference twitch in a clip."""
    iod_px = scenario.outer_eye_distance_px
    return REFERENCE_SIGMA_PX if iod_px is None else REFERENCE_SIGMA_IOD * iod_px


def plan_at_limit(
    scenario: Scenario, signals: MotionSignals, regions: RegionTrack, limits_px: dict[int, float],
    taken_s: Sequence[float] = (),
) -> list[ListedTwitch]:  # fmt: skip
    """Draw single twitches, each in a region by chance, at one of its points by chance, as high as its limit.

    None comes near `taken_s`, the onsets of the clip's own.
    """
    rng = generator(scenario.seed, "limit")
    stated = [index for index, value in sorted(limits_px.items()) if np.isfinite(value) and 0 < value < 40]
    movement = draw_movement(scenario, set_stage(scenario))
    reference_s = float(signals.time_s[signals.reference_index])
    planned = []
    for onset_s in onsets_s(scenario, rng):
        if not stated or any(abs(onset_s - other_s) < APART_S for other_s in taken_s):
            continue
        index = stated[int(rng.integers(len(stated)))]
        points = signals.point_px[signals.region_of_point == index]
        x_px, y_px = at_rest(points[int(rng.integers(len(points)))], movement, reference_s)
        planned.append(
            ListedTwitch(
                onset_s=onset_s, x_px=x_px, y_px=y_px, amplitude_px=limits_px[index],
                direction_rad=float(rng.uniform(-np.pi, np.pi)), region=regions.names[index], side=regions.sides[index],
            )
        )  # fmt: skip
    return planned


def onsets_s(scenario: Scenario, rng: np.random.Generator) -> list[float]:
    """Draw onsets, apart from each other and from closed eyes."""
    closures, now, onsets = plan_closures(scenario), FIRST_S, []
    while now < scenario.duration_s - 1.0:
        is_open = all(not c.onset_s - CLOSURE_ROOM_S < now < c.offset_s + CLOSURE_ROOM_S for c in closures)
        if is_open:
            onsets.append(now)
        now += float(rng.uniform(*WAIT_S)) if is_open else STEP_S
    return onsets


def at_rest(shown_px: FloatArray, movement: Movement, time_s: float) -> tuple[float, float]:
    """Find the place that is shown at `shown_px` at a time, as it lies with camera and body at rest."""
    margin_px = movement.stage.margin_px
    place = shown_px + margin_px
    for _ in range(FIXED_POINT_ROUNDS):
        place = place + shown_px - movement.show(place, time_s)
    return float(place[0] - margin_px), float(place[1] - margin_px)
