"""The commands of a clinic: many clips, patients over time. `cli` mounts them.

Data goes to stdout, talk and progress to stderr, as in `cli`.
"""

from __future__ import annotations

import datetime
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from vision.errors import (
    ClipError,
    LibraryError,
    OtherPatientError,
    ResultFileError,
    SettingsError,
    TwitchscopeError,
    WorkerLostError,
)
from vision.video.files import shown, shown_name

if TYPE_CHECKING:
    from vision.library.batch import Entry, Tally
    from vision.library.rows import Rows
    from vision.library.store import Library
    from vision.library.upload import Uploaded
    from vision.model.drawing import Drawing
    from vision.model.request import Request
    from vision.settings import Settings

DONE, FAILED = 0, 1
AGAIN_HIDDEN = "twitchscope report RESULT_DIR --clip CLIP --no-video --deidentify draws one again"

LibraryFolder = Annotated[Path, typer.Option(metavar="DIR", help="Folder of the library; made if it is new.")]
Database = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Database elsewhere, e.g. PostgreSQL; else TWITCHSCOPE_DATABASE, else SQLite."),
]
SettingsFile = Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="Settings as TOML.")]
Patient = Annotated[str, typer.Option(metavar="ID", help="Opaque id of the patient: no name.")]
Deidentify = Annotated[
    bool, typer.Option("--deidentify", help="Pixelate all but the places that twitch, in all that is drawn.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")]
Side = Literal["left", "right"]
Value = TypeVar("Value")


def mount(app: typer.Typer) -> None:
    """Add the commands of a clinic to the command line."""
    for command in (upload, batch, review, timeline, summary, export, forget):
        app.command()(command)


def upload(
    clips: Annotated[list[Path], typer.Argument(metavar="CLIP", help="Video files of one patient.")],
    patient: Patient,
    library: LibraryFolder,
    body_part: Annotated[str | None, typer.Option(metavar="TEXT", help="What was filmed.")] = None,
    side: Annotated[Side | None, typer.Option(help="The patient's side that was filmed.")] = None,
    filmed: Annotated[str | None, typer.Option(metavar="DATE", help="Day of the film, such as 2026-03-31.")] = None,
    view: Annotated[Literal["auto", "face", "eye", "skin"], typer.Option(help="What the film shows.")] = "auto",
    region: Annotated[str | None, typer.Option(metavar="X,Y,W,H", help="Skin to watch, upright pixels.")] = None,
    mirrored: Annotated[Literal["yes", "no"] | None, typer.Option(help="The film is a mirror image.")] = None,
    capture_rate: Annotated[
        float | None, typer.Option(metavar="HZ", help="Rate at which slow motion was shot.")
    ] = None,
    scale_mm_per_px: Annotated[float | None, typer.Option(metavar="S", help="Size of a pixel on the skin.")] = None,
    context: Annotated[Path | None, typer.Option(metavar="FILE", help="Answers of the patient, as TOML.")] = None,
    no_keep: Annotated[bool, typer.Option("--no-keep", help="Keep no copy of the film.")] = False,
    deidentify: Deidentify = False,
    settings: SettingsFile = None,
    database: Database = None,
    debug: Debug = False,
) -> None:
    """Check clips, copy them into the library, analyse them and file them under a patient."""
    from cli import _plain, _positive
    from vision.context import load_context
    from vision.library.manifest import filmed_date, rectangle
    from vision.library.store import Library, checked_patient
    from vision.model.drawing import Drawing
    from vision.model.request import Request

    checked_patient(patient)
    request = Request(
        view=None if view == "auto" else view,
        region_px=_read("--region", region, rectangle, "100,200,300,300"),
        body_part=_plain("--body-part", body_part),
        side=side,
        filmed_on=_read("--filmed", filmed, filmed_date, "2026-03-31"),
        mirrored=None if mirrored is None else mirrored == "yes",
        mm_per_px=_positive("--scale-mm-per-px", scale_mm_per_px),
        capture_rate_hz=_positive("--capture-rate", capture_rate),
        context=None if context is None else load_context(context, datetime.date.today()),
    )
    wanted = _Upload(patient, request, _settings(settings), not no_keep, Drawing(deidentify=deidentify), debug)
    _require_files(clips, wanted.settings)
    with _stoppable(), Library(library, database) as shelf:
        codes = [_upload_one(shelf, clip, wanted) for clip in clips]
    raise typer.Exit(max(codes))


