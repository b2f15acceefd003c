"""Trains of onsets, site by site and without gaps: what bursts, frequency, rhythm and spread count on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from vision.errors import ShapeError
from vision.model.arrays import FloatArray
from vision.model.events import EventSet, TwitchEvent

Span = tuple[float, float]

ROUNDING_S = 1e-9  # times closer than this are one
SHORTEST_INTERVAL_S = 1e-3  # a frame at 1000 a second: keeps drawn intervals above zero
ON_CLOCK_FRAMES = 0.1  # from a whole number of frames; between frames this happens in 20 %
ON_CLOCK_SHARE = 0.9  # of the intervals; our choice
SHARE_TOLERANCE = 0.01  # of observed_s: rounding of the intervals that add up to it; our choice


@dataclass(frozen=True, eq=False)
class Train:
    """Onsets of one site within one observed interval: (K,) strictly increasing, K >= 1."""

    site: int
    onset_s: FloatArray

    @property
    def interval_s(self) -> FloatArray:
        """(K - 1,) times between onsets, all > 0, rounded to a nanosecond: equal ones stay equal late in a clip."""
        return np.asarray(np.maximum(np.round(np.diff(self.onset_s), 9), ROUNDING_S))


def require_usable(events: EventSet) -> None:
    """Raise `ShapeError` unless times are finite and the observed intervals add up to the observed time."""
    times = [t for event in events.events for t in (event.onset_s, event.peak_s, event.offset_s)]
    if not all(map(math.isfinite, times)):
        raise ShapeError("an event has no finite time", "onset_s, peak_s and offset_s in seconds")
    spans = sorted(events.observed_intervals_s)
    if not all(math.isfinite(a) and math.isfinite(b) and a <= b for a, b in spans):
        raise ShapeError("an observed interval has no finite length", "[from, to) in seconds")
    if any(b > later for (_, b), (later, _) in pairwise(spans)):
        raise ShapeError("observed intervals overlap", "intervals that are apart")
    if not (0 < events.frame_interval_s < math.inf and 0 <= events.dead_time_s < math.inf):
        raise ShapeError(
            f"frame interval {events.frame_interval_s} s, dead time {events.dead_time_s} s", "> 0 s and >= 0 s"
        )
    _require_sum(events, total_s(spans))


def counted_once(events: EventSet) -> EventSet:
    """Leave out repeats, the shorter ones and of equals the later ones: a site moves once at one instant."""
    kept: dict[tuple[int, float], TwitchEvent] = {}
    for event in sorted(events.events, key=lambda one: (one.offset_s, one.peak_s, one.amplitude_px, -one.id)):
        kept[event.site, event.onset_s] = event
    if len(kept) == len(events.events):
        return events
    return replace(events, events=tuple(one for one in events.events if kept[one.site, one.onset_s] is one))


def _require_sum(events: EventSet, total: float) -> None:
    if not (math.isfinite(events.observed_s) and events.observed_s >= 0):
        raise ShapeError(f"{events.observed_s} s were observed", "a finite time from 0 s on")
    rounding_s = events.frame_interval_s * (1 + len(events.observed_intervals_s))
    if abs(total - events.observed_s) > rounding_s + SHARE_TOLERANCE * events.observed_s:
        raise ShapeError(f"observed intervals add up to {total:.3f} s", f"observed_s, {events.observed_s:.3f} s")


def total_s(spans: Iterable[Span]) -> float:
    """Add up the lengths of intervals."""
    return float(sum(b - a for a, b in spans))


def merged_spans(spans: Iterable[Span], bridge_s: float = 0.0) -> list[Span]:
    """Join intervals that overlap, touch, or lie less than `bridge_s` apart."""
    out: list[Span] = []
    for a, b in sorted(spans):
        if out and (a <= out[-1][1] or a - out[-1][1] < bridge_s - ROUNDING_S):
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        else:
            out.append((a, b))
    return out


def clipped_spans(spans: Iterable[Span], window: Span) -> list[Span]:
    """Keep the parts of intervals that lie in a window."""
    cut = [(max(a, window[0]), min(b, window[1])) for a, b in spans]
    return [(a, b) for a, b in cut if b > a]


def site_trains(events: EventSet) -> tuple[Train, ...]:
    """Split the events into one train for each site and observed interval, in order of site and time.

    Two onsets of one site at the same instant count once. An event outside of every observed interval (by more
    than a frame) has no neighbours that are known: it belongs to no train.
    """
    onsets: dict[tuple[int, int], set[float]] = {}
    for event in events.events:
        window = window_index(event.onset_s, events)
        if window is not None:
            onsets.setdefault((event.site, window), set()).add(event.onset_s)
    return tuple(Train(site, np.array(sorted(group))) for (site, _), group in sorted(onsets.items()))


def window_index(onset_s: float, events: EventSet) -> int | None:
    """Number the observed interval, in order of time, in which an onset lies or which begins within a frame of it."""
    for i, (a, b) in enumerate(sorted(events.observed_intervals_s)):
        if a - events.frame_interval_s <= onset_s < b:
            return i
    return None


def busiest_site(events: Iterable[TwitchEvent]) -> int | None:
    """Name the site with most events; of equals the one with the lowest id."""
    counts = site_counts(events)
    return max(sorted(counts), key=lambda site: counts[site]) if counts else None


def site_counts(events: Iterable[TwitchEvent]) -> dict[int, int]:
    """Count the events of each site."""
    counts: dict[int, int] = {}
    for event in events:
        counts[event.site] = counts.get(event.site, 0) + 1
    return dict(sorted(counts.items()))


def chance_trains(
    trains: tuple[Train, ...], events: EventSet, count: int, generator: np.random.Generator
) -> list[FloatArray]:
    """Draw trains by chance alone that share count, length, dead time and frame clock with the measured ones.

    Returns
    -------
    For each train a (count, K - 1) array of intervals, seconds: a dead time and an exponential rest. Where the
    measured onsets are frame times, the drawn ones are rounded down to that clock at a random phase; where they lie
    between frames, they are not.

    Notes
    -----
    Poisson events behind a dead time look regular (4 a second behind 150 ms: LV 0.15), so that chance itself has
    to be drawn with the same dead time. The rests of one site are scaled to add up to what was measured: given
    their sum, exponential rests do not depend on the unknown rate, so that the test is exact.
    """
    dead_s = effective_dead_time_s(trains, events)
    snaps = is_on_clock(trains, events.frame_interval_s)
    drawn: dict[int, FloatArray] = {}
    for site in sorted({train.site for train in trains}):
        own = [i for i, train in enumerate(trains) if train.site == site]
        lengths = [len(trains[i].interval_s) for i in own]
        total = sum(float(trains[i].interval_s.sum()) for i in own)
        steps_s = chance_steps_s(sum(lengths), total, dead_s, count, generator)
        drawn.update(zip(own, np.split(steps_s, np.cumsum(lengths)[:-1], axis=1), strict=True))
    ordered = [drawn[i] for i in range(len(trains))]
    return [on_clock(steps_s, events.frame_interval_s, generator) for steps_s in ordered] if snaps else ordered


def chance_steps_s(steps: int, total: float, dead_s: float, count: int, generator: np.random.Generator) -> FloatArray:
    """Draw (count, steps) intervals of at least the dead time, each row adding up to `total` seconds."""
    rest = generator.exponential(1.0, (count, steps))
    rest_s = max(total - steps * dead_s, steps * SHORTEST_INTERVAL_S)
    return np.asarray(dead_s + rest * (rest_s / rest.sum(axis=1, keepdims=True)) if steps else rest)


def on_clock(steps_s: FloatArray, frame_s: float, generator: np.random.Generator) -> FloatArray:
    """Round the onsets behind intervals down to the frame clock; no interval vanishes."""
    first_s = generator.uniform(0.0, frame_s, (len(steps_s), 1))
    onset_s = np.concatenate([first_s, first_s + np.cumsum(steps_s, axis=1)], axis=1)
    return np.maximum(np.diff(np.floor(onset_s / frame_s) * frame_s, axis=1), SHORTEST_INTERVAL_S)


def effective_dead_time_s(trains: tuple[Train, ...], events: EventSet) -> float:
    """Shorten the stated dead time only where intervals contradict it by more than the clock's rounding."""
    shortest_s = min((float(t.interval_s.min()) for t in trains if len(t.interval_s)), default=np.inf)
    return min(events.dead_time_s, shortest_s + events.frame_interval_s)


def is_on_clock(trains: tuple[Train, ...], frame_interval_s: float) -> bool:
    """Say whether onsets are frame times rather than times between frames."""
    frames = np.concatenate([t.interval_s for t in trains]) / frame_interval_s if trains else np.empty(0)
    near = np.abs(frames - np.round(frames)) < ON_CLOCK_FRAMES
    return len(frames) > 0 and float(np.mean(near)) >= ON_CLOCK_SHARE


def tail_p(measured: float, chance: FloatArray, generator: np.random.Generator, *, larger: bool) -> float:
    """Say how often chance is as extreme: (exceeding + a random share of the ties, itself among them) ÷ (S + 1).

    With randomised ties the p of a true null is uniform even where the statistic is discrete (Phipson & Smyth 2010,
    doi:10.2202/1544-6115.1585, for the one that is added).
    """
    values = chance if larger else -chance
    own = measured if larger else -measured
    tolerance = 1e-9 * max(1.0, abs(own))
    above = int(np.sum(values > own + tolerance))
    ties = int(np.sum(np.abs(values - own) <= tolerance))
    return float((above + generator.uniform() * (ties + 1)) / (len(values) + 1))
