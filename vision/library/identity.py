"""One library, one database: both carry the same id, so that neither is ever used with another's."""

from __future__ import annotations

import uuid
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from vision.errors import LibraryError
from vision.library import mark
from vision.library.database import one_writer, reading, writing
from vision.library.schema import Clip, Outcome, Shelf

LOOKED_AT = 100  # latest results by which an older library's own database is told from another's; our choice


def agree(engine: Engine, folder: Path, *, is_own: bool, is_new: bool) -> str:
    """Give the id that folder and database share. Where one of them has none, as in older libraries, they agree on one.

    Parameters
    ----------
    is_own : the database lies in the folder.
    is_new : the folder is no library yet.

    Raises
    ------
    LibraryError
        They belong to two libraries.
    """
    with reading(engine) as session:
        held = _held(session)
    if held is None or held != mark.id_of(folder):
        with writing(engine) as session:
            one_writer(session)
            held = _agreed(session, folder, is_own=is_own, is_new=is_new)
    return held


def _held(session: Session) -> str | None:
    return session.scalar(select(Shelf.id))


def _agreed(session: Session, folder: Path, *, is_own: bool, is_new: bool) -> str:
    told, held = mark.id_of(folder), _held(session)  # once more: another program may have been quicker
    if told is not None and told == held:
        return told
    is_other = told is not None and held is not None
    if is_other or not (is_own or _fits(session, folder, is_new=is_new)):
        raise LibraryError(
            "folder and database belong to two libraries",
            "the database that this library was made with",
            "check --library and --database; of a backup, put back both",
        )
    name = told or held or uuid.uuid4().hex
    if held is None:
        session.add(Shelf(id=name))
    return name


def _fits(session: Session, folder: Path, *, is_new: bool) -> bool:
    """Whether a database that lies elsewhere may be this folder's: its results lie here, or both are empty."""
    query = select(Outcome.result_sha256).where(Outcome.result_sha256.is_not(None))
    names = session.scalars(query.order_by(Outcome.id.desc()).limit(LOOKED_AT)).all()
    results = folder / mark.RESULTS
    if names:
        return any((results / str(name)[:2] / str(name)).is_dir() for name in names)
    if session.scalar(select(Clip.id).limit(1)) is not None:
        return not is_new
    return not results.is_dir() or not any(results.iterdir())
