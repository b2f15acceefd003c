"""A timeline in words and as a page that opens offline and runs no script. It speaks of films, never of a disease."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from vision.library.charts import place_chart, rate_chart, share_chart
from vision.library.course import Course
from vision.library.maps import body_map, face_map
from vision.library.shapes import Picture, as_svg
from vision.library.summary import environment
from vision.library.timeline import Film, Timeline
from vision.report.folder import replace_text
from vision.report.text import REQUIRED_WORDING
from vision.report.units import NOT_MEASURED, counted, listing, measured, share, significant

MOST_MOVES = 6  # changes of the busiest place that one sentence tells; the page draws all; our choice
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
    if reviewed := sum(film.review_count > 0 for film in course.films):
        lines.append(f"{counted(reviewed, 'film')} reviewed by a person; the figures here are the program's own.")
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
        f"{significant(course.ratio_per_week, 3)} times as many each week, 95 % between {significant(low, 3)} and "
        f"{significant(high, 3)}"
    )
    return f"{SAYS[course.verdict]} ({over}; {figures})."


def _new_sentences(course: Timeline) -> list[str]:
    said = [f"{name} (from {day} on)" for day, name in (*course.new_parts, *course.new_places)]
    return [f"At new parts: {listing(said)}; earlier films had watched them without a twitch."] if said else []


def _laterality(course: Timeline) -> list[str]:
    """Say on which sides twitches were: as measured on a face, else as the user said of the part."""
    twitching = [film for film in course.films if film.outcome.event_count]
    sides = Counter(side for film in twitching if (side := film.outcome.laterality or film.side))
    said = [f"{side} in {counted(count, 'film')}" for side, count in sides.items()]
    return [f"Sides: {listing(said)}."] if said else []


def _places(course: Timeline) -> list[str]:
    """Say where twitches were, in the order in which they first appeared, and whether the busiest place changed."""
    dated = [film for film in course.films if film.filmed_on is not None and film.busiest is not None]
    order = list(dict.fromkeys(film.place for film in dated))
    said = [f"Twitches were filmed at {listing(order)}, in this order."] if len(order) > 1 else []
    joined = [film for film in dated if film.beside is None]
    moves = list(dict.fromkeys((film.busiest, film.filmed_on) for film in joined))
    changes = [one for before, one in zip([None, *moves], moves, strict=False) if before is None or before[0] != one[0]]
    if len(changes) > 1:
        path = ", then ".join(f"{place} (from {day} on)" for place, day in changes[:MOST_MOVES])
        said.append(f"In the comparable films the busiest place was {path}{', …' * (len(changes) > MOST_MOVES)}.")
    return said


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
    parts, places = part_counts(course), place_counts(course)
    body, unplaced = body_map(places)
    page = environment().get_template("timeline.html.j2").render(
        course=course, lines=timeline_lines(course), pictures=[as_svg(picture) for picture in charts(course)],
        face=as_svg(face_map(parts)), body=as_svg(body), parts=parts, places=places, unplaced=unplaced,
        wording=REQUIRED_WORDING, heads=TABLE_HEADS, rows=table_rows(course),
    )  # fmt: skip
    replace_text(path, page)


def charts(course: Timeline) -> list[Picture]:
    """Draw what can be drawn of rate, share of the time, and places."""
    return [one for one in (rate_chart(course), share_chart(course), place_chart(course)) if one is not None]


def part_counts(course: Timeline) -> dict[str, int]:
    """Count the films in which each region of the face twitched, the commonest first."""
    names = (part.name for film in course.films for part in film.parts if part.event_count)
    return {name: count for name, count in Counter(names).most_common() if not name.endswith("skin")}


def place_counts(course: Timeline) -> dict[str, int]:
    """Count the films in which each body part twitched."""
    return dict(Counter(film.place for film in course.films if film.outcome.event_count).most_common())


TABLE_HEADS = ("Day", "Part", "Pattern", "Twitches a minute (95 %)", "In movement", "Side", "Watched",
               "Regions that twitched", "Compared")  # fmt: skip


def table_rows(course: Timeline) -> list[tuple[str, ...]]:
    """Say of each film what was found and whether it is compared, one text for each column of `TABLE_HEADS`."""
    return [_table_row(film) for film in course.films]


def _table_row(film: Film) -> tuple[str, ...]:
    outcome = film.outcome
    low, high = outcome.rate_low_per_min, outcome.rate_high_per_min
    interval = "" if low is None or high is None else f" ({measured(low, '')} to {measured(high, '')})"
    twitching = ", ".join(part.name for part in film.parts if part.event_count)
    return (
        str(film.filmed_on or "not said"), film.place, outcome.label or "not known",
        measured(outcome.rate_per_min, "") + interval,
        NOT_MEASURED if outcome.duty_cycle is None else share(outcome.duty_cycle),
        outcome.laterality or film.side or "not known",
        f"{measured(outcome.observed_s, 's')} at {measured(outcome.mean_rate_hz, 'frames/s')}",
        twitching or "none", "yes" if film.beside is None else f"no: {film.beside}",
    )  # fmt: skip
