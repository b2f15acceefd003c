"""Movements of the face at will and by reflex: talking, smiling, grimacing, swallowing, looking elsewhere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vision.model.arrays import FloatArray
from vision.simulate import portrait
from vision.simulate.distractors import PlannedDistractor
from vision.simulate.scenario import Scenario
from vision.simulate.scene import Stage
from vision.simulate.warp import Push

# All shares of the distance between the outer eye corners, towards the picture's right and down; our choice.


class Pull(NamedTuple):
    """What moves at a place of the portrait: direction and size, and the width of the skin that goes along."""

    x: float
    y: float
    right_iod: float
    down_iod: float
    sigma_iod: float


def _of_one_side(*, side: str, mouth: float, cheek: float, lid: float, brow: float) -> tuple[Pull, ...]:
    """Corner of the mouth out and up, cheek and lower lid up, brow down: sizes in iod."""
    suffix, out = ("_r", -1.0) if side == "right" else ("_l", 1.0)
    pulls = (
        ("mouth", 0.75 * out * mouth, -0.65 * mouth, 0.10),
        ("cheek", 0.25 * out * cheek, -0.95 * cheek, 0.15),
        ("lower_lid", 0.0, -lid, 0.06),
        ("brow", 0.0, brow, 0.11),
    )
    return tuple(Pull(*portrait.SITES[stem + suffix][:2], dx, dy, sigma) for stem, dx, dy, sigma in pulls)


SMILE = tuple(
    pull for side in ("right", "left") for pull in _of_one_side(side=side, mouth=0.05, cheek=0.03, lid=0.012, brow=0.0)
)
GRIMACE = {side: _of_one_side(side=side, mouth=0.045, cheek=0.035, lid=0.02, brow=0.015) for side in ("right", "left")}
SPEECH = (
    Pull(222.0, 156.0, 0.0, 0.05, 0.13),
    Pull(222.0, 170.0, 0.0, 0.04, 0.16),
    Pull(198.5, 141.5, 0.012, 0.008, 0.09),
    Pull(249.5, 142.8, -0.012, 0.008, 0.09),
)
SWALLOW = (Pull(222.0, 178.0, 0.0, -0.03, 0.15), Pull(222.0, 166.0, 0.0, -0.012, 0.13))
GAZE_EYE_SHARE = 0.14  # of the eye's width, sideways; up and down half of it
GAZE_RISE = 0.5
LID_SIDEWAYS, UPPER_LID_FOLLOWS, LOWER_LID_FOLLOWS = 0.12, 0.6, 0.25  # share of the eyeball's own way
LID_SIGMA_EYE = 0.22  # of the eye's width


def mimic_at(
    time_s: float, scenario: Scenario, stage: Stage, planned: tuple[PlannedDistractor, ...]
) -> tuple[list[Push], FloatArray]:
    """Find what moves the skin of the face at one time, and where the eyes look: (2,) px of the eyeball's front."""
    pushes: list[Push] = []
    gaze_px = np.zeros(2)
    for one in planned:
        if stage.placement is None or not one.onset_s < time_s < one.offset_s:
            continue
        if one.name == "gaze":
            gaze_px += one.share_at(time_s) * _gaze_px(one, stage)
            continue
        share = one.syllables_at(time_s) if one.name == "speech" else one.share_at(time_s)
        pushes += [_push(pull, share, stage.placement) for pull in _pulls_of(one, scenario.side)]
    if gaze_px.any():
        pushes += [push for eye in stage.eyes for push in _lids_follow(eye_centre_px=eye.centre_px, gaze_px=gaze_px,
                   width_px=eye.width_px)]  # fmt: skip
    return pushes, gaze_px


def _pulls_of(one: PlannedDistractor, side: str) -> tuple[Pull, ...]:
    if one.name == "grimace":
        return GRIMACE[side]
    return {"smile": SMILE, "speech": SPEECH, "swallow": SWALLOW}.get(one.name, ())


def _push(pull: Pull, share: float, place: portrait.Placement) -> Push:
    iod_px = portrait.OUTER_EYE_DISTANCE * place.scale
    x_px, y_px = (float(value) for value in place.to_scene(np.array([pull.x, pull.y])))
    sigma_px = pull.sigma_iod * iod_px
    return Push(x_px, y_px, sigma_px, sigma_px, share * pull.right_iod * iod_px, share * pull.down_iod * iod_px)


def _gaze_px(one: PlannedDistractor, stage: Stage) -> FloatArray:
    reach_px = GAZE_EYE_SHARE * stage.eyes[0].width_px
    return reach_px * np.array([np.cos(one.angle_rad), GAZE_RISE * np.sin(one.angle_rad)])


def _lids_follow(*, eye_centre_px: tuple[float, float], gaze_px: FloatArray, width_px: float) -> list[Push]:
    """The cornea drags both lids a little sideways; the upper lid goes up and down with the eye."""
    x_px, y_px = eye_centre_px
    sigma_px, dx_px = LID_SIGMA_EYE * width_px, float(LID_SIDEWAYS * gaze_px[0])
    return [
        Push(x_px, y_px + up * 0.3 * width_px, 1.5 * sigma_px, sigma_px, dx_px, float(follows * gaze_px[1]))
        for up, follows in ((-1.0, UPPER_LID_FOLLOWS), (1.0, LOWER_LID_FOLLOWS))
    ]
