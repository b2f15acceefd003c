"""What the fence costs: a whole analysis in a child process against the same in one process of its own.

    python -m benchmarks.fence [--repeats 2] [--out DIR] [CLIP]

Without a clip, one of 60 s in 1080p is made: skin-like texture in which a patch swings at 5 Hz. Each run is a fresh
Python, so both ways pay for the loading of the libraries once. Wall time on a shared machine wavers; CPU time (user and
system, of all processes of a run) does so less. Prints a table of medians and writes it to DIR/fence.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from benchmarks.tables import ROOT, made_with, markdown_table, median
from vision.video.encode import ClipWriter

WIDTH_PX, HEIGHT_PX, RATE_HZ, DURATION_S = 1080, 1920, 30, 60
MOVEMENT_HZ, AMPLITUDE_PX, FOOTPRINT_PX = 5, 3.0, 60.0

RUN = """
import json, resource, sys, time
begun_s = time.monotonic()
from pathlib import Path
from vision.model.request import Request
if sys.argv[1] == "fenced":
    from vision.isolate import analyse_isolated as analyse
else:
    from vision.pipeline import analyse
result = analyse(Path(sys.argv[2]), None, Request(view="skin"))
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps({
    "wall_s": time.monotonic() - begun_s,
    "cpu_s": sum(one.ru_utime + one.ru_stime for one in used),
    "peak_mib": max(one.ru_maxrss for one in used) / 1024,
    "result": result.document.model_dump_json(),
}))
"""


def make_clip(path: Path) -> Path:
    """Write the 60 s; at 30 a second six pictures repeat."""
    rng = np.random.default_rng(1)
    texture = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT_PX, WIDTH_PX)).astype(np.float32), (0, 0), 2.5)
    texture = 120 + 20 * texture / texture.std()
    y, x = np.indices(texture.shape, np.float32)
    patch = np.exp(-((x - WIDTH_PX / 2) ** 2 + (y - HEIGHT_PX / 2) ** 2) / (2 * FOOTPRINT_PX**2))
    pictures = []
    for number in range(RATE_HZ // MOVEMENT_HZ):
        shift_px = AMPLITUDE_PX * np.sin(2 * np.pi * number * MOVEMENT_HZ / RATE_HZ) * patch
        moved = cv2.remap(texture, (x - shift_px).astype(np.float32), y, cv2.INTER_CUBIC)
        grey = np.clip(moved + rng.normal(0, 0.7, moved.shape), 0, 255)
        pictures.append(np.stack([grey * 0.95, grey * 0.75, grey * 0.65], axis=-1).astype(np.uint8))
    with ClipWriter(path, WIDTH_PX, HEIGHT_PX, preset="ultrafast", crf=20) as writer:
        for number in range(RATE_HZ * DURATION_S):
            writer.write(pictures[number % len(pictures)], number / RATE_HZ)
    return path


def measure(how: str, clip: Path) -> dict[str, float | str]:
    """Run one analysis in a fresh Python."""
    command = [sys.executable, "-c", RUN, how, str(clip)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    figures: dict[str, float | str] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def compare(clip: Path, repeats: int) -> str:
    """Alternate the two ways; table of medians, and of the overhead of each pair."""
    runs: dict[str, list[dict[str, float | str]]] = {"direct": [], "fenced": []}
    for _ in range(repeats):
        for how, found in runs.items():
            found.append(measure(how, clip))
    if len({run["result"] for how in runs for run in runs[how]}) > 1:
        sys.exit("the two ways give different results")
    rows = []
    for name in ("wall_s", "cpu_s", "peak_mib"):
        direct, fenced = ([float(run[name]) for run in runs[how]] for how in ("direct", "fenced"))
        pairs = ", ".join(f"{100 * (b / a - 1):+.1f}" for a, b in zip(direct, fenced, strict=True))
        middle = 100 * (median(fenced) / median(direct) - 1)
        rows.append([name, f"{median(direct):.1f}", f"{median(fenced):.1f}", f"{middle:+.1f}", pairs])
    return markdown_table(["median", "direct", "fenced", "overhead, %", "of each pair, %"], rows)


def main() -> None:
    """Read the arguments, compare, and keep the table."""
    parser = argparse.ArgumentParser(description="What the fence costs.")
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help="default: benchmarks/results")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = compare(told.clip or make_clip(Path(folder) / "clip.mp4"), told.repeats)
    text = f"# The fence\n\n{made_with()}\n\nThe overhead must be 10 % of wall time at most.\n\n{table}\n"
    print(text, end="")
    told.out.mkdir(parents=True, exist_ok=True)
    (told.out / "fence.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
