"""Power of the tests of place and order."""

from __future__ import annotations

import numpy as np

from benchmarks.statistics_runs import Runner, Table, percent, verdict
from vision.settings import FeatureSettings
from vision.simulate.trains import Detector, Spot, migrating, observed, poisson
from vision.twitch.spread import measure_spread

RUNS = 2000
FEATURES = FeatureSettings(surrogate_count=199)
ERROR_PX = 6.0


def place_tables(runner: Runner) -> list[Table]:
    rows = []
    for errors, each in ((3.0, 10), (2.0, 10), (3.0, 5)):
        ps = runner.runs(_two_places, RUNS, errors, each)
        share = sum(p is not None and p <= 0.05 for p in ps) / len(ps)
        target = "at least 90 %" if (errors, each) == (3.0, 10) else ""
        rows.append([
            f"two places {errors:g} localisation errors apart, {each} events each", len(ps), percent(share), target,
            verdict(share >= 0.9) if target else "",
        ])  # fmt: skip
    for order in ("any", "walk", "round"):
        ps = runner.runs(_moving, RUNS // 4, order)
        tested = [p for p in ps if p is not None]
        share = sum(p <= 0.05 for p in tested) / len(tested)
        rows.append([f"five places, 24 events, order: {order}", len(tested), percent(share), "", ""])
    note = (
        'Share of runs with p at most 0.05. Order "any": by chance (the size); "walk": on to another place each time; '
        '"round": round and round.'
    )
    return [Table("Dispersion and order: power", note, ["process", "runs", "found", "target", "met"], rows)]


def _two_places(errors: float, each: int, seed: int) -> float | None:
    rng = np.random.default_rng([401, int(10 * errors), each, seed])
    spots = [Spot("skin", None, 300.0, 300.0), Spot("skin", None, 300.0 + errors * ERROR_PX, 300.0)]
    onset_s = np.sort(rng.uniform(0, 60, 2 * each))
    detector = Detector(0.0, 0.0, dead_time_s=0.0, localisation_sd_px=ERROR_PX)
    events = observed(rng, onset_s, np.arange(2 * each) % 2, spots, 60.0, detector)
    return measure_spread(
        events, FEATURES, seed, scale_px=None, view="skin", observed_area_px2=None
    ).dispersion_p  # fmt: skip


def _moving(order: str, seed: int) -> float | None:
    rng = np.random.default_rng([402, len(order), seed])
    spots = [Spot("skin", None, float(x), float(y)) for x, y in rng.uniform((0, 0), (900, 500), (5, 2))]
    onset_s = poisson(rng, 0.8, 60.0, 0.2)[:24]
    place = migrating(rng, len(onset_s), 5, order=order)  # type: ignore[arg-type]
    events = observed(rng, onset_s, place, spots, 60.0, Detector(0.0, 0.0))
    return measure_spread(
        events, FEATURES, seed, scale_px=None, view="skin", observed_area_px2=None
    ).migration_p  # fmt: skip
