"""Films that nobody has seen: every named scenario from seeds of your choice, rendered, analysed, scored.

    python benchmarks/fresh.py SEED… [--only SCENARIO…] [--duration S] [--out DIR]

The shared cases and the sweeps are looked at again and again while the detector is worked on; a seed that was never
used before shows what that looking cannot. Each film is made as `twitchscope simulate` makes it and deleted after its
analysis. Prints what `accuracy.py` prints, and writes it to DIR (default: benchmarks/results/work/fresh, which is not
committed: the next seeds will be others).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import accuracy
from benchmarks.tables import ROOT
from vision.simulate.clip import simulate
from vision.simulate.named import SCENARIOS, scenario_named


def render(folder: Path, names: Sequence[str], seeds: Sequence[int], duration_s: float) -> None:
    """Write a film and its truth for every scenario and seed, seed by seed."""
    for seed in seeds:
        for name in names:
            simulate(scenario_named(name, seed=seed, duration_s=duration_s), folder / f"{name}-s{seed}.mp4")
            print(f"rendered {name}, seed {seed}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Render, then hand over to `accuracy`; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="+", type=int, metavar="SEED")
    parser.add_argument("--only", nargs="+", default=list(SCENARIOS), choices=SCENARIOS, metavar="SCENARIO")
    parser.add_argument("--duration", type=float, default=30.0, metavar="S", help="of each film (default 30)")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "work" / "fresh", metavar="DIR")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fresh-") as folder:
        render(Path(folder), options.only, options.seeds, options.duration)
        return accuracy.main([folder, "--out", str(options.out)])


if __name__ == "__main__":
    sys.exit(main())
