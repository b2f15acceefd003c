"""One row of a sweep: render a clip, analyse it, score it, delete it. Rows are kept, so a sweep can go on later."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Rule
from benchmarks.conditions import Condition
from benchmarks.searching import bounds_of
from benchmarks.tables import ROOT
from vision.errors import TwitchscopeError
from vision.model.result import ResultDocument
from vision.pipeline import Measured, Request, interpret, measure
from vision.settings import Settings
from vision.simulate.clip import simulate
from vision.simulate.scenario import Scenario

ROW_FORMAT = 2
CURVE_FACTORS = (0.6, 0.75, 0.9, 1.0, 1.15, 1.4)  # times all bars of detection
BAR_SUFFIXES = ("_strength", "_evidence")  # of the settings that are bars: noise widths, and shares of them
BLINK_EDGE_S = 0.1  # as long as a twitch takes to rise and begin to fall
NAMED_S = 0.15  # beside an artefact, in which what is set apart still counts as it
UNSEEN_KINDS = frozenset({"keyframe", "drift"})  # drawn anew without a jump, and taken out without a trace
FAINT_PX = 0.5  # of breath or pulse, below which a film does not show it: every simulated film has a trace
SAME_TO_SEE = {"limb-motion": ("camera-motion",)}  # of skin alone, limb and camera look the same
NO_RESULT = frozenset({"report", "library", "__pycache__"})  # folders of vision that change no row
Row = dict[str, Any]


def analysis_sha256() -> str:
    """Name the code that makes and reads clips by its content."""
    digest = hashlib.sha256()
    folder = ROOT / "vision"
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        if not NO_RESULT & set(parts):
            digest.update("/".join(parts).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class Store:
    """Rows in a folder, one file for each, found again by what made them: scenario, seed, code."""

    def __init__(self, folder: Path, code_sha256: str) -> None:
        self._folder, self._code = folder, code_sha256
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, name: str, recipe: str) -> Path:
        """Where the row of a recipe is kept."""
        key = hashlib.sha256(f"{ROW_FORMAT} {self._code} {recipe}".encode()).hexdigest()[:16]
        return self._folder / f"{name}-{key}.json"

    def read(self, name: str, recipe: str) -> Row | None:
        """Return the row if it is there."""
        path = self.path(name, recipe)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def write(self, name: str, recipe: str, row: Row) -> None:
        """Keep a row; a file is there whole or not at all."""
        path = self.path(name, recipe)
        aside = path.with_suffix(".part")
        aside.write_text(json.dumps(row), encoding="utf-8")
        aside.replace(path)


def recipe_of(scenario: Scenario) -> str:
    """Every number of a scenario, as text."""
    return scenario.model_dump_json()


def with_clip(scenario: Scenario, work: Callable[[Path, dict[str, Any]], Row]) -> Row:
    """Render a clip, hand it and its truth over, delete it; a failure becomes a row with its problem."""
    start_s = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="sweep-") as folder:
        clip = Path(folder) / "clip.mp4"
        try:
            truth = simulate(scenario, clip).model_dump(mode="json")
            row = work(clip, truth)
        except TwitchscopeError as error:
            row = {"problem": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    return {**row, "seconds": round(time.perf_counter() - start_s, 1)}


def measured(clip: Path) -> Measured:
    """Read a clip with the default settings."""
    return measure(clip, Settings(), Request(), lambda _share: None)


def sweep_row(condition: Condition, scenario: Scenario, rule: Rule, *, with_curve: bool) -> Row:
    """Score one clip of a condition."""

    def work(clip: Path, truth: dict[str, Any]) -> Row:
        found = measured(clip)
        row = score(interpret(found, Settings(), Request()).document, truth, rule)
        bounds = bounds_of(found.signals, truth, rule.match)
        row |= {name: [bound.tp, bound.fp, bound.fn] for name, bound in bounds.items()}
        if with_curve:
            row["curve"] = [[factor, *_counts(_at(found, factor), truth, rule)] for factor in CURVE_FACTORS]
        return row

    return {"condition": condition.name, "group": condition.group, "seed": scenario.seed, **with_clip(scenario, work)}


def score(document: ResultDocument, truth: dict[str, Any], rule: Rule) -> Row:
    """Compare a result with its truth: the rule's figures, counts, and the errors of each matched event."""
    result = document.model_dump(mode="json")
    row: Row = dict(rule.score_case(truth, result))
    events, limit_px = result["events"], result["quality"]["limit_of_detection_px"]
    counted = truth["label"] != "sustained-facial"
    pairs = rule.match(events, truth) if counted else []
    if counted:
        row["counts"] = [len(pairs), len(events) - len(pairs), len(truth["twitches"]) - len(pairs)]
        row["covered"] = missed_under_blinks(truth, {twitch for _, twitch in pairs})
    row |= {
        "minutes": truth["duration_s"] / 60,
        "limit_px": limit_px,
        "rejected": [movement["kind"] for movement in result["rejected"]],
        "named": named_right(truth, result["rejected"]),
        "errors": [_errors(events[i], truth["twitches"][j], truth, limit_px) for i, j in pairs],
    }
    return row


