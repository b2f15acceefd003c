"""The rows of the timeline, and the traces of the busiest places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup

from vision.model.events import THROUGHOUT, RejectedMovement, Site, TwitchEvent
from vision.model.regions import region_label
from vision.model.result import AnalysisResult, RegionRecord, ResultDocument
from vision.report import figures, tables, text, traces
from vision.report.beat import Beat
from vision.report.reviewed import ReviewedView
from vision.report.units import counted, whole

TRACE_WORDS = "displacement in px along its direction"
MOST_TRACES = 12  # the busiest sites; the rest stands in signals.npz


@dataclass(frozen=True)
class Lane:
    """One row of the timeline.

    region : its index among the result's regions. kind : of movement that was set apart. None where it is none.
    """

    name: str
    note: str
    picture: Markup
    region: int | None = None
    kind: str | None = None


@dataclass(frozen=True)
class TracePicture:
    """The trace of one site with its heading."""

    site: int
    heading: str
    picture: Markup | None


def region_lanes(result: AnalysisResult, beat: Beat, reviewed: ReviewedView | None) -> tuple[list[Lane], list[Lane]]:
    """Draw a lane for each region: those without a twitch, and those with, the busiest first."""
    document = result.document
    clear = traces.watched(result)
    labels = [region_label(*names) for names in zip(result.regions.names, result.regions.sides, strict=True)]
    quiet: list[Lane] = []
    busy: list[Lane] = []
    for region in sorted(document.regions, key=lambda region: -region.event_count):
        label = region_label(region.name, region.side)
        own = [event for event in document.events if region_label(event.region, event.side) == label]
        seen = clear[:, labels.index(label)] if label in labels else np.ones(len(clear), dtype=bool)
        unwatched = traces.gaps(seen, result.regions.time_s, document.clip.duration_s)
        marks = [_event_mark(event, reviewed.verdicts.get(event.id, "") if reviewed else "") for event in own]
        marks += _added_marks(document, label, reviewed)
        bursts = _bursts_in(document, label, beat)
        lane = _region_lane(region, own, marks, unwatched, bursts, document.clip.duration_s)
        (busy if marks else quiet).append(replace(lane, region=document.regions.index(region)))
    return quiet, busy


def _added_marks(document: ResultDocument, label: str, reviewed: ReviewedView | None) -> list[figures.Mark]:
    """Mark what a person added in this region."""
    sites = {site.id for site in document.sites if region_label(site.region, site.side) == label}
    added = [
        one
        for one in (reviewed.added if reviewed else ())
        if one.site in sites or (one.region is not None and region_label(one.region, one.side) == label)
    ]
    return [
        figures.Mark(one.onset_s, one.onset_s, one.onset_s, f"Added at {one.onset_s:.2f} s", verdict="added")
        for one in added
    ]


def _bursts_in(document: ResultDocument, label: str, beat: Beat) -> list[tuple[float, float]]:
    """Say from when to when the bursts of this region's sites lasted."""
    sites = {site.id for site in document.sites if region_label(site.region, site.side) == label}
    return [(float(burst.onset_s[0]), burst.offset_s) for burst in beat.bursts if burst.site in sites]


def _region_lane(
    region: RegionRecord, own: Sequence[TwitchEvent], marks: Sequence[figures.Mark],
    unwatched: list[tuple[float, float]], bursts: list[tuple[float, float]], duration_s: float,
) -> Lane:  # fmt: skip
    name = text.place(region.name, region.side)
    view = f"{whole(region.observed_s)} s of clear view"
    note = f"{counted(len(own), 'twitch', 'twitches')} in {view}" if own else view
    span = f", the first at {own[0].onset_s:.1f} s, the last at {own[-1].onset_s:.1f} s" if own else ""
    span += f", in {counted(len(bursts), 'burst')}" if bursts else ""
    picture = figures.lane(marks, unwatched, duration_s, kind="event", alt=f"{name}: {note}{span}", bursts=bursts)
    return Lane(name, note, picture)


def rejected_lanes(result: AnalysisResult) -> list[Lane]:
    """Draw a lane for each kind of movement that was set apart, blinks first."""
    rejected, duration_s = result.document.rejected, result.document.clip.duration_s
    lanes = []
    for kind in sorted({movement.kind for movement in rejected}, key=lambda kind: (kind != "blink", kind)):
        marks = [_rejected_mark(movement) for movement in rejected if movement.kind == kind]
        name = text.kind_words(kind)
        note = f"{'throughout' if kind in THROUGHOUT else counted(len(marks), 'time')}, not counted"
        picture = figures.lane(marks, (), duration_s, kind="other", alt=f"{name}: {note}")
        lanes.append(Lane(name, note, picture, kind=kind))
    return lanes


def trace_pictures(result: AnalysisResult) -> list[TracePicture]:
    """Draw the traces of the busiest sites."""
    busiest = sorted(result.document.sites, key=lambda site: -site.event_count)[:MOST_TRACES]
    return [_trace(result, site) for site in busiest]


def _trace(result: AnalysisResult, site: Site) -> TracePicture:
    document, signals = result.document, result.signals
    own = [event for event in document.events if event.site == site.id]
    heading = f"Site {site.id}, {text.place(site.region, site.side)}"
    direction_rad = traces.direction_of_site(site, document.events)
    if direction_rad is None:
        return TracePicture(site.id, heading, None)
    value_px = traces.pool_trace(signals, site, direction_rad)
    alt = f"Displacement of site {site.id} over time with {counted(len(own), 'twitch', 'twitches')} marked"
    marks = [_event_mark(event) for event in own]
    picture = figures.trace(signals.time_s, value_px, marks, document.clip.duration_s, alt=alt)
    toward = tables.arrow_words(direction_rad)
    return TracePicture(site.id, f"{heading}: {TRACE_WORDS} ({toward} in the picture); shaded: twitch", picture)


def _event_mark(event: TwitchEvent, verdict: str = "") -> figures.Mark:
    size = f"{event.amplitude_px:.2f} px"
    label = f"Twitch {event.id}: {event.onset_s:.2f} to {event.offset_s:.2f} s, peak {event.peak_s:.2f} s, {size}"
    return figures.Mark(event.onset_s, event.peak_s, event.offset_s, label, event.id, verdict)


def _rejected_mark(movement: RejectedMovement) -> figures.Mark:
    where = f", {', '.join(movement.regions)}" if movement.regions else ""
    label = f"{text.kind_words(movement.kind)}: {movement.onset_s:.2f} to {movement.offset_s:.2f} s{where}"
    return figures.Mark(movement.onset_s, movement.peak_s, movement.offset_s, label)
