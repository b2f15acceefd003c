"""Accuracy on clips with known truth.

    python benchmarks/accuracy.py [CASES] [--out DIR] [--only NAME…] [--workers N] [--date DAY]

CASES holds NAME.mp4 and NAME.truth.json (`twitchscope simulate` writes such pairs, too); without it, the team's shared
cases beside the checkout. Every clip is analysed with the default settings in a process of its own, so that a clip
that fails, even by a crash, is one without a result and the others go on. The score is that of the shared rule
(`bench/score.py`), imported from where it lies; there is no copy of it here.

Beside ours stands the informed detector, which is told site, direction and waveform (`benchmarks/informed.py`): the
practical bound for any detector on the same displacement signals.

Prints the tables and writes them to DIR/accuracy.md and DIR/accuracy.json; result folders go to DIR/work. A part of
the clips (`--only`) is printed but not written: the file stands for all of them.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.cases import (
    BOUNDS_FILE,
    LONGEST_ANALYSIS_S,
    SHARED,
    Analyse,
    Case,
    Outcome,
    Rule,
    find_cases,
    load_rule,
    run_case,
    truth_of_clip,
)
from benchmarks.tables import ROOT, code_sha256, code_version, machine, markdown_table

COMMON_COLUMNS = ("case", "truth", "label", "call")
KINDS = {"no-twitch": "At rest", "sustained-facial": "Sustained"}
OTHER_KIND = "Single twitches and bursts"
COUNTS = ("tp", "fp", "fn")
BOUNDS = ("informed", "searching")  # detectors that are told the truth; the second is not told where
BOUND_COUNTS = {bound: tuple(f"{bound}_{count}" for count in COUNTS) for bound in BOUNDS}
ABOUT_BOUNDS = (
    "The informed detector is told where, which way and how each twitch goes; the searching one is not told where, and "
    "is asked only where every twitch has a place of its own. Both take the threshold that is best with hindsight. "
    "`behind` is from the informed one; what the searching one lies behind it is the loss from searching all places."
)


def analyse_apart(clip: Path, folder: Path, rule: Path) -> None:
    """Analyse in a child process: one clip's crash or memory is no other clip's."""
    here = str(Path(__file__).resolve())
    command = [sys.executable, here, "--analyse-one", str(clip), str(folder), "--rule", str(rule)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=LONGEST_ANALYSIS_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"stopped after {error.timeout:.0f} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise RuntimeError(said[-1] if said and done.returncode > 0 else f"crashed with code {done.returncode}")


def analyse_here(clip: Path, folder: Path, rule: Path) -> None:
    """Analyse with the default settings and write the result folder: what the child process does.

    The detectors that are told the truth work on the same signals, so they run here, too, where it is beside the clip.
    """
    from benchmarks.searching import bounds_of
    from vision import analyse, write_result

    result, truth = analyse(clip), truth_of_clip(clip)
    write_result(result, folder)
    if truth:
        bounds = {
            name: {"tp": found.tp, "fp": found.fp, "fn": found.fn, "f1": found.f1}
            for name, found in bounds_of(result.signals, truth, load_rule(rule).match).items()
        }
        (folder / BOUNDS_FILE).write_text(json.dumps(bounds), encoding="utf-8")


def score(case: Case, outcome: Outcome, rule: Rule) -> dict[str, Any]:
    """Score one clip by the rule; seconds and, where there is no result, the problem go along."""
    row = rule.score_case(case.truth, outcome.result)
    for bound, figures in (outcome.bounds or {}).items():
        row |= {f"{bound}_{key}": value for key, value in figures.items()}
    row["seconds"] = round(outcome.seconds, 1)
    if outcome.problem is not None:
        row["problem"] = outcome.problem
    return row


def run(
    cases: Sequence[Case], work: Path, rule: Rule, analyse: Analyse, workers: int, tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Analyse and score all clips, in their order."""
    work.mkdir(parents=True, exist_ok=True)

    def one(case: Case) -> dict[str, Any]:
        row = score(case, run_case(case, work, analyse), rule)
        tell(f"{case.name}: {row['label']}, {row['call']} ({row['seconds']} s) {row.get('problem', '')}".rstrip())
        return row

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, cases))


def provenance(date: str) -> dict[str, str]:
    """Say what was measured, with which settings, where and when."""
    from importlib.metadata import version

    from vision.settings import Settings, settings_sha256

    return {
        "version": version("twitchscope"),
        "vision": code_version("vision"),
        "vision_sha256": code_sha256("vision"),
        "settings_sha256": settings_sha256(Settings()),
        "machine": machine(),
        "date": date,
    }


