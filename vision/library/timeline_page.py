"""A timeline in words and as a page that opens offline and runs no script. It speaks of films, never of a disease."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from vision.library.course import Course
from vision.library.maps import body_map, face_map, rate_chart
from vision.library.summary import environment
from vision.library.timeline import Timeline
from vision.report.folder import replace_text
from vision.report.text import REQUIRED_WORDING
from vision.report.units import counted, listing, measured, significant

SAYS = {
    "more-often": "In these films twitches come more often over time",
    "less-often": "In these films twitches come less often over time",
    "fluctuating": "In these films the rate fluctuates, without a steady rise or fall",
    "stable": "In these films the rate is stable",
    "unclear": "These films do not settle whether the rate changes",
    "none-seen": "No twitch was seen in any of the comparable films",
}


def timeline_lines(course: Timeline) -> list[str]:
    """Say what the films show together, in whole sentences."""
    lines = [f"{counted(len(course.films), 'film')} with a result, {len(course.joined)} of them comparable."]
    if course.failed_count:
        lines.append(f"{counted(course.failed_count, 'film')} could not be analysed.")
    lines += [course_sentence(course.course), *_new_sentences(course), *_laterality(course), *_places(course)]
    lines += _apart(course)
    return lines


def course_sentence(course: Course) -> str:
    """Say how the rate goes, with the uncertainty."""
    over = f"{counted(course.film_count, 'comparable film')} over {course.days:.0f} days"
    if course.verdict == "too-few":
        return f"Too few to say how it goes: {over}, where 3 over 14 days are needed."
    if course.ratio_per_week is None or course.ratio_per_week_ci95 is None:
        return f"{SAYS[course.verdict]} ({over})."
    low, high = course.ratio_per_week_ci95
    figures = (
        f"times {significant(course.ratio_per_week)} a week, 95 % between {significant(low)} and {significant(high)}"
    )
    return f"{SAYS[course.verdict]} ({over}; {figures})."


def _new_sentences(course: Timeline) -> list[str]:
    said = [f"{name} (from {day} on)" for day, name in (*course.new_parts, *course.new_places)]
    return [f"At new parts: {listing(said)}; earlier films had watched them without a twitch."] if said else []


def _laterality(course: Timeline) -> list[str]:
    sides = Counter(film.outcome.laterality for film in course.films if film.outcome.laterality)
    said = [f"{side} in {counted(count, 'film')}" for side, count in sides.items()]
    return [f"Sides: {listing(said)}."] if said else []


def _places(course: Timeline) -> list[str]:
    """Say where twitches were, in the order in which they first appeared."""
    order: dict[str, None] = {}
    for film in course.films:
        if film.outcome.event_count:
            order.setdefault(film.place)
    return [f"Twitches were filmed at {listing(list(order))}, in this order."] if len(order) > 1 else []


def _apart(course: Timeline) -> list[str]:
    reasons = Counter(film.beside for film in course.films if film.beside is not None)
    return [f"Shown but not compared: {counted(count, 'film')}, {why}." for why, count in reasons.items()]


def write_page(course: Timeline, path: Path) -> None:
    """Write the page.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    parts = Counter(part.name for film in course.films for part in film.parts if part.event_count)
    places = Counter(film.place for film in course.films if film.outcome.event_count)
    body, unplaced = body_map(places)
    page = environment().get_template("timeline.html.j2").render(
        course=course, lines=timeline_lines(course), chart=rate_chart(course.films), face=face_map(parts), body=body,
        unplaced=unplaced, wording=REQUIRED_WORDING, measured=measured,
    )  # fmt: skip
    replace_text(path, page)
