"""A review applied: features calculated again from what a person accepted and added, and the report drawn with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from vision.model.drawing import Drawing
from vision.model.events import Site, TwitchEvent
from vision.model.features import Features
from vision.model.result import AnalysisResult
from vision.model.review import ReviewedEvent
from vision.pipeline import describe
from vision.report.again import event_set_of, seed_of, settings_of
from vision.report.draw import draw
from vision.report.reviewed import ReviewedView, read_review, reviewed_events, view_of
from vision.report.traces import pool_trace
from vision.settings import Settings

Progress = Callable[[float], None]
ADDED_RISE_S, ADDED_DURATION_S = 0.045, 0.2  # of a twitch that a person added: the reference twitch (science.md)


def draw_reviewed(
    result: AnalysisResult, folder: Path, clip: Path | None, drawing: Drawing, on_progress: Progress | None = None
) -> Path:
    """Draw a result as `vision.report.draw.draw` does, with the review that `drawing` names.

    Raises
    ------
    ResultFileError
        The review is damaged or belongs to another result; and as `draw`.
    """
    reviewed = None if drawing.review is None else _reviewed(result, Path(drawing.review))
    if on_progress is None:
        return draw(result, folder, clip, drawing, reviewed=reviewed)
    return draw(result, folder, clip, drawing, reviewed=reviewed, on_progress=on_progress)


def _reviewed(result: AnalysisResult, path: Path) -> ReviewedView:
    review = read_review(path, result.document)
    events = reviewed_events(review, result.document)
    return view_of(review, events, result.document, reviewed_features(result, events, settings_of(result.document)))


def reviewed_features(result: AnalysisResult, events: tuple[ReviewedEvent, ...], settings: Settings) -> Features | None:
    """Calculate the features again from the events that count after a review.

    Returns
    -------
    None where the result was written before it carried its clock.

    Notes
    -----
    `vision.pipeline.describe` with the same events, settings and seed gives the same figures. Eye closures are the
    program's own.
    """
    new_sites = _new_sites(events, result)
    site_of = {site.id: site for site in (*result.document.sites, *new_sites)}
    counted = tuple(
        _as_event(one, number, site_of[one.site], result) for number, one in enumerate(_counting(events), start=1)
    )
    found = event_set_of(result.document, counted, new_sites)
    if found is None or result.document.clock is None:
        return None
    scale = result.document.clock.mm_per_px
    return describe(found, result.signals, result.regions, settings, seed_of(result.document), scale)


def _counting(events: tuple[ReviewedEvent, ...]) -> list[ReviewedEvent]:
    return [one for one in events if one.counts]


def _new_sites(events: tuple[ReviewedEvent, ...], result: AnalysisResult) -> tuple[Site, ...]:
    """Give each place that only the person saw the middle of its region: the review says no more of it."""
    signals, regions = result.signals, result.regions
    places = list(zip(regions.names, regions.sides, strict=True))
    found = {}
    for one in events:
        if one.region is not None and one.site not in found:
            own = signals.region_of_point == places.index((one.region, one.side))
            x_px, y_px = signals.point_px[own if own.any() else slice(None)].mean(0)
            found[one.site] = Site(one.site, one.region, one.side, float(x_px), float(y_px), 0)
    return tuple(found.values())


def _as_event(one: ReviewedEvent, number: int, site: Site, result: AnalysisResult) -> TwitchEvent:
    """Give an event the shape that the statistics take; an added one has its place from its site."""
    if one.predicted is not None:
        return replace(one.predicted, id=number)
    direction_rad = site.direction_rad or 0.0
    end_s = min(one.onset_s + ADDED_DURATION_S, result.document.clip.duration_s)
    end_s = max(end_s, one.onset_s)
    trace_px = pool_trace(result.signals, site, direction_rad)
    within = trace_px[(result.signals.time_s >= one.onset_s) & (result.signals.time_s < end_s)]
    seen = within[np.isfinite(within)]
    amplitude_px = float(np.abs(seen).max()) if len(seen) else 0.0
    return TwitchEvent(
        id=number, onset_s=one.onset_s, peak_s=min(one.onset_s + ADDED_RISE_S, end_s), offset_s=end_s, site=site.id,
        region=site.region, side=site.side, x_px=site.x_px, y_px=site.y_px, amplitude_px=amplitude_px,
        amplitude_iod=None, amplitude_mm=None, direction_rad=direction_rad, area_px2=None, rise_s=None,
        duration_s=end_s - one.onset_s, margin_sd=0.0,
    )  # fmt: skip
