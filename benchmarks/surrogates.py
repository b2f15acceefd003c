"""Rest that is not simulated: real clips at rest as they are, and surrogates of their motion.

A surrogate shifts each point's course by a time of its own, around the clip's end. Every point keeps its own noise,
drift and jumps; what points do together, as any twitch or blink or encoder would make them, is gone. So surrogates
count what chance makes of real residuals, and real rests what real faces add.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.cases import Case, find_cases
from benchmarks.sweep_rows import Row, Store, measured
from vision.errors import TwitchscopeError
from vision.model.signals import MotionSignals
from vision.pipeline import Measured, Request, interpret
from vision.settings import Settings

SHORTEST_SHIFT_S = 1.0  # longer than a twitch, so that neighbours no longer share one


def rest_cases(folder: Path) -> list[Case]:
    """Clips of a folder in which nothing twitches; none where there is no folder."""
    if not folder.is_dir():
        return []
    return [case for case in find_cases(folder) if case.truth["label"] == "no-twitch"]


def surrogate(signals: MotionSignals, seed: int) -> MotionSignals:
    """Shift each point's course and its gaps by a time of its own."""
    frames, points = signals.valid.shape
    rng = np.random.default_rng(seed)
    shortest = min(frames // 3, round(SHORTEST_SHIFT_S / float(np.median(np.diff(signals.time_s)))))
    shift = rng.integers(shortest, frames - shortest, points)
    index = (np.arange(frames)[:, None] + shift[None]) % frames
    return replace(
        signals,
        displacement_px=np.take_along_axis(signals.displacement_px, index[..., None], axis=0),
        valid=np.take_along_axis(signals.valid, index, axis=0),
        covered=np.take_along_axis(signals.covered, index, axis=0),
    )


def real_rows(case: Case, seeds: range, store: Store) -> list[Row]:
    """Rows of one real clip at rest: itself, and a surrogate for each seed. Rows that are kept are read."""
    recipe = f"{case.name} {case.clip.stat().st_size}"
    names = {None: f"real-{case.name}", **{seed: f"surrogate-{case.name}-s{seed}" for seed in seeds}}
    kept = {seed: store.read(name, recipe) for seed, name in names.items()}
    if any(row is None for row in kept.values()):
        found = _measured_or_problem(case)
        for seed in (seed for seed, row in kept.items() if row is None):
            row = _row(case, found, seed)
            store.write(names[seed], recipe, row)
            kept[seed] = row
    return [row for row in kept.values() if row is not None]


def _measured_or_problem(case: Case) -> Measured | str:
    try:
        return measured(case.clip)
    except TwitchscopeError as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _row(case: Case, found: Measured | str, seed: int | None) -> Row:
    kind = "real rest" if seed is None else "surrogates of real rests"
    base: Row = {"condition": case.name, "group": kind, "seed": seed or 0}
    if isinstance(found, str):
        return {**base, "problem": found}
    tried = found if seed is None else replace(found, signals=surrogate(found.signals, seed))
    document = interpret(tried, Settings(), Request()).document
    return {
        **base, "counts": [0, len(document.events), 0], "minutes": case.truth["duration_s"] / 60,
        "label": document.pattern.label, "truth": "no-twitch", "rejected": [], "errors": [],
    }  # fmt: skip