@dataclass(frozen=True)
class _Upload:
    """What is to be done with each of the films."""

    patient: str
    request: Request
    settings: Settings
    keeps: bool
    drawing: Drawing
    debug: bool


def _require_files(clips: list[Path], settings: Settings) -> None:
    """Refuse names that are no files before anything is made, all at once."""
    from vision.video.files import require_regular_file

    faults = []
    for clip in clips:
        try:
            require_regular_file(clip, follow_links=settings.video.follow_links)
        except ClipError as error:  # noqa: PERF203 a few names
            faults.append(error)
    if faults:
        found = dict.fromkeys(error.found for error in faults)
        raise ClipError("; ".join(found), faults[0].expected, "nothing was filed; check the paths")


def _upload_one(shelf: Library, clip: Path, wanted: _Upload) -> int:
    from cli import _progress
    from vision.library.upload import upload as file_under

    name = shown_name(clip)
    try:
        with _progress(name) as on_progress:
            uploaded = file_under(
                shelf, clip, wanted.patient, wanted.request, wanted.settings,
                keeps=wanted.keeps, drawing=wanted.drawing, on_progress=on_progress,
            )  # fmt: skip
    except TwitchscopeError as error:
        of_the_library = isinstance(error, LibraryError) and not isinstance(error, OtherPatientError | WorkerLostError)
        if wanted.debug or of_the_library:  # the next film would fare no better
            raise
        prefix = "" if name in str(error) else f"{name}: "
        typer.echo(_one_line(f"twitchscope: {prefix}{error}"), err=True)
        return FAILED
    _print_uploaded(uploaded, name, wanted.patient)
    return DONE


def _print_uploaded(uploaded: Uploaded, name: str, patient: str) -> None:
    from cli import _print_list, _print_summary

    if uploaded.was_there:
        typer.echo(f"{name} is in the library already; this is what was found", err=True)
    if uploaded.note is not None:
        typer.echo(f"{name}: {uploaded.note}", err=True)
    _print_summary(uploaded.document, name)
    _print_list("To film better:", uploaded.advice)
    typer.echo(f"Filed under {patient}: {shown(uploaded.folder / 'report.html')}")


def batch(
    places: Annotated[
        list[str], typer.Argument(metavar="FOLDER…|MANIFEST.csv", help="Folders, clips, addresses, or one manifest.")
    ],
    library: LibraryFolder,
    patient: Annotated[str | None, typer.Option(metavar="ID", help="Whose all clips are.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes; else one per core.")] = None,
    dask: Annotated[str | None, typer.Option(metavar="local|ADDRESS", help="Work on a Dask cluster.")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Do again what failed before.")] = False,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Write no report.html; else one without films.")
    ] = False,
    deidentify: Deidentify = False,
    settings: SettingsFile = None,
    database: Database = None,
    debug: Debug = False,  # noqa: ARG001 `main` looks for it
) -> None:
    """Analyse all clips of folders or of a manifest; run again, it goes on where it stopped."""
    from vision.library.batch import Batch
    from vision.library.manifest import entries_of, require_folder_apart
    from vision.library.store import Library
    from vision.model.drawing import Drawing

    if no_report and deidentify:
        raise SettingsError("--deidentify together with --no-report", "one of them", "leave one out")
    used = _settings(settings)
    # Films of thousands of clips would fill the disk.
    drawing = None if no_report else Drawing(video=False, deidentify=deidentify)
    require_folder_apart(places, library)
    faults: list[SettingsError] = []

    def tell(fault: SettingsError) -> None:
        faults.append(fault)
        typer.echo(_one_line(f"twitchscope: {fault}; nothing in it was done"), err=True)

    entries = entries_of(places, used, patient, tell)
    with _stoppable(), _engine(dask, workers) as engine, Library(library, database) as shelf, _table() as show:
        work = Batch(shelf, entries, used, retries_failed=retry_failed, drawing=drawing, on_change=show)
        try:
            tally = work.run(engine)
        except KeyboardInterrupt:
            typer.echo(f"{_counts(work.tally)}; run the same command again to go on", err=True)
            raise
    typer.echo(_counts(tally))
    if deidentify and tally.passed:
        typer.echo(f"reports drawn before stay as they are; {AGAIN_HIDDEN}", err=True)
    if tally.failed_before:
        typer.echo("what failed before is tried again with --retry-failed", err=True)
    raise typer.Exit(FAILED if tally.failed or tally.failed_before or faults else DONE)


