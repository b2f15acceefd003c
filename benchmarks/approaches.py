"""Ours beside other approaches, on the same clips in the same run.

    python benchmarks/approaches.py [CASES] [--only NAME…] [--mps-python PYTHON] [--budget-s S]

Other approaches need a threshold; each gets the one that gives it the best F1 over all these clips, with hindsight,
and, in a second line, the lowest that keeps it at the aim of 0.2 false events a minute at rest. Ours runs with its
settings as they are. Sustained clips are left out: single events are not counted there. mps-motion needs packages of
its own:

    uv venv /somewhere/mps && uv pip install --python /somewhere/mps/bin/python mps-motion

What each found in each clip is kept in benchmarks/results/work/approaches, so that the run can be made in pieces.
Prints the tables and writes benchmarks/results/approaches.md; with `--only`, prints.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks import rivals
from benchmarks.cases import SHARED, Case, Rule, find_cases, load_rule
from benchmarks.intervals import poisson_upper
from benchmarks.sweep_rows import Row, Store, analysis_sha256
from benchmarks.tables import ROOT, code_version, machine, markdown_table
from vision import analyse
from vision.errors import TwitchscopeError

THRESHOLDS = np.geomspace(3.0, 1000.0, 60)  # robust noise widths
REST_AIM_PER_MIN = 0.2
OURS = "twitchscope"
RIVALS = Path(rivals.__file__)
Find = Callable[[Path], rivals.Conspicuous | None]


@dataclass(frozen=True)
class Approach:
    """A name, what makes it, and the code or version that its kept results depend on."""

    name: str
    make: Callable[[Path], Row]
    key: str


def approaches(mps_python: Path | None) -> list[Approach]:
    """Ours first; mps-motion only where it was given an interpreter."""
    own = hashlib.sha256(b"".join(path.read_bytes() for path in (RIVALS, rivals.MPS_RUNNER))).hexdigest()
    listed = [Approach(OURS, _ours, analysis_sha256())]
    finds: dict[str, Find] = {
        "Farnebäck + MAD": rivals.farneback,
        "landmarks + MAD": rivals.landmarks,
        "motion energy + MAD": rivals.energy,
    }
    if mps_python is not None:
        finds[f"mps-motion {mps_version(mps_python)} + MAD"] = partial(rivals.mps_motion, python=mps_python)
    return listed + [Approach(name, partial(_theirs, find), f"{own} {name}") for name, find in finds.items()]


def mps_version(python: Path) -> str:
    """Version of the package there, or the reason that there is none."""
    ask = "from importlib.metadata import version; print(version('mps-motion'))"
    done = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "(not installed)"


def _ours(clip: Path) -> Row:
    events = analyse(clip).document.events
    return {"events": [{"peak_s": e.peak_s, "x_px": e.x_px, "y_px": e.y_px} for e in events]}


def _theirs(find: Find, clip: Path) -> Row:
    found = find(clip)
    if found is None:
        return {"nothing": True}
    columns = {"time_s": found.time_s, "height": found.height, "place_px": found.place_px}
    return {key: np.round(np.asarray(values, float), 4).tolist() for key, values in columns.items()}


def events_of(row: Row, threshold: float | None) -> list[Row]:
    """Events of one clip at a threshold; none where the approach had nothing to go by."""
    if "events" in row:
        return list(row["events"])
    if "height" not in row or threshold is None:
        return []
    found = rivals.Conspicuous(*(np.array(row[key]) for key in ("time_s", "height", "place_px")))
    return rivals.events_above(found, threshold)


def counts_of(rows: Sequence[tuple[Case, Row]], threshold: float | None, rule: Rule) -> dict[str, tuple[int, int, int]]:
    """Hits, false events, misses of every clip."""
    counts = {}
    for case, row in rows:
        events = events_of(row, threshold)
        hits = len(rule.match(events, case.truth))
        counts[case.name] = (hits, len(events) - hits, len(case.truth["twitches"]) - hits)
    return counts


def f1_over(counts: dict[str, tuple[int, int, int]], cases: Sequence[Case]) -> float:
    """Pooled F1 of the clips that hold twitches."""
    tp, fp, fn = (sum(column) for column in zip(*(counts[c.name] for c in cases if c.truth["twitches"]), strict=True))
    return 2 * tp / max(1, 2 * tp + fp + fn)


def false_at_rest(counts: dict[str, tuple[int, int, int]], cases: Sequence[Case]) -> tuple[int, float]:
    """False events and minutes of the clips that hold none."""
    rest = [case for case in cases if not case.truth["twitches"]]
    return sum(counts[case.name][1] for case in rest), sum(case.truth["duration_s"] for case in rest) / 60


def best_thresholds(rows: Sequence[tuple[Case, Row]], rule: Rule) -> dict[str, float]:
    """With hindsight: the threshold of the best F1, and the lowest that keeps rest quiet."""
    cases = [case for case, _ in rows]
    tried = [(threshold, counts_of(rows, threshold, rule)) for threshold in THRESHOLDS.tolist()]
    best = max(tried, key=lambda pair: f1_over(pair[1], cases))[0]
    quiet = [t for t, counts in tried if _per_min(counts, cases) <= REST_AIM_PER_MIN]
    return {"best F1 here": best, f"<= {REST_AIM_PER_MIN:g} a minute at rest": min(quiet, default=THRESHOLDS[-1])}


def _per_min(counts: dict[str, tuple[int, int, int]], cases: Sequence[Case]) -> float:
    events, minutes = false_at_rest(counts, cases)
    return events / minutes if minutes else 0.0


def lines_of(name: str, rows: Sequence[tuple[Case, Row]], rule: Rule) -> list[list[object]]:
    """One line for ours, two for an approach with a threshold."""
    cases = [case for case, _ in rows]
    problems = {row["problem"] for _, row in rows if "problem" in row}
    is_ours = any("events" in row for _, row in rows)
    ways = {"as it is": None} if is_ours else best_thresholds(rows, rule)
    lines: list[list[object]] = []
    for way, threshold in ways.items():
        counts = counts_of(rows, threshold, rule)
        events, minutes = false_at_rest(counts, cases)
        rest = [round(events / minutes, 2), round(poisson_upper(events, minutes), 2)] if minutes else [None, None]
        each = [
            round(2 * tp / max(1, 2 * tp + fp + fn), 2)
            for tp, fp, fn in (counts[c.name] for c in cases if c.truth["twitches"])
        ]
        height = None if threshold is None else round(threshold, 1)
        lines.append(
            [name, way, height, round(f1_over(counts, cases), 3), *rest, *each, "; ".join(sorted(problems)) or None]
        )
    return lines


def run(
    chosen: Sequence[Approach], cases: Sequence[Case], store: Store, budget_s: float, tell: Callable[[str], None]
) -> tuple[dict[str, list[tuple[Case, Row]]], int]:
    """Everything that each approach found, and how much is missing for want of time."""
    start_s, missing = time.perf_counter(), 0
    found: dict[str, list[tuple[Case, Row]]] = {approach.name: [] for approach in chosen}
    for case in cases:
        for number, approach in enumerate(chosen):
            name, recipe = f"{number}-{case.name}", f"{approach.key} {case.name} {case.clip.stat().st_size}"
            row = store.read(name, recipe)
            if row is None and time.perf_counter() - start_s < budget_s:
                row = _attempt(approach, case)
                store.write(name, recipe, row)
                tell(f"{approach.name} {case.name}: {row.get('problem', 'done')}")
            if row is None:
                missing += 1
            else:
                found[approach.name].append((case, row))
    return found, missing


def _attempt(approach: Approach, case: Case) -> Row:
    try:
        return approach.make(case.clip)
    except (TwitchscopeError, RuntimeError) as error:
        return {"problem": " ".join(str(error).split())}


def page(made: dict[str, str], found: dict[str, list[tuple[Case, Row]]], rule: Rule, missing: int) -> str:
    """Write approaches.md."""
    whole = {name: rows for name, rows in found.items() if rows}
    cases = [case for case, _ in next(iter(whole.values()))]
    named = [case.name for case in cases if case.truth["twitches"]]
    headings = ["approach", "threshold", "widths", "F1", "false / min at rest", "95 % upper bound", *named, "problem"]
    lines = [line for name, rows in whole.items() if len(rows) == len(cases) for line in lines_of(name, rows, rule)]
    note = f"\n\n**{missing} results are still missing: run it again to go on.**" if missing else ""
    method = (rivals.__doc__ or "").strip()
    return (
        f"# Beside other approaches\n\n{markdown_table(['made with', ''], list(made.items()))}{note}\n\n"
        f"{markdown_table(headings, lines)}\n\n```text\n{method}\n```\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; 0 when nothing is missing, 3 when a further run is needed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="?", type=Path, default=SHARED / "cases", help="default: ../shared/cases")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these cases alone; prints, writes not")
    parser.add_argument("--mps-python", type=Path, default=None, help="interpreter of an environment with mps-motion")
    parser.add_argument("--budget-s", type=float, default=float("inf"), help="begin nothing after so many seconds")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help="default: benchmarks/results")
    parser.add_argument("--rule", type=Path, default=SHARED / "bench" / "score.py", help="the scoring rule's file")
    parser.add_argument("--date", default=None, metavar="DAY", help="as written into the tables; default: today")
    options = parser.parse_args(arguments)
    rule = load_rule(options.rule)
    cases = [case for case in find_cases(options.cases, options.only) if case.truth["label"] != "sustained-facial"]
    chosen, store = approaches(options.mps_python), Store(options.out / "work" / "approaches", "")
    found, missing = run(chosen, cases, store, options.budget_s, _tell)
    made = {"version": version("twitchscope"), "vision": code_version("vision"), "machine": machine(),
            "opencv": version("opencv-python"), "mediapipe": version("mediapipe"),
            "date": options.date or datetime.date.today().isoformat()}  # fmt: skip
    text = page(made, found, rule, missing)
    print(text, end="")
    if not options.only and not missing:
        (options.out / "approaches.md").write_text(text, encoding="utf-8")
    return 3 if missing else 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
