"""What a simulated clip shows: every number can be changed by the caller."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vision.model.regions import RegionName, Side, View

TwitchPlan = Literal["none", "bursts", "singles", "sustained", "listed"]
ClosurePlan = Literal["none", "blinks", "one-sided", "long", "rapid"]
Tone = Literal["light", "medium", "brown", "dark", "very-dark", "grey"]
Preset = Literal[
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo"
]
DistractorName = Literal[
    "gaze", "nod", "turn", "lean", "body-jolt", "camera-jolt", "speech", "smile", "grimace", "swallow", "focus",
    "exposure", "hair", "shadow",
]  # fmt: skip

SITE_STEMS = ("lower_lid", "upper_lid", "brow", "cheek", "mouth", "chin")
SITE_PATTERN = re.compile(rf"({'|'.join(SITE_STEMS[:-1])})(_[rl])?|chin|[01]\.\d+,[01]\.\d+")
OWN_SIGMA_IOD = {"bursts": 0.075, "singles": 0.097, "sustained": 0.12}  # as in the team's cases, our choice
OWN_SIGMA_SKIN = 0.045  # of the shorter side of the frame; 16 px of 352 as in the team's cases, our choice
OWN_IOD_SHARE = {"face": 0.4, "eye": 1.2}  # of the shorter side of the frame: an arm's length; a close-up


FACE_ONLY = frozenset({"gaze", "nod", "speech", "smile", "grimace", "swallow"})


class ListedTwitch(BaseModel):
    """A twitch whose every number the caller gives. `x_px`, `y_px`: upright frame, camera and body at rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    onset_s: float = Field(ge=0)
    x_px: float
    y_px: float
    amplitude_px: float = Field(ge=0, le=40)
    direction_rad: float
    region: RegionName = "skin"
    side: Side | None = None


