"""What the patient or the clinician answered. It stands in the report and never changes the pattern."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Answer = Literal["yes", "no", "not asked"]
EARLIEST = date(1900, 1, 1)  # before it nobody began who lives; our choice
LONGEST_TEXT = 200  # letters of a free answer; our choice


def as_answer(value: Any) -> Any:
    """Take true, false, y, n and capitals for yes and no, and no answer for "not asked"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        value = {"y": "yes", "n": "no"}.get(value.strip().lower(), value.strip().lower())
    return "not asked" if value == "" else value


def _as_day(value: Any) -> Any:
    """Refuse numbers, which would count seconds since 1970."""
    if isinstance(value, int | float):
        raise ValueError("a day such as 2026-03-01 is expected")
    return value


Asked = Annotated[Answer, BeforeValidator(as_answer)]
Said = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)] | None


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class History(_Part):
    """Since when, how often, where. None: not asked."""

    since: Annotated[date, BeforeValidator(_as_day), Field(ge=EARLIEST)] | None = Field(
        None, description="Since when does it twitch? A day, such as 2026-03-01"
    )
    how_often: Said = Field(None, description="How often? In your words")
    where: Said = Field(None, description="Where? In your words")
    places: Literal["one", "several"] | None = Field(None, description="In one place or in several (one, several)?")
    age_years: Annotated[int, Field(ge=0, le=130, strict=True)] | None = Field(None, description="How old, in years?")
    medication: Said = Field(None, description="Which medicines?")


class Course(_Part):
    """How it goes on."""

    better_with_rest: Asked = Field("not asked", description="Is it better with rest and less stress?")
    steadily_worse: Asked = Field("not asked", description="Does it become steadily worse?")
    sleep_lost: Asked = Field("not asked", description="Does it cost sleep?")
    spread_to_other_parts: Asked = Field("not asked", description="Do other parts of the face or body join in?")
    lid_closes_fully: Asked = Field("not asked", description="If an eyelid twitches: does the lid close fully?")
    both_eyes: Asked = Field("not asked", description="If an eyelid twitches: do both eyes shut tightly?")


class Signs(_Part):
    """What else was noticed."""

    weakness: Asked = Field("not asked", description="Does the twitching part grow weak?")
    wasting: Asked = Field("not asked", description="Has muscle become visibly thinner?")
    daily_tasks: Asked = Field("not asked", description="Trouble with walking, stairs, lifting or other daily tasks?")
    speech: Asked = Field("not asked", description="Trouble with speech?")
    swallowing: Asked = Field("not asked", description="Trouble with swallowing?")
    vision: Asked = Field("not asked", description="Has the sight changed?")
    numbness: Asked = Field("not asked", description="Numbness or tingling?")
    coordination: Asked = Field("not asked", description="Trouble with coordination?")
    balance: Asked = Field("not asked", description="Trouble with balance?")
    severe_cramps: Asked = Field("not asked", description="Severe cramps?")
    cannot_suppress: Asked = Field("not asked", description="Movements that cannot be held back by will?")
    rigidity: Asked = Field("not asked", description="Has the part become stiff?")


class Triggers(_Part):
    """What went before."""

    stress: Asked = Field("not asked", description="More stress than usual?")
    caffeine: Asked = Field("not asked", description="Much caffeine?")
    little_sleep: Asked = Field("not asked", description="Too little sleep?")
    exercise: Asked = Field("not asked", description="Hard exercise or overuse of the part?")
    alcohol: Asked = Field("not asked", description="Alcohol?")
    dehydration: Asked = Field("not asked", description="Too little to drink?")
    heat: Asked = Field("not asked", description="Heat?")
    recent_infection: Asked = Field("not asked", description="A recent infection?")
    new_medication: Asked = Field("not asked", description="A new medicine, or another dose?")
    low_minerals_or_vitamin_d: Asked = Field(
        "not asked", description="Low magnesium, calcium or vitamin D, as measured?"
    )


class Background(_Part):
    """What is known of the person and the family."""

    neurological_disease: Asked = Field("not asked", description="A known disease of the nerves or the brain?")
    thyroid_disease: Asked = Field("not asked", description="A known disease of the thyroid?")
    liver_disease: Asked = Field("not asked", description="A known disease of the liver?")
    family_history: Asked = Field("not asked", description="A disease of nerves or muscles in the family?")


class PatientContext(_Part):
    """All answers. `asked_on` is the day on which they were given; without it `since` says nothing of how long."""

    asked_on: date | None = None
    history: History = History()
    course: Course = Course()
    signs: Signs = Signs()
    triggers: Triggers = Triggers()
    background: Background = Background()
