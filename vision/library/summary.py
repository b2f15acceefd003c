"""A table of the clinic: one row for each clip, of its latest run, as CSV, Parquet or a page that can be filtered."""

from __future__ import annotations

import csv
import datetime
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from vision.errors import LibraryError, SettingsError
from vision.library.database import reading
from vision.library.schema import Clip, Outcome, Patient, Run
from vision.library.store import Library
from vision.report.folder import replace_text, write_aside
from vision.report.text import REQUIRED_WORDING
from vision.report.units import counted

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")  # a spreadsheet would calculate such a text (OWASP)
MOST_PAGE_ROWS = 2000  # a page with more is slow to filter; the whole table is for CSV and Parquet; our choice
KEY_LETTERS, MOST_GONE_SHOWN = 12, 5  # of the clips whose results are gone, on the screen
_COLUMNS: tuple[tuple[str, ColumnElement[Any] | Any], ...] = (
    ("clip", Clip.key),
    ("patient", Patient.name),
    ("filmed", Clip.filmed_on),
    ("body_part", Clip.body_part),
    ("side", Clip.side),
    ("state", Outcome.state),
    ("cause", Outcome.cause),
    ("reason", Outcome.reason),
    ("advice", Outcome.advice),
    ("label", Outcome.label),
    ("probability", Outcome.probability),
    ("rate_per_min", Outcome.rate_per_min),
    ("rate_low_per_min", Outcome.rate_low_per_min),
    ("rate_high_per_min", Outcome.rate_high_per_min),
    ("event_count", Outcome.event_count),
    ("duty_cycle", Outcome.duty_cycle),
    ("laterality", Outcome.laterality),
    ("view", Outcome.view),
    ("usable", Outcome.is_usable),
    ("simulated", Outcome.is_simulated),
    ("duration_s", Outcome.duration_s),
    ("observed_s", Outcome.observed_s),
    ("mean_rate_hz", Outcome.mean_rate_hz),
    ("limit_of_detection_px", Outcome.limit_px),
    ("limit_of_detection_iod", Outcome.limit_iod),
    ("limit_of_detection_mm", Outcome.limit_mm),
    ("warnings", Outcome.warning_codes),
    ("version", Run.version),
    ("settings_sha256", Run.settings_sha256),
    ("recorded_at", Outcome.recorded_at),
)
CAUSES = {
    "ClipNotFoundError": "no such film",
    "ClipNotReadableError": "cannot be read as a film",
    "ClipTooShortError": "too short",
    "ClipNotFetchedError": "its store did not hand it over; tried again with the next batch",
    "NothingToMeasureError": "no face, eye or skin that can be tracked",
    "ClipStoppedError": "its analysis crashed, hung or outgrew its limits",
    "WorkerLostError": "its workers were lost; tried again with the next batch",
    "DefectError": "a defect of twitchscope",
}
COLUMNS = tuple(name for name, _ in _COLUMNS)


@dataclass(frozen=True)
class Summary:
    """The table and what it adds up to. A cell that is None was not measured."""

    rows: Sequence[tuple[Any, ...]]
    patient_count: int
    labels: dict[str, int]
    causes: dict[str, int]
    warnings: dict[str, int]


def summarise(library: Library) -> Summary:
    """Read the latest outcome of every clip."""
    with reading(library.engine) as session:
        rows = [tuple(row) for row in session.execute(_query())]
        patients = session.scalar(select(func.count()).select_from(Patient)) or 0
    at = {name: COLUMNS.index(name) for name in ("label", "cause", "warnings")}
    return Summary(
        rows,
        patients,
        _tally(row[at["label"]] for row in rows),
        _tally(row[at["cause"]] for row in rows),
        _tally(code for row in rows if row[at["warnings"]] for code in row[at["warnings"]].split()),
    )


def _query() -> Any:
    """Take the outcome with the highest number of each clip: an outcome is numbered when it is recorded."""
    latest = select(func.max(Outcome.id)).group_by(Outcome.clip_id)
    query = select(*(column for _, column in _COLUMNS)).select_from(Outcome)
    query = query.join(Clip, Outcome.clip_id == Clip.id).join(Run, Outcome.run_id == Run.id)
    query = query.outerjoin(Patient, Clip.patient_id == Patient.id)
    return query.where(Outcome.id.in_(latest)).order_by(Patient.name, Clip.filmed_on, Outcome.id)


