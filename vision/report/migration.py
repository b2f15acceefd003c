"""The map of migration: where each twitch was, in which order, over the outlines of what was watched."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from vision.model.arrays import FloatArray
from vision.model.result import AnalysisResult
from vision.report.heat import viridis
from vision.report.still import reference_outlines
from vision.report.units import counted, p_value

FEWEST_EVENTS, FEWEST_SITES = 3, 2  # below, there is no way to show
MOST_STEPS = 150  # lines from twitch to twitch; more cover the dots they join
MARGIN_SHARE, DOT_SHARE, LINE_SHARE, HEAP_SHARE = 0.06, 0.011, 0.003, 0.05  # of the longer side of the map
HEAP_STEP = 1.6  # radii of a dot from turn to turn
GOLDEN_RAD = math.pi * (3 - math.sqrt(5))
MOST_DOTS = 500  # evenly spread over the clip; more lie on top of each other
DARKEST, LIGHTEST = 20, 235  # of the 256 colours: both ends show on white


def migration_map(result: AnalysisResult) -> tuple[Markup, str] | None:
    """Draw the map with its caption; None where too few twitches or a single place would be on it."""
    document = result.document
    if len(document.events) < FEWEST_EVENTS or len(document.sites) < FEWEST_SITES:
        return None
    place_px = np.array([[event.x_px, event.y_px] for event in document.events])
    outlines = reference_outlines(result)
    low, high = _frame(place_px, outlines)
    longest = float((high - low).max())
    place_px, dot_px = laid_apart(place_px, longest)
    parts = [_polygon(corners, longest) for corners in outlines]
    has_steps = len(document.events) <= MOST_STEPS
    parts += _steps(place_px, longest) if has_steps else []
    every = -(-len(place_px) // MOST_DOTS)
    parts += _dots(result, place_px, dot_px, every)
    alt = f"Map of {counted(len(place_px), 'twitch', 'twitches')} at {counted(len(document.sites), 'place')}"
    drawn = Markup('<svg class="map" viewBox="{:.1f} {:.1f} {:.1f} {:.1f}" role="img" aria-label="{}">{}</svg>').format(
        *low, *(high - low), alt, Markup("").join(parts)
    )
    return drawn, _caption(result, every, has_steps=has_steps)


def _caption(result: AnalysisResult, every: int, *, has_steps: bool) -> str:
    spread = result.document.features.spread
    lines = " A line runs from each twitch to the next." if has_steps else ""
    order = ""
    if spread.migration_p is not None:
        order = f" Order against chance: {p_value(spread.migration_p)}."
    whose = "each twitch" if every == 1 else f"one in {every} twitches"
    heaps = "dark the first, light the last; those of one spot are laid around it."
    return f"Where {whose} was, as seen in the picture: {heaps}{lines}{order}"


def _frame(place_px: FloatArray, outlines: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Lower and upper corner of all that is drawn, with a margin."""
    every = np.concatenate([place_px, *outlines])
    low, high = every.min(axis=0), every.max(axis=0)
    margin = max(MARGIN_SHARE * float((high - low).max()), 1.0)
    return low - margin, high + margin


def laid_apart(place_px: FloatArray, longest: float) -> tuple[FloatArray, float]:
    """Lay twitches of one and the same spot around it in order of time, like the seeds of a sunflower.

    Returns
    -------
    New places (K, 2), and the radius of a dot, such that the largest heap stays small.
    """
    turn = np.zeros(len(place_px))
    heaps: dict[tuple[float, float], int] = {}
    for index, (x, y) in enumerate(place_px.round(1).tolist()):
        turn[index] = heaps.get((x, y), 0)
        heaps[(x, y)] = int(turn[index]) + 1
    most = math.sqrt(max(heaps.values(), default=1))
    dot_px = min(DOT_SHARE, HEAP_SHARE / (HEAP_STEP * most)) * longest
    away = HEAP_STEP * dot_px * np.sqrt(turn)
    shift = np.column_stack([np.cos(GOLDEN_RAD * turn), np.sin(GOLDEN_RAD * turn)])
    return place_px + away[:, None] * shift, dot_px


def _polygon(corners: FloatArray, longest: float) -> Markup:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return Markup('<polygon class="part" points="{}" stroke-width="{:.2f}"/>').format(points, LINE_SHARE * longest / 2)


def _steps(place_px: FloatArray, longest: float) -> list[Markup]:
    drawn = Markup('<line class="step" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke-width="{:.2f}"/>')
    return [drawn.format(*one, *other, LINE_SHARE * longest) for one, other in pairwise(place_px)]


def _dots(result: AnalysisResult, place_px: FloatArray, dot_px: float, every: int) -> list[Markup]:
    """A dot for each twitch, coloured by its time; a click on it shows the twitch."""
    events, duration_s = result.document.events, result.document.clip.duration_s
    drawn = Markup(
        '<circle data-event="{}" cx="{:.1f}" cy="{:.1f}" r="{:.2f}" fill="{}" stroke-width="{:.2f}">'
        "<title>Twitch {}, {:.1f} s</title></circle>"
    )
    colours = viridis()
    dots = []
    for event, (x, y) in zip(events[::every], place_px[::every], strict=True):
        share = min(max(event.onset_s / duration_s, 0.0), 1.0)
        red, green, blue = (int(value) for value in colours[round(DARKEST + (LIGHTEST - DARKEST) * share)])
        colour = f"#{red:02x}{green:02x}{blue:02x}"
        dots.append(drawn.format(event.id, x, y, dot_px, colour, dot_px / 6, event.id, event.onset_s))
    return dots