class Scenario(BaseModel):
    """One clip to be. Frozen; a change makes a new one (`scenario_named`, `model_copy`).

    Figures without a source are our choice: plausible for a phone at arm's length, not measured on patients.
    Amplitude and other lengths are pixels of the upright frame.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    view: View = "face"
    seed: int = Field(1, ge=0, description="same seed, same frames")

    duration_s: float = Field(24.0, gt=0, le=1800)
    width_px: int = Field(540, ge=64, le=7680, multiple_of=2, description="of the upright picture")
    height_px: int = Field(960, ge=64, le=7680, multiple_of=2, description="of the upright picture")
    rate_hz: float = Field(30.0, ge=1, le=480, description="nominal frame rate")
    is_variable_rate: bool = Field(
        False, description="falls to 0.8 of the rate in stretches, as phones do in dim light"
    )
    rotation_deg: Literal[0, 90, 180, 270] = Field(0, description="how a player must turn the stored picture")
    is_mirrored: bool = Field(False, description="flipped left to right, as some selfie cameras save")
    codec: str = "libx264"
    crf: int | None = Field(19, ge=0, le=63, description="constant quality, lower is better")
    bit_rate_bps: int | None = Field(None, gt=0, description="instead of crf")
    encoder_preset: Preset = Field("medium", description="effort of libx264 and libx265; a phone's chip is hasty")
    keyframe_interval_s: float | None = Field(None, gt=0, description="None: the encoder's own choice")

    twitch: TwitchPlan = "none"
    sites: tuple[str, ...] = Field(
        (), description="lower_lid, cheek_l, … or x,y as shares; none: a new place each time"
    )
    side: Literal["right", "left"] = Field("right", description="the patient's, for sites and closures that name none")
    amplitude_px: float = Field(2.0, ge=0, le=40, description="0: no twitches at all")
    amplitude_cv: float = Field(0.15, ge=0, le=0.5)
    tau_s: float = Field(0.045, gt=0, le=1, description="onset to peak; 40-50 ms in a face, docs/method.md")
    decay: float = Field(1.6, gt=0, le=10, description="how many times slower the fall is")
    sigma_px: float | None = Field(None, gt=0, description="footprint, short axis; None: the plan's own")
    aspect: float = Field(1.4, ge=0.2, le=5, description="footprint, width over height")
    direction_rad: float | None = Field(None, description="None: the site's own")
    first_onset_s: float = Field(1.5, ge=0)
    twitch_hz: float = Field(5.0, gt=0, le=15, description="within a burst or when sustained")
    interval_cv: float = Field(0.2, ge=0, le=0.6)
    burst_size: tuple[int, int] = Field((3, 6), description="fewest and most twitches of a burst")
    quiet_s: tuple[float, float] = Field((1.5, 4.0), description="shortest and longest pause between bursts")
    events_per_min: float = Field(45.0, gt=0, le=150, description="single twitches")
    is_synchronous: bool = Field(False, description="all sites at once, when sustained")
    listed: tuple[ListedTwitch, ...] = Field((), description="the twitches of the plan `listed`")

    closures: ClosurePlan = "blinks"
    closures_per_min: float = Field(17.0, gt=0, le=120, description="17 a minute at rest, docs/method.md")
    partial_share: float = Field(0.15, ge=0, le=1, description="blinks that stop half way")

    iod_px: float | None = Field(None, ge=60, description="between the outer eye corners; None: 0.4 of the width")
    sway_px: float = Field(1.2, ge=0, description="head or limb at rest, rms of each axis")
    breathing_px: float = Field(0.4, ge=0)
    breathing_hz: float = Field(0.25, gt=0, le=1)
    pulse_px: float = Field(0.0, ge=0, description="wide, at the pulse rate")
    pulse_hz: float = Field(1.2, gt=0, le=4)
    pulse_colour_share: float = Field(
        0.0, ge=0, le=0.1, description="of the green light, in step with the pulse; 0.002-0.01 on real skin, our choice"
    )
    travel_px: float = Field(0.0, ge=0, le=200, description="head or limb drifts so far from first to last frame")
    shake_px: float = Field(0.3, ge=0, description="hand, rms of each axis")
    shutter_s: float = Field(0.0, ge=0, le=0.05, description="top to bottom row, 10-30 ms on phones; skews the shake")

    distractors: tuple[DistractorName, ...] = Field((), description="movements and changes that are no twitches")
    distractors_per_min: float = Field(12.0, gt=0, le=60)
    distractor_size: float = Field(1.0, gt=0, le=4, description="times the usual size of each kind")

    noise_sd: float = Field(1.0, ge=0, description="grey levels at mid-grey; 0.3 of the variance is read noise")
    drift_share: float = Field(0.008, ge=0, le=0.2, description="slow change of the light, rms")
    flicker_hz: float = Field(0.0, ge=0, le=60, description="0: none; as aliased by the frame rate")
    flicker_share: float = Field(0.04, ge=0, le=0.5, description="of the brightness")
    flicker_bands: float = Field(0.0, ge=0, le=10, description="bands over the picture's height; 0: the whole at once")
    tone: Tone | None = Field(None, description="of the skin; None: a medium limb, the portrait's own face")
    contrast_as: Tone | None = Field(
        None, description="scale the skin's contrast so that contrast / noise is that of this tone; None: leave it"
    )
    texture_sd: float = Field(3.0, ge=0, le=20, description="grey levels of the fine skin texture on a bright skin")

    @model_validator(mode="after")
    def _check(self) -> Scenario:
        for site in self.sites:
            if not SITE_PATTERN.fullmatch(site):
                raise ValueError(
                    f"site {site!r}, known: {', '.join(SITE_STEMS)}, with _r or _l, or x,y such as 0.40,0.55"
                )
            if ("," in site) != (self.view == "skin"):
                raise ValueError(f"site {site!r} is not of a {self.view} view")
        if self.twitch in ("bursts", "sustained") and self.view != "skin" and not self.sites:
            raise ValueError("sites must name at least one place of the face")
        if self.twitch == "singles" and self.view == "eye" and not self.sites:
            raise ValueError("sites must name at least one place of an eye close-up")
        if self.view == "skin" and FACE_ONLY & set(self.distractors):
            raise ValueError(f"no {', '.join(sorted(FACE_ONLY & set(self.distractors)))} in a skin view")
        if (self.twitch == "listed") != bool(self.listed):
            raise ValueError("`listed` twitches and the plan `listed` come together")
        if not (1 <= self.burst_size[0] <= self.burst_size[1] and 0 <= self.quiet_s[0] <= self.quiet_s[1]):
            raise ValueError("burst_size and quiet_s are each (smallest, largest)")
        if self.crf is not None and self.bit_rate_bps is not None:
            raise ValueError("either crf or bit_rate_bps, not both")
        return self

    @property
    def has_eyes(self) -> bool:
        """Whether eyes are in the picture."""
        return self.view != "skin"

    @property
    def outer_eye_distance_px(self) -> float | None:
        """Distance between the outer eye corners of the whole face; None on skin."""
        if self.view == "skin":
            return None
        return self.iod_px or OWN_IOD_SHARE[self.view] * min(self.width_px, self.height_px)

    @property
    def footprint_sigma_px(self) -> float:
        """Short axis of a twitch's Gaussian footprint."""
        if self.sigma_px is not None:
            return self.sigma_px
        iod_px = self.outer_eye_distance_px
        if iod_px is None:
            return OWN_SIGMA_SKIN * min(self.width_px, self.height_px)
        return OWN_SIGMA_IOD.get(self.twitch, OWN_SIGMA_IOD["bursts"]) * iod_px

    @property
    def site_names(self) -> tuple[str, ...]:
        """Sites with their sides: ``lower_lid`` becomes ``lower_lid_r``."""
        suffix = f"_{self.side[0]}"
        return tuple(site + suffix if site in SITE_STEMS[:-1] else site for site in self.sites)


def generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Give each purpose draws of its own, so that a change to one leaves the others as they were."""
    return np.random.default_rng([seed, *purpose.encode(), index])
