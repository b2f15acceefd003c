"""Where each planned twitch lies in the scene."""

from __future__ import annotations

import math

import numpy as np

from vision.model.regions import RegionName, Side
from vision.simulate import portrait, skin
from vision.simulate.lids import Eye
from vision.simulate.scenario import ListedTwitch, Scenario, generator
from vision.simulate.scene import PlacedTwitch, Stage
from vision.simulate.schedule import plan_twitches

PLACE_ALONG, PLACE_ACROSS = (0.12, 0.88), 0.5  # where on a limb twitches may be: share of its length, of its half-width
FACE_APART_IOD = 0.3  # the same on a face
PLACE_APART_SHARE = 0.12  # of the frame's longer side: a twitch at a new place is not at the last one


def place_twitches(scenario: Scenario, stage: Stage) -> tuple[PlacedTwitch, ...]:
    """Give each planned twitch its place, size and direction."""
    rng = generator(scenario.seed, "places")
    own: dict[str, tuple[float, float, float]] = {}
    last, placed = (-1.0, -1.0), []
    for twitch in plan_twitches(scenario):
        if twitch.listed is not None:
            placed.append(_listed(twitch.listed, scenario, stage))
            continue
        region, side = None, None
        if twitch.site == "":
            if stage.placement is None:
                x, y = _new_place(scenario, stage, last, rng)
            else:
                x, y, region, side = _new_face_place(stage.placement, stage.eyes, last, rng)
            last, direction = (x, y), float(rng.uniform(-np.pi, np.pi))
            site = f"{(x - stage.margin_px) / scenario.width_px:.3f},{(y - stage.margin_px) / scenario.height_px:.3f}"
        else:
            site = twitch.site
            x, y, direction = own.setdefault(site, _named_place(scenario, stage, site, rng))
        if scenario.direction_rad is not None:
            direction = scenario.direction_rad
        size_px = scenario.amplitude_px * twitch.amplitude_share
        placed.append(PlacedTwitch(twitch.onset_s, site, x, y, size_px, direction, region, side))
    return tuple(placed)


def _listed(twitch: ListedTwitch, scenario: Scenario, stage: Stage) -> PlacedTwitch:
    x, y = twitch.x_px + stage.margin_px, twitch.y_px + stage.margin_px
    site = f"{twitch.x_px / scenario.width_px:.3f},{twitch.y_px / scenario.height_px:.3f}"
    return PlacedTwitch(
        twitch.onset_s, site, x, y, twitch.amplitude_px, twitch.direction_rad, twitch.region, twitch.side
    )


def _named_place(scenario: Scenario, stage: Stage, site: str, rng: np.random.Generator) -> tuple[float, float, float]:
    if stage.placement is None:
        x_share, y_share = (float(part) for part in site.split(","))
        x, y = x_share * scenario.width_px + stage.margin_px, y_share * scenario.height_px + stage.margin_px
        return x, y, float(rng.uniform(-np.pi, np.pi))
    x, y, direction = portrait.SITES[site]
    scene_x, scene_y = stage.placement.to_scene(np.array([x, y]))
    return float(scene_x), float(scene_y), direction


def _new_place(
    scenario: Scenario, stage: Stage, last: tuple[float, float], rng: np.random.Generator
) -> tuple[float, float]:
    size = np.array([scenario.width_px, scenario.height_px])
    is_wide = scenario.width_px >= scenario.height_px
    half_share = 0.5 * skin.LIMB_SHARE * (1 - skin.TAPER)
    while True:
        along = rng.uniform(*PLACE_ALONG) * size.max()
        across = (0.5 + half_share * rng.uniform(-PLACE_ACROSS, PLACE_ACROSS)) * size.min()
        x, y = (along, across) if is_wide else (across, along)
        here = (float(x) + stage.margin_px, float(y) + stage.margin_px)
        if math.dist(here, last) > PLACE_APART_SHARE * size.max():
            return here


def _new_face_place(
    place: portrait.Placement, eyes: tuple[Eye, ...], last: tuple[float, float], rng: np.random.Generator
) -> tuple[float, float, RegionName, Side]:
    """Anywhere on the skin of the face, named after the nearest of the known places."""
    iod_px = portrait.OUTER_EYE_DISTANCE * place.scale
    while True:
        point = np.array(portrait.FACE_CENTRE) + rng.uniform(-1, 1, 2) * portrait.FACE_RADII
        x, y = (float(value) for value in place.to_scene(point))
        if math.dist((x, y), last) > FACE_APART_IOD * iod_px and portrait.is_open_skin(point):
            if any(math.dist((x, y), eye.centre_px) < 0.6 * eye.width_px for eye in eyes):
                continue
            region, side = portrait.nearest_region(point)
            return x, y, region, side