def review(
    reviews: Annotated[list[Path], typer.Argument(metavar="REVIEW.json", help="Reviews as reports save them.")],
    library: LibraryFolder,
    database: Database = None,
    debug: Debug = False,
) -> None:
    """Record what people said of results, and draw the reviewed reports beside them."""
    from vision.library.store import Library

    with Library(library, database, is_new_allowed=False) as shelf:
        codes = [_review_one(shelf, path, debug=debug) for path in reviews]
    raise typer.Exit(max(codes))


def _review_one(shelf: Library, path: Path, *, debug: bool) -> int:
    from vision.library.reviews import file_review

    name = shown_name(path)
    try:
        filed = file_review(shelf, path)
    except ResultFileError as error:
        if debug:
            raise
        prefix = "" if name in str(error) else f"{name}: "
        typer.echo(_one_line(f"twitchscope: {prefix}{error}"), err=True)
        return FAILED
    if filed.was_there:
        typer.echo(f"{name} is recorded already", err=True)
    typer.echo(f"Recorded for {filed.patient or 'no patient'}: {shown(filed.page)}")
    return DONE


def timeline(
    patient: Annotated[str, typer.Argument(metavar="PATIENT", help="Opaque id of the patient.")],
    library: LibraryFolder,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Page, with a PDF beside it; else PATIENT-timeline.html.")
    ] = None,
    database: Database = None,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Show a patient's films in time: rates, places, what is new, and how far they can be compared."""
    from vision.library.store import Library, checked_patient
    from vision.library.timeline import read_timeline
    from vision.library.timeline_page import timeline_lines, write_page
    from vision.library.timeline_pdf import write_pdf

    path = out or Path(f"{checked_patient(patient)}-timeline.html")
    if path.suffix.lower() != ".html":
        raise SettingsError(f"--out {path.name}", "a name that ends in .html", "the PDF is written beside it")
    with Library(library, database, is_new_allowed=False) as shelf:
        course = read_timeline(shelf, patient)
    typer.echo("\n".join(timeline_lines(course)))
    write_page(course, path)
    write_pdf(course, path.with_suffix(".pdf"))
    typer.echo(f"Written: {shown(path)}\nWritten: {shown(path.with_suffix('.pdf'))}")


