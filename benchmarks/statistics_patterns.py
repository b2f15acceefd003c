"""The pattern model on every row of the label table: calls, errors, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.statistics_runs import Runner, Table, percent, verdict
from vision.model.arrays import BoolArray, FloatArray
from vision.model.features import PATTERNS, Features, PatternLabel
from vision.settings import FeatureSettings, PatternSettings
from vision.simulate.patterns import FEWEST_MIGRATING, FEWEST_SEEN, IOD_PX, ROWS, Generator, SimulatedClip, draw_clip
from vision.twitch.eyelids import measure_eye_closure
from vision.twitch.frequency import measure_frequency
from vision.twitch.pattern import call_pattern
from vision.twitch.rhythm import measure_rhythm
from vision.twitch.spread import measure_spread

RUNS = 100  # of each row and generator
FEATURES = FeatureSettings(surrogate_count=99, bootstrap_count=200)
BINS = 10
EXPONENTS = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.4)
THRESHOLDS = (0.7, 0.8, 0.85, 0.9, 0.95)
GENERATORS: tuple[Generator, ...] = ("A", "B")


@dataclass(frozen=True)
class Called:
    """One clip: what it was, what it was called, and the probability of the likeliest pattern."""

    row: str
    truth: PatternLabel
    holds: bool
    label: PatternLabel
    likeliest: str
    probability: float
    probabilities: tuple[float, ...]
    labels: tuple[PatternLabel, ...]  # at each of THRESHOLDS

    @property
    def is_call(self) -> bool:
        """True where a pattern was named."""
        return self.label != "indeterminate"


def pattern_tables(runner: Runner) -> list[Table]:
    called = {which: _all_rows(runner, which) for which in GENERATORS}
    if runner.docs is not None:
        draw_reliability(called, runner.docs / "reliability.svg")
    return [_by_row(called), _summary(called), _reliability(called), _calibration(called["A"])]


def _all_rows(runner: Runner, which: Generator) -> list[Called]:
    return [one for row in ROWS for one in runner.runs(_run, RUNS, row, which)]


def _run(row: str, which: Generator, seed: int) -> Called:
    rng = np.random.default_rng([601, ord(which), list(ROWS).index(row), seed])
    clip = draw_clip(row, which, rng)
    features = features_of(clip, seed)
    call = call_pattern(clip.events, features, clip.quality, clip.view, PatternSettings())
    likeliest = max(PATTERNS, key=lambda name: call.probability[name])
    others = [PatternSettings(call_probability=threshold) for threshold in THRESHOLDS]
    labels = tuple(call_pattern(clip.events, features, clip.quality, clip.view, s).label for s in others)
    every = tuple(call.probability[name] for name in PATTERNS)
    return Called(row, clip.label, clip.holds, call.label, likeliest, call.probability[likeliest], every, labels)


def features_of(clip: SimulatedClip, seed: int) -> Features:
    """Measure what the pattern model looks at."""
    events = clip.events
    return Features(
        measure_frequency(events, FEATURES, seed),
        measure_rhythm(events, FEATURES, seed),
        measure_spread(
            events, FEATURES, seed, scale_px=None if clip.view == "skin" else IOD_PX, view=clip.view,
            observed_area_px2=clip.area_px2,
        ),
        measure_eye_closure(events.closures, events.observed_s, FEATURES, eye_seen=clip.view != "skin"),
    )  # fmt: skip


def _by_row(called: dict[Generator, list[Called]]) -> Table:
    rows = []
    for which in GENERATORS:
        for row in ROWS:
            own = [one for one in called[which] if one.row == row]
            held = [one for one in own if one.holds]
            truth = own[0].truth
            made = "" if truth == "indeterminate" else percent(_share([one.is_call for one in held]))
            rows.append([
                which, row, truth, len(own), percent(len(held) / len(own)), made,
                percent(_share([one.is_call for one in own])), sum(one.is_call and one.label != truth for one in own),
            ])  # fmt: skip
    note = (
        "A tenth of the events missed, 0.5 false events a minute. Preconditions: a row that names a pattern has at "
        f"least {FEWEST_SEEN} of its events left (`migrating` {FEWEST_MIGRATING}, the busiest with 45 % at most); "
        "`no-twitch` says that none was found, so a false event breaks its own. Generator A set the calibration and "
        "the threshold of a call; B has other laws of intervals, bursts, orders, lengths and detector."
    )
    headings = [
        "generator", "row of the label table", "label", "clips", "preconditions hold", "calls made then",
        "calls made in all", "wrong calls",
    ]  # fmt: skip
    return Table("Pattern: every row of the label table", note, headings, rows)


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def _summary(called: dict[Generator, list[Called]]) -> Table:
    rows = []
    for which in GENERATORS:
        clips = called[which]
        calls = [one for one in clips if one.is_call]
        due = [one for one in clips if one.holds and one.truth != "indeterminate"]
        made, right = _share([one.is_call for one in due]), _share([one.label == one.truth for one in calls])
        over_all, over_calls = (calibration_error(*_confidence(part)) for part in (_named(clips), calls))
        rows += [
            [
                which,
                "calls made where the preconditions hold",
                percent(made),
                "at least 90 %",
                verdict((made or 0) >= 0.9),
            ],
            [which, "of the calls right", percent(right), "at least 97 %", verdict((right or 0) >= 0.97)],
            [
                which,
                "calibration error, all clips that have a pattern",
                f"{over_all:.3f}",
                "at most 0.05",
                verdict(over_all <= 0.05),
            ],
            [which, "calibration error, calls", f"{over_calls:.3f}", "at most 0.05", verdict(over_calls <= 0.05)],
        ]
    note = (
        f"Calibration error: mean distance of probability and share right over {BINS} bins of the likeliest pattern's "
        "probability, weighted by their clips. A call on a clip whose row has no label is wrong."
    )
    return Table("Pattern: summary", note, ["generator", "what", "value", "target", "met"], rows)


def _named(clips: Sequence[Called]) -> list[Called]:
    return [one for one in clips if one.truth != "indeterminate"]


def _confidence(clips: Sequence[Called]) -> tuple[FloatArray, BoolArray]:
    return np.array([one.probability for one in clips]), np.array([one.likeliest == one.truth for one in clips], bool)


def bins_of(probability: FloatArray, right: BoolArray) -> list[tuple[int, float, float]]:
    """Clips, mean probability and share right of each bin that holds any."""
    index = np.minimum((probability * BINS).astype(int), BINS - 1)
    return [
        (int(np.sum(index == b)), float(probability[index == b].mean()), float(right[index == b].mean()))
        for b in range(BINS)
        if np.any(index == b)
    ]


def calibration_error(probability: FloatArray, right: BoolArray) -> float:
    """Expected calibration error (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602)."""
    return sum(count * abs(said - came) for count, said, came in bins_of(probability, right)) / len(probability)


def _reliability(called: dict[Generator, list[Called]]) -> Table:
    rows = [
        [which, count, percent(said), percent(came)]
        for which in GENERATORS
        for count, said, came in bins_of(*_confidence(_named(called[which])))
    ]
    return Table(
        "Pattern: reliability",
        "Clips that have a pattern, by the probability of the likeliest one; docs/reliability.svg.",
        ["generator", "clips", "mean probability", "share right"], rows,
    )  # fmt: skip


def _calibration(clips: Sequence[Called]) -> Table:
    """Show on what the two numbers of the calibration rest: generator A alone."""
    rows: list[list[object]] = [["power", power, f"{_log_loss(clips, power):.4f}", ""] for power in EXPONENTS]
    for number, threshold in enumerate(THRESHOLDS):
        calls = [(one.labels[number], one.truth) for one in clips if one.labels[number] != "indeterminate"]
        right = _share([label == truth for label, truth in calls])
        rows.append(["call from", threshold, "", percent(right, 2)])
    note = "Generator A. The power is the one of least log loss, the threshold the lowest with 99 % of the calls right."
    return Table("Pattern: calibration", note, ["what", "value", "log loss", "calls right"], rows)


def _log_loss(clips: Sequence[Called], power: float) -> float:
    """Mean log loss had the probabilities been raised to another power."""
    named = _named(clips)
    raised = np.array([one.probabilities for one in named]) ** (power / PatternSettings().calibration_exponent)
    truth = [PATTERNS.index(one.truth) for one in named]  # type: ignore[arg-type]
    return float(-np.mean(np.log(raised[np.arange(len(named)), truth] / raised.sum(axis=1))))


def draw_reliability(called: dict[Generator, list[Called]], path: Path) -> None:
    """Draw said against came; the area of a circle is its number of clips."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "twitchscope", "svg.fonttype": "none"})
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    for which, colour, name in (("A", "0.55", "A: calibrated on"), ("B", "#00639c", "B: tested on")):
        found = bins_of(*_confidence(_named(called[which])))
        size, said, came = (np.array(column, float) for column in zip(*found, strict=True))
        axes.scatter(said, came, s=20 + 600 * size / size.sum(), color=colour, alpha=0.7, label=name)
    axes.set(xlabel="probability of the likeliest pattern", ylabel="share right", xlim=(0.2, 1.02), ylim=(-0.05, 1.05))
    axes.set_title("Event-level simulation, clips that have a pattern")
    axes.legend(loc="upper left")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
