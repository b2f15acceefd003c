"""report.html: one file that opens offline, asks the network for nothing and runs no script but its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from vision.context import neurologist_reasons
from vision.model.events import RejectedMovement, Site, TwitchEvent
from vision.model.regions import region_label
from vision.model.result import AnalysisResult, RegionRecord
from vision.report import figures, player, tables, text, traces
from vision.report.export import result_sha256
from vision.report.films import Films
from vision.report.folder import EVENTS_NAME, REPORT_NAME, SIGNALS_NAME, refusal, replace_text
from vision.report.reviewed import ReviewedView
from vision.report.still import Still, draw_still, read_still
from vision.report.units import counted, probability, whole

MOST_TRACES = 12  # the busiest sites; the rest stands in signals.npz
FIRST_TRACES = 4  # these are seen at once, the others on a click
MOST_EVENT_ROWS = 500  # the rest stands in events.csv; keeps the file under 1.5 MB
FEWEST_INTERVALS = 3  # below, a histogram shows nothing that its numbers do not
NUMBER_AND_UNIT = re.compile(r"(\d) (?=(?:s|px|mm|Hz|%)(?:\W|$))")
# What no page may hold: control characters but tab and line end, and halves of surrogate pairs.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Lane:
    """One row of the timeline."""

    name: str
    note: str
    picture: Markup


@dataclass(frozen=True)
class TracePicture:
    """The trace of one site with its heading."""

    site: int
    heading: str
    picture: Markup | None


def write_report(result: AnalysisResult, folder: Path, *, clip: Path | None, title: str | None = None) -> Path:
    """Write report.html into a result folder.

    Parameters
    ----------
    result : AnalysisResult
    folder : where to write; made if it is missing.
    clip : the film, for the still; without it a sentence stands in its place.
    title : shown at the top as text; no name of a file is shown unless given here.

    Returns
    -------
    The path of the report.

    Raises
    ------
    ResultFileError
        `clip` is not the clip of this result.
    ClipError
        `clip` cannot be read.
    OutputError
        The report cannot be written.
    """
    page = render_report(result, clip=clip, title=title)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(folder, error) from error
    replace_text(folder / REPORT_NAME, page)
    return folder / REPORT_NAME


def render_report(
    result: AnalysisResult, *, clip: Path | None, title: str | None = None, still: Still | None = None,
    films: Films | None = None, reviewed: ReviewedView | None = None,
) -> str:  # fmt: skip
    """Draw the whole page as text; see `write_report`.

    `still`, `films` : as drawn before; a `still` takes the place of the one read from `clip`.
    `reviewed` : what a review made of the result.
    """
    document = result.document
    if still is None and clip is not None:
        still = read_still(result, clip)
    own_script, script_hash = player.script()
    slowdown = films.slowdown if films else 1.0
    quiet, busy = _region_lanes(result)
    context: dict[str, Any] = {
        "document": document,
        "title": title,
        "neurologist": text.neurologist_sentences(document),
        "neurologist_first": text.neurologist_comes_first(document),
        "reasons_to_see": neurologist_reasons(document.context),
        "closure_beside": unbroken(text.closure_beside(document)),
        "context_facts": text.context_facts(document),
        "answer": unbroken(text.answer_sentence(document)),
        "simulated": text.simulated_sentence(document),
        "pattern": unbroken(text.pattern_sentence(document)),
        "limits": unbroken(" ".join(text.limit_sentences(document))),
        "closure": unbroken(text.closure_sentence(document)),
        "rejected": text.rejected_sentence(document),
        "wording": text.REQUIRED_WORDING,
        "headline": tables.headline_figures(document),
        "still": None if still is None else draw_still(still, result),
        "films": player.film_elements(films),
        "no_films": player.NO_CLIP if still is None else player.NO_VIDEO,
        "script": own_script,
        "script_hash": script_hash,
        "data_json": htmlsafe_json_dumps(
            player.script_data(result, slowdown, result_sha256(document), MOST_EVENT_ROWS)
        ),
        "reviewed": reviewed,
        "verdicts": reviewed.verdicts if reviewed else {},
        "sites": tables.site_rows(document),
        "busy_lanes": busy,
        "quiet_lanes": quiet,
        "rejected_lanes": _rejected_lanes(result),
        "time_axis": figures.time_axis(document.clip.duration_s),
        "traces": _traces(result),
        "first_traces": FIRST_TRACES,
        "histogram": _histogram(result),
        "groups": tables.feature_groups(document),
        "probabilities": _probabilities(result),
        "events": document.events[:MOST_EVENT_ROWS],
        "said": _said_by_user(result),
        "place": text.place,
        "arrow_words": tables.arrow_words,
        "signals_name": SIGNALS_NAME,
        "events_name": EVENTS_NAME,
    }
    return UNPRINTABLE.sub("�", _environment().get_template("report.html.j2").render(context))


def unbroken(sentence: str) -> str:
    """Keep a number and its unit on one line."""
    return NUMBER_AND_UNIT.sub("\\1\N{NO-BREAK SPACE}", sentence)


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("vision.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _region_lanes(result: AnalysisResult) -> tuple[list[Lane], list[Lane]]:
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
        (busy if own else quiet).append(_region_lane(region, own, unwatched, document.clip.duration_s))
    return quiet, busy


def _region_lane(
    region: RegionRecord, own: Sequence[TwitchEvent], unwatched: list[tuple[float, float]], duration_s: float
) -> Lane:
    marks = [_event_mark(event) for event in own]
    name = text.place(region.name, region.side)
    view = f"{whole(region.observed_s)} s of clear view"
    note = f"{counted(len(own), 'twitch', 'twitches')} in {view}" if own else view
    span = f", the first at {own[0].onset_s:.1f} s, the last at {own[-1].onset_s:.1f} s" if own else ""
    picture = figures.lane(marks, unwatched, duration_s, kind="event", alt=f"{name}: {note}{span}")
    return Lane(name, note, picture)


def _rejected_lanes(result: AnalysisResult) -> list[Lane]:
    """Draw a lane for each kind of movement that was set apart, blinks first."""
    rejected, duration_s = result.document.rejected, result.document.clip.duration_s
    lanes = []
    for kind in sorted({movement.kind for movement in rejected}, key=lambda kind: (kind != "blink", kind)):
        marks = [_rejected_mark(movement) for movement in rejected if movement.kind == kind]
        name = text.kind_words(kind)
        note = f"{counted(len(marks), 'time')}, not counted"
        picture = figures.lane(marks, (), duration_s, kind="other", alt=f"{name}: {note}")
        lanes.append(Lane(name, note, picture))
    return lanes


def _traces(result: AnalysisResult) -> list[TracePicture]:
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
    return TracePicture(site.id, f"{heading}: movement along its direction ({toward} in the picture)", picture)


def _histogram(result: AnalysisResult) -> tuple[Markup, str] | None:
    """Draw the interval histogram with its caption; None where there are too few intervals."""
    interval_s, is_within = traces.onset_intervals(result.document)
    if len(interval_s) < FEWEST_INTERVALS:
        return None
    whose = "at the same site" if is_within else "at any site, since none twitched twice"
    caption = (
        f"{len(interval_s)} intervals from one onset to the next {whose}, on a logarithmic axis; "
        "those across a gap in the view included. Bursts stand on the left, pauses on the right."
    )
    span = f"from {whole(float(interval_s.min()))} to {whole(float(interval_s.max()))} s"
    return figures.interval_histogram(interval_s, alt=f"Histogram of {len(interval_s)} intervals, {span}"), caption


def _probabilities(result: AnalysisResult) -> list[tuple[str, str, str, Markup]]:
    ranked = sorted(result.document.pattern.probability.items(), key=lambda item: -item[1])
    return [
        (name, text.PATTERN_WORDS[name], probability(value), figures.share_bar(min(max(value, 0.0), 1.0)))
        for name, value in ranked
    ]


def _said_by_user(result: AnalysisResult) -> list[tuple[str, str]]:
    said = result.document.recording
    mirrored = {True: "yes", False: "no", None: None}[said.mirrored]
    pairs = [("Body part", said.body_part), ("Side", said.side), ("Filmed on", said.filmed_on), ("Mirrored", mirrored)]
    return [(word, value) for word, value in pairs if value is not None]


def _event_mark(event: TwitchEvent) -> figures.Mark:
    size = f"{event.amplitude_px:.2f} px"
    label = f"Twitch {event.id}: {event.onset_s:.2f} to {event.offset_s:.2f} s, peak {event.peak_s:.2f} s, {size}"
    return figures.Mark(event.onset_s, event.peak_s, event.offset_s, label, event.id)


def _rejected_mark(movement: RejectedMovement) -> figures.Mark:
    where = f", {', '.join(movement.regions)}" if movement.regions else ""
    label = f"{text.kind_words(movement.kind)}: {movement.onset_s:.2f} to {movement.offset_s:.2f} s{where}"
    return figures.Mark(movement.onset_s, movement.peak_s, movement.offset_s, label)
