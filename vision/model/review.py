"""What a person thinks of a result: review.json. It never changes result.json and is bound to it by its hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from vision.model.events import TwitchEvent
from vision.model.regions import RegionName, Side

Verdict = Literal["accepted", "rejected"]
LONGEST_NAME, LONGEST_REMARK = 200, 10_000  # letters; as the fields of the report; our choice
MOST_DECISIONS = 100_000


def _named(name: str) -> str:
    """Refuse a name of which nothing could be seen."""
    if not any(letter.isprintable() and not letter.isspace() for letter in name):
        raise ValueError("a name that can be read is needed")
    return name


Name = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_named)]
Remark = Annotated[str, Field(max_length=LONGEST_REMARK)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Decision(_Part):
    """One twitch, judged; without a verdict it was only remarked upon."""

    event: Annotated[int, Field(ge=1)]
    verdict: Verdict | None
    remark: Remark = ""


class Addition(_Part):
    """A twitch that the program missed: when, and where: at a place that it found, or in a region that it watched."""

    onset_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    site: Annotated[int, Field(ge=1)] | None = None
    region: RegionName | None = None
    side: Side | None = None
    remark: Remark = ""

    @model_validator(mode="after")
    def _names_one_place(self) -> Addition:
        if (self.site is None) == (self.region is None) or (self.site is not None and self.side is not None):
            raise ValueError("an addition names a site, or a region with its side")
        return self


class Review(_Part):
    """The whole of review.json. What is neither accepted nor rejected was not judged, and stays."""

    format: Literal["twitchscope-review"]
    version: Literal[1]
    result_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    reviewer: Name
    reviewed_at: datetime
    remark: Remark = ""
    decisions: Annotated[tuple[Decision, ...], Field(max_length=MOST_DECISIONS)] = ()
    added: Annotated[tuple[Addition, ...], Field(max_length=MOST_DECISIONS)] = ()


@dataclass(frozen=True)
class ReviewedEvent:
    """A twitch as a person sees it; a type of its own, so that nobody takes it for a prediction.

    site : its number; places that only the person saw are numbered after those of the program.
    predicted : the program's event; None where the person added it.
    verdict : None where it was not judged.
    region, side : of a place that only the person saw; else None.
    """

    onset_s: float
    site: int
    predicted: TwitchEvent | None
    verdict: Verdict | Literal["added"] | None
    remark: str
    region: RegionName | None = None
    side: Side | None = None

    @property
    def counts(self) -> bool:
        """Whether it is a twitch after the review."""
        return self.verdict != "rejected"
