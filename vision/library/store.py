"""The library: a folder with copies of clips, results named by their content, and one database that knows them all."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, text
from sqlalchemy.orm import Session

from vision.errors import (
    ClipNotFetchedError,
    LibraryError,
    OtherPatientError,
    SettingsError,
    WorkerLostError,
)
from vision.library import database, identity, mark
from vision.library.rows import Rows, nothing_said
from vision.library.schema import (
    DONE,
    Clip,
    Event,
    Outcome,
    Part,
    Patient,
    Review,
    Run,
    Source,
)
from vision.report.folder import RESULT_NAME
from vision.report.units import counted
from vision.settings import Settings, settings_sha256

PASSING = (ClipNotFetchedError.__name__, WorkerLostError.__name__)  # causes that may be gone the next time
PATIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Facts:
    """What the user said of a clip and what is known of its file."""

    patient: str | None = None
    filmed_on: str | None = None
    body_part: str | None = None
    side: str | None = None
    kept_as: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True)
class Known:
    """What one run has recorded of one clip, and whose the clip is."""

    request_sha256: str
    state: str
    cause: str | None = None
    patient: str | None = None
    result_sha256: str | None = None

    def answers(self, request_sha256: str) -> bool:
        """Whether it is what such a request asks for. Who says nothing of a film is content with any good one."""
        is_enough = self.state == DONE and request_sha256 == nothing_said()
        return is_enough or self.request_sha256 == request_sha256

    def is_settled(self, retries_failed: bool) -> bool:
        """Whether it need not be done again. What failed for a cause that may be gone the next time always is."""
        return self.state == DONE or not (retries_failed or self.cause in PASSING)


@dataclass(frozen=True)
class Recorded:
    """What came of recording an outcome.

    is_new : False where a good outcome is there already that stays.
    reviews_gone : how many reviews there were of the outcome that it took the place of.
    """

    is_new: bool
    reviews_gone: int = 0

    @property
    def note(self) -> str | None:
        """Say what was lost by it; None where nothing was."""
        if not self.reviews_gone:
            return None
        return (
            f"it was analysed anew; {counted(self.reviews_gone, 'review')} of its earlier result no longer count "
            "(their files stay beside that result)"
        )


def checked_patient(name: str) -> str:
    """Refuse an id that could be taken for a path or an option.

    Raises
    ------
    SettingsError
        It is none.
    """
    if PATIENT.fullmatch(name) is None or ".." in name:
        raise SettingsError(
            f"the patient id {name[:40]!r}",
            "1 to 64 letters, digits, '.', '_' or '-', a letter or digit first, no '..'",
            "use the clinic's own opaque id, no name",
        )
    return name


class Library:
    """One library. Use it as a context manager, or call `close`.

    Raises
    ------
    LibraryError
        The folder holds something else, cannot be written, or its database is locked, damaged or newer.
    """

    def __init__(self, folder: Path, url: str | None = None, *, is_new_allowed: bool = True) -> None:
        mark.require_path(folder)
        self.folder = folder.absolute()
        self.clips, self.results, self.work = (self.folder / name for name in mark.FOLDERS)
        url = url or os.environ.get("TWITCHSCOPE_DATABASE")
        is_new = mark.is_new(self.folder, url, is_new_allowed=is_new_allowed)
        self.engine: Engine = database.connect(url or database.url_of(self.folder / mark.DATABASE_NAME))
        try:
            if is_new and not url:
                mark.furnish(self.folder)  # SQLite lies in it
            database.prepare(self.engine)
            name = identity.agree(self.engine, self.folder, is_own=not url, is_new=is_new)
            mark.furnish(self.folder)
            if name != mark.id_of(self.folder):
                mark.write(self.folder, url, name)  # last: nothing says that it is a library before it is whole
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def run_of(self, settings: Settings) -> int:
        """Find or begin the run of this version with these settings."""
        used = version("twitchscope"), settings_sha256(settings)
        with database.writing(self.engine) as session:
            database.one_writer(session)
            found = session.scalar(select(Run.id).where(Run.version == used[0], Run.settings_sha256 == used[1]))
            if found is not None:
                return found
            run = Run(
                version=used[0], settings_sha256=used[1], settings_json=settings.model_dump_json(), started_at=utc_now()
            )
            session.add(run)
            session.flush()
            return run.id

    def known(self, run_id: int) -> dict[str, Known]:
        """Read what a run has recorded, by clip."""
        with database.reading(self.engine) as session:
            return {key: Known(*known) for key, *known in session.execute(_known_in(run_id))}

    def known_of(self, key: str, run_id: int) -> Known | None:
        """Read what a run has recorded of one clip by now."""
        with database.reading(self.engine) as session:
            row = session.execute(_known_in(run_id).where(Clip.key == key)).first()
            return None if row is None else Known(*row[1:])

    def result_of(self, key: str, run_id: int, request_sha256: str) -> str | None:
        """Name the result that a run has of a clip and request; None where there is none."""
        query = select(Outcome.result_sha256).join(Clip, Outcome.clip_id == Clip.id)
        query = query.where(Clip.key == key, Outcome.run_id == run_id, Outcome.request_sha256 == request_sha256)
        with database.reading(self.engine) as session:
            return session.scalar(query.where(Outcome.state == DONE))

    def holds(self, result_sha256: str) -> bool:
        """Whether a result's own file is there."""
        return (self.result_folder(result_sha256) / RESULT_NAME).is_file()

    def sources(self) -> dict[str, tuple[str, str]]:
        """Read what each file held when it was last read: place → (stamp, key)."""
        with database.reading(self.engine) as session:
            rows = session.execute(select(Source.place_sha256, Source.stamp, Source.key))
            return {place: (stamp, key) for place, stamp, key in rows}

    def owners(self) -> dict[str, str]:
        """Read whose each clip is: key → patient."""
        query = select(Clip.key, Patient.name).join(Patient, Clip.patient_id == Patient.id)
        with database.reading(self.engine) as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def remember(self, source: tuple[str, str], key: str) -> None:
        """Note what a file held, to know it again without reading it."""
        with database.writing(self.engine) as session:
            database.one_writer(session)
            session.merge(Source(place_sha256=source[0], stamp=source[1], key=key))

    def add_clip(self, key: str, facts: Facts) -> int:
        """Note a clip and whose it is.

        Raises
        ------
        OtherPatientError
            It is filed under another patient.
        """
        with database.writing(self.engine) as session:
            database.one_writer(session)
            return _clip(session, key, facts).id

    def record(
        self, run_id: int, key: str, request_sha256: str, facts: Facts, rows: Rows, source: tuple[str, str] | None,
        *, replaces: bool = False,
    ) -> Recorded:  # fmt: skip
        """Record one outcome with all that belongs to it, or nothing.

        Parameters
        ----------
        source : place and stamp of the file that held the clip, to know it again without reading it.
        replaces : put this in the place of a good outcome of the same request too: its files are gone.

        Returns
        -------
        What came of it. A good outcome stays where the request is the same or says nothing. Where its files are gone,
        it stays if the new result is the same again, so that its reviews are still of it, or if there is none.
        """
        with database.writing(self.engine) as session:
            database.one_writer(session)
            clip = _clip(session, key, facts)
            if source is not None:
                session.merge(Source(place_sha256=source[0], stamp=source[1], key=key))
                session.execute(delete(Clip).where(Clip.key == f"unread-{source[0]}"))  # it can be read now
            old = session.scalar(select(Outcome).where(Outcome.clip_id == clip.id, Outcome.run_id == run_id))
            if old is not None and _stays(old, request_sha256, rows, replaces=replaces):
                return Recorded(is_new=False)
            gone = 0 if old is None else _take_out(session, old.id)
            _insert(session, clip.id, run_id, request_sha256, rows)
        return Recorded(is_new=True, reviews_gone=gone)

    def result_folder(self, result_sha256: str) -> Path:
        """Say where a result lies."""
        return self.results / result_sha256[:2] / result_sha256

    def require_patient(self, session: Session, name: str) -> Patient:
        """Find a patient.

        Raises
        ------
        LibraryError
            There is none of that id.
        """
        found = session.scalar(select(Patient).where(Patient.name == checked_patient(name)))
        if found is None:
            raise LibraryError(f"no patient {name} in this library", "an id given to upload or batch", "check it")
        return found

    def check(self) -> list[str]:
        """Look for damage: the database's own check, and results that are recorded but not there."""
        problems = []
        with database.reading(self.engine) as session:
            if self.engine.dialect.name == "sqlite":
                said = [str(row[0]) for row in session.execute(text("PRAGMA integrity_check"))]
                problems += [f"database: {line}" for line in said if line != "ok"]
                lost = session.execute(text("PRAGMA foreign_key_check")).all()
                problems += [f"database: {len(lost)} rows point nowhere"] if lost else []
            for key in session.scalars(select(Outcome.result_sha256).where(Outcome.result_sha256.is_not(None))):
                if key is not None and not self.holds(key):
                    problems.append(f"result {key[:12]} is recorded but not there")
        return problems


