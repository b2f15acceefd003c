"""A review applied: features calculated again from what a person accepted and added, and the report drawn with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from vision.model.drawing import Drawing
from vision.model.events import EventSet, RegionObservation, Site, TwitchEvent
from vision.model.features import Features
from vision.model.result import AnalysisResult
from vision.model.review import ReviewedEvent
from vision.pipeline import describe
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
    return view_of(review, events, result.document, reviewed_features(result, events, Settings()))


def reviewed_features(result: AnalysisResult, events: tuple[ReviewedEvent, ...], settings: Settings) -> Features | None:
    """Calculate the features again from the events that count after a review.

    Returns
    -------
    None where the result was written before it carried its clock.

    Notes
    -----
    Features follow today's settings; `vision.pipeline.describe` with the same events, settings and seed gives the
    same figures. Eye closures are the program's own.
    """
    clock = result.document.clock
    if clock is None:
        return None
    counted = tuple(_as_event(one, number, result) for number, one in enumerate(_counting(events), start=1))
    sites = tuple(_with_count(site, counted) for site in result.document.sites)
    found = EventSet(
        events=counted,
        rejected=result.document.rejected,
        sites=tuple(site for site in sites if site.event_count),
        closures=clock.closures,
        observed=tuple(RegionObservation(one.name, one.side, one.observed_s) for one in result.document.regions),
        observed_s=result.document.quality.observed_s,
        observed_intervals_s=clock.observed_intervals_s,
        frame_interval_s=clock.frame_interval_s,
        dead_time_s=clock.dead_time_s,
    )
    seed = int(result.document.clip.sha256[:8], 16)
    return describe(found, result.signals, result.regions, settings, seed, clock.mm_per_px)


def _counting(events: tuple[ReviewedEvent, ...]) -> list[ReviewedEvent]:
    return [one for one in events if one.counts]


def _with_count(site: Site, events: tuple[TwitchEvent, ...]) -> Site:
    return replace(site, event_count=sum(event.site == site.id for event in events))


def _as_event(one: ReviewedEvent, number: int, result: AnalysisResult) -> TwitchEvent:
    """Give an event the shape that the statistics take; an added one has its place from its site."""
    if one.predicted is not None:
        return replace(one.predicted, id=number)
    site = next(site for site in result.document.sites if site.id == one.site)
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
