"""The course over films: laws of the fit, its size and power on simulated counts, and words that name no disease."""

from __future__ import annotations

import datetime
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.library import timeline
from vision.library.charts import place_chart
from vision.library.course import FilmRate, course_of
from vision.library.schema import Outcome
from vision.library.timeline import Film, PartSeen, _alike_counts, _apart, _Sight, timeline_of
from vision.library.timeline_page import timeline_lines, write_page
from vision.library.timeline_pdf import write_pdf

DAYS = st.lists(st.integers(0, 200), min_size=3, max_size=12, unique=True).filter(lambda d: max(d) - min(d) >= 14)


def films(days, counts, observed_s=60.0):
    return [FilmRate(float(day), int(count), observed_s, None) for day, count in zip(days, counts, strict=True)]


@settings(deadline=None)  # a busy machine
@given(DAYS, st.integers(0, 30), st.floats(1, 500))
def test_a_shift_of_the_calendar_changes_nothing(days, count, shift) -> None:
    counts = [count + day % 3 for day in days]
    one, two = course_of(films(days, counts)), course_of(films([day + shift for day in days], counts))
    assert one.verdict == two.verdict or one.ratio_per_week is None
    if one.ratio_per_week is not None:
        assert two.ratio_per_week == pytest.approx(one.ratio_per_week, rel=1e-6)


@settings(deadline=None)  # a busy machine
@given(DAYS, st.integers(1, 30))
def test_time_backwards_turns_the_ratio_over(days, count) -> None:
    counts = [count + day % 5 for day in days]
    one, two = course_of(films(days, counts)), course_of(films([-day for day in days], counts))
    assert one.ratio_per_week is not None
    assert two.ratio_per_week == pytest.approx(1 / one.ratio_per_week, rel=1e-6)


def test_few_films_or_days_say_nothing() -> None:
    assert course_of(films([0, 30], [5, 50])).verdict == "too-few"
    assert course_of(films([0, 5, 13], [5, 20, 50])).verdict == "too-few"
    assert course_of(films([0, 7, 14], [0, 0, 0])).verdict == "none-seen"


def exact(days, counts):
    interval = [(60 * max(c - 1.96 * math.sqrt(c), 0.1) / 60, 60 * (c + 1.96 * math.sqrt(c)) / 60) for c in counts]
    return [FilmRate(float(d), int(c), 60.0, i) for d, c, i in zip(days, counts, interval, strict=True)]


def test_chance_alone_is_seldom_called_a_change_and_a_rise_is_found() -> None:
    """5 % may be called either way; 400 draws of eight weekly films."""
    rng, days = np.random.default_rng(4), np.arange(8) * 7
    steady = [course_of(exact(days, rng.poisson(40, 8))).verdict for _ in range(400)]
    assert sum(verdict in {"more-often", "less-often"} for verdict in steady) <= 32  # 5 % and three standard errors
    rising = [course_of(exact(days, rng.poisson(20 * 1.2 ** np.arange(8)))).verdict for _ in range(100)]
    assert rising.count("more-often") >= 90


def test_ups_and_downs_fluctuate() -> None:
    assert course_of(exact(np.arange(6) * 7, [10, 90, 12, 80, 9, 95])).verdict == "fluctuating"


def film(
    day, count, *, name="right lower-eyelid", view="face", rate_hz=60.0, limit=0.005, quiet=("right cheek",), **more
):
    outcome = Outcome(
        run_id=1, state="done", view=view, label="intermittent-focal", is_usable=True, observed_s=60.0,
        mean_rate_hz=rate_hz, limit_px=more.get("limit_px", 1.0), limit_iod=limit, event_count=count,
        rate_per_min=float(count),
        rate_low_per_min=count * 0.7, rate_high_per_min=count * 1.4 + 3, duty_cycle=0.1, laterality="right",
    )  # fmt: skip
    parts = [PartSeen(name, 60.0, count, float(count)), *(PartSeen(other, 60.0, 0, 0.0) for other in quiet)]
    on = None if day is None else datetime.date(2026, 1, 1) + datetime.timedelta(day)
    return Film(f"{day}", on, more.get("body_part"), more.get("side"), outcome, tuple(parts))


def test_what_cannot_be_compared_is_shown_with_its_reason() -> None:
    odd = [film(3, 5, rate_hz=24.0), film(4, 5, limit=0.05), film(6, 5, limit=0.05, limit_px=10.0),
           film(5, 5, view="skin", body_part="calf"), film(None, 5)]  # fmt: skip
    course = timeline_of("P-1", [*(film(7 * week, 10) for week in range(4)), *odd])
    assert len(course.films) == 9
    assert len(course.joined) == 4
    assert {one.beside for one in course.films if one.beside} == {
        "it has another frame rate", "it was filmed from another distance",
        "it sees smaller twitches, or only larger ones", "it shows another part", "its day is not known",
    }  # fmt: skip