def utc_now() -> datetime.datetime:
    """Give the time of day as the database keeps it."""
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)


def other_patient() -> OtherPatientError:
    """Say that a film belongs to somebody else."""
    return OtherPatientError("this film is filed under another patient", "one patient for a film", "check whose it is")


def _known_in(run_id: int) -> Any:
    """Select, for each clip of a run, its key and the fields of `Known`."""
    query = select(
        Clip.key, Outcome.request_sha256, Outcome.state, Outcome.cause, Patient.name, Outcome.result_sha256
    )  # fmt: skip
    query = query.join(Outcome, Outcome.clip_id == Clip.id).outerjoin(Patient, Clip.patient_id == Patient.id)
    return query.where(Outcome.run_id == run_id)


def _stays(old: Outcome, request_sha256: str, rows: Rows, *, replaces: bool) -> bool:
    """Whether the outcome that is there is kept; see `Library.record`."""
    if old.state != DONE:
        return False
    if old.request_sha256 != request_sha256:
        return request_sha256 == nothing_said()
    return not replaces or rows.outcome.get("result_sha256") in (None, old.result_sha256)


def _take_out(session: Session, outcome_id: int) -> int:
    """Delete an outcome and all that hangs on it; say how many reviews that were."""
    reviews = session.scalar(select(func.count()).where(Review.outcome_id == outcome_id)) or 0
    session.execute(delete(Outcome).where(Outcome.id == outcome_id))
    return reviews


