"""The tables of the library. A change here needs a new step in `migrations/versions` and a new `HEAD`.

No name, no path and no address stands in any of them, but for the name by which a reviewer signs: a patient is an
opaque id, a clip the hash of its content.
Times of day are UTC; times within a clip are seconds from its first frame.
"""

from __future__ import annotations

import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

HEAD = "0003"
DONE, FAILED = "done", "failed"
SCHEMA_LOCK, SCHEMA_LOCK_OF_WRITERS = 727_001, 727_002  # numbers of our own for advisory locks of PostgreSQL
# PostgreSQL names constraints in its own way; migrations need names that are the same everywhere.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
SHA = String(80)
LONGEST_REVIEWER = 64  # letters; the whole name stands in the review itself


class Table(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMES)


class Shelf(Table):
    """The library that this database belongs to: one row. `id` stands in its library.json, too."""

    __tablename__ = "shelf"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)


class Patient(Table):
    """A person, by the id that the clinic chose."""

    __tablename__ = "patients"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    added_at: Mapped[datetime.datetime]


class Clip(Table):
    """One film, whatever it is called and wherever it lies.

    key : SHA-256 of the content; of a file that cannot be read, "unread-" and the SHA-256 of where it lies.
    kept_as : name of the copy below ``clips``; None where none is kept.
    filmed_on : as the user said, ISO 8601; None: not said.
    """

    __tablename__ = "clips"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(SHA, unique=True)
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"), index=True)
    kept_as: Mapped[str | None] = mapped_column(String(120))
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    filmed_on: Mapped[str | None] = mapped_column(String(10))
    body_part: Mapped[str | None] = mapped_column(String(200))
    side: Mapped[str | None] = mapped_column(String(8))
    added_at: Mapped[datetime.datetime]


class Source(Table):
    """What a file held when it was last read, so that it is not read again to see that nothing changed.

    place_sha256 : hash of the path or address. stamp : size and time of change, or the store's own tag.
    """

    __tablename__ = "sources"
    place_sha256: Mapped[str] = mapped_column(SHA, primary_key=True)
    stamp: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(SHA, index=True)


class Run(Table):
    """One version of the program with one set of settings."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("version", "settings_sha256"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(40))
    settings_sha256: Mapped[str] = mapped_column(SHA)
    settings_json: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime.datetime]


class Outcome(Table):
    """What one run made of one clip: the figures that tables and timelines need, and where the result lies.

    request_sha256 : what the user said about the clip; an outcome is replaced when that changes.
    result_sha256 : of the file result.json, by which its folder is named. content_sha256: of what it says, whatever its
        spaces and line ends, to which a review is bound; None where it was recorded before schema 0002.
    cause, reason, advice : of a failure. None is "not measured", as in result.json.
    """

    __tablename__ = "outcomes"
    __table_args__ = (UniqueConstraint("clip_id", "run_id"), Index(None, "run_id", "state"))
    id: Mapped[int] = mapped_column(primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"))
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    request_sha256: Mapped[str] = mapped_column(SHA)
    state: Mapped[str] = mapped_column(String(8))
    cause: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(Text)
    advice: Mapped[str | None] = mapped_column(Text)
    result_sha256: Mapped[str | None] = mapped_column(SHA, index=True)
    content_sha256: Mapped[str | None] = mapped_column(SHA, index=True)
    recorded_at: Mapped[datetime.datetime]
    view: Mapped[str | None] = mapped_column(String(8))
    label: Mapped[str | None] = mapped_column(String(24))
    probability: Mapped[float | None]
    is_usable: Mapped[bool | None]
    is_simulated: Mapped[bool | None]
    duration_s: Mapped[float | None]
    observed_s: Mapped[float | None]
    mean_rate_hz: Mapped[float | None]
    limit_px: Mapped[float | None]
    limit_iod: Mapped[float | None]
    limit_mm: Mapped[float | None]
    event_count: Mapped[int | None]
    rate_per_min: Mapped[float | None]
    rate_low_per_min: Mapped[float | None]
    rate_high_per_min: Mapped[float | None]
    duty_cycle: Mapped[float | None]
    laterality: Mapped[str | None] = mapped_column(String(8))
    warning_codes: Mapped[str | None] = mapped_column(Text)


class Part(Table):
    """One region of one outcome: how long it was seen and what it did."""

    __tablename__ = "parts"
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcomes.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    side: Mapped[str | None] = mapped_column(String(8))
    observed_s: Mapped[float]
    event_count: Mapped[int]
    rate_per_min: Mapped[float | None]


class Event(Table):
    """One twitch of one outcome, as in events.csv."""

    __tablename__ = "events"
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcomes.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    onset_s: Mapped[float]
    peak_s: Mapped[float]
    offset_s: Mapped[float]
    site: Mapped[int]
    region: Mapped[str] = mapped_column(String(16))
    side: Mapped[str | None] = mapped_column(String(8))
    x_px: Mapped[float]
    y_px: Mapped[float]
    amplitude_px: Mapped[float]
    amplitude_iod: Mapped[float | None]
    amplitude_mm: Mapped[float | None]
    direction_rad: Mapped[float]
    margin_sd: Mapped[float]


class Review(Table):
    """What a person said of an outcome. `verdict_json`: the whole of the review, without its spaces."""

    __tablename__ = "reviews"
    id: Mapped[int] = mapped_column(primary_key=True)
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcomes.id", ondelete="CASCADE"), index=True)
    reviewer: Mapped[str] = mapped_column(String(LONGEST_REVIEWER))
    reviewed_at: Mapped[datetime.datetime]
    verdict_json: Mapped[str] = mapped_column(Text)
