"""All films of one patient in time: which of them can be compared, how the rate goes, and what twitches anew."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from vision.library.course import Course, FilmRate, course_of
from vision.library.database import reading
from vision.library.schema import DONE, Clip, Outcome, Part, Review
from vision.library.store import Library
from vision.model.arrays import BoolArray, FloatArray
from vision.model.regions import region_label

GOOD_RATE_HZ = 50.0  # from here on a quick twitch's peak is seen alike (settings.quality.good_rate_hz)
RATE_RATIO = 1.25  # frame rates below that may differ so much: a dim 30 falls to 24
LIMIT_RATIO = 2.0  # limits of detection may differ so much: our choice, unvalidated
DISTANCE_RATIO = 2.0  # sizes of the same part in the picture may differ so much: our choice, unvalidated
WATCHED_S = 10.0  # a part watched for less was not looked at (settings.quality.shortest_useful_s)


@dataclass(frozen=True)
class PartSeen:
    """One region of one film."""

    name: str
    observed_s: float
    event_count: int
    rate_per_min: float | None


@dataclass(frozen=True)
class Film:
    """One film in the timeline.

    beside : why it cannot be compared with the joined ones; None where it can.
    review_count : how often people reviewed its result; the figures stay the program's own.
    """

    key: str
    filmed_on: datetime.date | None
    body_part: str | None
    side: str | None
    outcome: Outcome
    parts: tuple[PartSeen, ...]
    beside: str | None = None
    review_count: int = 0

    @property
    def place(self) -> str:
        """What was filmed, as the user said, else what the film shows."""
        said = self.body_part or {"face": "face", "eye": "eye"}.get(self.outcome.view or "", "skin")
        return f"{self.side} {said}" if self.side else said

    @property
    def places_seen(self) -> list[tuple[str, bool]]:
        """Name what was watched long enough, or twitched: regions of a face or eye, else the part; and whether."""
        if self.outcome.view == "skin":
            is_seen = self.outcome.event_count or (self.outcome.observed_s or 0.0) >= WATCHED_S
            return [(self.place, bool(self.outcome.event_count))] if is_seen else []
        return [
            (part.name, bool(part.event_count))
            for part in self.parts
            if part.event_count or part.observed_s >= WATCHED_S
        ]

    @property
    def busiest(self) -> str | None:
        """Name the place with most twitches; None where there was none."""
        if self.outcome.view == "skin":
            return self.place if self.outcome.event_count else None
        twitching = [part for part in self.parts if part.event_count]
        return max(twitching, key=lambda part: part.event_count).name if twitching else None


@dataclass(frozen=True)
class Timeline:
    """A patient's films, the oldest first, and what they say together.

    new_parts : (day, region) that twitched where an earlier comparable film had watched it without a twitch.
    new_places : (day, body part) likewise, over films of other body parts.
    """

    patient: str
    films: tuple[Film, ...]
    course: Course
    new_parts: tuple[tuple[datetime.date, str], ...]
    new_places: tuple[tuple[datetime.date, str], ...]
    failed_count: int

    @property
    def joined(self) -> tuple[Film, ...]:
        """The films that can be compared."""
        return tuple(film for film in self.films if film.beside is None)


def read_timeline(library: Library, patient: str) -> Timeline:
    """Read a patient's films with the latest outcome of each.

    Raises
    ------
    LibraryError
        There is no such patient.
    """
    with reading(library.engine) as session:
        owner = library.require_patient(session, patient)
        latest = select(func.max(Outcome.id)).join(Clip, Outcome.clip_id == Clip.id)
        latest = latest.where(Clip.patient_id == owner.id).group_by(Outcome.clip_id)
        query = select(Clip, Outcome).join(Outcome, Outcome.clip_id == Clip.id).where(Outcome.id.in_(latest))
        rows = [(clip, outcome) for clip, outcome in session.execute(query)]
        parts: dict[int, list[PartSeen]] = defaultdict(list)
        for part in session.scalars(select(Part).where(Part.outcome_id.in_(latest)).order_by(Part.number)):
            name = region_label(part.region, part.side)
            parts[part.outcome_id].append(PartSeen(name, part.observed_s, part.event_count, part.rate_per_min))
        reviews = _reviews_of(session, latest)
        session.expunge_all()
    films = [
        _film(clip, outcome, tuple(parts[outcome.id]), reviews.get(outcome.id, 0))
        for clip, outcome in rows
        if outcome.state == DONE
    ]
    return timeline_of(patient, films, failed_count=len(rows) - len(films))


def _reviews_of(session: Session, outcomes: Select[tuple[int]]) -> dict[int, int]:
    query = select(Review.outcome_id, func.count()).where(Review.outcome_id.in_(outcomes))
    return {row[0]: row[1] for row in session.execute(query.group_by(Review.outcome_id))}


def _film(clip: Clip, outcome: Outcome, parts: tuple[PartSeen, ...], review_count: int) -> Film:
    day = None if clip.filmed_on is None else datetime.date.fromisoformat(clip.filmed_on)
    return Film(clip.key, day, clip.body_part, clip.side, outcome, parts, review_count=review_count)


def timeline_of(patient: str, films: Sequence[Film], failed_count: int = 0) -> Timeline:
    """Judge what can be compared, and say what the comparable films show."""
    ordered = sorted(films, key=lambda film: (film.filmed_on is None, film.filmed_on or datetime.date.max, film.key))
    judged = _judged(ordered)
    joined = [film for film in judged if film.beside is None]
    rates = [rate for film in joined if (rate := _rate(film)) is not None]
    return Timeline(
        patient, tuple(judged), course_of(rates), tuple(_new_parts(joined)), tuple(_new_places(judged)), failed_count
    )


def _rate(film: Film) -> FilmRate | None:
    outcome = film.outcome
    if film.filmed_on is None or not outcome.observed_s or outcome.event_count is None:
        return None
    low, high = outcome.rate_low_per_min, outcome.rate_high_per_min
    interval = None if low is None or high is None else (low, high)
    return FilmRate(float(film.filmed_on.toordinal()), outcome.event_count, outcome.observed_s, interval)


def _judged(films: Sequence[Film]) -> list[Film]:
    """Join the largest set of films that compare with one of them; the others keep their reason."""
    sights = [_sight(film) for film in films]
    able = [sight for film, sight in zip(films, sights, strict=True) if _alone(film) is None]
    counts = _alike_counts(able)
    best = able[int(np.argmax(counts))] if able else None  # of several the first, as they are ordered
    reasons = [None if best is None else _apart(best, sight) for sight in sights]
    return [replace(film, beside=_alone(film) or why) for film, why in zip(films, reasons, strict=True)]


def _alone(film: Film) -> str | None:
    """Say why a film can be compared with none."""
    if film.filmed_on is None:
        return "its day is not known"
    if not film.outcome.is_usable:
        return "too little of it can be used"
    if film.outcome.limit_px is None:
        return "its limit of detection is not known"
    return None


@dataclass(frozen=True)
class _Sight:
    """What of a film decides with which others it compares, as plain values.

    limits : of detection, as a share of the distance between the eyes, in mm, in pixels.
    sizes : that distance, and a millimetre, in pixels: the limit stands in the result in both.
    """

    shows: tuple[str | None, str]
    run: int
    rate_hz: float
    limits: tuple[float | None, float | None, float | None]
    sizes: tuple[float | None, float | None]


def _sight(film: Film) -> _Sight:
    one = film.outcome
    sizes = tuple(one.limit_px / limit if one.limit_px and limit else None for limit in (one.limit_iod, one.limit_mm))
    rate_hz = min(one.mean_rate_hz or 0.0, GOOD_RATE_HZ)
    limits = (one.limit_iod, one.limit_mm, one.limit_px)
    return _Sight((one.view, film.place.casefold()), one.run_id, rate_hz, limits, (sizes[0], sizes[1]))


def why_apart(film: Film, other: Film) -> str | None:
    """Say why two films cannot be compared; None where they can."""
    return _apart(_sight(film), _sight(other))


def _apart(one: _Sight, two: _Sight) -> str | None:
    if one.shows != two.shows:
        return "it shows another part"
    if one.run != two.run:
        return "it was analysed with another version or other settings"
    if not _alike(one.rate_hz, two.rate_hz, RATE_RATIO):
        return "it has another frame rate"
    sizes = _known(one.sizes, two.sizes)
    if sizes is not None and not _alike(*sizes, DISTANCE_RATIO):
        return "it was filmed from another distance"
    limits = _known(one.limits, two.limits)
    if limits is None or not _alike(*limits, LIMIT_RATIO):
        return "it sees smaller twitches, or only larger ones"
    return None


def _alike_counts(sights: Sequence[_Sight]) -> list[int]:
    """Count for each film how many of them `_apart` finds nothing against; of a thousand films in a moment."""
    groups: dict[tuple[object, int], list[int]] = defaultdict(list)
    for at, sight in enumerate(sights):
        groups[sight.shows, sight.run].append(at)
    counts = [0] * len(sights)
    for members in groups.values():
        figures = [
            _table([[sights[at].rate_hz] for at in members]),
            _table([sights[at].sizes for at in members]),
            _table([sights[at].limits for at in members]),
        ]
        for row, at in enumerate(members):
            counts[at] = _alike_count(row, *figures)
    return counts


def _table(values: Sequence[Sequence[float | None]]) -> FloatArray:
    """Lay figures side by side, (K, N); NaN: not known."""
    return np.array(values, dtype=float).T.copy()


def _alike_count(at: int, rates: FloatArray, sizes: FloatArray, limits: FloatArray) -> int:
    of_one_rate, _ = _looked(rates, at, RATE_RATIO)
    of_one_size, has_size = _looked(sizes, at, DISTANCE_RATIO)
    of_one_limit, _ = _looked(limits, at, LIMIT_RATIO)
    return int(np.count_nonzero(of_one_rate & (of_one_size | ~has_size) & of_one_limit))


def _looked(figures: FloatArray, at: int, ratio: float) -> tuple[BoolArray, BoolArray]:
    """Compare one film with all by the first of several figures that both have, as `_known` and `_alike` do.

    Parameters
    ----------
    figures : (K, N) float, NaN where not known.
    at : the film's column.

    Returns
    -------
    alike, known : (N,) bool
        Where they are alike, and where there is a figure that both have.
    """
    alike, known = np.zeros(figures.shape[1], dtype=bool), np.zeros(figures.shape[1], dtype=bool)
    for row in figures:
        if np.isnan(row[at]) or known.all():
            continue
        new = ~known & ~np.isnan(row)
        small, large = np.minimum(row, row[at]), np.maximum(row, row[at])
        quotient = np.divide(large, small, out=np.full_like(large, np.inf), where=small > 0)
        alike |= new & (quotient <= ratio)
        known |= new
    return alike, known


def _known(one: Sequence[float | None], two: Sequence[float | None]) -> tuple[float, float] | None:
    """Give the first of several figures that both have."""
    for a, b in zip(one, two, strict=True):
        if a is not None and b is not None:
            return a, b
    return None


def _alike(one: float, two: float, ratio: float) -> bool:
    return min(one, two) > 0 and max(one, two) / min(one, two) <= ratio


def _new_parts(films: Sequence[Film]) -> list[tuple[datetime.date, str]]:
    """Find regions that twitch and did not before, although they were watched."""
    quiet: set[str] = set()
    active: set[str] = set()
    new: list[tuple[datetime.date, str]] = []
    for film in films:
        fresh = {part.name for part in film.parts if part.event_count} & quiet - active
        new += [(film.filmed_on, name) for name in sorted(fresh) if film.filmed_on is not None]
        active |= {part.name for part in film.parts if part.event_count}
        quiet |= {part.name for part in film.parts if not part.event_count and part.observed_s >= WATCHED_S}
    return new


def _new_places(films: Sequence[Film]) -> list[tuple[datetime.date, str]]:
    """Find body parts that twitch and were still in an earlier film that would have seen it."""
    new = []
    still: dict[str, list[Film]] = defaultdict(list)
    active: set[str] = set()
    for film in films:
        if film.filmed_on is None or not film.outcome.is_usable:
            continue
        if film.outcome.event_count:
            if film.place not in active and any(why_apart(old, film) is None for old in still[film.place]):
                new.append((film.filmed_on, film.place))
            active.add(film.place)
        elif (film.outcome.observed_s or 0.0) >= WATCHED_S:
            still[film.place].append(film)
    return new
