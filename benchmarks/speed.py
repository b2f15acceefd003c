"""Speed and memory of `analyze`, as multiples of decoding the same file.

    python benchmarks/speed.py [CLIP…] [--runs N] [--seconds S] [--out DIR] [--date DAY]

Ratios carry over from machine to machine, seconds do not. So each run decodes the clip to luma alone (the analysis's
own decoder threads, every byte touched) and then analyses it (`cli.py analyze --no-report`, the whole command with its
start-up), one after the other; medians over the runs, their range beside them. Decoding is timed without the start
of Python, which makes the ratio the stricter one. Without CLIP, two films of 1080 x 1920 are rendered first: a face
and skin. Needs Linux or macOS (`os.wait4` gives the peak memory of a child).

Prints the tables and writes them to DIR/speed.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.tables import ROOT, code_version, machine, markdown_table, median

PARTS = ROOT / "benchmarks" / "speed_parts.py"
RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of macOS and of Linux
KINDS = ("face", "skin")


@dataclass(frozen=True)
class Cost:
    """What one child process took. `peak_mb` is the largest resident memory of it or of any child of its own."""

    wall_s: float
    core_s: float
    peak_mb: float
    output: str


@dataclass(frozen=True)
class Pair:
    """One run: decoding alone and analysing, one after the other."""

    decoding: Cost
    analysing: Cost
    facts: dict[str, Any]


def measured(command: Sequence[str]) -> Cost:
    """Run a command to its end and say what it took.

    Raises
    ------
    RuntimeError
        It failed; with the last line that it wrote to standard error.
    """
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        start_s = perf_counter()
        child = subprocess.Popen(command, stdout=said, stderr=complained)
        _, status, used = os.wait4(child.pid, 0)
        wall_s = perf_counter() - start_s
        child.returncode = os.waitstatus_to_exitcode(status)
        for stream in (said, complained):
            stream.seek(0)
        if child.returncode:
            lines = complained.read().strip().splitlines() or [f"exit code {child.returncode}"]
            raise RuntimeError(f"{Path(command[1]).name} failed: {lines[-1]}")
        peak_mb = used.ru_maxrss * RSS_UNIT_BYTES / 1e6
        return Cost(wall_s, used.ru_utime + used.ru_stime, peak_mb, said.read())


def part(*arguments: str) -> tuple[Cost, dict[str, Any]]:
    """Have a part done in a child process; its last line is JSON."""
    cost = measured([sys.executable, str(PARTS), *arguments])
    return cost, json.loads(cost.output.strip().splitlines()[-1])


def one_run(clip: Path, folder: Path) -> Pair:
    """Decode, then analyse, so that whatever else the machine does hits both alike."""
    whole, facts = part("decode", str(clip))
    decoding = Cost(facts["wall_s"], facts["core_s"], whole.peak_mb, "")
    command = [sys.executable, str(ROOT / "cli.py"), "analyze", str(clip), "--out", str(folder), "--no-report"]
    analysing = measured(command)
    if not (folder / "result.json").is_file():
        raise RuntimeError("analyze wrote no result.json")
    return Pair(decoding, analysing, facts)


def cost_table(pairs: Sequence[Pair]) -> str:
    """Medians of both, their range, and how many times the one is the other."""
    headings = ["", "decoding to luma", "analyze", "ratio"]
    rows = []
    for name, unit in (("wall_s", "wall, s"), ("core_s", "cores, s"), ("peak_mb", "peak memory, MB")):
        alone = [getattr(pair.decoding, name) for pair in pairs]
        whole = [getattr(pair.analysing, name) for pair in pairs]
        ratio = median(whole) / median(alone)
        rows.append([unit, spread(alone), spread(whole), f"{ratio:.1f}"])
    return markdown_table(headings, rows)


def spread(values: Sequence[float]) -> str:
    """Median, with the range where there is one."""
    middle = f"{median(values):.4g}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.4g} to {max(values):.4g})"


def stage_table(found: dict[str, Any]) -> str:
    """Milliseconds a frame by stage, from one further analysis; what is not named is left in `rest`."""
    seconds = dict(found["seconds"])
    seconds["rest"] = found["total_s"] - sum(seconds.values())
    rows = [
        [stage, f"{1000 * took_s / found['frames']:.2f}", f"{100 * took_s / found['total_s']:.0f}"]
        for stage, took_s in [*seconds.items(), ("all", found["total_s"])]
    ]
    return markdown_table(["stage", "ms a frame", "% of wall"], rows)


def section(title: str, clip: Path, runs: int, folder: Path) -> str:
    """Measure one clip and write its part of speed.md."""
    pairs = []
    for number in range(1, runs + 1):
        pairs.append(one_run(clip, folder))
        _tell(f"{title}, run {number} of {runs}: {pairs[-1].decoding.wall_s:.1f} s, {pairs[-1].analysing.wall_s:.1f} s")
    _, found = part("stages", str(clip))
    facts = pairs[0].facts
    size_mb = clip.stat().st_size / 1e6
    about = f"{facts['width_px']} x {facts['height_px']} px, {facts['frames']} frames, {size_mb:.1f} MB, {runs} runs, "
    return f"## {title}\n\n{about}view {found['view']}.\n\n{cost_table(pairs)}\n\n{stage_table(found)}\n"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", help="default: a rendered face and skin")
    parser.add_argument("--runs", type=int, default=3, help="default 3")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the rendered clips (default 30)")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help="default: benchmarks/results")
    parser.add_argument("--date", default=None, metavar="DAY", help="as written into the tables; default: today")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error("--runs is 1 or more")
    missing = [clip.name for clip in options.clips if not clip.is_file()]
    if missing:
        parser.error(f"no such file: {', '.join(missing)}")
    return options


def rendered(seconds: float, folder: Path) -> dict[str, Path]:
    """Render the default clips."""
    clips = {}
    for kind in KINDS:
        _tell(f"rendering {seconds:g} s of {kind}")
        clips[f"simulated {kind}"] = folder / f"{kind}.mp4"
        part("render", kind, str(seconds), str(folder / f"{kind}.mp4"))
    return clips


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 where a part of it failed."""
    options = parse(arguments)
    day = options.date or datetime.date.today().isoformat()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            # A given clip is not named: a file name may name a patient.
            given = {f"clip {number}": clip for number, clip in enumerate(options.clips, 1)}
            clips = given or rendered(options.seconds, Path(scratch))
            parts = [section(title, clip, options.runs, Path(scratch) / title) for title, clip in clips.items()]
        except RuntimeError as error:
            _tell(str(error))
            return 1
    made = markdown_table(
        ["made with", ""], [["vision", code_version("vision")], ["machine", machine()], ["date", day]]
    )
    text = "\n".join([f"# Speed and memory\n\n{made}\n", *parts])
    print(text, end="")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "speed.md").write_text(text, encoding="utf-8")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
