"""Clips with known truth: find them, analyse each in a process of its own, load the rule that scores them."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from benchmarks.tables import ROOT

# The rule imports the standard library's `statistics`; our own module of that name must not stand before it.
HERE = Path(__file__).resolve().parent
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]

SHARED = ROOT.parent / "shared"
LONGEST_ANALYSIS_S = 1800.0  # a clip that takes longer is stuck; ours, 40 times the length of the shared ones
TRUTH_SUFFIX = ".truth.json"
BOUNDS_FILE = "bounds.json"  # in a result folder: what detectors that are told the truth made of the same signals


class Rule(Protocol):
    """The functions of bench/score.py that are used here."""

    def score_case(self, truth: dict[str, Any], result: dict[str, Any] | None) -> dict[str, Any]:
        """Compare one result with its truth."""

    def match(self, reported: list[dict[str, Any]], truth: dict[str, Any]) -> list[tuple[int, int]]:
        """Pair reported events with true twitches."""

    def summarise(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Sum the rows up."""


@dataclass(frozen=True)
class Case:
    """One clip and what is in it."""

    clip: Path
    truth: dict[str, Any]

    @property
    def name(self) -> str:
        """Name in the table and of the result folder."""
        return Path(str(self.truth["name"])).name


@dataclass(frozen=True)
class Outcome:
    """What became of one clip. `problem`: why there is no result; `bounds`: of detectors that are told more."""

    result: dict[str, Any] | None
    problem: str | None
    seconds: float
    bounds: dict[str, dict[str, Any]] | None = None


Analyse = Callable[[Path, Path], None]
"""Analyses a clip into a result folder; raises `RuntimeError` with one line where there is no result."""


def load_rule(path: Path) -> Rule:
    """Import the scoring rule from its file.

    Raises
    ------
    FileNotFoundError
        It is not there: the shared folder is needed.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"no scoring rule at {path.name}; expected the team's shared folder beside the checkout; "
            "put it there, or name the rule with --rule"
        )
    spec = importlib.util.spec_from_file_location("shared_score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(Rule, module)


def find_cases(folder: Path, only: Sequence[str] = ()) -> list[Case]:
    """Pair every truth with its clip, in order of name.

    Raises
    ------
    FileNotFoundError
        There is no truth in the folder, or none with a name that was asked for.
    """
    paths = sorted(folder.glob(f"*{TRUTH_SUFFIX}"))
    cases = [Case(clip_of(path), json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    if not cases:
        raise FileNotFoundError(f"no NAME{TRUTH_SUFFIX} in {folder.name}; expected clips with known truth")
    unknown = sorted(set(only) - {case.name for case in cases})
    if unknown:
        raise FileNotFoundError(f"no case {', '.join(unknown)}; known: {', '.join(case.name for case in cases)}")
    return [case for case in cases if not only or case.name in only]


def clip_of(truth_path: Path) -> Path:
    """Find the film of a truth, whatever its container; NAME.mp4 where there is none, to be missed by the analysis."""
    stem = truth_path.name.removesuffix(TRUTH_SUFFIX)
    others = sorted(path for path in truth_path.parent.glob(f"{stem}.*") if path.suffix != ".json")
    return next((path for path in others if path.stem == stem), truth_path.with_name(f"{stem}.mp4"))


def run_case(case: Case, work: Path, analyse: Analyse) -> Outcome:
    """Analyse one clip; an older result of the same name never stands in for a new one."""
    folder = work / case.name
    shutil.rmtree(folder, ignore_errors=True)
    start_s = time.perf_counter()
    try:
        analyse(case.clip, folder)
        result, bounds_file = _read(folder / "result.json"), folder / BOUNDS_FILE
        bounds = _read(bounds_file) if bounds_file.exists() else None
    except (OSError, ValueError, RuntimeError) as error:
        return Outcome(None, " ".join(str(error).split()), time.perf_counter() - start_s)
    return Outcome(result, None, time.perf_counter() - start_s, bounds)


def truth_of_clip(clip: Path) -> dict[str, Any] | None:
    """Read the truth beside a clip; None where there is none."""
    path = clip.with_name(f"{clip.stem}{TRUTH_SUFFIX}")
    return _read(path) if path.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))
