"""What is to be drawn from a result, besides the result itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SMALLEST_FACTOR, LARGEST_FACTOR = 1.0, 50.0  # beyond, half a pixel would be wider than what twitches


@dataclass(frozen=True)
class Drawing:
    """What the user wants drawn.

    video : films in and beside the report; needs the clip.
    magnify : times by which the movement is enlarged in the second film; "auto": from the limit of detection;
        "off": no second film.
    event_clips : a short film of each twitch; of many, some spread over the clip.
    pdf, fhir, parquet : the files of these names.
    deidentify : everything but the places that twitch is pixelated in every picture.
    """

    video: bool = True
    magnify: float | Literal["auto", "off"] = "auto"
    event_clips: bool = False
    pdf: bool = False
    fhir: bool = False
    deidentify: bool = False
    review: str | None = None
