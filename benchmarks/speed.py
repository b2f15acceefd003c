"""Speed and memory of `analyze`, as multiples of decoding the same file, beside the targets.

    python benchmarks/speed.py [CLIP…] [--runs N] [--seconds S] [--out DIR] [--date DAY] [--check]

Ratios carry over from machine to machine, seconds do not. So each run decodes the clip to luma alone (the analysis's
own decoder threads, every byte touched) and then analyses it (`cli.py analyze --no-report`, the whole command with its
start-up), one after the other; medians over the runs, their range beside them. Decoding is timed without the start
of Python, which makes the ratio the stricter one. Without CLIP, films of S seconds are made first as phones film (bit
rate, held by hand): 1080p30 of a face and of skin, a quarter rendered and repeated, 4K30 and 1080p120 of a face, of
which a twelfth is rendered. Then the face is repeated to ten minutes. Needs Linux or macOS (`os.wait4` gives the peak
memory of a child).

Prints the tables and writes them to DIR/speed.md, the ratios to DIR/speed.json. With --check it writes nothing but
compares the ratios with those of DIR/speed.json, and fails where one is larger by more than LARGEST_LOSS. Both runs
should have the machine for themselves.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, time
from typing import Any

from benchmarks.speed_targets import target_table
from benchmarks.tables import ROOT, made_with, markdown_table, median

PARTS = ROOT / "benchmarks" / "speed_parts.py"
RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of macOS and of Linux
# The films, and how often each repeats what is rendered: one of four times the pixels a second takes as long to render.
REPEATS = {"face": 4, "skin": 4, "4K30": 12, "1080p120": 12}
LONG_MINUTES = 10
RIVAL_FRAMES = 20
BESIDE = "beside track"
AFTER_READING = ("stabilise", "find", "features")
LARGEST_LOSS = 0.15  # of a ratio, against the committed one; runs on a quiet machine differ by some 5 %
MEASURES = (("wall_s", "wall, s"), ("core_s", "cores, s"), ("peak_mb", "peak memory, MB"))


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
        child = subprocess.Popen(command, stdout=said, stderr=complained, env=plain_surroundings())
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


def plain_surroundings() -> dict[str, str]:
    """Environment of a user: Python keeps what it has compiled, or each start would compile all libraries anew."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


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
    for name, unit in MEASURES:
        alone = [getattr(pair.decoding, name) for pair in pairs]
        whole = [getattr(pair.analysing, name) for pair in pairs]
        rows.append([unit, spread(alone), spread(whole), f"{ratios(pairs)[name]:.1f}"])
    return markdown_table(headings, rows)


def ratios(pairs: Sequence[Pair]) -> dict[str, float]:
    """How many times the one is the other, by measure."""
    return {
        name: median([getattr(pair.analysing, name) for pair in pairs])
        / median([getattr(pair.decoding, name) for pair in pairs])
        for name, _ in MEASURES
    }


