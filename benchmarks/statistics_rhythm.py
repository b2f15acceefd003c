"""The verdict of rhythm: on chance, on clocks, on too few events."""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy.stats import gamma

from benchmarks.statistics_runs import Runner, Table, percent, verdict
from vision.model.events import EventSet
from vision.settings import FeatureSettings
from vision.simulate.trains import Detector, Spot, interval_draws, observed, poisson
from vision.twitch.rhythm import measure_rhythm

RUNS = 500
FEATURES = FeatureSettings(surrogate_count=199)  # as right as with 499, a little less powerful
LID = Spot("lower-eyelid", "right", 170.0, 230.0)


def rhythm_tables(runner: Runner) -> list[Table]:
    rows = []
    for rate_hz in (0.5, 1.0, 2.0, 4.0):
        said = Counter(runner.runs(_chance_run, 4 * RUNS, rate_hz))
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
        "The verdict of `measure_rhythm` with 199 surrogates, onsets on a clock of 30 frames/s behind a dead "
        "time of 0.1 s where no other is named. At 8 Hz chance behind that dead time is itself regular (CV 0.20)."
    )
    headings = ["process", "runs", "irregular", "semi-rhythmic", "rhythmic", "too few", "target", "met"]
    return [Table("Verdict of rhythm", note, headings, rows), _bound(runner)]


def _bound(runner: Runner) -> Table:
    rows = [
        [
            f"{rate_hz:g} Hz, {intervals} intervals",
            *(percent(best_power(rate_hz, intervals, runner.count(20_000), c)) for c in (True, False)),
        ]
        for rate_hz, intervals in ((6.0, 15), (8.0, 15), (8.0, 30))
    ]
    note = (
        "Share that the likelihood ratio of both processes, each known, tells from chance at 5 %: gamma intervals of "
        "CV 0.15 against exponential ones of the same mean, both behind 0.1 s. The verdict knows neither rate nor CV."
    )
    return Table("What any test could find", note, ["process", "on frames", "between frames"], rows)


def best_power(rate_hz: float, intervals: int, runs: int, on_frames: bool) -> float:
    """Power of the likelihood ratio of a train with CV 0.15 against chance at 5 % (Neyman & Pearson 1933)."""
    rng, dead_s, free_s = np.random.default_rng(303), 0.1, 1 / rate_hz - 0.1
    clock = gamma(1 / 0.15**2, scale=0.15**2 / rate_hz)
    chance_s = dead_s + rng.exponential(free_s, (runs, intervals))
    clock_s = clock.isf(rng.uniform(0, 1, (runs, intervals)) * clock.sf(dead_s))
    if on_frames:
        chance_score, clock_score = _scores_on_frames(_frames(rng, chance_s), _frames(rng, clock_s))
    else:
        chance_score, clock_score = (clock.logpdf(x) + (x - dead_s) / free_s for x in (chance_s, clock_s))
    bar = np.quantile(chance_score.sum(axis=1), 0.95)
    return float(np.mean(clock_score.sum(axis=1) > bar))


def _frames(rng: np.random.Generator, interval_s: np.ndarray) -> np.ndarray:
    onset_s = rng.uniform(0, 1 / 30, (len(interval_s), 1)) + np.cumsum(interval_s, axis=1)
    return np.diff(np.floor(onset_s * 30), axis=1).astype(int)


def _scores_on_frames(chance: np.ndarray, clock: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log ratio of how often each whole number of frames comes, added up interval by interval."""
    size = int(max(chance.max(), clock.max())) + 1
    ratio = np.log(np.bincount(clock.ravel(), minlength=size) + 0.5) - np.log(
        np.bincount(chance.ravel(), minlength=size) + 0.5
    )
    return ratio[chance], ratio[clock]


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
