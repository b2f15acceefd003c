"""The connection to the database: SQLite with a write-ahead log, or PostgreSQL by URL; and its schema."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from vision.errors import LibraryError
from vision.library.schema import HEAD, SCHEMA_LOCK, SCHEMA_LOCK_OF_WRITERS

BUSY_MS = 30_000  # how long a statement waits for another program's; our choice
KINDS = ("sqlite", "postgresql")  # what the library is tested with
EXAMPLE = "postgresql+psycopg://host/name"
MIGRATIONS = Path(__file__).parent / "migrations"
RESTART = "nothing that was recorded is lost; run the same command again"


def url_of(path: Path) -> URL:
    """Name a SQLite file, whatever signs its path holds: in a text, what follows a ``?`` would be an option."""
    return URL.create("sqlite", database=str(path))


def connect(url: str | URL) -> Engine:
    """Make the engine; nothing is opened yet.

    Raises
    ------
    LibraryError
        The URL is none, or its driver is not installed.
    """
    try:
        address = make_url(url)
        kind = address.get_backend_name()
        if kind not in KINDS:
            raise LibraryError(f"--database names {kind[:20]}", "SQLite or PostgreSQL", f"write {EXAMPLE}")
        engine = create_engine(address, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise LibraryError("--database is no address of a database", f"such as {EXAMPLE}", "check it") from error
    except ImportError as error:
        advice = f"pip install 'twitchscope[postgresql]' and write {EXAMPLE}"
        raise LibraryError(f"the driver of the database is missing ({error.name})", "psycopg", advice) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """Set what SQLite forgets with each connection. The module's own BEGIN comes too late and is switched off."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")  # what was recorded outlives a power cut
    cursor.execute("PRAGMA secure_delete = ON")  # what was forgotten is overwritten
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the right to write at the beginning: a reader that turns into a writer may be refused at once."""
    kind = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {kind}")


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session that changes nothing."""
    with explained(), Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Give a session whose changes are recorded together when the block ends well, or not at all."""
    with explained(), Session(engine.execution_options(writes=True)) as session, session.begin():
        yield session


def one_writer(session: Session) -> None:
    """One writer after the other, on PostgreSQL too: what was looked up stays true until it is written."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SCHEMA_LOCK_OF_WRITERS})


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the database says into one line of ours, without statements, values or paths."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _refusal(error) from error


@contextmanager
def explained_raw() -> Iterator[None]:
    """Do the same for what the driver itself says."""
    try:
        yield
    except sqlite3.Error as error:
        raise _refusal(error) from error


def _refusal(error: SQLAlchemyError | sqlite3.Error) -> LibraryError:
    word = str(error.orig if isinstance(error, DBAPIError) else error).lower()
    if "locked" in word:
        return LibraryError("the library is locked by another program", f"its turn within {BUSY_MS // 1000} s", RESTART)
    if "full" in word or "no space" in word:
        return LibraryError("the disk of the library is full", "free space", f"make room; {RESTART}")
    if "readonly" in word or "read-only" in word or "unable to open" in word:
        return LibraryError(
            "the library cannot be opened or written to", "the right to write there", "copy it to a disk that takes it"
        )
    if "malformed" in word or "not a database" in word:
        return LibraryError("the library's database is damaged", "a sound one", "put back the latest backup")
    kind = type(getattr(error, "orig", None) or error).__name__
    return LibraryError(f"the database refused ({kind})", "one that answers", f"see that it runs; {RESTART}")


def prepare(engine: Engine) -> None:
    """Bring the schema to that of this program; a database that is there already is looked at, nothing more.

    Raises
    ------
    LibraryError
        It was made by a newer version, is damaged, locked, or cannot be written.
    """
    with explained():
        is_old = version_of(engine) != HEAD  # a newer one is refused before anything is changed
        if engine.dialect.name == "sqlite":
            _require_wal(engine)
        if is_old:
            _migrate(engine)


def _require_wal(engine: Engine) -> None:
    """Switch the write-ahead log on, once and for all: readers and the one writer then do not wait for each other."""
    with explained_raw(), contextlib.closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode")
        if cursor.fetchone() != ("wal",):
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()


def version_of(engine: Engine) -> str | None:
    """Read the schema's version; None where the database is empty.

    Raises
    ------
    LibraryError
        The version is none that this program knows.
    """
    with engine.connect() as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    known = {path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if found is not None and found not in known:
        raise LibraryError(
            f"the library was made by a newer version of twitchscope (schema {str(found)[:20]})",
            f"schema {HEAD} or older",
            "update twitchscope",
        )
    return found


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.execution_options(writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SCHEMA_LOCK})
        if _version(connection) != HEAD:  # another program may have been quicker
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
