"""What a report costs, weighs, and how its page behaves: a film of 60 s in 1080p, as a phone holds it upright.

    python -m benchmarks.report [--kind face|skin] [--seconds S] [--clip CLIP] [--out DIR]

The film is rendered, analysed with `--no-report`, then drawn by `report --clip`: page, both films and the overlay, a
process each, one after the other. The page is opened in Debian's chromium: the best of five loads, since other work
delays a page and never speeds one up; then scrolled from top to bottom in 120 steps.

Prints a table and writes it to DIR/report.md.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.speed import Cost, measured, part
from benchmarks.tables import ROOT, made_with, markdown_table

LARGEST_MB, LARGEST_WITHOUT_MB, LONGEST_OPENING_S = 25.0, 1.5, 2.0
LOADS = 5
SCROLL = """async () => {
  const gaps = []; let last = performance.now();
  for (let step = 0; step < 120; step++) {
    scrollTo(0, document.documentElement.scrollHeight * step / 120);
    await new Promise((next) => requestAnimationFrame(next));
    const now = performance.now(); gaps.push(now - last); last = now;
  }
  return gaps;
}"""
OPENED_MS = "performance.timing.loadEventEnd - performance.timing.navigationStart"


def command(*arguments: str) -> Cost:
    """Run a command of ours in a process of its own."""
    return measured([sys.executable, str(ROOT / "cli.py"), *arguments])


def opened(page_file: Path) -> dict[str, float]:
    """Open the page in chromium: seconds to the load event, and the gaps between frames of a scroll, ms."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        taken_ms = []
        for _ in range(LOADS):
            page.goto(page_file.as_uri(), wait_until="load")
            page.wait_for_timeout(200)  # the event's end is noted after it
            taken_ms.append(float(page.evaluate(OPENED_MS)))
        gaps_ms = sorted(float(gap) for gap in page.evaluate(SCROLL))
        browser.close()
    return {
        "open_s": min(taken_ms) / 1000,
        "open_worst_s": max(taken_ms) / 1000,
        "scroll_median_ms": gaps_ms[len(gaps_ms) // 2],
        "scroll_95_ms": gaps_ms[len(gaps_ms) * 95 // 100],
    }


def run(clip: Path, folder: Path) -> dict[str, Any]:
    """Analyse, draw with and without films, open the page."""
    analysing = command("analyze", str(clip), "--out", str(folder), "--no-report")
    drawing = command("report", str(folder), "--clip", str(clip))
    found: dict[str, Any] = {
        "analysing_s": analysing.wall_s, "analysing_core_s": analysing.core_s, "drawing_s": drawing.wall_s,
        "drawing_core_s": drawing.core_s, "page_mb": _mb(folder / "report.html"),
        "overlay_mb": _mb(folder / "overlay.mp4"), **opened(folder / "report.html"),
    }  # fmt: skip
    command("report", str(folder), "--clip", str(clip), "--no-video")
    found["page_without_films_mb"] = _mb(folder / "report.html")
    return found


def _mb(path: Path) -> float:
    return path.stat().st_size / 1e6


def table(found: dict[str, Any]) -> str:
    """Figures beside what they must reach."""
    ratio = found["drawing_s"] / found["analysing_s"]
    rows = [
        ["page with films, MB", f"{found['page_mb']:.1f}", f"at most {LARGEST_MB:g}"],
        ["page without films, MB", f"{found['page_without_films_mb']:.2f}", f"at most {LARGEST_WITHOUT_MB:g}"],
        ["overlay.mp4, MB", f"{found['overlay_mb']:.1f}", ""],
        ["opens, s (best; worst of 5)", f"{found['open_s']:.2f}; {found['open_worst_s']:.2f}",
         f"at most {LONGEST_OPENING_S:g}"],
        ["frame of a scroll, ms (median; 95 %)", f"{found['scroll_median_ms']:.0f}; {found['scroll_95_ms']:.0f}", ""],
        ["analysis, s (core s)", f"{found['analysing_s']:.1f} ({found['analysing_core_s']:.1f})", ""],
        ["report and films, s (core s)", f"{found['drawing_s']:.1f} ({found['drawing_core_s']:.1f})", ""],
        ["report ÷ analysis, wall", f"{ratio:.2f}", "at most 1"],
    ]  # fmt: skip
    return markdown_table(["", "found", "must be"], rows)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=("face", "skin"), default="face", help="what is rendered (default face)")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the rendered film (default 60)")
    parser.add_argument("--clip", type=Path, help="a film of yours instead; its name is not written down")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help="default: benchmarks/results")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 where a part of it failed."""
    options = parse(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        clip = options.clip or Path(scratch) / "film.mp4"
        try:
            if options.clip is None:
                part("render", options.kind, str(options.seconds), str(clip))
            found = run(clip, Path(scratch) / "result")
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
    what = "a film of the user's" if options.clip else f"simulated {options.kind}, {options.seconds:g} s, 1080 x 1920"
    text = f"# The report\n\n{made_with(['film', what])}\n\n{table(found)}\n"
    print(text, end="")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "report.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
