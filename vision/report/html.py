"""report.html: one file that opens offline, asks the network for nothing and runs no script but its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from vision.context import neurologist_reasons
from vision.model.result import AnalysisResult, ResultDocument
from vision.report import figures, player, tables, text
from vision.report.again import settings_note
from vision.report.beat import beat_of, histogram, spectrum
from vision.report.export import result_sha256
from vision.report.films import Films
from vision.report.folder import EVENTS_NAME, REPORT_NAME, SIGNALS_NAME, refusal, replace_text
from vision.report.heat import heat_of
from vision.report.lanes import region_lanes, rejected_lanes, trace_pictures
from vision.report.migration import migration_map
from vision.report.reviewed import ReviewedView
from vision.report.still import Still, draw_still, read_still
from vision.report.units import measured, probability

FIRST_TRACES = 4  # these are seen at once, the others on a click
MOST_EVENT_ROWS = 500  # the rest stands in events.csv; keeps the file under 1.5 MB
NUMBER_AND_UNIT = re.compile(r"(\d) (?=(?:s|px|mm|Hz|%)(?:\W|$))")
# What no page may hold: control characters but tab and line end, and halves of surrogate pairs.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


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
    heat = None if still is None else heat_of(result)
    slowdown = films.slowdown if films else 1.0
    beat = beat_of(document)
    quiet, busy = region_lanes(result, beat, reviewed)
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
        "region_limits": unbroken(text.region_limits_sentence(document)),
        "closure": unbroken(text.closure_sentence(document)),
        "rejected": text.rejected_sentence(document),
        "wording": text.REQUIRED_WORDING,
        "headline": tables.headline_figures(document),
        "still": None if still is None else draw_still(still, result, heat),
        "films": player.film_elements(films),
        "enlarged": _enlarged(films),
        "films_note": films.note if films else "",
        "no_films": player.NO_CLIP if still is None else player.NO_VIDEO,
        "script": own_script,
        "script_hash": script_hash,
        "data_json": htmlsafe_json_dumps(player.script_data(result, slowdown, result_sha256(document), reviewed)),
        "reviewed": reviewed,
        "verdicts": reviewed.verdicts if reviewed else {},
        "sites": tables.site_rows(document),
        "busy_lanes": busy,
        "quiet_lanes": quiet,
        "rejected_lanes": rejected_lanes(result),
        "time_axis": figures.time_axis(document.clip.duration_s),
        "traces": trace_pictures(result),
        "first_traces": FIRST_TRACES,
        "histogram": histogram(beat),
        "spectrum": spectrum(result),
        "migration": migration_map(result),
        "has_bursts": bool(beat.bursts),
        "heat": None if still is None else heat,
        "heat_most": measured(heat.most_px, "px") if heat else "",
        "settings": _settings(document),
        "settings_note": settings_note(document),
        "groups": tables.feature_groups(document),
        "probabilities": _probabilities(result),
        "events": document.events[:MOST_EVENT_ROWS],
        "said": text.recording_facts(result.document),
        "place": text.place,
        "arrow_words": tables.arrow_words,
        "amplitude_words": tables.amplitude_words,
        "amplitude_note": tables.amplitude_note(document),
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


def _probabilities(result: AnalysisResult) -> list[tuple[str, str, str, Markup]]:
    ranked = sorted(result.document.pattern.probability.items(), key=lambda item: -item[1])
    return [
        (name, text.PATTERN_WORDS[name], probability(value), figures.share_bar(min(max(value, 0.0), 1.0)))
        for name, value in ranked
    ]


def _enlarged(films: Films | None) -> str:
    """Say from which size on the second film shows a twitch as it promises."""
    if films is None or films.factor is None or films.full_from_px is None:
        return ""
    size = measured(films.full_from_px, "px")
    return unbroken(
        f"Held still, a twitch of {size} or more is enlarged {films.factor:g} times; a smaller one less, or not at all."
    )


def _settings(document: ResultDocument) -> list[tuple[str, str]]:
    """List every setting that was used, as pairs of its name and its value."""
    sections = document.settings or {}
    return [(f"{section}.{name}", str(value)) for section, own in sections.items() for name, value in own.items()]