def named_right(truth: dict[str, Any], rejected: list[Row]) -> dict[str, list[int]]:
    """Of the artefacts put in, by kind: how many are set apart under their own name, within NAMED_S, and how many are.

    Faint breath and pulse are in every film, and keyframes that do not show are no artefact: they are left out.
    """
    counts: dict[str, list[int]] = {}
    for true in truth.get("distractors", []):
        is_faint = truth.get("scenario", {}).get(f"{true['kind']}_px", FAINT_PX) < FAINT_PX
        if is_faint or true["kind"] in UNSEEN_KINDS:
            continue
        hit = any(
            one["kind"] in SAME_TO_SEE.get(true["kind"], (true["kind"],))
            and one["onset_s"] - NAMED_S <= true["offset_s"]
            and one["offset_s"] + NAMED_S >= true["onset_s"]
            for one in rejected
        )
        found = counts.setdefault(true["kind"], [0, 0])
        found[0], found[1] = found[0] + hit, found[1] + 1
    return counts


def missed_under_blinks(truth: dict[str, Any], found: set[int]) -> int:
    """How many of the twitches that were not found peak while the lids close or open, or within BLINK_EDGE_S of it."""
    missed = [twitch["peak_s"] for number, twitch in enumerate(truth["twitches"]) if number not in found]
    blinks = [(blink["onset_s"] - BLINK_EDGE_S, blink["offset_s"] + BLINK_EDGE_S) for blink in truth.get("blinks", [])]
    return sum(any(start_s <= peak_s <= stop_s for start_s, stop_s in blinks) for peak_s in missed)


def _errors(event: Row, twitch: Row, truth: Row, limit_px: float | None) -> Row:
    turn = math.remainder(event["direction_rad"] - twitch["direction_rad"], math.tau)
    return {
        "frames": abs(event["peak_s"] - twitch["peak_s"]) * truth["sample_rate_hz"],
        "sigmas": math.dist((event["x_px"], event["y_px"]), (twitch["x_px"], twitch["y_px"])) / twitch["sigma"],
        "ratio": event["amplitude_px"] / twitch["amplitude"] if twitch["amplitude"] else None,
        "turn_rad": abs(turn),
        "is_high": limit_px is not None and twitch["amplitude"] > 2 * limit_px,
    }


def moved_bars(settings: Settings, factor: float) -> Settings:
    """Settings with all bars of detection multiplied.

    Raises
    ------
    LookupError
        The settings have no bar by that name any more.
    """
    bars = {
        name: factor * float(value)
        for name, value in settings.detection.model_dump().items()
        if name.endswith(BAR_SUFFIXES)
    }
    if not bars:
        raise LookupError(
            f"no setting of detection ends in {' or '.join(BAR_SUFFIXES)}; the receiver curve has nothing to move"
        )
    return settings.model_copy(update={"detection": settings.detection.model_copy(update=bars)})


def _at(found: Measured, factor: float) -> list[Row]:
    document = interpret(found, moved_bars(Settings(), factor), Request()).document
    return list(document.model_dump(mode="json")["events"])


def _counts(events: list[Row], truth: dict[str, Any], rule: Rule) -> tuple[int, int, int]:
    hits = len(rule.match(events, truth))
    return hits, len(events) - hits, len(truth["twitches"]) - hits


def median(values: list[float]) -> float | None:
    """Median, or None of nothing."""
    return float(np.median(values)) if values else None
