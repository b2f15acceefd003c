"""Simulated sweeps: accuracy by amplitude, artefact, frame rate, resolution, codec and skin; rest; the stated limit.

    python benchmarks/sweeps.py [--groups NAME…] [--only NAME…] [--seeds N] [--budget-s S] [--share K/N] [--curve]

Clips are rendered, analysed and deleted one at a time. Every row is kept in benchmarks/results/work/sweeps under what
made it (scenario, seed, code), so a long sweep is made in pieces: `--budget-s 280` stops before the time is up, the
next run goes on, `--share 1/2` and `2/2` run side by side. When the code changes, its rows are made anew.

Prints the tables and writes those of each whole group to benchmarks/results/sweeps-GROUP.md, with the code that made
them; a part of a group is printed only, unless `--page` names its page. `--curve` adds sweeps-curve.md, of whatever
twitches and rests were asked for.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.cases import SHARED, Rule, load_rule
from benchmarks.conditions import FACE, SKIN, Condition, conditions, copied, filmed
from benchmarks.limits import limit_row
from benchmarks.surrogates import real_rows, rest_cases
from benchmarks.sweep_page import REAL_GROUPS, curve_page, page
from benchmarks.sweep_rows import Row, Store, analysis_sha256, recipe_of, sweep_row
from benchmarks.tables import ROOT, code_version, machine
from vision.settings import Settings, settings_sha256

FIRST_SEED = 5001  # seeds that nothing was tuned on; in 1001-1005 and 4001-4009 faults were found and repaired
REAL, LIMIT = "real", "limit"
LIMITS = (
    Condition("limit-face", LIMIT, "rest", filmed("rest", FACE)),
    Condition("limit-face-site", LIMIT, "eyelid", filmed("eyelid", {**FACE, "amplitude_px": 2.0})),
    Condition("limit-face-copy", LIMIT, "rest", copied("rest", {**FACE, "shake_px": 1.0})),
    Condition("limit-skin", LIMIT, "skin-rest", filmed("skin-rest", SKIN)),
)
GROUPS = (*dict.fromkeys(condition.group for condition in conditions()), REAL, LIMIT)


@dataclass(frozen=True)
class Task:
    """One row to be made, and how."""

    name: str
    recipe: str
    make: Callable[[], Row]


def tasks(chosen: Sequence[Condition], seeds: range, rule: Rule, options: argparse.Namespace) -> Iterator[Task]:
    """All rows of the chosen conditions; a seed of every condition before the next seed."""
    further = {"duration_s": options.duration} if options.duration else {}
    for seed in seeds:
        for condition in chosen:
            scenario = condition.scenario(seed, **further)
            with_curve = options.curve and condition.is_curve

            def make(condition: Condition = condition, scenario=scenario, with_curve: bool = with_curve) -> Row:
                if condition.group == LIMIT:
                    return limit_row(condition, scenario, rule)
                return sweep_row(condition, scenario, rule, with_curve=with_curve)

            yield Task(f"{condition.name}-s{seed}", f"{condition.group} {with_curve} {recipe_of(scenario)}", make)


def run(wanted: Sequence[Task], store: Store, budget_s: float, tell: Callable[[str], None]) -> tuple[list[Row], int]:
    """Make what is missing while there is time; give the rows there are and the number still missing.

    A row is not begun when the slowest so far would not fit into what is left of the time.
    """
    start_s, slowest_s = time.perf_counter(), 0.0
    rows: list[Row] = []
    missing = 0
    for task in wanted:
        row = store.read(task.name, task.recipe)
        begun_s = time.perf_counter()
        if row is None and begun_s - start_s + slowest_s <= budget_s:
            row = task.make()
            store.write(task.name, task.recipe, row)
            slowest_s = max(slowest_s, time.perf_counter() - begun_s)
            tell(f"{task.name}: {row.get('problem') or row.get('counts') or row.get('region_f1') or 'done'}")
        if row is None:
            missing += 1
        else:
            rows.append(row)
    return rows, missing


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS), help="default: all")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these conditions alone")
    parser.add_argument("--seeds", type=int, default=10, help="clips of each condition (default 10)")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--duration", type=float, default=None, metavar="S", help="other than the conditions' own")
    parser.add_argument("--surrogates", type=int, default=8, help="of each real rest (default 8)")
    parser.add_argument("--budget-s", type=float, default=float("inf"), help="begin no row that would end later")
    parser.add_argument("--share", default="1/1", metavar="K/N", help="make every Nth row only, from the Kth on")
    parser.add_argument("--curve", action="store_true", help="detect with moved bars as well: a receiver curve")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help="default: benchmarks/results")
    parser.add_argument("--page", metavar="NAME", help="write what --only names to sweeps-NAME.md")
    parser.add_argument("--cases", type=Path, default=SHARED / "cases", help="where the real rests are")
    parser.add_argument("--rule", type=Path, default=SHARED / "bench" / "score.py", help="the scoring rule's file")
    parser.add_argument("--date", default=None, metavar="DAY", help="as written into the tables; default: today")
    options = parser.parse_args(arguments)
    known = [condition.name for condition in (*conditions(), *LIMITS)]
    unknown = sorted(set(options.only) - set(known))
    if unknown:
        parser.error(f"no condition {', '.join(unknown)}; known: {', '.join(known)}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sweep; 0 when nothing is missing, 3 when a further run is needed."""
    options = parse(arguments)
    chosen = [
        condition
        for condition in (*conditions(), *LIMITS)
        if condition.group in options.groups and (not options.only or condition.name in options.only)
    ]
    rule, code = load_rule(options.rule), analysis_sha256()
    store = Store(options.out / "work" / "sweeps", code)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    part, parts = (int(number) for number in options.share.split("/"))
    wanted = list(tasks(chosen, seeds, rule, options))[part - 1 :: parts]
    rows, missing = run(wanted, store, options.budget_s, _tell)
    if REAL in options.groups and not options.only and not missing and part == 1:
        for case in rest_cases(options.cases):
            rows += real_rows(case, range(options.surrogates), store)
    made = provenance(options.date, code)
    print(page(made, rows, missing), end="")
    if not missing and parts == 1:
        write_curve(made, rows, options.out)
    if options.page and not missing and parts == 1:
        (options.out / f"sweeps-{options.page}.md").write_text(page(made, rows, missing=0), encoding="utf-8")
    elif missing or options.only or parts > 1:
        _tell("a part of the conditions: printed, not written")
    else:
        write_groups(made, rows, options.groups, options.out)
    return 3 if missing else 0


def write_groups(made: dict[str, str], rows: Sequence[Row], groups: Sequence[str], folder: Path) -> None:
    """Write a page for each group."""
    for group in groups:
        own = [row for row in rows if group_of(row) == group]
        if own:
            name = f"sweeps-{group.replace(' ', '-')}.md"
            (folder / name).write_text(page(made, own, missing=0), encoding="utf-8")


def write_curve(made: dict[str, str], rows: Sequence[Row], folder: Path) -> None:
    """Write the receiver curve, where twitches and rests have one; part of a group will do."""
    text = curve_page(made, rows)
    if text is not None:
        (folder / "sweeps-curve.md").write_text(text, encoding="utf-8")


def group_of(row: Row) -> str:
    """Name the group that a row was asked for with: real rests make their surrogates, too."""
    return REAL if row["group"] in REAL_GROUPS else str(row["group"])


def provenance(date: str | None, code: str) -> dict[str, str]:
    """Say what was measured, with which settings, where and when."""
    return {
        "version": version("twitchscope"),
        "vision": code_version("vision"),
        "analysis_sha256": code,
        "settings_sha256": settings_sha256(Settings()),
        "machine": machine(),
        "date": date or datetime.date.today().isoformat(),
    }


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