def tables(rows: Sequence[dict[str, Any]]) -> str:
    """One table for each kind of clip, since each is scored by other figures."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        kinds.setdefault(KINDS.get(row["truth"], OTHER_KIND), []).append(row)
    parts = []
    for kind, members in kinds.items():
        hidden = (*COMMON_COLUMNS, *(count for counts in BOUND_COUNTS.values() for count in counts), "seconds")
        extra = dict.fromkeys(key for row in members for key in row if key not in hidden)
        columns = [*COMMON_COLUMNS, *sorted(extra, key=lambda column: column == "problem"), "seconds"]
        table = markdown_table(columns, [[row.get(column) for column in columns] for row in members])
        parts.append(f"## {kind}\n\n{table}")
    return "\n\n".join(parts)


def condition_of(name: str) -> str:
    """Name what a clip stands for, whoever is on it: ``faceA_focal_2.0`` is ``face_focal_2.0``, ``x-s12`` is ``x``."""
    return re.sub(r"-s\d+$", "", re.sub(r"^([a-z]+)[A-Z]_", r"\1_", name))


def pooled_table(rows: Sequence[dict[str, Any]]) -> str:
    """Ours beside the detectors that are told more, counts summed over each condition and over all; "" without any."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if all(key in row for key in (*COUNTS, *BOUND_COUNTS["informed"])):
            groups.setdefault(condition_of(row["case"]), []).append(row)
    if not groups:
        return ""
    if len(groups) > 1:
        groups["all"] = [row for members in groups.values() for row in members]
    lines = []
    for name, members in groups.items():
        ours, informed, searching = (_f1(members, keys) for keys in (COUNTS, *BOUND_COUNTS.values()))
        twitches = sum(row["n_true"] for row in members)
        behind = None if informed is None or ours is None else round(informed - ours, 3)
        lines.append([name, len(members), twitches, ours, informed, searching, behind])
    table = markdown_table(["condition", "clips", "twitches", "f1", "informed_f1", "searching_f1", "behind"], lines)
    return f"## Beside detectors that are told the truth\n\n{table}\n\n{ABOUT_BOUNDS}"


def _f1(rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> float | None:
    """F1 of the summed counts; None where a clip has none."""
    if not all(key in row for row in rows for key in keys):
        return None
    tp, fp, fn = (sum(row[key] for row in rows) for key in keys)
    return round(2 * tp / max(1, 2 * tp + fp + fn), 3)


def page(made: dict[str, str], summary: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """Write accuracy.md."""
    made_table = markdown_table(["made with", ""], list(made.items()))
    sums = markdown_table(["summary", ""], list(summary.items()))
    text = "\n\n".join(part for part in (pooled_table(rows), tables(rows)) if part)
    return f"# Accuracy on clips with known truth\n\n{made_table}\n\n{sums}\n\n{text}\n"


def parse(arguments: Sequence[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="?", type=Path, default=SHARED / "cases", help="default: ../shared/cases")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help="default: benchmarks/results")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these cases alone; prints, writes not")
    parser.add_argument("--workers", type=int, default=1, help="clips at a time (default 1)")
    parser.add_argument("--rule", type=Path, default=SHARED / "bench" / "score.py", help="the scoring rule's file")
    parser.add_argument("--date", default=None, metavar="DAY", help="as written into the tables; default: today")
    parser.add_argument("--analyse-one", nargs=2, type=Path, metavar=("CLIP", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.workers < 1:
        parser.error("--workers is 1 or more")
    return parser, options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 where every clip had a result, 1 where some had none, 2 for wrong usage."""
    parser, options = parse(arguments)
    if options.analyse_one:
        return _analyse_one(*options.analyse_one, options.rule)
    try:
        rule, cases = load_rule(options.rule), find_cases(options.cases, options.only)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    made = provenance(options.date or datetime.date.today().isoformat())

    def analyse(clip: Path, folder: Path) -> None:
        analyse_apart(clip, folder, options.rule)

    rows = run(cases, options.out / "work", rule, analyse, options.workers, _tell)
    if code_sha256("vision") != made["vision_sha256"]:
        made["caution"] = "the code changed while the clips were analysed"
    summary = rule.summarise(rows)
    text = page(made, summary, rows)
    print(text, end="")
    if options.only:
        _tell("a part of the clips: printed, not written")
    else:
        (options.out / "accuracy.md").write_text(text, encoding="utf-8")
        document = {"made": made, "summary": summary, "rows": rows}
        (options.out / "accuracy.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if any("problem" in row for row in rows) else 0


def _analyse_one(clip: Path, folder: Path, rule: Path) -> int:
    try:
        analyse_here(clip, folder, rule)
    except Exception as error:  # whatever it is, it is this clip's result
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
