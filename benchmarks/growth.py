"""How time and memory of `analyze` grow with a film's length, size and rate, and with the number of points.

    python -m benchmarks.growth [--longest-min M] [--docs]

Each film is analysed by the whole command (`cli.py analyze --no-report`) in a process of its own; films of one series
differ in one thing alone. Exponents are slopes of least squares in logarithms of the core seconds beyond the start of
the program (that of a small film of START_S), so 1 is in proportion. Prints the tables; --docs puts them into
docs/method.md, between its two marks, and draws docs/growth.svg. Run it as a module, with the machine to itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.speed import Cost, measured, part
from benchmarks.speed_films import FILMS, render
from benchmarks.tables import ROOT, code_version, machine, markdown_table

DOCS, PLOT = ROOT / "docs" / "method.md", ROOT / "docs" / "growth.svg"
BEGIN, END = "<!-- growth: benchmarks/growth.py -->", "<!-- end of growth -->"
PICTURE = f"![core seconds and memory against length, size, rate and points]({PLOT.name})"
BASE_S, START_S = 10.0, 2.5
LENGTHS = (1, 3, 6)  # times BASE_S; then the longest
WIDTHS_PX = (360, 540, 1080, 2160)
RATES_HZ, RATE_WIDTH_PX = (30.0, 60.0, 120.0), 540
CELL_SHARES = (2.0, 1.4, 1.0, 0.7)  # of the usual side of a cell
CLIPS = 100_000  # of a minute, whose cost is told


@dataclass(frozen=True)
class Sample:
    """One analysis: of which series, how much of what varies, what it took."""

    series: str
    amount: float
    cost: Cost
    film_s: float


def samples(folder: Path, longest_min: float) -> Iterator[Sample]:
    """Analyse all films, series by series."""
    base = rendered(folder / "base.mp4", FILMS["face"].width_px, FILMS["face"].rate_hz)
    for times in (*LENGTHS, round(longest_min * 60 / BASE_S)):
        longer = folder / f"length-{times}.mp4"
        part("lengthen", str(base), str(times), str(longer))
        yield Sample("length, s", times * BASE_S, analysed(longer, folder / "out"), times * BASE_S)
        longer.unlink()
    for width_px in WIDTHS_PX:
        film = rendered(folder / f"size-{width_px}.mp4", width_px, 30.0)
        yield Sample("size, megapixels", width_px**2 * 16 / 9 / 1e6, analysed(film, folder / "out"), BASE_S)
    for rate_hz in RATES_HZ:
        film = rendered(folder / f"rate-{rate_hz:g}.mp4", RATE_WIDTH_PX, rate_hz)
        yield Sample("rate, frames/s", rate_hz, analysed(film, folder / "out"), BASE_S)
    for share in CELL_SHARES:
        cost = analysed(base, folder / "out", cells_of(share, folder / "settings.toml"))
        yield Sample("points", points_in(folder / "out" / "signals.npz"), cost, BASE_S)


def rendered(path: Path, width_px: int, rate_hz: float, seconds: float = BASE_S) -> Path:
    """Render the face of `speed_films` in another size and rate, with as many bits a pixel."""
    usual = FILMS["face"]
    height_px = width_px * usual.height_px // usual.width_px
    share = width_px * height_px * rate_hz / (usual.width_px * usual.height_px * usual.rate_hz)
    film = replace(
        usual, width_px=width_px, height_px=height_px, rate_hz=rate_hz, bit_rate_bps=round(share * usual.bit_rate_bps)
    )
    # In a process of its own: what is started from here counts this process's own peak as its own.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
        beside.submit(render, film, seconds, path).result()
    return path


def analysed(film: Path, folder: Path, settings: Path | None = None) -> Cost:
    """Run the command on one film."""
    more = [] if settings is None else ["--settings", str(settings)]
    cli = str(ROOT / "cli.py")
    return measured([sys.executable, cli, "analyze", str(film), "--out", str(folder), "--no-report", *more])


def cells_of(share: float, path: Path) -> Path:
    """Write settings with cells of another side."""
    from vision.settings import MotionSettings

    path.write_text(f"[motion]\ncell_iod = {share * MotionSettings().cell_iod}\n", encoding="utf-8")
    return path


def points_in(signals: Path) -> float:
    """Count the points of a result."""
    from vision.report.signals_file import load_signals

    return float(len(load_signals(signals)[0].point_px))


def exponent(amounts: Sequence[float], seconds: Sequence[float]) -> float:
    """Slope in logarithms."""
    return float(np.polyfit(np.log(amounts), np.log(seconds), 1)[0])


def tables(found: Sequence[Sample], start: Cost) -> str:
    """What each film took, the exponents of each series, and what many clips cost."""
    rows, fitted = [], []
    for series in dict.fromkeys(sample.series for sample in found):
        own = [sample for sample in found if sample.series == series]
        for sample in own:
            took = (f"{sample.cost.wall_s:.1f}", f"{sample.cost.core_s:.1f}", f"{sample.cost.peak_mb:.0f}")
            rows.append([series, f"{sample.amount:.4g}", *took])
        amounts = [sample.amount for sample in own]
        beyond_s = [sample.cost.core_s - start.core_s for sample in own]
        if min(beyond_s) <= 0:
            raise RuntimeError(f"a film of the series {series} took no longer than the start: the machine is busy")
        memory = exponent(amounts, [sample.cost.peak_mb for sample in own])
        fitted.append([series.split(",")[0], f"{exponent(amounts, beyond_s):.2f}", f"{memory:.2f}"])
    return "\n\n".join(
        (
            markdown_table(["series", "amount", "wall, s", "cores, s", "peak memory, MB"], rows),
            markdown_table(["grows with", "exponent of core seconds", "of memory"], fitted),
            price(found),
        )
    )


def price(found: Sequence[Sample]) -> str:
    """Say what a machine-hour analyses, from the film of a minute."""
    minute = min((sample for sample in found if sample.series == "length, s"), key=lambda one: abs(one.film_s - 60))
    cores_each_s = minute.cost.core_s / minute.film_s
    hours = CLIPS * 60 * cores_each_s / 3600
    return (
        f"A core-hour analyses {60 / cores_each_s:.0f} minutes of film (1080p30 of a face, by hand); {CLIPS:,} clips "
        f"of a minute take {hours:,.0f} core-hours, if all cores are kept busy as `batch` does."
    )


def plotted(found: Sequence[Sample], path: Path) -> None:
    """Draw core seconds and memory of every series, in logarithms."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "growth"  # the same file from the same numbers
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(2, 4, figsize=(12, 5), sharey="row", layout="constrained")
    for column, series in enumerate(dict.fromkeys(sample.series for sample in found)):
        own = [sample for sample in found if sample.series == series]
        amounts = [sample.amount for sample in own]
        for panel, values in zip(
            panels[:, column], ([one.cost.core_s for one in own], [one.cost.peak_mb for one in own]), strict=True
        ):
            panel.loglog(amounts, values, "o-", color="#1f4e79")
            panel.grid(alpha=0.3, which="both")
        panels[1, column].set_xlabel(series)
    panels[0, 0].set_ylabel("core seconds")
    panels[1, 0].set_ylabel("peak memory, MB")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all series."""
    from benchmarks.profile import written_into

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--longest-min", type=float, default=10.0, metavar="M", help="of the longest film (default 10)")
    parser.add_argument("--docs", action="store_true", help=f"write into {DOCS.name} and {PLOT.name}")
    options = parser.parse_args(arguments)
    if options.longest_min * 60 < BASE_S * LENGTHS[-1]:
        parser.error(f"--longest-min is {BASE_S * LENGTHS[-1] / 60:g} or more")
    text = DOCS.read_text(encoding="utf-8")
    written_into(text, "", BEGIN, END)  # that the marks are there is known before hours of measuring
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        start = analysed(rendered(Path(scratch) / "start.mp4", 360, 30.0, START_S), Path(scratch) / "out")
        for sample in samples(Path(scratch), options.longest_min):
            found.append(sample)
            print(f"{sample.series} {sample.amount:.4g}: {sample.cost.core_s:.1f} core-s", file=sys.stderr, flush=True)
    section = f"{tables(found, start)}\n\nvision {code_version()}; {machine()}."
    print(section)
    if options.docs:
        plotted(found, PLOT)
        DOCS.write_text(written_into(text, f"{PICTURE}\n\n{section}", BEGIN, END), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
