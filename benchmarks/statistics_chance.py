"""The p of every test where its null is true: how often it is at most 0.05."""

from __future__ import annotations

import numpy as np

from benchmarks.statistics_runs import Runner, Table, percent, size_row, verdict
from vision.model.arrays import FloatArray
from vision.settings import FeatureSettings
from vision.simulate.trains import Detector, Spot, bursting, observed, poisson
from vision.twitch.frequency import measure_frequency
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
FOURTH = Spot("chin", "midline", 260.0, 430.0)
ECHO_SHARE, ECHO_S = 0.9, 0.01  # of a movement's events at a place that shares it, and how far off in time
BURST_HZ = 6.0
LEAST_COVER = 0.92  # as for bursts: events that come in groups
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
    alone = Table("p where there is nothing to find", note, HEADINGS, sorted(rows, key=lambda row: str(row[0])))
    return [alone, _together_table(runner), _burst_table(runner)]


def _together_table(runner: Runner) -> Table:
    rows: list[list[object]] = []
    for places, rate_hz in ((3, 0.5), (3, 2.0), (3, 4.0), (4, 2.0)):
        found = runner.runs(_together_run, RUNS, places, rate_hz)
        for number, test in enumerate(("regularity", "beat (Z²)", "beat (autocorrelation)", "trend")):
            rows.append(size_row(f"{test}, {places} places, {rate_hz:g}", [ps[number] for ps, _ in found]))
        covers = [inside for _, inside in found if inside is not None]
        share = sum(covers) / len(covers)
        name, met = f"rate interval, {places} places, {rate_hz:g}", verdict(share >= LEAST_COVER)
        rows.append([name, len(covers), f"covers {percent(share)}", "at least 92 %", "", met])
    note = (
        "Movements by chance behind a dead time of 0.15 s that several places share: each but the first sees nine of "
        "ten of them, up to 10 ms apart. A movement that is seen at three places is no threefold evidence."
    )
    return Table("p and interval where places move together", note, HEADINGS, rows)


def _together_run(places: int, rate_hz: float, seed: int) -> tuple[tuple[float | None, ...], bool | None]:
    rng = np.random.default_rng([203, places, int(100 * rate_hz), seed])
    first_s = poisson(rng, rate_hz, LENGTH_S, dead_s=0.15)
    seen = [first_s, *(_echo(rng, first_s) for _ in range(places - 1))]
    place = np.repeat(np.arange(places), [len(train) for train in seen])
    detector = Detector(miss_share=0.0, false_per_min=0.0, dead_time_s=0.15)
    events = observed(rng, np.concatenate(seen), place, [*SPOTS, FOURTH][:places], LENGTH_S, detector)
    rhythm, frequency = measure_rhythm(events, FEATURES, seed), measure_frequency(events, FEATURES, seed)
    beat, trend, ends = rhythm.periodicity, frequency.trend, frequency.rate_per_min_ci95
    true_per_min = 60 * rate_hz * (1 + ECHO_SHARE * (places - 1))
    ps = (
        rhythm.surrogate_p, None if beat is None else beat.z2_p, None if beat is None else beat.autocorrelation_p,
        None if trend is None else trend.p,
    )  # fmt: skip
    return ps, None if ends is None else ends[0] <= true_per_min <= ends[1]


def _echo(rng: np.random.Generator, onset_s: FloatArray) -> FloatArray:
    kept = onset_s[rng.random(len(onset_s)) < ECHO_SHARE]
    return np.clip(kept + rng.uniform(-ECHO_S, ECHO_S, len(kept)), 0.0, LENGTH_S)


def _burst_table(runner: Runner) -> Table:
    rows: list[list[object]] = []
    for least_s in (0.0, 1.0):
        found = runner.runs(_burst_run, RUNS, least_s)
        for number, test in enumerate(("inside of bursts", "from burst to burst")):
            rows.append(size_row(f"{test}, pauses from {least_s:g} s", [ps[number] for ps in found]))
    note = (
        "Bursts of 5 to 12 events that come by chance behind 0.1 s at 6 a second, and pauses by chance of 4 s, in "
        "90 s: regularity inside of bursts, and from burst to burst."
    )
    return Table("p inside and between bursts", note, HEADINGS, rows)


def _burst_run(least_s: float, seed: int) -> tuple[float | None, float | None]:
    rng = np.random.default_rng([204, int(10 * least_s), seed])
    onset_s = bursting(
        rng, 90.0, pause_s=4.0, within_hz=BURST_HZ, size=(5, 12), cv=1.0, least_pause_s=least_s
    )  # fmt: skip
    detector = Detector(miss_share=0.0, false_per_min=0.0, dead_time_s=0.1)
    events = observed(rng, onset_s, np.zeros(len(onset_s), int), SPOTS[:1], 90.0, detector)
    rhythm = measure_rhythm(events, FEATURES, seed)
    inside, between = rhythm.within_bursts, rhythm.between_bursts
    return None if inside is None else inside.surrogate_p, None if between is None else between.surrogate_p


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