def losses(found: Mapping[str, Mapping[str, float]], kept: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Say which ratios have grown by more than LARGEST_LOSS; a clip that was never measured is one, too."""
    lines = []
    for title, measured_now in found.items():
        if title not in kept:
            lines.append(f"{title}: no ratios are kept; run without --check first")
            continue
        for name, value in measured_now.items():
            before = kept[title][name]
            if value > (1 + LARGEST_LOSS) * before:
                lines.append(f"{title}, {name}: {value:.2f} times decoding, {before:.2f} before")
    return lines


def spread(values: Sequence[float]) -> str:
    """Median, with the range where there is one."""
    middle = f"{median(values):.4g}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.4g} to {max(values):.4g})"


def floors(pairs: Sequence[Pair], found: dict[str, Any], cores: int) -> str:
    """What no better use of the cores goes below: all the core seconds spread over all cores, in times of decoding.

    Also that without what comes once the film is read, and with decoding alone beside it: what the program would have
    to save to reach a given ratio.
    """
    decoding_s = median([pair.decoding.wall_s for pair in pairs])
    all_s, read_s = (median([getattr(pair, one).core_s for pair in pairs]) / cores for one in ("analysing", "decoding"))
    after_s = sum(found["seconds"][stage] for stage in AFTER_READING) / cores
    whole, followed, least = all_s / decoding_s, (all_s - after_s) / decoding_s, read_s / decoding_s
    return (
        f"Floor: {whole:.1f} times decoding, were all core seconds spread over {cores} cores without a pause; "
        f"{followed:.1f} without what comes once the film is read ({', '.join(AFTER_READING)}); decoding alone "
        f"would take {least:.1f}. Stages are timed in one process; `analyze` shares a part of finding with a second."
    )


def stage_table(found: dict[str, Any]) -> str:
    """Milliseconds a frame by stage, from one further analysis; what is not named is left in `rest`.

    The locator looks at a frame while it is tracked: its time is not part of the sum, waiting for it is in `rest`.
    """
    beside = f"locate, {BESIDE}"
    seconds = {beside if stage == "locate" else stage: took_s for stage, took_s in found["seconds"].items()}
    seconds["rest"] = found["total_s"] - sum(took_s for stage, took_s in seconds.items() if stage != beside)
    rows = [
        [stage, f"{1000 * took_s / found['frames']:.2f}", f"{100 * took_s / found['total_s']:.0f}"]
        for stage, took_s in [*seconds.items(), ("all", found["total_s"])]
    ]
    return markdown_table(["stage", "ms a frame", "% of wall"], rows)


def runs_of(title: str, clip: Path, runs: int, folder: Path) -> list[Pair]:
    """Measure one clip several times."""
    pairs = []
    for number in range(1, runs + 1):
        pairs.append(one_run(clip, folder))
        _tell(f"{title}, run {number} of {runs}: {pairs[-1].decoding.wall_s:.1f} s, {pairs[-1].analysing.wall_s:.1f} s")
    return pairs


def section(title: str, clip: Path, pairs: Sequence[Pair]) -> str:
    """Write a clip's part of speed.md, with the stages of one further analysis."""
    _, found = part("stages", str(clip))
    facts = pairs[0].facts
    size = (
        f"{facts['width_px']} x {facts['height_px']} px, {facts['frames']} frames, {clip.stat().st_size / 1e6:.1f} MB"
    )
    about = f"{size}, {len(pairs)} runs, "
    floor = floors(pairs, found, os.cpu_count() or 1)
    return f"## {title}\n\n{about}view {found['view']}.\n\n{cost_table(pairs)}\n\n{stage_table(found)}\n\n{floor}\n"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", help="default: a rendered face and skin")
    parser.add_argument("--runs", type=int, default=5, help="default 5")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the rendered clips (default 60)")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help="default: benchmarks/results")
    parser.add_argument("--date", default=None, metavar="DAY", help="as written into the tables; default: today")
    parser.add_argument("--check", action="store_true", help="compare with the ratios in DIR/speed.json; write nothing")
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
    for kind, times in REPEATS.items():
        _tell(f"rendering {seconds / times:g} s of {kind}")
        part("render", kind, str(seconds / times), str(folder / f"{kind}-part.mp4"))
        part("lengthen", str(folder / f"{kind}-part.mp4"), str(times), str(folder / f"{kind}.mp4"))
        clips[kind] = folder / f"{kind}.mp4"
    return clips


def beside_targets(face: Path, pairs: Mapping[str, Sequence[Pair]], runs: int, folder: Path) -> str:
    """Measure what is no multiple of decoding, and set all of it beside the targets."""
    peaks_mb = {kind: median([pair.analysing.peak_mb for pair in own]) for kind, own in pairs.items()}
    return target_table(
        {kind: ratios(own) for kind, own in pairs.items()}, peaks_mb, moments(face, pairs["face"], runs, folder)
    )


def moments(clip: Path, pairs: Sequence[Pair], runs: int, folder: Path) -> dict[str, float]:
    """Measure on the film of a face what is no multiple of decoding: start, length, other ways."""
    cli = str(ROOT / "cli.py")
    found = {
        "help_s": median([measured([sys.executable, cli, "--help"]).wall_s for _ in range(runs)]),
        "import_s": median([measured([sys.executable, "-c", "import vision"]).wall_s for _ in range(runs)]),
        "python_s": median([measured([sys.executable, "-c", "pass"]).wall_s for _ in range(runs)]),
        "first_frame_s": median([part("first", str(clip), str(time()))[1]["first_frame_s"] for _ in range(runs)]),
    }
    _tell("ten minutes")
    long, times = folder / "long.mp4", round(LONG_MINUTES * 60 / pairs[0].facts["seconds"])
    part("lengthen", str(clip), str(times), str(long))
    whole, paced = part("pace", str(long))
    minute_mb = median([pair.analysing.peak_mb for pair in pairs])
    found |= {
        "long_minutes": paced["minutes"], "last_to_first": paced["last_to_first"],
        "long_to_short": whole.peak_mb / minute_mb,
    }  # fmt: skip
    ours_ms = 1000 * median([pair.analysing.wall_s for pair in pairs]) / pairs[0].facts["frames"]
    rivals = part("rivals", str(clip), str(RIVAL_FRAMES))[1]
    return found | {f"{name}_to_ours": took_ms / ours_ms for name, took_ms in rivals.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 where a part of it failed."""
    options = parse(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            # A given clip is not named: a file name may name a patient.
            given = {f"clip {number}": clip for number, clip in enumerate(options.clips, 1)}
            clips = given or rendered(options.seconds, Path(scratch))
            pairs = {title: runs_of(title, clip, options.runs, Path(scratch) / title) for title, clip in clips.items()}
            if options.check:
                return checked({title: ratios(those) for title, those in pairs.items()}, options.out / "speed.json")
            parts = [section(title, clip, pairs[title]) for title, clip in clips.items()]
            if not options.clips:
                parts.insert(0, beside_targets(clips["face"], pairs, options.runs, Path(scratch)))
        except RuntimeError as error:
            _tell(str(error))
            return 1
    text = "\n".join([f"# Speed and memory\n\n{made_with(date=options.date)}\n", *parts])
    print(text, end="")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "speed.md").write_text(text, encoding="utf-8")
    kept = {title: {name: round(value, 3) for name, value in ratios(those).items()} for title, those in pairs.items()}
    (options.out / "speed.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 0


def checked(found: Mapping[str, Mapping[str, float]], kept: Path) -> int:
    """Compare with the ratios that were kept; 1 where one was lost."""
    if not kept.is_file():
        raise RuntimeError(f"{kept.name} is not there: run without --check first")
    lines = losses(found, json.loads(kept.read_text(encoding="utf-8")))
    _tell("\n".join(lines) if lines else "no ratio has grown")
    return 1 if lines else 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
