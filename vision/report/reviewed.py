"""A review read, checked against its result, and turned into what the reviewed report shows."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from vision.errors import ResultFileError
from vision.model.features import Features
from vision.model.regions import RegionName, Side
from vision.model.result import ResultDocument
from vision.model.review import Addition, Decision, Review, ReviewedEvent
from vision.report import tables
from vision.report.again import counts_as_then, settings_note
from vision.report.export import content_sha256, result_sha256
from vision.report.units import counted

MOST_BYTES = 50_000_000
NO_CLOCK = "The figures cannot be recalculated: the result lacks its clock."
DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # Unicode Bidirectional Algorithm, 2


@dataclass(frozen=True)
class ReviewedView:
    """What the page shows of a review.

    headline : one line for texts; the page writes it anew around the name, which may be in letters that run leftwards.
    reviewer : as typed. name : without direction marks. when : in words. sha256 : of the review.
    counts_as_then : whether `features` go by the rules of the analysis.
    """

    headline: str
    sentence: str
    remark: str
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    verdicts: dict[int, str] = field(default_factory=dict)
    counts: str = ""
    reviewer: str = ""
    name: str = ""
    when: str = ""
    sha256: str = ""
    decisions: tuple[Decision, ...] = ()
    added: tuple[Addition, ...] = ()
    features: Features | None = None
    counts_as_then: bool = True


def read_review(path: Path, document: ResultDocument) -> Review:
    """Read review.json.

    Raises
    ------
    ResultFileError
        It is missing, damaged, of another version, or a review of another result.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for without end
            raise ResultFileError(f"{path.name} is no regular file", "a review.json", "check --review")
        if status.st_size > MOST_BYTES:
            raise ResultFileError(f"{path.name} is too large for a review", "a review.json", "check --review")
        review = Review.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultFileError(
            f"{path.name} cannot be read ({error.strerror})", "a review.json as the report saves it", "check --review"
        ) from error
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in problem["loc"])
        raise ResultFileError(
            f"{path.name} is no review ({where}: {problem['msg'].lower()})",
            "a review.json as the report saves it",
            "save the review again",
        ) from error
    _require_fit(review, document, path.name)
    return review


def _require_fit(review: Review, document: ResultDocument, name: str) -> None:
    if review.result_sha256 != result_sha256(document):
        raise ResultFileError(
            f"{name} reviews another result", "the review of this result.json", "open this report and review it"
        )
    known, sites = {event.id for event in document.events}, {site.id for site in document.sites}
    judged = [decision.event for decision in review.decisions]
    stray = [number for number in judged if number not in known]
    stray += [one.site for one in review.added if one.site is not None and one.site not in sites]
    regions = {(region.name, region.side) for region in document.regions}
    elsewhere = [one for one in review.added if one.region is not None and (one.region, one.side) not in regions]
    late = [one.onset_s for one in review.added if one.onset_s > document.clip.duration_s]
    if stray or elsewhere or late or len(judged) != len(set(judged)):
        raise ResultFileError(
            f"{name} names what the result does not hold, or one twitch twice",
            "twitches, sites and regions of the result",
            "save the review again",
        )


def reviewed_events(review: Review, document: ResultDocument) -> tuple[ReviewedEvent, ...]:
    """Join the program's events with what the person said, in order of onset."""
    said = {decision.event: decision for decision in review.decisions}
    found = []
    for event in document.events:
        own = said.get(event.id)
        verdict, remark = (own.verdict, own.remark) if own else (None, "")
        found.append(ReviewedEvent(event.onset_s, event.site, event, verdict, remark))
    numbers = _new_places(review, document)
    for one in review.added:
        site = one.site if one.site is not None else numbers[one.region, one.side]
        found.append(ReviewedEvent(one.onset_s, site, None, "added", one.remark, one.region, one.side))
    return tuple(sorted(found, key=lambda one: one.onset_s))


def _new_places(review: Review, document: ResultDocument) -> dict[tuple[RegionName | None, Side | None], int]:
    """Number the places that only the person saw, one a region, after those of the program."""
    first = 1 + max((site.id for site in document.sites), default=0)
    named = dict.fromkeys((one.region, one.side) for one in review.added if one.region is not None)
    return {place: number for number, place in enumerate(named, first)}


def view_of(
    review: Review, events: tuple[ReviewedEvent, ...], document: ResultDocument, features: Features | None
) -> ReviewedView:
    """Say in words and a table what the review changed. `features` : recalculated; None where that is impossible."""
    counts = {verdict: sum(one.verdict == verdict for one in events) for verdict in ("accepted", "rejected", "added")}
    unjudged = sum(one.verdict is None for one in events)
    said = (
        f"{counts['accepted']} of {counted(len(document.events), 'twitch', 'twitches')} accepted, "
        f"{counts['rejected']} rejected, {counts['added']} added, {unjudged} not judged and kept."
    )
    own = "Answer, pattern and pictures of this page are the program's own"
    sentence = f"{said} {own}; the table below sets the reviewed figures beside them."
    name, when = undirected(review.reviewer), review.reviewed_at.strftime("%Y-%m-%d %H:%M")
    return ReviewedView(
        f"Reviewed by {name} on {when}.",
        f"{sentence} {settings_note(document) if features else NO_CLOCK}".rstrip(),
        review.remark,
        _rows(document, features) if features else [],
        [(_name(one), one.remark) for one in events if one.remark],
        {one.predicted.id: str(one.verdict) for one in events if one.predicted and one.verdict},
        said,
        review.reviewer,
        name,
        when,
        content_sha256(review.model_dump_json()),
        review.decisions,
        review.added,
        features,
        counts_as_then(document),
    )


def undirected(words: str) -> str:
    """Leave out the marks that turn the direction of all that follows; letters that run leftwards stay."""
    return DIRECTION_MARKS.sub("", words)


def _name(event: ReviewedEvent) -> str:
    return f"Twitch {event.predicted.id}" if event.predicted else f"Added at {event.onset_s:.2f} s"


def _rows(document: ResultDocument, features: Features) -> list[tuple[str, str, str]]:
    """Set each figure before and after side by side."""
    after = document.model_copy(update={"features": features})
    rows = []
    for make in (tables.frequency_rows, tables.rhythm_rows, tables.spread_rows):
        for old, new in zip(make(document), make(after), strict=True):
            rows.append((old.name, tables.figure(old), tables.figure(new)))
    return rows
