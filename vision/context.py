"""The patient's context: read it, ask for it, write it, and list the reasons to see a neurologist.

It is asked, never inferred from video, and it never changes the pattern.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from vision.errors import OutputError, SettingsError
from vision.model.context import Answer, PatientContext, Signs, as_answer

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SECTIONS = ("history", "course", "signs", "triggers", "background")
SEVERAL_WEEKS_DAYS, THREE_MONTHS_DAYS = 21, 90  # "several weeks" of Ntranos 2024, read as three; our choice
HINT = "twitchscope context new writes a file that fits"
NO_ANSWER = ("", "-", "not asked")


@dataclass(frozen=True)
class Question:
    """One question: where its answer goes, how it reads, and what may be answered."""

    section: str
    key: str
    text: str
    is_yes_no: bool


@dataclass(frozen=True)
class Reason:
    """One reason to see a neurologist and what was answered."""

    text: str
    answer: Answer
    is_measured_too: bool = False  # the film shows closures of the eyes as well


def load_context(path: Path, today: date) -> PatientContext:
    """Read a context file.

    Raises
    ------
    SettingsError
        The file is missing or no TOML, a key is unknown ("did you mean"), an answer is none, a day lies in the future.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the context {path.name} cannot be read", "a TOML file", HINT) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} is not TOML ({error})", 'lines such as  weakness = "no"', HINT) from error
    return parse_context(data, today, path.name)


def parse_context(data: dict[str, Any], today: date, name: str = "the context") -> PatientContext:
    """Turn plain data into a context, refusing what is unknown, malformed or in the future."""
    try:
        context = PatientContext.model_validate(data)
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(problem, name) for problem in error.errors()), "", HINT) from error
    asked_on, since = context.asked_on, context.history.since
    for key, day in (("asked_on", asked_on), ("history.since", since)):
        if day is not None and day > today:
            raise SettingsError(f"{name}: {key} = {day} lies in the future", f"a day up to {today}", "check the year")
    if since is not None and asked_on is None:
        raise SettingsError(f"{name}: history.since without asked_on", "asked_on = the day of these answers", HINT)
    if since is not None and asked_on is not None and since > asked_on:
        raise SettingsError(f"{name}: history.since = {since} comes after asked_on = {asked_on}", "the other way round")
    return context


def _explain(problem: Any, name: str) -> str:
    where = [str(part) for part in problem["loc"]]
    if problem["type"] != "extra_forbidden":
        return f"{name}: {'.'.join(where)} = {str(problem['input'])[:40]!r}, {problem['msg'].lower()}"
    known = _all_keys() if len(where) == 1 else {key: key for key in _part(where[0]).model_fields}
    close = difflib.get_close_matches(where[-1], known, n=1, cutoff=0.5)
    hint = f"did you mean {known[close[0]]}?" if close else "known: " + ", ".join(known.values())
    return f"{name}: unknown key {'.'.join(where)}, {hint}"


def _part(section: str) -> type[BaseModel]:
    annotation = PatientContext.model_fields[section].annotation
    assert isinstance(annotation, type)
    assert issubclass(annotation, BaseModel)
    return annotation


def _all_keys() -> dict[str, str]:
    """Every key by its last word, so that one that stands in the wrong place is found too."""
    inner = {key: f"{section}.{key}" for section in SECTIONS for key in _part(section).model_fields}
    return {**inner, "asked_on": "asked_on", **{section: section for section in SECTIONS}}


def questions() -> Iterator[Question]:
    """Give all questions in the order in which they are asked."""
    for section in SECTIONS:
        for key, field in _part(section).model_fields.items():
            yield Question(section, key, str(field.description), is_yes_no=section != "history")


def accepted(question: Question, text: str, today: date) -> Any:
    """Turn what was typed into an answer; None where nothing was.

    Raises
    ------
    SettingsError
        It is no answer to this question.
    """
    typed = text.strip()
    if not typed.isprintable():
        raise SettingsError("letters that cannot be printed", "words on one line")
    if typed.lower() in NO_ANSWER:
        return None
    value: Any = int(typed) if question.key == "age_years" and typed.isdecimal() else typed
    if question.is_yes_no:
        value = as_answer(typed)
    parse_context({"asked_on": today, question.section: {question.key: value}}, today, "this answer")
    return value


def context_toml(answers: dict[str, dict[str, Any]], today: date) -> str:
    """Write answers as TOML; a question without an answer is left out."""
    lines = [f"asked_on = {today.isoformat()}"]
    for section in SECTIONS:
        given = {key: value for key, value in answers.get(section, {}).items() if value is not None}
        if given:
            lines += ["", f"[{section}]", *(f"{key} = {_toml_value(value)}" for key, value in given.items())]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)


def write_context(path: Path, text: str) -> None:
    """Write a new file; an existing one is never overwritten."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise OutputError(f"{path.name} is already there", "a new file", "name another with --out") from error
    except OSError as error:
        raise OutputError(f"{path.name} cannot be written", "a folder that can be written to") from error


def neurologist_reasons(context: PatientContext | None) -> tuple[Reason, ...]:
    """List every reason to see a neurologist with what was answered.

    Notes
    -----
    From Ntranos, "Muscle Twitching" (2024), paraphrased; both eyes shut tightly, three months, movements that cannot
    be suppressed and rigidity from NICE NG127 as a summary page gives it. What is asked once stands once.
    """
    given = context or PatientContext()
    signs, course = given.signs, given.course
    return (
        Reason("Weakness that grows in the twitching part", signs.weakness),
        Reason("Visible loss of muscle", signs.wasting),
        Reason("Trouble with walking, stairs, lifting or other daily tasks", signs.daily_tasks),
        Reason("Trouble with speech", signs.speech),
        Reason("Trouble with swallowing", signs.swallowing),
        Reason("Change of vision", signs.vision),
        Reason("Numbness or tingling", signs.numbness),
        Reason("Trouble with coordination", signs.coordination),
        Reason("Trouble with balance", signs.balance),
        Reason("Severe cramps", signs.severe_cramps),
        Reason("Movements that cannot be held back by will", signs.cannot_suppress),
        Reason("Stiffness of the part", signs.rigidity),
        Reason("It lasts for several weeks", _lasting(given, SEVERAL_WEEKS_DAYS)),
        Reason("It lasts for over three months", _lasting(given, THREE_MONTHS_DAYS)),
        Reason("It becomes steadily worse", course.steadily_worse),
        Reason("It costs sleep", course.sleep_lost),
        Reason("Several areas of the body, together with other signs", _several_areas(given)),
        Reason("Other parts of the face or body join in", course.spread_to_other_parts),
        Reason("An eyelid closes fully", course.lid_closes_fully, is_measured_too=True),
        Reason("Both eyes shut tightly", course.both_eyes),
    )


def _lasting(context: PatientContext, days: int) -> Answer:
    if context.history.since is None or context.asked_on is None:
        return "not asked"
    return "yes" if (context.asked_on - context.history.since).days >= days else "no"


def _several_areas(context: PatientContext) -> Answer:
    """Several places count together with another sign; whether there is one must have been asked."""
    signs = [getattr(context.signs, name) for name in Signs.model_fields]
    if context.history.places is None:
        return "not asked"
    if context.history.places == "one":
        return "no"
    return "yes" if "yes" in signs else "not asked" if "not asked" in signs else "no"
