"""When things happen in a simulated clip. Drawn from the seed alone; nothing here knows about pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vision.model.arrays import FloatArray
from vision.simulate.scenario import ListedTwitch, Scenario, generator

# The waveform d·exp(1 - d) crosses a fifth of its peak at these d (roots found numerically); the share is that of the
# word list's `duration_s`.
RISE_EDGE, FALL_EDGE = 0.0797, 3.9943

SHORTEST_INTERVAL_S = 0.1  # within a burst: 100-200 ms between discharges, docs/method.md
REFRACTORY_S = 0.3  # between single twitches, so that each can be told from the next; our choice
PAUSE_SHARE, PAUSE_S = 0.03, (0.4, 0.8)  # of sustained movement: almost without pause; our choice
AMPLITUDE_BOUNDS = (0.5, 1.5)
FIRST_CLOSURE_S, SHORTEST_GAP_S = 0.8, 0.35  # our choice

# Seconds: closing, shut, opening (shortest and longest of each). Blinks: docs/method.md; the others our choice.
BLINK_PHASES_S = ((0.09, 0.11), (0.03, 0.12), (0.11, 0.16))
ONE_SIDED_PHASES_S = ((0.12, 0.2), (0.15, 1.2), (0.15, 0.3))
LONG_PHASES_S = ((0.12, 0.2), (0.7, 2.5), (0.15, 0.3))
DIM_RATE_SHARE, DIM_STRETCH_S, CLOCK_JITTER = 0.8, (1.0, 4.0), 0.02  # a nominal 30/s falls to 24/s, docs/method.md


@dataclass(frozen=True)
class PlannedTwitch:
    """A twitch before it has a place in the picture. `site` is empty where each twitch takes a place of its own."""

    onset_s: float
    site: str
    amplitude_share: float
    listed: ListedTwitch | None = None


@dataclass(frozen=True)
class PlannedClosure:
    """Lids start down at `onset_s`, are `depth` shut from `shut_s` to `opening_s`, and open again at `offset_s`."""

    onset_s: float
    shut_s: float
    opening_s: float
    offset_s: float
    sides: tuple[str, ...]
    depth: float

    def share_at(self, time_s: float) -> float:
        """How far shut at a time: 0 open, 1 shut."""
        closing = np.clip((time_s - self.onset_s) / (self.shut_s - self.onset_s), 0, 1)
        opening = np.clip((time_s - self.opening_s) / (self.offset_s - self.opening_s), 0, 1)
        return self.depth * float(_smooth(closing) * (1 - _smooth(opening)))


def active_interval_s(onset_s: float, tau_s: float, decay: float) -> tuple[float, float]:
    """When a single twitch exceeds a fifth of its peak."""
    return onset_s + RISE_EDGE * tau_s, onset_s + tau_s * (1 + decay * (FALL_EDGE - 1))


def frame_times(scenario: Scenario) -> FloatArray:
    """Presentation times from 0 on, all before `duration_s`."""
    if not scenario.is_variable_rate:
        return np.arange(int(np.ceil(scenario.duration_s * scenario.rate_hz - 1e-9))) / scenario.rate_hz
    rng = generator(scenario.seed, "clock")
    times, now, is_dim, change_s = [0.0], 0.0, False, float(rng.uniform(*DIM_STRETCH_S))
    while True:
        interval_s = (1 + CLOCK_JITTER * rng.uniform(-1, 1)) / (scenario.rate_hz * (DIM_RATE_SHARE if is_dim else 1))
        now += interval_s
        if now >= scenario.duration_s:
            return np.array(times)
        times.append(now)
        if now > change_s:
            is_dim, change_s = not is_dim, now + float(rng.uniform(*DIM_STRETCH_S))


def plan_twitches(scenario: Scenario) -> tuple[PlannedTwitch, ...]:
    """Draw all twitches that are over before the clip ends, in order of onset."""
    if scenario.twitch == "none" or scenario.amplitude_px == 0:
        return ()
    plan = {"bursts": _bursts, "singles": _singles, "sustained": _sustained, "listed": _listed}[scenario.twitch]
    last_s = scenario.duration_s - (active_interval_s(0, scenario.tau_s, scenario.decay)[1])
    planned = [twitch for twitch in plan(scenario) if twitch.onset_s < last_s]
    return tuple(sorted(planned, key=lambda twitch: twitch.onset_s))


def plan_closures(scenario: Scenario) -> tuple[PlannedClosure, ...]:
    """Draw all eye closures that are over before the clip ends, in order of onset."""
    if not scenario.has_eyes or scenario.closures == "none":
        return ()
    return tuple(_closures(scenario, generator(scenario.seed, "closures")))


def _smooth(share: FloatArray) -> FloatArray:
    return share * share * (3 - 2 * share)


def _amplitude_share(scenario: Scenario, rng: np.random.Generator) -> float:
    return float(np.clip(1 + scenario.amplitude_cv * rng.standard_normal(), *AMPLITUDE_BOUNDS))


def _interval_s(scenario: Scenario, rng: np.random.Generator) -> float:
    share = 1 + scenario.interval_cv * rng.standard_normal()
    return max(SHORTEST_INTERVAL_S, float(share) / scenario.twitch_hz)


def _other_site(sites: tuple[str, ...], last: str, rng: np.random.Generator) -> str:
    others = [site for site in sites if site != last] or list(sites)
    return others[int(rng.integers(len(others)))]


def _bursts(scenario: Scenario) -> Iterator[PlannedTwitch]:
    rng = generator(scenario.seed, "twitches")
    now, site = scenario.first_onset_s, ""
    while now < scenario.duration_s:
        site = _other_site(scenario.site_names or ("",), site, rng)
        for index in range(int(rng.integers(scenario.burst_size[0], scenario.burst_size[1] + 1))):
            now += _interval_s(scenario, rng) if index else 0.0
            yield PlannedTwitch(now, site, _amplitude_share(scenario, rng))
        now = active_interval_s(now, scenario.tau_s, scenario.decay)[1] + float(rng.uniform(*scenario.quiet_s))


def _singles(scenario: Scenario) -> Iterator[PlannedTwitch]:
    rng = generator(scenario.seed, "twitches")
    mean_wait_s = max(0.05, 60 / scenario.events_per_min - REFRACTORY_S)
    now, site = scenario.first_onset_s, ""
    while now < scenario.duration_s:
        site = _other_site(scenario.site_names or ("",), site, rng)
        yield PlannedTwitch(now, site, _amplitude_share(scenario, rng))
        now += REFRACTORY_S + float(rng.exponential(mean_wait_s))


def _sustained(scenario: Scenario) -> Iterator[PlannedTwitch]:
    for index, site in enumerate(scenario.site_names):
        rng = generator(scenario.seed, "twitches", 0 if scenario.is_synchronous else index)
        now = scenario.first_onset_s + (
            0.0 if scenario.is_synchronous else float(rng.uniform(0, 1 / scenario.twitch_hz))
        )
        while now < scenario.duration_s:
            yield PlannedTwitch(now, site, _amplitude_share(scenario, rng))
            pause_s = float(rng.uniform(*PAUSE_S)) if rng.random() < PAUSE_SHARE else 0.0
            now += _interval_s(scenario, rng) + pause_s


def _listed(scenario: Scenario) -> Iterator[PlannedTwitch]:
    return (PlannedTwitch(twitch.onset_s, "", 1.0, twitch) for twitch in scenario.listed)


def _closures(scenario: Scenario, rng: np.random.Generator) -> Iterator[PlannedClosure]:
    now = FIRST_CLOSURE_S + float(rng.exponential(30 / scenario.closures_per_min))
    while True:
        closure = _closure(scenario, rng, now)
        if closure.offset_s >= scenario.duration_s:
            return
        yield closure
        wait_s = 60 / scenario.closures_per_min - (closure.offset_s - closure.onset_s) - SHORTEST_GAP_S
        now = closure.offset_s + SHORTEST_GAP_S + float(rng.exponential(max(0.05, wait_s)))


def _closure(scenario: Scenario, rng: np.random.Generator, onset_s: float) -> PlannedClosure:
    # A third of the closures of the one-sided and long plans are ordinary blinks: nobody stops blinking.
    is_special, is_partial = rng.random() > 1 / 3, rng.random() < scenario.partial_share
    partial_depth = float(rng.uniform(0.4, 0.65))
    phases, depth = BLINK_PHASES_S, partial_depth if is_partial else 1.0
    sides: tuple[str, ...] = ("right", "left")
    if scenario.closures == "one-sided" and is_special:
        phases, sides = ONE_SIDED_PHASES_S, (scenario.side,)
    elif scenario.closures == "long" and is_special:
        phases, depth = LONG_PHASES_S, 1.0
    closing_s, shut_s, opening_s = (float(rng.uniform(*bounds)) for bounds in phases)
    shut = onset_s + closing_s
    return PlannedClosure(onset_s, shut, shut + shut_s, shut + shut_s + opening_s, sides, depth)
