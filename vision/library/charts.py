"""What changes from film to film: how often, how much of the time, and where. One axis of days for all three."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vision.library.course import Course
from vision.library.shapes import BLUE, RUST, Path, Picture, Shape, Style, Word, circle, line
from vision.library.timeline import Film, Timeline

WIDTH, LEFT, RIGHT, TOP = 760.0, 190.0, 20.0, 26.0
RATE_TALL, SHARE_TALL, LANE_TALL, AXIS_TALL = 200.0, 70.0, 22.0, 26.0
MOST_LANES = 20  # places shown, those that twitched first; the table names all; our choice
AXIS = Style(None, "#777777")
FAINT = Style(None, "#dddddd")
JOINED, BESIDE = Style(BLUE, BLUE), Style("#ffffff", BLUE, 1.5)
INTERVAL = Style(None, BLUE, 1.5)
JOIN = Style(None, BLUE, 1.0, 0.6)
FITTED, BAND = Style(None, RUST, 1.5, dash=(5, 3)), Style(RUST, None, opacity=0.12)
TWITCHED, STILL = Style(RUST, None, opacity=0.75), Style("#ffffff", "#777777")


@dataclass(frozen=True)
class _Days:
    """Where a day stands from left to right."""

    first: datetime.date
    last: datetime.date

    def x(self, day: float) -> float:
        """Place an ordinal day."""
        span = max(1, self.last.toordinal() - self.first.toordinal())
        return LEFT + 12 + (WIDTH - LEFT - RIGHT - 24) * (day - self.first.toordinal()) / span

    def axis(self, top: float, bottom: float) -> list[Shape]:
        """Draw the frame of a chart with its first and last day."""
        corner = [Path(((LEFT, top), (LEFT, bottom), (WIDTH - RIGHT, bottom)), AXIS)]
        first = Word((LEFT, bottom + 16), str(self.first))
        last = [] if self.first == self.last else [Word((WIDTH - RIGHT, bottom + 16), str(self.last), "end")]
        return [*corner, first, *last]


def rate_chart(timeline: Timeline) -> Picture | None:
    """Draw the rate of each film with its interval and the fitted course; None where no film has day and rate."""
    films = [film for film in _dated(timeline) if film.outcome.rate_per_min is not None]
    if not films:
        return None
    days = _days(films)
    seen = [film.outcome.rate_high_per_min or film.outcome.rate_per_min or 0.0 for film in films]
    highest, bottom = max(1.0, *seen), TOP + RATE_TALL

    def y(rate: float) -> float:
        return bottom - RATE_TALL * min(rate, highest) / highest

    shapes = days.axis(TOP, bottom) + _scale(TOP, bottom, f"{highest:.0f}", "twitches a minute")
    shapes += _course_shapes(timeline.course, days, y)
    joined = [film for film in films if film.beside is None]
    shapes.append(Path([(days.x(_day(film)), y(film.outcome.rate_per_min or 0.0)) for film in joined], JOIN))
    for film in films:
        low, high, at = film.outcome.rate_low_per_min, film.outcome.rate_high_per_min, days.x(_day(film))
        if low is not None and high is not None:
            shapes.append(line((at, y(low)), (at, y(high)), INTERVAL))
        rate = film.outcome.rate_per_min or 0.0
        shapes.append(circle(at, y(rate), 5, _look(film), _tip(film, f"{rate:.1f} a minute")))
    return Picture((WIDTH, bottom + AXIS_TALL), "Twitches a minute in each film", tuple(shapes))


def share_chart(timeline: Timeline) -> Picture | None:
    """Draw the share of the watched time in which something twitched; None where it was measured in no film."""
    films = [film for film in _dated(timeline) if film.outcome.duty_cycle is not None]
    if not films:
        return None
    days, bottom = _days(films), TOP + SHARE_TALL
    shapes = days.axis(TOP, bottom) + _scale(TOP, bottom, "100 %", "in movement")
    for film in films:
        share, at = film.outcome.duty_cycle or 0.0, days.x(_day(film))
        top = bottom - SHARE_TALL * share
        shapes.append(line((at, bottom), (at, top), INTERVAL))
        shapes.append(circle(at, top, 4, _look(film), _tip(film, f"in movement {100 * share:.0f} % of the time")))
    return Picture((WIDTH, bottom + AXIS_TALL), "Share of the time in movement in each film", tuple(shapes))


def place_chart(timeline: Timeline) -> Picture | None:
    """Draw a lane for each place: filled where it twitched, hollow where it was watched and still."""
    films = _dated(timeline)
    places = list(dict.fromkeys(name for film in films for name, twitched in film.places_seen if twitched))
    if not places:
        return None
    places = places[:MOST_LANES]
    days, bottom = _days(films), TOP + LANE_TALL * len(places)
    rows = {place: TOP + LANE_TALL * (number + 0.5) for number, place in enumerate(places)}
    shapes: list[Shape] = [*days.axis(TOP, bottom), Word((4, 14), "places, as they first twitched")]
    for place, row in rows.items():
        shapes += [line((LEFT, row), (WIDTH - RIGHT, row), FAINT), Word((LEFT - 8, row + 4), place[:30], "end")]
    for film in films:
        for name, twitched in film.places_seen:
            if name in rows:
                look, tip = (TWITCHED, f"twitches at {name}") if twitched else (STILL, f"{name} watched, still")
                shapes.append(circle(days.x(_day(film)), rows[name], 5 if twitched else 3, look, _tip(film, tip)))
    return Picture((WIDTH, bottom + AXIS_TALL), "Places that twitched in each film", tuple(shapes))


def _course_shapes(course: Course, days: _Days, y: Callable[[float], float]) -> list[Shape]:
    if not course.curve:
        return []
    upper = [(days.x(point.day), y(point.high_per_min)) for point in course.curve]
    lower = [(days.x(point.day), y(point.low_per_min)) for point in course.curve]
    middle = [(days.x(point.day), y(point.rate_per_min)) for point in course.curve]
    return [Path([*upper, *reversed(lower)], BAND, is_closed=True), Path(middle, FITTED)]


def _scale(top: float, bottom: float, highest: str, what: str) -> list[Shape]:
    return [Word((LEFT - 6, top + 8), highest, "end"), Word((LEFT - 6, bottom), "0", "end"), Word((4, 14), what)]


def _dated(timeline: Timeline) -> list[Film]:
    return [film for film in timeline.films if film.filmed_on is not None]


def _days(films: Sequence[Film]) -> _Days:
    days = [film.filmed_on for film in films if film.filmed_on is not None]
    return _Days(min(days), max(days))


def _day(film: Film) -> float:
    assert film.filmed_on is not None
    return float(film.filmed_on.toordinal())


def _look(film: Film) -> Style:
    return JOINED if film.beside is None else BESIDE


def _tip(film: Film, what: str) -> str:
    return f"{film.filmed_on}: {what}" + ("" if film.beside is None else f"; not compared: {film.beside}")
