"""The patient's context: reading, asking, and the reasons to see a neurologist."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.context import (
    SECTIONS,
    accepted,
    context_toml,
    load_context,
    neurologist_reasons,
    parse_context,
    questions,
    write_context,
)
from vision.errors import OutputError, SettingsError
from vision.model.context import PatientContext

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TODAY = date(2026, 11, 22)
QUESTIONS = tuple(questions())
words = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=40).filter(str.strip)


def answer_to(question: Any) -> st.SearchStrategy[str]:
    if question.is_yes_no:
        return st.sampled_from(["", "y", "n", "Yes", "no", "not asked"])
    return {
        "since": st.sampled_from(["", "2026-03-01"]),
        "places": st.sampled_from(["", "one", "several"]),
        "age_years": st.sampled_from(["", "0", "63"]),
    }.get(question.key, words)


@given(st.tuples(*[answer_to(question) for question in QUESTIONS]))
def test_what_is_answered_is_what_is_read(typed: tuple[str, ...]) -> None:
    answers: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for question, text in zip(QUESTIONS, typed, strict=True):
        answers[question.section][question.key] = accepted(question, text, TODAY)
    given_again = {s: {k: v for k, v in part.items() if v is not None} for s, part in answers.items()}
    wanted = parse_context({"asked_on": TODAY, **given_again}, TODAY)
    assert parse_context(tomllib.loads(context_toml(answers, TODAY)), TODAY) == wanted


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "context.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path, 'asked_on = 2026-11-22\n[history]\nsince = 2026-11-20\n[signs]\nweakness = false\nspeech = "yes"\n'
    )
    context = load_context(path, TODAY)
    assert (context.signs.weakness, context.signs.speech, context.signs.wasting) == ("no", "yes", "not asked")
    assert context.history.since == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[signs]\nweaknes = true", "unknown key signs.weaknes, did you mean weakness?"),
        ("weakness = true", "unknown key weakness, did you mean signs.weakness?"),
        ("[sings]\nweakness = true", "unknown key sings, did you mean signs?"),
        ("[signs]\nxyzzy = true", "unknown key signs.xyzzy, known: weakness, wasting"),
        ("asked_on = 2027-01-01", "asked_on = 2027-01-01 lies in the future"),
        ("asked_on = 2026-11-22\n[history]\nsince = 2026-11-23", "history.since = 2026-11-23 lies in the future"),
        ("asked_on = 2026-11-02\n[history]\nsince = 2026-11-03", "comes after asked_on"),
        ("[history]\nsince = 2026-01-01", "history.since without asked_on"),
        ('[signs]\nweakness = "maybe"', "signs.weakness = 'maybe'"),
        ("[history]\nage_years = -3", "history.age_years = '-3'"),
        ("asked_on = 2026-11-02\n[history]\nsince = 0", "history.since = '0'"),
        ("asked_on = 2026-11-02\n[history]\nsince = 1850-01-01", "history.since"),
        ("[history]\nage_years = true", "history.age_years"),
        ("[signs", "is not TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=r"context\.toml") as caught:
        load_context(written(tmp_path, text), TODAY)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_no_file_and_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_context(tmp_path / "none.toml", TODAY)
    (tmp_path / "picture.toml").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(SettingsError, match="not TOML"):
        load_context(tmp_path / "picture.toml", TODAY)


def test_an_answer_that_is_none_is_refused_at_once() -> None:
    by_key = {question.key: question for question in QUESTIONS}
    for key, typed in (("weakness", "perhaps"), ("since", "yesterday"), ("since", "2027-05-05"), ("age_years", "old")):
        with pytest.raises(SettingsError):
            accepted(by_key[key], typed, TODAY)
    with pytest.raises(SettingsError, match="printed"):
        accepted(by_key["where"], "eye\x07lid", TODAY)


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "context.toml"
    write_context(path, "asked_on = 2026-11-22\n")
    with pytest.raises(OutputError, match="already there"):
        write_context(path, "")
    assert path.read_text() == "asked_on = 2026-11-22\n"


def test_nothing_asked_is_not_no() -> None:
    assert {reason.answer for reason in neurologist_reasons(None)} == {"not asked"}
    assert {reason.answer for reason in neurologist_reasons(PatientContext())} == {"not asked"}


@pytest.mark.parametrize(
    ("since", "weeks", "months"),
    [
        ("2026-11-02", "no", "no"),
        ("2026-11-01", "yes", "no"),
        ("2026-08-24", "yes", "yes"),
        ("2026-08-25", "yes", "no"),
    ],
)
def test_how_long_counts_to_the_day_of_the_answers(since: str, weeks: str, months: str) -> None:
    context = parse_context({"asked_on": "2026-11-22", "history": {"since": since}}, date(2030, 1, 1))
    said = {reason.text: reason.answer for reason in neurologist_reasons(context)}
    assert (said["It lasts for several weeks"], said["It lasts for over three months"]) == (weeks, months)


def test_several_areas_count_with_another_sign() -> None:
    def said(places: str, **signs: str) -> str:
        context = parse_context({"history": {"places": places}, "signs": signs}, TODAY)
        return next(r.answer for r in neurologist_reasons(context) if r.text.startswith("Several areas"))

    every = {question.key: "no" for question in QUESTIONS if question.section == "signs"}
    assert said("several", balance="yes") == "yes"
    assert said("several") == "not asked"
    assert said("several", **every) == "no"
    assert said("one", balance="yes") == "no"


def test_every_yes_is_a_reason_of_its_own() -> None:
    for question in QUESTIONS:
        if question.section not in {"signs", "course"} or question.key == "better_with_rest":
            continue
        context = parse_context({question.section: {question.key: "yes"}}, TODAY)
        assert [r.answer for r in neurologist_reasons(context)].count("yes") == 1, question.key
