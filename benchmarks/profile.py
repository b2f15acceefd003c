"""Where the time of an analysis goes: milliseconds a frame by stage, and by step within tracking.

    python -m benchmarks.profile CLIP... [--docs]

Times are those of the thread that does a stage (`time.thread_time`), locating included: what else runs on the machine
does not count, nor do the threads that decode ahead, MediaPipe's, and those that blocks of work are shared with. --docs
puts the table into docs/method.md, between its two marks. Run it as a module: beside a script, this file would stand in
for the standard library's `profile`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.speed_parts import STAGES, Stopwatch, attach
from benchmarks.tables import ROOT, code_version, machine, markdown_table

DOCS = ROOT / "docs" / "method.md"
BEGIN, END = "<!-- stages: benchmarks/profile.py -->", "<!-- end of stages -->"
# Steps within tracking: where a name is looked up, and what it is called in the table.
STEPS = {
    "cut and reduce": ("vision.motion.grid", "Window.cut"),
    "smooth": ("vision.motion.register", "smoothed"),
    "pyramid": ("vision.motion.register", "pyramid"),
    "coarse levels": ("vision.motion.register", "_approach"),
    "finest level": ("vision.motion.register", "_finest"),
    "affine map": ("vision.motion.register", "fit_affine"),
}


def stages_of(clip: Path) -> tuple[int, dict[str, float]]:
    """Analyse once: frames, and milliseconds a frame of each stage and step."""
    from vision import pipeline

    watch = Stopwatch(time.thread_time)
    for step, (module, name) in STEPS.items():
        watch.seconds[step] = 0.0
        _wrap(import_module(module), name, lambda call, step=step: watch.timed(step, call))
    attach(watch, pipeline)
    start_s = time.thread_time()
    frames = pipeline.analyse(clip).document.clip.frame_count
    watch.seconds["all"] = time.thread_time() - start_s + watch.seconds["locate"]  # which a thread of its own does
    return frames, {stage: 1000 * seconds / frames for stage, seconds in watch.seconds.items()}


def _apart(clip: Path) -> tuple[int, dict[str, float]]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(stages_of, clip).result()


def _wrap(module: Any, name: str, around: Callable[[Any], Any]) -> None:
    *owners, last = name.split(".")
    for owner in owners:
        module = getattr(module, owner)
    setattr(module, last, around(getattr(module, last)))


def table(found: Sequence[tuple[int, dict[str, float]]]) -> str:
    """One column a clip; the steps of tracking stand below it, indented."""
    names = [name for stage in STAGES for name in (stage, *(STEPS if stage == "track" else ()))]
    rows = [
        [f"— {name}" if name in STEPS else name, *(f"{times[name]:.2f}" for _, times in found)]
        for name in [*names, "all"]
    ]
    return markdown_table(["ms a frame", *(f"clip {number}" for number in range(1, len(found) + 1))], rows)


def written_into(text: str, section: str, begin: str = BEGIN, end: str = END) -> str:
    """Replace what stands between two marks.

    Raises
    ------
    ValueError
        A mark is missing.
    """
    before, first, rest = text.partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        raise ValueError(f"{DOCS.name} lacks the marks {begin} and {end}")
    return f"{before}{begin}\n{section}\n{end}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Profile the clips one after the other, each in a process of its own for a clean start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="a film; its name is not written down")
    parser.add_argument("--docs", action="store_true", help=f"write the table into {DOCS.name}")
    options = parser.parse_args(arguments)
    missing = [clip.name for clip in options.clips if not clip.is_file()]
    if missing:
        parser.error(f"no such file: {', '.join(missing)}")
    found = [_apart(clip) for clip in options.clips]
    about = f"vision {code_version()}; {machine()}; frames: {', '.join(str(frames) for frames, _ in found)}."
    section = f"{table(found)}\n\n{about}"
    print(section)
    if options.docs:
        DOCS.write_text(written_into(DOCS.read_text(encoding="utf-8"), section), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
