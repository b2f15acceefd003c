"""Pictures as inline SVG: across in per cent, up in px, so that they fit any page and keep their type size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from vision.model.arrays import FloatArray
from vision.report.svg import line, rect, rule, span, svg, text, tick

LANE_HEIGHT_PX, QUIET_LANE_HEIGHT_PX, BURST_PX = 30, 12, 4
NUMBER_HEIGHT_PX = 13  # above the twitches of a lane
DIGIT_PX, NUMBER_GAP_PX = 6.7, 4.0  # of the widest usual fonts at the size in style.css.j2
# Width of a lane on the narrowest phone, on paper too; and from the width of page on that style.css.j2 names.
LANE_WIDTHS_PX = {"number": 280.0, "number wide": 640.0}
AXIS_HEIGHT_PX = 22
TRACE_HEIGHT_PX = 150
TRACE_COLUMNS = 1000  # more than a report is wide: extremes of each column are kept, so no peak is lost
MOST_TICKS = 8  # as many labels as fit on a phone
TICK_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)


@dataclass(frozen=True)
class Mark:
    """Something that happened, on a time axis."""

    onset_s: float
    peak_s: float
    offset_s: float
    label: str
    event: int | None = None  # its number, where a click on it shows it
    verdict: str = ""  # of a person: "accepted", "rejected" or "added"


def lane(
    marks: Sequence[Mark], unwatched: Iterable[tuple[float, float]], duration_s: float, *, kind: str, alt: str,
    bursts: Iterable[tuple[float, float]] = (),
) -> Markup:  # fmt: skip
    """Draw one lane of the timeline: bars from onset to offset, a line at each peak, hatching where unwatched.

    Above the bars stand the numbers of twitches, as many as have room. `bursts` : from the first onset to the last
    offset of each, drawn as a bar under its twitches.
    """
    numbers = _numbers(marks, duration_s)
    top_px = NUMBER_HEIGHT_PX if numbers else 0
    tall_px = LANE_HEIGHT_PX if marks else QUIET_LANE_HEIGHT_PX
    low_px = top_px + tall_px - BURST_PX
    parts = [rect(0, 100, top_px, tall_px, "ground")]
    parts += [span(onset_s, offset_s, duration_s, top_px, tall_px, "unseen") for onset_s, offset_s in unwatched]
    parts += [span(first_s, last_s, duration_s, low_px, BURST_PX, "burst") for first_s, last_s in bursts]
    parts += [_mark(mark, duration_s, top_px + 3, tall_px - 6 - BURST_PX, kind) for mark in marks]
    return svg([*parts, *numbers], top_px + tall_px, alt, is_timed=True)


def time_axis(duration_s: float) -> Markup:
    """Draw the seconds under the lanes."""
    parts = [tick(at_s / duration_s, f"{at_s:g}", 15, duration_s) for at_s in time_ticks(duration_s)]
    parts += [line(100 * at_s / duration_s, 0, 4, "axis") for at_s in time_ticks(duration_s)]
    return svg(parts, AXIS_HEIGHT_PX, "", is_hidden=True)


def time_ticks(duration_s: float) -> list[float]:
    """Choose round seconds, at most `MOST_TICKS` intervals."""
    step_s = next((step for step in TICK_STEPS_S if duration_s / step <= MOST_TICKS), duration_s)
    return [step_s * k for k in range(int(duration_s / step_s + 1e-9) + 1)]


def trace(
    time_s: FloatArray, value_px: FloatArray, marks: Sequence[Mark], duration_s: float, *, alt: str
) -> Markup | None:
    """Draw the displacement of a site with its events behind it; None where nothing was measured."""
    if not np.isfinite(value_px).any():
        return None
    low, high = _value_range(value_px)

    def height(value: float) -> float:
        return 8 + (TRACE_HEIGHT_PX - 16) * (high - value) / (high - low)

    parts = [rect(0, 100, 0, TRACE_HEIGHT_PX, "ground")]
    parts += [span(mark.onset_s, mark.offset_s, duration_s, 0, TRACE_HEIGHT_PX, "event-soft") for mark in marks]
    for value in _value_ticks(low, high):
        parts += [rule(height(value)), text("4", height(value) - 3, f"{value:g} px", "start")]
    path = _path(time_s / duration_s, value_px, height)
    parts.append(
        Markup(
            '<svg viewBox="0 0 {columns} {height}" width="100%" height="{height}" preserveAspectRatio="none">'
            '<path class="trace" d="{path}" vector-effect="non-scaling-stroke"/></svg>'
        ).format(columns=TRACE_COLUMNS, height=TRACE_HEIGHT_PX, path=path)
    )
    return svg(parts, TRACE_HEIGHT_PX, alt, is_timed=True)


def share_bar(share: float) -> Markup:
    """Draw a share from 0 to 1 as a bar; its number stands beside it as text."""
    parts = [rect(0, 100, 0, 10, "ground"), rect(0, 100 * share, 0, 10, "bar")]
    return svg(parts, 10, "", is_hidden=True)


def _path(across: FloatArray, value: FloatArray, height: Callable[[float], float]) -> str:
    """Write a line through the extremes of each column, broken where nothing was measured."""
    column = np.clip(across * TRACE_COLUMNS, 0, TRACE_COLUMNS)
    order = _extremes(column, value) if len(value) > 2 * TRACE_COLUMNS else np.arange(len(value))
    steps, pen = [], "M"
    for index in order:
        if np.isfinite(value[index]):
            steps.append(f"{pen}{column[index]:.1f} {height(value[index]):.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(steps)


def _extremes(column: FloatArray, value: FloatArray) -> Sequence[int]:
    """Keep of every column its lowest, its highest and one gap, in order of time."""
    keep: set[int] = set()
    for samples in np.split(np.arange(len(value)), np.flatnonzero(np.diff(column.astype(int))) + 1):
        finite = samples[np.isfinite(value[samples])]
        if len(finite):
            keep |= {int(finite[np.argmin(value[finite])]), int(finite[np.argmax(value[finite])])}
        if len(finite) < len(samples):
            keep.add(int(samples[~np.isfinite(value[samples])][0]))
    return sorted(keep)


def _value_range(value_px: FloatArray) -> tuple[float, float]:
    low, high = float(np.nanmin(value_px)), float(np.nanmax(value_px))
    low, high = min(low, 0.0), max(high, 0.0)
    return (low, high) if high - low > 1e-6 else (low - 0.5, high + 0.5)


def _value_ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 3
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [round(step * k, 6) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _mark(mark: Mark, duration_s: float, top_px: float, tall_px: float, kind: str) -> Markup:
    bar = span(mark.onset_s, mark.offset_s, duration_s, top_px, tall_px, f"{kind}-soft")
    peak = line(100 * mark.peak_s / duration_s, top_px, top_px + tall_px, kind)
    number = Markup("") if mark.event is None else Markup(' data-event="{}"').format(mark.event)
    number += Markup(' class="{}"').format(mark.verdict) if mark.verdict else Markup("")
    return Markup("<g{}><title>{}</title>{}{}</g>").format(number, mark.label, bar, peak)


def _numbers(marks: Sequence[Mark], duration_s: float) -> list[Markup]:
    """Write the numbers that never overlap: those for which the narrowest page has room, then those of a wide one."""
    taken: list[tuple[float, float]] = []  # share of the width, half of the letters in px
    written: dict[int, Markup] = {}
    for name, width_px in LANE_WIDTHS_PX.items():
        for mark in marks:
            if mark.event is None or mark.event in written:
                continue
            share, half_px = mark.peak_s / duration_s, DIGIT_PX * len(str(mark.event)) / 2
            if all(abs(share - other) * width_px >= half_px + half + NUMBER_GAP_PX for other, half in taken):
                taken.append((share, half_px))
                written[mark.event] = _number(mark.event, share, name)
    return list(written.values())


def _number(event: int, share: float, name: str) -> Markup:
    return Markup('<text class="{}" data-event="{}" x="{:.3f}%" y="{}" text-anchor="middle">{}</text>').format(
        name, event, 100 * share, NUMBER_HEIGHT_PX - 3, event
    )
