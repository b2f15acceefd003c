"""The statistics against processes with known truth: no video, thousands of runs.

    python benchmarks/statistics.py [--parts NAME…] [--workers N] [--share S] [--out DIR] [--docs DIR] [--date DAY]

Parts: rates, chance, rhythm, places, frequency, patterns. Seeds are fixed: the same code gives the same tables. Prints
them and writes DIR/statistics.md; `patterns` also draws DOCS/reliability.svg. A part of the runs (`--share` below 1)
or of the parts is printed but not written: the file stands for all of them.
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
from benchmarks.tables import code_version, machine, markdown_table  # noqa: E402

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
    whole = options.share == 1 and not options.parts
    sections = []
    with ProcessPoolExecutor(options.workers) as pool:
        runner = Runner(pool, options.share, options.docs if whole else None)
        for name in options.parts or PARTS:
            start_s = perf_counter()
            tables = PARTS[name](runner)
            sections += [table.markdown() for table in tables]
            print("\n\n".join(table.markdown() for table in tables), flush=True)
            print(f"\n({name}: {perf_counter() - start_s:.0f} s)\n", flush=True)
    if whole:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "statistics.md").write_text("\n\n".join([_head(options.date), *sections]) + "\n")
    return 0


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
            "binomial count with the share that should be: about thirty are looked at, so that 95 % limits would be "
            "crossed by chance.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
