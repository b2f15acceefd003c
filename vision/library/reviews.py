"""What people say of results: a review checked against the result it belongs to, recorded once, and drawn beside it."""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vision.errors import ResultFileError
from vision.library import schema
from vision.library.database import one_writer, reading, writing
from vision.library.store import Library
from vision.model.drawing import Drawing
from vision.model.review import Review
from vision.report.export import content_sha256, read_result
from vision.report.folder import PARQUET_NAME, RESULT_NAME, refusal, replace_text
from vision.report.reviewed import MOST_BYTES, read_review
from vision.review import draw_reviewed
from vision.video.files import shown_name

FOLDER, REVIEW_NAME = "reviews", "review.json"
NAME_LETTERS = 16  # of the hash that names a review's folder
WANTED = "a review.json as the report saves it"


@dataclass(frozen=True)
class Filed:
    """Where the reviewed report is, and whose. `was_there`: the same review was recorded before."""

    page: Path
    patient: str | None
    was_there: bool


def file_review(library: Library, path: Path) -> Filed:
    """Record a review of a result in the library, and draw the reviewed report in a folder of the result's own.

    Raises
    ------
    ResultFileError
        It is no review, reviews nothing in this library, or names what its result does not hold.
    OutputError
        The disk of the library does not take it.
    """
    wanted = _reviewed_sha256(path)
    outcome_id, name, patient = _outcome_of(library, wanted, shown_name(path))
    folder = library.result_folder(name)
    result = read_result(folder)
    review = read_review(path, result.document)
    said = review.model_dump_json()
    own = folder / FOLDER / hashlib.sha256(said.encode()).hexdigest()[:NAME_LETTERS]
    try:
        own.mkdir(parents=True, exist_ok=True)
        replace_text(own / REVIEW_NAME, said + "\n")
        page = draw_reviewed(result, own, None, Drawing(video=False, review=str(own / REVIEW_NAME)))
        (own / PARQUET_NAME).unlink(missing_ok=True)  # it stands beside the result already
    except OSError as error:
        raise refusal(own, error) from error
    return Filed(page, patient, was_there=not _record(library, outcome_id, review, said))


def _reviewed_sha256(path: Path) -> str:
    """Read only which result is reviewed; the whole is checked against that result."""
    name = shown_name(path)
    try:
        if not path.is_file():  # opening a pipe would wait for somebody who writes into it
            raise ResultFileError(f"there is no file {name}", WANTED, "check the path")
        if path.stat().st_size > MOST_BYTES:
            raise ResultFileError(f"{name} is too large for a review", WANTED, "check the path")
        found = json.loads(path.read_bytes())["result_sha256"]
    except OSError as error:
        raise ResultFileError(f"{name} cannot be read ({error.strerror})", WANTED, "check its rights") from error
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise ResultFileError(f"{name} is no review", WANTED, "save the review again") from error
    return str(found)


def _outcome_of(library: Library, content: str, name: str) -> tuple[int, str, str | None]:
    """Find the outcome whose result says what was reviewed: its number, its result's name, its patient."""
    with reading(library.engine) as session:
        found = _look(session, content)
    if found is None and _fill(library):
        with reading(library.engine) as session:
            found = _look(session, content)
    if found is None:
        raise ResultFileError(
            f"{name} reviews a result that this library does not hold",
            "a review of a result that upload or batch filed in it",
            "check --library; a film that was analysed anew has another result",
        )
    return found


def _look(session: Session, content: str) -> tuple[int, str, str | None] | None:
    query = select(schema.Outcome.id, schema.Outcome.result_sha256, schema.Patient.name)
    query = query.join(schema.Clip, schema.Outcome.clip_id == schema.Clip.id).outerjoin(schema.Patient)
    query = query.where(schema.Outcome.content_sha256 == content).order_by(schema.Outcome.id.desc())
    row = session.execute(query).first()
    return None if row is None or row[1] is None else (row[0], row[1], row[2])


def _fill(library: Library) -> bool:
    """Note what results say that were recorded before the library noted it; True where there were any."""
    outcome = schema.Outcome
    with reading(library.engine) as session:
        query = select(outcome.id, outcome.result_sha256).where(outcome.content_sha256.is_(None))
        rows = session.execute(query.where(outcome.result_sha256.is_not(None))).all()
    found = [(number, said) for number, key in rows if (said := _said_by(library.result_folder(str(key))))]
    with writing(library.engine) as session:
        for number, said in found:
            session.execute(update(outcome).where(outcome.id == number).values(content_sha256=said))
    return bool(found)


def _said_by(folder: Path) -> str | None:
    try:
        return content_sha256((folder / RESULT_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _record(library: Library, outcome_id: int, review: Review, said: str) -> bool:
    """Record a review; False where the same one is there already."""
    with writing(library.engine) as session:
        one_writer(session)
        known = select(schema.Review.id).where(schema.Review.outcome_id == outcome_id)
        if session.scalar(known.where(schema.Review.verdict_json == said)) is not None:
            return False
        if session.get(schema.Outcome, outcome_id) is None:
            raise ResultFileError("the film was analysed anew meanwhile", "a review of its result", "review it again")
        reviewer = review.reviewer[: schema.LONGEST_REVIEWER]
        row = schema.Review(
            outcome_id=outcome_id, reviewer=reviewer, reviewed_at=_utc(review.reviewed_at), verdict_json=said
        )
        session.add(row)
    return True


def _utc(when: datetime.datetime) -> datetime.datetime:
    """Give a time of day as the database keeps it; one without a zone is taken for UTC."""
    return (when if when.tzinfo is None else when.astimezone(datetime.timezone.utc)).replace(tzinfo=None, microsecond=0)
