"""Charts of rhythm as inline SVG: intervals with the band of chance, and the spectrum with what else moves there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from vision.model.arrays import FloatArray
from vision.report.svg import line, rect, rule, svg, text, tick

HEIGHT_PX, AXIS_PX, HEAD_PX, LABEL_PX = 200, 22, 20, 16
LOG_TICKS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600)
LOG_TICKS_HZ = (1, 2, 3, 5, 8, 10, 15, 20)
BINS_PER_OCTAVE = 2  # half octaves: bursts and pauses come apart, chance does not
BAND_PERCENT = (2.5, 97.5)  # of the trains drawn by chance
SPECTRUM_COLUMNS = 600  # extremes of each are kept


def interval_histogram(interval_s: FloatArray, chance_s: FloatArray | None = None, *, alt: str) -> Markup:
    """Draw how many intervals there are of each length, in half octaves of a logarithmic axis.

    chance_s : (S, n) intervals of trains drawn by chance; the band holds 95 % of their counts in each bin.
    """
    edge_s = edges(interval_s)
    counts, _ = np.histogram(interval_s, edge_s)
    low, high = band(chance_s, edge_s, counts)
    most = max(float(counts.max()), float(high.max()), 1.0)
    bottom_px = HEIGHT_PX - AXIS_PX
    px_each = (bottom_px - HEAD_PX) / most
    logs = np.log(edge_s / edge_s[0]) / np.log(edge_s[-1] / edge_s[0])
    parts = []
    for left, right, count, least, top in zip(100 * logs[:-1], 100 * logs[1:], counts, low, high, strict=True):
        gap = 0.08 * (right - left)
        parts.append(rect(left + gap, right - left - 2 * gap, bottom_px - px_each * count, px_each * count, "bar"))
        if chance_s is not None:
            parts.append(rect(left, right - left, bottom_px - px_each * top, px_each * (top - least), "band"))
        if count:
            parts.append(text(f"{(left + right) / 2:.2f}%", bottom_px - px_each * count - 5, str(count), "middle"))
    parts.append(rule(bottom_px))
    within = [at_s for at_s in LOG_TICKS_S if edge_s[0] <= at_s <= edge_s[-1]]
    span = math.log(edge_s[-1] / edge_s[0])
    parts += [tick(math.log(at_s / edge_s[0]) / span, f"{at_s:g} s", HEIGHT_PX - 6, None) for at_s in within]
    return svg(parts, HEIGHT_PX, alt)


def edges(interval_s: FloatArray) -> FloatArray:
    """Half octaves around all intervals; the last one holds the longest even where rounding says otherwise."""
    first = math.floor(BINS_PER_OCTAVE * math.log2(float(interval_s.min())))
    last = math.floor(BINS_PER_OCTAVE * math.log2(float(interval_s.max()))) + 2
    edge_s = np.asarray(2.0 ** (np.arange(first, last) / BINS_PER_OCTAVE))
    edge_s[-1] = max(edge_s[-1], float(interval_s.max()))
    edge_s[0] = min(edge_s[0], float(interval_s.min()))
    return edge_s


def band(chance_s: FloatArray | None, edge_s: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest count of each bin among 95 % of the trains drawn by chance."""
    if chance_s is None or not chance_s.size:
        return np.zeros(len(counts)), np.zeros(len(counts))
    drawn = np.array([np.histogram(row, edge_s)[0] for row in chance_s])
    low, high = np.percentile(drawn, BAND_PERCENT, axis=0)
    return np.asarray(low), np.asarray(high)


def spectrum(
    frequency_hz: FloatArray, height: FloatArray, threshold: float, peak_hz: float | None,
    marks: Sequence[tuple[float, str]], *, alt: str,
) -> Markup:  # fmt: skip
    """Draw the strength of each frequency against its background, on a logarithmic axis.

    Parameters
    ----------
    threshold : the height that chance rarely reaches. peak_hz : the rhythm found, None where nothing stands out.
    marks : frequencies at which something else may move, each with its name.
    """
    span = math.log(float(frequency_hz[-1] / frequency_hz[0]))
    amplitude = np.sqrt(np.maximum(height, 0.0))
    most = max(float(amplitude.max()), math.sqrt(threshold)) * 1.05
    tall_px = HEIGHT_PX + LABEL_PX
    bottom_px, top_px = tall_px - AXIS_PX, HEAD_PX * 2 + LABEL_PX

    def across(at_hz: float) -> float:
        return math.log(at_hz / float(frequency_hz[0])) / span

    def up(value: float) -> float:
        return bottom_px - (bottom_px - top_px) * value / most

    parts = [rect(0, 100, top_px, bottom_px - top_px, "ground")]
    parts.append(text("0", top_px - 8, "upwards: strength against the background, no unit", "start"))
    for row, (at_hz, name) in enumerate(marks):
        parts += [line(100 * across(at_hz), top_px - 4, bottom_px, "alias")]
        parts += [tick(across(at_hz), name, 12 + 14 * (row % 2), None)]
    parts += [rule(up(math.sqrt(threshold))), text("100%", up(math.sqrt(threshold)) - 4, "chance: 1 in 100", "end")]
    if peak_hz is not None:
        parts.append(line(100 * across(peak_hz), top_px, bottom_px, "event"))
        parts.append(tick(across(peak_hz) + 0.01, f"{peak_hz:.1f} Hz", top_px + 12, None))
    path = _curve(np.log(frequency_hz / frequency_hz[0]) / span, amplitude, most, bottom_px - top_px)
    parts.append(
        Markup(
            '<svg y="{0}" viewBox="0 0 {1} {2}" width="100%" height="{2}" preserveAspectRatio="none">'
            '<path class="trace" d="{3}" vector-effect="non-scaling-stroke"/></svg>'
        ).format(top_px, SPECTRUM_COLUMNS, bottom_px - top_px, path)
    )
    within = [at_hz for at_hz in LOG_TICKS_HZ if frequency_hz[0] <= at_hz <= frequency_hz[-1]]
    parts += [tick(across(at_hz), f"{at_hz:g} Hz", tall_px - 6, None) for at_hz in within]
    return svg(parts, tall_px, alt)


def _curve(across: FloatArray, value: FloatArray, most: float, tall_px: float) -> str:
    """Write a line that keeps the highest value of each column, so that no peak is lost."""
    column = np.clip((across * SPECTRUM_COLUMNS).astype(int), 0, SPECTRUM_COLUMNS)
    highest = np.full(SPECTRUM_COLUMNS + 1, -np.inf)
    np.maximum.at(highest, column, value)
    used = np.flatnonzero(np.isfinite(highest))
    return "M" + "L".join(f"{x} {tall_px * (1 - highest[x] / most):.1f}" for x in used)
