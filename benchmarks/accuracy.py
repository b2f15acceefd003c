"""Accuracy on clips with known truth.

    python benchmarks/accuracy.py [CASES] [--out DIR] [--only NAME…] [--workers N] [--date DAY]

CASES holds NAME.mp4 and NAME.truth.json (`twitchscope simulate` writes such pairs, too); without it, the team's shared
cases beside the checkout. Every clip is analysed with the default settings in a process of its own, so that a clip
that fails, even by a crash, is one without a result and the others go on. The score is that of the shared rule
(`bench/score.py`), imported from where it lies; there is no copy of it here.

Prints the tables and writes them to DIR/accuracy.md and DIR/accuracy.json; result folders go to DIR/work. A part of
the clips (`--only`) is printed but not written: the file stands for all of them.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from benchmarks.tables import ROOT, code_sha256, code_version, machine, markdown_table

SHARED = ROOT.parent / "shared"
LONGEST_ANALYSIS_S = 1800.0  # a clip that takes longer is stuck; ours, 40 times the length of the shared ones
TRUTH_SUFFIX = ".truth.json"
COMMON_COLUMNS = ("case", "truth", "label", "call")
KINDS = {"no-twitch": "At rest", "sustained-facial": "Sustained"}
OTHER_KIND = "Single twitches and bursts"


class Rule(Protocol):
    """The functions of bench/score.py that are used here."""

    def score_case(self, truth: dict[str, Any], result: dict[str, Any] | None) -> dict[str, Any]:
        """Compare one result with its truth."""

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
    """What became of one clip. `problem` says why there is no result."""

    result: dict[str, Any] | None
    problem: str | None
    seconds: float


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


def analyse_apart(clip: Path, folder: Path) -> None:
    """Analyse in a child process: one clip's crash or memory is no other clip's."""
    command = [sys.executable, str(Path(__file__).resolve()), "--analyse-one", str(clip), str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=LONGEST_ANALYSIS_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"stopped after {error.timeout:.0f} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise RuntimeError(said[-1] if said and done.returncode > 0 else f"crashed with code {done.returncode}")


def analyse_here(clip: Path, folder: Path) -> None:
    """Analyse with the default settings and write the result folder: what the child process does."""
    from vision import analyse, write_result

    write_result(analyse(clip), folder)


def run_case(case: Case, work: Path, analyse: Analyse) -> Outcome:
    """Analyse one clip; an older result of the same name never stands in for a new one."""
    folder = work / case.name
    shutil.rmtree(folder, ignore_errors=True)
    start_s = time.perf_counter()
    try:
        analyse(case.clip, folder)
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError) as error:
        return Outcome(None, " ".join(str(error).split()), time.perf_counter() - start_s)
    return Outcome(result, None, time.perf_counter() - start_s)


def score(case: Case, outcome: Outcome, rule: Rule) -> dict[str, Any]:
    """Score one clip by the rule; seconds and, where there is no result, the problem go along."""
    row = rule.score_case(case.truth, outcome.result)
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
        extra = dict.fromkeys(key for row in members for key in row if key not in (*COMMON_COLUMNS, "seconds"))
        columns = [*COMMON_COLUMNS, *sorted(extra, key=lambda column: column == "problem"), "seconds"]
        table = markdown_table(columns, [[row.get(column) for column in columns] for row in members])
        parts.append(f"## {kind}\n\n{table}")
    return "\n\n".join(parts)


def page(made: dict[str, str], summary: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """Write accuracy.md."""
    made_table = markdown_table(["made with", ""], list(made.items()))
    sums = markdown_table(["summary", ""], list(summary.items()))
    return f"# Accuracy on clips with known truth\n\n{made_table}\n\n{sums}\n\n{tables(rows)}\n"


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
        return _analyse_one(*options.analyse_one)
    try:
        rule, cases = load_rule(options.rule), find_cases(options.cases, options.only)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    made = provenance(options.date or datetime.date.today().isoformat())
    rows = run(cases, options.out / "work", rule, analyse_apart, options.workers, _tell)
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


def _analyse_one(clip: Path, folder: Path) -> int:
    try:
        analyse_here(clip, folder)
    except Exception as error:  # whatever it is, it is this clip's result
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