def summary(
    library: LibraryFolder,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Table to write: .csv, .parquet or .html (with filters).")
    ] = None,
    database: Database = None,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Say what all clips of the library add up to; write the table of them."""
    from vision.library.store import Library
    from vision.library.summary import gone_line, gone_results, require_kind, summarise, summary_lines, write_summary

    if out is not None:
        require_kind(out)
    with Library(library, database, is_new_allowed=False) as shelf:
        found, gone = summarise(shelf), gone_results(shelf)
    if gone:
        typer.echo(gone_line(gone), err=True)
    typer.echo("\n".join(summary_lines(found)))
    if out is not None:
        write_summary(found, out)
        typer.echo(f"Written: {shown(out)}")


def export(
    patient: Patient,
    library: LibraryFolder,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Archive to write; else PATIENT.zip.")] = None,
    database: Database = None,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Write everything about one patient into one archive."""
    from vision.library.patient import export_patient
    from vision.library.store import Library, checked_patient

    path = out or Path(f"{checked_patient(patient)}.zip")
    with Library(library, database, is_new_allowed=False) as shelf:
        held = export_patient(shelf, patient, path)
    if held.missing:
        told = "1 file is" if held.missing == 1 else f"{held.missing} files are"
        typer.echo(f"{told} missing; patient.json in the archive says which", err=True)
    typer.echo(f"Written: {shown(path)} ({held.files} files, {held.reviews} reviews)")


def forget(
    patient: Patient,
    library: LibraryFolder,
    database: Database = None,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Remove a patient from the library and say what was removed; backups are yours to remove."""
    from vision.library.patient import forget_patient
    from vision.library.store import Library

    with Library(library, database, is_new_allowed=False) as shelf:
        gone = forget_patient(shelf, patient)
    typer.echo(
        f"Removed of {patient}: {gone.clips} clips ({gone.copies} copies), {gone.outcomes} outcomes with "
        f"{gone.events} twitches, {gone.results} result folders, {gone.reviews} reviews"
    )


def _engine(dask: str | None, workers: int | None) -> Any:
    from vision.library.engines import dask_engine, fitting_workers, local_engine

    if dask is None:
        return local_engine(workers or fitting_workers())
    if workers is not None and dask != "local":
        raise SettingsError("--workers together with the address of a cluster", "one of them", "leave --workers out")
    return dask_engine(dask, workers or fitting_workers())


@contextmanager
def _table() -> Iterator[Callable[[Tally, Entry | None, Rows | None], None]]:
    """Show how far the batch is, where stderr is a terminal; failures are lines of their own."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    with Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else _nothing() as live:

        def tell(line: str) -> None:
            console.print(_one_line(line), markup=False, highlight=False, soft_wrap=True)

        def show(tally: Tally, entry: Entry | None, rows: Rows | None) -> None:
            if rows is not None and entry is not None and rows.outcome["state"] == "failed":
                said = "; ".join(part for part in (rows.outcome["reason"], rows.outcome["advice"]) if part)
                tell(f"{entry.name}: {said}")
            if rows is not None and entry is not None and rows.note is not None:
                tell(f"{entry.name}: {rows.note}")
            if live is not None:
                live.update(_tally_table(tally), refresh=True)

        yield show


def _tally_table(tally: Tally) -> Any:
    from rich.table import Table

    table = Table("done", "running", "failed", "done before", "failed before", "clips a minute", "time left")
    rate = "-" if tally.per_min is None else f"{tally.per_min:.1f}"
    left = "-" if tally.left_s is None else str(datetime.timedelta(seconds=round(tally.left_s)))
    table.add_row(
        f"{tally.done} of {tally.total}", str(tally.running), str(tally.failed), str(tally.passed),
        str(tally.failed_before), rate, left,
    )  # fmt: skip
    return table


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


def _counts(tally: Tally) -> str:
    before = f", {tally.failed_before} failed before" if tally.failed_before else ""
    return f"{tally.done} done, {tally.failed} failed, {tally.passed} done before{before}, of {tally.total} clips"


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does: what runs is stopped, what is recorded stays."""

    def stop(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _settings(path: Path | None) -> Settings:
    from vision.settings import Settings, load_settings

    return Settings() if path is None else load_settings(path)


def _read(option: str, value: str | None, read: Callable[[str], Value], such_as: str) -> Value | None:
    """Read what a cell of a manifest may say, too."""
    try:
        return None if value is None else read(value)
    except ValueError as error:
        said = shown(value)[:40]
        raise SettingsError(f"{option} {said!r}: {error}", f"such as {such_as}", "correct it") from error


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
