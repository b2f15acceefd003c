"""The verdict of rhythm: on chance, on clocks, on too few events."""

from __future__ import annotations

from collections import Counter

import numpy as np

from benchmarks.statistics_runs import Runner, Table, percent, verdict
from vision.model.events import EventSet
from vision.settings import FeatureSettings
from vision.simulate.trains import Detector, Spot, interval_draws, observed, poisson
from vision.twitch.rhythm import measure_rhythm

RUNS = 1000
FEATURES = FeatureSettings()
LID = Spot("lower-eyelid", "right", 170.0, 230.0)


def rhythm_tables(runner: Runner) -> list[Table]:
    rows = []
    for rate_hz in (1.0, 2.0, 4.0):
        said = Counter(runner.runs(_chance_run, 2 * RUNS, rate_hz))
        share = (said["rhythmic"] + said["semi-rhythmic"]) / said.total()
        rows.append(
            _row(f"chance, {rate_hz:g}/s, dead 0.15 s, 30 s", said, "called at all: at most 5 %", share <= 0.05)
        )
    for rate_hz in (1.0, 2.0, 4.0, 6.0, 8.0):
        said = Counter(runner.runs(_clock_run, RUNS, rate_hz, 0.15, 30))
        rows.append(
            _row(
                f"CV 0.15, {rate_hz:g} Hz, 30 intervals",
                said,
                "rhythmic: at least 80 %",
                said["rhythmic"] >= 0.8 * said.total(),
            )
        )
    for rate_hz in (1.0, 2.0, 4.0, 6.0, 8.0):
        said = Counter(runner.runs(_clock_run, RUNS, rate_hz, 0.15, 15))
        called = said["rhythmic"] + said["semi-rhythmic"]
        rows.append(
            _row(
                f"CV 0.15, {rate_hz:g} Hz, 15 intervals",
                said,
                "called at all: at least 90 %",
                called >= 0.9 * said.total(),
            )
        )
    for cv in (0.0, 0.15):
        said = Counter(runner.runs(_clock_run, RUNS, 3.0, cv, 4))
        rows.append(_row(f"5 events, CV {cv:g}, 3 Hz", said, "never rhythmic", said["rhythmic"] == 0))
    note = (
        "The verdict of `measure_rhythm` with the default settings, onsets on a clock of 30 frames/s behind a dead "
        "time of 0.1 s where no other is named. At 8 Hz and CV 0.15 one interval in ten is shorter than that."
    )
    headings = ["process", "runs", "irregular", "semi-rhythmic", "rhythmic", "too few", "target", "met"]
    return [Table("Verdict of rhythm", note, headings, rows)]


def _row(name: str, said: Counter[str], target: str, is_met: bool) -> list[object]:
    shares = [
        percent(said[word] / said.total()) for word in ("irregular", "semi-rhythmic", "rhythmic", "too-few-events")
    ]
    return [name, said.total(), *shares, target, verdict(is_met)]


def _events(rng: np.random.Generator, onset_s: np.ndarray, length_s: float, dead_s: float) -> EventSet:
    detector = Detector(miss_share=0.0, false_per_min=0.0, dead_time_s=dead_s)
    return observed(rng, onset_s, np.zeros(len(onset_s), int), [LID], length_s, detector)


def _chance_run(rate_hz: float, seed: int) -> str:
    rng = np.random.default_rng([301, int(10 * rate_hz), seed])
    return measure_rhythm(_events(rng, poisson(rng, rate_hz, 30.0), 30.0, 0.15), FEATURES, seed).verdict


def _clock_run(rate_hz: float, cv: float, intervals: int, seed: int) -> str:
    rng = np.random.default_rng([302, int(10 * rate_hz), intervals, seed])
    steps_s = interval_draws(rng, 1 / rate_hz, cv, intervals, "gamma")
    onset_s = rng.uniform(0.2, 0.3) + np.concatenate([[0.0], np.cumsum(steps_s)])
    return measure_rhythm(_events(rng, onset_s, float(onset_s[-1]) + 1.0, 0.1), FEATURES, seed).verdict
