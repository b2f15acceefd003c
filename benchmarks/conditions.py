"""What is swept: clips by amplitude, artefact, frame rate, resolution, codec and skin, and clips at rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

from vision.simulate.named import scenario_named
from vision.simulate.rests import rest_scenarios
from vision.simulate.scenario import FACE_ONLY, DistractorName, Scenario, Tone

# Small enough that ten seeds of a condition take minutes; the face is as large as in the shared cases.
FACE: dict[str, object] = {"width_px": 432, "height_px": 576, "iod_px": 200.0}
SKIN: dict[str, object] = {"width_px": 640, "height_px": 360}
FILM: dict[str, object] = {"duration_s": 24.0, "encoder_preset": "veryfast"}
# For each pixel of each frame. The shared films have 0.15 (wrist) and 0.21 (face), their messaging copy 0.022; a phone
# spends 0.27 (1080p30 at 17 Mbit/s). At a constant quality a simulated scene, which is still but for its twitches and
# its noise, would get a sixth of that, and be a copy in all but name.
FILM_BITS, COPY_BITS, PHONE_BITS = 0.15, 0.022, 0.27
FINE_CRF = 8  # H.264 that leaves most of a film's noise: 0.6 to 0.9 grey levels on skin, of 1.0 put in at mid-grey
HAND = {"shake_px": 2.0, "shutter_s": 0.02}
REST_S = 60.0
IOD_SHARE = 0.01  # of the outer-eye distance: how high twitches are where the resolution is swept


@dataclass(frozen=True)
class Condition:
    """One line of a table: a scenario with changes; seeds make its clips. `is_curve`: worth a receiver curve."""

    name: str
    group: str
    base: str
    changes: dict[str, object] = field(default_factory=dict)
    is_curve: bool = False

    def scenario(self, seed: int, **further: object) -> Scenario:
        """Make the scenario of one seed."""
        return scenario_named(self.base, **{**self.changes, **further, "seed": seed})


def conditions() -> tuple[Condition, ...]:
    """List all conditions, group by group."""
    return (*_amplitudes(), *_artefacts(), *_rates(), *_resolutions(), *_codecs(), *_tones(), *_rests())


def _face(name: str, group: str, base: str = "eyelid", *, is_curve: bool = False, **changes: object) -> Condition:
    return Condition(name, group, base, filmed(base, {**FACE, **changes}), is_curve)


def _skin(name: str, group: str, base: str = "calf", *, is_curve: bool = False, **changes: object) -> Condition:
    return Condition(name, group, base, filmed(base, {**SKIN, **changes}), is_curve)


def filmed(base: str, changes: dict[str, object], bits: float = FILM_BITS) -> dict[str, object]:
    """Fill in how long and with how many bits a film of a scenario is encoded, unless the changes say so."""
    changes = {**FILM, **changes}
    if "crf" not in changes and "bit_rate_bps" not in changes:
        scenario = scenario_named(base, **changes)
        changes["bit_rate_bps"] = round(bits * scenario.width_px * scenario.height_px * scenario.rate_hz)
    return changes


def copied(base: str, changes: dict[str, object]) -> dict[str, object]:
    """Fill in what a messaging service leaves of a film."""
    return filmed(base, changes, COPY_BITS)


def _amplitudes() -> list[Condition]:
    group = "amplitude"
    return [
        *(_face(f"face-{px:g}px", group, amplitude_px=px, is_curve=px <= 1) for px in (0.5, 1.0, 2.0, 3.0)),
        _face("face-hand-1.5px", group, amplitude_px=1.5, **HAND),
        Condition("face-copy-2px", group, "eyelid", copied("eyelid", {**FACE, "amplitude_px": 2.0})),
        _face("face-places-2px", group, "face-migrating", sites=(), amplitude_px=2.0),
        Condition(
            "eye-closeup-3px",
            group,
            "eye-closeup",
            filmed("eye-closeup", {"width_px": 540, "height_px": 414, "amplitude_px": 3.0}),
        ),
        *(_skin(f"skin-places-{px:g}px", group, amplitude_px=px, is_curve=px <= 1) for px in (0.5, 1.0, 2.0, 3.0)),
        Condition("skin-places-0.5px-phone", group, "calf", filmed("calf", {**SKIN, "amplitude_px": 0.5}, PHONE_BITS)),
        _skin("skin-places-0.5px-fine", group, amplitude_px=0.5, crf=FINE_CRF),
        Condition("skin-places-copy-2px", group, "calf", copied("calf", {**SKIN, "amplitude_px": 2.0})),
        _skin("skin-one-place-hand-1.5px", group, "skin-focal", amplitude_px=1.5, **HAND),
        *(_face(f"facial-{px:g}px", "sustained", "facial", amplitude_px=px) for px in (1.0, 2.0)),
        _face("facial-together-2px", "sustained", "facial", amplitude_px=2.0, is_synchronous=True, twitch_hz=3.0),
    ]


def _artefacts() -> list[Condition]:
    """Twitches of 2 px among artefacts; the same artefacts at rest; what the whole clip shares besides."""
    names: tuple[DistractorName, ...] = get_args(DistractorName)
    made = []
    for name in names:
        made.append(_face(f"face-{name}", "artefact", distractors=(name,)))
        made.append(_face(f"rest-face-{name}", "artefact at rest", "rest", distractors=(name,)))
        if name not in FACE_ONLY:
            made.append(_skin(f"skin-{name}", "artefact", distractors=(name,)))
            made.append(_skin(f"rest-skin-{name}", "artefact at rest", "skin-rest", distractors=(name,)))
    whole: dict[str, dict[str, object]] = {
        "pulse": {"pulse_px": 1.0, "pulse_colour_share": 0.006},
        "breathing": {"breathing_px": 2.0},
        "flicker-4hz": {"flicker_hz": 4.0},
        "flicker-bands": {"flicker_hz": 10.0, "flicker_share": 0.02, "flicker_bands": 2.0},
        "keyframes": {"keyframe_interval_s": 1.0, "bit_rate_bps": 500_000},
        "drift": {"travel_px": 12.0},
        "rapid-blinks": {"closures": "blinks", "closures_per_min": 35.0},
    }
    for name, changes in whole.items():
        made.append(_face(f"face-{name}", "artefact", **changes))
        if name != "rapid-blinks":
            made.append(_skin(f"skin-{name}", "artefact", **changes))
    return made


def _rates() -> list[Condition]:
    return [_face(f"face-{hz:g}hz-1px", "rate", amplitude_px=1.0, rate_hz=hz) for hz in (24.0, 30.0, 60.0, 120.0)]


def _resolutions() -> list[Condition]:
    sizes = ((216, 288), (360, 480), (540, 720), (1080, 1440))
    return [
        _face(f"face-{width}x{height}", "resolution", width_px=width, height_px=height, iod_px=0.463 * width,
              amplitude_px=round(IOD_SHARE * 0.463 * width, 2))
        for width, height in sizes
    ]  # fmt: skip


def _codecs() -> list[Condition]:
    ways: dict[str, dict[str, object]] = {
        "h264-crf20": {"crf": 20},
        "h264-crf27": {"crf": 27},
        "h264-crf33": {"crf": 33},
        "h264-hasty-2mbps": {"encoder_preset": "ultrafast", "bit_rate_bps": 2_000_000},
        "h264-500kbps": {"bit_rate_bps": 500_000},
        "hevc-crf24": {"codec": "libx265", "encoder_preset": "ultrafast", "crf": 24},
        "vp9-1mbps": {"codec": "libvpx-vp9", "bit_rate_bps": 1_000_000},
        "mpeg4-2mbps": {"codec": "mpeg4", "bit_rate_bps": 2_000_000},
    }
    return [
        make(f"{view}-{name}", "codec", amplitude_px=2.0, **changes)
        for view, make in (("face", _face), ("skin", _skin))
        for name, changes in ways.items()
    ]


def _tones() -> list[Condition]:
    """Every tone at equal contrast noise: before the encoder, which spends its bits by grey levels, and after it."""
    tones: tuple[Tone, ...] = get_args(Tone)
    ways: tuple[tuple[str, Callable[..., Condition], dict[str, object]], ...] = (
        ("face-{}-1px", _face, {}), ("skin-{}-1px", _skin, {}), ("skin-{}-1px-fine", _skin, {"crf": FINE_CRF}),
    )  # fmt: skip
    return [
        make(name.format(tone), "tone", amplitude_px=1.0, tone=tone, contrast_as="medium", **changes)
        for name, make, changes in ways
        for tone in tones
    ]


def _rests() -> list[Condition]:
    made = []
    for name, scenario in rest_scenarios(duration_s=REST_S).items():
        size = SKIN if scenario.view == "skin" else FACE
        changes = {**scenario.model_dump(exclude={"name", "seed"}), **size}
        made.append(Condition(f"rest-{name}", "rest", scenario.name, changes, is_curve=True))
    return made
