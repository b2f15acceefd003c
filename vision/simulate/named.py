"""The scenarios that the command line knows, and how options change them."""

from __future__ import annotations

import difflib
import re
from typing import Any

from pydantic import ValidationError

from vision.errors import SettingsError
from vision.simulate.scenario import Scenario

FACE_PLACES = tuple(f"{stem}_{side}" for stem in ("lower_lid", "cheek", "mouth", "brow") for side in "rl")
_LIMB = {"view": "skin", "closures": "none", "breathing_px": 0.3, "pulse_px": 0.4, "sway_px": 0.6}

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="eyelid", twitch="bursts", sites=("lower_lid",)),
        Scenario(name="facial", twitch="sustained", sites=("lower_lid", "cheek", "mouth", "chin"), twitch_hz=4.0,
                 first_onset_s=0.3),
        Scenario(name="face-migrating", twitch="singles", sites=FACE_PLACES),
        Scenario(name="rest", shake_px=0.6),
        Scenario(name="shaky-rest", shake_px=2.0),
        Scenario(name="flicker", flicker_hz=4.0),
        Scenario(name="eye-closeup", view="eye", twitch="bursts", sites=("lower_lid",), width_px=720, height_px=540,
                 amplitude_px=4.0),
        Scenario(name="hemifacial", closures="one-sided", closures_per_min=24.0),
        Scenario(name="blepharospasm", closures="long", closures_per_min=14.0),
        Scenario(name="rapid-blinking", closures="rapid", closures_per_min=60.0),
        Scenario(name="calf", twitch="singles", **_LIMB),
        Scenario(name="skin-focal", twitch="singles", sites=("0.60,0.52",), **_LIMB),
        Scenario(name="skin-rest", **_LIMB),
    )
}  # fmt: skip


def scenario_named(name: str, **changes: object) -> Scenario:
    """Look up a scenario and change some of its numbers.

    Parameters
    ----------
    name : one of `SCENARIOS`.
    changes : fields of `Scenario`. A bitrate replaces the constant quality.

    Raises
    ------
    SettingsError
        The name or a field is unknown ("did you mean"), or a value is out of its range.
    """
    if name not in SCENARIOS:
        raise SettingsError(f"unknown scenario {name}", advice=_did_you_mean(name, list(SCENARIOS)))
    for key in changes:
        if key not in Scenario.model_fields:
            raise SettingsError(f"unknown option {key}", advice=_did_you_mean(key, list(Scenario.model_fields)))
    if changes.get("bit_rate_bps") is not None:
        changes.setdefault("crf", None)
    try:
        return Scenario.model_validate({**SCENARIOS[name].model_dump(), **changes})
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(problem) for problem in error.errors())) from error


def scenario_from_options(
    name: str, *, size: str | None = None, distractors: str | None = None, **options: object
) -> Scenario:
    """Turn command line options into a scenario; an option that is None keeps the scenario's own value.

    Parameters
    ----------
    distractors : ``"gaze,smile"``.
    size : ``"540x960"``, width by height of the upright picture.
    options : fields of `Scenario`.

    Raises
    ------
    SettingsError
        As `scenario_named`; or the size cannot be read.
    """
    changes = {key: value for key, value in options.items() if value is not None}
    if distractors is not None:
        changes["distractors"] = tuple(part.strip() for part in distractors.split(","))
    if size is not None:
        found = re.fullmatch(r"(\d+)[xX×](\d+)", size.strip())
        if found is None:
            raise SettingsError(f"size {size}", "width x height in pixels", "such as 540x960")
        changes |= {"width_px": int(found[1]), "height_px": int(found[2])}
    return scenario_named(name, **changes)


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else "known: " + ", ".join(known)


def _explain(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where} = {problem['input']!r}, {message[0].lower()}{message[1:]}" if where else message
