"""What a person thinks of a result: review.json. It never changes result.json and is bound to it by its hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vision.model.events import TwitchEvent

Verdict = Literal["accepted", "rejected"]
LONGEST_NAME, LONGEST_REMARK = 200, 10_000  # letters; as the fields of the report; our choice
MOST_DECISIONS = 100_000
Remark = Annotated[str, Field(max_length=LONGEST_REMARK)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Decision(_Part):
    """One twitch, judged."""

    event: Annotated[int, Field(ge=1)]
    verdict: Verdict
    remark: Remark = ""


class Addition(_Part):
    """A twitch that the program missed: when, and at which of the known places."""

    onset_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    site: Annotated[int, Field(ge=1)]
    remark: Remark = ""


class Review(_Part):
    """The whole of review.json. What is neither accepted nor rejected was not judged, and stays."""

    format: Literal["twitchscope-review"]
    version: Literal[1]
    result_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    reviewer: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    reviewed_at: datetime
    remark: Remark = ""
    decisions: Annotated[tuple[Decision, ...], Field(max_length=MOST_DECISIONS)] = ()
    added: Annotated[tuple[Addition, ...], Field(max_length=MOST_DECISIONS)] = ()


@dataclass(frozen=True)
class ReviewedEvent:
    """A twitch as a person sees it; a type of its own, so that nobody takes it for a prediction.

    predicted : the program's event; None where the person added it.
    verdict : None where it was not judged.
    """

    onset_s: float
    site: int
    predicted: TwitchEvent | None
    verdict: Verdict | Literal["added"] | None
    remark: str

    @property
    def counts(self) -> bool:
        """Whether it is a twitch after the review."""
        return self.verdict != "rejected"
