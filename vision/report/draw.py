"""All that is drawn from one result: films, page, and the files asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vision.errors import ResultFileError
from vision.model.drawing import Drawing
from vision.model.result import AnalysisResult
from vision.report.fhir import fhir_bundle, require_reviewed_figures
from vision.report.films import Films, write_films
from vision.report.folder import (
    FHIR_NAME,
    PARQUET_NAME,
    PDF_NAME,
    REPORT_NAME,
    clear_films,
    films_aside,
    refusal,
    replace_text,
    write_aside,
)
from vision.report.html import render_report
from vision.report.parquet import write_parquet
from vision.report.pdf import write_pdf
from vision.report.reviewed import ReviewedView
from vision.report.still import Still, read_still
from vision.report.unknown import hidden_still, strength_for
from vision.report.veil import Strength

Progress = Callable[[float], None]


def _unheard(_share: float) -> None:
    """Listen to no progress."""


def draw(
    result: AnalysisResult,
    folder: Path,
    clip: Path | None,
    drawing: Drawing | None = None,
    *,
    reviewed: ReviewedView | None = None,
    on_progress: Progress = _unheard,
) -> Path:
    """Draw what `drawing` asks for into a result folder; the page last, so that it never speaks of what is not there.

    Raises
    ------
    ResultFileError
        `clip` is not the clip of this result, or what is asked for cannot be made from it.
    ClipError
        `clip` cannot be read.
    OutputError
        Something cannot be written; what was there before is then still whole.
    """
    drawing = drawing or Drawing()
    if clip is None and drawing.event_clips:
        raise ResultFileError("--event-clips without the clip", "the clip that was analysed", "give it with --clip")
    if drawing.fhir and reviewed is not None:
        require_reviewed_figures(reviewed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(folder, error) from error
    strength = strength_for(result, clip) if drawing.deidentify and clip is not None else None
    still = None if clip is None else still_of(result, clip, strength)
    films = _films(result, clip, folder, drawing, strength, on_progress)
    page = render_report(result, clip=None, still=still, films=films, reviewed=reviewed)
    _files(result, folder, drawing, still, reviewed)
    replace_text(folder / REPORT_NAME, page)
    if drawing.deidentify:
        _drop_clear_pictures(folder, drawing, films)
    return folder / REPORT_NAME


def _files(
    result: AnalysisResult, folder: Path, drawing: Drawing, still: Still | None, reviewed: ReviewedView | None
) -> None:
    """Write what other programs read, and the PDF; each appears in one step."""
    write_aside(folder / PARQUET_NAME, lambda path: write_parquet(result, path))
    if drawing.fhir:
        replace_text(folder / FHIR_NAME, fhir_bundle(result.document, reviewed))
    if drawing.pdf:
        write_aside(folder / PDF_NAME, lambda path: write_pdf(result, path, still, reviewed))


def _films(
    result: AnalysisResult, clip: Path | None, folder: Path, drawing: Drawing, strength: Strength | None,
    on_progress: Progress,
) -> Films | None:  # fmt: skip
    """Write the films that are wanted, in the place of all older ones; where none are wanted, older ones stay."""
    if clip is None or not drawing.video:
        return None
    with films_aside(folder) as aside:
        films = write_films(result, clip, aside, drawing, on_progress, strength)
    magnified = None if films.magnified is None else folder / films.magnified.name
    return replace(films, overlay=folder / films.overlay.name, magnified=magnified)


def _drop_clear_pictures(folder: Path, drawing: Drawing, films: Films | None) -> None:
    """Leave no older picture beside a de-identified report by which somebody could be recognised."""
    try:
        if films is None:
            clear_films(folder)
        if not drawing.pdf:
            (folder / PDF_NAME).unlink(missing_ok=True)
    except OSError as error:
        raise refusal(folder, error) from error


def still_of(result: AnalysisResult, clip: Path, strength: Strength | None) -> Still:
    """Read the still, pixelated with the strength given; as filmed without one."""
    still = read_still(result, clip)
    return still if strength is None else replace(still, picture=hidden_still(result, still, strength))