def test_a_region_that_was_still_and_twitches_is_new() -> None:
    course = timeline_of(
        "P-1", [film(0, 9), film(9, 8), film(20, 9, name="right cheek", quiet=("right lower-eyelid",))]
    )
    assert [name for _, name in course.new_parts] == ["right cheek"]
    assert "At new parts: right cheek" in " ".join(timeline_lines(course))


def test_the_page_speaks_of_films_and_escapes_what_users_typed(tmp_path) -> None:
    made = [film(7 * week, 10 + week, body_part="<b>calf</b>", side="left") for week in range(4)]
    write_page(timeline_of("P-1", made), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<b>calf" not in page
    assert "&lt;b&gt;calf" in page
    assert "in these films" in page.lower() or "these films do not" in page.lower()
    assert not [
        word for word in ("ALS", "sclerosis", "benign", "disease progression", "http:", "https:") if word in page
    ]


def test_the_fitted_curve_goes_through_what_it_was_fitted_to() -> None:
    days, counts = np.arange(6) * 7, 20 * 2 ** np.arange(6)
    course = course_of(exact(days, counts))
    rates = [point.rate_per_min for point in course.curve]
    assert (course.curve[0].day, course.curve[-1].day) == (0, 35)
    assert rates == pytest.approx(np.geomspace(20, 640, 25), rel=0.05)
    assert all(point.low_per_min < point.rate_per_min < point.high_per_min for point in course.curve)


def test_distance_is_judged_by_how_large_the_same_length_is_seen() -> None:
    near = film(21, 10, limit=0.0021)  # limit_px 1.0: eyes 476 px apart, where the others show 200
    course = timeline_of("P-1", [*(film(7 * week, 10) for week in range(3)), near])
    assert [one.beside for one in course.films if one.beside] == ["it was filmed from another distance"]


def test_what_moves_from_place_to_place_is_told_in_order() -> None:
    made = [film(0, 9), film(9, 8), film(20, 9, name="right cheek", quiet=("right lower-eyelid",))]
    said = " ".join(timeline_lines(timeline_of("P-1", made)))
    assert (
        "the busiest place was right lower-eyelid (from 2026-01-01 on), then right cheek (from 2026-01-21 on)" in said
    )
    assert place_chart(timeline_of("P-1", [])) is None


def test_the_pdf_says_what_the_page_says(tmp_path) -> None:
    from pypdf import PdfReader

    made = [film(7 * week, 10 + week, body_part="<b>calf</b> & more", side="left") for week in range(40)]
    course = timeline_of("P-1", [*made, film(None, 3)])
    write_pdf(course, tmp_path / "one.pdf")
    write_pdf(course, tmp_path / "two.pdf")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    reader = PdfReader(tmp_path / "one.pdf")
    words = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    assert [line for line in timeline_lines(course) if " ".join(line.split()) not in words] == []
    assert "Research software, not a medical device" in words
    assert words.count("lower-eyelid") >= 41  # each film has its row
    assert set(reader.metadata or {}) <= {"/Title", "/Author", "/Creator", "/Producer", "/CreationDate", "/ModDate",
                                          "/Keywords", "/Subject", "/Trapped"}  # fmt: skip


def test_no_film_makes_a_page_too(tmp_path) -> None:
    write_page(timeline_of("P-1", []), tmp_path / "page.html")
    write_pdf(timeline_of("P-1", []), tmp_path / "page.pdf")
    assert "No film has both" in (tmp_path / "page.html").read_text()


FIGURES = st.sampled_from([None, 0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0])
SIGHTS = st.builds(
    _Sight,
    shows=st.sampled_from([("face", "face"), ("skin", "calf")]),
    run=st.integers(1, 2),
    rate_hz=st.sampled_from([0.0, 20.0, 24.0, 25.0, 30.0, 40.0, 50.0]),
    limits=st.tuples(FIGURES, FIGURES, FIGURES),
    sizes=st.tuples(FIGURES, FIGURES),
)


@settings(deadline=None)  # a busy machine
@given(st.lists(SIGHTS, max_size=12))
def test_films_counted_together_are_those_that_compare_one_by_one(sights) -> None:
    assert _alike_counts(sights) == [sum(_apart(one, other) is None for other in sights) for one in sights]


def test_the_films_of_years_are_read_once_each(monkeypatch) -> None:
    """It was the square of the films times all that a row of the database costs; counted, for a busy machine lies."""
    calls: Counter[str] = Counter()

    def counted(name: str) -> None:
        plain = getattr(timeline, name)
        monkeypatch.setattr(timeline, name, lambda *args: (calls.update([name]), plain(*args))[1])

    counted("_sight")
    counted("_apart")
    made = [film(day, 10 + day % 7) for day in range(700)]
    assert len(timeline_of("P-1", made).joined) == 700
    assert calls == {"_sight": 700, "_apart": 700}
