"""Event sets for the tests of the statistics: from onsets, from a clip's truth, and whole simulated patterns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vision.model.events import EventSet, Site, TwitchEvent
from vision.model.features import Features, PatternCall
from vision.model.regions import RegionName, Side, View
from vision.model.result import Quality
from vision.settings import FeatureSettings, PatternSettings
from vision.twitch.eyelids import measure_eye_closure
from vision.twitch.frequency import measure_frequency
from vision.twitch.pattern import call_pattern
from vision.twitch.rhythm import measure_rhythm
from vision.twitch.spread import measure_spread

FEATURES = FeatureSettings()
FRAME_S = 1 / 30
CASES = Path(__file__).resolve().parents[3] / ".." / "shared" / "cases"
RISE_D, FALL_D = 0.0786, 2.994  # where d * exp(1 - d) is 0.2 before its peak, and 1 + d past it


class Spot(NamedTuple):
    site: int
    region: RegionName
    side: Side | None
    x_px: float
    y_px: float


RIGHT_LID = Spot(1, "lower-eyelid", "right", 170.0, 230.0)
RIGHT_UPPER_LID = Spot(2, "upper-eyelid", "right", 170.0, 190.0)
RIGHT_CHEEK = Spot(3, "cheek", "right", 110.0, 306.0)
RIGHT_MOUTH = Spot(4, "mouth-corner", "right", 157.0, 392.0)
CHIN = Spot(5, "chin", "midline", 210.0, 484.0)
LEFT_CHEEK = Spot(6, "cheek", "left", 330.0, 306.0)
LEFT_BROW = Spot(7, "brow", "left", 300.0, 150.0)


def event(
    number: int, onset_s: float, spot: Spot = RIGHT_LID, duration_s: float = 0.25, area_px2: float | None = 900.0
) -> TwitchEvent:
    peak_s = onset_s + min(0.05, duration_s)
    return TwitchEvent(
        number, onset_s, peak_s, onset_s + duration_s, spot.site, spot.region, spot.side, spot.x_px, spot.y_px,
        1.5, None, None, 0.0, area_px2, 0.05, duration_s, 4.0,
    )  # fmt: skip


def event_set(
    events: Sequence[TwitchEvent],
    observed_s: float = 24.0,
    intervals_s: tuple[tuple[float, float], ...] | None = None,
    dead_time_s: float = 0.1,
    localisation_sd_px: float | None = 5.0,
    frame_interval_s: float = FRAME_S,
) -> EventSet:
    spots: dict[int, list[TwitchEvent]] = {}
    for one in events:
        spots.setdefault(one.site, []).append(one)
    sites = tuple(
        Site(number, g[0].region, g[0].side, g[0].x_px, g[0].y_px, len(g), localisation_sd_px=localisation_sd_px)
        for number, g in sorted(spots.items())
    )
    if intervals_s is None:
        intervals_s = ((0.0, observed_s),) if observed_s else ()
    return EventSet(tuple(events), (), sites, (), (), observed_s, intervals_s, frame_interval_s, dead_time_s)


def at(onsets_s: Sequence[float], spot: Spot = RIGHT_LID, observed_s: float = 24.0, **options: Any) -> EventSet:
    return event_set([event(i, float(t), spot) for i, t in enumerate(onsets_s, 1)], observed_s, **options)


def train(timeline: Sequence[tuple[float, Spot]], observed_s: float = 24.0, **options: Any) -> EventSet:
    ordered = sorted(timeline, key=lambda row: row[0])
    return event_set([event(i, float(t), spot) for i, (t, spot) in enumerate(ordered, 1)], observed_s, **options)


def bursts_onsets(generator: np.random.Generator, observed_s: float, miss: float = 0.0) -> list[float]:
    """Groups of 3-6 at about 5 Hz with 1.5-5 s between."""
    onsets_s, now_s = [], float(generator.uniform(0.5, 2.0))
    while now_s < observed_s:
        for _ in range(generator.integers(3, 7)):
            if now_s < observed_s and generator.random() >= miss:
                onsets_s.append(now_s)
            now_s += max(0.08, float(generator.normal(0.2, 0.03)))
        now_s += float(generator.uniform(1.5, 5.0))
    return onsets_s


def poisson_onsets(
    generator: np.random.Generator, rate_hz: float, observed_s: float, dead_s: float = 0.0
) -> list[float]:
    onsets_s, now_s = [], float(generator.uniform(0, dead_s))
    while True:
        now_s += dead_s + float(generator.exponential(1 / rate_hz - dead_s))
        if now_s >= observed_s:
            return onsets_s
        onsets_s.append(now_s)


def on_clock(onsets_s: Sequence[float], frame_s: float = FRAME_S) -> list[float]:
    return [float(t) for t in np.floor(np.asarray(onsets_s) / frame_s) * frame_s]


def from_truth(name: str) -> tuple[EventSet, dict[str, Any]]:
    """Events as a perfect detector would report a shared clip: offset where 20 % of the peak is left."""
    truth = json.loads((CASES / f"{name}.truth.json").read_text(encoding="utf-8"))
    words: dict[str, RegionName] = {
        "lower_lid": "lower-eyelid", "cheek": "cheek", "mouth": "mouth-corner", "brow": "brow"
    }  # fmt: skip
    names = sorted({twitch["site"] for twitch in truth["twitches"]})
    events = []
    for i, twitch in enumerate(sorted(truth["twitches"], key=lambda row: row["onset_s"]), 1):
        stem, _, letter = twitch["site"].rpartition("_")
        side: Side | None = "right" if letter == "r" else "left" if letter == "l" else None
        region: RegionName = words.get(stem, "chin" if twitch["site"] == "chin" else "skin")
        spot = Spot(names.index(twitch["site"]) + 1, region, side, twitch["x_px"], twitch["y_px"])
        onset_s = twitch["onset_s"] + RISE_D * twitch["tau_s"]
        offset_s = twitch["peak_s"] + FALL_D * twitch["tau_s"] * twitch["decay"]
        events.append(event(i, onset_s, spot, offset_s - onset_s))
    return event_set(events, truth["duration_s"]), truth


def features_of(events: EventSet, view: View = "face", area_px2: float = 1e5, **eyes: Any) -> Features:
    eye_seen = view != "skin"
    return Features(
        measure_frequency(events, FEATURES, 1),
        measure_rhythm(events, FEATURES, 1),
        measure_spread(
            events, FEATURES, 1, scale_px=213.0 if view == "face" else None, view=view, observed_area_px2=area_px2
        ),
        measure_eye_closure(eyes.get("closures", ()), events.observed_s, FEATURES, eye_seen=eye_seen),
    )


def quality_of(events: EventSet, limit_px: float | None = 0.8, limit_iod: float | None = 0.005) -> Quality:
    return Quality(True, events.observed_s, limit_px, None, (), limit_iod)


def call_of(events: EventSet, view: View = "face", quality: Quality | None = None, **options: Any) -> PatternCall:
    quality = quality or quality_of(events, limit_iod=0.005 if view == "face" else None)
    return call_pattern(events, features_of(events, view, **options), quality, view, PatternSettings())
