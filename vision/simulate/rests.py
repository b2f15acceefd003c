"""Clips in which nothing twitches, as a phone makes them: the ground on which false alarms are counted."""

from __future__ import annotations

from vision.simulate.named import scenario_named
from vision.simulate.scenario import Scenario

# What a phone's own encoder and a messaging copy leave of the picture; bitrates are our choice, for 540 x 960 pixels.
# Simulated films do without x264's tree of macroblocks; crf is 3 higher than with it, for files of the same size.
_PHONE: dict[str, object] = {"encoder_preset": "ultrafast", "bit_rate_bps": 4_000_000, "keyframe_interval_s": 1.0}
_COPY: dict[str, object] = {"encoder_preset": "veryfast", "crf": 29}
# 100 Hz light seen at 30 frames a second through a shutter that takes 20 ms: two bands that run at 10 Hz.
_LAMP: dict[str, object] = {"flicker_hz": 10.0, "flicker_share": 0.02, "flicker_bands": 2.0}
_BEAT: dict[str, object] = {"pulse_px": 0.5, "pulse_colour_share": 0.006, "pulse_hz": 1.15}

_FACE: dict[str, dict[str, object]] = {
    "blinks": {"shake_px": 0.3},
    "shake": {"shake_px": 2.0, "shutter_s": 0.02},
    "flicker": _LAMP,
    "keyframes": {"bit_rate_bps": 500_000, "keyframe_interval_s": 1.0},
    "pulse": {**_BEAT, "pulse_px": 0.25},
    "phone": {**_PHONE, "shake_px": 1.0},
    "copy": {**_COPY, "shake_px": 1.0},
    "hevc": {"codec": "libx265", "encoder_preset": "ultrafast", "crf": 24, "shake_px": 0.6},
    "dim": {"is_variable_rate": True, "noise_sd": 2.5, "encoder_preset": "ultrafast", "crf": 20},
    "dark-skin": {"tone": "dark", "shake_px": 0.6, "encoder_preset": "veryfast", "crf": 23},
}
_SKIN: dict[str, dict[str, object]] = {
    "still": {},
    "shake": {"shake_px": 2.0, "shutter_s": 0.02},
    "flicker": _LAMP,
    "keyframes": {"bit_rate_bps": 500_000, "keyframe_interval_s": 1.0},
    "pulse": {**_BEAT, "pulse_px": 1.6},
    "phone": {**_PHONE, "shake_px": 1.0},
    "copy": {**_COPY, "shake_px": 1.0},
    "hevc": {"codec": "libx265", "encoder_preset": "ultrafast", "crf": 24, "shake_px": 0.6},
    "drift": {"travel_px": 12.0, "breathing_px": 0.8},
    "dark-skin": {"tone": "dark", "shake_px": 0.6, "encoder_preset": "veryfast", "crf": 23},
}


def rest_scenarios(**changes: object) -> dict[str, Scenario]:
    """Build the set, by name (``face-blinks``, ``skin-phone``, …).

    Parameters
    ----------
    changes : fields of `Scenario` that all of them get, such as `seed`, `duration_s` or the size.

    Raises
    ------
    SettingsError
        As `scenario_named`.
    """
    sets = {"face": ("rest", _FACE), "skin": ("skin-rest", _SKIN)}
    return {
        f"{view}-{name}": scenario_named(base, **{**own, **changes})
        for view, (base, members) in sets.items()
        for name, own in members.items()
    }
