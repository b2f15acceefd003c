"""Everything about one patient: as one archive, or taken away."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, inspect, select
from sqlalchemy.orm import Session

from vision.errors import LibraryError, OutputError
from vision.library import files
from vision.library.database import explained, explained_raw, one_writer, reading, writing
from vision.library.schema import Clip, Event, Outcome, Part, Patient, Review, Source
from vision.library.store import Library
from vision.library.summary import clips_of
from vision.report.folder import RESULT_NAME, write_aside
from vision.video.files import shown_name

DATA_NAME = "patient.json"


@dataclass(frozen=True)
class Exported:
    """What an archive holds. `missing`: files that should be in the library and are not there or cannot be read."""

    files: int
    reviews: int
    missing: int


@dataclass(frozen=True)
class Removed:
    """What `forget` took away."""

    clips: int
    copies: int
    outcomes: int
    results: int
    events: int
    reviews: int


def export_patient(library: Library, name: str, out: Path) -> Exported:
    """Write everything about a patient into one zip archive.

    The copies of the films are the originals, bit for bit: what the phone wrote into them (place, time) is in them.
    Results that no outcome knows any more, with their reviews, are in it too. What should be there and is not stands
    in patient.json as missing.

    Raises
    ------
    LibraryError
        There is no such patient.
    OutputError
        The archive is there already or cannot be written.
    """
    if files.looked_at(out, Path.exists):
        raise OutputError(f"{shown_name(out)} is there already", "a new file", "name another with --out")
    with reading(library.engine) as session:
        patient = library.require_patient(session, name)
        said = _data(session, patient)
        paths = _files_of(library, session, patient)
    write_aside(out, lambda aside: _write_archive(aside, library.folder, said, paths))
    missing = len(said["missing"])
    return Exported(len(paths) - missing + 1, len(said["reviews"]), missing)


def _write_archive(aside: Path, folder: Path, said: dict[str, Any], paths: list[Path]) -> None:
    """Write the files, and then what is said of them: what was not there, too."""
    with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for path in paths:
            name = path.relative_to(folder).as_posix()
            if _can_be_read(path):
                archive.write(path, name)
            else:
                said["missing"].append(name)
        archive.writestr(DATA_NAME, json.dumps(said, indent=2, ensure_ascii=False, default=str) + "\n")
    files.to_disk(aside)


def _can_be_read(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError:
        return False
    return True


def forget_patient(library: Library, name: str) -> Removed:
    """Take a patient away: copies, results, then all that the database holds. Interrupted, it can be run again.

    Raises
    ------
    LibraryError
        There is no such patient; or all is removed, but another program holds SQLite's log with the rows still in it.
    OutputError
        A file cannot be removed; the database still knows it.
    """
    with reading(library.engine) as session:
        patient = library.require_patient(session, name)
        clips = clips_of(session, patient)
        copies = [path for clip in clips for path in _copies_of(library, clip)]
        results = list({*_results_of(library, session, patient), *_unrecorded(library, session, clips)})
    gone = _remove(copies), _remove(results)
    with writing(library.engine) as session:
        one_writer(session)
        counts = _remove_rows(session, name)
    _overwrite(library)
    return Removed(counts["clips"], gone[0], counts["outcomes"], gone[1], counts["events"], counts["reviews"])


def _data(session: Session, patient: Patient) -> dict[str, Any]:
    outcomes = select(Outcome).join(Clip, Outcome.clip_id == Clip.id).where(Clip.patient_id == patient.id)
    numbers = outcomes.with_only_columns(Outcome.id)
    tables: dict[str, Any] = {"parts": Part, "events": Event, "reviews": Review}
    said: dict[str, Any] = {"patient": _plain(patient), "clips": [_plain(clip) for clip in clips_of(session, patient)]}
    said["outcomes"] = [_plain(outcome) for outcome in session.scalars(outcomes)]
    for word, table in tables.items():
        rows: Any = session.scalars(select(table).where(table.outcome_id.in_(numbers)))
        said[word] = [_plain(row) for row in rows]
    said["missing"] = []
    return said


def _plain(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _files_of(library: Library, session: Session, patient: Patient) -> list[Path]:
    """List what there is of a patient, and what there should be."""
    clips, found = clips_of(session, patient), []
    for clip in clips:
        kept = set() if clip.kept_as is None else {library.clips / clip.kept_as}
        found += sorted({*kept, *_copies_of(library, clip)})
    for folder in [*_results_of(library, session, patient), *_unrecorded(library, session, clips)]:
        there: set[Path] = {folder / RESULT_NAME}
        if folder.is_dir():
            there |= set(files.walked(folder, lambda error: there.add(Path(error.filename))))  # noqa: B023 used at once
        found += sorted(there)
    return found


def _copies_of(library: Library, clip: Clip) -> Iterator[Path]:
    """Find them by name too: a process that was killed may have copied a film and not recorded it."""
    return (library.clips / clip.key[:2]).glob(f"{clip.key}*")


def _results_of(library: Library, session: Session, patient: Patient) -> list[Path]:
    """Say where the recorded results of a patient lie, or should."""
    query = select(Outcome.result_sha256).join(Clip, Outcome.clip_id == Clip.id).where(Clip.patient_id == patient.id)
    keys = session.scalars(query.where(Outcome.result_sha256.is_not(None)).distinct())
    return [library.result_folder(key) for key in keys if key is not None]


def _unrecorded(library: Library, session: Session, clips: list[Clip]) -> Iterator[Path]:
    """Find results of these clips that no outcome knows: of killed runs, or replaced by a later request."""
    known = set(session.scalars(select(Outcome.result_sha256)))
    keys = {clip.key for clip in clips}
    for folder in library.results.glob("*/*"):
        if folder.name not in known and _clip_of(folder) in keys:
            yield folder


def _clip_of(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / RESULT_NAME).read_text(encoding="utf-8"))["clip"]["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remove(paths: list[Path]) -> int:
    count = 0
    for path in paths:
        if path.exists():
            try:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            except OSError as error:
                raise OutputError("a file of the patient cannot be removed", "the right to", "run it again") from error
            count += 1
    return count


def _remove_rows(session: Session, name: str) -> dict[str, int]:
    """Remove all rows of a patient in one transaction; say how many there were."""
    owner = session.scalars(select(Patient.id).where(Patient.name == name)).one()
    clips = select(Clip.id).where(Clip.patient_id == owner)
    outcomes = select(Outcome.id).where(Outcome.clip_id.in_(clips))
    counts = {"clips": _count(session, clips), "outcomes": _count(session, outcomes)}
    counts["events"] = _count(session, select(Event.number).where(Event.outcome_id.in_(outcomes)))
    counts["reviews"] = _count(session, select(Review.id).where(Review.outcome_id.in_(outcomes)))
    session.execute(delete(Source).where(Source.key.in_(select(Clip.key).where(Clip.patient_id == owner))))
    for table in (Event, Part, Review):
        session.execute(delete(table).where(table.outcome_id.in_(outcomes)))
    session.execute(delete(Outcome).where(Outcome.clip_id.in_(clips)))
    session.execute(delete(Clip).where(Clip.patient_id == owner))
    session.execute(delete(Patient).where(Patient.id == owner))
    return counts


def _count(session: Session, query: Any) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _overwrite(library: Library) -> None:
    """Have SQLite drop the log that still holds the rows; in its tables they are overwritten (secure_delete)."""
    if library.engine.dialect.name != "sqlite":
        return
    with explained(), explained_raw(), closing(library.engine.raw_connection()) as connection:
        is_busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if is_busy:
        raise LibraryError(
            "the patient is removed, but another program has the library open and holds the log with the removed rows",
            "no other program",
            "end it and run a command such as summary once: the log goes when the last one ends",
        )