def _clip(session: Session, key: str, facts: Facts) -> Clip:
    clip = session.scalar(select(Clip).where(Clip.key == key))
    if clip is None:
        clip = Clip(key=key, added_at=utc_now())
        session.add(clip)
    if facts.patient is not None:
        owner = _patient(session, facts.patient)
        if clip.patient_id not in (None, owner.id):
            raise other_patient()
        clip.patient_id = owner.id
    for name in ("filmed_on", "body_part", "side", "kept_as", "size_bytes"):
        if getattr(facts, name) is not None:
            setattr(clip, name, getattr(facts, name))
    session.flush()
    return clip


def _patient(session: Session, name: str) -> Patient:
    found = session.scalar(select(Patient).where(Patient.name == name))
    if found is None:
        found = Patient(name=checked_patient(name), added_at=utc_now())
        session.add(found)
        session.flush()
    return found


def _insert(session: Session, clip_id: int, run_id: int, request_sha256: str, rows: Rows) -> None:
    given: Mapping[str, Any] = {
        "clip_id": clip_id, "run_id": run_id, "request_sha256": request_sha256, "recorded_at": utc_now(),
    }  # fmt: skip
    outcome = Outcome(**given, **rows.outcome)
    session.add(outcome)
    session.flush()
    tables: Iterable[tuple[Any, Any]] = ((Part, rows.parts), (Event, rows.events))
    for table, values in tables:
        if values:
            session.execute(insert(table), [{"outcome_id": outcome.id, **row} for row in values])
