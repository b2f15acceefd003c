"""Pictures as inline SVG: across in per cent, up in px, so that they fit any page and keep their type size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from vision.model.arrays import FloatArray

LANE_HEIGHT_PX, QUIET_LANE_HEIGHT_PX = 26, 12
AXIS_HEIGHT_PX = 22
TRACE_HEIGHT_PX = 150
HISTOGRAM_HEIGHT_PX = 190
TRACE_COLUMNS = 1000  # more than a report is wide: extremes of each column are kept, so no peak is lost
MOST_TICKS = 8  # as many labels as fit on a phone
TICK_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
LOG_TICKS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600)
BINS_PER_OCTAVE = 2  # half octaves: bursts and pauses come apart, chance does not


@dataclass(frozen=True)
class Mark:
    """Something that happened, on a time axis."""

    onset_s: float
    peak_s: float
    offset_s: float
    label: str
    event: int | None = None  # its number, where a click on it shows it


def lane(
    marks: Sequence[Mark], unwatched: Iterable[tuple[float, float]], duration_s: float, *, kind: str, alt: str
) -> Markup:
    """Draw one lane of the timeline: bars from onset to offset, a line at each peak, hatching where unwatched."""
    height_px = LANE_HEIGHT_PX if marks else QUIET_LANE_HEIGHT_PX
    parts = [_rect(0, 100, 0, height_px, "ground")]
    parts += [_span(onset_s, offset_s, duration_s, 0, height_px, "unseen") for onset_s, offset_s in unwatched]
    parts += [_mark(mark, duration_s, height_px, kind) for mark in marks]
    return _svg(parts, height_px, alt, is_timed=True)


def time_axis(duration_s: float) -> Markup:
    """Draw the seconds under the lanes."""
    parts = [_tick(at_s / duration_s, f"{at_s:g}", 15, duration_s) for at_s in time_ticks(duration_s)]
    parts += [_line(100 * at_s / duration_s, 0, 4, "axis") for at_s in time_ticks(duration_s)]
    return _svg(parts, AXIS_HEIGHT_PX, "", is_hidden=True)


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

    parts = [_rect(0, 100, 0, TRACE_HEIGHT_PX, "ground")]
    parts += [_span(mark.onset_s, mark.offset_s, duration_s, 0, TRACE_HEIGHT_PX, "event-soft") for mark in marks]
    for value in _value_ticks(low, high):
        parts += [_rule(height(value)), _text("4", height(value) - 3, f"{value:g} px", "start")]
    path = _path(time_s / duration_s, value_px, height)
    parts.append(
        Markup(
            '<svg viewBox="0 0 {columns} {height}" width="100%" height="{height}" preserveAspectRatio="none">'
            '<path class="trace" d="{path}" vector-effect="non-scaling-stroke"/></svg>'
        ).format(columns=TRACE_COLUMNS, height=TRACE_HEIGHT_PX, path=path)
    )
    return _svg(parts, TRACE_HEIGHT_PX, alt, is_timed=True)


def interval_histogram(interval_s: FloatArray, *, alt: str) -> Markup:
    """Draw how many intervals there are of each length, in half octaves of a logarithmic axis."""
    edge = np.arange(
        math.floor(BINS_PER_OCTAVE * math.log2(float(interval_s.min()))),
        math.floor(BINS_PER_OCTAVE * math.log2(float(interval_s.max()))) + 2,
    )
    edge_s = 2.0 ** (edge / BINS_PER_OCTAVE)
    edge_s[-1] = max(edge_s[-1], float(interval_s.max()))
    counts, _ = np.histogram(interval_s, edge_s)
    span = np.log(edge_s[-1] / edge_s[0])
    across = 100 * np.log(edge_s / edge_s[0]) / span
    room_px = HISTOGRAM_HEIGHT_PX - AXIS_HEIGHT_PX - 20
    parts = []
    for left, right, count in zip(across[:-1], across[1:], counts, strict=True):
        tall_px = room_px * count / counts.max()
        parts.append(_rect(left, right - left, 20 + room_px - tall_px, tall_px, "bar"))
        if count:
            parts.append(_text(f"{(left + right) / 2:.2f}%", 14 + room_px - tall_px, str(count), "middle"))
    parts.append(_rule(20 + room_px))
    within = [tick for tick in LOG_TICKS_S if edge_s[0] <= tick <= edge_s[-1]]
    parts += [_tick(math.log(t / edge_s[0]) / span, f"{t:g} s", HISTOGRAM_HEIGHT_PX - 6, None) for t in within]
    return _svg(parts, HISTOGRAM_HEIGHT_PX, alt)


def share_bar(share: float) -> Markup:
    """Draw a share from 0 to 1 as a bar; its number stands beside it as text."""
    parts = [_rect(0, 100, 0, 10, "ground"), _rect(0, 100 * share, 0, 10, "bar")]
    return _svg(parts, 10, "", is_hidden=True)


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


def _mark(mark: Mark, duration_s: float, height_px: float, kind: str) -> Markup:
    bar = _span(mark.onset_s, mark.offset_s, duration_s, 3, height_px - 6, f"{kind}-soft")
    peak = _line(100 * mark.peak_s / duration_s, 3, height_px - 3, kind)
    number = Markup("") if mark.event is None else Markup(' data-event="{}"').format(mark.event)
    return Markup("<g{}><title>{}</title>{}{}</g>").format(number, mark.label, bar, peak)


def _span(onset_s: float, offset_s: float, duration_s: float, top: float, tall: float, name: str) -> Markup:
    left, right = (100 * min(max(at_s, 0.0), duration_s) / duration_s for at_s in (onset_s, offset_s))
    return _rect(left, right - left, top, tall, name)


def _rect(left: float, width: float, top: float, tall: float, name: str) -> Markup:
    return Markup('<rect class="{}" x="{:.3f}%" width="{:.3f}%" y="{:.1f}" height="{:.1f}"/>').format(
        name, left, width, top, tall
    )


def _line(across: float, top: float, bottom: float, name: str) -> Markup:
    return Markup('<line class="{0}" x1="{1:.3f}%" x2="{1:.3f}%" y1="{2:.1f}" y2="{3:.1f}"/>').format(
        name, across, top, bottom
    )


def _rule(up: float) -> Markup:
    return Markup('<line class="rule" x1="0" x2="100%" y1="{0:.1f}" y2="{0:.1f}"/>').format(up)


def _tick(share: float, label: str, up: float, last: float | None) -> Markup:
    """Write a tick's label, kept inside of the picture at both ends."""
    anchor = "start" if share < 0.02 else "end" if share > 0.98 else "middle"
    text = f"{label} s" if last is not None and share == 0 else label
    return _text(f"{100 * share:.3f}%", up, text, anchor)


def _text(across: str, up: float, label: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{:.1f}" text-anchor="{}">{}</text>').format(across, up, anchor, label)


def _svg(
    parts: Iterable[Markup], height_px: float, alt: str, *, is_hidden: bool = False, is_timed: bool = False
) -> Markup:
    voice = Markup('aria-hidden="true"') if is_hidden else Markup('role="img" aria-label="{}"').format(alt)
    kind = "chart timed" if is_timed else "chart"
    return Markup('<svg class="{}" width="100%" height="{}" {}>{}</svg>').format(
        kind, height_px, voice, Markup("").join(parts)
    )
