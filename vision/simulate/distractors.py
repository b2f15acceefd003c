"""When movements and changes happen that are no twitches, and how far each has gone at a time.

Their sizes and lengths are our choice unless a source stands beside them: plausible, not measured on patients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vision.simulate.scenario import DistractorName, Scenario, generator

# Seconds: coming, staying, going (shortest and longest of each). A saccade takes 30-60 ms (our memory, unverified).
PHASES_S: dict[DistractorName, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "gaze": ((0.03, 0.06), (0.4, 1.5), (0.03, 0.06)),
    "nod": ((0.3, 0.6), (0.1, 0.6), (0.3, 0.6)),
    "turn": ((0.3, 0.6), (0.1, 0.6), (0.3, 0.6)),
    "lean": ((0.3, 0.6), (0.1, 0.6), (0.3, 0.6)),
    "body-jolt": ((0.02, 0.04), (0.3, 0.5), (0.05, 0.1)),
    "camera-jolt": ((0.02, 0.04), (0.2, 0.4), (0.05, 0.1)),
    "speech": ((0.1, 0.2), (0.8, 2.5), (0.1, 0.2)),
    "smile": ((0.3, 0.6), (0.5, 2.0), (0.4, 0.9)),
    "grimace": ((0.12, 0.3), (0.3, 1.0), (0.2, 0.5)),
    "swallow": ((0.25, 0.4), (0.1, 0.2), (0.3, 0.5)),
    "focus": ((0.15, 0.4), (0.1, 0.6), (0.15, 0.4)),
    "exposure": ((0.03, 0.15), (0.8, 2.5), (0.03, 0.15)),
    "hair": ((0.3, 0.6), (0.1, 0.3), (0.3, 0.6)),
    "shadow": ((0.3, 0.8), (0.1, 0.3), (0.3, 0.8)),
}
TWO_STEPS = frozenset({"gaze", "exposure"})  # nothing moves between coming and going: each is an artefact of its own
FIRST_S, SHORTEST_GAP_S = 0.7, 0.5
SIZE_BOUNDS = (0.7, 1.3)
RING_HZ, RING_TAU_S = (4.0, 7.0), 0.12  # of a jolt: how it swings and how soon that dies down
SYLLABLE_HZ = (3.5, 5.5)  # rate of syllables in speech, our memory, unverified


@dataclass(frozen=True)
class PlannedDistractor:
    """One distractor: it comes from `onset_s` to `there_s`, stays until `leaving_s` and is gone at `offset_s`.

    `size` is times the usual size, `angle_rad` its direction where it has one, `hz` its rhythm where it has one.
    """

    name: DistractorName
    onset_s: float
    there_s: float
    leaving_s: float
    offset_s: float
    size: float
    angle_rad: float
    hz: float

    def share_at(self, time_s: float) -> float:
        """How far it has gone: 0 before and after, `size` while it stays."""
        coming = np.clip((time_s - self.onset_s) / (self.there_s - self.onset_s), 0, 1)
        going = np.clip((time_s - self.leaving_s) / (self.offset_s - self.leaving_s), 0, 1)
        return self.size * float(_smooth(coming) * (1 - _smooth(going)))

    def passed_at(self, time_s: float) -> float:
        """Share of its time that has passed, 0 to 1."""
        return float(np.clip((time_s - self.onset_s) / (self.offset_s - self.onset_s), 0, 1))

    def swing_at(self, time_s: float) -> float:
        """A knock that dies down: -size to size, 0 before and after."""
        since_s = time_s - self.onset_s
        dying = float(np.exp(-max(since_s, 0.0) / RING_TAU_S) * np.sin(2 * np.pi * self.hz * since_s))
        return self.share_at(time_s) * dying

    def syllables_at(self, time_s: float) -> float:
        """Opening of a speaking mouth, 0 to about size."""
        beat = np.pi * self.hz * (time_s - self.onset_s)
        return self.share_at(time_s) * float(np.sin(beat) ** 2 * (0.65 + 0.35 * np.sin(0.37 * beat + self.angle_rad)))

    @property
    def steps_s(self) -> tuple[tuple[float, float], ...]:
        """Onset and offset of each movement that a detector would see."""
        if self.name in TWO_STEPS:
            return (self.onset_s, self.there_s), (self.leaving_s, self.offset_s)
        return ((self.onset_s, self.offset_s),)


def plan_distractors(scenario: Scenario) -> tuple[PlannedDistractor, ...]:
    """Draw all distractors that are over before the clip ends, one at a time, in order of onset."""
    return tuple(_distractors(scenario)) if scenario.distractors else ()


def _distractors(scenario: Scenario) -> Iterator[PlannedDistractor]:
    rng = generator(scenario.seed, "distractors")
    now = FIRST_S + float(rng.exponential(20 / scenario.distractors_per_min))
    while True:
        planned = _distractor(scenario, rng, now)
        if planned.offset_s >= scenario.duration_s:
            return
        yield planned
        wait_s = 60 / scenario.distractors_per_min - (planned.offset_s - planned.onset_s) - SHORTEST_GAP_S
        now = planned.offset_s + SHORTEST_GAP_S + float(rng.exponential(max(0.05, wait_s)))


def _distractor(scenario: Scenario, rng: np.random.Generator, onset_s: float) -> PlannedDistractor:
    name = scenario.distractors[int(rng.integers(len(scenario.distractors)))]
    coming_s, staying_s, going_s = (float(rng.uniform(*bounds)) for bounds in PHASES_S[name])
    there_s = onset_s + coming_s
    leaving_s = there_s + staying_s
    size = scenario.distractor_size * float(rng.uniform(*SIZE_BOUNDS))
    angle_rad = float(rng.uniform(-np.pi, np.pi))
    hz = float(rng.uniform(*(SYLLABLE_HZ if name == "speech" else RING_HZ)))
    return PlannedDistractor(name, onset_s, there_s, leaving_s, leaving_s + going_s, size, angle_rad, hz)


def _smooth(share: float) -> float:
    return share * share * (3 - 2 * share)
