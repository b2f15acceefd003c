"""Figures for paper, drawn by matplotlib in one style: safe for the colour-blind, readable in grey.

`figure_style` is the style of all plotted figures of the project.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from vision.model.arrays import FloatArray
from vision.model.events import Site
from vision.model.result import AnalysisResult
from vision.report import charts, traces
from vision.report.beat import FEWEST_INTERVALS, Beat
from vision.report.text import place

# Okabe & Ito's palette for the colour-blind (jfly.uni-koeln.de/color): blue, orange, green, purple, sky, black.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#1b2430")
INK, SOFT, ACCENT, ACCENT_SOFT = "#1b2430", "#4d5a68", "#00639c", "#b9d7ea"
DOTS_PER_INCH = 220
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans", "font.size": 7.0, "axes.titlesize": 7.5, "axes.titlelocation": "left",
    "axes.labelcolor": SOFT, "text.color": INK, "xtick.color": SOFT, "ytick.color": SOFT, "axes.edgecolor": "#9aa6b2",
    "axes.linewidth": 0.6, "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 0.7,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "legend.frameon": False, "figure.constrained_layout.use": True,
    "hatch.linewidth": 0.4, "savefig.dpi": DOTS_PER_INCH,
}  # fmt: skip


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw all figures inside of the block in the style of the project; nothing outside changes."""
    import matplotlib
    from cycler import cycler

    style: Any = {**STYLE, "axes.prop_cycle": cycler(color=PALETTE)}  # its stubs know the names one by one
    with matplotlib.rc_context(style):
        yield


def rhythm_png(result: AnalysisResult, beat: Beat, size_in: tuple[float, float]) -> bytes | None:
    """Draw the trace of the busiest site over the intervals; None where there is neither. Same result, same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    site = max(result.document.sites, key=lambda one: one.event_count, default=None)
    has_intervals = len(beat.interval_s) >= FEWEST_INTERVALS
    if site is None:
        return None
    with figure_style():
        figure = Figure(figsize=size_in)
        FigureCanvasAgg(figure)  # whatever backend the user has set
        axes = figure.subplots(1 + has_intervals, 1, squeeze=False)[:, 0]
        _draw_trace(axes[0], result, site)
        if has_intervals:
            _draw_intervals(axes[1], beat)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _draw_trace(axes: Any, result: AnalysisResult, site: Site) -> None:
    document, signals = result.document, result.signals
    for event in document.events:
        if event.site == site.id:
            axes.axvspan(event.onset_s, event.offset_s, color=ACCENT_SOFT, linewidth=0)
    direction_rad = traces.direction_of_site(site, document.events) or 0.0
    axes.plot(signals.time_s, traces.pool_trace(signals, site, direction_rad), color=INK)
    axes.set_title(f"Site {site.id}, {place(site.region, site.side)}; shaded: twitches")
    axes.set_xlim(0.0, document.clip.duration_s)
    axes.set_ylabel("displacement, px")
    axes.set_xlabel("time, s", labelpad=1)


def _draw_intervals(axes: Any, beat: Beat) -> None:
    edge_s = charts.edges(beat.interval_s)
    counts, _ = np.histogram(beat.interval_s, edge_s)
    low, high = charts.band(beat.chance_s, edge_s, counts)
    axes.stairs(counts, edge_s, fill=True, color=ACCENT)
    title = "Intervals between onsets"
    if beat.chance_s is not None:
        axes.stairs(
            high, edge_s, baseline=low, fill=True, facecolor="none", edgecolor=INK, hatch="//////", linewidth=0.5
        )
        title += "; hatched: 95 % of chance"
    axes.set_title(title)
    axes.set_xscale("log")
    ticks = _ticks_within(edge_s)
    axes.set_xticks(ticks, [f"{at_s:g}" for at_s in ticks])
    axes.minorticks_off()
    axes.set_ylabel("count")
    axes.set_xlabel("interval, s", labelpad=1)


def _ticks_within(edge_s: FloatArray) -> list[float]:
    return [float(at_s) for at_s in charts.LOG_TICKS_S if edge_s[0] <= at_s <= edge_s[-1]]