def gone_results(library: Library) -> list[str]:
    """Name the clips whose result is recorded but not there. Nothing is opened: 100,000 take a second or two."""
    latest = select(func.max(Outcome.id)).group_by(Outcome.clip_id)
    query = select(Clip.key, Outcome.result_sha256).join(Outcome, Outcome.clip_id == Clip.id)
    with reading(library.engine) as session:
        rows = session.execute(query.where(Outcome.id.in_(latest), Outcome.result_sha256.is_not(None))).all()
    return [key for key, name in rows if not library.holds(name)]


def gone_line(keys: Sequence[str]) -> str:
    """Say of which clips the results are gone, and what to do."""
    some = ", ".join(key[:KEY_LETTERS] for key in keys[:MOST_GONE_SHOWN])
    more = f" and {len(keys) - MOST_GONE_SHOWN} more" if len(keys) > MOST_GONE_SHOWN else ""
    return (
        f"{counted(len(keys), 'result')} recorded but not in the library's folder, of clip {some}{more}; "
        "upload or batch makes them again from the films, as they were told of them before"
    )


def _tally(values: Any) -> dict[str, int]:
    return dict(Counter(value for value in values if value is not None).most_common())


def summary_lines(summary: Summary) -> list[str]:
    """Say what the table adds up to."""
    failed = sum(summary.causes.values())
    good = len(summary.rows) - failed
    lines = [
        f"{counted(len(summary.rows), 'clip')} of {counted(summary.patient_count, 'patient')}: {good} with a result"
    ]
    lines += [f"  {label}: {count}" for label, count in summary.labels.items()]
    if failed:
        lines.append(f"{failed} failed")
        lines += [f"  {CAUSES.get(cause, cause)}: {count}" for cause, count in summary.causes.items()]
    if summary.warnings:
        lines.append(
            "Limits of the films: " + ", ".join(f"{code} ({count})" for code, count in summary.warnings.items())
        )
    return lines


def require_kind(path: Path) -> None:
    """Refuse a name that says of no kind of table.

    Raises
    ------
    SettingsError
        The suffix is neither .csv nor .parquet nor .html.
    """
    if path.suffix.lower() not in _WRITERS:
        raise SettingsError(f"--out {path.name}", f"a name that ends in {', '.join(_WRITERS)}", "name it so")


def write_summary(summary: Summary, path: Path) -> None:
    """Write the table; the suffix says as what.

    Raises
    ------
    SettingsError
        As `require_kind`.
    OutputError
        It cannot be written.
    """
    require_kind(path)
    _WRITERS[path.suffix.lower()](summary, path)


def _write_csv(summary: Summary, path: Path) -> None:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in row] for row in summary.rows)
    replace_text(path, lines.getvalue())


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return ("'" if value.startswith(FORMULA_STARTS) else "") + value.replace("\r", " ")
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return "" if value is None else value


def _write_parquet(summary: Summary, path: Path) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        advice = "pip install 'twitchscope[parquet]', or write .csv"
        raise LibraryError("Parquet cannot be written", "the package pyarrow", advice) from error
    columns = zip(*summary.rows, strict=True) if summary.rows else ([] for _ in COLUMNS)
    table = pyarrow.table(dict(zip(COLUMNS, map(list, columns), strict=True)))

    def write(aside: Path) -> None:
        with aside.open("wb") as file:  # pyarrow itself opens no name whose bytes are no letters
            parquet.write_table(table, file)

    write_aside(path, write)


def _write_page(summary: Summary, path: Path) -> None:
    page = environment().get_template("summary.html.j2").render(
        summary=summary, columns=COLUMNS, rows=summary.rows[:MOST_PAGE_ROWS], most=MOST_PAGE_ROWS,
        lines=summary_lines(summary), wording=REQUIRED_WORDING,
    )  # fmt: skip
    replace_text(path, page)


_WRITERS: dict[str, Callable[[Summary, Path], None]] = {
    ".csv": _write_csv, ".parquet": _write_parquet, ".html": _write_page,
}  # fmt: skip


def environment() -> Environment:
    """Load the pages of the library."""
    return Environment(
        loader=PackageLoader("vision.library", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def clips_of(session: Session, patient: Patient) -> list[Clip]:
    """List the clips of a patient, the oldest first."""
    return list(session.scalars(select(Clip).where(Clip.patient_id == patient.id).order_by(Clip.filmed_on, Clip.id)))
