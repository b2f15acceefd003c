"""Event trains without a picture: what a detector would hand on, thousands of times a minute.

Processes give onsets; `observed` puts a detector in between (misses, false events, dead time, the frames' clock); both
together test the statistics of `vision.twitch` against a known truth. All times in seconds, all draws from the given
generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vision.model.arrays import FloatArray, IntArray
from vision.model.events import EventSet, EyeClosureEvent, Site, TwitchEvent
from vision.model.regions import RegionName, Side
from vision.simulate.schedule import active_interval_s

Family = Literal["gamma", "lognormal"]
TAU_S, DECAY = 0.045, 1.6  # the reference twitch of docs/method.md
SHORTEST_S = 1e-3


@dataclass(frozen=True)
class Spot:
    """A place that can twitch, pixels of the upright picture."""

    region: RegionName
    side: Side | None
    x_px: float
    y_px: float


@dataclass(frozen=True)
class Detector:
    """What lies between the twitch and the record of it.

    miss_share : of events that are lost, each on its own. false_per_min : events that are none, anywhere.
    dead_time_s : no second event of a site within this. frame_s : the clock to which onsets are rounded down; the
        times stay as they are where `is_on_clock` is False.
    localisation_sd_px : error of one event's place, per axis.
    """

    miss_share: float = 0.1
    false_per_min: float = 0.5
    dead_time_s: float = 0.1
    frame_s: float = 1 / 30
    is_on_clock: bool = True
    localisation_sd_px: float = 6.0


def interval_draws(rng: np.random.Generator, mean_s: float, cv: float, count: int, family: Family) -> FloatArray:
    """Draw (count,) intervals with a mean and a coefficient of variation; 0 gives a clock."""
    if cv == 0:
        return np.full(count, mean_s)
    if family == "gamma":
        return rng.gamma(1 / cv**2, mean_s * cv**2, count)
    spread = np.sqrt(np.log1p(cv**2))
    return rng.lognormal(np.log(mean_s) - spread**2 / 2, spread, count)


def renewal(
    rng: np.random.Generator, mean_s: float, cv: float, length_s: float, family: Family = "gamma"
) -> FloatArray:
    """Onsets whose intervals are independent of each other, from a random moment of the process on."""
    count = int(2 * length_s / mean_s + 20 * (1 + cv))
    onset_s = np.cumsum(np.maximum(interval_draws(rng, mean_s, cv, count, family), SHORTEST_S))
    onset_s = onset_s - rng.uniform(0, onset_s[min(10, count - 1)])
    return np.asarray(onset_s[(onset_s >= 0) & (onset_s < length_s)])


def poisson(rng: np.random.Generator, rate_hz: float, length_s: float, dead_s: float = 0.0) -> FloatArray:
    """Onsets by chance alone, behind a dead time: `rate_hz` is what remains after it."""
    steps_s = dead_s + rng.exponential(1 / rate_hz - dead_s, int(2 * rate_hz * length_s + 40))
    onset_s = np.cumsum(steps_s)
    onset_s = onset_s - rng.uniform(0, onset_s[10])
    return np.asarray(onset_s[(onset_s >= 0) & (onset_s < length_s)])


def jittered_clock(rng: np.random.Generator, rate_hz: float, cv: float, length_s: float) -> FloatArray:
    """Onsets of a clock that keeps its phase, each moved a little: intervals of coefficient of variation `cv`."""
    beats_s = (np.arange(int(rate_hz * length_s) + 3) - 1 + rng.random()) / rate_hz
    onset_s = np.sort(beats_s + rng.normal(0, cv / (np.sqrt(2) * rate_hz), len(beats_s)))
    return np.asarray(onset_s[(onset_s >= 0) & (onset_s < length_s)])


def bursting(
    rng: np.random.Generator,
    length_s: float,
    *,
    pause_s: float,
    within_hz: float,
    size: tuple[int, int],
    cv: float = 0.15,
    family: Family = "gamma",
    least_pause_s: float | None = None,
) -> FloatArray:
    """Onsets in bursts: sizes even between two bounds, pauses of at least `least_pause_s` (half the mean) by chance."""
    least_s = 0.5 * pause_s if least_pause_s is None else least_pause_s
    lead_s = 3 * (pause_s + size[1] / within_hz)  # the clip begins at any moment of the process
    onset_s: list[float] = []
    now_s = -float(rng.uniform(0, lead_s)) - lead_s
    while now_s < length_s:
        steps_s = interval_draws(rng, 1 / within_hz, cv, int(rng.integers(size[0], size[1] + 1)) - 1, family)
        inside = now_s + np.concatenate([[0.0], np.cumsum(steps_s)])
        onset_s += inside.tolist()
        now_s = float(inside[-1]) + least_s + float(rng.exponential(pause_s - least_s))
    return np.array([t for t in onset_s if 0 <= t < length_s])


def drifting(rng: np.random.Generator, rate_hz: float, ratio: float, length_s: float) -> FloatArray:
    """Poisson onsets whose rate grows exponentially by `ratio` from beginning to end; `rate_hz` is the mean."""
    share = rng.random(rng.poisson(rate_hz * length_s))
    slope = np.log(ratio)
    moved = share if abs(slope) < 1e-9 else np.log1p(share * np.expm1(slope)) / slope
    return np.sort(moved) * length_s


def migrating(
    rng: np.random.Generator, count: int, places: int, *, order: Literal["any", "walk", "round"], stay: float = 0.0
) -> IntArray:
    """Draw (count,) place numbers: any by chance, on to another one each time, or round and round.

    stay : probability of staying where it is ("walk" only).
    """
    if order == "round":
        return (np.arange(count) + rng.integers(places)) % places
    drawn = rng.integers(0, places, count)
    if order == "walk" and places > 1:
        steps = np.where(rng.random(count) < stay, 0, rng.integers(1, places, count))
        drawn = (drawn[0] + np.cumsum(steps)) % places if count else drawn
    return drawn


def observed(
    rng: np.random.Generator,
    onset_s: FloatArray,
    place: IntArray,
    spots: Sequence[Spot],
    length_s: float,
    detector: Detector,
    strays: Sequence[Spot] = (),
    closures: tuple[EyeClosureEvent, ...] = (),
    area_px2: float = 900.0,
) -> EventSet:
    """Look at a process through a detector.

    Parameters
    ----------
    onset_s, place : (K,) onsets in any order and the index of each one's spot.
    strays : where false events fall, each as likely; none fall where there are none.

    Returns
    -------
    What `vision.twitch.find` would hand on: sites in order of their number, events in order of onset.
    """
    kept = rng.random(len(onset_s)) >= detector.miss_share
    rows = list(zip(onset_s[kept].tolist(), place[kept].tolist(), strict=True))
    if strays:
        count = rng.poisson(detector.false_per_min * length_s / 60)
        rows += [(float(rng.uniform(0, length_s)), len(spots) + int(rng.integers(len(strays)))) for _ in range(count)]
    everywhere = [*spots, *strays]
    events = [
        _event(number, onset, where, everywhere[where], detector, area_px2, rng)
        for number, (onset, where) in enumerate(_behind_dead_time(rows, detector), 1)
    ]
    sites = tuple(
        Site(
            number + 1, spot.region, spot.side, spot.x_px, spot.y_px, sum(e.site == number + 1 for e in events),
            localisation_sd_px=detector.localisation_sd_px,
        )
        for number, spot in enumerate(everywhere)
        if any(e.site == number + 1 for e in events)
    )  # fmt: skip
    whole = ((0.0, length_s),)
    return EventSet(
        tuple(events), (), sites, closures, (), length_s, whole, detector.frame_s, detector.dead_time_s
    )  # fmt: skip


def _behind_dead_time(rows: list[tuple[float, int]], detector: Detector) -> list[tuple[float, int]]:
    """Drop what follows an event of its site within the dead time, then round to the clock."""
    last: dict[int, float] = {}
    kept = []
    for onset, where in sorted(rows):
        if onset - last.get(where, -np.inf) >= detector.dead_time_s:
            last[where] = onset
            clocked = float(np.floor(onset / detector.frame_s) * detector.frame_s)
            kept.append((clocked if detector.is_on_clock else onset, where))
    return kept


def _event(
    number: int, onset: float, where: int, spot: Spot, detector: Detector, area_px2: float, rng: np.random.Generator
) -> TwitchEvent:
    first_s, last_s = active_interval_s(onset, TAU_S, DECAY)
    dx, dy = rng.normal(0, detector.localisation_sd_px, 2)
    return TwitchEvent(
        number, first_s, onset + TAU_S, last_s, where + 1, spot.region, spot.side, spot.x_px + dx, spot.y_px + dy,
        1.5, None, None, 0.0, area_px2, TAU_S, last_s - first_s, 4.0,
    )  # fmt: skip
