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

from vision.errors import OutputError
from vision.library import files
from vision.library.database import reading, writing
from vision.library.schema import Clip, Event, Outcome, Part, Patient, Review, Source
from vision.library.store import Library
from vision.library.summary import clips_of
from vision.report.folder import RESULT_NAME, refusal

DATA_NAME = "patient.json"


@dataclass(frozen=True)
class Exported:
    """What an archive holds."""

    files: int
    reviews: int


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

    Raises
    ------
    LibraryError
        There is no such patient.
    OutputError
        The archive is there already or cannot be written.
    """
    if out.exists():
        raise OutputError(f"{out.name} is there already", "a new file", "name another with --out")
    with reading(library.engine) as session:
        patient = library.require_patient(session, name)
        clips = clips_of(session, patient)
        said = _data(session, patient, clips)
        data = json.dumps(said, indent=2, ensure_ascii=False, default=str) + "\n"
        paths = list(_files_of(library, session, clips))
    aside = files.aside_in(out.absolute().parent)
    try:
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(DATA_NAME, data)
            for path in paths:
                archive.write(path, path.relative_to(library.folder).as_posix())
        files.to_disk(aside)
        aside.replace(out)
    except OSError as error:
        raise refusal(out, error) from error
    finally:
        aside.unlink(missing_ok=True)
    return Exported(len(paths) + 1, len(said["reviews"]))


def forget_patient(library: Library, name: str) -> Removed:
    """Take a patient away: copies, results, then all that the database holds. Interrupted, it can be run again.

    Raises
    ------
    LibraryError
        There is no such patient.
    OutputError
        A file cannot be removed; the database still knows it.
    """
    with reading(library.engine) as session:
        patient = library.require_patient(session, name)
        clips = clips_of(session, patient)
        # By name too: a process that was killed may have copied a film, or filed a result, and not recorded it.
        copies = [path for clip in clips for path in (library.clips / clip.key[:2]).glob(f"{clip.key}*")]
        results = list({*_results_of(library, session, clips), *_unrecorded(library, session, clips)})
    gone = _remove(copies), _remove(results)
    with writing(library.engine) as session:
        counts = _remove_rows(session, name)
    _overwrite(library)
    return Removed(counts["clips"], gone[0], counts["outcomes"], gone[1], counts["events"], counts["reviews"])


def _data(session: Session, patient: Patient, clips: list[Clip]) -> dict[str, Any]:
    outcomes = list(session.scalars(select(Outcome).where(Outcome.clip_id.in_([clip.id for clip in clips]))))
    numbers = [outcome.id for outcome in outcomes]
    tables: dict[str, Any] = {"parts": Part, "events": Event, "reviews": Review}
    said: dict[str, Any] = {"patient": _plain(patient), "clips": [_plain(clip) for clip in clips]}
    said["outcomes"] = [_plain(outcome) for outcome in outcomes]
    for word, table in tables.items():
        rows: Any = session.scalars(select(table).where(table.outcome_id.in_(numbers)))
        said[word] = [_plain(row) for row in rows]
    return said


def _plain(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _files_of(library: Library, session: Session, clips: list[Clip]) -> Iterator[Path]:
    for clip in clips:
        if clip.kept_as is not None:
            yield library.clips / clip.kept_as
    for folder in _results_of(library, session, clips):
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _results_of(library: Library, session: Session, clips: list[Clip]) -> Iterator[Path]:
    query = select(Outcome.result_sha256).where(Outcome.clip_id.in_([clip.id for clip in clips])).distinct()
    for key in session.scalars(query.where(Outcome.result_sha256.is_not(None))):
        if key is not None and (folder := library.result_folder(key)).is_dir():
            yield folder


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
    if library.engine.dialect.name == "sqlite":
        with closing(library.engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
