"""The p of every test where its null is true: how often it is at most 0.05."""

from __future__ import annotations

import numpy as np

from benchmarks.statistics_runs import Runner, Table, size_row
from vision.settings import FeatureSettings
from vision.simulate.trains import Detector, Spot, observed, poisson
from vision.twitch.rhythm import measure_rhythm
from vision.twitch.spread import measure_spread
from vision.twitch.trend import rate_trend

RUNS = 2000
LENGTH_S = 30.0
RATES_HZ = (0.5, 2.0, 4.0)  # of all sites together
SHARES = (0.6, 0.3, 0.1)  # of the sites: unequal
FEATURES = FeatureSettings(surrogate_count=99, bootstrap_count=200)  # a test is as right with fewer draws
SPOTS = (
    Spot("lower-eyelid", "right", 170.0, 230.0),
    Spot("cheek", "right", 110.0, 330.0),
    Spot("brow", "left", 350.0, 150.0),
)
HEADINGS = ["test, events/s", "runs tested", "p at most 0.05", "99 % limits", "p at most 0.5", "within"]
TESTS = ("regularity", "beat (Z²)", "beat (autocorrelation)", "order of sites", "synchrony", "trend")


def chance_tables(runner: Runner) -> list[Table]:
    rows: list[list[object]] = []
    for dead_s in (0.1, 0.15):
        for rate_hz in RATES_HZ if dead_s == 0.15 else RATES_HZ[-1:]:
            found = runner.runs(_null_run, RUNS, rate_hz, dead_s)
            for number, test in enumerate(TESTS):
                rows.append(size_row(f"{test}, {rate_hz:g}, dead {dead_s:g} s", [ps[number] for ps in found]))
    for rate_hz in RATES_HZ:
        ps = runner.runs(_one_place_run, RUNS, rate_hz)
        rows.append(size_row(f"one place? (dispersion), {rate_hz:g}", ps))
    note = (
        "Three sites that fire by chance alone, with 60, 30 and 10 % of the events, a tenth of them missed, behind a "
        "dead time, on a clock of 30 frames/s, for 30 s; dispersion: one place and its localisation error. Runs in "
        'which a test says "cannot be tested" are left out.'
    )
    return [Table("p where there is nothing to find", note, HEADINGS, sorted(rows, key=lambda row: str(row[0])))]


def _null_run(rate_hz: float, dead_s: float, seed: int) -> tuple[float | None, ...]:
    rng = np.random.default_rng([201, int(100 * rate_hz), int(1000 * dead_s), seed])
    trains = [poisson(rng, rate_hz * share, LENGTH_S) for share in SHARES]
    place = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    events = observed(
        rng, np.concatenate(trains), place, SPOTS, LENGTH_S, Detector(false_per_min=0.0, dead_time_s=dead_s)
    )  # fmt: skip
    rhythm = measure_rhythm(events, FEATURES, seed)
    spread = measure_spread(events, FEATURES, seed, scale_px=213.0, view="face", observed_area_px2=None)
    beat = rhythm.periodicity
    onset_s = np.array([event.onset_s for event in events.events])
    trend = rate_trend(onset_s, events.observed_intervals_s, FEATURES.trend_count, "event")
    return (
        rhythm.surrogate_p, None if beat is None else beat.z2_p, None if beat is None else beat.autocorrelation_p,
        spread.migration_p, spread.synchrony_p, None if trend is None else trend.p,
    )  # fmt: skip


def _one_place_run(rate_hz: float, seed: int) -> float | None:
    rng = np.random.default_rng([202, int(100 * rate_hz), seed])
    onset_s = poisson(rng, rate_hz, LENGTH_S)
    events = observed(rng, onset_s, np.zeros(len(onset_s), int), SPOTS[:1], LENGTH_S, Detector(false_per_min=0.0))
    return measure_spread(
        events, FEATURES, seed, scale_px=213.0, view="face", observed_area_px2=None
    ).dispersion_p  # fmt: skip
