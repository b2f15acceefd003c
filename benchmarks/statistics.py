"""The statistics against processes with known truth: no video, thousands of runs.

    python benchmarks/statistics.py [--parts NAME…] [--workers N] [--share S] [--out DIR] [--docs DIR] [--date DAY]

Parts: rates, chance, rhythm, places, frequency, patterns. Seeds are fixed: the same code gives the same tables. Prints
them and writes DIR/statistics.md; `patterns` also draws DOCS/reliability.svg. Part of the runs (`--share` below 1) or
some of the parts are printed but not written: the file stands for all of them. What was found is kept in DIR/work for
the code that found it, so that parts may run one by one, and a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).resolve().parent
# Run as a script, this folder comes first and this file would stand for the standard library's `statistics`.
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE)]

from benchmarks.statistics_chance import chance_tables  # noqa: E402
from benchmarks.statistics_frequency import frequency_tables  # noqa: E402
from benchmarks.statistics_patterns import pattern_tables  # noqa: E402
from benchmarks.statistics_places import place_tables  # noqa: E402
from benchmarks.statistics_rates import rate_tables  # noqa: E402
from benchmarks.statistics_rhythm import rhythm_tables  # noqa: E402
from benchmarks.statistics_runs import Runner, Table  # noqa: E402
from benchmarks.tables import code_sha256, code_version, machine, markdown_table  # noqa: E402

PARTS: dict[str, Callable[[Runner], list[Table]]] = {
    "rates": rate_tables,
    "chance": chance_tables,
    "rhythm": rhythm_tables,
    "places": place_tables,
    "frequency": frequency_tables,
    "patterns": pattern_tables,
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    with ProcessPoolExecutor(options.workers) as pool:
        docs = options.docs if options.share == 1 else None
        runner = Runner(pool, options.share, docs, options.out / "work", code_sha256())
        sections = [_part(name, runner) for name in options.parts or PARTS]
    if options.share == 1 and not options.parts:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "statistics.md").write_text("\n\n".join([_head(options.date), *sections]) + "\n")
    return 0


def _part(name: str, runner: Runner) -> str:
    start_s = perf_counter()
    section = "\n\n".join(table.markdown() for table in PARTS[name](runner))
    print(f"{section}\n\n({name}: {perf_counter() - start_s:.0f} s)\n", flush=True)
    return section


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The statistics against processes with known truth.")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), help="only these, printed and not written")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--share", type=float, default=1.0, help="of the runs, such as 0.05 to try")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of statistics.md")
    parser.add_argument("--docs", type=Path, default=HERE.parent / "docs", help="folder of reliability.svg")
    parser.add_argument("--date", default=datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat())
    return parser.parse_args(arguments)


def _head(date: str) -> str:
    rows = [["vision", code_version()], ["machine", machine()], ["date", date]]
    return "\n\n".join(
        [
            "# The statistics on simulated events",
            markdown_table(["made with", ""], rows),
            "Made by `python benchmarks/statistics.py`, seeds fixed. Limits beside a share are the 99 % limits of a "
            "binomial count with the share that should be: about fifty are looked at, so that 95 % limits would be "
            "crossed by chance.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
